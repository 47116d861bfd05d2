"""The same money by agent type, tool, model and day."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from mcp_lean.report.groups import grouped

from .made import cost


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


def test_by_agent_type(tmp_path: Path) -> None:
    made = cost(tmp_path)
    assert [(row.key, row.requests) for row in grouped([made, made], "agent")] == [
        ("orchestrator", 22),
        ("Explore", 10),
        ("unrecorded", 0),
        ("scout", 8),
    ]


def test_by_model_and_day(tmp_path: Path) -> None:
    made = cost(tmp_path)
    assert [row.key for row in grouped([made], "model")] == ["claude-opus-5-5", "unrecorded", "claude-haiku-5-5"]
    assert [(row.key, row.requests) for row in grouped([made], "day")] == [("2026-11-20", 20)]


def test_groups_add_up_to_the_total_and_tools_to_the_tool_loop(tmp_path: Path) -> None:
    made = cost(tmp_path)
    for by in ("agent", "model", "day"):
        assert sum(row.picousd for row in grouped([made], by)) == made.picousd, by  # type: ignore[arg-type]
    assert sum(row.picousd for row in grouped([made], "tool")) == made.tool_loop_picousd


def test_a_day_is_the_persons_own_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    time.tzset()
    assert [row.key for row in grouped([cost(tmp_path)], "day")] == ["2026-11-20"]
    monkeypatch.setenv("TZ", "Pacific/Honolulu")
    time.tzset()
    assert [row.key for row in grouped([cost(tmp_path)], "day")] == ["2026-11-19"]
