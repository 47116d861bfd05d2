"""Plays the hook events of a made-up Claude Code session, and prints what `mcp-lean hook` answers.

    python examples/guard/session.py HOME

A server runs beside it, as in Claude Code: it answers the hook commands, and remembers the turns of each agent.
"""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import fill

SESSION = "5e551011-0000-4000-8000-000000000002"
HOME = Path(sys.argv[1])
PROJECT = HOME / "shop"
SLUG = "".join(c if c.isalnum() else "-" for c in str(PROJECT))
TRANSCRIPT = HOME / ".claude" / "projects" / SLUG / f"{SESSION}.jsonl"
OWN = ("CLAUDE", "XDG_", "MCP_LEAN_")
ENV = {name: value for name, value in os.environ.items() if not name.startswith(OWN)}
ENV |= {"HOME": str(HOME), "XDG_DATA_HOME": str(HOME / "data"), "CLAUDE_CODE_SESSION_ID": SESSION}
META = {"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}}

STDOUT = os.dup(1)
WRITTEN_S = 1_795_165_200  # 20 November 2026, 09:00

Json = dict[str, object]


class Agent:
    """One agent: its transcript, which grows by a request per turn, and its hook events."""

    def __init__(self, name: str, agent_id: str = "", agent_type: str = "") -> None:
        self.name, self.id, self.type = name, agent_id, agent_type
        self.turns = 0
        folder = TRANSCRIPT.with_suffix("") / "subagents"
        self.file = folder / f"agent-{agent_id}.jsonl" if agent_id else TRANSCRIPT
        self.file.parent.mkdir(parents=True, exist_ok=True)

    def turn(self, tool: str, arguments: Json, response: str, *, output_tokens: int, failed: bool = False) -> Json:
        """A request that asks for one call, and the events after that call."""
        self.turns += 1
        call_id = f"toolu_{self.id or 'main'}_{self.turns}"
        usage = {"input_tokens": 0, "cache_read_input_tokens": 20_000, "output_tokens": output_tokens}
        call = {"type": "tool_use", "id": call_id, "name": tool, "input": arguments}
        message = {"id": f"msg_{call_id}", "role": "assistant", "model": "claude-opus-5-5", "stop_reason": "tool_use"}
        record = {"type": "assistant", "sessionId": SESSION, "message": {**message, "content": [call], "usage": usage}}
        with self.file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")
        told = {"tool_name": tool, "tool_use_id": call_id, "tool_input": arguments}
        if failed:
            self.hook("PostToolUseFailure", **told, error=response)
        return self.hook("PostToolBatch", tool_calls=[{**told, "tool_response": response}])

    def hook(self, event: str, **fields: object) -> Json:
        """`mcp-lean hook EVENT`, as Claude Code would run it; prints what it says, if anything."""
        actor = {"session_id": SESSION, "transcript_path": str(TRANSCRIPT), "cwd": str(PROJECT)}
        data = json.dumps({**actor, "agent_id": self.id, "agent_type": self.type, **fields})
        answer: Json = json.loads(mcp_lean("hook", event, stdin=data))
        specific = answer.get("hookSpecificOutput")
        if isinstance(specific, dict) and "additionalContext" in specific:
            self.says(event, "is told", str(specific["additionalContext"]))
        if answer.get("continue") is False:
            self.says(event, "is stopped", str(answer["stopReason"]))
        return answer

    def says(self, event: str, what: str, words: str) -> None:
        print(f"{self.name}, turn {self.turns}, {event}: {what}")
        for line in words.replace(str(HOME), "~").replace(SLUG, "-home-ann-shop").splitlines():
            print(fill(line, 110, initial_indent="    ", subsequent_indent="    ", break_long_words=False))


def mcp_lean(*words: str, stdin: str = "") -> str:
    """A command's output; `budget` ends with status 1 where a limit is passed."""
    done = subprocess.run(["mcp-lean", *words], input=stdin, env=ENV, cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    return done.stdout


@contextmanager
def server() -> Iterator[None]:
    """The MCP server of this session, until the block ends."""
    process = subprocess.Popen(
        ["mcp-lean", "serve"], env=ENV, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    hook = {"name": "hook", "arguments": {"event": "Stop"}}  # an `mcp_tool` hook: now the guard is there
    for method, params in (("server/discover", {}), ("tools/list", {}), ("tools/call", hook)):
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": META}}
        process.stdin.write(json.dumps(request).encode() + b"\n")
        process.stdin.flush()
        process.stdout.readline()
    while not any((HOME / "data/mcp-lean/run").glob("*")):  # and here is its door for hook commands
        time.sleep(0.01)
    try:
        yield
    finally:
        process.communicate()


def shell(command: str) -> None:
    print(f"$ {command}")
    print(mcp_lean(*command.split()[1:]).rstrip())


def person_in_a_terminal(command: str, answer: str) -> None:
    """`command` where there is a terminal to ask on, and somebody to answer; its output goes where ours does."""
    print(f"$ {command}", flush=True)
    process, terminal = pty.fork()
    if not process:
        os.dup2(STDOUT, 1)
        os.chdir(PROJECT)
        os.execvpe("mcp-lean", command.split(), ENV)
    question = b""
    while not question.endswith(b"[y/N] "):
        try:
            question += os.read(terminal, 1_000)
        except OSError:  # it ended without a question
            sys.exit("not raised: a person does that, and starts this example, in a terminal outside of Claude Code")
    print(f"{question.decode()}{answer}", flush=True)
    os.write(terminal, f"{answer}\n".encode())
    os.waitpid(process, 0)
    os.close(terminal)


def main() -> None:
    main_agent, tester = Agent("orchestrator"), Agent("tester", "a1b2c3", "tester")
    main_agent.hook("UserPromptSubmit", prompt="Make the tests pass.")

    print("--- an agent in a loop")
    tester.hook("SubagentStart")
    command, error = {"command": "make test"}, "Exit code 2\nmake: *** No rule to make target 'test'."
    while tester.turn("Bash", command, error, output_tokens=300, failed=True).get("continue") is not False:
        pass
    main_agent.turn("Agent", {"prompt": "Run the tests."}, "agentId: a1b2c3", output_tokens=400)

    print("\n--- a run over its budget")
    for number in range(1, 9):
        part = {"file_path": f"{PROJECT}/part_{number}.py"}
        if main_agent.turn("Edit", part, "The file has been updated.", output_tokens=20_000).get("continue") is False:
            break
    main_agent.hook("UserPromptSubmit", prompt="Go on.")

    print("\n--- a person looks, and lets it go on")
    os.utime(TRANSCRIPT, (WRITTEN_S, WRITTEN_S))  # so that the same is printed each time
    shell("mcp-lean budget")
    person_in_a_terminal("mcp-lean budget --raise 5", "y")
    answer = main_agent.hook("UserPromptSubmit", prompt="Go on.")
    print(f"the next prompt: {'is sent' if answer == {} else answer}")


if __name__ == "__main__":
    PROJECT.mkdir(parents=True)
    (PROJECT / ".mcp-lean.toml").write_text("[budget]\nrun_usd = 2.0\n", encoding="utf-8")
    with server():
        main()
