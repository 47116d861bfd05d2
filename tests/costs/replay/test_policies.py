"""Every policy: what it saves, worked out on paper, and a run in which it loses or saves nothing."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from costs.runs import HAIKU, OPUS, call, result
from mcp_lean.costs.money import Rates
from mcp_lean.costs.replay.facts import CallFacts, Need
from mcp_lean.costs.replay.model import Actor, Sent, Work
from mcp_lean.costs.replay.outcome import Bound
from mcp_lean.costs.replay.policies import (
    batching,
    cache_lifetime,
    caps,
    cheaper_main,
    clear,
    definitions,
    effort,
    lean_agents,
    lean_base,
    loops,
    native_parallel,
    outlines,
    own,
    repeats,
    routing,
    scout,
    stagger,
    steady_prefix,
)
from mcp_lean.costs.replay.policy import Policy, Shrunk, shrink_results
from mcp_lean.costs.replay.simulate import picousd, walk
from mcp_lean.transcripts.model import Spawn, ToolCall, ToolResult

from .made import KNOWN, MICRO, OUT, READ, WRITE, WRITE_1H, Step, made, reads, saved, under

BASE = Step((("base", 20_000),))


def search(call_id: str, pattern: str = "total", **said: object) -> ToolCall:
    """A Grep that shows lines."""
    arguments = {"pattern": pattern, "output_mode": "content", **said}
    one = call(call_id, "Grep", subject=pattern, returned=result(900))
    return replace(one, input_json=json.dumps(arguments))


def chain(number: int) -> list[Step]:
    """`number` turns of one search each, and the turn that takes in the last answer."""
    first = replace(BASE, calls=(search("s0"),))
    middle = [Step((("result", 500, f"s{n - 1}"),), (search(f"s{n}"),)) for n in range(1, number)]
    return [first, *middle, Step((("result", 500, f"s{number - 1}"),))]


ALL_KNOWN = {f"s{n}": KNOWN for n in range(9)}


def large_read(tokens: float = 8_000, later: int = 2) -> list[Step]:
    """One whole file, and `later` turns behind it."""
    return [
        replace(BASE, calls=(reads("f"),)),
        Step((("result", tokens, "f"),)),
        *[Step() for _ in range(later - 1)],
    ]


def test_batching_saves_the_prompts_of_the_turns_that_go_away() -> None:
    """Three searches in one: two turns no longer read 20,000 and 20,500 tokens."""
    found = saved(batching, made(chain(3), facts=ALL_KNOWN))

    assert found == pytest.approx((20_000 + 20_500) * READ)


def test_batching_waits_for_words_that_only_an_answer_brings() -> None:
    """The third search asks for a word out of the first answer (moment 2)."""
    facts = {**ALL_KNOWN, "s2": CallFacts(2)}

    strict, upper = (saved(batching, made(chain(3), facts=facts), bound) for bound in ("strict", "upper"))

    assert [strict, upper] == pytest.approx([20_000 * READ, 40_500 * READ])


def shell(*commands: str) -> Actor:
    """One shell command per turn, all of known words."""
    steps = chain(len(commands))
    for n, command in enumerate(commands):
        steps[n] = replace(steps[n], calls=(call(f"s{n}", "Bash", subject=command, returned=result(900)),))
    return made(steps, facts=ALL_KNOWN)


@pytest.mark.parametrize(
    ("actor", "strict", "upper"),
    [
        (shell("cat a.py", "cat b.py"), 1, 1),
        (shell("tail -20 log", "tail -30 log"), 0, 1),
        (shell("tail /tmp/tasks/b1.output", "cat b.py", "tail /tmp/tasks/b1.output"), 0, 0),
        (shell("cat a.py", "tail -f log"), 0, 0),
        (shell("cat a.py", "rm a.py"), 0, 0),
    ],
)
def test_looking_again_at_what_changes_is_no_independent_call(actor: Actor, strict: int, upper: int) -> None:
    for policy in (batching, native_parallel):
        assert under(policy, Work((actor,)), "strict").count == strict
        assert under(policy, Work((actor,)), "upper").count == upper


def test_the_very_same_search_again_is_none_either() -> None:
    steps = chain(2)
    same = [replace(step, calls=tuple(replace(call, input_digest="d") for call in step.calls)) for step in steps]

    assert under(batching, Work((made(same, facts=ALL_KNOWN),))).count == 0


def test_batching_names_the_one_call() -> None:
    steps = chain(3)
    steps[0] = replace(steps[0], calls=(search("s0", "first"),))

    [example] = under(batching, Work((made(steps, facts=ALL_KNOWN),))).examples

    assert example.calls == (("Grep", "first"), ("Grep", "total"), ("Grep", "total"))
    assert example.becomes == 'grep_and_read(patterns=["first","total"])'
    assert example.request_index == 0
    assert example.saved_picousd == 40_500 * READ


def test_a_list_of_files_is_no_answer_of_ours() -> None:
    """`read_many` would answer a Glob with the contents of all that matches; a parallel Glob lists, as before."""
    steps = chain(2)
    for n, name in enumerate(("Glob", "Grep")):
        listing = replace(search(f"s{n}", "src/**/*.py", output_mode="files_with_matches"), name=name)
        steps[n] = replace(steps[n], calls=(listing,))
    actor = made(steps, facts=ALL_KNOWN)

    assert [under(policy, Work((actor,))).count for policy in (batching, native_parallel)] == [0, 1]


def test_searches_in_different_places_are_two_calls() -> None:
    steps = chain(2)
    steps[1] = replace(steps[1], calls=(search("s1", path="lib"),))

    assert under(batching, Work((made(steps, facts=ALL_KNOWN),))).count == 0


def test_native_parallel_calls_save_as_much_without_us() -> None:
    actor = made(chain(3), facts=ALL_KNOWN)

    assert saved(native_parallel, actor, charged=True) == saved(batching, actor) > saved(batching, actor, charged=True)


def test_a_cache_break_between_joined_calls_is_still_paid() -> None:
    """The second turn lost 20,000 tokens; now the third one writes them, and reads what came in between."""
    steps = chain(2)
    steps[1] = replace(steps[1], hit=0.0)
    before = 20_000 * WRITE + 20_500 * READ
    after = 20_000 * WRITE + 500 * READ

    assert saved(native_parallel, made(steps, facts=ALL_KNOWN)) == pytest.approx(before - after)


def test_caps_cut_at_a_fixed_size() -> None:
    """8,000 tokens become 4,000, carried once; half of the rest follows in 30 % of the cases, behind those 4,000."""
    extra = 0.3 * (24_000 * READ + 80 * OUT) + 0.3 * (2_000 + 80) * (WRITE + READ)

    assert saved(caps, made(large_read()), "expected") == pytest.approx(4_000 * (WRITE + READ) - extra)


def test_a_follow_up_reads_the_one_before_it() -> None:
    """Two files of 8,000 tokens come in as 1,020 each; half of each follows, in a turn of its own."""
    steps = [replace(BASE, calls=(reads("f"), reads("g"))), Step((("result", 8_000, "f"), ("result", 8_000, "g")))]
    actor = made(steps, facts={name: CallFacts(-1, edited_at=9) for name in ("f", "g")})
    added = (22_040 + 22_040 + 4_080) * READ + 2 * (80 * OUT + 4_080 * WRITE)

    assert saved(outlines, actor) == pytest.approx((16_000 - 2_040) * WRITE - added)


def test_definitions_keep_what_was_used() -> None:
    """Of 400 lines, 41 around one used line: 12 % + 10.25 % + 60 tokens in place of 8,000."""
    facts = {"f": CallFacts(-1, last_use=2, used_lines=(100,))}
    expected = 8_000 - (0.12 + 41 / 400) * 8_000 - 60

    assert saved(definitions, made(large_read(), facts=facts), "upper") == pytest.approx(expected * (WRITE + READ))


def test_without_texts_no_definition_is_known_and_none_is_cut() -> None:
    assert under(definitions, Work((made(large_read(), has_texts=False),)), "upper").count == 0


@pytest.mark.parametrize("policy", [batching, native_parallel])
@pytest.mark.parametrize("returned", [result(16), result(400, error=True), None], ids=["none found", "error", "lost"])
def test_a_search_after_one_that_found_nothing_is_another_try(policy: Policy, returned: ToolResult | None) -> None:
    """Nobody would have made it beside the first one."""
    steps = chain(2)
    [first] = steps[0].calls
    steps[0] = replace(steps[0], calls=(replace(first, result=returned),))

    assert under(policy, Work((made(steps, facts=ALL_KNOWN),))).count == 0
    assert under(policy, Work((made(steps, facts=ALL_KNOWN),)), "upper").count == 1


def test_one_answer_holds_8_000_tokens() -> None:
    steps = chain(2)
    steps[1] = replace(steps[1], new=(("result", 7_600, "s0"),))
    actor = made(steps, facts=ALL_KNOWN)

    assert [under(batching, Work((actor,)), bound).count for bound in ("strict", "upper")] == [0, 1]
    assert under(native_parallel, Work((actor,))).count == 1


def read_twice(*between: Step, share: float = 0.5) -> Actor:
    """A file of 3,000 tokens, and half of its lines once more."""
    steps = [
        replace(BASE, calls=(reads("e"),)),
        Step((("result", 3_000, "e"),), (reads("f"),)),
        *between,
        Step((("result", 8_000, "f"),)),
        Step(),
    ]
    return made(steps, facts={"f": CallFacts(-1, repeats=(("e", share),))})


def test_repeats_leave_a_note() -> None:
    assert saved(repeats, read_twice(), "upper") == pytest.approx(3_960 * (WRITE + READ))


def test_the_server_s_own_rule_leaves_a_note_for_a_whole_text_near_by() -> None:
    """8,000 tokens become 40; every third time a turn behind 23,040 tokens asks for them again."""
    extra = (23_040 * READ + 80 * OUT + (80 + 8_000) * (WRITE + READ)) / 3

    assert saved(repeats, read_twice(share=1.0)) == pytest.approx(7_960 * (WRITE + READ) - extra)
    assert saved(repeats, read_twice(Step((("result", 41_000, "x"),)), share=1.0)) == 0
    assert saved(repeats, read_twice(share=0.9)) == 0


def test_a_part_of_what_was_read_is_not_the_same_again() -> None:
    twice = read_twice(share=1.0)
    [whole], [part] = (request.calls for request in twice.agent.requests[:2])
    asked = (replace(whole, input_digest="a"), replace(part, input_digest="b"))
    requests = tuple(
        replace(request, calls=(asked[number],)) if number < 2 else request
        for number, request in enumerate(twice.agent.requests)
    )
    actor = replace(twice, agent=replace(twice.agent, requests=requests))

    assert [under(repeats, Work((actor,)), bound).count for bound in ("strict", "upper")] == [0, 1]


def test_the_rule_of_repeats_is_the_server_s() -> None:
    from mcp_lean.guard.unchanged import deliveries, held

    assert (repeats.LEAST_CHARS, repeats.RECENT_TOKENS) == (deliveries.LEAST_CHARS, held.RECENT_TOKENS)


def test_what_has_left_the_context_is_not_repeated() -> None:
    assert under(repeats, Work((read_twice(Step((("summary", 500),), reset=True)),)), "upper").count == 0

    fresh_start = read_twice(Step())
    turns = [replace(turn, keeps_tokens=20_000.0) if turn.index == 2 else turn for turn in fresh_start.turns]
    assert under(repeats, Work((replace(fresh_start, turns=tuple(turns)),)), "upper").count == 0


def test_what_came_in_cut_is_not_repeated() -> None:
    """An outline, or what a scout has read in another context, is not the text of the file."""
    read = read_twice()
    cut, _ = shrink_results(read, lambda call, piece, index: Shrunk(400.0) if call.id == "e" else None)
    series = made(
        [
            replace(BASE, calls=(reads("e"),)),
            Step((("result", 3_000, "e"),), (reads("g"),)),
            Step((("result", 3_000, "g"),), (reads("h"),)),
            Step((("result", 3_000, "h"),)),
            Step(calls=(reads("f"),), prompt_chars=90),
            Step((("result", 3_000, "f"),)),
        ],
        facts={"f": CallFacts(-1, repeats=(("e", 1.0),))},
    )
    handed_over = under(scout, Work((series,)))

    assert under(repeats, Work((series,)), "upper").count == 1
    assert handed_over.count == 1
    assert under(repeats, handed_over.work, "upper").count == 0
    assert under(repeats, Work((cut,)), "upper").count == 0


def spawned(agent_type: str = "Explore", model: str = "", *, is_recorded: bool = True) -> list[Actor]:
    """A main conversation and the reading agent that it has started."""
    asked = Spawn(agent_type, "find it", model, 40, "", "completed", "sub")
    spawn = replace(call("s", "Agent", returned=result(90)), spawn=asked if is_recorded else None)
    main = made([replace(BASE, calls=(spawn,)), Step((("result", 200, "s"),))])
    steps = [replace(BASE, calls=(reads("f"),)), Step((("result", 900, "f"),))]
    return [main, made(steps, "subagent", agent_id="sub", agent_type=agent_type)]


TO_SCOUT = {"sub": Sent("scout", is_cheap=True)}


def renamed(actor: Actor, tool: str) -> Actor:
    """The agent with all of its calls made by another tool."""
    asked = tuple(
        replace(request, calls=tuple(replace(call, name=tool) for call in request.calls))
        for request in actor.agent.requests
    )
    return replace(actor, agent=replace(actor.agent, requests=asked))


@pytest.mark.parametrize(
    ("sent", "bound", "weights"),
    [
        (TO_SCOUT, "strict", [1, 1, 0.15]),
        ({}, "expected", [1, 1]),
        ({"sub": Sent("reviewer")}, "expected", [1, 1]),
        ({}, "upper", [1, 1, 0.15]),
    ],
    ids=["sent to Haiku", "left alone", "sent to an agent of its own model", "known beforehand"],
)
def test_the_router_s_own_decision_says_who_runs_on_haiku(
    sent: dict[str, Sent], bound: Bound, weights: list[float]
) -> None:
    """15 % of the work is done once more."""
    found = under(routing, Work(tuple(spawned()), sent=sent), bound)

    assert [actor.weight for actor in found.work.actors] == weights


def test_an_agent_that_did_what_a_scout_cannot_is_paid_twice() -> None:
    """The words of its task were of reading; then it edited, which nobody knew beforehand."""
    main, worker = spawned()
    actors = (main, renamed(worker, "Edit"))

    assert [actor.weight for actor in under(routing, Work(actors, sent=TO_SCOUT)).work.actors] == [1, 1, 1]
    assert saved(routing, actors, sent=TO_SCOUT) < 0
    assert saved(lean_agents, actors, sent=TO_SCOUT) < 0
    assert under(routing, Work(actors, sent=TO_SCOUT), "upper").count == 0


@pytest.mark.parametrize(
    ("agent", "tool", "requests", "weights"),
    [
        ("scout", "Read", 12, [1, 1]),
        ("scout", "Read", 13, [1, 1, 1]),
        ("runner", "Bash", 8, [1, 1]),
        ("runner", "Bash", 9, [1, 1, 1]),
        ("reviewer", "Read", 20, [1, 1]),
        ("reviewer", "WebFetch", 2, [1, 1, 1]),
    ],
)
def test_an_agent_that_needs_more_than_ours_has_is_paid_twice(
    agent: str, tool: str, requests: int, weights: list[int]
) -> None:
    """More turns, or another tool."""
    steps = [
        replace(BASE, calls=(reads("f0"),)),
        *[Step(calls=(reads(f"f{n}"),)) for n in range(1, requests - 1)],
        Step(),
    ]
    worker = renamed(made(steps, "subagent", agent_id="sub"), tool)
    found = under(lean_agents, Work((made([BASE]), worker), sent={"sub": Sent(agent)}))

    assert [actor.weight for actor in found.work.actors] == weights


def test_the_turns_of_our_agents_are_those_of_their_files() -> None:
    from mcp_lean.claude_code.agents import AGENTS

    allowed = {agent.name: agent.max_turns for agent in AGENTS}
    assert {name: allowed[name] for name in lean_agents.MOST_TURNS} == lean_agents.MOST_TURNS
    assert allowed["scout"] == scout.LONGEST + 1


def test_a_scout_takes_no_more_than_its_turns() -> None:
    """Of fourteen reading turns eleven; the next one stays, and two are too few for another scout."""
    main, *helpers = under(scout, Work((made(chain(14)),))).work.actors

    assert [len(helper.turns) for helper in helpers] == [12]
    assert [turn.index for turn in main.turns if turn.times == 1] == [0, 11, 12, 13, 14]


def test_an_agent_that_was_lean_in_vain_is_repeated_once() -> None:
    main, worker = spawned()
    lean = under(lean_agents, Work((main, renamed(worker, "Edit")), sent=TO_SCOUT))
    both = under(routing, lean.work)

    assert [(actor.weight, actor.is_lean) for actor in both.work.actors] == [(1, False), (1, True), (1, False)]


@pytest.mark.parametrize(
    "actors",
    [spawned(model="sonnet"), spawned("claude-code-guide"), spawned("Plan"), spawned(is_recorded=False)],
    ids=["names a model", "names its agent", "another type", "nobody knows what the call said"],
)
def test_what_leaves_no_choice_open_is_not_even_known_beforehand(actors: list[Actor]) -> None:
    assert under(routing, Work(tuple(actors)), "upper").count == 0


def test_agents_that_use_the_web_are_no_scouts() -> None:
    main, reader = spawned()

    assert under(routing, Work((main, renamed(reader, "WebFetch"))), "upper").count == 0


def test_general_types_are_those_of_the_router() -> None:
    from mcp_lean.guard.routing.policy import GENERAL

    assert set(routing.GENERAL_TYPES) == set(GENERAL)


def test_the_list_of_our_agents_is_charged_to_what_needs_them() -> None:
    main = made([BASE, Step()])

    for policy in (scout, lean_agents, routing):
        assert saved(policy, main, charged=True) == pytest.approx(-200 * (WRITE + READ))


def test_a_scout_carries_what_it_has_written_itself() -> None:
    """What the turn before thought and said stands in its next prompt, as in any agent's."""
    series = made(
        [
            replace(BASE, calls=(reads("a"),)),
            *[
                Step((("answer", 1_000), ("result", 100, before)), (reads(name),))
                for before, name in (("a", "b"), ("b", "c"))
            ],
            Step((("answer", 1_000), ("result", 100, "c"))),
        ]
    )

    *_, helper = under(scout, Work((series,))).work.actors

    assert [sum(p.tokens for p in turn.pieces) for turn in helper.turns] == [3_300, *[pytest.approx(1_100 / 1.3)] * 3]


