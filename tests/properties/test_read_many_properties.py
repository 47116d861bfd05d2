"""Laws of read_many, on random trees of files and random calls.

A client that knows nothing but the format (`tools/answers.py`) asks, follows every `more:`, and has to end up with
exactly the files' text.
"""

from __future__ import annotations

import codecs
import fnmatch
import os
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from unittest.mock import patch

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tools import answers

from mcp_lean.errors import AskError
from mcp_lean.packing.render import CEILING_CHARS
from mcp_lean.packing.tokens import cost
from mcp_lean.repo import large_text, text
from mcp_lean.repo.listing import Listing
from mcp_lean.repo.workspace import Workspace
from mcp_lean.tools import sources
from mcp_lean.tools.base import Context
from mcp_lean.tools.read_many import ReadMany, run

NAMES = (
    "a.py",
    "b.txt",
    "c (3 lines).txt",
    "d:1-9.py",
    "e#f.md",
    "g [x].txt",
    "ü.py",
    "-.txt",
    "x:1-3 of 5",
    "i@2-.txt",
)
FOLDERS = ("", "src/", "src/deep/", "tests 1/")

# Rows that look like the format, rows that tempt `splitlines`, white space, long ones, other scripts.
ROWS = st.one_of(
    st.sampled_from(
        (
            "",
            " ",
            "\t",
            "        ",
            "== b.txt (3 lines)",
            "== b.txt:1-9 of 9",
            "more: b.txt:3-9",
            "error: no",
            "note: no",
            "10\tten",
            "20\t",
            "}",
            "form\x0cfeed \x0b \x1c",
            "next\x85line \u2028 \u2029",
            "carriage\rreturn",
            "# -*- coding: koi8-r -*-",
        )
    ),
    st.text(st.characters(codec="utf-8", exclude_characters="\n\r\0"), max_size=60),
    st.text("abcdefgh ()=._:", max_size=100),
    st.builds(
        lambda word, count: (word * count)[:count],
        st.sampled_from(("x", "ab ", "é", "中", "{},", "\t", " ", "7")),
        st.integers(0, 6_000),
    ),
)
MARKS = {
    "utf-8-sig": b"",  # the codec writes its own
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
    "utf-32-le": codecs.BOM_UTF32_LE,
}


@st.composite
def contents(draw: st.DrawFn) -> bytes:
    """A file's bytes: line ends of one kind or mixed, with or without a last one, in some encoding."""
    rows = draw(st.lists(ROWS, max_size=40))
    ends = draw(st.sampled_from((("\n",), ("\n",), ("\r\n",), ("\r\n", "\n"))))
    tail = draw(st.sampled_from(("", "", "last", "\r", "é")))
    body = "".join(row + end for row, end in zip(rows, cycle(ends))) + tail
    encoding = draw(st.sampled_from(("utf-8", "utf-8", "utf-8", "latin-1", *MARKS)))
    return MARKS.get(encoding, b"") + body.encode(encoding, "replace")


def is_utf8(data: bytes) -> bool:
    return data.decode("utf-8", "replace").encode() == data


def lines_of(data: bytes) -> list[str]:
    """What the lines of a file are, said a second time and in another way."""
    if data.startswith(codecs.BOM_UTF32_LE):
        body = data.decode("utf-32")
    elif data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        body = data.decode("utf-16")
    elif is_utf8(data):
        body = data.decode("utf-8-sig")
    else:
        body = data.decode("koi8-r" if b"coding: koi8-r" in data[:1_024] else "latin-1")
    *lines, tail = body.split("\n")
    return [line.removesuffix("\r") for line in lines] + ([tail] if tail else [])


@dataclass
class Call:
    files: dict[str, bytes]
    items: list[str]
    budget: int
    at_once: int
    chunk_bytes: int | None


PATHS = st.builds(str.__add__, st.sampled_from(FOLDERS), st.sampled_from(NAMES))
GLOBS = {"*.txt": "*.txt", "src/**/*.py": "src/*.py", "**/*": "*"}
"""The same as gitignore and as `fnmatch` writes it."""


