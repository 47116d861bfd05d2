"""The guard's router, as a replay asks it."""

from __future__ import annotations

import pickle

import pytest

from mcp_lean.costs.replay.model import Sent
from mcp_lean.guard.routing.policy import Around, route
from mcp_lean.report.replay.router import OURS, sent

READING = {"subagent_type": "Explore", "description": "Find it", "prompt": "Find where orders are added up."}


@pytest.mark.parametrize(
    ("call", "found"),
    [
        (READING, Sent("scout", is_cheap=True)),
        ({**READING, "model": "sonnet"}, Sent()),
        ({**READING, "subagent_type": "my-agent"}, Sent()),
        (
            {"subagent_type": "general-purpose", "description": "Fix it", "prompt": "Implement the missing discount."},
            Sent(),
        ),
        ({}, Sent()),
    ],
)
def test_a_call_goes_where_the_guard_would_have_sent_it(call: dict[str, object], found: Sent) -> None:
    assert sent(call, "/home/me/shop") == found


def test_it_is_the_guard_s_own_rule() -> None:
    found = route(READING, Around(agents=OURS, cwd="/home/me/shop"))

    assert (found.agent_type, found.model) == ("scout", "haiku")


def test_other_processes_can_be_given_the_rule() -> None:
    assert pickle.loads(pickle.dumps(sent)) is sent
