"""A made-up conversation that went on until the evening, and what the hooks say the next morning.

    python examples/continue/morning.py FOLDER

Each event goes through `mcp-lean hook`, as in Claude Code where hooks are commands.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from textwrap import fill

sys.path.insert(0, str(Path(__file__).parents[1] / "cost"))

from make_run import PROJECT, Conversation

OLD, NEW = "5e551011-0000-4000-8000-000000000007", "5e551011-0000-4000-8000-000000000008"
TASK = "Move the prices from cents to Decimal. Never touch vendor/, and keep the old names for one release."
TODO = [
    {"content": "Money class with Decimal", "status": "completed", "activeForm": ""},
    {"content": "convert shop/cart.py", "status": "in_progress", "activeForm": ""},
    {"content": "convert shop/invoice.py", "status": "pending", "activeForm": ""},
]
FAILED = "FAILED tests/test_cart.py::test_rounding - AssertionError: 10.004 != 10.00\n1 failed, 41 passed in 2.10s"


def evening() -> Conversation:
    """80 requests, with 130,000 tokens of context at their end."""
    main = Conversation("claude-opus-5-5", 21_000, 0.0, session=OLD)
    main.prompt(TASK)
    for number in range(76):
        file = f"/home/ann/shop/shop/{('prices', 'cart', 'invoice', 'stock')[number % 4]}.py"
        [read] = main.request("I look further.", ("Read", {"file_path": file}), output=90)
        main.result(read, "     1\t# a price is a whole number of cents\n" * 60)
    [plan] = main.request(
        "I use Decimal, not integers, because the invoices round half to even.",
        ("TodoWrite", {"todos": TODO}),
        output=200,
    )
    main.result(plan, "Todos have been modified successfully")
    edit = {"file_path": "/home/ann/shop/shop/cart.py", "old_string": "cents", "new_string": "amount"}
    [edited] = main.request("Now the cart.", ("Edit", edit), output=150)
    main.result(edited, "The file /home/ann/shop/shop/cart.py has been updated.")
    [tested] = main.request("I run the tests.", ("Bash", {"command": "python -m pytest -q tests"}), output=60)
    main.result(tested, FAILED)
    main.request("One test fails: the cart rounds too late. That is the next step.", output=40)
    return main


def main() -> None:
    """Prints what the person sees, and what the model gets."""
    place = Path(sys.argv[1])
    home = place / ".claude" / "projects" / PROJECT
    home.mkdir(parents=True)
    lines = (json.dumps(record) + "\n" for record in evening().lines)
    (home / f"{OLD}.jsonl").write_text("".join(lines), encoding="utf-8")

    def hook(event: str, session: str, **fields: str) -> dict[str, str]:
        told = {"session_id": session, "transcript_path": str(home / f"{session}.jsonl"), "cwd": "/home/ann/shop"}
        env = {"PATH": os.environ["PATH"], "HOME": str(place)}
        data = json.dumps({"hook_event_name": event, **told, **fields})
        done = subprocess.run(
            ["mcp-lean", "hook", event], input=data, env=env, cwd=place, capture_output=True, text=True, check=True
        )
        sys.stderr.write(done.stderr)
        answer = json.loads(done.stdout)
        added = answer.get("hookSpecificOutput", {}).get("additionalContext", "nothing")
        return {"person": answer.get("systemMessage", "nothing").replace(str(place), "~"), "model": added}

    show("the next morning: good morning, where are we?", hook("UserPromptSubmit", OLD, prompt="where are we?"))
    show("another prompt: yes, but where?", hook("UserPromptSubmit", OLD, prompt="yes, but where?"))
    show("/clear", hook("SessionStart", NEW, source="clear"))
    show("/clear, once more", hook("SessionStart", f"{NEW[:-1]}9", source="clear"))


def show(what: str, heard: dict[str, str]) -> None:
    """Prints an event, and who hears what of it."""
    print(f"--- {what}")
    for who, text in heard.items():
        print(f"the {who} gets:")
        for line in text.splitlines():
            print(fill(line, 116, initial_indent="    ", subsequent_indent="      ", break_on_hyphens=False))


if __name__ == "__main__":
    main()
