"""Files as lines: every encoding, every kind of file that is none, and files of any size."""

from __future__ import annotations

import codecs
import os
import socket
import stat
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_lean.errors import AskError, Cancelled, Missing, NotText
from mcp_lean.repo import encodings, large_text, text
from mcp_lean.repo import lines as lines_module
from mcp_lean.repo.lines import Text, select, split_lines
from mcp_lean.repo.text import decode, read, read_bytes, read_whole

NOBODY = 65_534


def quiet() -> None:
    pass


def read_file(path: Path, first: int = 1, last: int | None = None, column: int = 0) -> Text:
    return read(str(path), path.name, first, last, column, check=quiet)


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


# ----------------------------------------------------------------------------------------------------------- encodings


@pytest.mark.parametrize(
    ("data", "lines", "notes"),
    [
        (b"", (), ()),
        (b"\n", ("",), ()),
        (b"a\n\nb\n", ("a", "", "b"), ()),
        ("é中🚀\n".encode(), ("é中🚀",), ()),
        (codecs.BOM_UTF8 + "é\n".encode(), ("é",), ("utf-8 with BOM",)),
        (codecs.BOM_UTF8, (), ("utf-8 with BOM",)),
        (codecs.BOM_UTF16_LE + "é\r\nb\n".encode("utf-16-le"), ("é", "b"), ("decoded as utf-16-le", "mixed CRLF")),
        (codecs.BOM_UTF16_BE + "🚀\n".encode("utf-16-be"), ("🚀",), ("decoded as utf-16-be",)),
        (codecs.BOM_UTF32_LE + "🚀\n".encode("utf-32-le"), ("🚀",), ("decoded as utf-32-le",)),
        (
            codecs.BOM_UTF16_LE + b"a\0b\0\n\0c",
            ("ab", "\N{REPLACEMENT CHARACTER}"),
            ("decoded as utf-16-le, with errors", "no newline at end"),
        ),
        (b"caf\xe9\n", ("café",), ("decoded as latin-1",)),
        (b"# -*- coding: cp1251 -*-\n\xcf\xf0\n", ("# -*- coding: cp1251 -*-", "Пр"), ("decoded as cp1251",)),
        (
            b"# vim: set fileencoding=koi8-r :\n\xf0\n",
            ("# vim: set fileencoding=koi8-r :", "П"),
            ("decoded as koi8-r",),
        ),
        (b'<meta charset="windows-1252">\n\x80\n', ('<meta charset="windows-1252">', "€"), ("decoded as cp1252",)),
        (b"# coding: ascii\n\xe9\n", ("# coding: ascii", "é"), ("decoded as latin-1",)),
        (b"# coding: nonsense\n\xe9\n", ("# coding: nonsense", "é"), ("decoded as latin-1",)),
        (b"# coding: utf-8\n\xe9\n", ("# coding: utf-8", "é"), ("decoded as latin-1",)),
        (b"# coding: \xe9\n", ("# coding: é",), ("decoded as latin-1",)),
    ],
)
def test_a_file_is_decoded_by_mark_then_utf8_then_declaration_then_latin1(
    data: bytes, lines: tuple[str, ...], notes: tuple[str, ...], tmp_path: Path
) -> None:
    assert read_file(written(tmp_path / "a", data)) == Text(lines, 1, len(lines), notes)


@pytest.mark.parametrize(
    "codec", ["unicode_escape", "utf-16", "utf-7", "rot13", "zip", "undefined", "idna", "raw_unicode_escape"]
)
def test_a_declared_codec_that_is_no_encoding_of_lines_is_not_believed(codec: str) -> None:
    """`unicode_escape` would turn a backslash and an n into a line end that no editor counts."""
    data = f"# coding: {codec}\nx = '\\n'  # ".encode() + b"\xe9\n"
    assert decode(data, "a.py") == (data.decode("latin-1"), ("decoded as latin-1",))


def test_utf8_wins_over_a_declaration_of_something_else() -> None:
    data = "# coding: latin-1\né\n".encode()
    assert decode(data, "a.py") == ("# coding: latin-1\né\n", ())


