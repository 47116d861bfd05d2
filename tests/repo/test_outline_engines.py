"""Which engine answers, and what happens when one cannot."""

import gc
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter

import pytest

import mcp_lean.repo
from mcp_lean.repo.languages import describe
from mcp_lean.repo.outline import outline
from mcp_lean.repo.outline.parse import MAX_BYTES, MAX_LINE_BYTES, load, parse
from mcp_lean.repo.outline.walk import MAX_DEPTH, walk

DATA = Path(__file__).parents[1] / "data" / "outline"
SAMPLES = sorted(DATA.glob("*.txt"))
NEVER = float("inf")
ALREADY = float("-inf")


def run_python(script: str, **env: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=os.environ | env,
        timeout=120,
    )


def qualified(path: str, source: bytes) -> list[str]:
    return [definition.qualified for definition in outline(path, source, deadline_s=10).definitions]


@pytest.mark.parametrize(
    ("path", "source", "engine"),
    [
        ("a.py", b"def f():\n    pass\n", "tree-sitter"),
        ("a.py", b"", "tree-sitter"),
        ("tool", b"#!/usr/bin/env python3\ndef f():\n    pass\n", "tree-sitter"),
        ("a.py", b"def f():\n    return '\0'\n", "regex"),
        ("a.py", b"def f():\n    return '" + b"x" * MAX_LINE_BYTES + b"'\n", "regex"),
        ("a.py", b"def f():\n    pass\n" + b"# comment\n" * (MAX_BYTES // 10), "regex"),
        ("a.py", b"def f():\n    pass\n" + b"# comment\n" * (17 * 1024 * 1024 // 10), "none"),
        ("a.kt", b"fun f() {}\n", "regex"),
        ("a.py", b"def f():\n    pass\n<<<<<<< ours\nclass A(\n=======\nclass B(:\n>>>>>>> theirs\n", "union"),
        ("a.md", b"# Title\n", "headings"),
        ("a.md", b"# Title\n" + b"text\n" * (5 * 1024 * 1024 // 5), "none"),
        ("a.toml", b"[a]\n", "keys"),
        ("a.json", b'{"a": "\0"}', "none"),
        ("a.html", b"<h1>Title</h1>", "none"),
        ("a.unknown", b"def f(): pass\n", "none"),
    ],
)
def test_the_engine_follows_from_the_name_and_the_shape_of_the_file(path: str, source: bytes, engine: str) -> None:
    assert outline(path, source, deadline_s=10).engine == engine


def test_a_deadline_that_has_passed_leaves_the_regex() -> None:
    source = (DATA / "shop.py.txt").read_bytes() * 100

    assert outline("a.py", source, deadline_s=0).engine == "regex"


def test_a_grammar_that_is_not_installed_leaves_the_regex(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tree_sitter_go", None)
    load.cache_clear()

    assert outline("a.go", b"func f() {\n}\n", deadline_s=10).engine == "regex"


def test_a_cancelled_parse_leaves_nothing_behind() -> None:
    """A parser that was cancelled resumes the old parse at the next one; each parse must have its own."""
    grammar = describe("python").grammar
    assert parse(grammar, b"def wrong(): pass\n" * 20_000, ALREADY) is None

    assert qualified("a.py", b"def right():\n    pass\n") == ["right"]


def test_a_walk_that_takes_too_long_is_given_up() -> None:
    grammar, source = describe("python").grammar, b"A = 1\n" * 1_000
    parsed = parse(grammar, source, NEVER)
    assert parsed is not None

    assert walk(parsed.root, grammar, source, ALREADY) is None
    assert len(walk(parsed.root, grammar, source, NEVER) or []) == 1_000


def test_nesting_is_followed_to_a_fixed_depth() -> None:
    """`def` in `def`, 60 deep, is within it; 200 levels of blocks are not."""
    deep = b"".join(b" " * i + b"def f%d():\n" % i for i in range(200)) + b" " * 200 + b"pass\n"
    found = outline("a.py", deep, deadline_s=10)

    assert found.engine == "tree-sitter"
    assert len(found.definitions) == MAX_DEPTH // 2


def test_definitions_after_a_syntax_error_are_found() -> None:
    source = b"def a():\n    x = (1,\n\n\ndef b():\n    pass\n\n\nclass C:\n    def d(self):\n        pass\n"

    assert qualified("a.py", source) == ["a", "b", "C", "C.d"]


def test_a_missing_quote_does_not_swallow_the_rest_of_the_file() -> None:
    source = (
        b'"""Module.\n\n\ndef a():\n    pass\n\n\ndef b():\n    pass\n\n\nclass C:\n    def d(self):\n        pass\n'
    )

    assert qualified("a.py", source) == ["a", "b", "C", "C.d"]


def test_text_that_looks_like_code_stays_text_when_the_error_is_elsewhere() -> None:
    source = b'def a():\n    """\ndef example():\n    """\n\n\ndef b():\n    pass\n\n\nprint "two"\n'

    assert qualified("a.py", source) == ["a", "b"]


def test_a_function_with_a_lost_brace_ends_before_the_next_one() -> None:
    source = b"int a(void) {\n    if (x) {\n        y();\n}\n\nint b(void) {\n    return 1;\n}\n"
    found = outline("a.c", source, deadline_s=10)

    assert [(d.qualified, d.start, d.end) for d in found.definitions] == [("a", 1, 4), ("b", 6, 8)]


def test_a_template_that_the_grammar_cannot_parse_is_found() -> None:
    source = b"API_BEGIN\ntemplate <typename T>\nclass Table // NOLINT(x)\n    : public Base<T>\n{\n  void Get();\n};\n"
    names = {definition.name for definition in outline("a.hpp", source, deadline_s=10).definitions}

    assert "Table" in names


def test_code_in_a_string_does_not_end_the_function_around_it() -> None:
    source = b'int a(void) {\n  const char *s = R"(\nvoid b() {}\n)";\n  return 1;\n}\n\nint c = = 2;\n'
    [a, *_] = outline("a.cc", source, deadline_s=10).definitions

    assert (a.qualified, a.start, a.end) == ("a", 1, 6)


def test_conflict_markers_leave_both_sides() -> None:
    method = b"    def %s(self):\n        pass\n"
    ours, theirs = b"<<<<<<< x\n" + method % b"b", b"=======\n" + method % b"c" + b">>>>>>> y\n"
    source = b"class A:\n" + method % b"a" + ours + theirs + method % b"d"
    names = {definition.name for definition in outline("a.py", source, deadline_s=10).definitions}

    assert names == {"A", "a", "b", "c", "d"}


def test_items_in_a_macro_call_are_found() -> None:
    """To the grammar, what stands between the braces of `cfg_net! {...}` is a list of words."""
    source = b"impl A {\n    cfg_net! {\n        pub fn a(&self) {\n        }\n    }\n}\n"
    source += b'\nfn main() {\n    f! { fn b() {} }\n    let s = r"\nfn c() {}\n";\n}\n'
    found = outline("a.rs", source, deadline_s=10)

    assert [(d.kind, d.qualified, d.start, d.end) for d in found.definitions] == [
        ("impl", "A", 1, 6),
        ("method", "A.a", 3, 4),
        ("function", "main", 8, 13),
    ]


def test_a_test_macro_is_called_by_its_title() -> None:
    source = b'TEST_CASE("wide strings")\n{\n  CHECK(1);\n}\n\nTEST(Table, Opens) {\n}\n'
    source += b"\nSYSCALL_DEFINE1(close, int, fd)\n{\n}\n"
    found = outline("a.cc", source, deadline_s=10)

    assert [(d.kind, d.qualified, d.start, d.end) for d in found.definitions] == [
        ("test", "wide strings", 1, 4),
        ("test", "Table.Opens", 6, 7),
        ("function", "close", 9, 11),
    ]


def test_an_export_macro_does_not_hide_a_class() -> None:
    source = b"class DB_EXPORT Table : public Base {\n public:\n  void Get();\n};\n"
    [table, get] = outline("a.hpp", source, deadline_s=10).definitions

    assert (table.kind, table.qualified, table.end, get.qualified) == ("class", "Table", 4, "Table.Get")
    assert table.signature == "class DB_EXPORT Table : public Base"


@pytest.mark.parametrize(
    ("encoded", "what"),
    [
        ("class Café:\n    def été(self):\n        pass\n".encode(), "UTF-8"),
        ("class Café:\n    def été(self):\n        pass\n".encode("utf-8-sig"), "UTF-8 with a mark"),
        ("class Café:\n    def été(self):\n        pass\n".encode("latin-1"), "Latin-1"),
        ("class Café:\n    def été(self):\n        pass\n".encode("utf-16"), "UTF-16"),
        ("class Café:\r\n    def été(self):\r\n        pass\r\n".encode(), "CRLF"),
        ("class Café:\n\tdef été(self):\n\t\tpass\n".encode(), "tabs"),
        ("class Café:\n    def été(self):\n        pass".encode(), "no newline at the end"),
    ],
)
def test_names_and_lines_do_not_depend_on_the_encoding(encoded: bytes, what: str) -> None:
    found = outline("a.py", encoded, deadline_s=10)

    assert found.engine == "tree-sitter", what
    assert [(d.qualified, d.signature, d.start, d.end) for d in found.definitions] == [
        ("Café", "class Café", 1, 3),
        ("Café.été", "def été(self)", 2, 3),
    ]


def test_threads_get_the_outlines_that_one_thread_gets() -> None:
    work = [(sample.stem, sample.read_bytes()) for sample in SAMPLES] * 4
    alone = [outline(path, source, deadline_s=10) for path, source in work]
    with ThreadPoolExecutor(max_workers=4) as pool:
        together = list(pool.map(lambda item: outline(*item, deadline_s=10), work))

    assert together == alone


DIGEST = """
import hashlib, pathlib, sys
from mcp_lean.repo.outline import outline, render_outline
samples = sorted(pathlib.Path({folder!r}).glob("*.txt"))
found = [outline(sample.stem, sample.read_bytes(), deadline_s=10) for sample in samples]
print(len(found), hashlib.sha256(repr([(one, render_outline(one)) for one in found]).encode()).hexdigest())
"""


def test_the_same_file_has_the_same_outline_in_every_process() -> None:
    script = DIGEST.format(folder=str(DATA))
    answers = {run_python(script, PYTHONHASHSEED=seed).stdout for seed in ("0", "1", "12345")}

    assert [answer.split()[0] for answer in answers] == [str(len(SAMPLES))]


def test_nothing_heavy_is_imported_before_a_file_needs_it() -> None:
    done = run_python(
        "import sys\n"
        "from mcp_lean.repo.outline import outline, find, render_outline\n"
        "names = ('tree_sitter', 'difflib', 'sqlite3')\n"
        "heavy = lambda: sorted(name for name in sys.modules if name.startswith(names))\n"
        "outline('a.md', b'# x'); outline('a.kt', b'fun f() {}'); print(heavy())\n"
        "outline('a.py', b'x = 1'); print([name for name in heavy() if '.' not in name])\n"
    )

    assert done.stdout.splitlines() == ["[]", "['tree_sitter', 'tree_sitter_python']"], done.stderr


CRASH = """
import tree_sitter, tree_sitter_python
language = tree_sitter.Language(tree_sitter_python.language())
tree = tree_sitter.Parser(language).parse(b"def f():\\n    pass\\n" * 10)
cursor = tree_sitter.QueryCursor(tree_sitter.Query(language, "(function_definition name: (identifier) @name)"))
print(len(cursor.matches(tree.root_node, lambda *_: True, lambda offset: False)))
"""


def test_a_query_with_a_deadline_still_kills_the_process() -> None:
    """Why trees are walked and not queried: a query cannot be stopped (tree-sitter 0.25.2 to 0.26.1)."""
    done = run_python(CRASH)

    if done.returncode == 0:
        pytest.skip(f"this tree-sitter survives it ({done.stdout.strip()} matches): queries can have a deadline now")
    assert done.returncode in (-11, -6, 139, 3221225477), done.stderr


def test_no_query_is_made_anywhere() -> None:
    modules = sorted(Path(mcp_lean.repo.__file__ or "").parent.rglob("*.py"))
    users = [module.name for module in modules if "QueryCursor" in module.read_text(encoding="utf-8")]

    assert len(modules) > 20
    assert users == []


@pytest.mark.parametrize("deadline", [NEVER, ALREADY])
def test_a_parsed_file_is_let_go_of(deadline: float) -> None:
    """tree-sitter 0.26.1 keeps a reference to all that a read callback returns."""
    source = b"def f():\n    pass\n" * 10_000
    before = sys.getrefcount(source)
    parsed = parse(describe("python").grammar, source, deadline)
    assert (parsed is None) == (deadline == ALREADY)
    del parsed
    gc.collect()

    assert sys.getrefcount(source) == before


def test_a_parse_ends_soon_after_its_deadline() -> None:
    """Stated as an outcome: the parser noticed, whatever the machine's speed."""
    source = b"x = [" + b"(1, 2),\n" * 60_000 + b"]\n"
    grammar = describe("python").grammar

    assert parse(grammar, source, perf_counter()) is None
    assert parse(grammar, source, NEVER) is not None
