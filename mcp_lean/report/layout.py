"""Tables that fit a width: columns leave, texts are cut or wrapped, numbers and ids never.

In:  columns, rows of cells, a width.
Out: a table of rich in which each column has the width that it needs.
Not here: which columns a page has (`tables`, `live`, `replay/tables`), how figures are written (`figures`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rich.cells import cell_len, set_cell_size
from rich.table import Table
from rich.text import Text

from mcp_lean.packing.render import on_one_line

GAP = 2
"""Blanks between columns."""

Keeps = Literal["start", "end", "all"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    is_right: figures stand below one another.
    leaves: where there is no room, the column with the highest number leaves first; 0 stays.
    least: a text may be made as narrow as this; 0: a figure or an id, which is whole or not there.
    keeps: what of a text that has no room is kept; "all" is in several lines.
    """

    name: str
    is_right: bool = False
    leaves: int = 0
    least: int = 0
    keeps: Keeps = "start"


def right(name: str, leaves: int = 0) -> Column:
    """A column of figures."""
    return Column(name, is_right=True, leaves=leaves)


def fitted(columns: Sequence[Column], rows: Sequence[Sequence[Text | str]], width: int) -> Table:
    """The table in `width` characters. Where even what must stay is wider, it is as narrow as it can be."""
    cells = [[Text(on_one_line(cell)) if isinstance(cell, str) else cell for cell in row] for row in rows]
    needs = [
        max([cell_len(column.name), *(row[place].cell_len for row in cells)]) for place, column in enumerate(columns)
    ]
    least = [min(column.least or need, need) for column, need in zip(columns, needs, strict=True)]
    kept = list(range(len(columns)))
    for place in sorted((place for place in kept if columns[place].leaves), key=lambda place: -columns[place].leaves):
        if _over(kept, least, width) > 0:
            kept.remove(place)
    widths = {place: least[place] for place in kept}
    spare = max(-_over(kept, least, width), 0)
    for place in kept:
        more = min(needs[place] - widths[place], spare)
        widths[place] += more
        spare -= more
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    for place in kept:
        column = columns[place]
        table.add_column(
            column.name,
            justify="right" if column.is_right else "left",
            width=widths[place],
            no_wrap=column.keeps != "all",
        )
    for row in cells:
        table.add_row(*(_cell(row[place], columns[place], widths[place]) for place in kept))
    return table


def shortened(text: str, width: int, *, keeps_end: bool = False) -> str:
    """One line of at most `width` characters, without what could steer a terminal; what has gone is two dots."""
    flat = on_one_line(" ".join(text.split()))
    if cell_len(flat) <= width:
        return flat
    if width < 3:
        return "." * width
    if keeps_end:
        return f"..{set_cell_size(flat[::-1], width - 2)[::-1].strip()}"
    return f"{set_cell_size(flat, width - 2).rstrip()}.."


def _over(kept: Sequence[int], widths: Sequence[int], width: int) -> int:
    """By how much the columns are wider than `width`; below zero: what is left."""
    return sum(widths[place] for place in kept) + GAP * (len(kept) - 1) - width


def _cell(cell: Text, column: Column, width: int) -> Text:
    if not column.least or column.keeps == "all" or cell.cell_len <= width:
        return cell
    return Text(shortened(cell.plain, width, keeps_end=column.keeps == "end"), style=cell.style)