@pytest.mark.parametrize(
    "data",
    [
        b"\x7fELF\x02\x01\x01\0\0",
        b"text first\n" + bytes(10),
        b"x" * (encodings.SNIFF_BYTES - 1) + b"\0",
        codecs.BOM_UTF16_LE + b"a\0" + bytes(256),
    ],
)
def test_a_binary_is_named_and_not_shown(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(NotText) as caught:
        read_file(written(tmp_path / "a.bin", data))
    assert str(caught.value) == "a.bin: a binary file, not shown"


# --------------------------------------------------------------------------------------------------------------- lines


@pytest.mark.parametrize(
    ("body", "lines", "notes"),
    [
        ("", [], ()),
        ("a", ["a"], ("no newline at end",)),
        ("a\n", ["a"], ()),
        ("a\r\nb\r\n", ["a", "b"], ("CRLF",)),
        ("a\r\nb", ["a", "b"], ("CRLF", "no newline at end")),
        ("a\r\nb\n", ["a", "b"], ("mixed CRLF",)),
        ("a\r\n\r\n", ["a", ""], ("CRLF",)),
        ("a\r\r\n", ["a\r"], ("CRLF",)),
        ("a\rb\n", ["a\rb"], ()),
        ("a\n\r", ["a", "\r"], ("no newline at end",)),
        ("a\x0bb\x0cc\x1cd\x85e\u2028f\u2029g\n", ["a\x0bb\x0cc\x1cd\x85e\u2028f\u2029g"], ()),
    ],
)
def test_a_line_ends_with_a_line_feed_and_nothing_else(body: str, lines: list[str], notes: tuple[str, ...]) -> None:
    assert split_lines(body) == (lines, notes)
    assert select(body) == Text(tuple(lines), 1, len(lines), notes)


@pytest.mark.parametrize(
    ("first", "last", "lines", "notes", "more"),
    [
        (2, 3, ("b", "c"), (), False),
        (1, 1, ("a",), (), False),
        (3, None, ("c", "d"), ("no newline at end",), False),
        (3, 99, ("c", "d"), ("no newline at end",), False),
        (5, None, (), ("no newline at end",), False),
        (5, 9, (), ("no newline at end",), False),
    ],
)
def test_a_range_is_clamped_to_the_file(
    first: int, last: int | None, lines: tuple[str, ...], notes: tuple[str, ...], more: bool
) -> None:
    assert select("a\nb\nc\nd", first, last) == Text(lines, first, 4, notes, more)


def test_the_rest_of_a_line_never_runs_into_the_next_one() -> None:
    assert select("abcdef\nnext\n", 1, 1, 4).lines == ("ef",)
    assert select("abcdef\nnext\n", 1, 1, 6).lines == ("",)
    assert select("abcdef\nnext\n", 1, 1, 60).lines == ("",)
    assert select("abcdef", 1, 1, 4).lines == ("ef",)


def test_no_more_lines_are_kept_than_a_result_could_hold() -> None:
    body = "".join(f"{'x' * 99}\n" for _ in range(5_000))

    found = select(body, 11)

    assert len(found.lines) == lines_module.WINDOW_CHARS // 100
    assert (found.first, found.total, found.more) == (11, 5_000, True)


def test_a_single_line_that_is_longer_than_any_result_is_cut() -> None:
    found = select("x" * 300_000 + "\nnext\n")
    assert (found.lines, found.total, found.more) == (("x" * lines_module.WINDOW_CHARS,), 2, True)
    assert select("x" * 300_000, column=250_000).lines == ("x" * 50_000,)


# --------------------------------------------------------------------------------------------------- what is no file


@pytest.fixture
def opening_is_forbidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str, *_: object) -> int:
        raise AssertionError(f"{path} was opened")

    monkeypatch.setattr(os, "open", refuse)


