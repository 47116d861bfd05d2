"""Asks `mcp-lean hook PreToolUse` about some Agent calls, as Claude Code would, and prints what each becomes."""

import json
import subprocess

CALLS = (
    {"prompt": "Find where the settings are loaded and report the paths. Do not edit anything."},
    {"prompt": "Find out in the git history when the flag was dropped.", "subagent_type": "Explore"},
    {"prompt": "Run `pytest -q` and report what fails."},
    {"prompt": "Review the last commit for mistakes."},
    {"prompt": "Fix the parser in src/parse.py."},
    {"prompt": "Find where the settings are loaded.", "model": "sonnet"},
    {"prompt": "Find the root cause of the crash."},
)


def ask(number: int, call: dict[str, str]) -> dict[str, str]:
    """The rewritten call; the same one if the hook has nothing to say."""
    event = {
        "session_id": "example",
        "tool_name": "Agent",
        "tool_use_id": f"call-{number}",
        "tool_input": {"description": "a task", **call},
        "effort": {"level": "high"},
    }
    done = subprocess.run(
        ["mcp-lean", "hook", "PreToolUse"], input=json.dumps(event), capture_output=True, text=True, check=True
    )
    answer = json.loads(done.stdout)
    changed: dict[str, str] = answer["hookSpecificOutput"]["updatedInput"] if answer else call
    return changed


for number, call in enumerate(CALLS):
    changed = ask(number, call)
    new = {name: value for name, value in changed.items() if name != "description" and call.get(name) != value}
    asked = "".join(f"  [{name}: {value}]" for name, value in call.items() if name != "prompt")
    print(f"{call['prompt']}{asked}")
    print("  ->", ", ".join(f"{name}: {value}" for name, value in new.items()) or "as it was written", end="\n\n")
