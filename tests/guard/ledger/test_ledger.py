"""The ledger over files that grow, processes that die, and disks that fill."""

from __future__ import annotations

import heapq
import json
import math
import os
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_lean.guard.budget.limits import Raised, Spent
from mcp_lean.guard.event import Event, ToolUse
from mcp_lean.guard.identity import Caller
from mcp_lean.guard.ledger import database, spend, tables
from mcp_lean.guard.ledger.ledger import Ledger
from mcp_lean.guard.ledger.spend import OVERLAP_BYTES
from mcp_lean.transcripts.file import FileReader
from tests.guard.runs import HAIKU, SESSION, Place, Writer, recorded_like

SPOTTER = os.environ.get("MCP_LEAN_SPOTTER", "")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture
def ledger(place: Place) -> Iterator[Ledger]:
    opened = Ledger.open(place.environ)
    yield opened
    opened.close()


def test_the_total_is_the_meter_s_at_every_step_of_a_run(place: Place, ledger: Ledger) -> None:
    steps = 0
    for agent_id, data in recorded_like():
        place.append(agent_id, data)
        ledger.refresh(SESSION, str(place.main))
        assert ledger.spent_picousd(SESSION) == place.metered()
        steps += 1

    assert steps == 93
    assert ledger.spent(SESSION, None).requests == 13 + 8 + 8
    assert ledger.take_notes() == []


def test_a_process_per_event_comes_to_the_meter_s_total_at_every_step(place: Place) -> None:
    for agent_id, data in recorded_like():
        place.append(agent_id, data)
        once = Ledger.open(place.environ, reads_on=True)
        once.refresh(SESSION, str(place.main))
        assert once.spent_picousd(SESSION) == place.metered()
        once.close()


def test_a_long_file_is_read_on_from_where_the_last_process_came(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = Writer()
    for _ in range(40):
        place.append("", b"".join(writer.request(words="w" * 20_000, output=3, stop=None)))
    first = Ledger.open(place.environ, reads_on=True)
    first.refresh(SESSION, str(place.main))
    first.close()
    place.append("", b"".join(writer.request()))
    taken: list[int] = []
    feed = FileReader.feed

    def counted(reader: FileReader, lines: list[bytes]) -> None:
        taken.append(sum(map(len, lines)))
        feed(reader, lines)

    with monkeypatch.context() as patch:
        patch.setattr(FileReader, "feed", counted)
        second = Ledger.open(place.environ, reads_on=True)
        second.refresh(SESSION, str(place.main))

    assert OVERLAP_BYTES - 25_000 < sum(taken) < OVERLAP_BYTES + 5_000 < os.path.getsize(place.main) / 3
    assert second.spent_picousd(SESSION) == place.metered()
    assert second.spent(SESSION, "").requests == 41
    second.close()


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 30), st.sampled_from(["server", "event", "new server"])), max_size=8),
    st.sampled_from([2_000, 8_000_000]),
)
def test_processes_of_all_kinds_may_take_turns(steps: list[tuple[int, str]], slice_bytes: int) -> None:
    """A server, a process per event, and a server that was started anew, each after some more lines."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(spend, "MOST_BYTES_AT_ONCE", slice_bytes)
        place = Place(Path(folder))
        server = Ledger.open(place.environ)
        lines = recorded_like()
        for number, kind in steps:
            for agent_id, data in islice(lines, number):
                place.append(agent_id, data)
            if kind == "new server":
                server.close()
                server = Ledger.open(place.environ)
            asked = Ledger.open(place.environ, reads_on=True) if kind == "event" else server
            asked.refresh(SESSION, str(place.main))
            assert asked.spent_picousd(SESSION) == place.metered()
            if asked is not server:
                asked.close()
        server.close()


def test_a_process_per_event_knows_requests_that_it_did_not_load(place: Place) -> None:
    """Only the newest requests of an agent are loaded; a line that comes late for an older one changes that one."""
    writer = Writer()
    lines = [writer.request(output=50 + number) for number in range(80)]
    place.append("", b"".join(lines[5][:1]))
    place.append("", b"".join(b"".join(each) for number, each in enumerate(lines) if number != 5))
    for data in (b"", lines[5][1].replace(b'"output_tokens":55', b'"output_tokens":5500'), b""):
        place.append("", data)
        once = Ledger.open(place.environ, reads_on=True)
        once.remember(place.event("UserPromptSubmit"))
        assert once.spent_picousd(SESSION) == place.metered()
        assert once.spent(SESSION, "").requests == 80
        assert once.spent(SESSION, "").context_tokens == 8_000 + 80 * 900 + 3
        once.close()


def test_a_process_that_may_not_take_long_reads_a_part_and_the_next_one_goes_on(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a file that takes longer than the deadline would be begun again by each event, and never be read."""
    monkeypatch.setattr(spend, "MOST_BYTES_AT_ONCE", 300_000)
    writer = Writer()
    for _ in range(40):
        place.append("", b"".join(writer.request(words="w" * 20_000, output=3, stop=None)))
    counted = []
    for _ in range(5):
        once = Ledger.open(place.environ, reads_on=True)
        once.remember(place.event("UserPromptSubmit"))
        counted.append(once.spent(SESSION, "").requests)
        once.close()
    assert counted == [14, 28, 40, 40, 40]
    whole = Ledger.open(place.environ)
    whole.refresh(SESSION, str(place.main))
    assert whole.spent_picousd(SESSION) == place.metered()
    whole.close()


