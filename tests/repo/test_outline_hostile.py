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
    "21,000 functions": ("a.go", b"func f() {}\n" * 21_000, {"none"}),
    "conflict markers everywhere": ("a.rs", b"<<<<<<< a\nfn a() {\n=======\nfn b() {\n>>>>>>> b\n" * 1_000, ANY),
    "only newlines": ("a.c", b"\n" * LIMIT, PARSED),
    "only carriage returns": ("a.py", b"def f(): pass\r" * 300, PARSED),
    "one line without an end": ("a.rb", b"def f", ANY),
    "headings in 400 KB": ("a.md", b"# a\n" * 100_000, {"none"}),
    "fences in 500 KB": ("a.md", b"```\n" * 125_000, {"headings"}),
    "underlines in 500 KB": ("a.rst", b"a\n===\n" * 75_000, {"none"}),
    "keys in 200 KB": ("a.yaml", b"a:\n" * 60_000, {"none"}),
    "open tables in 500 KB": ("a.toml", b"a = [\n" * 75_000, {"keys"}),
    "open objects in 500 KB": ("a.json", b'{"a":' * 100_000, {"keys"}),
    "open strings in 500 KB": ("a.json", b'"a\n' * 150_000, {"keys"}),
    "open comments in 500 KB": ("a.json", b"/* * " * 100_000, {"keys"}),
    "blanks after a key in 500 KB": ("a.yaml", b"a" + b" " * 125_000, {"keys"}),
    "blanks after a table in 500 KB": ("a.toml", b"[a" + b" " * 125_000, {"keys"}),
    "blanks after a word in 500 KB": ("a.ini", b"a" + b" " * 125_000, {"keys"}),
    "blanks after a heading in 500 KB": ("a.md", b"# a" + b" " * 125_000 + b"b", {"headings"}),
    "hash marks in 500 KB": ("a.md", b"# " * 250_000, {"headings"}),
    "equal signs in 500 KB": ("justfile", b"a " + b"b=" * 250_000, {"keys"}),
    "open defines in 500 KB": ("Makefile", b"define a\n" * 50_000, {"keys"}),
    "escaped quotes in 500 KB": ("a.json", b'"' + b'\\"' * 250_000, {"keys"}),
    "open comments in C": ("a.c", b"int f() {\n" + b"/* \n" * 100_000 + b"\0", GIVEN_UP),
    "escaped quotes in C": ("a.c", b"int f() {\n" + b'"\\\n' * 100_000 + b"\0", GIVEN_UP),
    "calls of macros": ("a.c", b"A(B(C), D)\n" * 100_000, {"regex"}),
    "open calls": ("A.java", b"a b(c(d\n" * 100_000, {"regex"}),
    "open generics": ("A.cs", b"a<b<c<d\n" * 100_000, {"regex"}),
    "open impls": ("a.rs", (b"impl " + b"a<" * 100 + b"\n") * 4_000, {"regex"}),
    "open methods": ("a.ts", b"  a(b(c)(d\n" * 100_000, {"regex"}),
    "long names, deep": ("a.py", b"".join(b" " * i + b"class " + b"a" * 500 + b":\n" for i in range(200)), PARSED),
    "continued lines in 500 KB": ("Makefile", b"a: \\\n" * 100_000, {"keys"}),
    "colons in 500 KB": ("Makefile", b"a b " * 125_000, {"keys"}),
    "recipes in 500 KB": ("justfile", b"a b=" * 125_000, {"keys"}),
}


@pytest.mark.parametrize("name", CASES)
def test_a_hostile_file_gets_an_answer(name: str) -> None:
    path, source, engines = CASES[name]
    found = outline(path, source, deadline_s=20 if engines is PARSED else 0.25)

    assert found.engine in engines
    assert all(1 <= d.start <= d.end <= source.count(b"\n") + 1 for d in found.definitions)
    assert all("\n" not in text for _, text in render_outline(found))


MINIFIED = b"!function(){" + b"function a(){return 1}var b=function(){};" * 200 + b"}();\n"


def test_a_minified_line_has_no_outline_and_does_no_harm() -> None:
    assert outline("a.min.js", MINIFIED * 4).definitions == ()


@pytest.mark.parametrize("cut", range(0, 2_400, 97))
def test_a_file_cut_anywhere_has_an_outline(cut: int) -> None:
    whole = b"class A:\n    def a(self):\n        return {\n            'x': [1, (2, 3)],\n        }\n\n" * 40
    found = outline("a.py", whole[:cut], deadline_s=10)

    assert found.engine in PARSED
    assert len([d for d in found.definitions if d.name == "A"]) >= whole[:cut].count(b"class A:")
