"""What a start of the server costs, from the spawn to the answer to `tools/list`.

    python bench/start.py [RUNS]        default 9; the starts of all servers take turns, so load falls on all alike

Side by side: Python that does nothing; the smallest server on the SDK's low-level API, with one tool; the same with the
garbage collector off while it imports, as ours does; ours. CPU is user and system time of all its threads (Linux). CPU
is the figure to judge by: wall time on a shared machine is mostly the neighbours. Printed are minima and medians, and
the ratio of medians to the smallest server. The aim is that ours needs at most 1.1 times its CPU; exit status 1 says
that it needs more.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

MOST = 1.1

SMALLEST = """
import anyio
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp_types import CallToolResult, ListToolsResult, TextContent, Tool

async def listed(context, params):
    return ListToolsResult(tools=[Tool(name="echo", description="echo", input_schema={"type": "object"})])

async def called(context, params):
    return CallToolResult(content=[TextContent(type="text", text="")])

server = Server("smallest", version="1", on_list_tools=listed, on_call_tool=called)

async def main():
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())
"""
WITHOUT_GC = "import gc\ngc.disable()\n" + SMALLEST + "\ngc.freeze()\ngc.enable()\n"
RUN = "\nanyio.run(main)\n"

COMMANDS = {
    "python -c pass": (sys.executable, "-c", "pass"),
    "smallest server": (sys.executable, "-c", SMALLEST + RUN),
    "smallest, gc off while importing": (sys.executable, "-c", WITHOUT_GC + RUN),
    "mcp-lean serve": (sys.executable, "-m", "mcp_lean", "serve"),
}
BASE, OURS = "smallest server", "mcp-lean serve"

ENVELOPE = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}


@dataclass(frozen=True, slots=True)
class Start:
    """One start. cpu and wall: to the answer to `tools/list`, in milliseconds; whole: CPU to the process's end."""

    cpu_ms: float
    wall_ms: float
    whole_cpu_ms: float


def start(command: tuple[str, ...]) -> Start:
    """Start a server, ask twice, close its stdin, wait for its end. Without a server only the process itself counts."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdin is not None
    assert process.stdout is not None
    cpu = None
    if command != COMMANDS["python -c pass"]:
        for number, method in enumerate(("server/discover", "tools/list")):
            request = {"jsonrpc": "2.0", "id": number, "method": method, "params": {"_meta": ENVELOPE}}
            process.stdin.write(json.dumps(request).encode() + b"\n")
            process.stdin.flush()
            assert b'"result"' in process.stdout.readline()
        cpu = _cpu_ms(process.pid)
    answered = time.perf_counter()
    process.stdin.close()
    _, _, used = os.wait4(process.pid, 0)
    process.returncode = 0
    process.stdout.close()
    whole = (used.ru_utime + used.ru_stime) * 1e3
    if cpu is None:
        cpu, answered = whole, time.perf_counter()
    return Start(cpu, (answered - began) * 1e3, whole)


def _cpu_ms(pid: int) -> float:
    """Time on a processor of all threads so far."""
    return sum(int(file.read_text().split()[0]) for file in Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e6


def main() -> int:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    starts: dict[str, list[Start]] = {name: [] for name in COMMANDS}
    for command in COMMANDS.values():
        start(command)  # writes the compiled files, fills the page cache
    for _ in range(runs):
        for name, command in COMMANDS.items():
            starts[name].append(start(command))
    print(f"{runs} interleaved runs, milliseconds: minimum / median; x: ratio of medians to '{BASE}'")
    print(f"{'':34}{'CPU to tools/list':>26}{'wall to tools/list':>26}{'CPU to the end':>26}")
    for name, found in starts.items():
        columns = []
        for field in ("cpu_ms", "wall_ms", "whole_cpu_ms"):
            values = [getattr(one, field) for one in found]
            ratio = median(values) / median(getattr(one, field) for one in starts[BASE])
            columns.append(f"{min(values):7.0f} /{median(values):6.0f}  x{ratio:.2f}")
        print(f"{name:34}" + "".join(f"{column:>26}" for column in columns))
    ratio = median(one.cpu_ms for one in starts[OURS]) / median(one.cpu_ms for one in starts[BASE])
    print(f"ours / smallest server, CPU to tools/list: {ratio:.2f} (at most {MOST})")
    return int(ratio > MOST)


if __name__ == "__main__":
    raise SystemExit(main())
