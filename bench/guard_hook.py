"""What a hook event costs: in the server over its wire, and as a command.

    python bench/guard_hook.py [EVENTS] [PAIRS] [MEGABYTES] [SERVERS]

In the server: an event every turn of an agent, while the transcript of its session grows by a request before each one.
Printed are p50 and p99, beside a `tools/list` on the same wire: the difference is ours. Aims: p50 2 ms, p99 10 ms.
First event: of so many servers, each with an empty ledger and the whole transcript before it, and the events in which
the rest of it is read. Aim: none takes as long as the deadline of 1 s; afterwards the total is that of the meter.
As a command: pairs of bare Python (`-c pass`) and the hook, a process each, in turns; the median of the pairs' ratios,
of CPU (user and system) and of the time from start to end. Without a server by event, each with another request in the
transcript. Aim: at most 3 times; exit status 1 only where a server runs.
With MCP_LEAN_CLAUDE: the real client, runs with and without hooks in turns; from one request to the next, with one call
of a tool between them. Aim: at most 40 ms more. Exit status 1: an aim is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from statistics import median

P50_MS, P99_MS, MOST_STARTS, MORE_PER_CALL_MS, DEADLINE_MS = 2.0, 10.0, 3.0, 40.0, 1_000.0
DEFAULTS = {"EVENTS": 300, "PAIRS": 50, "MEGABYTES": 50, "SERVERS": 20}
SERVE = (sys.executable, "-m", "mcp_lean", "serve")
HOOK = (sys.executable, "-m", "mcp_lean", "hook")
ALONE = ("PreToolUse", "PostToolUse", "PostToolBatch", "Stop", "UserPromptSubmit", "Agent")
ENVELOPE = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}
SESSION = "5e551011-0000-4000-8000-000000000000"


class Session:
    """A made session of Claude Code that grows."""

    def __init__(self, home: Path, megabytes: int) -> None:
        self.file = home / "config" / "projects" / "-project" / f"{SESSION}.jsonl"
        self.file.parent.mkdir(parents=True)
        self.count = 0
        with open(self.file, "w", encoding="utf-8") as file:
            while file.tell() < megabytes << 20:
                file.writelines(self._turn(filler=20_000))

    def grow(self) -> str:
        """Another request with one tool call; the id of the call."""
        with open(self.file, "a", encoding="utf-8") as file:
            file.writelines(self._turn(filler=2_000))
        return f"toolu_{self.count}"

    def event(self, name: str) -> bytes:
        """What a command reads on stdin, about the newest call."""
        self.grow()
        call: dict[str, object] = {"tool_name": "Bash", "tool_input": {"command": "ls"}}
        if name == "Agent":
            call = {"tool_name": "Agent", "tool_input": {"description": "Find it", "prompt": "Find where it is set."}}
        call["tool_use_id"] = f"toolu_{self.count}"
        fields: dict[str, object] = {"session_id": SESSION, "transcript_path": str(self.file), "prompt": "go on"}
        if name == "PostToolBatch":
            fields["tool_calls"] = [{**call, "tool_response": "x" * 2_000}]
        elif name in ("PreToolUse", "PostToolUse", "Agent"):
            fields |= call
        return json.dumps({**fields, "cwd": str(self.file.parents[3])}).encode()

    def _turn(self, filler: int) -> list[str]:
        self.count += 1
        number = self.count
        base = {"sessionId": SESSION, "timestamp": "2026-11-22T10:00:00.000Z", "version": "2.1.330"}
        usage: dict[str, int] = {
            "input_tokens": 3,
            "cache_creation_input_tokens": 900,
            "cache_read_input_tokens": 20_000,
        }
        call = {"type": "tool_use", "id": f"toolu_{number}", "name": "Bash", "input": {"command": f"echo {number}"}}
        said = {"id": f"msg_{number}", "role": "assistant", "model": "claude-haiku-5-5", "stop_reason": "tool_use"}
        assistant = {**said, "content": [call], "usage": {**usage, "output_tokens": 50}}
        result = {"type": "tool_result", "tool_use_id": f"toolu_{number}", "content": "x" * filler}
        records = (
            {**base, "type": "assistant", "uuid": f"a{number}", "requestId": f"req_{number}", "message": assistant},
            {**base, "type": "user", "uuid": f"u{number}", "message": {"role": "user", "content": [result]}},
        )
        return [json.dumps(record) + "\n" for record in records]


class Server:
    """Our server, and the time of each exchange in milliseconds."""

    def __init__(self, env: Mapping[str, str], cwd: Path) -> None:
        self.process = subprocess.Popen(SERVE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env, cwd=cwd)
        self.number = 0

    def ask(self, method: str, **params: object) -> tuple[float, bytes]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.number += 1
        params["_meta"] = ENVELOPE
        line = json.dumps({"jsonrpc": "2.0", "id": self.number, "method": method, "params": params}).encode()
        began = time.perf_counter()
        self.process.stdin.write(line + b"\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        taken = (time.perf_counter() - began) * 1e3
        assert b'"result"' in answer, answer
        return taken, answer

    def hook(self, event: str, **fields: object) -> float:
        return self.ask("tools/call", name="hook", arguments={"event": event, **fields})[0]

    def end(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def actor_of(session: Session) -> dict[str, object]:
    return {"session_id": SESSION, "transcript_path": str(session.file), "agent_id": "", "agent_type": ""}


def first_events(session: Session, env: Mapping[str, str], home: Path, servers: int) -> tuple[list[float], list[float]]:
    """Milliseconds of each server's first event, and of the ones in which it reads the rest of the transcript."""
    from mcp_lean.costs.breakdown import break_down
    from mcp_lean.costs.contract import price_table
    from mcp_lean.guard.ledger.ledger import Ledger
    from mcp_lean.transcripts.read import load_runs

    [run] = load_runs([str(session.file)]).runs
    whole = sum(agent.bill.picousd for agent in break_down(run, price_table()).agents)
    firsts, others = [], []
    for number in range(servers):
        own = {**env, "XDG_DATA_HOME": str(home / f"data{number}")}
        server = Server(own, home)
        server.ask("server/discover")
        server.ask("tools/list")
        time.sleep(2)
        firsts.append(server.hook("UserPromptSubmit", **actor_of(session)))
        looks = 2 + (session.file.stat().st_size >> 20) // 8
        others += [server.hook("UserPromptSubmit", **actor_of(session)) for _ in range(looks)]
        server.end()
        kept = Ledger.open(own)
        assert kept.spent_picousd(SESSION) == whole, "the ledger's total is not the meter's"
        kept.close()
    return firsts, others


