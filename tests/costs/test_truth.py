"""From files to dollars: transcripts whose true bill was worked out by hand, with the traps that meters fall into.

Each case is the whole way: lines on disk, reading, pricing, breakdown. The arithmetic stands beside the expectation, in
dollars per million tokens.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mcp_lean.costs.breakdown import RunCost, break_down
from mcp_lean.transcripts.read import load_runs

SESSION = "abcdef01-0000-4000-8000-000000000001"
Record = dict[str, Any]


def line(
    message_id: str,
    *,
    fresh: int = 0,
    write: int = 0,
    split: tuple[int, int] | None = None,
    read: int = 0,
    output: int = 100,
    model: str = "claude-opus-5-5",
    at: str = "2026-11-20T09:00:00Z",
    stop: str | None = "end_turn",
    content: Sequence[Record] = (),
    session: str = SESSION,
    **more: Any,
) -> Record:
    """One assistant line. `split`: (5-minute, 1-hour) part of `write`; absent as in some clients."""
    usage: Record = {
        "input_tokens": fresh,
        "cache_creation_input_tokens": write,
        "cache_read_input_tokens": read,
        "output_tokens": output,
        **more,
    }
    if split is not None:
        usage["cache_creation"] = {"ephemeral_5m_input_tokens": split[0], "ephemeral_1h_input_tokens": split[1]}
    message = {"id": message_id, "role": "assistant", "model": model, "stop_reason": stop, "usage": usage}
    message["content"] = list(content) or [{"type": "text", "text": "ok"}]
    return {"type": "assistant", "sessionId": session, "version": "2.1.200", "timestamp": at, "message": message}


def bills(folder: Path, files: dict[str, list[Record]]) -> dict[str, RunCost]:
    """Runs by id, read from files written here. Spaces after colons on purpose: some clients write them."""
    for name, records in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            "".join(json.dumps(record, separators=(", ", ": ")) + "\n" for record in records), encoding="utf-8"
        )
    return {run.id: break_down(run) for run in load_runs([str(folder)]).runs}


def usd(folder: Path, *records: Record) -> Decimal:
    [cost] = bills(folder, {f"{SESSION}.jsonl": list(records)}).values()
    return Decimal(cost.picousd).scaleb(-12)


CASES: dict[str, tuple[list[Record], str]] = {
    # 13,835 x 10 + 11,515 x 0.5 + 3 x 5 + 13 x 25 on Opus 4.6
    "one request with 1-hour writes": (
        [line("m", fresh=3, write=13_835, split=(0, 13_835), read=11_515, output=13, model="claude-opus-4-6")],
        "0.1444475",
    ),
    # once, with the largest output: 1,000 x 4 + 159 x 20; adding up would give 0.01754, the first line 0.00418
    "three lines of one message with growing outputs": (
        [
            line("m", fresh=1_000, output=9, stop=None),
            line("m", fresh=1_000, output=9, stop=None),
            line("m", fresh=1_000, output=159),
        ],
        "0.00718",
    ),
    # T28: 600 x 5 + 400 x 8, and 100 x 20 written
    "writes of both lifetimes": ([line("m", write=1_000, split=(600, 400))], "0.0082"),
    # T28: no split at all counts as 5 minutes: 1,000 x 5 + 100 x 20
    "writes without a split": ([line("m", write=1_000)], "0.007"),
    # T28: what the split does not cover counts as 5 minutes: 300 x 8 + 700 x 5 + 100 x 20
    "a split that covers a part": ([line("m", write=1_000, split=(0, 300))], "0.0079"),
    # T29: exactly 100,000 tokens of prompt: 100,000 x 0.01 + 1,000 x 0.50
    "haiku at its step": ([line("m", read=100_000, output=1_000, model="claude-haiku-5-5")], "0.0015"),
    # T29: one more: 100,001 x 0.05 + 1,000 x 2.50
    "haiku above its step": ([line("m", read=100_001, output=1_000, model="claude-haiku-5-5")], "0.00750005"),
    # T29: 1,000 x 8 + 10,000 x 0.40 + 100 x 40
    "fast mode": ([line("m", fresh=1_000, read=10_000, output=100, speed="fast")], "0.016"),
    # T29: half of 1,000 x 4 + 100 x 20
    "batch": ([line("m", fresh=1_000, output=100, service_tier="batch")], "0.003"),
    # 1.1 x (1,000 x 4 + 100 x 20)
    "inference in the US only": ([line("m", fresh=1_000, output=100, inference_geo="us")], "0.0066"),
    # 1,000 x 4 + 100 x 20, and two searches at a cent
    "web searches": ([line("m", fresh=1_000, server_tool_use={"web_search_requests": 2})], "0.026"),
    # T29: reads of Sonnet 5.5 at 0.20 until 7 October 2026, then at 0.10; 2 x 100 x 10
    "the day's price": (
        [
            line("a", read=100_000, model="claude-sonnet-5-5", at="2026-10-06T23:59:59Z"),
            line("b", read=100_000, model="claude-sonnet-5-5", at="2026-10-07T00:00:00Z"),
        ],
        "0.032",
    ),
    # T29: above 200k at 10 before 13 March 2026, at 5 from then on; 100 x 37.5 and 100 x 25 written
    "a step that was abolished": (
        [
            line("a", fresh=200_001, model="claude-opus-4-6", at="2026-03-12T12:00:00Z"),
            line("b", fresh=200_001, model="claude-opus-4-6", at="2026-03-13T12:00:00Z"),
        ],
        "3.006265",
    ),
    # T30: three spellings of Opus 5.5: 3 x (1,000 x 4 + 100 x 20)
    "spellings": (
        [
            line("a", fresh=1_000, model="claude-opus-5-5[1m]"),
            line("b", fresh=1_000, model="us.anthropic.claude-opus-5-5-v1:0"),
            line("c", fresh=1_000, model="claude-opus-5-5-20260922"),
        ],
        "0.018",
    ),
    # T30: as the dearest current model: 1,000 x 10 + 100 x 50
    "an unknown model": ([line("m", fresh=1_000, output=100, model="claude-saga-6")], "0.015"),
    "messages that the client made up": (
        [line("a", fresh=1_000), line("b", model="<synthetic>", stop="stop_sequence")],
        "0.006",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_bill_is_the_one_worked_out_by_hand(case: str, tmp_path: Path) -> None:
    records, dollars = CASES[case]
    assert usd(tmp_path, *records) == Decimal(dollars)


def test_an_unknown_model_is_named(tmp_path: Path) -> None:
    records, _ = CASES["an unknown model"]
    [cost] = bills(tmp_path, {"s.jsonl": records}).values()
    assert cost.assumptions == ("claude-saga-6: no price known; priced as claude-fable-5, the dearest current model",)


def test_subagents_and_resumed_history_are_charged_once(tmp_path: Path) -> None:
    """A resumed session repeats the older one's request; a subagent's file holds running counts of one message."""
    resumed = "abcdef02-0000-4000-8000-000000000002"
    old = line("m1", write=10_000, split=(0, 10_000), output=100, at="2026-11-19T09:00:00Z")
    sub = [line("s1", fresh=1_000, output=n, stop=None, model="claude-haiku-5-5") for n in (2, 8)]
    sub.append(line("s1", fresh=1_000, output=412, model="claude-haiku-5-5"))
    nested = [line("w1", fresh=2_000, output=10, model="claude-haiku-5-5")]
    costs = bills(
        tmp_path,
        {
            f"p/{SESSION}.jsonl": [old],
            f"p/{resumed}.jsonl": [{**old, "sessionId": resumed}, line("m2", read=10_000, output=50, session=resumed)],
            f"p/{resumed}/subagents/agent-a1.jsonl": sub,
            f"p/{resumed}/subagents/workflows/w/agent-a2.jsonl": nested,
        },
    )
    # 10,000 x 8 + 100 x 20
    assert costs[SESSION].bill.usd == Decimal("0.082")
    # 10,000 x 0.20 + 50 x 20; 1,000 x 0.10 + 412 x 0.50; 2,000 x 0.10 + 10 x 0.50
    assert Decimal(costs[resumed].side_picousd("orchestrator")).scaleb(-12) == Decimal("0.003")
    assert Decimal(costs[resumed].side_picousd("subagents")).scaleb(-12) == Decimal("0.000306") + Decimal("0.000205")


@pytest.mark.parametrize(("prefix", "breaks"), [(15_000, 0), (15_001, 1)])
def test_a_small_context_has_no_cache_break(prefix: int, breaks: int, tmp_path: Path) -> None:
    """T32."""
    records = [line("a", write=prefix), line("b", write=prefix, at="2026-11-20T10:00:00Z")]
    [cost] = bills(tmp_path, {"s.jsonl": records}).values()
    assert len(cost.breaks) == breaks


def test_a_compaction_is_no_cache_break(tmp_path: Path) -> None:
    """T32: the same two requests, without and with the marker between them."""
    before = line("a", write=60_000)
    marker = {
        "type": "system",
        "subtype": "compact_boundary",
        "sessionId": SESSION,
        "timestamp": "2026-11-20T09:00:10Z",
        "compactMetadata": {"trigger": "auto", "preTokens": 60_000},
    }
    after = line("b", read=20_000, write=20_000, at="2026-11-20T09:00:20Z")
    [plain] = bills(tmp_path / "plain", {"s.jsonl": [before, after]}).values()
    [compacted] = bills(tmp_path / "compacted", {"s.jsonl": [before, marker, after]}).values()
    assert (len(plain.breaks), len(compacted.breaks)) == (1, 0)
    assert compacted.gaps == ("1 compaction request in no file",)
