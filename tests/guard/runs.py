"""A session of Claude Code as it is written: lines in order, events in order. All of it made up."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mcp_lean.costs.breakdown import break_down
from mcp_lean.costs.contract import price_table
from mcp_lean.guard.event import Event, ToolUse
from mcp_lean.transcripts.read import load_runs

SESSION = "33333333-3333-4333-8333-333333333333"
OPUS, HAIKU = "claude-opus-5-5", "claude-haiku-5-5"

Json = dict[str, Any]


@dataclass
class Place:
    """A user's folders in a temporary one."""

    home: Path
    session: str = SESSION
    cwd: str = "/home/ann/app"

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)

    @property
    def folder(self) -> Path:
        return self.home / ".claude" / "projects" / "-home-ann-app"

    @property
    def environ(self) -> dict[str, str]:
        return {"HOME": str(self.home), "XDG_DATA_HOME": str(self.home / "data")}

    @property
    def main(self) -> Path:
        return self.folder / f"{self.session}.jsonl"

    @property
    def ledger_file(self) -> Path:
        return self.home / "data" / "mcp-lean" / "ledger.sqlite3"

    def file(self, agent_id: str) -> Path:
        """Transcript of an agent; the main one for an empty id."""
        return self.folder / self.session / "subagents" / f"agent-{agent_id}.jsonl" if agent_id else self.main

    def append(self, agent_id: str, data: bytes) -> None:
        path = self.file(agent_id)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(data)

    def event(self, name: str, agent_id: str = "", agent_type: str = "", **fields: Any) -> Event:
        return Event(name, self.session, str(self.main), self.cwd, agent_id, agent_type, **fields)

    def pre(
        self, call_id: str, agent_id: str = "", agent_type: str = "", tool: str = "Read", **inputs: object
    ) -> Event:
        return self.event("PreToolUse", agent_id, agent_type, tool=ToolUse(call_id, tool, inputs))

    def batch(self, call_id: str, agent_id: str = "", agent_type: str = "", response: str = "ok") -> Event:
        return self.event("PostToolBatch", agent_id, agent_type, batch=(ToolUse(call_id, "Read", {}, response),))

    def metered(self) -> int:
        """What `mcp-lean cost` gives for the same files, in picodollars."""
        runs = load_runs([str(self.main)]).runs
        return sum(agent.bill.picousd for run in runs for agent in break_down(run, price_table()).agents)


@dataclass
class Writer:
    """Lines of one agent."""

    session: str = SESSION
    agent_id: str = ""
    model: str = OPUS
    number: int = 0
    context: int = 8_000
    ids: list[str] = field(default_factory=list)

    def _line(self, kind: str, message: Json) -> bytes:
        record: Json = {
            "type": kind,
            "isSidechain": bool(self.agent_id),
            "sessionId": self.session,
            "version": "2.1.330",
            "cwd": "/home/ann/app",
            "timestamp": f"2026-11-22T10:{self.number // 60 % 60:02d}:{self.number % 60:02d}.000Z",
            "message": message,
        }
        if self.agent_id:
            record["agentId"] = self.agent_id
        return json.dumps(record, separators=(",", ":")).encode() + b"\n"

    def prompt(self, words: str = "do it") -> bytes:
        return self._line("user", {"role": "user", "content": words})

    def result(self, call_id: str, words: str = "ok") -> bytes:
        block = {"type": "tool_result", "tool_use_id": call_id, "content": words}
        return self._line("user", {"role": "user", "content": [block]})

    def call_id(self, number: int | None = None) -> str:
        return f"toolu_{self.agent_id}_{self.number if number is None else number}"

    def request(
        self, *, calls: int = 1, output: int = 120, grows: int = 900, stop: str | None = "tool_use", words: str = "Now."
    ) -> list[bytes]:
        """The lines of one request: one per block, each with the same usage; what was there is read from the cache."""
        self.number += 1
        blocks: list[Json] = [{"type": "text", "text": words}]
        blocks += [
            {
                "type": "tool_use",
                "id": self.call_id() + (f"_{n}" if n else ""),
                "name": "Read",
                "input": {"file_path": "a"},
            }
            for n in range(calls)
        ]
        used = {
            "input_tokens": 3,
            "cache_creation_input_tokens": grows,
            "cache_read_input_tokens": self.context,
            "cache_creation": {"ephemeral_5m_input_tokens": grows, "ephemeral_1h_input_tokens": 0},
            "output_tokens": output,
        }
        self.context += grows
        run = "" if self.session == SESSION else self.session[:4]
        common = {
            "id": f"msg_{run}{self.agent_id}_{self.number}",
            "role": "assistant",
            "model": self.model,
            "usage": used,
        }
        return [self._line("assistant", {**common, "content": [block], "stop_reason": stop}) for block in blocks]


def recorded_like() -> Iterator[tuple[str, bytes]]:
    """(agent id, bytes) of a run as it is written: results between the lines of a message, two agents at once,
    placeholders that are replaced, a line in two parts, lines that mean nothing."""
    main, one, two = Writer(), Writer(agent_id="a1", model=HAIKU), Writer(agent_id="a2")
    yield "", main.prompt()
    yield "", b'{"type":"mode","mode":"x"}\n'
    for turn in range(12):
        first, *rest = main.request(calls=2, output=100 + turn)
        yield "", first
        yield "", main.result(main.call_id(), "x" * 50 * turn)
        yield from (("", each) for each in rest)
        if turn == 3:
            yield "a1", one.prompt("look here")
            yield "a2", two.prompt("look there")
        if turn > 3:
            lines = one.request(output=2, stop=None, words="w" * 40 * turn, grows=9_000)
            yield from (("a1", each) for each in lines)
            [line, *_] = two.request(output=40 * turn)
            yield "a2", line[: len(line) // 2]
            yield "a2", line[len(line) // 2 :]
            yield "a2", b"not json\n"
    yield "", main.request(calls=0, stop="end_turn")[0]
