"""Routing as the guard sees it: from an event's fields to the hook's output, with the ledger in between."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mcp_lean.config import Config, Routing
from mcp_lean.costs.routing_outcomes import GOOD
from mcp_lean.guard.ledger import spend
from mcp_lean.guard.ledger.ledger import Ledger
from mcp_lean.guard.routing.log import Entry, RoutingLog
from mcp_lean.guard.routing.policy import FAILED_TOO_OFTEN
from mcp_lean.guard.routing.standing import NEWEST_CALLS
from mcp_lean.guard.routing.watcher import RoutingWatcher, has_cheap_model
from mcp_lean.guard.start import start
from tests.guard.runs import Place, Writer

FIND = "Find where the settings are loaded and report the paths."


class Session:
    """A guard with these settings, and its log."""

    def __init__(self, tmp_path: Path, mode: str = "on", **environ: str) -> None:
        self.place = Place(tmp_path / "home")
        self.project = tmp_path / "project"
        (self.project / ".claude/agents").mkdir(parents=True)
        self.environ = {
            **self.place.environ,
            "CLAUDE_PROJECT_DIR": str(self.project),
            "MCP_LEAN_ROUTING_MODE": mode,
            **environ,
        }
        self.said: list[str] = []
        self.permission_mode = "bypassPermissions"
        self.restart()

    def restart(self) -> None:
        self.guard = start(str(self.project), self.environ, say=self.said.append).guard
        self.log = RoutingLog(Ledger.open(self.environ))

    def install(self, name: str = "lean-scout") -> None:
        (self.project / f".claude/agents/{name}.md").write_text(f"---\nname: {name}\n---\n", encoding="utf-8")

    def ask(self, event: str = "PreToolUse", **fields: Any) -> dict[str, Any]:
        given = {
            "hook_event_name": event,
            "session_id": self.place.session,
            "transcript_path": str(self.place.main),
            "cwd": str(self.project),
            **fields,
        }
        return dict(json.loads(self.guard.answer(given)))

    def call(self, prompt: str = FIND, call_id: str = "t1", **more: Any) -> dict[str, Any]:
        arguments = {"description": "a task", "prompt": prompt, **more}
        fields = {"effort": {"level": "high"}, "permission_mode": self.permission_mode}
        return self.ask(tool_name="Agent", tool_use_id=call_id, tool_input=arguments, **fields)

    def entries(self) -> list[Entry]:
        return self.log.of_session(self.place.session)


def specific(answer: dict[str, Any]) -> dict[str, Any]:
    found = dict(answer["hookSpecificOutput"])
    assert found.pop("hookEventName") == "PreToolUse"
    return found


def test_a_routed_call_is_rewritten_whole_and_noted_down(tmp_path: Path) -> None:
    session = Session(tmp_path)
    session.install()

    assert specific(session.call(subagent_type="Explore", run_in_background=True)) == {
        "updatedInput": {
            "description": "a task",
            "prompt": FIND,
            "subagent_type": "lean-scout",
            "run_in_background": True,
            "model": "haiku",
            "effort": "low",
        }
    }
    assert session.entries() == [
        Entry(
            session.place.session, "t1", str(session.project), "", "read", "routed", "Explore", "lean-scout", "haiku",
            "low", "type Explore",
        )
    ]  # fmt: skip
    assert session.said == []


@pytest.mark.parametrize("text", ['"quoted" \\ \n new line', "dash \u2014 arrow \u2192 😀", "\x00\x1f", "a" * 2_000])
def test_what_the_model_wrote_comes_back_as_it_was(tmp_path: Path, text: str) -> None:
    """Through the other door objects arrive as JSON text."""
    session = Session(tmp_path)
    prompt = f"Find it and say where it is. {text}"
    fields = json.dumps({"description": text, "prompt": prompt})
    answer = session.ask(tool_name="Agent", tool_use_id="t1", tool_input=fields, effort="high")

    assert specific(answer)["updatedInput"] == {
        "description": text, "prompt": prompt, "model": "haiku", "effort": "low",
    }  # fmt: skip


@pytest.mark.parametrize("prompt", ["go", "Suche alle Aufrufer."])
def test_a_call_that_is_left_is_answered_with_nothing(tmp_path: Path, prompt: str) -> None:
    session = Session(tmp_path)

    assert session.call(prompt) == {}
    assert [(entry.action, entry.agent_type, entry.model) for entry in session.entries()] == [("left", "", "")]


@pytest.mark.parametrize(
    "fields",
    [
        {"tool_name": "Agent", "tool_use_id": "t1"},
        {"tool_name": "Agent", "tool_use_id": "t1", "tool_input": "not JSON"},
        {"tool_name": "Agent", "tool_use_id": "t1", "tool_input": "[1]"},
        {"tool_name": "Agent", "tool_use_id": "t1", "tool_input": ""},
        {"tool_name": "Bash", "tool_use_id": "t1", "tool_input": {"command": "ls", "prompt": FIND}},
    ],
)
def test_an_event_without_a_call_to_route_leaves_no_trace(tmp_path: Path, fields: dict[str, Any]) -> None:
    session = Session(tmp_path)

    assert session.ask(**fields) == {}
    assert session.entries() == []
    assert session.said == []


def test_off_notes_nothing_down(tmp_path: Path) -> None:
    session = Session(tmp_path, mode="off")

    assert session.call() == {}
    assert session.entries() == []


def test_advice_comes_once_per_kind_and_caller(tmp_path: Path) -> None:
    session = Session(tmp_path, mode="advise")
    session.install()

    said = specific(session.call(call_id="t1"))["additionalContext"]
    assert said.endswith('Finding and reading is cheaper with subagent_type "lean-scout": use it next time.')
    assert session.call(call_id="t2") == {}
    assert "runner" not in specific(session.call("Run `pytest` and report.", call_id="t3"))["additionalContext"]
    session.restart()
    assert session.call(call_id="t4") == {}
    assert [entry.action for entry in session.entries()] == ["advised", "quiet", "advised", "quiet"]
    assert session.call("Fix the parser.", call_id="t5") == {}, "effort alone is no advice"


def test_a_kind_that_failed_too_often_here_is_left_and_the_person_hears_of_it_once(tmp_path: Path) -> None:
    session = Session(tmp_path)
    for number in range(10):
        outcome = "good" if number < 6 else "asked again"
        session.log.note(
            Entry("old", f"o{number}", str(session.project), "", "read", "routed", "", "", "", "", "", outcome)
        )

    first = session.call(call_id="t1")
    assert list(first) == ["systemMessage"]
    assert "agents that read are left alone in this project: 4 of the last 10" in first["systemMessage"]
    assert session.call(call_id="t2") == {}
    assert [entry.reason for entry in session.entries()] == ["failed too often here"] * 2
    assert specific(session.call("Run `pytest` and report.", call_id="t3"))["updatedInput"]["model"] == "haiku"

    session.environ["MCP_LEAN_ROUTING_OFF_ABOVE"] = "1.0"
    session.restart()
    assert "updatedInput" in specific(session.call(call_id="t4"))


def test_a_kind_that_was_left_alone_is_tried_again_and_left_again_when_it_fails_again(tmp_path: Path) -> None:
    session = Session(tmp_path)
    for number in range(10):
        session.log.note(
            Entry("old", f"o{number}", str(session.project), "", "read", "routed", "", "", "", "", "", "asked again")
        )

    for number in range(NEWEST_CALLS - 10):
        session.log.note(
            Entry("old", f"l{number}", str(session.project), "", "read", "left", "", "", "", "", FAILED_TOO_OFTEN)
        )

    routed = [number for number in range(14) if "hookSpecificOutput" in session.call(call_id=f"t{number}")]

    # The first one pushes an old case out. Each try without a verdict counts as failed, so ten are all.
    assert routed == list(range(1, 11))


def test_failures_count_however_the_project_is_spelled(tmp_path: Path) -> None:
    session = Session(tmp_path)
    for number in range(10):
        session.log.note(
            Entry("old", f"o{number}", str(session.project), "", "read", "routed", "", "", "", "", "", "asked again")
        )
    session.environ["CLAUDE_PROJECT_DIR"] = f"{session.project}/"
    session.restart()

    assert list(session.call(call_id="t1")) == ["systemMessage"]


def test_an_agent_that_the_client_does_not_have_is_not_asked_for_again(tmp_path: Path) -> None:
    session = Session(tmp_path)
    session.install()
    assert specific(session.call(call_id="t1"))["updatedInput"]["subagent_type"] == "lean-scout"

    session.ask(
        "PostToolUseFailure", tool_name="Agent", tool_use_id="t1", error="Agent type 'lean-scout' not found. Available:"
    )
    assert "subagent_type" not in specific(session.call(call_id="t2"))["updatedInput"]


def test_our_tools_are_not_given_to_an_agent_that_may_not_call_them(tmp_path: Path) -> None:
    """It would be refused at its first call. The runner needs no more than the agent that it stands in for."""
    session = Session(tmp_path)
    session.permission_mode = "acceptEdits"
    for name in ("lean-scout", "lean-reviewer", "lean-runner"):
        session.install(name)
    session.restart()

    assert "subagent_type" not in specific(session.call(call_id="t1"))["updatedInput"]
    run = specific(session.call("Run `pytest` and report.", call_id="t2"))["updatedInput"]
    assert run["subagent_type"] == "lean-runner"

    settings = session.project / ".claude/settings.json"
    settings.write_text('{"permissions": {"allow": ["mcp__lean"]}}', encoding="utf-8")
    session.restart()
    assert specific(session.call(call_id="t3"))["updatedInput"]["subagent_type"] == "lean-scout"


@pytest.mark.parametrize(
    ("answer", "is_given"),
    [("== app.py", True), ("Claude requested permissions to use mcp__lean__read_many, but you haven't", False)],
)
def test_a_call_that_went_through_shows_that_they_may_be_called(tmp_path: Path, answer: str, is_given: bool) -> None:
    session = Session(tmp_path)
    session.permission_mode = "default"
    session.install()
    session.restart()
    done = {
        "tool_use_id": "r1",
        "tool_name": "mcp__lean__read_many",
        "tool_response": [{"type": "text", "text": answer}],
    }
    session.ask("PostToolBatch", tool_calls=[done])

    assert ("subagent_type" in specific(session.call())["updatedInput"]) is is_given


def test_a_type_that_a_rule_denies_is_not_asked_for_again(tmp_path: Path) -> None:
    session = Session(tmp_path)
    session.install()
    session.call(call_id="t1")
    denied = "Agent type 'lean-scout' has been denied by permission rule 'Agent(lean-scout)' from projectSettings."

    session.ask("PostToolBatch", tool_calls=[{"tool_use_id": "t1", "tool_name": "Agent", "tool_response": denied}])
    assert "subagent_type" not in specific(session.call(call_id="t2"))["updatedInput"]


def test_a_client_that_does_not_take_a_rewritten_call_loses_one_at_most(tmp_path: Path) -> None:
    session = Session(tmp_path)
    session.call(call_id="t1")
    refused = "PreToolUse hook for Agent returned updatedInput that failed schema validation: [...]"

    session.ask("PostToolBatch", tool_calls=[{"tool_use_id": "t1", "tool_name": "Agent", "tool_response": refused}])
    assert session.call(call_id="t2") == {}
    assert session.entries()[1].reason == "this client may not take it"


@pytest.mark.parametrize(
    ("agent", "is_routed"),
    [("claude-code_2-1-330_harness", True), ("claude-code_2-2-0", True), ("claude-code_2-1-99", False), ("else", True)],
)
def test_a_client_older_than_the_one_that_was_tried_is_left_alone(tmp_path: Path, agent: str, is_routed: bool) -> None:
    assert ("hookSpecificOutput" in Session(tmp_path, AI_AGENT=agent).call()) is is_routed


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, True),
        ({"ANTHROPIC_DEFAULT_HAIKU_MODEL": "claude-haiku-5-5"}, True),
        ({"ANTHROPIC_DEFAULT_HAIKU_MODEL": "claude-haiku-4-5"}, False),
        ({"CLAUDE_CODE_USE_BEDROCK": "1"}, False),
        ({"CLAUDE_CODE_USE_VERTEX": "1", "ANTHROPIC_DEFAULT_HAIKU_MODEL": "x.claude-haiku-5-5-v1"}, True),
    ],
)
def test_only_the_newest_haiku_is_worth_it(environ: dict[str, str], expected: bool) -> None:
    assert has_cheap_model(environ) is expected


def test_a_default_model_of_the_person_is_kept(tmp_path: Path) -> None:
    assert Session(tmp_path, CLAUDE_CODE_SUBAGENT_MODEL="sonnet").call() == {}


@pytest.mark.parametrize(
    ("environ", "agent_id", "is_waited_for"),
    [
        ({}, "", False),
        ({"CLAUDE_CODE_ENTRYPOINT": "cli"}, "", False),
        ({"CLAUDE_CODE_ENTRYPOINT": "sdk-cli"}, "", True),
        ({}, "a1", True),
    ],
)
def test_reading_is_waited_for_where_nobody_can_talk_to_the_parent(
    tmp_path: Path, environ: dict[str, str], agent_id: str, is_waited_for: bool
) -> None:
    session = Session(tmp_path, **environ)
    arguments = {"description": "a task", "prompt": FIND}
    answer = session.ask(tool_name="Agent", tool_use_id="t1", tool_input=arguments, agent_id=agent_id)

    assert ("run_in_background" in specific(answer)["updatedInput"]) is is_waited_for


def test_whether_a_turn_can_be_judged_is_seen_by_slices_of_its_transcript(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of a resumed session at once would take longer than the deadline, and the next event go unguarded."""
    monkeypatch.setattr(spend, "MOST_BYTES_AT_ONCE", 300_000)
    session, writer = Session(tmp_path), Writer()
    session.call()
    for _ in range(40):
        session.place.append("", b"".join(writer.request(words="w" * 20_000, output=3, stop=None)))
    ledger = Ledger.open(session.environ)
    watcher, seen = RoutingWatcher(Routing("on"), ledger, session.environ), []
    ledger.remember(session.place.event("SessionStart"))
    for _ in range(3):
        is_ready = watcher.is_ready(session.place.event("Stop"))
        seen.append((is_ready, ledger.spent(session.place.session, "").requests))

    assert seen == [(False, 14), (False, 28), (True, 40)]