def three_reads(facts: dict[str, CallFacts]) -> Actor:
    """Three files of 1,000 tokens, 120 lines each, one after the other."""
    steps = [
        replace(BASE, calls=(reads("a", lines=120),)),
        Step((("result", 1_000, "a"),), (reads("b", lines=120),)),
        Step((("result", 1_000, "b"),), (reads("c", lines=120),)),
        Step((("result", 1_000, "c"),)),
        Step(),
    ]
    return made(steps, facts=facts)


def test_a_series_that_is_repeated_is_repeated_from_its_first_turn() -> None:
    """The main conversation: the Agent call, 15 % of three turns behind the answer of 910 tokens, and what follows."""
    main, _ = under(scout, Work((three_reads({}),))).work.actors
    again = 0.15 * (20_000 + 20_910 + 21_060) * READ + 0.15 * 300 * OUT
    entering = (20_000 + 910 + 0.15 * 3_000) * WRITE
    rest = (21_210 + 21_360) * READ + (350 + 200) * OUT

    assert picousd(Work((main,))) == pytest.approx(again + entering + rest)


def test_what_the_main_conversation_reads_again_stands_in_its_next_prompt() -> None:
    """Two of the files, each in a turn of its own: 1,000 tokens of it, 40 around it, and the call of 80."""
    main, _ = under(scout, Work((three_reads({name: CallFacts(-1, last_use=9) for name in "ab"}),))).work.actors
    asking = [step for step in walk(main) if step.turn.is_added and step.turn.times == 1]

    assert [step.context_tokens for step in asking] == pytest.approx([21_210, 21_210 + 1_120])


