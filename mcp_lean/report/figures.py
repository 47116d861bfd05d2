"""How figures are written for people: dollars, tokens, shares, bars, times.

In:  exact amounts.
Out: short texts.
Not here: layout.
"""

from __future__ import annotations

from datetime import datetime

from mcp_lean.costs.money import PICO
from mcp_lean.costs.origins import Kind
from mcp_lean.costs.prices import to_usd

LABELS: dict[Kind, str] = {
    "base": "system, tools, memory",
    "prompt": "prompts and tasks",
    "result": "tool results",
    "arguments": "tool arguments",
    "answer": "answers and thinking",
    "reminder": "client's reminders",
    "summary": "after compaction",
    "unexplained": "unexplained growth",
    "search": "web searches",
    "auxiliary": "compaction, warm-up",
    "unrecorded": "in no transcript",
}
"""Lines of a bill, as a person reads them. What each means: docs/cost.md#lines."""

OWN_LABELS: dict[Kind, str] = {
    "base": "mcp_lean: definitions",
    "result": "mcp_lean: results",
    "arguments": "mcp_lean: arguments",
    "reminder": "mcp_lean: hook texts",
}


def label(kind: Kind, own: bool) -> str:
    """Name of a line."""
    return OWN_LABELS.get(kind, f"mcp_lean: {LABELS[kind]}") if own else LABELS[kind]


def money(picousd: int) -> str:
    """Cents from a dollar on, hundredths of a cent below; "$0" for nothing only. A loss has its minus in front."""
    if picousd == 0:
        return "$0"
    if picousd < 0:
        return f"-{money(-picousd)}"
    if abs(picousd) < PICO // 10_000 // 2:
        return "<$0.0001"
    usd = to_usd(picousd)
    return f"${usd:,.2f}" if abs(picousd) >= PICO else f"${usd:.4f}"


def count(number: int) -> str:
    """Three digits or so: 842, 15.4k, 1.24M."""
    if number < 10_000:
        return f"{number:,}"
    if number < 999_500:
        return f"{number / 1e3:.1f}k" if number < 99_950 else f"{number / 1e3:.0f}k"
    return f"{number / 1e6:.2f}M" if number < 99_950_000 else f"{number / 1e6:,.0f}M"


def share(part: int, whole: int) -> str:
    """Per cent without decimals; "<1 %" rather than 0 for something."""
    if whole <= 0:
        return "-"
    if 0 < 200 * part < whole:
        return "<1 %"
    return f"{100 * part / whole:.0f} %"


def percent(part: float) -> str:
    """Per cent with one decimal, for shares that may be below zero; what rounds to nothing has no sign."""
    words = f"{100 * part:.1f}"
    return f"{words.removeprefix('-') if float(words) == 0 else words} %"


def bar(part: int, whole: int, width: int, full: str = "█") -> str:
    """A bar of `width` characters; at least one for something."""
    filled = round(width * part / whole) if whole > 0 else 0
    filled = max(min(filled, width), 1 if part > 0 else 0)
    return full * filled + " " * (width - filled)


def local_time(seconds: float | None) -> str:
    """Minute, in the person's own time zone."""
    if seconds is None:
        return "undated"
    return datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M")


def duration(seconds: float) -> str:
    """40 s, 12 min, 3.5 h, 2.0 d."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5_400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 172_800 else f"{seconds / 86_400:.1f} d"


def plural(number: int, what: str) -> str:
    """1 run, 2 runs."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"
