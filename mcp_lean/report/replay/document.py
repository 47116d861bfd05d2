"""A replay as JSON: the stable form for programs, and the data of its page.

In:  a `Summary`, prices, what the reading skipped.
Out: plain dictionaries; keys are added, never renamed (docs/cost.md#replay-json).
Not here: adding up (`summary`), charts (`page`).

Dollars are floats, each rounded once; shares are parts of one, below zero for losses. No text of a conversation is in
it, unless `with_text` is asked for: then titles of runs, and the calls of the examples.
"""

from __future__ import annotations

from mcp_lean.costs.adoption import Adoption
from mcp_lean.costs.money import to_usd
from mcp_lean.costs.prices import PriceTable
from mcp_lean.costs.replay.outcome import Outcome, PolicyInfo, RunReplay
from mcp_lean.report.document import Json, iso, prices_document, skipped_document
from mcp_lean.report.replay.summary import Gain, Row, Summary
from mcp_lean.transcripts.model import Skipped


def replay_document(summary: Summary, table: PriceTable, skipped: Skipped, *, with_text: bool = False) -> Json:
    """The whole document."""
    policies: dict[str, Json] = {}
    for row in summary.rows:
        made = policies.setdefault(row.policy.name, _policy(row.policy))
        made["bounds"][row.bound] = _row(row)
    runs = [*summary.runs, *summary.excluded]
    return {
        "world": summary.world,
        "sessions": summary.sessions,
        "requests": summary.requests,
        "subagents": summary.subagents,
        "versions": list(summary.versions),
        "models": list(summary.models),
        "recorded_usd": to_usd(summary.recorded_picousd),
        "baseline_usd": to_usd(summary.baseline_picousd),
        "ideal_cache_usd": to_usd(summary.predicted_picousd),
        "residual": summary.residual,
        "worst_session_residual": summary.worst_residual,
        "left_out": dict(summary.left_out),
        "notes": dict(summary.notes),
        "together": summary.together or None,
        "policies": list(policies.values()),
        "gains": [_gain(gain, with_text=with_text) for gain in summary.gains],
        "measured": _measured(summary.measured) if summary.measured else None,
        "runs": [_run(run, with_text=with_text) for run in runs],
        "prices": prices_document(table),
        "skipped": skipped_document(skipped),
    }


def _policy(policy: PolicyInfo) -> Json:
    return {
        "name": policy.name,
        "title": policy.title,
        "is_bundle": policy.is_bundle,
        "is_arithmetic": policy.is_arithmetic,
        "is_baseline": policy.is_baseline,
        "assumptions": list(policy.assumptions),
        "loses_when": policy.loses_when,
        "bounds": {},
    }


def _row(row: Row) -> Json:
    return {
        "saved_usd": to_usd(row.saved_picousd),
        "gross_usd": to_usd(row.gross_picousd),
        "own_usd": to_usd(row.own_picousd),
        "share": row.share,
        "p10": row.spread.p10,
        "median": row.spread.median,
        "p90": row.spread.p90,
        "losers": row.losers,
        "sessions": row.sessions,
        "acted": row.acted,
        "count": row.count,
        "seconds_saved": row.seconds_saved,
    }


def _gain(gain: Gain, *, with_text: bool) -> Json:
    return {
        "session": gain.run.session_id,
        "saved_usd": to_usd(gain.saved_picousd),
        "share": gain.share,
        "examples": [_example(policy, outcome, index, with_text=with_text) for policy, outcome, index in gain.examples],
    }


def _example(policy: PolicyInfo, outcome: Outcome, index: int, *, with_text: bool) -> Json:
    example = outcome.examples[index]
    made: Json = {
        "policy": policy.name,
        "bound": outcome.bound,
        "agent": example.agent_id,
        "request": example.request_index + 1,
        "tools": [tool for tool, _ in example.calls],
        "saved_usd": to_usd(example.saved_picousd),
    }
    if with_text:
        made["calls"] = [{"tool": tool, "about": about} for tool, about in example.calls]
        made["becomes"] = example.becomes
    return made


def _run(run: RunReplay, *, with_text: bool) -> Json:
    made: Json = {
        "session": run.session_id,
        "project": run.project,
        "started": iso(run.started_s),
        "versions": list(run.versions),
        "models": list(run.models),
        "left_out": run.left_out or None,
        "length": run.length,
        "requests": run.requests,
        "subagents": run.subagents,
        "peak_context_tokens": run.peak_tokens,
        "recorded_usd": to_usd(run.recorded_picousd),
        "baseline_usd": to_usd(run.baseline_picousd),
        "ideal_cache_usd": to_usd(run.predicted_picousd),
        "outcomes": [
            {
                "policy": outcome.policy,
                "bound": outcome.bound,
                "saved_usd": to_usd(outcome.saved_picousd),
                "gross_usd": to_usd(outcome.gross_picousd),
                "own_usd": to_usd(outcome.own_picousd),
                "share": outcome.saved_picousd / run.baseline_picousd if run.baseline_picousd else None,
                "count": outcome.count,
                "seconds_saved": outcome.seconds_saved,
            }
            for outcome in run.outcomes
        ],
        "notes": list(run.notes),
    }
    if with_text:
        made["title"] = run.title
    return made


def _measured(found: Adoption) -> Json:
    return {
        "runs": found.runs,
        "losing_runs": found.losing_runs,
        "share": found.share,
        "own_calls": found.own_calls,
        "own_turns": found.own_turns,
        "own_looks": found.own_looks,
        "native_calls": found.native_calls,
        "native_turns": found.native_turns,
        "looks_per_own_turn": found.looks_per_own_turn,
        "looks_per_native_turn": found.looks_per_native_turn,
        "compared_turns": found.compared_turns,
        "saved_turns": found.saved_turns,
        "saved_usd": to_usd(found.saved_picousd),
        "follow_ups": found.follow_ups,
        "unchanged_items": found.unchanged_items,
        "reread_calls": found.reread_calls,
        "failed_items": found.failed_items,
        "unreadable_calls": found.unreadable_calls,
        "overhead_usd": to_usd(found.overhead_picousd),
        "definitions_usd": to_usd(found.definitions_picousd),
        "hook_texts_usd": to_usd(found.hooks_picousd),
        "frames_usd": to_usd(found.frames_picousd),
        "failures_usd": to_usd(found.failures_picousd),
        "rereads_usd": to_usd(found.rereads_picousd),
        "other_calls_usd": to_usd(found.other_calls_picousd),
        "net_usd": to_usd(found.net_picousd),
    }
