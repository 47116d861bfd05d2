"""Which lines have room."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mcp_lean.checkpoint.fit import fitted, heading
from mcp_lean.checkpoint.model import Line, Section
from mcp_lean.packing.tokens import cost

SECTIONS = st.lists(
    st.builds(
        Section,
        st.sampled_from(["task", "plan", "files"]),
        st.lists(st.builds(Line, st.text(min_size=1, max_size=40), st.floats(0.1, 10)), min_size=1, max_size=8).map(
            tuple
        ),
    ),
    max_size=3,
    unique_by=lambda section: section.name,
)


def test_every_section_keeps_its_best_line_before_any_keeps_two() -> None:
    many = Section("files", tuple(Line(f"- file number {number}", 9.0) for number in range(20)))
    one = Section("plan", (Line("- next: write", 0.5), Line("- next: read", 0.4)))
    kept, dropped = fitted([many, one], 34)

    assert [(section.name, len(section.lines)) for section in kept] == [("files", 2), ("plan", 1)]
    assert kept[1].lines == (Line("- next: write", 0.5),)
    assert dropped == {"files": 18, "plan": 1}


@given(SECTIONS, st.integers(0, 200))
def test_the_budget_holds_and_nothing_is_lost_uncounted(sections: list[Section], budget: int) -> None:
    kept, dropped = fitted(sections, budget)

    text = "".join(f"{heading(part.name)}\n" + "".join(f"{line.text}\n" for line in part.lines) for part in kept)
    assert cost(text) <= budget + 0.01 or not text
    asked = sum(len(part.lines) for part in sections)
    assert sum(len(part.lines) for part in kept) + sum(dropped.values()) == asked
