"""Writes eight made-up sessions of Claude Code as transcripts, good ones and bad ones for what mcp_lean does.

    python examples/replay/make_runs.py FOLDER

The sizes are invented; `examples/cost/make_run.py` says what the files are like. One session has used read_many, one
made a single request and is left out of a replay.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "cost"))

from make_run import HAIKU, OPUS, PROJECT, Conversation, save, source, spawning

HOUR = 3_600.0
ROOT = "/home/ann/shop"
SCALE = 1
"""The files that are read have this many times as many lines; bench/replay.py makes sessions as heavy as real ones."""


def session(number: int, started_s: float) -> Conversation:
    return Conversation(OPUS, 24_000, started_s, session=f"5e55101{number}-0000-4000-8000-00000000000{number}")


def read(agent: Conversation, *paths: str, lines: int = 100) -> None:
    """Native Reads, all in one turn."""
    calls = [("Read", {"file_path": f"{ROOT}/{path}"}) for path in paths]
    for call_id in agent.request("I look.", *calls, output=200 + 60 * len(paths)):
        agent.result(call_id, source(SCALE * lines))


def search(agent: Conversation, pattern: str) -> None:
    [call] = agent.request("I search.", ("Grep", {"pattern": pattern, "path": ROOT}), output=90)
    agent.result(call, f"src/orders.py:17: {pattern}(order)\n" * 25)


def edit(agent: Conversation, path: str) -> None:
    arguments = {"file_path": f"{ROOT}/{path}", "old_string": "order.total * 17", "new_string": "order.total * 18"}
    [call] = agent.request("I change that.", ("Edit", arguments), output=900)
    agent.result(call, "The file has been updated.")


def check(agent: Conversation, answer: str = "." * 300 + "\n300 passed in 4.10s") -> None:
    [call] = agent.request("I run the tests.", ("Bash", {"command": "pytest -q"}), output=90)
    agent.result(call, answer)


def read_many(agent: Conversation, *paths: str, lines: int = 90) -> None:
    [call] = agent.request("I look.", ("mcp__lean__read_many", {"items": list(paths)}), output=40 + 25 * len(paths))
    blocks = [f"== {path} ({SCALE * lines - 1} lines)\n{source(SCALE * lines)}" for path in paths]
    agent.result(call, "\n".join(blocks))


def one_by_one() -> Conversation:
    """A review of files that the prompt names, each read in a turn of its own."""
    names = [f"src/part_{number}.py" for number in range(14)]
    agent = session(1, 0)
    agent.prompt("Review these for rounding: " + ", ".join(names))
    for name in names:
        read(agent, name)
    for name in names[:3]:
        edit(agent, name)
    check(agent)
    agent.request("Three files rounded twice; fixed.", output=400)
    return agent


def in_parallel() -> Conversation:
    """The same review by a model that reads four files a turn: there is little left to save."""
    names = [f"src/part_{number}.py" for number in range(12)]
    agent = session(2, 24 * HOUR)
    agent.prompt("Review these for rounding: " + ", ".join(names))
    for first in (0, 4, 8):
        read(agent, *names[first : first + 4])
    edit(agent, names[0])
    check(agent)
    agent.request("One file rounded twice; fixed.", output=400)
    return agent


def short() -> Conversation:
    """A question and its answer: whatever is added to every request is a loss."""
    agent = session(3, 48 * HOUR)
    agent.prompt("Where is the VAT rate set?")
    search(agent, "vat_rate")
    agent.request("In src/orders.py, line 17.", output=120)
    return agent


def with_agents() -> tuple[Conversation, dict[str, Conversation]]:
    """Two subagents that only read, on the dear model that they inherit."""
    main = session(4, 72 * HOUR)
    main.prompt("Find out how discounts and shipping interact.")
    tasks = {"a0000001": "Find where discounts are applied.", "a0000002": "Find where shipping is added."}
    spawns = main.request("Two agents look.", *(spawning("Explore", task, task) for task in tasks.values()), output=260)
    agents = {}
    for agent_id, task in tasks.items():
        agent = agents[agent_id] = Conversation(OPUS, 14_000, main.now_s, agent_id, main.session)
        agent.prompt(task)
        for number in range(7):
            read(agent, f"src/{agent_id}_{number}.py")
        agent.request("It happens in step_17.", output=250)
    main.now_s = max(agent.now_s for agent in agents.values())
    for call in spawns:
        main.result(call, "It happens in step_17. " * 12)
    main.request("Discounts come first.", output=300)
    return main, agents


def all_day() -> Conversation:
    """One task after the other in one conversation, with pauses in which the cache expires."""
    agent = session(5, 96 * HOUR)
    for task in range(6):
        agent.prompt(f"Task {task}: the totals in area {task} are a cent off; find out why, fix it, and run the tests.")
        search(agent, f"round_{task}")
        for number in range(5):
            read(agent, f"area_{task}/part_{number}.py", lines=300 if number == 0 else 100)
        for number in range(3):
            edit(agent, f"area_{task}/part_{number}.py")
            check(agent)
        agent.request("Fixed and tested.", output=300)
        agent.pause(2_400, 24_000)
    return agent


def in_circles() -> Conversation:
    """The same failing test, again and again, with nothing changed in between."""
    agent = session(6, 120 * HOUR)
    agent.prompt("Make the test of totals pass.")
    read(agent, "tests/test_totals.py")
    for _ in range(9):
        check(agent, "E   AssertionError: 17 != 18\n1 failed in 0.31s")
    agent.request("I could not find out why.", output=200)
    return agent


def with_us() -> Conversation:
    """read_many in use: eight files in three calls, one of them read natively once more; three native reads besides."""
    agent = session(7, 144 * HOUR)
    agent.prompt("Describe how an order becomes an invoice.")
    for number in range(3):
        read(agent, f"src/old_{number}.py", lines=90)
    read_many(agent, "src/a.py", "src/b.py", "src/c.py")
    read_many(agent, "src/d.py", "src/e.py", "src/f.py", "src/g.py")
    read_many(agent, "src/h.py")
    read(agent, "src/h.py", lines=90)
    agent.request("An order becomes an invoice in step_17.", output=500)
    return agent


def greeting() -> Conversation:
    agent = Conversation(HAIKU, 24_000, 168 * HOUR, session="5e551018-0000-4000-8000-000000000008")
    agent.prompt("Hello")
    agent.request("Hello.", output=20)
    return agent


def mains() -> Iterator[Conversation]:
    yield from (one_by_one(), in_parallel(), short(), all_day(), in_circles(), with_us(), greeting())


def write_runs(folder: Path) -> Path:
    """All sessions below `folder`, as below `~/.claude/projects`; returns the project's folder."""
    place = folder / PROJECT
    main, agents = with_agents()
    for agent in (main, *mains()):
        save(place / f"{agent.session}.jsonl", agent.lines)
    for agent_id, agent in agents.items():
        save(place / main.session / "subagents" / f"agent-{agent_id}.jsonl", agent.lines)
    return place


if __name__ == "__main__":
    print(write_runs(Path(sys.argv[1])))