def in_the_server(server: Server, session: Session, events: int) -> dict[str, list[float]]:
    """Milliseconds per event, by its name, and of a `tools/list` as the wire's own share."""
    actor = actor_of(session)
    call = {"tool_name": "mcp__lean__read_many"}
    for _ in range(3 + (session.file.stat().st_size >> 20) // 8):
        server.hook("UserPromptSubmit", **actor)
    time.sleep(1)
    found: dict[str, list[float]] = {"tools/list": [], "PreToolUse": [], "PostToolBatch": []}
    for number in range(events):
        tool_use_id = session.grow()
        used = {**call, "tool_use_id": tool_use_id, "tool_input": {"items": [f"a{number}.py"]}}
        found["PreToolUse"].append(server.hook("PreToolUse", **actor, **{**used, "tool_input": "{}"}))
        batch = json.dumps([{**used, "tool_response": "x" * 8_000}])
        found["PostToolBatch"].append(server.hook("PostToolBatch", **actor, tool_calls=batch))
        found["tools/list"].append(server.ask("tools/list")[0])
    return found


def process_ms(command: Sequence[str], stdin: bytes, env: Mapping[str, str], cwd: Path) -> tuple[float, float]:
    """CPU of one process from its start to its end, and the time that it took."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=env, cwd=cwd)
    assert process.stdin is not None
    process.stdin.write(stdin)
    process.stdin.close()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = status
    assert status == 0
    return (used.ru_utime + used.ru_stime) * 1e3, (time.perf_counter() - began) * 1e3


def as_a_command(name: str, session: Session, env: Mapping[str, str], cwd: Path, pairs: int) -> tuple[float, float]:
    """How many times bare Python's CPU and time the hook takes, and its median milliseconds for the eye."""
    bare, hook = (sys.executable, "-c", "pass"), (*HOOK, "PreToolUse" if name == "Agent" else name)
    process_ms(hook, session.event(name), env, cwd)
    found = [(process_ms(bare, b"", env, cwd), process_ms(hook, session.event(name), env, cwd)) for _ in range(pairs)]
    cpu, taken = (median(ours[each] / theirs[each] for theirs, ours in found) for each in (0, 1))
    ms = [median(pair[side][each] for pair in found) for each in (0, 1) for side in (0, 1)]
    in_ms = [f"{bare_ms:.0f} -> {hook_ms:.0f} ms" for bare_ms, hook_ms in (ms[:2], ms[2:])]
    print(f"{name:16} x{cpu:.2f} CPU ({in_ms[0]}), x{taken:.2f} time ({in_ms[1]}), {pairs} pairs")
    return cpu, taken


def in_the_client(program: str, folder: Path, runs: int = 3, calls: int = 15) -> dict[str, dict[bool, list[float]]]:
    """Milliseconds from a request to the next, by the tool called between them, with hooks (True) and without."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
    from e2e.client import Claude
    from e2e.live import Scene
    from e2e.script import ToolUse, use

    from mcp_lean.claude_code.hook_settings import hooks
    from mcp_lean.config import Config

    def once_listed(scene: Scene) -> ToolUse:
        scene.until(lambda: any("tools" in (e.message.get("result") or {}) for e in scene.wire()), "the tools")
        return use("Bash", command="true")

    claude = Claude(Path(program).resolve(), folder)
    found: dict[str, dict[bool, list[float]]] = {}
    tools = {"Bash": use("Bash", command="true"), "read_many": use("mcp__lean__read_many", items=["a.py"])}
    for _ in range(runs):
        for with_hooks in (False, True):
            for name, call in tools.items():
                settings = {"hooks": hooks(Config())} if with_hooks else {}
                run = claude(
                    files={"a.py": "a\n"}, settings=settings, turns=[once_listed, *[call] * calls, "done"], timeout_s=90
                )
                times = [request.at_s for request in run.of("main")][1:]
                gaps = [(after - before) * 1e3 for before, after in pairwise(times)]
                found.setdefault(name, {}).setdefault(with_hooks, []).extend(gaps)
                found.setdefault("first request", {}).setdefault(with_hooks, []).append(run.requests[0].at_s * 1e3)
    return found


def percentile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in DEFAULTS.items():
        parser.add_argument(name, type=int, nargs="?", default=default, help=f"default {default}")
    asked = parser.parse_args()
    events, pairs, megabytes, servers = asked.EVENTS, asked.PAIRS, asked.MEGABYTES, asked.SERVERS
    print("load", *os.getloadavg())
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        env = {**os.environ, "HOME": folder, "CLAUDE_CONFIG_DIR": str(home / "config"), "XDG_DATA_HOME": folder}
        env |= {"CLAUDE_CODE_SESSION_ID": SESSION}
        env.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package is compiled
        session = Session(home, megabytes)
        is_missed = False
        if servers:
            firsts, others = first_events(session, env, home, servers)
            for name, values in (("first event", firsts), ("reading on", others)):
                print(f"{name:14} p50 {median(values):6.0f} ms  most {max(values):6.0f} ms  ({len(values)} events)")
            is_missed |= max(firsts) > DEADLINE_MS
        for _ in range(2 + (session.file.stat().st_size >> 20) // 8):
            process_ms((*HOOK, "UserPromptSubmit"), session.event("UserPromptSubmit"), env, home)
        print("command, no server")
        for name in ALONE:
            as_a_command(name, session, env, home, pairs)
        server = Server(env, home)
        server.ask("server/discover")
        server.ask("tools/list")
        found = in_the_server(server, session, events)
        print("command, a server runs")
        is_missed |= max(as_a_command("PreToolUse", session, env, home, pairs)) > MOST_STARTS
        server.end()
        wire = median(found["tools/list"])
        for name, values in found.items():
            p50, p99 = median(values), percentile(values, 0.99)
            print(f"{name:14} p50 {p50:6.2f} ms  p99 {p99:6.2f} ms  p50 less tools/list {p50 - wire:6.2f} ms")
            is_missed |= name != "tools/list" and (p50 > P50_MS or p99 > P99_MS)
        program = os.environ.get("MCP_LEAN_CLAUDE")
        for name, by_hooks in (in_the_client(program, home) if program else {}).items():
            without, with_hooks = (median(by_hooks[each]) for each in (False, True))
            more = with_hooks - without
            print(f"client, {name:14} without hooks {without:6.0f} ms, with {with_hooks:6.0f} ms: {more:+.0f} ms")
            is_missed |= name in ("Bash", "read_many") and more > MORE_PER_CALL_MS
        print("load", *os.getloadavg())
    return int(is_missed)


if __name__ == "__main__":
    raise SystemExit(main())
