"""What our agents carry in their first request, and what two of a kind share, in the real client.

Tokens are those of the harness: characters / 4 of each block's JSON, without the billing block and deferred tools. A
real token of the current models is about 2.5 characters. docs/figures.md#agents has the table.
"""

import json
import re
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from mcp_lean.claude_code.agents import AGENTS, FINDING, PLUGIN_PREFIX, PROJECT_PREFIX
from mcp_lean.claude_code.hook_settings import hooks
from mcp_lean.config import Config

from .client import Claude
from .place import LEAN, Server
from .plugged import our_agents, plugged, system_of
from .prompt_cache import count_tokens
from .records import Request
from .script import Turn, spawn, use
from .test_guard import is_listed, once_ready

pytestmark = pytest.mark.e2e

NO_SNAPSHOT = {"includeGitInstructions": False}
"""Switches off what the client adds about git: a snapshot whose size is the repository's, not ours."""

CEILINGS = {"scout": 1_160, "reviewer": 2_300, "runner": 2_000, "worker": 2_700}
"""Of a first request without the snapshot. The client's own part of each is about 750, and Bash another 900."""

SCOUT_IN_A_REPOSITORY = 1_300
"""With the snapshot of a clean repository with one commit, 153 tokens of its request."""

A_PATH = "/home/ann/work/" + "a-project-with-a-name-of-usual-length"
"""In place of the project's own path, whose length is the test machine's."""


def first_requests(claude: Claude, kinds: list[str], **how: Any) -> dict[str, Request]:
    """The first request of one agent of each kind, all launched in one turn."""
    run = claude(
        turns=[once_ready([spawn(f"as-{kind}", kind) for kind in kinds], is_listed), "done"],
        subagents={f"as-{kind}": ["found"] for kind in kinds},
        **how,
    )
    return {kind: run.of(f"as-{kind}")[0] for kind in kinds}


def tokens_of(request: Request) -> int:
    """As `count_tokens`, for a project at `A_PATH`."""
    [path] = set(re.findall(r"working directory: (/.*?)(?:\\n|\"|\n)", json.dumps(request.body)))
    return count_tokens(json.loads(json.dumps(request.body).replace(path, A_PATH)))


def test_each_agent_begins_within_its_ceiling_and_with_its_tools_alone(claude: Claude) -> None:
    """The server is deferred for all but two tools, and yet the scout has its third one whole."""
    kinds = [f"lean-{agent.name}" for agent in AGENTS]
    found = first_requests(claude, kinds, files=our_agents(), settings=NO_SNAPSHOT)

    for agent in AGENTS:
        request = found[f"lean-{agent.name}"]
        wanted = {*(f"{PROJECT_PREFIX}{name}" for name in agent.our_tools), *agent.client_tools}
        assert set(request.ready_tools) == wanted
        assert tokens_of(request) <= CEILINGS[agent.name], agent.name


def test_the_scout_begins_with_a_sixth_of_a_general_agent(claude: Claude) -> None:
    """In a repository, where the client adds its snapshot to both."""
    found = first_requests(claude, ["lean-scout", "general-purpose", "Explore"], files=our_agents())
    scout, general, explore = map(tokens_of, found.values())

    assert scout <= SCOUT_IN_A_REPOSITORY
    assert general > 8_000
    assert scout * 5 < general
    assert scout * 4 < explore


def test_an_agent_of_the_plugin_differs_by_the_names_of_its_tools(
    claude: Claude, tmp_path_factory: pytest.TempPathFactory
) -> None:
    found = first_requests(claude, ["lean:scout"], **plugged(tmp_path_factory.mktemp("at")))

    assert set(found["lean:scout"].ready_tools) == {f"{PLUGIN_PREFIX}{name}" for name in FINDING}
    assert tokens_of(found["lean:scout"]) <= SCOUT_IN_A_REPOSITORY


@pytest.mark.parametrize("memory", ["x" * 4_000])
def test_only_agents_that_judge_or_edit_carry_the_memory_of_the_project(claude: Claude, memory: str) -> None:
    kinds = [f"lean-{agent.name}" for agent in AGENTS]
    found = first_requests(claude, kinds, files={"CLAUDE.md": memory, **our_agents()})

    carried = {kind.removeprefix("lean-") for kind, request in found.items() if memory in request.text}
    assert carried == {agent.name for agent in AGENTS if agent.reads_memory} == {"reviewer", "worker"}


