"""Writes one made-up run of Claude Code: a request with a rule, a plan, a failing test, an agent at work.

python examples/checkpoint/make_run.py FOLDER
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

SESSION = "5e551011-0000-4000-8000-000000000002"
ROOT = "/home/ann/shop"
TEST = """tests/test_cart.py ..F.
E   assert Decimal('10.01') == Decimal('10.00')
tests/test_cart.py:41: AssertionError
FAILED tests/test_cart.py::test_total_rounds_half_even - assert Decimal('10.01')...
1 failed, 3 passed in 0.40s"""
USAGE = {"input_tokens": 3, "cache_creation_input_tokens": 900, "cache_read_input_tokens": 60_000, "output_tokens": 150}

lines: list[str] = []


def write(kind: str, content: object, **message: object) -> None:
    common = {"type": kind, "isSidechain": False, "sessionId": SESSION, "version": "2.1.330", "cwd": ROOT}
    lines.append(json.dumps({**common, "message": {"role": kind, "content": content, **message}}))


def says(block: dict[str, object]) -> None:
    write("assistant", [block], id=f"msg_{len(lines)}", model="claude-opus-5-5", usage=USAGE, stop_reason="tool_use")


def call(name: str, result: str | None, **arguments: object) -> None:
    tool_id = f"toolu_{len(lines)}"
    says({"type": "tool_use", "id": tool_id, "name": name, "input": arguments})
    if result is not None:
        write("user", [{"type": "tool_result", "tool_use_id": tool_id, "content": result}])


def numbered(first: int, last: int) -> str:
    return "\n".join(f"{number:6}→    total += price_of(lines[{number}])" for number in range(first, last + 1))


write("user", "Totals are wrong by a cent now and then. Round halves to even, and never touch shop/legacy.py.")
call(
    "TodoWrite",
    "Todos have been modified successfully.",
    todos=[
        {"content": "Find where totals are rounded", "status": "completed"},
        {"content": "Round once, with Decimal", "status": "in_progress"},
        {"content": "Write the receipt's test", "status": "pending"},
    ],
)
call("Read", numbered(20, 60), file_path=f"{ROOT}/shop/cart.py", offset=20, limit=41)
says({"type": "text", "text": "I'll round in Cart.total instead of price_of because halves must be rounded only once."})
call("Edit", "The file has been updated.", file_path=f"{ROOT}/shop/prices.py", old_string="a", new_string="b")
call(
    "Agent",
    None,
    subagent_type="scout",
    description="Callers of price_of",
    prompt="Find every caller of price_of in shop/. Return path:line, no code.",
)
call("Bash", "DB_PASSWORD=hunter22\nSHOP_CURRENCY=EUR", command="cat .env")
call("Bash", TEST, command=f"cd {ROOT} && pytest -q tests/test_cart.py 2>&1 | tail -20")
write("user", "go on, and keep price_of's signature")

folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
(folder / f"{SESSION}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
print(folder / f"{SESSION}.jsonl")