def test_a_server_reads_a_long_file_in_slices_and_each_event_goes_on(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first look at a resumed session would take longer than the deadline, and its event go unguarded."""
    monkeypatch.setattr(spend, "MOST_BYTES_AT_ONCE", 300_000)
    writer = Writer()
    for _ in range(40):
        place.append("", b"".join(writer.request(words="w" * 20_000, output=3, stop=None)))
    server, counted = Ledger.open(place.environ), []
    for _ in range(5):
        server.remember(place.event("Stop"))
        counted.append(server.spent(SESSION, "").requests)
        assert server.spent_picousd(SESSION) <= place.metered()
    assert counted == [14, 28, 40, 40, 40]
    assert server.spent_picousd(SESSION) == place.metered()
    server.close()
    # Of a session that was followed before, all of it is known from the first slice on.
    again = Ledger.open(place.environ)
    for _ in range(4):
        again.remember(place.event("Stop"))
        assert again.spent_picousd(SESSION) == place.metered()
    again.close()


def test_a_server_notes_no_place_that_it_has_not_reached(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a process for one event, which reads on from there, would never see what is between."""
    monkeypatch.setattr(spend, "MOST_BYTES_AT_ONCE", 300_000)
    writer = Writer()
    for _ in range(40):
        place.append("", b"".join(writer.request(words="w" * 20_000, output=3, stop=None)))
    server = Ledger.open(place.environ)
    server.remember(place.event("Stop"))
    server.close()
    once = Ledger.open(place.environ, reads_on=True)
    once.refresh(SESSION, str(place.main))

    assert once.spent_picousd(SESSION) == place.metered()
    once.close()


@pytest.mark.parametrize("name", ["PreToolUse", "SubagentStop", "Stop"])
@pytest.mark.parametrize("then", ["PostToolBatch", "UserPromptSubmit"])
def test_a_process_per_event_leaves_the_reading_to_the_next_event_that_decides(
    place: Place, monkeypatch: pytest.MonkeyPatch, name: str, then: str
) -> None:
    """Reading takes it longer than all else, and at the end of an agent no limit is looked at."""
    place.append("", b"".join(Writer().request()))
    place.append("a1", b"".join(Writer(agent_id="a1").request()))

    def look(event: Event) -> int:
        once = Ledger.open(place.environ, reads_on=True)
        once.remember(event)
        once.close()
        return once.spent_picousd(SESSION)

    with monkeypatch.context() as patch:
        patch.setattr(spend, "read_on", None)
        assert look(place.event(name, "a1", tool=ToolUse("t", "Read"))) == 0
    assert look(place.event(then)) == place.metered() > 0


@pytest.mark.parametrize("reads_on", [False, True])
def test_a_restart_goes_on_where_it_was(place: Place, reads_on: bool) -> None:
    lines = list(recorded_like())
    for agent_id, data in lines[:40]:
        place.append(agent_id, data)
    before = Ledger.open(place.environ, reads_on=reads_on)
    before.remember(place.pre("toolu_1", "a1", "scout"))
    assert before.told(SESSION, "a1", "x")
    before.mark_stopped(SESSION, "a1", "too much")
    before.close()
    for agent_id, data in lines[40:]:
        place.append(agent_id, data)
    after = Ledger.open(place.environ, reads_on=reads_on)
    after.refresh(SESSION, str(place.main))

    assert after.spent_picousd(SESSION) == place.metered()
    assert after.identify("toolu_1") == Caller(SESSION, "a1", "scout", str(place.main))
    assert not after.told(SESSION, "a1", "x")
    assert after.told_so_far(SESSION, "a1") == {"x"}
    assert after.stop_reason(SESSION, "a1") == "too much"
    assert after.running_subagents(SESSION) == ("a1",)
    after.close()


def test_what_was_spent_stays_spent_when_a_transcript_is_cut_short(place: Place, ledger: Ledger) -> None:
    writer = Writer()
    lines = [b"".join(writer.request()) for _ in range(3)]
    place.append("", b"".join(lines))
    ledger.refresh(SESSION, str(place.main))
    before = ledger.spent_picousd(SESSION)
    place.main.write_bytes(lines[0])
    ledger.refresh(SESSION)

    assert ledger.spent_picousd(SESSION) == before
    assert ledger.spent(SESSION, "").requests == 3


def test_an_estimate_stands_for_a_request_until_its_bill_is_written(place: Place, ledger: Ledger) -> None:
    """claude-opus-5-5: 0.20 USD read, 5 written, 20 output, per million tokens; the context was 8,903."""
    writer = Writer()
    place.append("", b"".join(writer.request()))
    ledger.remember(place.pre(writer.call_id()))
    assert ledger.spent(SESSION, "").reserved_usd == 0

    ledger.remember(place.batch(writer.call_id(), response="r" * 3_000))
    spent = ledger.spent(SESSION, "")
    assert spent.reserved_usd == pytest.approx((8_903 * 0.2 + (120 + 1_000) * 5 + 120 * 20) / 1e6)
    assert (spent.requests, spent.tokens) == (1, 9_023)

    lines = writer.request()
    ledger.remember(place.pre(writer.call_id()))  # the event is faster than the file
    spent = ledger.spent(SESSION, "")
    assert spent.reserved_usd == pytest.approx((8_903 * 0.2 + 120 * 5 + 120 * 20) / 1e6)
    assert (spent.requests, spent.tokens) == (2, 2 * 9_023 + 120)

    ledger.remember(place.batch(writer.call_id(), response=""))
    twice = ((8_903 + 9_023) * 0.2 + 120 * 5 * 2 + 120 * 20 * 2) / 1e6
    assert ledger.spent(SESSION, None).reserved_usd == pytest.approx(twice)

    place.append("", b"".join(lines))
    ledger.remember(place.pre(writer.call_id()))
    assert ledger.spent(SESSION, "").reserved_usd == 0
    assert ledger.spent_picousd(SESSION) == place.metered()


def test_a_request_is_billed_when_its_call_is_in_the_transcript(place: Place, ledger: Ledger) -> None:
    writer = Writer()
    first, second = writer.request(), writer.request()
    place.append("", b"".join(first))
    assert ledger.is_billed(SESSION, "")
    ledger.remember(place.batch(writer.call_id(1)))
    assert ledger.is_billed(SESSION, "")
    ledger.remember(place.batch(writer.call_id(2)))
    assert not ledger.is_billed(SESSION, "")
    place.append("", b"".join(second))
    assert ledger.is_billed(SESSION, "")
    assert ledger.spent(SESSION, "").requests == 2


def test_nothing_is_in_flight_for_an_agent_that_ended(place: Place, ledger: Ledger) -> None:
    writer = Writer(agent_id="a1")
    place.append("", Writer().prompt())
    place.append("a1", b"".join(writer.request()))
    ledger.remember(place.event("SubagentStart", "a1", "scout"))
    ledger.remember(place.batch(writer.call_id(), "a1", "scout"))
    assert ledger.spent(SESSION, "a1").reserved_usd > 0
    assert ledger.running_subagents(SESSION) == ("a1",)
    ledger.remember(place.event("SubagentStop", "a1", "scout"))

    assert ledger.spent(SESSION, "a1").reserved_usd == 0
    assert ledger.running_subagents(SESSION) == ()
    assert [(known.agent_id, known.agent_type, known.is_running) for known in ledger.agents(SESSION)] == [
        ("a1", "scout", False)
    ]


@pytest.mark.parametrize(
    ("last", "is_running"),
    [
        ("SessionEnd", False),
        ("PreCompact", False),
        ("PostCompact", False),
        ("SessionStart", False),
        ("PreToolUse", True),
    ],
)
def test_what_comes_after_the_end_of_the_work_is_no_work(
    place: Place, ledger: Ledger, last: str, is_running: bool
) -> None:
    for name in ("UserPromptSubmit", "Stop", last):
        ledger.remember(place.event(name))

    assert [(known.agent_id, known.is_running) for known in ledger.agents(SESSION)] == [("", is_running)]


def test_a_session_that_ends_in_the_middle_of_the_work_has_ended(place: Place, ledger: Ledger) -> None:
    for name in ("UserPromptSubmit", "PreToolUse", "PreCompact"):
        ledger.remember(place.event(name))
    assert [known.is_running for known in ledger.agents(SESSION)] == [True]
    ledger.remember(place.event("SessionEnd"))

    assert [known.is_running for known in ledger.agents(SESSION)] == [False]


def test_each_agent_has_its_own_account(place: Place, ledger: Ledger) -> None:
    for agent_id, data in recorded_like():
        place.append(agent_id, data)
    ledger.refresh(SESSION, str(place.main))

    main, one, two = (ledger.spent(SESSION, agent_id) for agent_id in ("", "a1", "a2"))
    assert (main.requests, one.requests, two.requests) == (13, 8, 8)
    assert one.context_tokens == 8_000 + 8 * 9_000 + 3
    assert ledger.spent(SESSION, None) == Spent(
        ledger.spent_picousd(SESSION) / 10**12, 0.0, 29, main.tokens + one.tokens + two.tokens
    )
    assert ledger.spent(SESSION, "nobody") == Spent()
    assert ledger.spent("no such session", None) == Spent()


@pytest.mark.parametrize("where", ["outside", "link", "missing root", "no path", "too long"])
def test_a_transcript_out_of_claude_s_folder_is_not_followed_and_that_is_said_once(
    place: Place, ledger: Ledger, tmp_path: Path, where: str
) -> None:
    outside = tmp_path / "elsewhere" / f"{SESSION}.jsonl"
    outside.parent.mkdir()
    outside.write_bytes(b"".join(Writer().request()))
    path = outside
    if where == "link":
        path = place.main
        path.symlink_to(outside)
    others = {"missing root": "/nowhere/x.jsonl", "no path": "/x\0.jsonl", "too long": f"/{'x' * 9_000}.jsonl"}
    path = Path(others.get(where, path))
    for _ in range(2):
        ledger.refresh(SESSION, str(path))

    assert ledger.spent(SESSION, None) == Spent()
    [note] = ledger.take_notes()
    assert note == f"{path}: not in Claude Code's own folder; what this run spends is not counted"
    assert ledger.take_notes() == []


def test_the_first_session_of_all_is_counted_though_its_folder_comes_after_the_first_event(
    place: Place, ledger: Ledger
) -> None:
    place.folder.rmdir()
    place.folder.parent.rmdir()
    ledger.remember(place.pre("toolu__1"))
    place.append("", b"".join(Writer().request()))
    ledger.remember(place.pre("toolu__1"))

    assert ledger.spent_picousd(SESSION) == place.metered() > 0
    assert ledger.take_notes() == []


def test_a_session_whose_folder_is_a_file_or_whose_file_is_a_folder_is_read_as_far_as_it_goes(
    place: Place, ledger: Ledger
) -> None:
    place.append("", b"".join(Writer().request()))
    (place.folder / SESSION).write_text("in the way", encoding="utf-8")
    ledger.remember(place.pre("toolu__1"))
    assert ledger.spent(SESSION, None).requests == 1

    other = Place(place.home, "88888888-8888-4888-8888-888888888888")
    other.main.mkdir()
    ledger.remember(other.pre("toolu_x"))
    assert ledger.spent(other.session, None) == Spent()
    assert ledger.identify("toolu_x") is not None


def test_a_transcript_that_does_not_exist_yet_is_an_empty_one(place: Place, ledger: Ledger) -> None:
    ledger.remember(place.pre("toolu_1"))
    assert ledger.spent(SESSION, None) == Spent()
    place.append("", b"".join(Writer().request()))
    ledger.remember(place.pre("toolu_1"))

    assert ledger.spent_picousd(SESSION) == place.metered() > 0


def test_one_of_many_is_told(place: Place, ledger: Ledger) -> None:
    other = Ledger.open(place.environ)
    other.spent(SESSION, None)
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda n: (ledger, other)[n % 2].told(SESSION, "a1", "75"), range(64)))

    assert answers.count(True) == 1
    assert ledger.told(SESSION, "", "75")
    other.close()


