"""Laws: whatever the bytes, an outline is well formed, and the same twice."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcp_lean.repo.languages import language_of
from mcp_lean.repo.outline import (
    Definition,
    Outline,
    definitions_by_regex,
    enclosing,
    find,
    nearest,
    outline,
    render_outline,
)

DATA = Path(__file__).parents[1] / "data" / "outline"
SAMPLES = {sample.stem: sample.read_bytes() for sample in sorted(DATA.glob("*.txt"))}
EXAMPLES = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def is_well_formed(found: Outline, source: bytes) -> None:
    lines = (
        source.decode("utf-16", "replace").count("\n")
        if source[:2] in (b"\xff\xfe", b"\xfe\xff")
        else source.count(b"\n")
    )
    around: list[Definition] = []
    for definition in found.definitions:
        assert 1 <= definition.start <= definition.end <= lines + 1
        assert definition.name
        assert definition.qualified.endswith(definition.name)
        assert len(definition.signature) <= 200
        assert "\n" not in definition.signature + definition.qualified
        while around and not definition.qualified.startswith(around[-1].qualified + "."):
            around.pop()
        if around and around[-1].start <= definition.start < around[-1].end:
            assert definition.end <= around[-1].end, (around[-1], definition)
        around.append(definition)
    starts = [definition.start for definition in found.definitions]
    assert starts == sorted(starts)


def check(path: str, source: bytes) -> None:
    found = outline(path, source, deadline_s=10)
    is_well_formed(found, source)
    assert outline(path, source, deadline_s=10) == found
    rows = render_outline(found)
    assert all(line >= 1 and text and "\n" not in text for line, text in rows)
    for definition in found.definitions:
        assert definition in find(found, definition.qualified)
        assert enclosing(found, definition.start) is not None


@pytest.mark.parametrize("path", SAMPLES)
@EXAMPLES
@given(source=st.binary(max_size=300))
def test_any_bytes_have_a_well_formed_outline(path: str, source: bytes) -> None:
    check(path, source)


@pytest.mark.parametrize("path", SAMPLES)
@EXAMPLES
@given(data=st.data())
def test_a_damaged_sample_has_a_well_formed_outline(path: str, data: st.DataObject) -> None:
    """Pieces of the sample in any order, with a few bytes that matter in between."""
    whole = SAMPLES[path]
    cut = st.integers(0, len(whole))
    bits = st.sampled_from(
        [b"{", b"}", b"(", b")", b'"', b"'''", b"`", b"\n", b"\t", b"/*", b"#", b"\r\n", b"\xff", b"<<<<<<< x\n", b"\0"]
    )
    pieces = data.draw(
        st.lists(st.one_of(bits, st.tuples(cut, cut).map(lambda ends: whole[min(ends) : max(ends)])), max_size=6)
    )

    check(path, b"".join(pieces))


@pytest.mark.parametrize("path", SAMPLES)
@EXAMPLES
@given(source=st.binary(max_size=300))
def test_the_regex_gives_names_with_lines_of_the_file(path: str, source: bytes) -> None:
    found = definitions_by_regex(language_of(path, source) or "", source)

    assert found == sorted(found, key=lambda item: item[1])
    assert all(name and 1 <= line <= source.count(b"\n") + 1 for name, line in found)


@EXAMPLES
@given(symbol=st.text(max_size=20), line=st.integers(-5, 200))
@pytest.mark.parametrize("path", ["shop.py", "db.cpp", "guide.md"])
def test_any_question_has_an_answer(path: str, symbol: str, line: int) -> None:
    found = outline(path, SAMPLES[path], deadline_s=10)
    around = enclosing(found, line)

    assert set(find(found, symbol)) <= set(found.definitions)
    assert set(nearest(found, symbol)) <= {definition.qualified for definition in found.definitions}
    assert around is None or around.start <= line <= around.end