def test_a_cache_that_was_lost_during_a_series_is_written_once() -> None:
    """By the first turn of the main conversation behind it."""
    actor = three_reads({name: CallFacts(-1, last_use=9) for name in "ab"})
    turns = tuple(replace(turn, hit=0.0) if turn.index == 2 else turn for turn in actor.turns)

    main, _ = under(scout, Work((replace(actor, turns=turns),))).work.actors

    assert [turn.hit for turn in main.turns if turn.times == 1] == [1, 0, 1, 1, 1]


def test_a_scout_loses_its_own_cache_in_a_pause() -> None:
    actor = three_reads({})
    late = [replace(request, started_s=(request.started_s or 0) + 400 * (n > 1)) for n, request in enumerate(
        actor.agent.requests)]  # fmt: skip
    turns = tuple(replace(turn, request=late[turn.index]) for turn in actor.turns)

    *_, helper = under(
        scout, Work((replace(actor, turns=turns, agent=replace(actor.agent, requests=tuple(late))),))
    ).work.actors

    assert [turn.hit for turn in helper.turns] == [1, 1, 0.1, 1]


@pytest.mark.parametrize(("write_1h", "hit"), [(False, 0.1), (True, 1.0)])
def test_a_scout_that_works_longer_than_the_cache_lasts_leaves_it_cold(write_1h: bool, hit: float) -> None:
    steps = [
        replace(BASE, calls=(reads("a"),), write_1h=write_1h),
        Step((("result", 100, "a"),), (reads("b"),), after_s=200, write_1h=write_1h),
        Step((("result", 100, "b"),), (reads("c"),), after_s=200, write_1h=write_1h),
        Step((("result", 100, "c"),), write_1h=write_1h),
    ]

    main, _ = under(scout, Work((made(steps),))).work.actors

    assert main.turns[-1].hit == hit


