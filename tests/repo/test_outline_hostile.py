"""Files that nobody wrote by hand, or that somebody wrote to do harm. What is asserted is that an answer comes, and
which engine gave it; how fast, is for `bench/outline.py`."""

import random

import pytest

from mcp_lean.repo.outline import outline, render_outline

LIMIT = 512 * 1024
"""What still goes to the parser."""

NOISE = random.Random(7).randbytes(200_000)
PARSED = {"tree-sitter", "union"}
GIVEN_UP = {"regex"}
ANY = PARSED | GIVEN_UP

CASES: dict[str, tuple[str, bytes, set[str]]] = {
    "200,000 open parentheses on one line": ("a.js", b"(" * 200_000, GIVEN_UP),
    "200,000 open parentheses, one per line": ("a.js", b"(\n" * 200_000, ANY),
    "open parentheses in a function": ("a.js", b"function ok() {}\nfunction f() {\n" + b"(\n" * 200_000, ANY),
    "open brackets in Python": ("a.py", b"x = [\n" * 80_000, ANY),
    "open braces in C": ("a.c", b"int f() {\n" + b"{\n" * 200_000, ANY),
    "open braces in Rust": ("a.rs", b"fn f() {\n" + b"{\n" * 200_000, ANY),
    "closing braces in Java": ("A.java", b"class A {\n" + b"}\n" * 200_000, ANY),
    "open angle brackets in C++": ("a.cpp", b"template <\n" * 40_000, ANY),
    "open tags in TSX": ("a.tsx", b"x = <a>\n" * 60_000, ANY),
    "open do blocks in Ruby": ("a.rb", b"x do\n" * 80_000, ANY),
    "open quotes in Bash": ("a.sh", b"x=$(\n" * 80_000, ANY),
    "open heredocs in PHP": ("a.php", b"<?php\n" + b"$x = <<<A\n" * 40_000, ANY),
    "10 MB on one line": ("a.js", b"var x=[" + b"1," * 5_000_000 + b"];", GIVEN_UP),
    "10 MB of one word": ("a.py", b"a" * 10_000_000, GIVEN_UP),
    "10 MB of blanks": ("a.ts", b" " * 10_000_000, GIVEN_UP),
    "10 MB of almost methods": ("a.js", b"  a(" + b")" * 10_000_000, GIVEN_UP),
    "random bytes": ("a.py", NOISE, GIVEN_UP),
    "random bytes without NUL": ("a.py", NOISE.replace(b"\0", b" "), ANY),
    "random text": ("a.ts", NOISE.translate(bytes(32 + i % 95 for i in range(256))).replace(b" ", b"\n"), ANY),
    "functions 30,000 deep": ("a.js", b"f(\n" * 30_000 + b")\n" * 30_000, PARSED),
    "Python blocks 600 deep": ("a.py", b"".join(b" " * i + b"if x:\n" for i in range(600)), ANY),
    "20,000 chained calls": ("a.js", b"a\n" + b".b()\n" * 20_000, PARSED),
    "20,000 chained attributes assigned": ("a.js", b"a" + b"\n.b" * 20_000 + b" = function () {};\n", ANY),
    "20,000 declarators": ("a.c", b"int " + b"*\n" * 20_000 + b"x;\n", ANY),
    "20,000 scopes": ("a.cpp", b"int " + b"a::\n" * 20_000 + b"f() {}\n", ANY),
    "20,000 decorators": ("a.py", b"@a\n" * 20_000 + b"def f(): pass\n", PARSED),
    "30,000 functions": ("a.go", b"func f() {}\n" * 30_000, ANY),
    "conflict markers everywhere": ("a.rs", b"<<<<<<< a\nfn a() {\n=======\nfn b() {\n>>>>>>> b\n" * 5_000, ANY),
    "only newlines": ("a.c", b"\n" * LIMIT, PARSED),
    "only carriage returns": ("a.py", b"def f(): pass\r" * 300, PARSED),
    "one line without an end": ("a.rb", b"def f", ANY),
    "headings in 4 MB": ("a.md", b"# a\n" * 1_000_000, {"headings"}),
    "fences in 2 MB": ("a.md", b"```\n" * 500_000, {"headings"}),
    "underlines in 2 MB": ("a.rst", b"a\n===\n" * 300_000, {"headings"}),
    "keys in 2 MB": ("a.yaml", b"a:\n" * 600_000, {"keys"}),
    "open tables in 2 MB": ("a.toml", b"a = [\n" * 300_000, {"keys"}),
    "open objects in 2 MB": ("a.json", b'{"a":' * 400_000, {"keys"}),
    "open strings in 2 MB": ("a.json", b'"a\n' * 600_000, {"keys"}),
    "open comments in 2 MB": ("a.json", b"/* * " * 400_000, {"keys"}),
    "continued lines in 2 MB": ("Makefile", b"a: \\\n" * 400_000, {"keys"}),
    "colons in 2 MB": ("Makefile", b"a b " * 500_000, {"keys"}),
    "recipes in 2 MB": ("justfile", b"a b=" * 500_000, {"keys"}),
}


@pytest.mark.parametrize("name", CASES)
def test_a_hostile_file_gets_an_answer(name: str) -> None:
    path, source, engines = CASES[name]
    found = outline(path, source)

    assert found.engine in engines
    assert all(1 <= d.start <= d.end <= source.count(b"\n") + 1 for d in found.definitions)
    assert all("\n" not in text for _, text in render_outline(found))


MINIFIED = b"!function(){" + b"function a(){return 1}var b=function(){};" * 120 + b"}();\n"


def test_a_minified_line_has_no_outline_and_does_no_harm() -> None:
    assert outline("a.min.js", MINIFIED * 4).definitions == ()


@pytest.mark.parametrize("cut", range(0, 2_400, 97))
def test_a_file_cut_anywhere_has_an_outline(cut: int) -> None:
    whole = b"class A:\n    def a(self):\n        return {\n            'x': [1, (2, 3)],\n        }\n\n" * 40
    found = outline("a.py", whole[:cut], deadline_s=10)

    assert found.engine in PARSED
    assert len([d for d in found.definitions if d.name == "A"]) == whole[:cut].count(b"class A:")
