"""Definitions by regex: the names for ranking, and outlines of files that cannot be parsed."""

import re
from pathlib import Path

import pytest

import mcp_lean
from mcp_lean.repo.languages import language_of
from mcp_lean.repo.outline import definitions_by_regex, outline

DATA = Path(__file__).parents[1] / "data" / "outline"


def test_names_come_with_the_line_they_stand_on() -> None:
    source = b"import x\n\n\n@y\ndef a(\n    b,\n): pass\n\nclass C:\n  async  def d(self): pass\n"

    assert definitions_by_regex("python", source) == [("a", 5), ("C", 9), ("d", 10)]


@pytest.mark.parametrize("language", ["markdown", "toml", "html", "unknown", ""])
def test_a_language_without_a_pattern_has_no_definitions(language: str) -> None:
    assert definitions_by_regex(language, b"def f(): pass\n# x\n[a]\n") == []


SEEN = {
    "shop.py": "traced wrap inner Order total parse Meta Cart __init__ get add conditional pick main",
    "server.js": "ids nested Server constructor create stream #secret url listen View",
    "store.ts": "Store Reducer Shape Level Flag create AppComponent onResize Repo selectUser",
    "Panel.tsx": "Props Panel toggle render Input Legacy",
    "cache.go": "Mode Pair Alias Store Cache New Get Each String init asm",
    "engine.rs": "Point Unit Pair Bits Event Result Visitor visit done new helper swap fmt square malloc tests",
    "Account.java": "Account visit run balance State label Visitor Point origin Marker Shape Helper Inner",
    "ring.c": "RING_MAX ring node value state ring_push ring_dump node_new split die main",
    "db.cpp": "Mode Table Hash Get ~Table ToString Stats Color TEST main f g Helper",
    "blog.rb": "Blog Error Post initialize <=> title= live? build parse secret hidden helper Comment top_level",
    "Order.php": "Order __construct find total reference Visitor visit Loggable log Suit label helper nested run",
    "Service.cs": "Level IStore Point Pair Money Service FetchAsync Put Dispose Node Extensions Twice",
    "deploy.sh": "build inner test_all deploy log::info subshell usage",
}


@pytest.mark.parametrize("sample", SEEN)
def test_the_definitions_of_a_sample_are_seen_without_a_parser(sample: str) -> None:
    source = (DATA / f"{sample}.txt").read_bytes()
    seen = {name for name, _ in definitions_by_regex(language_of(sample, source) or "", source)}

    assert sorted(set(SEEN[sample].split()) - seen) == []


@pytest.mark.parametrize("sample", SEEN)
def test_the_estimated_ends_of_a_sample_are_those_of_the_parser(sample: str) -> None:
    """A NUL sends the file to the regex. Types and functions that both engines know must end on the same line."""
    source = (DATA / f"{sample}.txt").read_bytes()
    parsed = outline(sample, source, deadline_s=10)
    guessed = outline(sample, source + b"\0", deadline_s=10)
    exact = {(d.name, d.start): d.end for d in parsed.definitions}
    estimated = {
        (d.name, d.start): d.end for d in guessed.definitions if (d.name, d.start) in exact and d.kind != "constant"
    }

    assert (parsed.engine, guessed.engine) == ("tree-sitter", "regex")
    assert len(estimated) >= 4
    wrong = {key: (end, exact[key]) for key, end in estimated.items() if end != exact[key]}
    assert wrong == {}


@pytest.mark.parametrize(
    ("path", "source", "expected"),
    [
        (
            "a.py",
            b"class A:\n    def b(\n        self,\n    ):\n        return 1\n\n  # c\n@d\n@e(1)\ndef f(): pass\n\0",
            [("class", "A", 1, 5), ("method", "A.b", 2, 5), ("function", "f", 8, 10)],
        ),
        (
            "a.py",
            b"if x:\n    def a():\n        pass\nelse:\n    def b():\n        pass\ny = 1\0\n",
            [("function", "a", 2, 3), ("function", "b", 5, 6)],
        ),
        (
            "a.js",
            b"function a({ b = {} }) {\n  return '}';\n}\nconst c = () => 1;\nclass D {\n  e() {\n    // }\n  }\n}\0\n",
            [("function", "a", 1, 3), ("constant", "c", 4, 4), ("class", "D", 5, 9), ("method", "D.e", 6, 8)],
        ),
        (
            "a.c",
            b"static int\na(int x)\n{\n  if (x) {\n  }\n  return '{';\n}\n\nint b(void) { return 1; }\n/* } */\0\n",
            [("function", "a", 1, 7), ("function", "b", 9, 9)],
        ),
        (
            "a.c",
            b"int a(void) {\n  {\n    lost();\n}\n\nint b(void) {\n}\n\0",
            [("function", "a", 1, 4), ("function", "b", 6, 7)],
        ),
        (
            "a.rb",
            b"class A\n  def b\n    if x\n    end\n  end\n\n  def c = 1\nend\n\0",
            [("class", "A", 1, 8), ("method", "A.b", 2, 5), ("method", "A.c", 7, 7)],
        ),
        (
            "a.java",
            b"class A {\n    @Override\n    public void b(\n            int c) {\n    }\n}\n\0",
            [("class", "A", 1, 6), ("method", "A.b", 2, 5)],
        ),
        ("a.py", b"def a(): pass\n\0", [("function", "a", 1, 1)]),
        ("a.py", b"\0", []),
    ],
)
def test_ends_and_nesting_are_estimated(path: str, source: bytes, expected: list[tuple[str, str, int, int]]) -> None:
    found = outline(path, source)

    assert found.engine == "regex"
    assert [(d.kind, d.qualified, d.start, d.end) for d in found.definitions] == expected


def test_a_head_over_several_lines_is_one_signature() -> None:
    source = b"def long_name(\n    a,\n    b=1,\n):\n    pass\n\0"

    assert [d.signature for d in outline("a.py", source).definitions] == ["def long_name(a, b=1)"]


@pytest.mark.parametrize("path", sorted(Path(mcp_lean.__file__).parent.rglob("*.py")), ids=lambda path: path.stem)
def test_no_group_is_repeated_possessively(path: Path) -> None:
    """Python 3.11.2 misreads that, and finds `able` where `Table` stands; an atomic group says the same."""
    assert re.findall(r"\)(?:[*+?]|\{[0-9,]+\})\+", path.read_text(encoding="utf-8")) == []