@st.composite
def calls(draw: st.DrawFn) -> Call:
    paths = draw(st.lists(PATHS, min_size=1, max_size=5, unique=True))
    files = {path: draw(contents()) for path in paths}
    path, first = st.sampled_from(paths), st.integers(1, 70)
    item = st.one_of(
        path,
        st.builds(lambda path, first, count: f"{path}:{first}-{first + count}", path, first, st.integers(0, 70)),
        st.builds(lambda path, first: f"{path}:{first}-", path, first),
        st.sampled_from((*GLOBS, "src", "gone.py")),
    )
    # A streamed file's encoding is chosen by its first chunk, so streams are tried where that cannot err.
    is_sure = all(is_utf8(data) or data[:1] in b"\xff\xfe" for data in files.values())
    return Call(
        files,
        items=draw(st.lists(item, min_size=1, max_size=5)),
        budget=draw(st.integers(200, 20_000) | st.integers(200, 1_200)),
        at_once=draw(st.sampled_from((1, 3, 10_000, 10_000))),
        chunk_bytes=draw(st.none() | st.integers(40, 600)) if is_sure else None,
    )


@contextmanager
def tree(call: Call) -> Iterator[Context]:
    """The files in a fresh folder; listed by a plain walk (engines have tests of their own), streamed if asked for."""
    with tempfile.TemporaryDirectory() as folder:
        for path, data in call.files.items():
            file = Path(folder, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)

        def listed(root: str, **_: object) -> Listing:
            found = (os.path.relpath(os.path.join(at, name), root) for at, _, names in os.walk(root) for name in names)
            return Listing(tuple(sorted(found)), "walk")

        whole, chunk = (text.WHOLE_FILE_BYTES, 1) if call.chunk_bytes is None else (0, call.chunk_bytes)
        with (
            patch.object(sources, "list_files", listed),
            patch.object(text, "WHOLE_FILE_BYTES", whole),
            patch.object(large_text, "CHUNK_BYTES", chunk),
        ):
            yield Context(Workspace(folder, {"HOME": folder}))


def entries_of(files: dict[str, bytes]) -> set[str]:
    """What the folder `src` holds."""
    below = [path.removeprefix("src/") for path in files if path.startswith("src/")]
    deep = sum("/" in path for path in below)
    return {path for path in below if "/" not in path} | ({f"deep/ ({deep} file{'s' * (deep > 1)})"} if deep else set())


def wanted(call: Call) -> dict[str, set[int]]:
    """The line numbers of each file that the items ask for."""
    numbers: dict[str, set[int]] = defaultdict(set)
    for item in call.items:
        matching = [path for path in call.files if item == path]
        if item in GLOBS:
            matching = fnmatch.filter(call.files, GLOBS[item])
        for path in matching:
            numbers[path] |= set(range(1, len(lines_of(call.files[path])) + 1))
        if not matching and ":" in item:
            path, _, span = item.rpartition(":")
            if path in call.files:
                first, _, last = span.partition("-")
                count = len(lines_of(call.files[path]))
                numbers[path] |= set(range(int(first), min(int(last or count), count) + 1))
    return {path: lines for path, lines in numbers.items() if lines}


@settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
@given(calls())
def test_following_every_resume_item_yields_exactly_the_files_text_within_every_budget(call: Call) -> None:
    with tree(call) as context:

        def ask(items: list[str]) -> str:
            try:
                answer = run(ReadMany(items=items, budget=call.budget), context)
            except AskError as error:
                answer = str(error)
            assert cost(answer) <= call.budget
            assert len(answer) <= CEILING_CHARS
            return answer

        received = answers.follow(ask, call.items, most_calls=5_000, at_once=call.at_once)

    entries = [row for answer in received for block in answer.blocks if block.kind == "entries" for row in block.rows]
    assert set(entries) == (entries_of(call.files) if "src" in call.items else set())
    covered: dict[tuple[str, int], set[tuple[int, int]]] = defaultdict(set)
    for block in (block for answer in received for block in answer.blocks if block.kind != "entries"):
        lines = lines_of(call.files[block.name])
        assert block.total in (None, len(lines))
        for number, row in enumerate(block.rows, block.first):
            assert lines[number - 1][block.column : block.column + len(row)] == row
            covered[block.name, number].add((block.column, block.column + len(row)))
    expected = {(path, number) for path, numbers in wanted(call).items() for number in numbers}
    assert set(covered) == expected
    for (path, number), spans in covered.items():
        end = 0
        for start, stop in sorted(spans):
            assert start <= end, f"a hole in {path}:{number} at {end}"
            end = max(end, stop)
        assert end == len(lines_of(call.files[path])[number - 1])
