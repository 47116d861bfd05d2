"""The agents' files: what the client needs stands in them, nothing varies, and the scout stays small."""

from __future__ import annotations

import re

import pytest

from mcp_lean.claude_code.agents import AGENTS, ALL_OURS, MARK, PLUGIN_PREFIX, PROJECT_PREFIX, agent_files
from mcp_lean.packing.tokens import estimate

KNOWN_TOOLS = {"Bash", "Edit", "Write", "Read"}
PREFIXES = [PROJECT_PREFIX, PLUGIN_PREFIX, "mcp__other__"]


def head(text: str) -> dict[str, str]:
    """The front matter: one key a line, nothing that YAML would read otherwise; a comment with our mark before them."""
    found = re.fullmatch(r"---\n(.*?)\n---\n\n(.+)\n", MARK.sub("", text), re.DOTALL)
    assert found is not None
    pairs = [line.split(": ", 1) for line in found[1].split("\n")]
    return {key: value for key, value in pairs}  # noqa: C416 - a pair that is none fails here


@pytest.mark.parametrize("prefix", PREFIXES)
def test_every_file_has_what_the_client_reads(prefix: str) -> None:
    for name, text in agent_files(prefix).items():
        fields = head(text)
        assert fields["name"] == name
        known = {"name", "description", "tools", "disallowedTools", "model", "effort", "maxTurns", "omitClaudeMd"}
        assert set(fields) <= known
        assert not re.search(r": |[#\[{&*!|>%@`]", fields["description"]), "YAML would read something else"
        assert fields["effort"] in ("low", "medium")
        assert fields.get("model", "") in ("", "haiku", "sonnet")
        assert 1 < int(fields["maxTurns"]) <= 60
        for tool in fields["tools"].split(", "):
            assert tool in KNOWN_TOOLS or tool == f"{prefix}*"


@pytest.mark.parametrize("prefix", PREFIXES)
def test_an_agent_is_given_our_server_without_what_its_work_does_not_need(prefix: str) -> None:
    """One word in the list that others carry; together the two lines leave exactly the agent's own tools."""
    for agent, text in zip(AGENTS, agent_files(prefix).values(), strict=True):
        fields = head(text)
        away = fields.get("disallowedTools", "").split(", ")
        given = set(ALL_OURS) if f"{prefix}*" in fields["tools"].split(", ") else set()
        assert given - {tool.removeprefix(prefix) for tool in away} == set(agent.our_tools)
        assert all(tool.startswith(prefix) for tool in away if tool)


def test_names_in_the_plugin_get_their_prefix_from_the_client() -> None:
    assert list(agent_files(PLUGIN_PREFIX)) == ["scout", "reviewer", "runner", "worker"]
    assert list(agent_files(PROJECT_PREFIX)) == ["lean-scout", "lean-reviewer", "lean-runner", "lean-worker"]


def test_files_for_two_places_differ_by_prefix_name_and_mark_alone() -> None:
    ours = agent_files(PROJECT_PREFIX)
    for name, text in agent_files(PLUGIN_PREFIX).items():
        same = text.replace(PLUGIN_PREFIX, PROJECT_PREFIX).replace(f"name: {name}\n", f"name: lean-{name}\n")
        assert MARK.sub("", ours[f"lean-{name}"]) == same


def test_the_tools_that_are_named_exist() -> None:
    from mcp_lean.server.registry import TOOLS

    known = {tool.name for tool in TOOLS}
    assert {tool for agent in AGENTS for tool in agent.our_tools} <= known
    assert set(ALL_OURS) == known, "a tool that is not listed would be given to every agent of ours"


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
        assert not re.search(r"\b20\d\d-|\b\d\d:\d\d\b|[0-9a-f]{12}", MARK.sub("", text))
