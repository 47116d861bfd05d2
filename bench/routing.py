"""What a decision about an `Agent` call takes in the guard, and how long words that are hard to match hold it up.

    python bench/routing.py [EVENTS]

Figures: docs/figures.md#routing
"""

import argparse
import json
import statistics
import tempfile
import time

from mcp_lean.guard.routing.words import LONGEST_CHARS, work_of
from mcp_lean.guard.start import start

PROMPT = "Find where the settings are loaded and report the paths, with src/app.py and lib/x.py in mind. " * 12
HOSTILE = (
    "a", "do not ", "do not edit ", "do not edit, ", "do not edit or write ", "never ", "without and ", " ", "/a", "a/",
    "a.b", "run ", "`", "\t", " \n", ". ", "and ", "please ", "do not", "edit or ", "run `", "the ", "web ", "git ",
    "\n", "word ", "../", "-", ".", "latest  ", "do not a b edit ", "\u2003", "\x0b",
)  # fmt: skip


def answer_ms(mode: str, events: int, folder: str) -> list[float]:
    """Times of the guard's answers to PreToolUse of an Agent call, sorted."""
    environ = {"HOME": folder, "XDG_DATA_HOME": folder, "CLAUDE_PROJECT_DIR": folder, "MCP_LEAN_ROUTING_MODE": mode}
    guard = start(folder, environ).guard
    call = json.dumps({"description": "a task", "prompt": PROMPT})
    times = []
    for number in range(events):
        event = {
            "event": "PreToolUse", "session_id": "bench", "cwd": folder, "tool_name": "Agent",
            "tool_use_id": f"{mode}{number}", "tool_input": call, "effort": "high",
        }  # fmt: skip
        began = time.perf_counter()
        guard.answer(event)
        times.append((time.perf_counter() - began) * 1e3)
    return sorted(times)


def hostile_ms() -> float:
    """The longest look at a task that repeats one of the words up to the most that is looked at."""
    longest = 0.0
    for word in HOSTILE:
        for before in ("", "do not edit", "run", "find "):
            text = before + (word * LONGEST_CHARS)[: LONGEST_CHARS - len(before)]
            for agent_type in ("general-purpose", "Explore"):
                began = time.perf_counter()
                work_of("", text, agent_type, "/home/ann/shop")
                longest = max(longest, (time.perf_counter() - began) * 1e3)
    return longest


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("events", metavar="EVENTS", type=int, nargs="?", default=300, help="default 300")
    events = parser.parse_args().events
    print(f"{events} events, a prompt of {len(PROMPT):,} characters; ms per answer")
    for mode in ("on", "off"):
        with tempfile.TemporaryDirectory() as folder:
            times = answer_ms(mode, events, folder)
            print(f"routing {mode:3}  p50 {statistics.median(times):.2f}  p99 {times[int(0.99 * events)]:.2f}")
    print(f"hostile words, longest look: {hostile_ms():.1f} ms")


if __name__ == "__main__":
    main()
