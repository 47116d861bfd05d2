"""A compaction: what the summariser hears, what stands behind its summary, and whose summary it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mcp_lean.guard.continuing import compaction
from mcp_lean.guard.continuing.checkpoints import BUDGET_TOKENS, Checkpoints
from mcp_lean.guard.continuing.compaction import Compaction
from mcp_lean.guard.decision import PASS, render
from mcp_lean.guard.event import Event
from mcp_lean.guard.start import start
from mcp_lean.packing.tokens import cost
from tests.guard.runs import Place, Writer

TASK = "Rename tally to total in app.py."
CONSTRAINT = "Never touch vendor/legacy.py."
MOST_INSTRUCTION_TOKENS = 200
EVERYTHING = frozenset(compaction.SURVIVES)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A main agent at work, and a subagent with its own task."""
    place = Place(tmp_path)
    for agent_id, task in (("", f"{TASK} {CONSTRAINT}"), ("a1", "Find every caller of tally in lib/.")):
        writer = Writer(agent_id=agent_id)
        place.append(agent_id, writer.prompt(task))
        for _ in range(3):
            place.append(agent_id, b"".join(writer.request()))
            place.append(agent_id, writer.result(writer.call_id()))
    return place


@pytest.fixture
def watcher(place: Place) -> Compaction:
    return Compaction(Checkpoints(place.environ))


def summarised(place: Place, words: str) -> Event:
    """What the client sends when the summary is made."""
    return place.event("SubagentStop", "a99", "", last_message=words)


def restart(place: Place, agent_id: str = "") -> Event:
    return place.event("SessionStart", agent_id, source="compact")


def test_the_summariser_hears_what_the_run_has_that_must_survive(place: Place, watcher: Compaction) -> None:
    answer = watcher.see(place.event("PreCompact"))

    assert answer.instructions == (
        "These must survive, in the words in which they were said:\n"
        "- the task in the user's own words, and every constraint that the user gave\n"
        "A list of the files and ranges in use is added after your summary: quote no file contents."
    )
    assert render(answer, "PreCompact") == answer.instructions


def test_the_longest_list_is_short() -> None:
    lines = ["These must survive, in the words in which they were said:", *compaction.SURVIVES.values()]

    assert cost("\n- ".join(lines)) + 30 <= MOST_INSTRUCTION_TOKENS


def test_the_names_of_the_sections_are_the_checkpoint_s() -> None:
    from mcp_lean.checkpoint import agents, commands, decisions, files, plan, task

    names = {task.NAME, plan.NAME, agents.NAME, decisions.NAME, commands.COMMANDS, commands.UNRESOLVED}
    assert names == EVERYTHING
    assert files.NAME == compaction.FILES


def test_what_the_summary_lacks_is_put_in_once(place: Place, watcher: Compaction) -> None:
    watcher.see(place.event("PreCompact"))
    assert watcher.see(summarised(place, f"<summary>The user said: {TASK}</summary>")) == PASS

    context = watcher.see(restart(place)).context

    assert context.startswith(f"{compaction.OPENING}\n")
    assert CONSTRAINT in context
    assert cost(context) <= BUDGET_TOKENS
    assert watcher.see(place.event("PostCompact", compact_summary="too late")) == PASS


def test_a_summary_that_says_it_all_is_left_alone(place: Place, watcher: Compaction) -> None:
    watcher.see(place.event("PreCompact"))
    watcher.see(summarised(place, f"{TASK} {CONSTRAINT} The file read is called a."))

    assert watcher.see(restart(place)).context == ""


def test_what_was_only_thought_over_does_not_count_as_said(place: Place, watcher: Compaction) -> None:
    watcher.see(place.event("PreCompact"))
    watcher.see(summarised(place, f"<analysis>{TASK}\n{CONSTRAINT}</analysis>\n<summary>Begun.</summary>"))

    assert CONSTRAINT in watcher.see(restart(place)).context


def test_a_client_that_reports_the_summary_before_the_restart_is_served_too(place: Place, watcher: Compaction) -> None:
    watcher.see(place.event("PreCompact"))
    watcher.see(place.event("PostCompact", compact_summary=f"{TASK} {CONSTRAINT} The file a."))

    assert watcher.see(restart(place)).context == ""


def test_a_subagent_gets_its_own(place: Place, watcher: Compaction) -> None:
    watcher.see(place.event("PreCompact", "a1", "Explore"))
    watcher.see(summarised(place, "Begun."))

    context = watcher.see(restart(place, "a1")).context
    assert "every caller of tally" in context
    assert CONSTRAINT not in context


def test_a_summary_of_one_of_two_at_once_is_nobody_s(place: Place, watcher: Compaction) -> None:
    """It does not say whose; rather twice than not at all."""
    for agent_id in ("", "a1"):
        watcher.see(place.event("PreCompact", agent_id))
    watcher.see(summarised(place, f"{TASK} {CONSTRAINT} The file a."))

    assert CONSTRAINT in watcher.see(restart(place)).context
    assert "every caller of tally" in watcher.see(restart(place, "a1")).context


def test_a_compaction_that_came_to_nothing_is_forgotten(place: Place, watcher: Compaction) -> None:
    watcher.see(place.event("PreCompact"))
    watcher.see(place.event("UserPromptSubmit", prompt="no, go on"))
    watcher.see(place.event("PreCompact", "a1"))
    watcher.see(summarised(place, "Find every caller of tally in lib/. The file a."))

    assert watcher.see(restart(place, "a1")).context == ""


def test_a_subagent_s_end_is_not_taken_for_a_summary(place: Place, watcher: Compaction) -> None:
    watcher.see(place.event("PreCompact"))
    watcher.see(place.event("SubagentStop", "a1", "Explore", last_message=f"{TASK} {CONSTRAINT} The file a."))

    assert CONSTRAINT in watcher.see(restart(place)).context


def test_a_compaction_that_nobody_announced_is_served(place: Place, watcher: Compaction) -> None:
    """As in a process that lives for one event: nothing is known of the summary."""
    assert CONSTRAINT in watcher.see(restart(place)).context


@pytest.mark.parametrize("data", [b"", b"\0\0\0", b"not json\n", b'{"type":"user","message":3}\n'])
def test_a_run_without_a_usable_transcript_is_compacted_as_ever(tmp_path: Path, data: bytes) -> None:
    place = Place(tmp_path)
    place.append("", data)
    watcher = Compaction(Checkpoints(place.environ))

    assert watcher.see(place.event("PreCompact")) == PASS
    assert watcher.see(restart(place)) == PASS


def test_several_compactions_in_a_row_are_served_each(place: Place, watcher: Compaction) -> None:
    texts = []
    for _ in range(2):
        watcher.see(place.event("PreCompact"))
        watcher.see(summarised(place, "Begun."))
        texts.append(watcher.see(restart(place)).context)

    assert texts[0] == texts[1] != ""


@pytest.mark.parametrize(("settings", "carried"), [("", True), ("[compact]\ncarry = false\n", False)])
def test_the_guard_of_a_project_carries_unless_told_not_to(place: Place, settings: str, carried: bool) -> None:
    (place.home / ".mcp-lean.toml").write_text(settings, encoding="utf-8")
    guard = start(str(place.home), place.environ).guard
    fields = {"session_id": place.session, "transcript_path": str(place.main), "cwd": "/home/ann/app"}

    assert ("must survive" in guard.answer({"event": "PreCompact", **fields})) == carried
    answer = json.loads(guard.answer({"event": "SessionStart", "source": "compact", **fields}))
    assert (CONSTRAINT in json.dumps(answer)) == carried
