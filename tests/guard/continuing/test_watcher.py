"""Clear and continue: when the person hears of it, what a clear brings along, and what fails without harm."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mcp_lean.config import Compact, Config
from mcp_lean.costs.prices import list_prices
from mcp_lean.guard.continuing import words
from mcp_lean.guard.continuing.checkpoints import BUDGET_TOKENS, Checkpoints
from mcp_lean.guard.continuing.watcher import Continuing
from mcp_lean.guard.decision import PASS, Decision, joined, render
from mcp_lean.guard.event import Event
from mcp_lean.guard.ledger.ledger import Ledger
from mcp_lean.guard.start import start
from mcp_lean.packing.tokens import cost
from tests.guard.runs import Place, Writer

BEGAN_S = datetime(2026, 11, 22, 10, 0, tzinfo=UTC).timestamp()
MINUTE_S = 60.0
LATER_S = BEGAN_S + 10 * MINUTE_S
NEW, OTHER = "44444444-4444-4444-8444-444444444444", "55555555-5555-4555-8555-555555555555"
TASK = "Rename tally to total in app.py, and never touch vendor/legacy.py."
LONG_PROMPT = "Now something else: write a page on how to install this, with one example for each of the two systems."


class Table:
    """A folder of transcripts, a watcher, and a clock that the test sets."""

    def __init__(self, home: Path, *, can_hold: bool = True, **settings: object) -> None:
        self.place = Place(home)
        self.settings = Compact(**settings)  # type: ignore[arg-type]
        self.now_s = LATER_S
        self.can_hold = can_hold
        self.client = "100"
        self.took_s: list[float] = []
        self.ledger = Ledger.open(self.place.environ)
        self.watcher = self.fresh()

    def fresh(self) -> Continuing:
        """A watcher that has just been made, as in a new process."""
        checkpoints = Checkpoints(self.place.environ)
        return Continuing(
            self.settings,
            self.ledger,
            checkpoints,
            client=self.client,
            can_hold=self.can_hold,
            prices=list_prices(),
            now_s=lambda: self.now_s,
            timer=lambda: self.took_s.pop(0) if self.took_s else 0.0,
        )

    def work(self, requests: int = 40, grows: int = 3_000, **of_writer: str) -> Writer:
        writer = Writer(session=self.place.session, context=20_000, **of_writer)  # type: ignore[arg-type]
        self.place.append("", writer.prompt(TASK))
        for number in range(requests):
            is_last = number == requests - 1
            lines = writer.request(calls=0 if is_last else 1, grows=grows, stop="end_turn" if is_last else "tool_use")
            self.place.append("", b"".join(lines))
            if not is_last:
                self.place.append("", writer.result(writer.call_id(), "the stripes are black and white"))
        return writer

    def prompt(self, text: str = "go on") -> Decision:
        return self.watcher.see(self.place.event("UserPromptSubmit", prompt=text))

    def clear(self, new: str = NEW) -> Decision:
        """A clear, and from then on the new session."""
        self.place = replace(self.place, session=new)
        return self.watcher.see(self.place.event("SessionStart", source="clear"))


@pytest.fixture
def table(tmp_path: Path) -> Table:
    return Table(tmp_path)


def test_an_expired_cache_is_told_once_with_both_prices_and_how(table: Table) -> None:
    """40 requests from 23k to 140k tokens on Opus 5.5: 140,123 x 5, and 19 times x 0.20; 22,981 + 1,500 written, and so
    on, as in `costs/clearing`."""
    table.work()

    assert table.prompt() == Decision(
        person=(
            "mcp-lean: the cache has expired, so this prompt pays for all 140k tokens anew: $0.70, "
            "after a /clear $0.12. Over the next 20 requests, half as many as so far: $1.23 or $0.36. "
            "/clear goes on from a checkpoint (a second /clear starts empty); nothing is lost, /resume has it all."
        )
    )
    assert table.prompt() == PASS
    table.now_s += 90 * MINUTE_S
    assert table.prompt(LONG_PROMPT).person == ""


def test_a_new_task_on_a_warm_cache_is_told_once_too(table: Table) -> None:
    table.work()
    table.now_s = BEGAN_S + MINUTE_S

    assert table.prompt("and tests?") == PASS
    said = table.prompt(LONG_PROMPT).person
    assert said.startswith(
        "mcp-lean: this looks like a new task, and each request reads 140k tokens of the old one: $0.03"
    )
    assert table.prompt(LONG_PROMPT) == PASS


def test_a_prompt_into_work_under_way_is_no_new_task(table: Table) -> None:
    writer = table.work()
    table.place.append("", b"".join(writer.request()))
    table.now_s = BEGAN_S + MINUTE_S

    assert table.prompt(LONG_PROMPT) == PASS


def test_while_subagents_are_at_work_nothing_new_begins(table: Table) -> None:
    table.work()
    table.now_s = BEGAN_S + MINUTE_S
    table.ledger.remember(table.place.event("SubagentStart", "a1", "Explore"))
    assert table.prompt(LONG_PROMPT) == PASS

    table.ledger.remember(table.place.event("SubagentStop", "a1", "Explore"))
    assert "looks like a new task" in table.prompt(LONG_PROMPT).person


def test_it_is_told_again_when_the_context_has_doubled(table: Table) -> None:
    writer = table.work()
    assert table.prompt().person
    table.place.append("", b"".join(writer.request(grows=60_000, stop="end_turn")))
    assert table.prompt() == PASS
    table.place.append("", b"".join(writer.request(grows=90_000, stop="end_turn")))
    assert "290k" in table.prompt().person or "291k" in table.prompt().person


@pytest.mark.parametrize(
    ("why", "requests", "grows", "minutes"),
    [
        ("small", 10, 3_000, 10),
        ("warm", 40, 3_000, 5),
        ("a clock that went back", 40, 3_000, -9_000),
        ("new", 0, 0, 10),
    ],
)
def test_nothing_is_said_when_the_context_is(table: Table, why: str, requests: int, grows: int, minutes: int) -> None:
    if requests:
        table.work(requests, grows)
    table.now_s = BEGAN_S + minutes * MINUTE_S

    assert table.prompt() == PASS, why


def test_an_hour_of_cache_expires_after_an_hour(table: Table) -> None:
    table.work()
    data = table.place.main.read_bytes().replace(b'"ephemeral_5m_input_tokens":3000', b'"ephemeral_5m_input_tokens":0')
    table.place.main.write_bytes(data.replace(b'"ephemeral_1h_input_tokens":0', b'"ephemeral_1h_input_tokens":3000'))

    assert table.prompt() == PASS
    table.now_s = BEGAN_S + 62 * MINUTE_S
    assert "$1.12" in table.prompt().person


def test_what_the_client_says_of_the_cache_is_believed(table: Table) -> None:
    table.work()
    table.now_s = BEGAN_S + MINUTE_S
    event = table.place.event("UserPromptSubmit", prompt="go on", prompt_cache_likely_expired=True)

    assert "has expired" in table.watcher.see(event).person


def test_notifications_and_prompts_of_subagents_are_nobodys_prompts(table: Table) -> None:
    table.work()
    notice = table.place.event("UserPromptSubmit", prompt="<task-notification>\n<task-id>a1</task-id>")

    assert table.watcher.see(notice) == PASS
    assert table.watcher.see(table.place.event("UserPromptSubmit", "a1", prompt="go on")) == PASS


def test_a_compaction_after_the_last_request_leaves_nothing_to_clear(table: Table) -> None:
    table.work()
    boundary = {"type": "system", "subtype": "compact_boundary", "compactMetadata": {"trigger": "manual"}}
    table.place.append("", json.dumps(boundary).encode() + b"\n")

    assert table.prompt() == PASS


def test_a_clear_after_the_advice_goes_on_from_the_checkpoint(table: Table) -> None:
    table.work()
    old = table.place
    table.prompt()
    table.prompt()

    found = table.clear()

    assert found.context.startswith(f"{words.OPENING}\n")
    assert "never touch vendor/legacy.py" in found.context
    assert "black and white" not in found.context
    assert cost(found.context) <= BUDGET_TOKENS
    assert re.fullmatch(
        rf"mcp-lean: goes on from a checkpoint \([\d,]+ tokens\) of session {old.session}, which is untouched: "
        rf"/resume, or {old.main}\. For an empty start, /clear once more\.",
        found.person,
    )
    assert old.session not in found.context
    assert table.clear(OTHER) == PASS


def test_the_same_transcript_gives_the_same_bytes(table: Table) -> None:
    table.work()
    table.prompt()
    table.watcher = table.fresh()
    one = table.clear().context

    again = Table(table.place.home, after_clear="always")

    assert one
    assert again.watcher.see(replace(again.place, session=OTHER).event("SessionStart", source="clear")).context != one
    again.prompt()
    assert again.clear("66666666-6666-4666-8666-666666666666").context == one


def test_a_checkpoint_that_takes_too_long_comes_with_the_first_prompt(table: Table) -> None:
    table.work()
    table.prompt()
    table.took_s = [0.0, 0.8]
    assert table.clear() == PASS

    found = table.prompt("go on")
    assert found.context.startswith(words.OPENING)
    assert "goes on from a checkpoint" in found.person
    assert table.prompt("and now?") == PASS


def test_it_is_not_tried_for_ever(table: Table) -> None:
    table.work()
    table.prompt()
    table.took_s = [0.0, 0.8] * 3
    table.clear()

    assert [table.prompt("go on") for _ in range(3)] == [PASS] * 3
    assert table.took_s == []


def test_a_clear_that_two_hooks_tell_of_is_answered_once(table: Table) -> None:
    table.work()
    table.prompt()
    assert table.clear().context

    assert table.watcher.see(table.place.event("SessionStart", source="clear")).context == ""


def test_after_advice_the_end_of_a_turn_reads_ahead(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    monkeypatch.setattr(Checkpoints, "of", lambda self, transcript, *more: read.append(transcript))
    table.work()
    stop = table.place.event("Stop")

    table.watcher.see(stop)
    assert read == []
    table.prompt()
    table.watcher.see(stop)
    assert read == [str(table.place.main)]


def test_a_clear_long_after_the_advice_is_a_fresh_start(table: Table) -> None:
    table.work()
    for _ in range(4):
        table.prompt()

    assert table.clear() == Decision(person=words.OFFER)


def test_a_clear_that_nobody_advised_is_a_fresh_start_and_the_way_on_is_said_once(table: Table) -> None:
    table.work()
    table.now_s = BEGAN_S + MINUTE_S
    table.prompt()

    assert table.clear() == Decision(person=words.OFFER)
    table.work()
    assert table.clear(OTHER) == PASS


def test_a_clear_of_little_is_not_worth_a_word(table: Table) -> None:
    table.work(2)
    table.prompt()

    assert table.clear() == PASS


@pytest.mark.parametrize("advised", [True, False])
@pytest.mark.parametrize(("after_clear", "goes_on"), [("never", False), ("always", True)])
def test_the_person_may_settle_what_a_clear_means(
    tmp_path: Path, after_clear: str, goes_on: bool, advised: bool
) -> None:
    table = Table(tmp_path, after_clear=after_clear)
    table.work()
    table.now_s = LATER_S if advised else BEGAN_S + MINUTE_S
    said = table.prompt().person

    assert (words.STARTS_EMPTY in said) == (advised and not goes_on)
    assert bool(table.clear().context) == goes_on


def test_switched_off_nothing_is_said_and_always_still_goes_on(tmp_path: Path) -> None:
    table = Table(tmp_path, clear="off", after_clear="always")
    table.work()

    assert table.prompt() == PASS
    assert table.clear().context


def test_ask_holds_a_prompt_back_once(tmp_path: Path) -> None:
    table = Table(tmp_path, clear="ask")
    table.work()

    held = table.prompt()
    assert held.hold.startswith("mcp-lean: the cache has expired")
    assert held.hold.endswith(words.HELD)
    assert json.loads(render(held, "UserPromptSubmit")) == {"decision": "block", "reason": held.hold}
    table.watcher = table.fresh()
    assert table.prompt() == PASS
    assert table.clear().context


def test_of_several_answers_the_hold_stays() -> None:
    assert joined([Decision(context="a"), Decision(hold="h"), Decision(hold="i")]) == Decision(context="a", hold="h")


def test_a_prompt_is_never_held_back_where_that_could_happen_again(tmp_path: Path) -> None:
    """Without a disk a process that lives for one event would hold it for ever."""
    (tmp_path / "data").write_text("", encoding="utf-8")
    table = Table(tmp_path, clear="ask")
    table.work()

    assert table.prompt().hold == ""
    assert "has expired" in Table(tmp_path, clear="ask").prompt().person


def test_a_prompt_that_nobody_could_send_again_is_not_held_back(tmp_path: Path) -> None:
    """In print mode it would be the end of the run."""
    table = Table(tmp_path, can_hold=False, clear="ask")
    table.work()

    assert "has expired" in table.prompt().person


@pytest.mark.parametrize(("entrypoint", "held"), [("cli", True), ("sdk-cli", False), ("", False)])
def test_only_the_terminal_program_can_send_a_prompt_again(tmp_path: Path, entrypoint: str, held: bool) -> None:
    table = Table(tmp_path)
    table.work()
    (tmp_path / ".mcp-lean.toml").write_text('[compact]\nclear = "ask"\n', encoding="utf-8")
    environ = {**table.place.environ, "CLAUDE_CODE_ENTRYPOINT": entrypoint}
    fields = {"session_id": table.place.session, "transcript_path": str(table.place.main), "cwd": "/home/ann/app"}

    answer = json.loads(
        start(str(tmp_path), environ).guard.answer({"event": "UserPromptSubmit", "prompt": "go", **fields})
    )
    assert (answer.get("decision") == "block") == held
    assert ("systemMessage" in answer) != held


def test_an_unknown_model_is_priced_as_the_dearest(table: Table) -> None:
    table.work(model="claude-nova-9")

    assert "$1.75" in table.prompt().person


@pytest.mark.parametrize("data", [b"", b"\0" * 9_000, b'{"type":"assistant","message":{"id":3}}\n', b"[1,2]\n"])
def test_a_transcript_that_is_none_says_nothing(table: Table, data: bytes) -> None:
    table.place.append("", data)

    assert table.prompt() == PASS
    assert table.clear() == PASS


def test_transcripts_elsewhere_are_not_read(table: Table, tmp_path: Path) -> None:
    table.work()
    elsewhere = tmp_path / "secret.jsonl"
    elsewhere.write_bytes(table.place.main.read_bytes())
    asked = Event("UserPromptSubmit", "S", str(elsewhere), "/home/ann/app", prompt="go on")

    assert table.watcher.see(asked) == PASS
    assert table.watcher.see(asked._replace(name="SessionStart", session_id="T", source="clear")) == PASS


def test_a_promise_that_cannot_be_kept_is_said(table: Table) -> None:
    table.work()
    table.prompt()
    table.place.main.unlink()

    found = table.clear()
    assert found.context == ""
    assert found.person.startswith("mcp-lean: starts empty, for session 33333333")


def test_a_clear_in_a_terminal_that_has_done_nothing_is_nothing(table: Table) -> None:
    assert table.clear() == PASS


def test_advice_of_another_terminal_is_not_followed_here(table: Table) -> None:
    """Say, of yesterday: it was closed after the advice, and somebody begins anew in the same folder."""
    table.work()
    assert table.prompt().person
    table.client = "200"
    table.watcher = table.fresh()

    assert table.clear() == PASS


@pytest.mark.parametrize("is_for_one_event", [True, False])
def test_the_guard_of_a_project_has_it(tmp_path: Path, is_for_one_event: bool) -> None:
    """A process for each event keeps the promise of the one before."""
    table = Table(tmp_path)
    table.work()
    guards = [start(str(tmp_path), table.place.environ, is_for_one_event=is_for_one_event).guard for _ in range(2)]
    fields = {"session_id": table.place.session, "transcript_path": str(table.place.main), "cwd": "/home/ann/app"}

    said = json.loads(guards[0].answer({"event": "UserPromptSubmit", "prompt": "go on", **fields}))
    assert "has expired" in said["systemMessage"]
    assert "hookSpecificOutput" not in said
    new = {**fields, "session_id": NEW, "transcript_path": str(tmp_path / "new.jsonl")}
    answer = guards[is_for_one_event].answer({"event": "SessionStart", "source": "clear", **new})
    assert words.OPENING in json.loads(answer)["hookSpecificOutput"]["additionalContext"]


def test_the_defaults_advise() -> None:
    assert Config().compact == Compact(clear="advise", after_clear="advised", carry=True)
