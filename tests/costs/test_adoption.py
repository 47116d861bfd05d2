"""What our tools did in runs that used them: worked out by hand, gains and losses."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from mcp_lean.costs.adoption import Adoption, adoption
from mcp_lean.costs.breakdown import break_down
from mcp_lean.costs.own import ALL_LOADED_TOKENS, ALWAYS_LOADED_TOKENS
from mcp_lean.transcripts.model import Agent, Request, ToolCall

from .runs import agent, call, request, result, run

OUT, W5, READ = 20_000_000, 5_000_000, 200_000
"""Opus 5.5, picodollars per token."""

TURN = 10_000 * READ + 40 * OUT
"""A turn with 10,000 tokens of context in the cache."""


def ours(call_id: str, items: Sequence[str], answer: str, *, tool: str = "read_many", error: bool = False) -> ToolCall:
    returned = replace(result(len(answer), error=error), text=answer)
    made = call(call_id, f"mcp__lean__{tool}", input_chars=0, returned=returned)
    return replace(made, input_json=json.dumps({"items": list(items)}))


def native(call_id: str, path: str = "/home/me/shop/src/other.py", name: str = "Read") -> ToolCall:
    return call(call_id, name, subject=path, input_chars=0, returned=result(0))


def turns(*calls_by_turn: Sequence[ToolCall], first: int = 0) -> list[Request]:
    """One request per turn and one more at the end; 10,000 tokens come from the cache in each, nothing is written."""
    made = []
    results: tuple[str, ...] = ()
    for number, calls in enumerate([*calls_by_turn, ()]):
        made.append(request(first + number, read=10_000, calls=calls, results=results))
        results = tuple(each.id for each in calls)
    return made


def habit(per_turn: int = 1) -> list[list[ToolCall]]:
    """Three native turns."""
    return [[native(f"n{turn}{n}") for n in range(per_turn)] for turn in range(3)]


def measured(*agents: Agent) -> Adoption:
    found = adoption(break_down(run(list(agents))))
    assert found is not None
    return found


THREE = "== a.py (2 lines)\nx\ny\n== b.py (1 line)\nz\n== c.py (1 line)\nw"


def test_three_files_in_one_call_save_two_turns_of_an_agent_that_reads_one_by_one() -> None:
    main = agent(turns(*habit(), [ours("t1", ["a.py", "b.py", "c.py"], THREE)]))
    found = measured(main)

    assert (found.own_calls, found.own_turns, found.own_looks) == (1, 1, 3)
    assert (found.native_calls, found.native_turns, found.share) == (3, 3, 0.5)
    assert (found.compared_turns, found.saved_turns, found.saved_picousd) == (1, 2.0, 2 * TURN)
    # Five requests read the definitions; they were in the cache before the first one.
    assert found.definitions_picousd == 5 * ALWAYS_LOADED_TOKENS * READ
    assert found.overhead_picousd == found.definitions_picousd + found.frames_picousd
    assert found.net_picousd == 2 * TURN - found.overhead_picousd > 0
    assert (found.runs, found.losing_runs) == (1, 0)


def test_an_agent_that_reads_in_parallel_anyway_saves_nothing_and_pays_our_definitions() -> None:
    """The honest opponent: three native Reads per turn, and three items in our call."""
    main = agent(turns(*habit(3), [ours("t1", ["a.py", "b.py", "c.py"], THREE)]))
    found = measured(main)

    assert (found.looks_per_native_turn, found.looks_per_own_turn, found.saved_turns) == (3.0, 3.0, 0.0)
    assert found.net_picousd == -found.overhead_picousd < 0
    assert found.losing_runs == 1


def test_one_item_per_call_loses_turns_against_such_an_agent() -> None:
    singles = [[ours(f"t{n}", [f"{n}.py"], f"== {n}.py (1 line)\nx")] for n in range(3)]
    found = measured(agent(turns(*habit(3), *singles)))

    assert (found.own_looks, found.own_turns, found.saved_turns) == (3, 3, -2.0)
    assert found.saved_picousd == -2 * TURN


def test_frames_are_the_part_of_the_answers_that_no_file_holds() -> None:
    """An answer of 100 characters, 40 of them frame; its result was written once, at 5 dollars a million."""
    answer = "== a.py (1 line, " + "r" * 21 + ")\n" + "x" * 60
    shown = ours("t1", ["a.py"], answer)
    main = agent([request(0, read=10_000, calls=[shown]), request(1, read=10_000, write_5m=600, results=["t1"])])
    [spent] = break_down(run([main])).agents
    [found] = [each.result_picousd for each in spent.calls]

    assert len(answer) == 100
    assert found > 0
    assert measured(main).frames_picousd == found * 40 // 100


def test_the_rest_of_a_cut_answer_is_no_further_look() -> None:
    first = ours("t1", ["a.py", "b.py"], "== a.py:1-1 of 9\nx\nmore: a.py:2-9\n== b.py (1 line)\ny")
    second = ours("t2", ["a.py:2-9"], "== a.py:2-9 of 9\n" + "\n".join("12345678"))
    found = measured(agent(turns(*habit(), [first], [second])))

    assert (found.own_looks, found.follow_ups, found.own_turns, found.saved_turns) == (2, 1, 2, 0.0)


def test_to_ask_again_for_what_we_called_unchanged_is_no_further_look() -> None:
    note = "note: a.py unchanged since you read it; ask again for the text"
    asked = [ours("t1", ["a.py"], "== a.py (1 line)\nx"), ours("t2", ["a.py"], note), ours("t3", ["a.py"], THREE)]
    found = measured(agent(turns(*habit(), *([each] for each in asked))))

    assert (found.own_looks, found.unchanged_items, found.follow_ups, found.saved_turns) == (2, 1, 1, -1.0)


def test_items_that_failed_or_were_not_reached_are_no_looks() -> None:
    answer = "== a.py (1 line)\nx\nerror: b.py: no such file\nmore: items 3-4 of this call"
    found = measured(agent(turns(*habit(), [ours("t1", ["a.py", "b.py", "c.py", "d.py"], answer)])))

    assert (found.own_looks, found.failed_items, found.saved_turns) == (1, 1, 0.0)


def test_a_native_read_of_what_we_had_shown_is_charged_to_us() -> None:
    """Its arguments alone: 30 tokens of output. The turn is charged too, and it is no habit of the agent."""
    shown = ours("t1", ["src/a.py"], "== src/a.py (1 line)\nx")
    found = measured(agent(turns(*habit(), [shown], [native("r1", "/home/me/shop/src/a.py")])))

    assert (found.reread_calls, found.native_calls, found.saved_turns) == (1, 3, -1.0)
    assert found.rereads_picousd == 30 * OUT


def test_to_read_again_is_right_after_an_edit_or_a_compaction() -> None:
    shown = ours("t1", ["src/a.py"], "== src/a.py (1 line)\nx")
    again = native("r1", "/home/me/shop/src/a.py")
    edit = native("e1", "/home/me/shop/src/a.py", "Edit")
    compacted = turns(*habit(), [shown], [again])
    compacted[4] = replace(compacted[4], reset="compaction")

    for requests in (turns(*habit(), [shown], [edit], [again]), compacted):
        found = measured(agent(requests))
        assert (found.reread_calls, found.rereads_picousd, found.native_calls) == (0, 0, 4)


def test_a_search_is_one_look_however_many_patterns_it_takes() -> None:
    """A native Grep takes alternatives as well."""
    search = ours("t1", ["a", "b", "c"], "== a.py:1-1  f  (a)\nx\n1 lines with hits in 1 files", tool="grep_and_read")
    found = measured(agent(turns(*habit(), [search])))

    assert (found.own_looks, found.saved_turns) == (1, 0.0)


def test_calls_that_fail_or_look_at_nothing_are_paid_and_cost_their_turn() -> None:
    failed = ours("t1", ["gone.py"], "error: gone.py", error=True)
    other = ours("t2", [], "$0.40 of $5.00", tool="budget_check")
    found = measured(agent(turns(*habit(), [failed], [other])))

    assert (found.own_looks, found.failed_items, found.saved_turns) == (0, 1, -2.0)
    assert (found.failures_picousd, found.other_calls_picousd) == (30 * OUT, 30 * OUT)


def test_without_a_native_habit_nothing_is_claimed_and_everything_is_charged() -> None:
    main = agent(turns([ours("t1", ["a.py", "b.py", "c.py"], THREE)]))
    found = measured(main)

    assert (found.own_turns, found.compared_turns, found.saved_picousd) == (1, 0, 0)
    assert found.net_picousd == -found.overhead_picousd < 0


def test_the_habit_of_the_run_stands_in_for_an_agent_with_none_of_its_own() -> None:
    main = agent(turns(*habit()))
    scout = agent(turns([ours("t1", ["a.py", "b.py", "c.py"], THREE)]), "a1", "subagent")
    found = measured(main, scout)

    assert (found.compared_turns, found.saved_turns) == (1, 2.0)
    assert found.definitions_picousd == (4 * ALWAYS_LOADED_TOKENS + 2 * ALL_LOADED_TOKENS) * READ


def test_words_of_our_hooks_are_overhead_also_where_no_tool_was_called() -> None:
    """The newer tokenizer: 2,849 characters are 1,000 tokens."""
    main = agent(
        [request(0, read=10_000), request(1, read=10_000, write_5m=1_000, attachment_chars=2_849, own_chars=2_849)]
    )
    found = measured(main)

    assert (found.own_calls, found.hooks_picousd, found.net_picousd) == (0, 1_000 * W5, -1_000 * W5)


def test_calls_that_nobody_can_read_are_counted_and_bring_no_look() -> None:
    blank = replace(ours("t1", ["a.py"], THREE), input_json=None)
    unanswered = replace(ours("t2", ["a.py"], THREE), result=None)
    whole = ours("t3", ["a.py"], THREE)
    assert whole.result is not None
    moved = replace(whole, result=replace(whole.result, is_persisted=True))  # the client showed a preview only
    found = measured(agent(turns(*habit(), [blank], [unanswered], [moved])))

    assert (found.unreadable_calls, found.own_looks, found.saved_turns) == (3, 0, -3.0)


def test_a_run_without_us_has_no_adoption() -> None:
    assert adoption(break_down(run([agent(turns(*habit()))]))) is None


def test_runs_add_up() -> None:
    gain = measured(agent(turns(*habit(), [ours("t1", ["a.py", "b.py", "c.py"], THREE)])))
    loss = measured(agent(turns(*habit(3), [ours("t1", ["a.py", "b.py", "c.py"], THREE)])))
    both = gain + loss

    assert (both.runs, both.losing_runs, both.own_looks) == (2, 1, 6)
    assert both.net_picousd == gain.net_picousd + loss.net_picousd
    assert both.share == 6 / 18