@pytest.fixture(params=["a FIFO", "a socket", "a folder", "a device"])
def special(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[str, str]]:
    path, kind = str(tmp_path / "thing"), request.param
    if kind == "a FIFO":
        os.mkfifo(path)
        yield path, kind
    elif kind == "a folder":
        os.mkdir(path)
        yield path, kind
    elif kind == "a device":
        yield "/dev/zero", kind
    else:
        monkeypatch.chdir(tmp_path)  # the name of a socket has 108 bytes at most
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind("thing")
            yield path, kind


@pytest.mark.usefixtures("opening_is_forbidden")
@pytest.mark.parametrize(
    "reader",
    [
        lambda path: read(path, "thing", check=quiet),
        lambda path: read_bytes(path, "thing", 9),
        lambda path: read_whole(path, "thing"),
    ],
)
def test_what_is_no_regular_file_is_refused_without_being_opened(
    special: tuple[str, str], reader: Callable[[str], object]
) -> None:
    """Opening a FIFO waits for a writer; reading a device need not end."""
    path, kind = special
    with pytest.raises(NotText) as caught:
        reader(path)
    assert str(caught.value) == f"thing: {kind}, not a text file"


def test_a_file_that_becomes_a_fifo_before_it_is_opened_does_not_block(tmp_path: Path) -> None:
    fifo, plain = tmp_path / "fifo", written(tmp_path / "plain", b"x\n")
    os.mkfifo(fifo)
    looked_plain = plain.stat()
    with patch.object(text.os, "stat", lambda _: looked_plain), pytest.raises(NotText, match="a FIFO"):
        read_file(fifo)


def test_a_file_that_becomes_a_symlink_before_it_is_opened_is_not_followed(tmp_path: Path) -> None:
    written(tmp_path / "secret", b"secret\n")
    (tmp_path / "link").symlink_to("secret")
    with pytest.raises(NotText, match="link: a loop of symlinks"):
        read_file(tmp_path / "link")


