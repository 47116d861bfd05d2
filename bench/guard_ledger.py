"""What the ledger's part of a hook event takes, beside a transcript that is long and grows.

    python bench/guard_ledger.py [--mb 50] [--events 400] [--agents 8]

Prints milliseconds per event (p50, p99, most) inside a server, the first event after a server's start, and the same
event in a process of its own, in multiples of bare Python's start. The transcript is made up.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from mcp_lean.guard.event import Event, ToolUse
from mcp_lean.guard.ledger.ledger import Ledger

SESSION = "44444444-4444-4444-8444-444444444444"
RESULT_CHARS = 6_000

ONCE = """
import os, sys
from mcp_lean.guard.event import Event, ToolUse
from mcp_lean.guard.ledger.ledger import Ledger
ledger = Ledger.open(os.environ, reads_on=True)
ledger.remember(Event("PreToolUse", sys.argv[1], sys.argv[2], tool=ToolUse(sys.argv[3], "Read")))
ledger.spent(sys.argv[1], ""), ledger.spent(sys.argv[1], None), ledger.raised(sys.argv[1])
ledger.close()
"""


def lines(agent_id: str, number: int) -> bytes:
    """One request with its call and its result."""
    common = {"isSidechain": bool(agent_id), "sessionId": SESSION, "version": "2.1.330"}
    common |= {"agentId": agent_id} if agent_id else {}
    used = {"input_tokens": 3, "cache_creation_input_tokens": 2_000, "cache_read_input_tokens": 90_000}
    message = {"role": "assistant", "model": "claude-opus-5-5", "stop_reason": "tool_use"}
    message |= {"id": f"msg_{agent_id}_{number}", "usage": {**used, "output_tokens": 300}}
    call = {"type": "tool_use", "id": f"toolu_{agent_id}_{number}", "name": "Read", "input": {"file_path": "a.py"}}
    result = {"type": "tool_result", "tool_use_id": call["id"], "content": f"{number} words " * (RESULT_CHARS // 12)}
    records = [
        {"type": "assistant", **common, "message": {**message, "content": [{"type": "text", "text": "Now."}]}},
        {"type": "assistant", **common, "message": {**message, "content": [call]}},
        {"type": "user", **common, "message": {"role": "user", "content": [result]}},
    ]
    return b"".join(json.dumps(record, separators=(",", ":")).encode() + b"\n" for record in records)


def shares(milliseconds: list[float]) -> str:
    ranked = sorted(milliseconds)
    p99 = ranked[min(len(ranked) - 1, int(len(ranked) * 0.99))]
    return f"p50 {ranked[len(ranked) // 2]:.2f} ms, p99 {p99:.2f} ms, most {ranked[-1]:.2f} ms"


def timed(work: object, *values: object) -> float:
    began = time.perf_counter()
    work(*values)  # type: ignore[operator]
    return (time.perf_counter() - began) * 1_000


def process_ms(command: list[str], environ: dict[str, str], times: int = 11) -> float:
    took = sorted(timed(lambda: subprocess.run(command, env=environ, check=True)) for _ in range(times))
    return took[times // 2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mb", type=int, default=50)
    parser.add_argument("--events", type=int, default=400)
    parser.add_argument("--agents", type=int, default=8)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / ".claude" / "projects" / "-p"
        subagents = folder / SESSION / "subagents"
        subagents.mkdir(parents=True)
        files = {"": folder / f"{SESSION}.jsonl"}
        files |= {f"a{number}": subagents / f"agent-a{number}.jsonl" for number in range(asked.agents)}
        numbers = dict.fromkeys(files, 0)
        with files[""].open("wb") as file:
            while file.tell() < asked.mb << 20:
                file.write(lines("", numbers[""]))
                numbers[""] += 1
        print(f"main transcript: {files[''].stat().st_size / 2**20:.0f} MB, {numbers['']:,} requests")
        environ = {"HOME": home, "XDG_DATA_HOME": f"{home}/data", "PATH": os.environ["PATH"]}
        ledger = Ledger.open(environ)

        def event(name: str, agent_id: str) -> None:
            call = ToolUse(f"toolu_{agent_id}_{numbers[agent_id]}", "Read", {}, "r" * RESULT_CHARS)
            fields = {"tool": call} if name == "PreToolUse" else {"batch": (call,)}
            ledger.remember(Event(name, SESSION, str(files[""]), "", agent_id, "scout", **fields))  # type: ignore[arg-type]
            ledger.spent(SESSION, agent_id)
            ledger.spent(SESSION, None)
            ledger.raised(SESSION)
            ledger.told_so_far(SESSION, agent_id)
            ledger.stop_reason(SESSION, agent_id)

        print(f"first event after a start: {timed(event, 'PreToolUse', ''):.0f} ms")
        print(f"the rest of the transcript: {timed(ledger.refresh, SESSION):.0f} ms, which events share")
        took: dict[str, list[float]] = {"PreToolUse": [], "PostToolBatch": []}
        agents = list(files)
        for turn in range(asked.events):
            agent_id = agents[turn % len(agents)]
            numbers[agent_id] += 1
            with files[agent_id].open("ab") as file:
                file.write(lines(agent_id, numbers[agent_id]))
            for name, found in took.items():
                found.append(timed(event, name, agent_id))
        for name, found in took.items():
            print(f"{name}: {shares(found)} ({len(found)} events, {len(files)} agents)")
        ledger.close()
        bare = process_ms([sys.executable, "-c", "pass"], environ)
        for label, path in (("one event in a process", files[""]),):
            command = [sys.executable, "-c", ONCE, SESSION, str(path), "toolu_x"]
            first = process_ms(command, environ, 1)
            once = process_ms(command, environ)
            print(
                f"{label}: first {first:.0f} ms, then {once:.0f} ms = {once / bare:.1f} x bare Python ({bare:.0f} ms)"
            )


if __name__ == "__main__":
    main()
