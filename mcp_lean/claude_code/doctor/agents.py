"""Checks of agents' files.

In:  a `Setup`.
Out: findings: twins that cannot share a cache, worktrees for readers, models with a window in their name, files of our
     own that another version wrote.
Not here: their prompts' text (`memory`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from mcp_lean.claude_code.doctor.finding import Cost, Fact, Finding, Result
from mcp_lean.claude_code.doctor.setup import AgentFile, Setup

WRITERS = {"Edit", "MultiEdit", "Write", "NotebookEdit", "Bash"}
WORKTREE_TOKENS = 220
"""What an agent in a worktree is told more on 2.1.330, by characters / 4. Tools and system prompt are those of others
of its kind (tests/e2e/test_setup.py)."""

SHORTEST_PROMPT_CHARS = 80
"""Two agents with a shorter prompt may well say the same by chance."""


def twins(setup: Setup) -> Iterator[Result]:
    """Agents that say the same and differ all the same: agents of one fan-out that share nothing."""
    first: dict[str, AgentFile] = {}
    for agent in setup.agents:
        gist = re.sub(r"\d+", "0", " ".join(agent.prompt.split()))
        other = first.setdefault(gist, agent)
        # Of two files with one name the project's stands for the user's: there is one agent.
        if other.name == agent.name or len(gist) < SHORTEST_PROMPT_CHARS:
            continue
        differing = [key for key in ("tools", "model") if _key(agent, key) != _key(other, key)]
        if agent.prompt != other.prompt:
            differing.append("prompt")
        if not differing:
            continue  # two names of one agent share their cache (seen on 2.1.330)
        yield Finding(
            "agents-differ",
            f"{agent.name} and {other.name} say the same and differ in {' and '.join(differing)}: agents share a cache "
            "only when tools, prompt and model are the same, so a fan-out over both writes its prefix twice",
            "make them one agent; say in the task what differs",
            agent.file.path,
            agent.line(differing[0]),
        )


def ours(setup: Setup) -> Iterator[Result]:
    """Files of our own agents: those of another version are a finding, those that a person has changed are a fact."""
    from mcp_lean.claude_code.agents import PROJECT_PREFIX, agent_files, is_as_written

    current = agent_files(PROJECT_PREFIX)
    for agent in setup.agents:
        name = os.path.basename(agent.file.path).removesuffix(".md")
        if agent.file.problem or agent.file.text.replace("\r\n", "\n") == current.get(name):
            continue
        init = "mcp-lean init" if agent.file.path.startswith(f"{setup.project}/") else "mcp-lean init --scope user"
        if is_as_written(agent.file.text):
            yield Finding(
                "agent-outdated",
                f"{name} is as another version of mcp-lean wrote it",
                f"{init} renews it, or removes what this version has not",
                agent.file.path,
                1,
            )
        elif name in current:
            yield Fact(
                f"agent {name}",
                f"{agent.file.path} differs from ours and stays so; move it away and run {init} for ours",
            )


def reader_worktrees(setup: Setup) -> Iterator[Result]:
    """Agents that cannot write and get a checkout of their own."""
    for agent in setup.agents:
        if agent.fields.get("isolation") == "worktree" and not _writes(agent):
            yield Finding(
                "agent-worktree",
                f"{agent.name} only reads, and runs in a worktree: a checkout for each start, and "
                f"{WORKTREE_TOKENS} tokens more (seen on 2.1.330; older clients shared no cache between worktrees)",
                "remove `isolation: worktree`",
                agent.file.path,
                agent.line("isolation"),
                Cost(WORKTREE_TOKENS),
            )


def long_windows(setup: Setup) -> Iterator[Result]:
    """A model with `[1m]`: current models have the window without it, and the name makes another cache."""
    for agent in setup.agents:
        model = agent.fields.get("model", "")
        if "[1m]" in model:
            yield Finding(
                "agent-long-window",
                f"{agent.name}: model {model}: an agent with such a window reads on where a smaller one would report; "
                "older models charge twice the price above 200,000 tokens",
                "name the model without [1m]",
                agent.file.path,
                agent.line("model"),
            )


def _writes(agent: AgentFile) -> bool:
    """Whether it has a tool that can change a file."""
    tools = {tool.partition("(")[0] for tool in agent.tools} if agent.tools is not None else WRITERS
    return bool(WRITERS & tools - set(agent.disallowed))


def _key(agent: AgentFile, key: str) -> object:
    # The order of tools in a file does not reach the request: the client sorts them (seen on 2.1.330).
    return frozenset(agent.tools or ("*",)) if key == "tools" else agent.fields.get(key, "")