def test_lean_agents_start_with_little() -> None:
    steps = [replace(BASE, calls=(reads("f"),)), Step((("result", 900, "f"),))]

    agent = made(steps, "subagent", agent_id="sub")

    assert saved(lean_agents, agent) == 0, "a call that the router leaves alone"
    assert saved(lean_agents, agent, sent=TO_SCOUT) == pytest.approx(17_000 * (WRITE + READ))


def test_an_agent_that_changes_files_keeps_tools_to_change_them_with() -> None:
    steps = [replace(BASE, calls=(call("w", "Edit", returned=result(90)),)), Step((("result", 900, "w"),))]
    actor = made(steps, "subagent")

    assert saved(lean_agents, actor) == 0
    assert saved(lean_agents, actor, "expected") == pytest.approx(15_000 * (WRITE + READ))


def fan_out(*starts_s: float) -> list[Actor]:
    return [
        made([replace(BASE, after_s=0.0)], "subagent", agent_id=f"a{n}", agent_type="scout", start_s=at_s)
        for n, at_s in enumerate(starts_s)
    ]


def test_staggered_agents_read_what_the_first_has_written() -> None:
    """All but the first read 75 % of 20,000 tokens."""
    assert saved(stagger, fan_out(0.0, 1.0, 2.0), "upper") == pytest.approx(2 * 15_000 * (WRITE - READ))


