"""One run through the replay: what is left out, what is said about it, what its outcomes add up to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from costs.runs import agent, call, request, result, run
from mcp_lean.costs.replay.catalog import POLICIES, info, members
from mcp_lean.costs.replay.outcome import Bound, LeftOut
from mcp_lean.costs.replay.run import replay_run
from mcp_lean.transcripts.model import Gaps, Run

ONE = request(0, write_5m=20_000, output=10, calls=[call("a", returned=result(900))])
TWO = request(1, read=20_000, write_5m=500, output=10, results=["a"])
FINE = agent([ONE, TWO])


@pytest.mark.parametrize(
    ("recorded", "reason"),
    [
        (run([FINE]), ""),
        (run([agent([ONE])]), "one request"),
        (run([agent([ONE]), agent([TWO], "c", "compaction")]), "one request"),
        (run([agent([request(0), request(1)])]), "no usage"),
        (run([agent([])]), "no usage"),
        (run([agent([ONE, TWO], "sub", "subagent")]), "main conversation missing"),
        (run([FINE], gaps=Gaps(is_main_missing=True)), "main conversation missing"),
        (run([FINE], gaps=Gaps(unknown_subagents=1)), "subagents missing"),
        (run([FINE], gaps=Gaps(partial_subagents=1, missing_compactions=1)), ""),
    ],
)
def test_a_run_of_which_too_little_is_known_is_left_out_with_the_reason(recorded: Run, reason: LeftOut) -> None:
    found = replay_run(recorded)

    assert found.left_out == reason
    assert bool(found.outcomes) == (not reason)


def test_what_is_missing_from_a_run_that_is_replayed_is_said() -> None:
    found = replay_run(run([FINE], gaps=Gaps(partial_subagents=1)))

    assert found.notes == ("the last answer of 1 subagent is in no file",)


def test_a_run_that_used_us_says_so() -> None:
    used = replace(ONE, calls=(replace(ONE.calls[0], name="mcp__lean__read_many"),))

    assert "mcp_lean was used in it" in replay_run(run([agent([used, TWO])])).notes[0]


def test_a_price_that_had_to_be_assumed_is_said() -> None:
    unknown = agent([replace(ONE, model="claude-novel-9"), replace(TWO, model="claude-novel-9")])

    [note] = replay_run(run([unknown])).notes

    assert note.startswith("claude-novel-9: no price known")


def test_the_facts_of_a_run() -> None:
    other = agent([replace(ONE, model="claude-haiku-5-5")], "sub", "subagent")
    found = replay_run(run([FINE, other, agent([ONE], "c", "compaction")]), "current", ["own"])

    assert (found.world, found.requests, found.subagents, found.peak_tokens) == ("current", 3, 1, 20_500)
    assert found.length == "short"
    assert found.models == ("claude-opus-5-5", "claude-haiku-5-5")
    assert [(outcome.policy, outcome.bound) for outcome in found.outcomes] == [("own", "strict"), ("own", "expected")]


@pytest.mark.parametrize(("requests", "length"), [(24, "short"), (25, "medium"), (74, "medium"), (75, "long")])
def test_the_length_of_a_run(requests: int, length: str) -> None:
    recorded = run([agent([request(n, read=20_000, output=9) for n in range(requests)])])

    assert replay_run(recorded, policies=[]).length == length


def test_net_is_gross_less_our_own_overhead() -> None:
    for outcome in replay_run(run([FINE])).outcomes:
        assert outcome.saved_picousd == outcome.gross_picousd - outcome.own_picousd


def test_our_definitions_are_charged_to_policies_that_need_the_server_only() -> None:
    found = replay_run(run([FINE]))
    owns = {outcome.policy: outcome.own_picousd for outcome in found.outcomes if outcome.bound == "strict"}

    assert owns["batching"] == owns["outlines"] > owns["scout"] == owns["without_server"] > 0
    assert owns["together"] == owns["batching"] + owns["scout"]
    assert owns["native_parallel"] == owns["lean_base"] == 0


def test_a_share_is_of_the_baseline_and_of_nothing_there_is_none() -> None:
    found = replay_run(run([FINE]), policies=["own"])
    own = found.outcome("own", "strict")

    assert own is not None
    assert found.share("own", "strict") == own.saved_picousd / found.baseline_picousd < 0
    assert found.share("own", "upper") is None
    assert found.outcome("batching", "strict") is None


@pytest.mark.parametrize(
    ("name", "bound", "included"),
    [
        ("batching", "upper", ("batching",)),
        (
            "together",
            "strict",
            ("scout", "outlines", "batching", "lean_agents", "routing", "lean_base", "clear", "repeats", "loops"),
        ),
        (
            "without_server",
            "expected",
            ("scout", "lean_agents", "routing", "lean_base", "steady_prefix", "clear", "loops"),
        ),
    ],
)
def test_bundles_are_applied_in_an_order(name: str, bound: Bound, included: tuple[str, ...]) -> None:
    assert tuple(module.INFO.name for module in members(name, bound)) == included


def test_a_bundle_can_do_without_a_policy_and_a_policy_not_without_itself() -> None:
    left = [module.INFO.name for module in members("together", "strict", ("lean_base", "scout"))]

    assert left == ["outlines", "batching", "lean_agents", "routing", "clear", "repeats", "loops"]
    assert [module.INFO.name for module in members("scout", "strict", ("scout",))] == ["scout"]


def test_an_unknown_policy_is_no_policy() -> None:
    with pytest.raises(KeyError):
        info("magic")
    with pytest.raises(KeyError):
        replay_run(run([FINE]), policies=["batching", "magic"])
    assert len({policy.name for policy in POLICIES}) == len(POLICIES)
