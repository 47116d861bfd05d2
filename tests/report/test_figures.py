"""Figures for people."""

from __future__ import annotations

from typing import get_args

import pytest

from mcp_lean.costs.cache_breaks import Cause
from mcp_lean.costs.money import PICO
from mcp_lean.report.figures import CAUSES, bar, cause, count, duration, label, money, plural, project_name, share


@pytest.mark.parametrize(
    ("picousd", "text"),
    [
        (0, "$0"),
        (1, "<$0.0001"),
        (PICO // 10_000, "$0.0001"),
        (144_447_500_000, "$0.1444"),
        (PICO, "$1.00"),
        (1_234_567 * PICO // 100, "$12,345.67"),
    ],
)
def test_money(picousd: int, text: str) -> None:
    assert money(picousd) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (842, "842"), (9_999, "9,999"), (15_432, "15.4k"), (167_000, "167k"), (999_499, "999k"),
     (999_500, "1.00M"), (15_123_456, "15.12M"), (123_456_789, "123M")],
)  # fmt: skip
def test_count(number: int, text: str) -> None:
    assert count(number) == text


def test_a_share_never_hides_something_and_a_bar_says_how_much() -> None:
    assert [share(0, 10), share(1, 1_000), share(1, 3), share(5, 0)] == ["0 %", "<1 %", "33 %", "-"]
    assert [bar(0, 10, 4), bar(1, 1_000, 4), bar(5, 10, 4), bar(20, 10, 4)] == ["    ", "    ", "██  ", "████"]
    assert [bar(part, 1_000, 12).strip() for part in (41, 42)] == ["", "█"]  # half a block


def test_durations_and_numbers() -> None:
    assert [duration(s) for s in (4, 120, 7_200, 200_000)] == ["4 s", "2 min", "2.0 h", "2.3 d"]
    assert [plural(1, "run"), plural(2, "run")] == ["1 run", "2 runs"]


def test_our_own_lines_name_us() -> None:
    assert [label("base", True), label("base", False), label("reminder", True), label("prompt", True)] == [
        "mcp_lean: definitions",
        "system, tools, memory",
        "mcp_lean: hook texts",
        "mcp_lean: prompts and tasks",
    ]


def test_every_cause_of_a_cache_break_has_words() -> None:
    assert set(CAUSES) == set(get_args(Cause))
    assert cause("ttl_expired_5m", 1_140) == "5-minute cache expired in a pause of 19 min"
    assert cause("unknown", 5) == "no cause found, 5 s after the request before"
    assert cause("model_changed", None) == "another model"


@pytest.mark.parametrize(
    ("cwd", "name"),
    [
        ("/home/ann/shop", "shop"),
        ("/home/ann/shop/", "shop"),
        ("C:\\Users\\ann\\shop", "shop"),
        ("/home/ann/\x1b[31mred", "\\x1b[31mred"),
        ("", "-home-ann-shop"),
        ("/", "-home-ann-shop"),
    ],
)
def test_a_project_is_called_as_its_folder_is(cwd: str, name: str) -> None:
    assert project_name(cwd, "-home-ann-shop") == name