def test_staggering_costs_time() -> None:
    applied = under(stagger, Work(tuple(fan_out(0.0, 1.0, 2.0))), "upper")

    assert (applied.count, applied.seconds_saved) == (2, -5.0)


def pause(seconds: float, hit: float, *, write_1h: bool = False) -> list[Step]:
    return [replace(BASE, write_1h=write_1h), Step(after_s=seconds, hit=hit, write_1h=write_1h)]


def test_the_online_lifetime_pays_less_where_nobody_pauses() -> None:
    actor = made(pause(10, 1.0, write_1h=True))

    assert saved(cache_lifetime, actor) == pytest.approx(20_000 * (WRITE_1H - WRITE))


def test_the_best_lifetime_bridges_pauses() -> None:
    """Two pauses that lost everything, of 20,000 tokens each; an hour's entry is dearer to write, and keeps 98 %."""
    actor = made([BASE, Step(after_s=900, hit=0.0), Step(after_s=900, hit=0.0)])
    kept = 2 * 20_000 * (WRITE - 0.98 * READ - 0.02 * WRITE_1H)

    assert saved(cache_lifetime, actor, "upper") == pytest.approx(kept - 20_000 * (WRITE_1H - WRITE))


def test_a_lighter_base_leaves_the_client_s_own() -> None:
    assert saved(lean_base, made([BASE, Step()])) == pytest.approx(1_000 * (WRITE + READ))


