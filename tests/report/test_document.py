"""The JSON form: its keys are a promise, and its figures add up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mcp_lean.costs.contract import parse_contract
from mcp_lean.costs.prices import list_prices
from mcp_lean.report.document import document, iso
from mcp_lean.transcripts.model import Skipped

from .made import cost

RUN_KEYS = {
    "session", "project", "started", "usd", "requests", "tokens", "orchestrator_usd", "subagents_usd", "auxiliary_usd",
    "tool_loop_usd", "lower_bound", "agents", "tools", "cache_breaks", "own_overhead_usd",
}  # fmt: skip
TOKEN_KEYS = {"input", "cache_write_5m", "cache_write_1h", "cache_read", "output"}


@pytest.fixture
def made(tmp_path: Path) -> dict[str, Any]:
    return document([cost(tmp_path)], list_prices(), Skipped())


def test_the_promised_keys_are_there(made: dict[str, Any]) -> None:
    [run] = made["runs"]
    assert set(made) >= {"runs", "total_usd"}
    assert set(run) >= RUN_KEYS
    assert set(run["tokens"]) == TOKEN_KEYS
    for agent in run["agents"]:
        assert set(agent) >= {"id", "type", "parent", "model", "usd", "requests", "tokens"}
        assert set(agent["tokens"]) == TOKEN_KEYS
    for tool in run["tools"]:
        assert set(tool) >= {"name", "calls", "result_tokens", "usd"}
    for found in run["cache_breaks"]:
        assert set(found) >= {"agent", "request", "cause", "usd"}


def test_the_document_is_what_the_run_says(made: dict[str, Any]) -> None:
    [run] = made["runs"]
    assert run["session"] == "5e551011-0000-4000-8000-000000000001"
    assert (run["project"], run["started"]) == ("-home-ann-shop", "2026-11-20T09:00:01Z")
    assert [(a["id"], a["type"], a["parent"], a["model"], a["requests"]) for a in run["agents"]] == [
        ("main", "orchestrator", "", "claude-opus-5-5", 11),
        ("a1b2c3", "Explore", "main", "claude-opus-5-5", 5),
        ("d4e5f6", "scout", "main", "claude-haiku-5-5", 4),
    ]
    [found] = run["cache_breaks"]
    assert (found["agent"], found["request"], found["cause"]) == ("main", "msg_main_9", "ttl_expired_5m")
    assert (run["usd"], made["total_usd"], run["lower_bound"]) == (0.69, 0.69, False)


def test_the_parts_add_up_to_the_cent(made: dict[str, Any]) -> None:
    [run] = made["runs"]
    total = pytest.approx(run["usd"], abs=1e-9)
    assert run["orchestrator_usd"] + run["subagents_usd"] + run["auxiliary_usd"] == total
    assert sum(agent["usd"] for agent in run["agents"]) + run["unrecorded_usd"] == total
    assert sum(line["usd"] for line in run["lines"]) == total
    assert sum(tool["usd"] for tool in run["tools"]) == pytest.approx(run["tool_loop_usd"], abs=1e-9)
    assert run["own_overhead_usd"] == pytest.approx(sum(line["usd"] for line in run["lines"] if line["own"]), abs=1e-9)


def test_texts_are_in_it_only_when_asked_for(tmp_path: Path) -> None:
    [plain] = document([cost(tmp_path)], list_prices(), Skipped())["runs"]
    [full] = document([cost(tmp_path)], list_prices(), Skipped(), with_text=True)["runs"]
    assert "find rounding" not in json.dumps(plain)
    assert [agent["description"] for agent in full["agents"]] == ["", "find rounding", "list the tests"]


def test_every_key_is_documented(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs" / "cost.md").read_text(encoding="utf-8")
    docs = text[: text.index("## Replay as JSON")]

    def keys(value: object) -> set[str]:
        if isinstance(value, dict):
            return set(value).union(*(keys(each) for each in value.values()))
        return set().union(*(keys(each) for each in value)) if isinstance(value, list) else set()

    made = document([cost(tmp_path)], list_prices(), Skipped(), with_text=True)
    assert {key for key in keys(made) if f'"{key}"' not in docs} == {"title", "description"}
    assert "`title`" in docs
    assert "`description`" in docs


def test_what_was_skipped_and_where_prices_come_from_is_in_it(tmp_path: Path) -> None:
    contract = parse_contract({"multiplier": 20}, "managed.json", list_prices())
    skipped = Skipped(files=(("a.jsonl", "permission denied"),), bad_lines=2, unknown_types=(("new-kind", 3),))
    made = document([cost(tmp_path)], list_prices().with_contract(contract), skipped)
    assert made["prices"]["contract"] == "managed.json"
    assert made["prices"]["problems"] == [
        "managed.json: modelPricing.multiplier is not a number above 0 and at most 10; 1 used"
    ]
    assert made["skipped"]["files"] == [{"path": "a.jsonl", "reason": "permission denied"}]
    assert (made["skipped"]["bad_lines"], made["skipped"]["unknown_types"]) == (2, {"new-kind": 3})


def test_times_are_utc_and_an_unknown_time_is_none() -> None:
    assert iso(0) == "1970-01-01T00:00:00Z"
    assert iso(None) is None
