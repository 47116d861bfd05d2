"""The agents' files: what the client needs stands in them, nothing varies, and the scout stays small."""

from __future__ import annotations

import re

import pytest

from mcp_lean.claude_code.agents import AGENTS, ALL_OURS, PLUGIN_PREFIX, PROJECT_PREFIX, agent_files
from mcp_lean.packing.tokens import estimate

KNOWN_TOOLS = {"Bash", "Edit", "Write", "Read"}
PREFIXES = [PROJECT_PREFIX, PLUGIN_PREFIX, "mcp__other__"]


def head(text: str) -> dict[str, str]:
    """The front matter: one key a line, nothing that YAML would read otherwise."""
    found = re.fullmatch(r"---\n(.*?)\n---\n\n(.+)\n", text, re.DOTALL)
    assert found is not None
    pairs = [line.split(": ", 1) for line in found[1].split("\n")]
    return {key: value for key, value in pairs}  # noqa: C416 - a pair that is none fails here


@pytest.mark.parametrize("prefix", PREFIXES)
def test_every_file_has_what_the_client_reads(prefix: str) -> None:
    for name, text in agent_files(prefix).items():
        fields = head(text)
        assert fields["name"] == name
        assert set(fields) <= {"name", "description", "tools", "model", "effort", "maxTurns", "omitClaudeMd"}
        assert not re.search(r": |[#\[{&*!|>%@`]", fields["description"]), "YAML would read something else"
        assert fields["effort"] in ("low", "medium")
        assert fields.get("model", "") in ("", "haiku", "sonnet")
        assert 1 < int(fields["maxTurns"]) <= 60
        for tool in fields["tools"].split(", "):
            assert tool in KNOWN_TOOLS or tool.removeprefix(prefix) in (*ALL_OURS, "*")


def test_names_in_the_plugin_get_their_prefix_from_the_client() -> None:
    assert list(agent_files(PLUGIN_PREFIX)) == ["scout", "reviewer", "runner", "worker"]
    assert list(agent_files(PROJECT_PREFIX)) == ["lean-scout", "lean-reviewer", "lean-runner", "lean-worker"]


def test_files_for_two_places_differ_by_prefix_and_name_alone() -> None:
    ours = agent_files(PROJECT_PREFIX)
    for name, text in agent_files(PLUGIN_PREFIX).items():
        same = text.replace(PLUGIN_PREFIX, PROJECT_PREFIX).replace(f"name: {name}\n", f"name: lean-{name}\n")
        assert ours[f"lean-{name}"] == same


def test_the_tools_that_are_named_exist() -> None:
    from mcp_lean.server.registry import TOOLS

    known = {tool.name for tool in TOOLS}
    assert {tool for agent in AGENTS for tool in agent.our_tools} <= known
    assert set(ALL_OURS) == known, "an agent that names all of them is given the whole server"


def test_agents_that_only_look_have_no_tool_that_writes() -> None:
    for agent in AGENTS:
        assert bool({"Edit", "Write"} & set(agent.client_tools)) is (agent.name == "worker")
    assert next(agent for agent in AGENTS if agent.name == "scout").client_tools == ()


def test_prompts_are_short_and_ask_for_a_short_answer() -> None:
    """The real count, of the current tokenizer: what the end-to-end test holds is characters / 4."""
    for agent in AGENTS:
        assert estimate(agent.prompt) < 300, agent.name
        assert re.search(r"at most [23]00 words", agent.prompt, re.IGNORECASE), agent.name


def test_what_every_other_agent_carries_of_them_is_short() -> None:
    for text in agent_files(PROJECT_PREFIX).values():
        assert len(head(text)["description"]) <= 100


def test_nothing_in_a_file_varies() -> None:
    assert agent_files(PROJECT_PREFIX) == agent_files(PROJECT_PREFIX)
    for text in agent_files(PROJECT_PREFIX).values():
        assert not re.search(r"\b20\d\d-|\b\d\d:\d\d\b|[0-9a-f]{12}", text)