def test_a_steady_prefix_gives_back_half_of_a_break() -> None:
    steps = [replace(BASE, output=0), Step((("prompt", 100),), hit=0.0, output=0, prompt_chars=350)]
    actor = made(steps)
    asked = actor.turns[1].request
    broken = replace(asked, usage=replace(asked.usage, cache_read_tokens=0, cache_write_5m_tokens=20_100))
    requests = (actor.agent.requests[0], broken)
    actor = replace(actor, agent=replace(actor.agent, requests=requests))

    assert saved(steady_prefix, actor, "expected") == pytest.approx(10_000 * (WRITE - READ))


def test_a_history_that_the_client_rewrote_is_nothing_that_one_can_avoid() -> None:
    """Only the base was still cached, at a new prompt: all of it counts as an upper bound, nothing as expected."""
    steps = [Step((("base", 20_000),)), Step((("result", 30_000, "x"),)), Step(hit=0.4, prompt_chars=9)]
    actor = made(steps)
    asked = [turn.request for turn in actor.turns]
    asked[2] = replace(asked[2], usage=replace(asked[2].usage, cache_read_tokens=20_000, cache_write_5m_tokens=30_000))
    actor = replace(actor, agent=replace(actor.agent, requests=tuple(asked)))

    assert [saved(steady_prefix, actor, bound) for bound in ("expected", "upper")] == [
        0,
        pytest.approx(30_000 * (WRITE - READ)),
    ]


def again(number: int) -> list[Step]:
    """The same call with the same result `number` times, 100 tokens each, and the turn that goes on."""
    same = [call("l0", "Bash", subject="make", input_chars=9, returned=result(90))]
    same += [replace(same[0], id=f"l{n}") for n in range(1, number)]
    turns = [Step((("result", 100, f"l{n - 1}"),), (same[n],)) for n in range(1, number)]
    return [replace(BASE, calls=(same[0],)), *turns, Step((("result", 100, f"l{number - 1}"),))]