def test_a_raised_limit_counts_for_every_process_at_once_and_lifts_budget_stops(place: Place, ledger: Ledger) -> None:
    ledger.mark_stopped(SESSION, "a1", "over its budget")
    ledger.mark_stopped(SESSION, "a2", "in a loop", kind="loop")
    ledger.mark_stopped("another", "", "over its budget")
    person = Ledger.open(place.environ)
    assert person.raise_limit(SESSION, 5)
    assert person.raise_limit(SESSION, 2.5, requests=100)
    assert person.raise_limit(None, 1)
    person.close()

    assert ledger.raised(SESSION) == Raised(8.5, 100)
    assert ledger.raised_usd("another") == 1
    assert ledger.stop_reason(SESSION, "a1") == ledger.stop_reason("another", "") == ""
    assert ledger.stop_reason(SESSION, "a2") == "in a loop"


def test_sixty_four_agents_in_parallel_keep_their_names_and_their_money(place: Place, ledger: Ledger) -> None:
    def work(number: int) -> None:
        writer = Writer(agent_id=f"a{number}", model=HAIKU)
        for _ in range(10):
            place.append(writer.agent_id, b"".join(writer.request()))
            ledger.remember(place.pre(writer.call_id(), writer.agent_id, f"type{number}"))
            assert ledger.identify(writer.call_id()) == Caller(
                SESSION, writer.agent_id, f"type{number}", str(place.main)
            )
            ledger.remember(place.batch(writer.call_id(), writer.agent_id, f"type{number}"))

    place.append("", Writer().prompt())
    with ThreadPoolExecutor(64) as pool:
        list(pool.map(work, range(64)))
    ledger.refresh(SESSION)

    assert ledger.spent_picousd(SESSION) == place.metered()
    assert ledger.spent(SESSION, None).requests == 640
    again = Ledger.open(place.environ)
    assert {again.identify(f"toolu_a{n}_{k}").agent_id for n in range(64) for k in range(1, 11)} == {  # type: ignore[union-attr]
        f"a{n}" for n in range(64)
    }
    assert again.spent_picousd(SESSION) == place.metered()
    again.close()


