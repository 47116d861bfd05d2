"""Which file is which language: by name, extension, or first line.

In:  a path as text, and the first bytes of the file where they are at hand.
Out: a language name such as "python", or None.
Not here: what a language looks like (the files next door). Many names here have no outline; they are known so that a
summary of a repository can count them.
"""

from __future__ import annotations

import re

_EXTENSIONS = {
    "python": "py pyi pyw pyx pxd",
    "javascript": "js jsx mjs cjs es6",
    "typescript": "ts mts cts",
    "tsx": "tsx",
    "go": "go",
    "rust": "rs",
    "java": "java",
    "c": "c h",
    "cpp": "cc cpp cxx c++ hpp hh hxx h++ ipp inl tpp cu cuh ino",
    "ruby": "rb rake gemspec ru podspec",
    "php": "php phtml php5 inc",
    "csharp": "cs csx",
    "bash": "sh bash zsh ksh bats ebuild",
    "kotlin": "kt kts",
    "swift": "swift",
    "scala": "scala sc sbt",
    "dart": "dart",
    "groovy": "groovy gradle",
    "perl": "pl pm",
    "powershell": "ps1 psm1",
    "proto": "proto",
    "graphql": "graphql gql",
    "terraform": "tf",
    "solidity": "sol",
    "zig": "zig",
    "objective-c": "m mm",
    "r": "r",
    "vue": "vue",
    "svelte": "svelte",
    "lua": "lua",
    "elixir": "ex exs",
    "julia": "jl",
    "sql": "sql",
    "clojure": "clj cljs cljc",
    "lisp": "lisp el scm",
    "haskell": "hs",
    "markdown": "md markdown mdx mdc",
    "rst": "rst",
    "toml": "toml",
    "ini": "ini cfg conf properties editorconfig desktop service",
    "yaml": "yaml yml",
    "json": "json jsonc json5 geojson webmanifest ipynb",
    "make": "mk mak",
    "just": "just",
    "dockerfile": "dockerfile",
    "html": "html htm xhtml",
    "css": "css",
    "scss": "scss sass less",
    "xml": "xml xsd xsl svg csproj props targets plist",
    "text": "txt",
    "csv": "csv tsv",
    "erlang": "erl hrl",
    "ocaml": "ml mli",
    "fsharp": "fs fsx",
    "nix": "nix",
    "cmake": "cmake",
    "vim": "vim",
    "assembly": "s asm",
    "jsonl": "jsonl ndjson",
    "fortran": "f f90 f95",
    "pascal": "pas",
    "latex": "tex",
}
_FILE_NAMES = {
    "make": "makefile gnumakefile kbuild",
    "just": "justfile .justfile",
    "dockerfile": "dockerfile containerfile",
    "ruby": "rakefile gemfile podfile vagrantfile brewfile capfile guardfile fastfile",
    "python": "sconstruct sconscript wscript",
    "bash": ".bashrc .bash_profile .bash_aliases .profile .zshrc .zshenv .zprofile pkgbuild .envrc",
    "toml": "pipfile cargo.lock poetry.lock uv.lock",
    "json": ".babelrc .eslintrc .prettierrc .jshintrc composer.lock flake.lock .swcrc",
    "yaml": ".clang-format .clang-tidy .yamllint",
    "ini": ".editorconfig .gitconfig .npmrc .pylintrc .flake8 .coveragerc .gitmodules .hgrc",
    "cmake": "cmakelists.txt",
    "groovy": "jenkinsfile",
    "rst": "readme.rst",
}
_INTERPRETERS = {
    "python": "python pypy uv",
    "javascript": "node nodejs",
    "typescript": "deno bun tsx ts-node",
    "bash": "sh bash zsh ksh dash ash bats",
    "ruby": "ruby jruby",
    "php": "php",
    "perl": "perl",
    "lua": "lua luajit",
    "r": "rscript",
    "groovy": "groovy",
    "julia": "julia",
    "elixir": "elixir",
    "make": "make",
    "just": "just",
    "powershell": "pwsh",
}


def _by_word(table: dict[str, str]) -> dict[str, str]:
    return {word: language for language, words in table.items() for word in words.split()}


_BY_EXTENSION, _BY_NAME, _BY_INTERPRETER = map(_by_word, (_EXTENSIONS, _FILE_NAMES, _INTERPRETERS))
_CPP_ONLY = re.compile(
    rb"^[ \t]*+(?:class\s+\w+|namespace\b|template\s*<|using\s+\w|(?:public|private|protected)\s*:)|\bstd::",
    re.MULTILINE,
)


def language_of(path: str, head: bytes = b"") -> str | None:
    """The language of a file, or None when its name and first bytes do not say.

    Args:
        path: absolute or relative, with either slash.
        head: the beginning of the file, if it has been read; it settles scripts without an extension, and whether a
            `.h` file is C or C++.
    """
    name = re.split(r"[/\\]", path)[-1].lower()
    _, dot, extension = name.rpartition(".")
    if dot and extension == "h":
        return "cpp" if _CPP_ONLY.search(head) else "c"
    language = _BY_NAME.get(name) or (_BY_EXTENSION.get(extension) if dot else None)
    if language:
        return language
    if name.startswith(("dockerfile.", "makefile.")):
        return _BY_NAME[name.partition(".")[0]]
    return _by_first_line(head)


def _by_first_line(head: bytes) -> str | None:
    """`#!/usr/bin/python3`, `#!/usr/bin/env -S NAME=1 python3 -I`."""
    if not head.startswith(b"#!"):
        return None
    words = head[2:].split(b"\n", 1)[0].decode("ascii", "replace").lower().split()
    programs = (word.rsplit("/", 1)[-1] for word in words if not word.startswith("-") and "=" not in word)
    program = next((program for program in programs if program != "env"), "")
    return _BY_INTERPRETER.get(program.rstrip("0123456789."))
