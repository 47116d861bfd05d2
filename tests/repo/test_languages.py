"""Which file is which language."""

import pytest

from mcp_lean.repo.languages import describe, language_of


@pytest.mark.parametrize(
    ("path", "language"),
    [
        ("a.py", "python"),
        ("src/deep/a.PY", "python"),
        ("a.pyi", "python"),
        ("a.mjs", "javascript"),
        ("a.jsx", "javascript"),
        ("a.ts", "typescript"),
        ("a.d.ts", "typescript"),
        ("a.tsx", "tsx"),
        ("main.go", "go"),
        ("lib.rs", "rust"),
        ("A.java", "java"),
        ("a.c", "c"),
        ("a.cc", "cpp"),
        ("a.hpp", "cpp"),
        ("a.rb", "ruby"),
        ("Rakefile", "ruby"),
        ("a.php", "php"),
        ("A.cs", "csharp"),
        ("a.sh", "bash"),
        (".bashrc", "bash"),
        ("README.md", "markdown"),
        ("docs/index.rst", "rst"),
        ("pyproject.toml", "toml"),
        ("Cargo.lock", "toml"),
        ("setup.cfg", "ini"),
        (".editorconfig", "ini"),
        ("ci.yml", "yaml"),
        ("package.json", "json"),
        ("Makefile", "make"),
        ("GNUmakefile", "make"),
        ("Makefile.am", "make"),
        ("rules.mk", "make"),
        ("justfile", "just"),
        ("Dockerfile", "dockerfile"),
        ("Dockerfile.dev", "dockerfile"),
        ("api.dockerfile", "dockerfile"),
        ("Jenkinsfile", "groovy"),
        ("CMakeLists.txt", "cmake"),
        ("notes.txt", "text"),
        ("C:\\work\\a.py", "python"),
        ("a.unknown", None),
        ("LICENSE", None),
        ("py", None),
        ("h", None),
        ("", None),
        ("dir.py/", None),
    ],
)
def test_a_name_tells_the_language(path: str, language: str | None) -> None:
    assert language_of(path) == language


@pytest.mark.parametrize(
    ("head", "language"),
    [
        (b"#!/bin/sh\n", "bash"),
        (b"#!/usr/bin/env bash\n", "bash"),
        (b"#! /usr/bin/python3.11 -I\n", "python"),
        (b"#!/usr/bin/env python3\r\n", "python"),
        (b"#!/usr/bin/env -S uv run --script\n", "python"),
        (b"#!/usr/bin/env -S FOO=1 node --harmony\n", "javascript"),
        (b"#!/usr/bin/env ts-node\n", "typescript"),
        (b"#!/usr/bin/perl -w\n", "perl"),
        (b"#!/opt/own/tool\n", None),
        (b"#!\n", None),
        (b"#!/usr/bin/env\n", None),
        (b"#!\xff\xfe\n", None),
        (b"plain text", None),
        (b"", None),
    ],
)
def test_without_a_telling_name_the_first_line_tells(head: bytes, language: str | None) -> None:
    assert language_of("bin/tool", head) == language


def test_a_name_counts_more_than_a_first_line() -> None:
    assert language_of("a.py", b"#!/bin/sh\n") == "python"


@pytest.mark.parametrize(
    ("head", "language"),
    [
        (b"#ifndef A_H\nint f(void);\n", "c"),
        (b'#ifdef __cplusplus\nextern "C" {\n#endif\nstruct a { int b; };\n', "c"),
        (b"#pragma once\nnamespace a {\n", "cpp"),
        (b"  class Table : public Base {\n", "cpp"),
        (b"template <typename T>\n", "cpp"),
        (b"void f(std::string s);\n", "cpp"),
        (b"", "c"),
    ],
)
def test_the_beginning_of_a_header_tells_c_from_cpp(head: bytes, language: str) -> None:
    assert language_of("a.h", head) == language


def test_a_language_is_described_under_its_own_name() -> None:
    names = [
        "python",
        "javascript",
        "typescript",
        "tsx",
        "go",
        "rust",
        "java",
        "c",
        "cpp",
        "ruby",
        "php",
        "csharp",
        "bash",
    ]

    assert [(language := describe(name)) and (language.name, bool(language.grammar)) for name in names] == [
        (name, True) for name in names
    ]


def test_prose_and_unknown_languages_are_not_described() -> None:
    assert [describe(name) for name in ("markdown", "toml", "html", "unknown", "")] == [None] * 5