def test_models_and_efforts_are_those_of_the_files(claude: Claude) -> None:
    kinds = [f"lean-{agent.name}" for agent in AGENTS]
    found = first_requests(claude, kinds, files=our_agents(), args=["--model", "opus", "--effort", "high"])

    assert {kind: (request.model, effort_of(request)) for kind, request in found.items()} == {
        "lean-scout": ("claude-haiku-5-5", "low"),
        "lean-reviewer": ("claude-opus-5-5", "medium"),
        "lean-runner": ("claude-haiku-5-5", "low"),
        "lean-worker": ("claude-sonnet-5-5", "medium"),
    }


def effort_of(request: Request) -> str:
    return str((request.body.get("output_config") or {}).get("effort", ""))


def test_two_scouts_share_all_of_tools_and_system(claude: Claude) -> None:
    """Byte for byte; the second one, launched after the first, reads that part from the cache."""
    run = claude(
        files=our_agents(),
        turns=[once_ready(spawn("first", "lean-scout"), is_listed), spawn("second", "lean-scout"), "done"],
        subagents={"first": ["found"], "second": ["found"]},
    )
    first, second = run.of("first")[0], run.of("second")[0]

    assert json.dumps(first.body["tools"]) == json.dumps(second.body["tools"])
    assert json.dumps(system_of(first)) == json.dumps(system_of(second))
    shared = count_tokens({"tools": first.body["tools"], "system": first.body["system"]})
    assert second.usage["cache_read_input_tokens"] >= shared
    assert second.usage["cache_read_input_tokens"] >= 0.65 * count_tokens(second.body)


DEFERRED = """
from dataclasses import replace
from mcp_lean.server import app, registry
app.TOOLS = registry.TOOLS = tuple(replace(tool, always_load=False) for tool in registry.TOOLS)
from mcp_lean.server import stdio
stdio.main()
"""
"""Our server without the flag on any tool; the front has its list written down, so it stays off."""

OURS_IN_MAIN = {"deferred": 300, "two tools": 300, "all tools": 560}


def test_what_the_main_agent_carries_of_us(claude: Claude) -> None:
    """In its second request, against a session without our server. The second way is what is shipped.

    Deferred tools are named; where the first request left before the server was up (it has no front in that way), that
    and their arrival stand there, too.
    """
    ways = {
        "none": {},
        "deferred": {"lean": Server((sys.executable, "-c", DEFERRED), env={"MCP_LEAN_FRONT": "0"})},
        "two tools": {"lean": LEAN},
        "all tools": {"lean": replace(LEAN, always_load=True)},
    }

    def weight(servers: Mapping[str, Server]) -> int:
        look = use("Bash", command="true")
        run = claude(
            mcp=servers, settings=NO_SNAPSHOT, turns=[once_ready(look, is_listed) if servers else look, "done"]
        )
        return count_tokens(run.requests[1].body)

    tokens = {way: weight(servers) for way, servers in ways.items()}
    ours = {way: tokens[way] - tokens["none"] for way in OURS_IN_MAIN}

    assert 0 < ours["deferred"] < ours["all tools"], ours
    assert ours["two tools"] < ours["all tools"], ours
    assert all(ours[way] <= most for way, most in OURS_IN_MAIN.items()), ours


def test_our_agents_weigh_little_in_the_list_that_others_carry(claude: Claude) -> None:
    """Every agent that may start others is shown a line for each: its description, and its tools by name."""

    def weight(files: Mapping[str, str]) -> int:
        return count_tokens(claude(mcp={}, files=files).requests[0].body)

    assert weight(our_agents()) - weight({}) <= 130


def test_a_scout_is_stopped_below_the_step_at_which_its_model_costs_more(claude: Claude) -> None:
    """Its siblings and its parent go on; another agent may go beyond."""
    read = use("mcp__lean__read_many", items=["app.py"])
    grown = Turn([read], usage={"cache_read_input_tokens": 96_000})
    run = claude(
        files={"app.py": "print()\n", **our_agents()},
        settings={"hooks": hooks(Config())},
        turns=[once_ready([spawn("scouting", "lean-scout"), spawn("working", "lean-worker")]), "done"],
        subagents={name: [grown, read, read, "found"] for name in ("scouting", "working")},
    )

    assert len(run.of("scouting")) <= 2
    assert len(run.of("working")) == 4
