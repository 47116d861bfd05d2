"""Which agent a call goes to: the policy as a table, and what is never touched."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_lean.guard.routing.policy import GENERAL, POLICIES, Around, Route, route
from mcp_lean.guard.routing.words import Kind

AGENTS = {"scout": "lean:scout", "reviewer": "lean:reviewer", "runner": "lean:runner"}
HERE = Around(agents=AGENTS, effort="high", cwd="/home/ann/shop")
BARE = replace(HERE, agents={})

FIND = "Find where the settings are loaded and report the paths."
RUN = "Run `pytest -q` and report what fails."
REVIEW = "Review the latest commit for mistakes."
WRITE = "Fix the parser."


def call(prompt: str, **more: Any) -> dict[str, object]:
    return {"description": "a task", "prompt": prompt, **more}


def changed(found: Route, given_call: dict[str, object]) -> dict[str, object]:
    """What the rewritten input has that the call had not; everything else must be as it was."""
    assert found.updated_input is not None
    assert found.updated_input | given_call == {**found.updated_input, **given_call}
    kept = {name: value for name, value in given_call.items() if name != "subagent_type"}
    assert kept.items() <= found.updated_input.items()
    return {name: value for name, value in found.updated_input.items() if given_call.get(name) != value}


@pytest.mark.parametrize(
    ("prompt", "around", "expected"),
    [
        (FIND, HERE, {"subagent_type": "lean:scout", "model": "haiku", "effort": "low"}),
        (FIND, BARE, {"model": "haiku", "effort": "low"}),
        (RUN, HERE, {"subagent_type": "lean:runner", "model": "haiku", "effort": "low"}),
        (RUN, BARE, {"model": "haiku", "effort": "low"}),
        (REVIEW, HERE, {"subagent_type": "lean:reviewer", "effort": "medium"}),
        (REVIEW, BARE, {"effort": "medium"}),
        (REVIEW, replace(HERE, effort="low"), {"subagent_type": "lean:reviewer"}),
        (WRITE, HERE, {"effort": "medium"}),
        (WRITE, replace(BARE, effort="max"), {"effort": "medium"}),
        ("Find in the git log when it was dropped.", HERE, {"model": "haiku", "effort": "low"}),
        ("Read /etc/hosts/x and report.", HERE, {"model": "haiku", "effort": "low"}),
        (FIND, replace(HERE, is_waited_for=True),
         {"subagent_type": "lean:scout", "model": "haiku", "effort": "low", "run_in_background": False}),
        (RUN, replace(HERE, is_waited_for=True),
         {"subagent_type": "lean:runner", "model": "haiku", "effort": "low"}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("asked", [{}, {"subagent_type": "general-purpose"}])
def test_where_a_call_goes(prompt: str, around: Around, expected: dict[str, object], asked: dict[str, object]) -> None:
    given_call = call(prompt, **asked)

    assert changed(route(given_call, around), given_call) == expected


@pytest.mark.parametrize(
    ("given_call", "around", "reason"),
    [
        (call(FIND, model="opus"), HERE, "names a model"),
        (call(FIND, effort="max"), HERE, "names an effort"),
        (call(FIND, subagent_type="Plan"), HERE, "names its agent"),
        (call(FIND, subagent_type="lean:scout"), HERE, "names its agent"),
        (call(FIND, isolation="worktree"), HERE, "sets isolation"),
        (call(FIND, name="bob", team_name="x"), HERE, "sets name, team_name"),
        (call(FIND, subagent_type=7), HERE, "names its agent"),
        ({"description": "a task"}, HERE, "has no prompt"),
        ({}, HERE, "has no prompt"),
        ({"prompt": ["x"]}, HERE, "has no prompt"),
        (call(FIND), replace(HERE, has_default_model=True), "a model for subagents is set"),
        (call(FIND), replace(HERE, has_cheap_model=False), "no Haiku 5.5 here"),
        (call(FIND, subagent_type="Explore"), replace(HERE, overridden=frozenset({"Explore"})),
         "the project has its own agent of this name"),
        (call(WRITE), replace(HERE, effort="medium"), '"Fix": nothing is cheaper'),
        (call(WRITE), replace(HERE, effort=""), '"Fix": nothing is cheaper'),
        (call(WRITE), replace(HERE, effort="unheard of"), '"Fix": nothing is cheaper'),
        (call("go"), HERE, "not clear: no plain sign of what it is"),
    ],
)  # fmt: skip
def test_a_call_that_leaves_nothing_open_is_left_as_it_is(
    given_call: dict[str, object], around: Around, reason: str
) -> None:
    found = route(given_call, around)

    assert found.updated_input is None
    assert found.reason == reason


def test_a_kind_that_fails_here_is_left_and_the_others_go_on() -> None:
    around = replace(HERE, failing={"read": "it failed"})

    assert route(call(FIND), around).updated_input is None
    assert route(call(FIND), around).failing == "it failed"
    assert route(call(RUN), around).updated_input is not None


def test_a_background_that_was_asked_for_stays() -> None:
    waited = replace(HERE, is_waited_for=True)

    for asked in (True, False):
        found = route(call(FIND, run_in_background=asked), waited)
        assert found.updated_input is not None
        assert found.updated_input["run_in_background"] is asked


CALLS = st.dictionaries(
    st.sampled_from(["description", "prompt", "subagent_type", "model", "effort", "run_in_background", "isolation"]),
    st.one_of(st.sampled_from([*GENERAL, FIND, RUN, REVIEW, WRITE, "", "haiku"]), st.booleans(), st.none(), st.text()),
)


@given(CALLS, st.sampled_from([HERE, BARE, replace(HERE, is_waited_for=True), replace(HERE, effort="")]))
def test_a_rewritten_call_is_complete_and_no_call_is_changed_in_place(
    given_call: dict[str, object], around: Around
) -> None:
    before = copy.deepcopy(given_call)
    found = route(given_call, around)

    assert given_call == before
    assert found.reason
    if found.updated_input is not None:
        assert set(given_call) <= set(found.updated_input)
        assert found.updated_input["prompt"] == given_call["prompt"]
        assert not given_call.get("model")
        assert given_call.get("subagent_type") in (None, "", *GENERAL, False)


def test_no_policy_names_a_model_without_an_effort() -> None:
    """Effort comes first."""
    assert {kind: policy.effort for kind, policy in POLICIES.items() if not policy.effort} == {}
    assert Kind.OTHER not in POLICIES