def test_a_loop_is_stopped_after_the_fifth_time() -> None:
    """The sixth and seventh turn go away with their answers and results; one text of 150 tokens comes in."""
    found = saved(loops, made(again(7)))

    prompts = (20_400 + 20_500) * READ
    entering = 200 * WRITE + 100 * READ
    told = 150 * (WRITE + READ)
    assert found == pytest.approx(prompts + 200 * OUT + entering - told - 100 * READ, rel=0.01)


def test_five_times_is_no_loop_yet() -> None:
    assert under(loops, Work((made(again(5)),))).count == 0


def test_waiting_is_no_loop() -> None:
    steps = [
        replace(step, calls=tuple(replace(call, subject="sleep 60 && cat log") for call in step.calls))
        for step in again(9)
    ]

    assert under(loops, Work((made(steps),))).count == 0


def test_a_lower_effort_writes_and_carries_less() -> None:
    """70 % of the output of a turn without calls is left."""
    steps = [replace(BASE, output=1_000), Step((("answer", 1_000),), output=0)]

    assert saved(effort, made(steps), "expected") == pytest.approx(300 * OUT + 300 * WRITE)


def test_a_cheaper_main_model_halves_the_bill_less_what_is_done_again() -> None:
    """Sonnet 5.5 costs half of Opus 5.5 in every class."""
    actor = made([BASE, Step()])
    bill = 20_000 * (WRITE + READ) + 200 * OUT

    assert saved(cheaper_main, actor, "expected") == pytest.approx(bill * (1 - 0.5 - 0.15))


def test_our_overhead_is_definitions_in_every_agent_and_lines() -> None:
    """750 tokens and 200 in two agents, and a line of 100 in the twentieth turn of the one that has so many."""
    main, other = made([BASE, *[Step()] * 20]), made([BASE], "subagent", agent_id="other")

    found = saved(own, [main, other], charged=True)

    assert found == pytest.approx(-(950 * (2 * WRITE + 20 * READ) + 100 * (WRITE + READ)))


def edited() -> list[Step]:
    """A file a little above the smallest, in front of which 150,000 tokens stand."""
    first, *others = large_read(4_100)
    return [replace(first, new=(("base", 150_000),)), *others]


def used(last_use: int = 9) -> dict[str, CallFacts]:
    return {"f": CallFacts(-1, last_use=last_use, used_lines=tuple(range(0, 400, 20)))}


LOSERS: list[tuple[str, Policy, Bound, bool, Actor | list[Actor]]] = [
    ("few series", batching, "strict", True, made([BASE, Step(), Step()])),
    ("everything fails or is asked again", batching, "upper", True, made([*chain(2)[:2], Step()])),
    ("all files are edited", outlines, "strict", False, made(edited(), facts={"f": CallFacts(-1, edited_at=9)})),
    ("little is cut off", caps, "expected", False, made(large_read(4_100, 1))),
    ("all of it is used", definitions, "expected", False, made(large_read(), facts=used())),
    ("nothing is repeated", repeats, "strict", True, made(large_read())),
    (
        "the base was in the cache",
        lean_agents,
        "strict",
        False,
        made(
            [Step((("base", 4_000),), (reads("f"),), fresh_hit=1.0), Step((("result", 9, "f"),))],
            "subagent",
            agent_type="Explore",
        ),
    ),
    (
        "everything is needed afterwards",
        scout,
        "strict",
        False,
        made([*chain(3), *[Step()] * 3], facts={f"s{n}": CallFacts(-1, last_use=9) for n in range(3)}),
    ),
    (
        "the session ends at once",
        clear,
        "strict",
        False,
        made(
            [
                Step((("base", 20_000),)),
                Step((("result", 60_000, "x"),)),
                *[Step()] * 60,
                Step((("prompt", 400),), prompt_chars=1_400),
                Step(),
            ]
        ),
    ),
    ("one pause, lost at five minutes", cache_lifetime, "strict", False, made(pause(900, 1.0, write_1h=True))),
    ("no loop", loops, "strict", True, made([BASE, *[Step()] * 20])),
    ("always", own, "strict", True, made([BASE, Step()])),
]


@pytest.mark.parametrize(("policy", "bound", "charged", "actors"), [case[1:] for case in LOSERS])
def test_there_is_a_run_in_which_it_loses(
    policy: Policy, bound: Bound, charged: bool, actors: Actor | list[Actor]
) -> None:
    assert saved(policy, actors, bound, charged=charged, sent={"main": Sent("scout")}) < 0


