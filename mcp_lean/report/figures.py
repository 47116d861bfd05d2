"""How figures are written for people: dollars, tokens, shares, bars, times.

In:  exact amounts.
Out: short texts.
Not here: layout.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import PureWindowsPath

from mcp_lean.costs.cache_breaks import Cause
from mcp_lean.costs.money import PICO
from mcp_lean.costs.origins import Kind
from mcp_lean.costs.prices import to_usd
from mcp_lean.packing.render import on_one_line

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


CAUSES: dict[Cause, str] = {
    "model_changed": "another model",
    "ttl_expired_5m": "5-minute cache expired",
    "ttl_expired_1h": "1-hour cache expired",
    "client_changed": "another version of Claude Code",
    "tools_changed": "other tools",
    "system_prompt_changed": "another system prompt",
    "effort_changed": "another effort",
    "messages_rewritten": "history rewritten",
    "likely_server_side": "nothing changed here, so likely on the server",
    "unknown": "no cause found",
}
"""Why the cache broke, as a person reads it. What each means: docs/cost.md#cache-breaks."""


def cause(name: Cause, gap_s: float | None) -> str:
    """Why the cache broke, and how long after the request before."""
    if gap_s is None:
        return CAUSES[name]
    if name.startswith("ttl_expired"):
        return f"{CAUSES[name]} in a pause of {duration(gap_s)}"
    return f"{CAUSES[name]}, {duration(gap_s)} after the request before"


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
    """A bar of `width` characters; what is less than half of one has none."""
    filled = round(width * part / whole) if whole > 0 else 0
    filled = max(min(filled, width), 0)
    return full * filled + " " * (width - filled)


def project_name(cwd: str, folder: str) -> str:
    """The last part of the folder that a session worked in; where no record names one, Claude Code's folder for it."""
    return on_one_line(PureWindowsPath(cwd).name or folder)  # knows both kinds of slashes


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
