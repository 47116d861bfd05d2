"""What a start of the server costs, from the spawn to the answer to `tools/list`.

    python bench/start.py [RUNS]        the starts of all servers take turns, so load falls on all alike

Side by side: Python that does nothing; the smallest server on the SDK's low-level API, with one tool; the same with the
garbage collector off while it imports, as ours does; ours without its front; ours. CPU is user and system time of all
threads (Linux), and the figure to judge by: wall time on a shared machine is mostly the neighbours. Printed are minima
and medians, and the ratio of medians to the smallest server. The aims: without the front ours needs at most 1.1 times
its CPU; with it at most 0.1, at most 3 times the wall time of Python alone, and 16 MB of memory. Exit status 1 says
that one is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

WITHOUT_FRONT_MOST, FRONT_MOST, BARE_MOST, MEMORY_MOST_MB = 1.1, 0.1, 3.0, 16.0

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
    "mcp-lean serve, front off": ("env", "MCP_LEAN_FRONT=0", sys.executable, "-m", "mcp_lean", "serve"),
    "mcp-lean serve": (sys.executable, "-m", "mcp_lean", "serve"),
}
BARE, BASE, NO_FRONT, OURS = "python -c pass", "smallest server", "mcp-lean serve, front off", "mcp-lean serve"

ENVELOPE = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}


@dataclass(frozen=True, slots=True)
class Start:
    """One start. cpu and wall: to the answer to `tools/list`, in milliseconds; whole: CPU to the process's end;
    memory: resident when that answer had come."""

    cpu_ms: float
    wall_ms: float
    whole_cpu_ms: float
    memory_mb: float


def start(command: tuple[str, ...]) -> Start:
    """Start a server, ask twice, close its stdin, wait for its end. Without a server only the process itself counts."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdin is not None
    assert process.stdout is not None
    cpu, memory = None, 0.0
    if command != COMMANDS["python -c pass"]:
        for number, method in enumerate(("server/discover", "tools/list")):
            request = {"jsonrpc": "2.0", "id": number, "method": method, "params": {"_meta": ENVELOPE}}
            process.stdin.write(json.dumps(request).encode() + b"\n")
            process.stdin.flush()
            assert b'"result"' in process.stdout.readline()
        cpu, memory = _cpu_ms(process.pid), _memory_mb(process.pid)
    answered = time.perf_counter()
    process.stdin.close()
    _, _, used = os.wait4(process.pid, 0)
    process.returncode = 0
    process.stdout.close()
    whole = (used.ru_utime + used.ru_stime) * 1e3
    if cpu is None:
        cpu, answered = whole, time.perf_counter()
    return Start(cpu, (answered - began) * 1e3, whole, memory)


def _cpu_ms(pid: int) -> float:
    """Time on a processor of all threads so far."""
    return sum(int(file.read_text().split()[0]) for file in Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e6


def _memory_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", metavar="RUNS", type=int, nargs="?", default=9, help="default 9")
    runs = parser.parse_args().runs
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
    cpu = {name: median(one.cpu_ms for one in found) for name, found in starts.items()}
    wall = {name: median(one.wall_ms for one in found) for name, found in starts.items()}
    aims = (
        ("front off / smallest server, CPU", cpu[NO_FRONT] / cpu[BASE], WITHOUT_FRONT_MOST),
        ("ours / smallest server, CPU", cpu[OURS] / cpu[BASE], FRONT_MOST),
        ("ours / Python alone, wall", wall[OURS] / wall[BARE], BARE_MOST),
        ("ours, MB resident", median(one.memory_mb for one in starts[OURS]), MEMORY_MOST_MB),
    )
    for words, figure, most in aims:
        print(f"{words}: {figure:.2f} (at most {most})")
    return int(any(figure > most for _, figure, most in aims))


if __name__ == "__main__":
    raise SystemExit(main())