KILLED = """
    import os, sys
    from mcp_lean.guard.event import Event, ToolUse
    from mcp_lean.guard.ledger.ledger import Ledger
    ledger = Ledger.open(os.environ)
    session, main = sys.argv[1:]
    number = 0
    while True:
        number += 1
        ledger.remember(Event("PreToolUse", session, main, "", "a1", "scout", tool=ToolUse(f"toolu_{number}", "Read")))
        ledger.told(session, "a1", f"word {number}")
        print(number, flush=True)
"""


@pytest.mark.parametrize("after", [1, 7, 40])
def test_a_killed_process_loses_nothing_that_it_had_answered(place: Place, after: int) -> None:
    place.append("", b"".join(Writer().request()))
    environ = {**os.environ, **place.environ}
    command = [sys.executable, "-c", textwrap.dedent(KILLED), SESSION, str(place.main)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environ, text=True) as process:
        assert process.stdout is not None
        answered = [int(process.stdout.readline()) for _ in range(after)]
        process.kill()
        answered += [int(line) for line in process.stdout if line.endswith("\n")]
    ledger = Ledger.open(place.environ)
    ledger.refresh(SESSION, str(place.main))

    assert ledger.note == ""
    assert all(ledger.identify(f"toolu_{number}") is not None for number in answered)
    assert {f"word {number}" for number in answered} <= ledger.told_so_far(SESSION, "a1")
    assert ledger.spent_picousd(SESSION) == place.metered()
    ledger.close()


