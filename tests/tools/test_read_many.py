"""read_many as the model sees it: whole answers for small folders."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import pytest
from pydantic import ValidationError

from mcp_lean.errors import AskError, Cancelled, EngineMissing
from mcp_lean.packing.allocate import MAX_BUDGET_TOKENS, MIN_BUDGET_TOKENS
from mcp_lean.packing.render import CEILING_CHARS
from mcp_lean.packing.tokens import cost
from mcp_lean.repo.listing import Listing
from mcp_lean.repo.workspace import Workspace
from mcp_lean.tools import sources
from mcp_lean.tools.base import Context, within_limits
from mcp_lean.tools.read_many import TOOL, ReadMany, run

from . import answers

NOBODY = 65_534
Ask = Callable[..., str]

SHAPES = '''\
"""Shapes."""

import math


class Circle:
    def __init__(self, radius: float) -> None:
        self.radius = radius

    def area(self) -> float:
        return math.pi * self.radius**2


class Square:
    def __init__(self, side: float) -> None:
        self.side = side

    def area(self) -> float:
        return self.side**2


LIMIT = 3
'''


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small project."""
    for name, body in {
        "a.txt": "one\ntwo\nthree\n",
        "b.txt": "only\n",
        "src/shapes.py": SHAPES,
        "src/numbers.txt": "".join(f"number {i}\n" for i in range(1, 401)),
        "src/deep/c.txt": "deep\n",
    }.items():
        write(tmp_path / "project" / name, body)
    return tmp_path / "project"


@pytest.fixture
def context(folder: Path) -> Context:
    return Context(Workspace(str(folder), {"HOME": str(folder.parent / "home")}))


@pytest.fixture
def ask(context: Context) -> Ask:
    def asked(*items: str, **more: int) -> str:
        return run(ReadMany(items=list(items), **more), context)

    return asked


def write(path: Path, body: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body.encode() if isinstance(body, str) else body)
    return path


def lines(*rows: str) -> str:
    return "\n".join(rows)


def deny(folder: Path, *patterns: str) -> None:
    write(folder / ".claude/settings.json", json.dumps({"permissions": {"deny": [f"Read({p})" for p in patterns]}}))


def refused(ask: Ask, *items: str, **more: int) -> str:
    with pytest.raises(AskError) as caught:
        ask(*items, **more)
    return str(caught.value)


# ----------------------------------------------------------------------------------------------------------- arguments