def test_a_loop_of_symlinks_is_said(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(NotText, match="a: a loop of symlinks"):
        read_file(tmp_path / "a")


@pytest.mark.parametrize("name", ["gone", "file/below"])
def test_a_missing_file_is_missing(name: str, tmp_path: Path) -> None:
    written(tmp_path / "file", b"")
    with pytest.raises(Missing, match=": no such file"):
        read_file(tmp_path / name)


@contextmanager
def as_nobody() -> Iterator[None]:
    """Root may read everything, so that permissions are tried as somebody else."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_file_without_permission_is_said(tmp_path: Path) -> None:
    path = written(tmp_path / "a.py", b"x\n")
    path.chmod(0)
    with as_nobody(), pytest.raises(NotText) as caught:
        read_file(path)
    assert str(caught.value) == "a.py: no permission to read it"


def test_a_name_that_is_too_long_is_an_error_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(NotText, match=r"cannot be read \(File name too long\)"):
        read_file(tmp_path / ("x" * 300))


# ------------------------------------------------------------------------------------------------ files that change


@contextmanager
def just_before_reading(change: Callable[[], object]) -> Iterator[None]:
    """The file changes between the look at its size and the first read."""
    real_read = os.read
    pending = [change]

    def changed_read(descriptor: int, count: int) -> bytes:
        while pending:
            pending.pop()()
        return real_read(descriptor, count)

    with patch.object(text.os, "read", changed_read):
        yield


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize(
    ("change", "lines"),
    [
        (lambda path: path.write_bytes(b"a\n"), ("a",)),
        (lambda path: path.write_bytes(b""), ()),
        (lambda path: path.unlink(), ("a", "b", "c")),
    ],
)
def test_a_file_that_shrinks_or_vanishes_while_it_is_read_gives_what_is_left(
    change: Callable[[Path], object], lines: tuple[str, ...], large: bool, tmp_path: Path
) -> None:
    path = written(tmp_path / "a", b"a\nb\nc\n")
    with just_before_reading(lambda: change(path)), patch.object(text, "WHOLE_FILE_BYTES", 0 if large else 1_000):
        found = read_file(path)
    assert (found.lines, found.total) == (lines, len(lines))


def test_of_a_file_that_grows_while_it_is_read_the_old_part_is_given(tmp_path: Path) -> None:
    path = written(tmp_path / "a", b"a\nb\n")
    with just_before_reading(lambda: path.write_bytes(b"a\nb\nc\n" * 1_000)):
        assert read_file(path).lines == ("a", "b")


def test_an_error_while_reading_is_said(tmp_path: Path) -> None:
    path = written(tmp_path / "a", b"a\n")

    def fail() -> None:
        raise OSError(5, "Input/output error")

    with just_before_reading(fail), pytest.raises(NotText, match=r"a: cannot be read \(Input/output error\)"):
        read_file(path)


def test_nothing_stays_open(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for data in (b"a\n", b"\0", b"x" * (text.WHOLE_FILE_BYTES + 1)):
        path = written(tmp_path / "a", data)
        for reader in (read_file, lambda path: read_whole(str(path), "a")):
            try:
                reader(path)
            except AskError:
                continue
    assert len(os.listdir("/proc/self/fd")) == before


# --------------------------------------------------------------------------------------------------------- large files


def sparse(path: Path, head: bytes, size: int) -> Path:
    with path.open("wb") as file:
        file.write(head)
        file.truncate(size)
    return path


@contextmanager
def in_little_memory() -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < 32 << 20
    finally:
        tracemalloc.stop()


def test_a_sparse_file_of_2_gb_is_a_binary_and_costs_nothing(tmp_path: Path) -> None:
    path = sparse(tmp_path / "disk.img", b"", 2 << 30)
    with in_little_memory(), pytest.raises(NotText, match="a binary file"):
        read_file(path)


def test_a_single_line_of_2_gb_is_read_to_where_a_result_ends(tmp_path: Path) -> None:
    path = sparse(tmp_path / "line.json", b"x" * encodings.SNIFF_BYTES, 2 << 30)

    with in_little_memory():
        found = read_file(path)
        rest = read_file(path, 1, 1, 1 << 24)

    assert found.lines[0].startswith("x" * encodings.SNIFF_BYTES)
    assert len(found.lines[0]) == lines_module.WINDOW_CHARS
    assert (found.total, found.more) == (None, True)  # whether there is a second line costs 2 GB of reading
    assert len(rest.lines[0]) == lines_module.WINDOW_CHARS


def test_lines_deep_in_a_large_file_are_found(tmp_path: Path) -> None:
    path = tmp_path / "big.log"
    with path.open("w") as file:
        file.writelines(f"line {number}\n" for number in range(1, 1_000_001))

    assert path.stat().st_size > text.WHOLE_FILE_BYTES
    assert read_file(path, 765_432, 765_433) == Text(("line 765432", "line 765433"), 765_432, None)
    assert read_file(path, 999_999) == Text(("line 999999", "line 1000000"), 999_999, 1_000_000)
    assert read_file(path, 1_000_001) == Text((), 1_000_001, 1_000_000)
    whole = read_file(path)
    assert (whole.lines[:2], whole.total, whole.more) == (("line 1", "line 2"), 1_000_000, True)


def test_a_very_large_file_is_not_counted_to_its_end(tmp_path: Path) -> None:
    path = sparse(tmp_path / "huge.log", b"line\n" * 100_000, large_text.COUNT_BYTES + 1)
    found = read_file(path)
    assert (len(found.lines), found.total, found.more) == (lines_module.WINDOW_CHARS // 5, None, True)


def test_what_lies_beyond_what_is_looked_through_is_said(tmp_path: Path) -> None:
    path = sparse(tmp_path / "huge.log", b"line\n" * 2_000, 9 << 20)
    with patch.object(large_text, "SCAN_BYTES", 8 << 20), pytest.raises(NotText) as caught:
        read_file(path, 5_000)
    assert str(caught.value) == "huge.log: line 5000 is not within its first 0 GiB"


def test_a_withdrawn_call_ends_the_reading_of_a_large_file(tmp_path: Path) -> None:
    path = sparse(tmp_path / "huge.log", b"line\n" * 2_000, 1 << 30)
    chunks = 0

    def check() -> None:
        nonlocal chunks
        chunks += 1
        if chunks == 5:
            raise Cancelled

    with pytest.raises(Cancelled):
        read(str(path), "huge.log", 5_000, check=check)
    assert chunks == 5


def test_an_undecodable_byte_deep_in_a_large_file_is_said(tmp_path: Path) -> None:
    path = written(tmp_path / "a.log", b"line\n" * 300_000 + b"caf\xe9 x\n" + b"line\n" * 700_000)
    found = read_file(path, 300_001, 300_002)
    assert found.lines == ("caf\N{REPLACEMENT CHARACTER} x", "line")
    assert found.notes == ("decoded as utf-8, with errors",)


def test_a_definition_is_not_looked_for_in_a_large_file(tmp_path: Path) -> None:
    path = written(tmp_path / "a.py", b"x = 1\n" * 1_000_000)
    with pytest.raises(NotText, match=r"a.py: 5 MiB, too large to look for definitions in; read lines, as a.py:1-99"):
        read_whole(str(path), "a.py")


CHARACTERS = st.characters(codec="utf-8", exclude_characters="\0") | st.sampled_from("ab\r\né🚀")
BODIES = st.builds(
    lambda rows, end, tail: "".join(row + end for row in rows) + tail,
    st.lists(st.text(CHARACTERS, min_size=1, max_size=30), max_size=12),
    st.sampled_from(("\n", "\r\n", "\n\n")),
    st.text(CHARACTERS, max_size=30),
)
ENCODINGS = st.sampled_from(
    [(b"", "utf-8"), (codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF32_BE, "utf-32-be")]
)


@given(
    body=BODIES,
    encoding=ENCODINGS,
    first=st.integers(1, 30),
    count=st.none() | st.integers(0, 30),
    column=st.integers(0, 12),
    chunk=st.integers(8, 60),
)
def test_a_streamed_file_gives_the_same_lines(
    body: str,
    encoding: tuple[bytes, str],
    first: int,
    count: int | None,
    column: int,
    chunk: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    path = tmp_path_factory.getbasetemp() / "streamed"
    mark, name = encoding
    written(path, mark + body.encode(name))
    last = first if column else None if count is None else first + count
    whole = read_file(path, first, last, column)

    with patch.object(text, "WHOLE_FILE_BYTES", -1), patch.object(large_text, "CHUNK_BYTES", chunk):
        streamed = read_file(path, first, last, column)

    assert (streamed.lines, streamed.first, streamed.more) == (whole.lines, whole.first, whole.more)
    assert streamed.total in (None, whole.total)
    assert last is not None or streamed.total == whole.total


@given(body=BODIES, window=st.integers(1, 40), chunk=st.integers(8, 40), large=st.booleans())
def test_windows_one_after_another_give_the_whole_file(
    body: str, window: int, chunk: int, large: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = written(tmp_path_factory.getbasetemp() / "windowed", body.encode())
    lines = split_lines(body)[0]
    windows = [patch.object(module, "WINDOW_CHARS", window) for module in (lines_module, large_text)]

    with (
        windows[0],
        windows[1],
        patch.object(large_text, "CHUNK_BYTES", chunk),
        patch.object(text, "WHOLE_FILE_BYTES", -1 if large else 1 << 20),
    ):
        first = 1
        while True:
            found = read_file(path, first)
            for number, line in enumerate(found.lines, first):
                assert lines[number - 1] == line or (
                    len(found.lines) == 1 and len(line) == window and lines[number - 1].startswith(line)
                )
            first += len(found.lines)
            if not found.more:
                break
            assert found.lines
    assert first == len(lines) + 1


def test_the_kinds_cover_every_file_type_that_is_no_regular_file() -> None:
    kinds = [stat.S_IFDIR, stat.S_IFIFO, stat.S_IFSOCK, stat.S_IFCHR, stat.S_IFBLK]
    for kind in kinds:
        with pytest.raises(NotText):
            text.refuse_special(os.stat_result((kind, *[0] * 9)), "x")
    text.refuse_special(os.stat_result((stat.S_IFREG, *[0] * 9)), "x")