CHEAP_BY_CONTRACT = Rates(MICRO, MICRO, MICRO, MICRO // 20, 5 * MICRO)


@pytest.mark.parametrize(
    ("policy", "actors", "bound"), [(routing, spawned(), "strict"), (cheaper_main, [made(large_read())], "expected")]
)
def test_another_model_loses_where_a_contract_has_made_the_old_one_cheap(
    policy: Policy, actors: list[Actor], bound: Bound
) -> None:
    cheap = [
        replace(actor, turns=tuple(replace(turn, tariff=lambda tokens: CHEAP_BY_CONTRACT) for turn in actor.turns))
        for actor in actors
    ]

    assert saved(policy, cheap, bound, sent=TO_SCOUT) < 0


def test_agents_that_run_on_haiku_stay() -> None:
    main, reader = spawned()
    asked = tuple(replace(request, model=HAIKU) for request in reader.agent.requests)
    actors = (main, replace(reader, agent=replace(reader.agent, requests=asked)))

    assert under(routing, Work(actors, sent=TO_SCOUT)).count == 0


@pytest.mark.parametrize(
    ("policy", "bound", "actors"),
    [
        (stagger, "upper", fan_out(0.0, 60.0)),
        (lean_base, "strict", made([Step((("base", 15_000),)), Step()])),
        (steady_prefix, "expected", made([BASE, Step()])),
        (cheaper_main, "expected", made([replace(BASE, model=HAIKU)])),
        (native_parallel, "strict", made([BASE, Step()])),
        (effort, "expected", made([replace(BASE, output=0)])),
    ],
)
def test_where_there_is_nothing_to_do_it_saves_exactly_nothing(
    policy: Policy, bound: Bound, actors: Actor | list[Actor]
) -> None:
    assert saved(policy, actors, bound, charged=True) == 0


@pytest.mark.parametrize(
    "policy",
    [batching, outlines, caps, definitions, repeats, lean_agents, routing, scout, clear, cache_lifetime, loops, own],
)
def test_without_an_occasion_there_is_nothing_but_our_overhead(policy: Policy) -> None:
    for bound in policy.INFO.bounds:
        assert saved(policy, made([BASE, Step((("prompt", 100),), prompt_chars=350), Step()]), bound) == 0


def test_a_second_clear_is_charged_for_what_the_first_has_dropped() -> None:
    """A name out of the first part, used only after the second clear, is looked up there."""
    part = [Step((("result", 70_000, "big"),)), *[Step()] * 60]
    prompt = Step((("prompt", 500),), prompt_chars=1_750)
    steps = [
        Step((("base", 20_000),), (reads("big"),)),
        *part,
        prompt,
        Step((("result", 70_000, "other"),)),
        *[Step()] * 60,
        prompt,
        *[Step()] * 5,
    ]
    late = len(steps) - 1
    without, needed = (made(steps, needs=needs) for needs in ([], [Need(1, late, "big")]))

    assert under(clear, Work((needed,)), "upper").count == 2
    assert saved(clear, needed, "upper") < saved(clear, without, "upper")


def test_a_rewind_after_a_clear_takes_nothing_out_that_went_before() -> None:
    """In the recorded run 30,000 tokens of the old history went with it."""
    prompt = Step((("prompt", 500),), prompt_chars=1_750)
    steps = [Step((("base", 20_000),)), Step((("result", 70_000, "big"),)), *[Step()] * 60, prompt, *[Step()] * 9]
    actor = made(steps)
    turns = tuple(replace(turn, drops_tokens=30_000) if turn.index == 70 else turn for turn in actor.turns)

    [main] = under(clear, Work((replace(actor, turns=turns),))).work.actors

    assert [step.context_tokens for step in walk(main)][-1] == pytest.approx(23_500 + 4 * 2_030)


def test_what_is_looked_up_after_a_clear_stands_in_the_next_prompt() -> None:
    """At least 7,800 tokens in four turns, 1,950 and a call of 80 each."""
    prompt = Step((("prompt", 500),), prompt_chars=1_750)
    steps = [Step((("base", 20_000),)), Step((("result", 70_000, "big"),)), *[Step()] * 60, prompt, *[Step()] * 9]

    [main] = under(clear, Work((made(steps),))).work.actors

    asking = [step.context_tokens for step in walk(main) if step.turn.is_added]
    assert asking == pytest.approx([23_500 + number * 2_030 for number in range(1, 5)])


def test_a_main_model_of_opus_is_the_dear_one() -> None:
    assert under(cheaper_main, Work((made([replace(BASE, model=OPUS)]),)), "expected").count == 1
