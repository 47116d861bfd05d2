"""Lines in the place of text, as the model sees them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from guard.conversation import Conversation, main_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcp_lean.guard.unchanged.deliveries import Deliveries
from mcp_lean.packing.tokens import cost
from mcp_lean.repo.workspace import Workspace
from mcp_lean.tools import grep_and_read, read_many, unchanged
from mcp_lean.tools.base import Context
from mcp_lean.tools.grep_and_read import GrepAndRead
from mcp_lean.tools.read_many import ReadMany

from . import answers

UNCHANGED = "unchanged since you read it; ask again for the text"
Call = Callable[..., str]

APP = (
    "def start():\n"
    + "".join(f"    step_{n} = prepare({n}, 'more')\n" for n in range(38))
    + "\n\ndef stop():\n    end()\n"
    "\n\n" + "".join(f"row_{n} = {n}\n" for n in range(300))
)
LONG = "".join(f"row {n} of a long file\n" for n in range(1, 2_000))


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    project = tmp_path / "project"
    project.mkdir()
    for name, body in {"app.py": APP, "long.txt": LONG, "small.txt": "small\n"}.items():
        (project / name).write_text(body, encoding="utf-8")
    return Workspace(str(project), {"HOME": str(tmp_path)})


@pytest.fixture
def agent(tmp_path: Path) -> Conversation:
    return main_of(tmp_path / "transcripts")


@pytest.fixture
def call(workspace: Workspace, agent: Conversation) -> Call:
    """A call of the agent, from its request to its result."""
    deliveries = Deliveries()

    def call(*items: str, patterns: tuple[str, ...] = (), budget: int = 8_000) -> str:
        [number] = agent.call()
        agent.flush()
        delivery = deliveries.to(agent.caller, number)
        context = Context(workspace, caller=agent.caller, delivery=delivery)
        if patterns:
            answer = grep_and_read.run(GrepAndRead(patterns=list(patterns), budget=budget), context)
        else:
            answer = read_many.run(ReadMany(items=list(items), budget=budget), context)
        delivery.sent(answer)
        agent.result(number, answer)
        return answer

    return call


def test_a_file_is_told_to_be_unchanged_once(call: Call) -> None:
    text = call("app.py")

    assert call("app.py") == f"note: app.py (345 lines) {UNCHANGED}"
    assert call("app.py") == text


def test_items_around_it_keep_their_places(call: Call) -> None:
    call("app.py")

    assert call("small.txt", "app.py", "none.txt").split("\n")[1:] == [
        "small",
        f"note: app.py (345 lines) {UNCHANGED}",
        "error: none.txt: no such file; nearest: long.txt",
    ]


def test_other_lines_of_the_same_file_come_in_full(call: Call) -> None:
    call("app.py")

    assert UNCHANGED not in call("app.py:1-40")
    assert call("app.py:1-40") == f"note: app.py:1-40 of 345 {UNCHANGED}"


def test_the_same_lines_by_another_item_are_the_same(call: Call) -> None:
    call("app.py#start")

    assert call("app.py:1-39") == f"note: app.py:1-39 of 345 {UNCHANGED}"


def test_what_was_left_out_is_named_again(call: Call) -> None:
    head = call("long.txt")
    [more] = answers.read(head).more

    assert call("long.txt").split("\n")[1:] == [f"more: {more}"]


def test_a_budget_that_cuts_elsewhere_brings_text(call: Call) -> None:
    call("long.txt")

    assert UNCHANGED not in call("long.txt", budget=4_000)


def test_a_changed_file_comes_in_full_and_so_does_one_that_was_changed_back(call: Call, workspace: Workspace) -> None:
    file = Path(workspace.root, "app.py")
    call("app.py")
    file.write_text(APP.replace("step_3 ", "step_x "), encoding="utf-8")
    assert "step_x" in call("app.py")

    file.write_text(APP, encoding="utf-8")
    os.utime(file, ns=(1, 1))

    assert UNCHANGED not in call("app.py")


def test_a_file_that_only_grew_behind_the_lines_is_another_file(call: Call, workspace: Workspace) -> None:
    """Nothing is lost by it, and nobody has to wonder what "unchanged" means for a part."""
    call("app.py:1-40")
    with Path(workspace.root, "app.py").open("a", encoding="utf-8") as file:
        file.write("more()\n")

    assert UNCHANGED not in call("app.py:1-40")


def test_lists_outlines_and_short_texts_always_come(call: Call, workspace: Workspace) -> None:
    for n in range(200):
        Path(workspace.root, f"file_number_{n}.txt").write_text("", encoding="utf-8")
    items = (".", "app.py#", "small.txt")

    assert call(*items) == call(*items)


def test_a_search_finds_what_was_read_unchanged_and_says_what_it_found(call: Call) -> None:
    call("app.py#start")

    assert call(patterns=("step_7\\b",)).split("\n")[0] == f"note: app.py:1-39  start  (step_7\\b) {UNCHANGED}"
    assert call(patterns=("step_7\\b",)).split("\n")[:2] == ["== app.py:1-39  start  (step_7\\b)", "def start():"]


def test_a_search_counts_as_reading(call: Call) -> None:
    call(patterns=("step_7\\b",))

    assert call("app.py:1-39") == f"note: app.py:1-39 of 345 {UNCHANGED}"


def test_the_line_weighs_next_to_nothing(call: Call) -> None:
    text = call("app.py")

    assert cost(call("app.py")) < 30 < cost(text) / 20


def test_a_compaction_brings_the_text(call: Call, agent: Conversation) -> None:
    text = call("app.py")
    agent.compact()

    assert call("app.py") == text


def test_a_file_that_goes_while_it_is_read_does_not_stop_the_answer(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(path: str) -> os.stat_result:
        raise FileNotFoundError(path)

    text = call("app.py")
    monkeypatch.setattr(unchanged, "os", SimpleNamespace(stat=gone))

    assert call("app.py") == text


ITEMS = st.lists(st.sampled_from(["app.py", "app.py:1-40", "long.txt", "small.txt", "*.txt", "no"]), min_size=1)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=ITEMS, budget=st.sampled_from([400, 2_000, 8_000]))
def test_who_is_not_known_is_answered_as_ever(first: list[str], budget: int, workspace: Workspace) -> None:
    """Byte for byte: once, and again, whatever known agents were told meanwhile."""
    asked = ReadMany(items=first, budget=budget)

    def answer() -> str:
        try:
            return read_many.run(asked, Context(workspace))
        except Exception as error:  # noqa: BLE001 - an answer too
            return str(error)

    said = [answer() for _ in range(2)]

    assert said[0] == said[1]
    assert UNCHANGED not in said[0]