@pytest.mark.parametrize(
    ("given", "items"),
    [
        (["a.py", "b.py"], ["a.py", "b.py"]),
        ('["a.py", "b.py"]', ["a.py", "b.py"]),
        (' ["a.py"]\n', ["a.py"]),
        ("a.py", ["a.py"]),
        ("[ab].py", ["[ab].py"]),
        ("[id]/page.tsx", ["[id]/page.tsx"]),
        ("[" * 100_000, ["[" * 100_000]),
        ('{"a": 1}', ['{"a": 1}']),
    ],
)
def test_items_are_a_list_a_json_string_of_one_or_a_single_item(given: object, items: list[str]) -> None:
    assert ReadMany.model_validate({"items": given}) == ReadMany(items=items)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"items": []}, "at least one entry"),
        ({"items": "[]"}, "at least one entry"),
        ({"items": 7}, "a list of strings"),
        ({"items": None}, "a list of strings"),
        ({"items": {"path": "a.py"}}, "a list of strings"),
        ({"items": ["a.py", 7]}, "valid string"),
        ({"items": "[7]"}, "valid string"),
        ({}, "Field required"),
        ({"items": ["a.py"], "budget": "much"}, "valid integer"),
        ({"items": ["a.py"], "paths": ["a.py"]}, "Extra inputs are not permitted"),
    ],
)
def test_other_arguments_are_refused(given: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        ReadMany.model_validate(given)


@pytest.mark.parametrize(
    ("asked", "used", "said"),
    [
        (10**9, MAX_BUDGET_TOKENS, "budget: 20000 tokens used, the most there is"),
        (20_001, MAX_BUDGET_TOKENS, "budget: 20000 tokens used, the most there is"),
        (20_000, 20_000, ""),
        (200, 200, ""),
        (199, MIN_BUDGET_TOKENS, "budget: 200 tokens used, the least there is"),
        (0, MIN_BUDGET_TOKENS, "budget: 200 tokens used, the least there is"),
        (-1, MIN_BUDGET_TOKENS, "budget: 200 tokens used, the least there is"),
    ],
)
def test_a_budget_is_clamped_and_that_is_said(asked: int, used: int, said: str, ask: Ask) -> None:
    assert within_limits(asked) == (used, said)
    assert ask("b.txt", budget=asked) == "\n".join(["== b.txt (1 line)", "only", *([f"note: {said}"] if said else [])])


@pytest.mark.parametrize(
    ("said", "most"),
    [
        ("", MAX_BUDGET_TOKENS),
        ("25000", MAX_BUDGET_TOKENS),
        ("100000", MAX_BUDGET_TOKENS),
        ("9" * 5_000, MAX_BUDGET_TOKENS),
        ("10000", 8_000),
        ("100", MIN_BUDGET_TOKENS),
        ("0", MAX_BUDGET_TOKENS),
        ("-5", MAX_BUDGET_TOKENS),
        ("ten", MAX_BUDGET_TOKENS),
    ],
)
def test_where_a_person_has_lowered_the_client_s_limit_for_results_ours_is_lower_too(
    said: str, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Above it the client gives the model an error text of 1.4 kB in the place of the answer."""
    monkeypatch.setenv("MAX_MCP_OUTPUT_TOKENS", said)

    assert within_limits(20_000) == (most, "" if most == 20_000 else f"budget: {most} tokens used, the most there is")


def test_the_definition_is_short() -> None:
    """It is part of every agent's prompt."""
    assert (TOOL.name, TOOL.always_load, ReadMany(items=["x"]).budget) == ("read_many", True, None)
    assert len(TOOL.description) < 400


# ------------------------------------------------------------------------------------------------------------- answers


def test_files_come_in_the_order_asked(ask: Ask) -> None:
    assert ask("b.txt", "a.txt", "src/deep/c.txt") == lines(
        "== b.txt (1 line)", "only", "== a.txt (3 lines)", "one", "two", "three", "== src/deep/c.txt (1 line)", "deep"
    )


AREA = (
    "== src/shapes.py:10-11 of 22 (#Circle.area)",
    "10\t    def area(self) -> float:",
    "        return math.pi * self.radius**2",
)
ALL_TEXTS = (
    "== a.txt (3 lines)",
    "one",
    "two",
    "three",
    "== b.txt (1 line)",
    "only",
    "== src/deep/c.txt (1 line)",
    "deep",
)


@pytest.mark.parametrize(
    ("item", "answer"),
    [
        ("a.txt:2-3", ("== a.txt:2-3 of 3", "two", "three")),
        ("a.txt:2-", ("== a.txt:2-3 of 3", "two", "three")),
        ("a.txt:2-99", ("== a.txt:2-3 of 3", "two", "three")),
        ("a.txt:1-3", ("== a.txt (3 lines)", "one", "two", "three")),
        ("./src/../a.txt:3-", ("== a.txt:3-3 of 3", "three")),
        ("src/numbers.txt:9-11", ("== src/numbers.txt:9-11 of 400", "number 9", "10\tnumber 10", "number 11")),
        ("a.txt:3+2", ("== a.txt:3+2", "ree")),
        ("src/shapes.py#Circle.area", AREA),
        ("src/shapes.py:11", AREA),
        ("a.txt:2", ("== a.txt (3 lines)", "one", "two", "three")),
        ("src", ("== src/ (3 entries)", "numbers.txt", "shapes.py", "deep/ (1 file)")),
        ("src/@2-", ("== src/@2-3 of 3", "shapes.py", "deep/ (1 file)")),
        (".", ("== . (3 entries)", "a.txt", "b.txt", "src/ (3 files)")),
        ("?.txt", ALL_TEXTS),
        ("?.txt@3-", ALL_TEXTS[6:]),
        ("src/**/c.txt", ALL_TEXTS[6:]),
        ("\n b.txt ", ("== b.txt (1 line)", "only")),
        ("[ab].txt:2-2", ("== a.txt:2-2 of 3", "two", "error: b.txt:2-2: the file ends at line 1")),
    ],
)
def test_every_form_of_an_item(item: str, answer: tuple[str, ...], ask: Ask) -> None:
    assert ask(item) == lines(*answer)


def test_around_a_line_outside_of_definitions_stand_its_neighbours(ask: Ask) -> None:
    [block] = answers.read(ask("src/numbers.txt:200")).blocks
    assert (block.first, block.rows) == (180, [f"number {number}" for number in range(180, 221)])


def test_an_outline_names_every_definition_with_its_lines(ask: Ask) -> None:
    [outline] = answers.read(ask("src/shapes.py#")).blocks
    assert (outline.name, outline.kind, outline.remarks) == ("src/shapes.py#", "entries", "in 22 lines")
    assert [row.rpartition(" ")[2] for row in outline.rows] == [
        ":6-11",
        ":7-8",
        ":10-11",
        ":14-19",
        ":15-16",
        ":18-19",
        ":22",
    ]
    [rest] = answers.read(ask("src/shapes.py#@6-")).blocks
    assert (rest.name, rest.first, rest.rows, rest.total) == ("src/shapes.py#", 6, outline.rows[5:], 7)


def test_all_definitions_of_a_name_are_shown(ask: Ask) -> None:
    shown = answers.read(ask("src/shapes.py#area"))
    assert [(block.first, len(block.rows), block.remarks) for block in shown.blocks] == [
        (10, 2, "#Circle.area"),
        (18, 2, "#Square.area"),
    ]
    [second] = answers.read(ask("src/shapes.py#area@2-")).blocks
    assert second == shown.blocks[1]


def test_a_symbol_asked_of_a_glob_is_given_by_those_that_define_it(folder: Path, ask: Ask) -> None:
    write(folder / "src/other.py", "def area():\n    return 0\n")
    assert ask("src/*.py#area") == lines(
        "== src/other.py (2 lines, #area)",
        "def area():",
        "    return 0",
        "== src/shapes.py:10-11 of 22 (#Circle.area)",
        "10\t    def area(self) -> float:",
        "        return math.pi * self.radius**2",
        "more: src/shapes.py#area@2-",
    )


def test_a_long_definition_around_a_line_is_shown_near_it(folder: Path, ask: Ask) -> None:
    write(folder / "long.py", "def long():\n" + "    step()\n" * 499)
    [block] = answers.read(ask("long.py:300")).blocks
    assert (block.first, len(block.rows), block.total, block.remarks) == (240, 121, 500, "#long 1-500")


@pytest.mark.parametrize(
    ("body", "heading"),
    [
        (b"", "== f (0 lines)"),
        (b"x\r\n", "== f (1 line, CRLF)"),
        (b"x", "== f (1 line, no newline at end)"),
        (b"\xff\xfex\0\n\0", "== f (1 line, decoded as utf-16-le)"),
        (b"\xe9\n", "== f (1 line, decoded as latin-1)"),
        (b"\xef\xbb\xbfx\n", "== f (1 line, utf-8 with BOM)"),
    ],
)
def test_what_a_reader_should_know_of_a_file_stands_in_its_heading(
    body: bytes, heading: str, folder: Path, ask: Ask
) -> None:
    write(folder / "f", body)
    assert ask("f").split("\n")[0] == heading


def test_a_note_on_the_end_is_made_only_where_the_end_is_shown(folder: Path, ask: Ask) -> None:
    write(folder / "f", "a\nb")
    assert ask("f:1-1", "f:2-2") == "== f:1-1 of 2\na\n== f:2-2 of 2 (no newline at end)\nb"


def test_the_same_item_twice_is_given_once(ask: Ask) -> None:
    assert ask("b.txt", "./b.txt", "b.*", "b.txt:1-1") == lines(
        "== b.txt (1 line)",
        "only",
        "note: b.txt is already in this answer",
        "note: b.txt is already in this answer",
        "== b.txt (1 line)",
        "only",
    )


# --------------------------------------------------------------------------------------------------------------- names


@pytest.mark.parametrize(
    "name",
    [
        "a:10-20.txt",
        "x:3-4",
        "x#y",
        "x#",
        "n@2-",
        "w[1].txt",
        "app/[id]/page.tsx",
        "what?.txt",
        "st*r",
        " lead",
        "trail ",
        "(3 lines)",
        "x (3 lines)",
        "x:1-3 of 5",
        "x:7+5",
    ],
)
def test_a_file_can_be_named_whatever_its_name_looks_like(name: str, folder: Path, ask: Ask) -> None:
    write(folder / name, "".join(f"row {i} of a file with many rows\n" for i in range(1, 101)))

    shown = answers.follow(lambda items: ask(*items, budget=400), [name], 20)

    blocks = [block for answer in shown for block in answer.blocks]
    assert {block.name for block in blocks} == {name}
    assert [row for block in blocks for row in block.rows] == [
        f"row {i} of a file with many rows" for i in range(1, 101)
    ]


@pytest.mark.parametrize(
    "name",
    [b"b\xff\xfe.txt", b"line\nend.txt", b"tab\t.txt", "next\x85.txt".encode(), b"esc\x1b[31m.txt", b"back\\slash"],
)
def test_a_name_that_cannot_stand_in_a_line_is_shown_in_a_form_that_leads_back(
    name: bytes, folder: Path, ask: Ask
) -> None:
    """The server replaces what is no UTF-8 (lone surrogates); what it sent has to be understood again."""
    path = os.path.join(os.fsencode(folder), name)
    with open(path, "wb") as file:
        file.writelines(b"row %d of a file with rows\n" % i for i in range(1, 61))

    def over_the_wire(items: list[str]) -> str:
        return ask(*items, budget=250).encode("utf-8", "replace").decode().replace("?", "\N{REPLACEMENT CHARACTER}")

    shown = answers.follow(over_the_wire, [os.fsdecode(name)], 20)

    blocks = [block for answer in shown for block in answer.blocks]
    assert len(shown) > 1
    assert [row for block in blocks for row in block.rows] == [f"row {i} of a file with rows" for i in range(1, 61)]


# -------------------------------------------------------------------------------------------------------------- errors


DENIED = "denied by Read(secret/**) in .claude/settings.json; only the person can change that"
RELATIVE = "paths are relative to its root, e.g. src/app.py"


@pytest.fixture
def odd_things(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    write(folder / "logo.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")
    os.mkfifo(folder / "fifo")
    (folder / "loop").symlink_to("loop")
    (folder / "out").symlink_to("/etc/hostname")
    (folder / "dangling").symlink_to("nowhere")
    write(folder / "secret/key.txt", "secret\n")
    deny(folder, "secret/**")
    monkeypatch.chdir(folder)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        yield


@pytest.mark.usefixtures("odd_things")
@pytest.mark.parametrize(
    ("item", "words"),
    [
        ("gone.txt", "gone.txt: no such file"),
        ("shapes.py", "shapes.py: no such file; nearest: src/shapes.py"),
        ("src/shape.py", "src/shape.py: no such file; nearest: src/shapes.py"),
        ("src/gone/x.rs", "src/gone/x.rs: no such file; nearest: src/"),
        ("a.txt/below", "a.txt/below: no such file"),
        ("key.txt", "key.txt: no such file"),
        ("secret/key.txt", f"secret/key.txt: {DENIED}"),
        ("secret/not_there.txt", f"secret/not_there.txt: {DENIED}"),
        ("secret", f"secret: {DENIED}"),
        ("secret/*", "secret/*: no file matches; ignored files are left out of globs, but can be named"),
        ("../../etc/passwd", f"../../etc/passwd: outside the workspace; {RELATIVE}"),
        ("/etc/passwd", f"/etc/passwd: outside the workspace; {RELATIVE}"),
        ("/etc/*", "/etc/*: outside the workspace; globs are relative to its root, e.g. src/**/*.py"),
        ("../*", "../*: no file matches; ignored files are left out of globs, but can be named"),
        ("out", f"out: leads out of the workspace through a symlink; {RELATIVE}"),
        ("dangling", "dangling: no such file"),
        ("loop", "loop: a loop of symlinks"),
        ("logo.png", "logo.png: a binary file, not shown"),
        ("logo.png#", "logo.png: a binary file, not shown"),
        ("fifo", "fifo: a FIFO, not a text file"),
        ("fifo:3", "fifo: a FIFO, not a text file"),
        ("socket", "socket: a socket, not a text file"),
        ("", "an item is empty; write a path such as src/app.py"),
        ("a\0b", "'a\\x00b': a path has at least one character and no NUL"),
        ("a.txt:9-", "a.txt:9-: the file ends at line 3"),
        ("a.txt:9-12", "a.txt:9-12: the file ends at line 3"),
        ("a.txt:9", "a.txt:9: the file ends at line 3"),
        ("a.txt:9+5", "a.txt:9+5: the file ends at line 3"),
        ("a.txt:2+3", "a.txt:2+3: the line ends before that"),
        ("a.txt:3-2", "a.txt:3-2: the range ends before it starts; try a.txt:2-3"),
        ("src/shapes.py#Circl", "src/shapes.py#Circl: no such definition; nearest: Circle"),
        ("a.txt#x", "a.txt#x: no such definition; read a.txt# or a.txt"),
        ("src/shapes.py#area@3-", "src/shapes.py#area@3-: the list ends at 2"),
        ("src/*.py#gone", "src/*.py#gone: not defined in 1 matching file"),
        ("*.rs", "*.rs: no file matches; ignored files are left out of globs, but can be named"),
        ("?.txt@9-", "?.txt@9-: the list ends at 3"),
        ("src/@9-", "src/@9-: the list ends at 3"),
        ("src:1-9", "src:1-9: src/ is a folder; name files in it, e.g. src/*.py"),
        ("src#", "src#: src/ is a folder; name files in it, e.g. src/*.py"),
    ],
)
def test_a_bad_item_says_why_in_its_place_and_loses_no_other(item: str, words: str, ask: Ask) -> None:
    assert ask("b.txt", item, "a.txt:1-1") == f"== b.txt (1 line)\nonly\nerror: {words}\n== a.txt:1-1 of 3\none"


def test_only_bad_items_are_an_error_result(ask: Ask) -> None:
    assert (
        refused(ask, "gone.rs", "a.txt:9-") == "error: gone.rs: no such file\nerror: a.txt:9-: the file ends at line 3"
    )


def test_a_glob_of_nothing_but_binaries_is_an_error_result(folder: Path, ask: Ask) -> None:
    write(folder / "1.bin", b"\0")
    write(folder / "2.bin", b"\0")
    assert refused(ask, "*.bin") == "error: 1.bin: a binary file, not shown\nerror: 2.bin: a binary file, not shown"


@pytest.mark.skipif(os.geteuid() != 0, reason="tries permissions as another user, which only root can become")
def test_what_may_not_be_entered_is_said(folder: Path, ask: Ask) -> None:
    write(folder / "closed/a.txt", "x\n")
    (folder / "closed").chmod(0)
    for parent in (folder, *folder.parents[:3]):
        parent.chmod(0o755)
    os.seteuid(NOBODY)
    try:
        answer = ask("b.txt", "closed/a.txt", "closed")
    finally:
        os.seteuid(0)
    shown = answers.read(answer)
    assert shown.errors[0] == "closed/a.txt: no permission to read it"
    assert len(shown.errors) == 2
    assert "closed" in shown.errors[1]


def test_a_listing_that_fails_is_the_error_of_its_item_alone(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(root: str, **_: object) -> Listing:
        raise EngineMissing("git ls-files failed: broken index")

    monkeypatch.setattr(sources, "list_files", fail)
    assert ask("b.txt", "*.txt", "gone.txt") == lines(
        "== b.txt (1 line)", "only", "error: git ls-files failed: broken index", "error: gone.txt: no such file"
    )


def test_files_that_git_lists_and_that_are_gone_are_left_out_of_globs(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "list_files", lambda root, **_: Listing(("a.txt", "b.txt", "gone.txt", "src"), "git"))
    assert ask("*") == "== a.txt (3 lines)\none\ntwo\nthree\n== b.txt (1 line)\nonly"


def test_denied_files_are_left_out_of_globs_and_folders(folder: Path, ask: Ask) -> None:
    deny(folder, "b.txt", "src/**")
    assert ask("*.txt", ".") == "== a.txt (3 lines)\none\ntwo\nthree\n== . (2 entries)\na.txt\n.claude/ (1 file)"


def test_denied_files_count_in_no_list_and_no_suggestion(folder: Path, ask: Ask) -> None:
    """Neither the numbers of entries nor what is not suggested instead gives them away."""
    for i in range(9):
        write(folder / f"secret/{i}/shape.py", "x\n")
    deny(folder, "secret/**")
    for i in range(20):
        write(folder / f"src/many/{i:02}.txt", "some words in a row\n" * 12)

    shown = answers.read(ask("s*/**/*.*", budget=600))

    assert [block.name for block in shown.blocks] == ["src/deep/c.txt", *(f"src/many/0{i}.txt" for i in range(4))]
    assert shown.more == ["s*/**/*.*@6-"]
    assert refused(ask, "other/shape.py") == "error: other/shape.py: no such file; nearest: src/shapes.py"
    assert refused(ask, "s*/**/*.*@99-") == "error: s*/**/*.*@99-: the list ends at 23"


def test_an_ignored_folder_that_is_named_is_listed(folder: Path, ask: Ask) -> None:
    write(folder / ".gitignore", "build/\n")
    write(folder / "build/out.txt", "x\n")
    assert ask("build") == "== build/ (1 entry)\nout.txt"


def test_an_empty_folder_says_that_ignored_files_are_left_out(folder: Path, ask: Ask) -> None:
    (folder / "empty").mkdir()
    assert ask("empty") == "== empty/ (0 entries, ignored and denied files are left out)"


def test_a_file_in_an_additional_directory_is_shown_by_its_absolute_path(folder: Path, ask: Ask) -> None:
    other = write(folder.parent / "other/x.txt", "x\n").parent
    write(
        folder.parent / "home/.claude/settings.json",
        json.dumps({"permissions": {"additionalDirectories": [str(other)]}}),
    )
    assert ask(f"{other}/x.txt", f"{other}/*.txt:1-") == "\n".join(
        [f"== {other}/x.txt (1 line)", "x", f"== {other}/x.txt (1 line)", "x"]
    )


# ------------------------------------------------------------------------------------------------------- limits of size


def test_what_does_not_fit_is_named_item_by_item(ask: Ask) -> None:
    shown = answers.read(ask("src/numbers.txt", "a.txt", "src/*", "b.txt", budget=400))

    assert [block.name for block in shown.blocks] == ["src/numbers.txt", "a.txt"]
    first = len(shown.blocks[0].rows)
    assert 60 < first < 90
    assert shown.more == [f"src/numbers.txt:{first + 1}-400", "items 3-4 of this call"]


def test_a_very_long_line_is_resumed_until_its_end(folder: Path, ask: Ask) -> None:
    line = "".join(f"<{i}>" for i in range(3_000))
    write(folder / "long.json", f"{line}\nnext\n")

    shown = answers.follow(lambda items: ask(*items, budget=1_500), ["long.json"], 20)

    assert shown[0].more[0] == f"long.json:1+{len(shown[0].blocks[0].rows[0])}"
    pieces = sorted((b.column, b.rows[0]) for answer in shown for b in answer.blocks if b.first == 1)
    assert len(pieces) > 3
    assert "".join(piece for _, piece in pieces) == line
    assert "next" in [row for answer in shown for block in answer.blocks for row in block.rows]


def test_a_list_of_matches_is_resumed_at_the_first_that_was_left_out(folder: Path, ask: Ask) -> None:
    for i in range(40):
        write(folder / f"many/{i:02}.txt", "some words in a row\n" * 12)

    shown = answers.read(ask("a.txt", "many/*", "b.txt", budget=1_000))

    left = len(shown.blocks)
    assert 3 < left < 20
    assert shown.more == [f"many/*@{left}-", "items 3-3 of this call"]
    assert shown.blocks[-1].name == f"many/{left - 2:02}.txt"


def test_ten_thousand_items_are_one_call(folder: Path, ask: Ask) -> None:
    items = ["b.txt" if i % 2 else f"gone-{i}" for i in range(10_000)]

    answer = ask(*items, budget=2_000)

    shown = answers.read(answer)
    assert cost(answer) <= 2_000
    assert len(shown.errors) > 30
    assert shown.more[0].endswith("-10000 of this call")


def test_without_a_budget_a_list_has_as_much_as_its_items_would_have_one_by_one(folder: Path, ask: Ask) -> None:
    for name in "abc":
        write(folder / f"{name}.txt", "many words of few letters\n" * 800)  # some 6,000 tokens

    assert "more:" not in ask("a.txt")
    assert "more:" not in ask("a.txt", "b.txt")
    assert "more:" in ask("a.txt", "b.txt", budget=8_000)
    assert "more:" in ask("[abc].txt"), "a glob is one item"


def test_the_largest_budget_stays_below_the_clients_limit_of_characters(folder: Path, ask: Ask) -> None:
    write(folder / "words.txt", ("many words of few letters " * 60 + "\n") * 60)
    answer = ask("words.txt", budget=20_000)
    assert 0.95 * CEILING_CHARS < len(answer) <= CEILING_CHARS


def test_an_error_about_a_very_long_item_leaves_room_for_the_others(ask: Ask) -> None:
    answer = ask("x" * 990, "b.txt", budget=200)
    assert answer.startswith("error: xxx")
    assert answer.endswith("xxx: cannot be read (File name too long)\n== b.txt (1 line)\nonly")


def test_a_budget_that_cannot_hold_the_first_item_says_what_would(folder: Path, ask: Ask) -> None:
    name = "/".join(["d" * 200] * 4 + ["f.txt"])
    write(folder / name, "x\n" * 400)
    words = refused(ask, name, budget=200)
    assert words.startswith("budget: 200 tokens cannot hold the first item; ask for at least ")
    assert ask(name, budget=int(words.rsplit(" ", 1)[1])).startswith(f"== {name}:1-")


def test_a_withdrawn_call_ends(context: Context) -> None:
    context.stop.set()
    with pytest.raises(Cancelled):
        run(ReadMany(items=["a.txt"]), context)


def test_the_same_state_gives_the_same_bytes_in_any_thread(ask: Ask) -> None:
    items = ("src/*", "src/shapes.py#", ".", "gone.py", "src/shapes.py#area")
    found: list[str] = []
    threads = [Thread(target=lambda: found.append(ask(*items)), daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [ask(*items)] * 4
