"""rg's output is taken apart however it is cut, whatever the names are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mcp_lean.repo.rg_stream import Stream

STATISTICS = b"\n3 matches\n3 matched lines\n2 files contained matches\n7 files searched\n9 bytes printed\n"
WARNING = b'%s: WARNING: stopped searching binary file after match (found "\\0" byte around offset 70012)\n'

paths = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12).map(str.encode)
lines = st.binary(max_size=20).map(lambda data: data.replace(b"\0", b"").replace(b"\n", b"").replace(b"\r", b""))
hits = st.dictionaries(paths, st.lists(lines, min_size=1, max_size=4), max_size=5)


@given(hits, st.lists(st.integers(1, 40), min_size=1, max_size=10), st.booleans())
def test_every_line_comes_back_under_its_path(found: dict[bytes, list[bytes]], cuts: list[int], warns: bool) -> None:
    output = b""
    for path, texts in found.items():
        output += b"".join(b"./" + path + b"\0" + text + b"\n" for text in texts)
        if warns:
            output += WARNING % (b"./" + path)
    output += STATISTICS
    stream = Stream()
    turn = 0
    while output:
        size = cuts[turn % len(cuts)]
        stream.feed(output[:size])
        output, turn = output[size:], turn + 1

    assert stream.end()
    assert stream.searched_files == 7
    assert stream.texts() == {
        path.decode(): b"\n".join(texts).decode("utf-8", "replace") for path, texts in found.items()
    }


def test_without_statistics_the_end_is_no_end() -> None:
    stream = Stream()
    stream.feed(b"./a.txt\0needle\n./b")

    assert not stream.end()


def test_several_runs_add_up() -> None:
    stream = Stream()
    for path in (b"./a", b"./b"):
        stream.feed(path + b"\0needle\n" + STATISTICS)
        assert stream.end()

    assert (stream.texts(), stream.searched_files) == ({"a": "needle", "b": "needle"}, 14)


def test_marks_of_cut_lines_and_carriage_returns_are_taken_off() -> None:
    stream = Stream()
    stream.feed(b"./a\0long [... omitted end of long line]\n./a\0more [... 2 more matches]\n./a\0crlf\r\n" + STATISTICS)
    stream.end()

    assert stream.texts() == {"a": "long\nmore\ncrlf"}
