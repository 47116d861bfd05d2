"""Writes one made-up run of Claude Code as transcripts: an orchestrator, two subagents, a pause, a compaction.

    python examples/cost/make_run.py FOLDER

The sizes are invented, the layout is the client's (2.1.330): a line per content block, files of subagents beside the
main file, no transcript of the compaction request, and the client's own account (`cost-state`) as the last line.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

SESSION = "5e551011-0000-4000-8000-000000000001"
PROJECT = "-home-ann-shop"
START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
OPUS, HAIKU = "claude-opus-5-5", "claude-haiku-5-5"

Record = dict[str, Any]


class Conversation:
    """One agent's transcript, with a prompt cache of five minutes that is kept by hand."""

    def __init__(
        self, model: str, base_tokens: int, started_s: float, agent_id: str = "", session: str = SESSION
    ) -> None:
        self.lines: list[Record] = []
        self.session = session
        self.model = model
        self.agent_id = agent_id
        self._name = ("" if session == SESSION else f"{session[:8]}_") + (agent_id or "main")
        self.now_s = started_s
        self._context = base_tokens
        self._cached = 0
        self._requests = 0
        self._calls = 0

    def prompt(self, text: str) -> None:
        self._write("user", {"role": "user", "content": text})
        self._context += len(text) // 3

    def request(self, text: str, *calls: tuple[str, Record], output: int) -> list[str]:
        """One answer with tool calls, as one line per block; the usage stands on every line. Returns the calls' ids."""
        self._requests += 1
        self.now_s += 6
        written = self._context - self._cached
        usage = {
            "input_tokens": 0,
            "cache_creation_input_tokens": written,
            "cache_read_input_tokens": self._cached,
            "output_tokens": output,
            "cache_creation": {"ephemeral_5m_input_tokens": written, "ephemeral_1h_input_tokens": 0},
        }
        ids = []
        blocks: list[Record] = [{"type": "text", "text": text}]
        for name, arguments in calls:
            self._calls += 1
            ids.append(f"toolu_{self._name}_{self._calls}")
            blocks.append({"type": "tool_use", "id": ids[-1], "name": name, "input": arguments})
        for block in blocks:
            message = {
                "id": f"msg_{self._name}_{self._requests}",
                "role": "assistant",
                "model": self.model,
                "stop_reason": "tool_use" if calls else "end_turn",
                "content": [block],
                "usage": usage,
            }
            self._write("assistant", message)
        self._cached, self._context = self._context, self._context + output
        return ids

    def result(self, call_id: str, text: str) -> None:
        block = {"type": "tool_result", "tool_use_id": call_id, "content": text}
        self._write("user", {"role": "user", "content": [block]})
        self._context += int(len(text) / 2.4) + 36

    def pause(self, seconds: float, base_tokens: int) -> None:
        """A break in which the five-minute cache expires; what other conversations keep warm is the base."""
        self.now_s += seconds
        self._cached = base_tokens

    def compaction(self, summary: str, base_tokens: int) -> None:
        marker = {"trigger": "auto", "preTokens": self._context, "postTokens": base_tokens + len(summary) // 3}
        self.lines.append({**self._common("system"), "subtype": "compact_boundary", "compactMetadata": marker})
        self._write("user", {"role": "user", "content": summary}, isCompactSummary=True)
        self._context = base_tokens + len(summary) // 3 + 400
        self._cached = base_tokens

    def _write(self, kind: str, message: Record, **more: object) -> None:
        self.now_s += 1
        self.lines.append({**self._common(kind), "message": message, **more})

    def _common(self, kind: str) -> Record:
        at = START + timedelta(seconds=self.now_s)
        made: Record = {
            "type": kind,
            "uuid": f"{self._name}-{len(self.lines)}",
            "sessionId": self.session,
            "version": "2.1.330",
            "cwd": "/home/ann/shop",
            "gitBranch": "main",
            "isSidechain": bool(self.agent_id),
            "timestamp": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        }
        return {**made, "agentId": self.agent_id} if self.agent_id else made


def source(lines: int) -> str:
    """A file as the Read tool shows it."""
    return "\n".join(
        f"{number:6}\tdef step_{number}(order): return order.total * {number}" for number in range(1, lines)
    )


def subagent(agent_id: str, model: str, started_s: float, task: str, reads: int) -> Conversation:
    agent = Conversation(model, 9_000, started_s, agent_id)
    agent.prompt(task)
    for number in range(reads):
        path = f"/home/ann/shop/src/part_{number}.py"
        [call] = agent.request("Next file.", ("Read", {"file_path": path}), output=70)
        agent.result(call, source(300))
    agent.request("Found: the rounding happens in step_17 of part_1.", output=180)
    return agent


def spawning(agent_type: str, description: str, prompt: str) -> tuple[str, Record]:
    return "Agent", {"subagent_type": agent_type, "description": description, "prompt": prompt}


def make() -> tuple[Conversation, dict[str, Conversation], dict[str, Record]]:
    main = Conversation(OPUS, 21_000, 0)
    main.prompt("The totals of some orders are a cent off. Find out why and fix it.")
    spawns = main.request(
        "Two agents look at it.",
        spawning("Explore", "find rounding", "Find where totals are rounded."),
        spawning("scout", "list the tests", "List the tests of totals."),
        output=260,
    )
    agents = {
        "a1b2c3": subagent("a1b2c3", OPUS, main.now_s, "Find where totals are rounded.", 4),
        "d4e5f6": subagent("d4e5f6", HAIKU, main.now_s, "List the tests of totals.", 3),
    }
    metas = {
        "a1b2c3": {"agentType": "Explore", "description": "find rounding", "toolUseId": spawns[0]},
        "d4e5f6": {"agentType": "scout", "description": "list the tests", "toolUseId": spawns[1]},
    }
    main.now_s = max(agent.now_s for agent in agents.values())
    for call in spawns:
        main.result(call, "The rounding happens in step_17 of part_1; test_totals.py covers it. " * 4)
    items = ["src/part_1.py", "tests/test_totals.py"]
    [read] = main.request("I read both.", ("mcp__lean__read_many", {"items": items}), output=90)
    main.result(read, source(350))
    [whole] = main.request("And the caller.", ("Read", {"file_path": "/home/ann/shop/src/cart.py"}), output=60)
    main.result(whole, source(700))
    for path in ("src/tax.py", "src/prices.py", "src/currency.py"):
        [call] = main.request("One more.", ("Grep", {"pattern": "round", "path": path}), output=50)
        main.result(call, f"{path}:17: return round(total, 2)\n" * 8)
    [edit] = main.request(
        "Fixed.",
        ("Edit", {"file_path": "/home/ann/shop/src/part_1.py", "old_string": "round(total, 2)", "new_string": "total"}),
        output=420,
    )
    main.result(edit, "The file has been updated.")
    main.request("The fix is in; totals are rounded once, at the end.", output=150)
    main.pause(1_500, 21_000)
    main.prompt("Now run the tests.")
    [tests] = main.request("Running them.", ("Bash", {"command": "pytest -q"}), output=80)
    main.result(tests, "." * 400 + "\n412 passed in 8.31s")
    main.request("All 412 tests pass.", output=60)
    main.compaction("The user wanted totals fixed. Done: part_1.py rounds once. All tests pass. " * 30, 21_000)
    main.prompt("Write the changelog entry.")
    main.request("Done: 'Totals are rounded once.'", output=200)
    return main, agents, metas


def write_run(folder: Path, client_usd: float = 0.69) -> Path:
    """The run below `folder`, as below `~/.claude/projects`; returns the main file.

    Args:
        client_usd: what the client's own account says: the recorded requests, and the compaction that is in no file.
    """
    main, agents, metas = make()
    account = {"type": "cost-state", "sessionId": SESSION, "totalCostUSD": client_usd, "modelUsage": {}}
    path = folder / PROJECT / f"{SESSION}.jsonl"
    save(path, [*main.lines, account])
    for agent_id, agent in agents.items():
        place = folder / PROJECT / SESSION / "subagents"
        save(place / f"agent-{agent_id}.jsonl", agent.lines)
        (place / f"agent-{agent_id}.meta.json").write_text(json.dumps(metas[agent_id]), encoding="utf-8")
    return path


def save(path: Path, records: list[Record]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")


if __name__ == "__main__":
    print(write_run(Path(sys.argv[1])))
