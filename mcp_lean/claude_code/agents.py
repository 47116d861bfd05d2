"""The agents that we install into Claude Code, for a project, a user, or the plugin.

In:  the prefix that our server's tools have there: `mcp__lean__` from `.mcp.json`, `mcp__plugin_lean_lean__` from the
     plugin.
Out: the text of each agent's file, by the agent's name.
Not here: writing files (`init`, `scripts/update_plugin`), which call goes to which agent (`guard/routing`).

An agent's file decides what each of its requests carries. So: only the tools that its work needs, no project memory
where the work does not depend on it, a bound on its turns, and a prompt of a few lines that never changes, for agents
of one kind share the cache of their tools and prompt. Descriptions are carried by every agent that may start others, so
they are shorter still. docs/figures.md#agents has what each carries, and
tests/e2e/test_agents.py holds it: on Claude Code 2.1.330 about 830 tokens of a request are the client's own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

PLUGIN, SERVER = "lean", "lean"
"""Names of the plugin, and of the server in it and in `.mcp.json`."""

PLUGIN_PREFIX = f"mcp__plugin_{PLUGIN}_{SERVER}__"
PROJECT_PREFIX = f"mcp__{SERVER}__"

READING = ("read_many", "grep_and_read")
FINDING = (*READING, "repo_summary")
ALL_OURS = ("read_many", "grep_and_read", "repo_summary", "budget_check", "compact")

MARK = re.compile(r"^# from mcp-lean init\b.*\(([0-9a-f]{16})\)\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class AgentFile:
    """One agent.

    our_tools, client_tools: names in our server, and of the client's own tools.
    model: an alias of the client; empty: the person's default for subagents, else the model of the main agent.
    effort: empty: as the agent that calls.
    reads_memory: CLAUDE.md stands in its context.
    """

    name: str
    description: str
    our_tools: tuple[str, ...]
    client_tools: tuple[str, ...]
    model: str
    effort: str
    max_turns: int
    reads_memory: bool
    prompt: str


AGENTS: tuple[AgentFile, ...] = (
    AgentFile(
        name="scout",
        description="Finds and reads code; answers with pointers (path:lines). Cannot edit or run anything.",
        # Not the others: no run of twelve turns is compacted, and hooks tell it of its limits unasked.
        our_tools=FINDING,
        client_tools=(),
        model="haiku",
        effort="low",
        # Above 100,000 tokens the model costs five times as much. Twelve searches or single files of 8,000 stay below;
        # with lists of files, of up to 20,000, the guard's limit of 95,000 stops it before.
        max_turns=12,
        reads_memory=False,
        prompt="""\
All patterns in one call, then all places in one. At most 300 words: the answer, `path:from-to`, what is missing.
""",
    ),
    AgentFile(
        name="reviewer",
        description="Reviews a change (diff, commit, branch); answers with findings. Say what it is meant to do.",
        our_tools=READING,
        client_tools=("Bash",),
        model="",
        effort="medium",
        max_turns=20,
        reads_memory=True,
        prompt="""\
Review the change that the task names. Only your last message is seen. Change nothing.

See the change with `git diff` or `git show`. Then read around it in one read_many call: the changed definitions and \
their callers (grep_and_read finds them). Look for what is wrong, what breaks a caller, what is not tested. Check each \
finding in the code before you report it.

Answer with one finding a line, the gravest first: `path:line`, what goes wrong and when, what to do. At most 300 \
words. No praise, no summary of the change. If you find nothing, say what you checked.
""",
    ),
    AgentFile(
        name="runner",
        description="Runs one given command (tests, build, lint) and digests its output.",
        our_tools=(),
        client_tools=("Bash",),
        model="haiku",
        effort="low",
        max_turns=8,
        reads_memory=False,
        # As it stands: a person's permission rules match the command that they know, and no other.
        prompt="""\
Run the command that the task gives, once, exactly as it stands. An output that is too long is saved, and its file \
named: look into it with grep, tail or sed. Do not mend anything and do not try other commands.

Answer in at most 200 words: the exit status, how much passed and failed, then for each distinct failure its name, \
`path:line`, and the decisive lines word by word. Say where the whole output lies, if it was saved.
""",
    ),
    AgentFile(
        name="worker",
        description="Makes a well described change. Give it files, behaviour and the command that checks it.",
        our_tools=READING,
        client_tools=("Bash", "Edit", "Write"),
        model="sonnet",
        effort="medium",
        max_turns=60,
        reads_memory=True,
        prompt="""\
Make the change that the task describes, and nothing beyond it. Only your last message is seen.

Read all files that you will touch in one read_many call; Edit works right after it. Follow the style of the code \
around. Run the check that the task names, or the nearest test; mend what you broke.

Answer in at most 200 words: what changed where (`path:line`), how it was checked and with what result, what is left.
""",
    ),
)


def agent_files(server_prefix: str) -> dict[str, str]:
    """The text of each agent's file, by the agent's name: write it to `agents/<name>.md`.

    In the plugin the client puts `lean:` before a name by itself; elsewhere `lean-` keeps it apart from a person's own.

    Args:
        server_prefix: of our tools where the agents are to run: `PROJECT_PREFIX`, `PLUGIN_PREFIX`, or of another name.
    """
    before = "" if server_prefix == PLUGIN_PREFIX else f"{PLUGIN}-"
    return {f"{before}{agent.name}": _text(agent, f"{before}{agent.name}", server_prefix) for agent in AGENTS}


def is_as_written(text: str) -> bool:
    """Whether a file is one that some version of ours wrote outside of the plugin, and nobody has changed it since."""
    text = text.replace("\r\n", "\n")  # a checkout may have them
    found = MARK.search(text)
    return found is not None and found[1] == _digest(text.replace(found[0], "", 1))


def _digest(text: str) -> str:
    import hashlib

    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _marked(text: str) -> str:
    """The text with a comment by which a later version knows it again; the client and the model do not see it."""
    return text.replace(
        "---\n", f"---\n# from mcp-lean init, which renews it as long as nobody edits it ({_digest(text)})\n", 1
    )


def _text(agent: AgentFile, name: str, server_prefix: str) -> str:
    # The main agent's list of agents shows the line of tools, and not that of those taken away (seen on 2.1.330).
    tools = (*((f"{server_prefix}*",) if agent.our_tools else ()), *agent.client_tools)
    away = [f"{server_prefix}{tool}" for tool in ALL_OURS if tool not in agent.our_tools] if agent.our_tools else []
    head = {
        "name": name,
        "description": agent.description,
        "tools": ", ".join(tools),
        "disallowedTools": ", ".join(away),
        "model": agent.model,
        "effort": agent.effort,
        "maxTurns": str(agent.max_turns),
        "omitClaudeMd": "" if agent.reads_memory else "true",
    }
    lines = [f"{key}: {value}" for key, value in head.items() if value]
    text = "\n".join(["---", *lines, "---", "", agent.prompt])
    return text if server_prefix == PLUGIN_PREFIX else _marked(text)