def test_what_was_judged_is_not_taken_back_by_a_part_of_the_transcript(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spend, "MOST_BYTES_AT_ONCE", 300_000)
    session, writer = Session(tmp_path), Writer()
    for _ in range(40):
        session.place.append("", b"".join(writer.request(words="w" * 20_000)))
    session.call(call_id=writer.call_id(1))
    session.log.settle(session.place.session, {writer.call_id(1): GOOD})
    session.restart()

    session.ask("Stop")
    assert session.entries()[0].outcome == GOOD


def test_a_full_disk_does_not_keep_a_call_from_being_routed(tmp_path: Path) -> None:
    session = Session(tmp_path)
    blocked = tmp_path / "blocked"
    blocked.write_text("a file, where the folder should be", encoding="utf-8")
    session.environ["XDG_DATA_HOME"] = str(blocked)
    session.restart()

    assert specific(session.call())["updatedInput"]["model"] == "haiku"


def test_the_mode_of_the_plugin_gives_way_to_a_file(tmp_path: Path) -> None:
    from mcp_lean.config import load

    in_plugin = {"HOME": str(tmp_path), "MCP_LEAN_PLUGIN": "lean"}
    assert Config().routing == Routing("advise", 0.3)
    assert load(str(tmp_path), in_plugin).routing == Routing("on", 0.3)
    assert load(str(tmp_path), in_plugin).origins["routing.mode"] == "the plugin"
    (tmp_path / ".mcp-lean.toml").write_text('[routing]\nmode = "off"\n', encoding="utf-8")
    assert load(str(tmp_path), in_plugin).routing == Routing(mode="off")
