"""The table of `mcp-lean try`, in terminals of several widths."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from mcp_lean.costs.money import PICO, Bill
from mcp_lean.costs.prices import quote
from mcp_lean.costs.reading import Reading
from mcp_lean.costs.trial import Ways
from mcp_lean.report.tables import Look
from mcp_lean.report.trial import ways_table


@pytest.mark.parametrize(
    ("width", "header"),
    [
        (80, "way                 requests  tokens sent  of it new  output  dollars"),
        (60, "way                 requests  tokens sent  dollars"),
        (40, "way                 requests  dollars"),
    ],
)
def test_where_there_is_no_room_columns_leave_and_the_dollars_stay(width: int, header: str) -> None:
    reading = Reading(2, 1_234_567.0, 20_000.0, 800.0, Bill(output_picousd=PICO // 4))
    ways = Ways(("a.py",), 2, quote("claude-opus-5-5"), reading, reading, reading)
    out = io.StringIO()

    Console(file=out, width=width).print(ways_table(ways, Look(width)))

    lines = [line.rstrip() for line in out.getvalue().splitlines()]
    assert lines[0] == header
    assert [line.split()[-1] for line in lines[1:]] == ["$0.2500"] * 3
    assert lines[3].startswith("read_many, 2 calls ")