def test_a_full_disk_is_said_once_and_what_waited_is_written_when_there_is_room(place: Place) -> None:
    ledger = Ledger.open(place.environ)
    ledger.spent(SESSION, None)
    pages = sqlite3.connect(place.ledger_file).execute("PRAGMA page_count").fetchone()[0]
    ledger._database._connection.execute(f"PRAGMA max_page_count = {pages}")
    place.append("", b"".join(Writer().request()))
    for number in range(300):
        ledger.remember(place.pre(f"toolu_{number}", f"a{number}", "scout"))
        assert ledger.told(SESSION, f"a{number}", "x" * 500)

    ledger.mark_stopped(SESSION, "a1", "too much")
    assert ledger.stop_reason(SESSION, "a1") == "too much"
    assert "full" in ledger.note
    assert len(ledger.take_notes()) == 1
    assert ledger.identify("toolu_299") == Caller(SESSION, "a299", "scout", str(place.main))
    assert not ledger.told(SESSION, "a299", "x" * 500)
    assert ledger.spent_picousd(SESSION) == place.metered()

    ledger._database._connection.execute("PRAGMA max_page_count = 100000")
    for number in range(300, 300 + database.LONGEST_PAUSE):
        ledger.remember(place.pre(f"toolu_{number}", "a1", "scout"))
    assert ledger._database.waiting == 0
    assert ledger.note == ""
    ledger.close()
    again = Ledger.open(place.environ)
    assert all(again.identify(f"toolu_{number}") for number in range(364))
    assert not again.told(SESSION, "a299", "x" * 500)
    assert again.stop_reason(SESSION, "a1") == "too much"
    again.close()


def test_a_ledger_of_a_newer_version_is_left_alone_and_work_goes_on_in_memory(place: Place) -> None:
    place.ledger_file.parent.mkdir(parents=True)
    newer = sqlite3.connect(place.ledger_file)
    newer.executescript("CREATE TABLE other (x); PRAGMA user_version = 99;")
    newer.close()
    before = place.ledger_file.read_bytes()
    place.append("", b"".join(Writer().request()))
    ledger = Ledger.open(place.environ)
    ledger.remember(place.pre("toolu_1"))

    assert ledger.identify("toolu_1") == Caller(SESSION, "", "", str(place.main))
    assert ledger.spent_picousd(SESSION) == place.metered()
    assert not ledger.raise_limit(SESSION, 5)
    assert ledger.raised_usd(SESSION) == 5
    assert f"newer mcp-lean (ledger version 99, this one knows {tables.VERSION})" in ledger.note
    assert len(ledger.take_notes()) == 1
    ledger.close()
    assert place.ledger_file.read_bytes() == before


def test_two_processes_that_make_the_file_at_one_moment_both_use_it(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """sqlite does not wait by itself for another one that turns a new file into one for several."""
    monkeypatch.setattr(database, "BUSY_SECONDS", 30)
    place.ledger_file.parent.mkdir(parents=True)
    other = sqlite3.connect(place.ledger_file, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    ends = threading.Timer(0.05, other.execute, ("COMMIT",))
    ends.start()
    opened = Ledger.open(place.environ)
    ends.join()

    assert opened.take_notes() == []
    opened.close()
    other.close()


def test_a_damaged_ledger_is_kept_aside_and_begins_anew(place: Place) -> None:
    place.ledger_file.parent.mkdir(parents=True)
    place.ledger_file.write_bytes(b"this is no database, " * 100)
    ledger = Ledger.open(place.environ)

    assert ledger.told(SESSION, "", "x")
    assert "was damaged" in ledger.note
    assert place.ledger_file.with_name("ledger.sqlite3.damaged").read_bytes().startswith(b"this is no database")
    ledger.close()


def test_a_folder_that_cannot_be_made_is_a_note_and_no_failure(place: Place, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file", encoding="utf-8")
    ledger = Ledger.open(place.environ)

    assert ledger.told(SESSION, "", "x")
    assert not ledger.told(SESSION, "", "x")
    assert "keeps its ledger in memory" in ledger.note
    ledger.close()


def test_a_locked_file_is_waited_for_shortly_and_written_later(place: Place, ledger: Ledger) -> None:
    ledger.spent(SESSION, None)
    ledger._database._connection.execute("PRAGMA busy_timeout = 10")
    holder = sqlite3.connect(place.ledger_file, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    ledger.remember(place.pre("toolu_1", "a1"))
    assert ledger.told(SESSION, "a1", "x")
    assert "locked" in ledger.note
    holder.execute("ROLLBACK")
    ledger.remember(place.pre("toolu_2", "a1"))

    assert {row[0] for row in holder.execute("SELECT id FROM calls")} == {"toolu_1", "toolu_2"}
    assert holder.execute("SELECT what FROM told").fetchall() == [("x",)]
    holder.close()


@pytest.mark.parametrize(
    ("session", "agent_id", "call_id"),
    [("", "a", "t"), ("s" * 201, "a", "t"), (SESSION, "a" * 201, "t"), (SESSION, "a", "t" * 201), (SESSION, "a", "")],
)
def test_events_with_ids_that_no_client_makes_are_not_kept(
    place: Place, ledger: Ledger, session: str, agent_id: str, call_id: str
) -> None:
    place.session = session
    ledger.remember(place.pre(call_id, agent_id))

    assert ledger.identify(call_id) is None


def test_half_characters_and_absurd_numbers_do_no_harm(place: Place, ledger: Ledger) -> None:
    writer = Writer()
    place.append("", b"".join(writer.request(output=10**12)))
    ledger.remember(place.pre("toolu_\ud800", "a\ud800", "\udfff"))

    assert ledger.identify("toolu_\ud800") == Caller(SESSION, "a\ud800", "\udfff", str(place.main))
    assert ledger.spent_picousd(SESSION) == place.metered() > 2**63
    again = Ledger.open(place.environ)
    assert again.spent_picousd(SESSION) == 2**63 - 1
    again.close()


def test_old_calls_and_sessions_are_dropped(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "CALLS_KEPT", 50)
    monkeypatch.setattr(tables, "SESSIONS_KEPT", 3)
    monkeypatch.setattr("mcp_lean.guard.ledger.ledger.CALLS_BETWEEN_DROPS", 100)
    ledger = Ledger.open(place.environ)
    for number in range(100):
        ledger.remember(place.pre(f"toolu_{number}"))
    for number in range(5):
        ledger.mark_stopped(f"s{number}", "", "why")
        ledger.refresh(f"s{number}", str(place.main))
    connection = sqlite3.connect(place.ledger_file)

    assert connection.execute("SELECT count(*), min(rowid) FROM calls").fetchone() == (50, 51)
    assert [session for session, _ in ledger.sessions()] == ["s4", "s3", "s2"]
    assert {row[0] for row in connection.execute("SELECT session FROM stops")} == {"s2", "s3", "s4"}
    connection.close()
    ledger.close()


def test_nobody_else_may_read_the_file(place: Place, ledger: Ledger) -> None:
    assert place.ledger_file.stat().st_mode & 0o777 == 0o600


def timed(agent_id: str, path: Path) -> Iterator[tuple[str, str, int, bytes]]:
    """(time, agent id, number, line) of a file; a line without a time comes with the one before it."""
    at = ""
    for number, line in enumerate(path.read_bytes().splitlines(keepends=True)):
        found = json.loads(line).get("timestamp")
        at = max(at, found) if isinstance(found, str) else at
        yield at, agent_id, number, line


@pytest.mark.skipif(not os.path.isdir(SPOTTER), reason="MCP_LEAN_SPOTTER names no folder with the spotter transcripts")
@pytest.mark.parametrize("name", ["tool_heavy", "subagent", "258c7280", "ae4a77f8", "fa812bfe"])
def test_the_total_is_the_meter_s_while_a_real_run_is_fed_line_by_line(place: Place, ledger: Ledger, name: str) -> None:
    [source] = Path(SPOTTER).glob(f"{name}*.jsonl")
    place.session = source.stem
    files = [("", source)]
    files += [(path.stem.removeprefix("agent-"), path) for path in Path(SPOTTER, source.stem).rglob("agent-*.jsonl")]
    lines = list(heapq.merge(*(timed(agent_id, path) for agent_id, path in files)))
    every = 1 if len(lines) < 120 else 50
    for number, (_, agent_id, _, line) in enumerate(lines):
        place.append(agent_id, line)
        ledger.refresh(place.session, str(place.main))
        if number % every == 0:
            assert ledger.spent_picousd(place.session) == place.metered(), number
    assert ledger.spent_picousd(place.session) == place.metered() > 0


@pytest.mark.parametrize("reads_on", [False, True])
def test_a_forked_session_is_not_charged_with_the_history_that_it_was_given(
    tmp_path: Path, place: Place, reads_on: bool
) -> None:
    """The client copies the lines of the older session under the new session's id."""
    fork = Place(tmp_path, "77777777-7777-4777-8777-777777777777")
    writer = Writer()
    history = b"".join(line for _ in range(5) for line in writer.request(output=5_000))
    place.append("", history)
    fork.append("", history.replace(SESSION.encode(), fork.session.encode()))
    fork.append("", b"".join(Writer(fork.session).request()))

    ledger = Ledger.open(place.environ, reads_on=reads_on)
    ledger.refresh(SESSION, str(place.main))
    ledger.refresh(fork.session, str(fork.main))
    again = Ledger.open(place.environ, reads_on=reads_on)

    for each in (ledger, again):
        assert each.spent(SESSION, None).requests == 5
        assert each.spent(fork.session, None).requests == 1
    ledger.close()
    again.close()


def test_a_ledger_that_is_deleted_begins_anew_and_a_person_s_raise_is_seen(place: Place, ledger: Ledger) -> None:
    ledger.mark_stopped(SESSION, "", "Stopped.")
    for file in place.ledger_file.parent.glob("ledger.sqlite3*"):
        file.unlink()

    person = Ledger.open(place.environ)
    assert person.raise_limit(SESSION, usd=5.0)
    person.close()

    assert ledger.raised(SESSION) == Raised(usd=5.0)
    assert ledger.stop_reason(SESSION, "") == ""


def test_a_bill_is_missed_only_where_it_could_come(place: Place, ledger: Ledger) -> None:
    """A session that is not written down at all has none; nor has one outside of Claude Code's folder."""
    writer = Writer()
    ledger.remember(place.batch("toolu_1"))
    assert ledger.unseen(SESSION, "") is None
    place.append("", b"".join(writer.request()))
    ledger.remember(place.batch("toolu_2"))
    first = ledger.unseen(SESSION, "")
    assert first is not None
    assert 2.5 < first.usd < 5
    ledger.remember(place.batch(writer.call_id()))
    assert ledger.unseen(SESSION, "") is None
    ledger.remember(place.batch("toolu_3", "a1"))
    assert ledger.unseen(SESSION, "a1") == Spent(usd=math.inf)
