"""Built loops are caught by their third or fourth round, and harmless work is let alone."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_lean.config import Config
from mcp_lean.guard.budget.words import FOR_PEOPLE
from mcp_lean.guard.event import ToolUse
from mcp_lean.guard.hooks import Guard
from mcp_lean.guard.identity import Caller
from mcp_lean.guard.loops import words
from mcp_lean.guard.loops.detector import AGENTS_KEPT, CALLS_KEPT, NOTHING_SEEN, STEPS, Finding, History, Loops, observe
from mcp_lean.guard.loops.masking import FILTER_BITS
from mcp_lean.guard.loops.recorded import replay
from mcp_lean.guard.parts import NOTICE, STOP, WARNING
from mcp_lean.guard.start import start
from mcp_lean.guard.unchanged.deliveries import UNCHANGED
from mcp_lean.transcripts.read import load_runs


@dataclass(frozen=True)
class Done:
    """An ended call."""

    name: str
    result: str
    is_error: bool = False
    arguments: dict[str, object] = field(default_factory=dict)

    @property
    def call(self) -> ToolUse:
        return ToolUse(name=self.name, input=self.arguments)


Turn: TypeAlias = tuple[Done, ...]
Round: TypeAlias = Callable[[int], Sequence[Turn]]


def bash(command: str, result: str = "ok") -> Done:
    return Done("Bash", result, False, {"command": command})


def fails(command: str, result: str = "Exit code 1\nboom") -> Done:
    return Done("Bash", result, True, {"command": command})


def read(path: str, text: str) -> Done:
    return Done("Read", text, False, {"file_path": path})


def edit(path: str, number: int, result: str = "The file has been updated.", is_error: bool = False) -> Done:
    return Done("Edit", result, is_error, {"file_path": path, "old_string": f"{number}", "new_string": f"{number + 1}"})


def missed(path: str, number: int) -> Done:
    text = f"<tool_use_error>String to replace not found in file.\nString: {number}</tool_use_error>"
    return edit(path, number, text, True)


def no_read(text: str, path: str = "a.py") -> Done:
    return Done("Read", text, True, {"file_path": path})


FUNCTION = "== a.py (2 lines)\ndef function():\n    return something"
NOTE = f"note: a.py (2 lines) {UNCHANGED}"


def read_many(text: str) -> Done:
    return Done("mcp__lean__read_many", text, False, {"items": ["*.py"]})


def steps(turns: Sequence[Turn]) -> list[tuple[str, str]]:
    """(rule, step) of what is found in each turn; two empty texts for nothing."""
    history, found = NOTHING_SEEN, []
    for number, turn in enumerate(turns):
        last: Finding | None = None
        for done in turn:
            history, finding = observe(history, done.call, done.result, done.is_error, number)
            last = finding or last
        found.append((last.rule, last.step) if last else ("", ""))
    return found


def rounds(made: Round, times: int) -> tuple[list[tuple[str, str]], int]:
    """(rule, step) of what is found in each round; and turns per round."""
    per_round = len(made(0))
    found = steps([turn for number in range(times) for turn in made(number)])
    of_rounds = [found[start : start + per_round] for start in range(0, len(found), per_round)]
    return [max(each, key=lambda pair: ("", NOTICE, WARNING, STOP).index(pair[1])) for each in of_rounds], per_round


LOOPS: dict[str, tuple[str, Round]] = {
    "a command that succeeds": ("repeat", lambda n: [(bash("make build", "up to date"),)]),
    "a failing command": ("repeat", lambda n: [(fails("make"),)]),
    "a failing command whose times differ": ("repeat", lambda n: [(fails("pytest", f"1 failed in 0.{n}1s"),)]),
    "a failing command with another description": (
        "repeat",
        lambda n: [(Done("Bash", "Exit code 1", True, {"command": "make", "description": f"try {n}"}),)],
    ),
    "the same file": ("repeat", lambda n: [(read("a.py", "     1\tx = 1"),)]),
    "the same file, every second time as a line": ("repeat", lambda n: [(read_many([FUNCTION, NOTE][n % 2]),)]),
    "two files, one of them every second time as a line": (
        "repeat",
        lambda n: [(read_many(f"{[FUNCTION, NOTE][n % 2]}\n== b.py (1 line)\nnothing_new = 1"),)],
    ),
    "the same search without hits": ("repeat", lambda n: [(Done("Grep", "No matches", False, {"pattern": "x"}),)]),
    "three files in turn": ("repeat", lambda n: [(read(f"{name}.py", f"{name} = 1"),) for name in "abc"]),
    "the same two calls in parallel": ("repeat", lambda n: [(read("a.py", "a = 1"), fails("make"))]),
    "a failing call and a list of what is to do": (
        "repeat",
        lambda n: [(fails("make"),), (Done("TodoWrite", "ok", False, {"todos": [n]}),)],
    ),
    "a failing call and looks at other files": (
        "repeat",
        lambda n: [(fails("make"),), (read(f"{n}.py", f"something else {n} " * 3),)],
    ),
    "a task that is not there": ("repeat", lambda n: [(Done("TaskOutput", "No task found", True, {"task_id": "b"}),)]),
    "a write of the same text": (
        "repeat",
        lambda n: [(Done("Write", "File written.", False, {"file_path": "a", "content": "x"}),)],
    ),
    "a failing command despite edits": ("failure", lambda n: [(edit("a.py", n),), (fails("make"),)]),
    "an error that moves with the edits": (
        "failure",
        lambda n: [
            (edit("a.py", n),),
            (fails("ruff", f"Exit code 1\na.py:{n}:1: E501 Line too long\nFound 1 error."),),
        ],
    ),
    "one error class on several files": (
        "error",
        lambda n: [(no_read(f"File content ({9000 + n} tokens) exceeds maximum allowed tokens (25000).", f"{n}.py"),)],
    ),
    "one error of different commands": ("error", lambda n: [(fails(f"tree {n}", "Exit code 127\ntree: not found"),)]),
    "edits of lines that are not there": (
        "edit",
        lambda n: [(missed("a.py", n),), (no_read(f"File number {'x' * n} is not there", "b.py"),)],
    ),
    "an edit to and fro": ("cycle", lambda n: [(edit("a.py", 1),), (edit("a.py", 7),)]),
    "three changes in a round": ("cycle", lambda n: [(bash("git stash"),), (bash("make"),), (bash("git stash pop"),)]),
    "four changes in a round": ("cycle", lambda n: [(bash(command),) for command in ("make a", "make b", "c", "d")]),
}


@pytest.mark.parametrize("name", LOOPS)
def test_a_loop_is_caught_by_its_third_round_and_ends_step_by_step(name: str) -> None:
    rule, made = LOOPS[name]
    notice_at, warning_at, stop_at = STEPS[rule]
    found, _ = rounds(made, stop_at)

    expected = [("", "")] * stop_at
    expected[notice_at - 1] = (rule, NOTICE)
    expected[warning_at - 1] = (rule, WARNING)
    expected[stop_at - 1] = (rule, STOP)
    assert notice_at == 3
    assert found == expected


SILENT = "(Bash completed with no output)"
"""What Claude Code 2.1.330 gives for no output, in events and transcripts; older clients give an empty text."""


@pytest.mark.parametrize(
    "act",
    [
        Done("mcp__browser__press", "done", False, {"key": "Down"}),
        bash("xdotool key Down", SILENT),
        bash("xdotool key Down", ""),
    ],
)
def test_an_act_without_an_effect_that_shows_is_caught_by_its_fourth_round(act: Done) -> None:
    found, _ = rounds(lambda n: [(act,)], 8)

    assert found == [*[("", "")] * 3, ("act", NOTICE), *[("", "")] * 3, ("act", WARNING)]


def test_long_reading_without_new_lines_is_noticed_warned_about_and_stopped() -> None:
    text = [f"line number {n} of the file" for n in range(200)]
    parts = ["\n".join(text[start : start + 9]) for start in range(190)]
    turns = [(read("a.py", "\n".join(text)),), *((read("a.py", part),) for part in parts)]
    for turn, part in zip(turns[1:], count()):
        turn[0].arguments["offset"] = part
    found = steps(turns[:21])

    assert [(n, pair) for n, pair in enumerate(found) if pair[0]] == [
        (6, ("reading", NOTICE)),
        (10, ("reading", WARNING)),
        (20, ("reading", STOP)),
    ]


@pytest.mark.parametrize(
    "command",
    [
        "sleep 60; gh run view 1",
        "curl -s localhost:8080/health",
        "aws cloudformation describe-stacks --stack-name x",
        "systemctl is-active app",
        "squeue -u ann",
        "nvidia-smi | tail -5",
    ],
)
def test_a_wait_for_what_stays_as_it_is_is_remarked_on_and_never_stopped(command: str) -> None:
    found, _ = rounds(lambda n: [(bash(command, "queued"),)], 60)

    assert [(n, pair) for n, pair in enumerate(found, 1) if pair[0]] == [
        (10, ("poll", NOTICE)),
        (20, ("poll", WARNING)),
    ]


HARMLESS: dict[str, Round] = {
    "green tests between edits": lambda n: [(edit("a.py", n),), (bash("pytest -q", "12 passed in 0.5s"),)],
    "green tests between edits by sed": lambda n: [(bash(f"sed -i s/{n}/x/ a"),), (bash("pytest", "12 passed"),)],
    "a file that grows beside one that is held": lambda n: [
        (read_many(f"{NOTE}\n== log.txt:{n}-{n}\nanother line of number {n} x {n * 7919}"),)
    ],
    "status after each commit": lambda n: [
        (bash(f"git commit -m {n}", f"[main 12{n}] {n}"),),
        (bash("git status", ""),),
    ],
    "failing tests that get fewer": lambda n: [(edit("a.py", n),), (fails("pytest", f"{99 - n} failed in 3s"),)],
    "a poll whose result changes": lambda n: [(bash("sleep 5 && cat log", f"step {n}"),)],
    "a poll without a wait whose result changes": lambda n: [(bash("cat log", f"{n} of 90 done"),)],
    "a poll with the wait in a call of its own": lambda n: [(bash("sleep 9", ""),), (bash("./health", "no"),)],
    "a wait that says nothing": lambda n: [(bash("sleep 60", SILENT),)],
    "looks at a service that is starting": lambda n: [(bash("systemctl status app", f"starting, {n} s"),)],
    "searches without a hit, each for another name": lambda n: [(fails(f"pgrep name_{n}", "Exit code 1"),)],
    "failing polls with the wait in a call of its own": lambda n: [(bash("sleep 9", ""),), (fails("curl x"),)],
    "a background task": lambda n: [(Done("TaskOutput", f"running {n}", False, {"task_id": "b"}),)],
    "errors of parallel siblings": lambda n: [
        (Done("Read", "<tool_use_error>Sibling tool call errored</tool_use_error>", True, {"file_path": "a"}),)
    ],
    "cancelled parallel calls": lambda n: [
        (Done("Bash", "<tool_use_error>Cancelled: parallel tool call Bash(x) errored</tool_use_error>", True),)
    ],
    "rejections": lambda n: [(fails("rm -r x", "The user doesn't want to proceed with this tool use. The tool"),)],
    "interrupts": lambda n: [(fails("make", "[Request interrupted by user for tool use]"),)],
    "our own refusals": lambda n: [(fails("mcp-lean budget --raise 5", f"PreToolUse:Bash hook error: {FOR_PEOPLE}"),)],
    "our own stops": lambda n: [(fails("make", words.stopped("the same call")),)],
    "old lines between edits": lambda n: [
        (Done("Read", "one line\nand two\nand three", False, {"file_path": "a", "offset": n}),),
        (edit("a.py", n),),
    ],
    "other files": lambda n: [(read(f"{n}.py", f"def number_{n}(): ..."),)],
    "empty searches for different things": lambda n: [(Done("Grep", "No matches", False, {"pattern": f"{n}"}),)],
    "paging": lambda n: [
        (Done("Read", f"page {n}\nwith text {n}\nand more {n}", False, {"file_path": "a", "offset": n}),)
    ],
    "errors of different classes": lambda n: [(no_read(f"{'x' * n} is not there"),)],
    "an error and a success in turn": lambda n: [
        (no_read("File does not exist.", f"{n}"),),
        (read(f"{n}a", f"new {n}"),),
    ],
    "edits that miss and then hit": lambda n: [(missed("a.py", n),), (edit("a.py", n),)],
    "pages of a browser": lambda n: [
        (Done("mcp__browser__click", "ok", False, {"on": "next"}),),
        (Done("mcp__browser__look", f"page {n}"),),
    ],
    "agents": lambda n: [(Done("Agent", f"found {n}", False, {"prompt": "look"}),)],
}


@pytest.mark.parametrize("name", HARMLESS)
def test_work_that_goes_on_is_let_alone(name: str) -> None:
    found, _ = rounds(HARMLESS[name], 40)

    assert set(found) == {("", "")}


def test_calls_of_one_turn_count_once() -> None:
    turn = tuple(no_read("File has not been read yet.", f"{n}.py") for n in range(9))

    assert steps([turn, turn[:1]]) == [("", ""), ("", "")]
    assert steps([(fails("make"),) * 9, (fails("make"),) * 9]) == [("", ""), ("", "")]


def test_a_step_is_said_once() -> None:
    def said(turns: Sequence[Turn]) -> list[tuple[str, str]]:
        history, found = NOTHING_SEEN, []
        for number, done in ((number, done) for number, turn in enumerate(turns) for done in turn):
            history, finding = observe(history, done.call, done.result, done.is_error, number)
            found += [(finding.rule, finding.step)] if finding else []
        return found

    assert said([(fails("make"),) * 9] * 3) == [("repeat", NOTICE)]
    to_and_fro = [(edit("a.py", 1),), (edit("a.py", 7),)]
    assert said([*to_and_fro * 3, to_and_fro[0]]) == [("cycle", NOTICE)]


def test_turns_that_begin_anew_begin_a_new_history() -> None:
    """The turns of an agent are counted from 0 after a prompt of a person and after a compaction."""
    history = NOTHING_SEEN
    for turn in (3, 4, 0, 1, 0, 1):
        history, finding = observe(history, fails("make").call, "Exit code 1", True, turn)
        assert finding is None


@pytest.mark.parametrize(
    ("prompt", "answers_again"),
    [("check again", {"{}"}), ("<task-notification><task-id>a1</task-id></task-notification>", {"{}", "stop"})],
)
def test_what_a_person_asks_for_again_and_again_is_no_loop(prompt: str, answers_again: set[str]) -> None:
    guard = Guard(Config(), None, Loops())
    answers = set()
    for number in range(12):
        guard.answer({"event": "UserPromptSubmit", "session_id": "S", "prompt": prompt})
        for part in "ab":
            call = {"tool_use_id": f"{number}{part}", "tool_name": "Bash", "tool_input": {"command": "make"}}
            answer = guard.answer(
                {"event": "PostToolBatch", "session_id": "S", "tool_calls": [{**call, "tool_response": "up to date"}]}
            )
            answers.add("stop" if '"continue": false' in answer else "{}" if answer == "{}" else "context")

    assert answers - {"context"} == answers_again
    assert ("context" in answers) is ("stop" in answers)


def test_the_guard_of_a_project_has_a_detector_that_obeys_the_settings(tmp_path: Path) -> None:
    def last_step(**environ: str) -> str:
        loops = start(str(tmp_path), {"HOME": str(tmp_path), **environ}).loops
        assert loops is not None
        found = [loops.observe(Caller("S"), fails("make").call, "Exit code 1", True, turn) for turn in range(5)]
        return found[-1].step if found[-1] else ""

    assert [last_step(), last_step(MCP_LEAN_GUARD_LOOPS="warn")] == [STOP, WARNING]
    assert start(str(tmp_path), {"HOME": str(tmp_path)}, is_for_one_event=True).loops is None


def test_without_leave_to_stop_a_warning_is_the_last_step() -> None:
    loops = Loops(may_stop=False)
    found = [loops.observe(Caller("S", "a"), fails("make").call, "Exit code 1", True, turn) for turn in range(7)]

    assert [finding.step if finding else "" for finding in found] == ["", "", NOTICE, *[WARNING] * 4]
    assert "is stopped" not in str(found[-1])


@pytest.mark.parametrize(
    "done",
    [
        fails("make docs", f"Exit code 2\nno such page: mcp-lean budget --raise\n{words.LIFT}"),
        read("budget.md", f"A person can lift this: mcp-lean budget --raise 5\n{FOR_PEOPLE}\nand so on"),
    ],
)
def test_what_ran_and_shows_our_words_is_no_refusal_of_ours(done: Done) -> None:
    loops = Loops()
    found = [loops.observe(Caller("S"), done.call, done.result, done.is_error, turn) for turn in range(5)]

    assert [finding.step if finding else "" for finding in found] == ["", "", NOTICE, WARNING, STOP]


def test_words_name_the_call_what_to_do_and_how_a_person_lifts_it() -> None:
    loops = Loops()
    said = [loops.observe(Caller("S"), fails("make\nall").call, "Exit code 1", True, turn) for turn in range(5)]

    what = 'Bash "make all" gave the same result {} times, and nothing changed in between'
    assert [finding.words for finding in said if finding] == [
        f"Repeats: {what.format(3)}.",
        f"Repeats: {what.format(4)}. {words.TRY_ELSE} This agent is stopped if it goes on.",
        f"Stopped: {what.format(5)}. {words.LIFT}",
    ]


def test_the_state_of_an_agent_is_its_last_finding_until_it_has_gone_on() -> None:
    loops, caller = Loops(), Caller("S", "a")
    states = []
    for turn in range(8):
        done = fails("make") if turn < 3 else read(f"{turn}.py", f"text {turn}")
        loops.observe(caller, done.call, done.result, done.is_error, turn)
        states.append(loops.state_of(caller).partition(" times")[0])

    found = 'Repeats: Bash "make" gave the same result 3'
    assert states == ["", "", found, found, found, "", "", ""]
    assert loops.state_of(Caller("S", "b")) == ""


CALLS = st.builds(
    Done,
    st.sampled_from(("Bash", "Read", "Edit", "TaskOutput", "mcp__x__y")),
    st.sampled_from(("ok", "Exit code 1", "<tool_use_error>no</tool_use_error>", "String to replace not found", "")),
    st.booleans(),
    st.dictionaries(st.sampled_from(("command", "file_path")), st.sampled_from(("make", "cat a", "sleep 1", "b"))),
)
ACTS = st.lists(st.tuples(st.sampled_from("abc"), CALLS, st.booleans()), max_size=80)


def told(acts: Sequence[tuple[str, Done, bool]], only: str = "") -> Iterator[tuple[str, Finding | None]]:
    """(agent, finding) of each act, where the truth of an act's last part begins a new turn of its agent."""
    loops, turns = Loops(), dict.fromkeys("abc", 0)
    for agent, done, is_next in acts:
        turns[agent] += is_next
        if agent == only or not only:
            caller = Caller("S", agent)
            yield agent, loops.observe(caller, done.call, done.result, done.is_error, turns[agent])


@given(ACTS)
def test_what_other_agents_do_changes_nothing(acts: list[tuple[str, Done, bool]]) -> None:
    together = list(told(acts))
    for agent in "abc":
        assert [finding for who, finding in together if who == agent] == [finding for _, finding in told(acts, agent)]


@given(st.lists(st.tuples(CALLS, st.booleans()), max_size=150))
def test_a_history_is_bounded_and_rises_one_step_at_a_time(acts: list[tuple[Done, bool]]) -> None:
    history, turn = NOTHING_SEEN, 0
    graver = {NOTICE: 0, WARNING: 1, STOP: 2}
    worst = -1
    for done, is_next in acts:
        turn += is_next
        history, finding = observe(history, done.call, done.result, done.is_error, turn)
        assert len(history.seen) <= CALLS_KEPT
        assert len(history.lines) in (0, FILTER_BITS // 8)
        if finding:
            assert graver[finding.step] <= worst + 1
            worst = max(worst, graver[finding.step])


def test_the_calls_of_a_long_history_are_dropped() -> None:
    history = NOTHING_SEEN
    for turn in range(3 * CALLS_KEPT):
        history, _ = observe(history, bash(f"make {turn}").call, f"made {turn}", False, turn)

    assert [seen.turn for seen in history.seen] == list(range(2 * CALLS_KEPT, 3 * CALLS_KEPT))


def test_the_number_of_histories_is_bounded() -> None:
    loops = Loops()
    for number in range(AGENTS_KEPT + 10):
        for turn in range(3):
            loops.observe(Caller("S", f"a{number}"), fails("make").call, "Exit code 1", True, turn)

    assert [bool(loops.state_of(Caller("S", f"a{n}"))) for n in (0, 9, 10, AGENTS_KEPT + 9)] == [
        False,
        False,
        True,
        True,
    ]


def test_a_huge_result_is_looked_at_in_part() -> None:
    history: History = NOTHING_SEEN
    for turn in range(3):
        history, finding = observe(history, bash("cat big").call, "0123456789abcdef\n" * 1_000_000, False, turn)
    assert finding is not None
    assert finding.step == NOTICE


@pytest.mark.skipif(
    not os.path.isdir(os.environ.get("MCP_LEAN_SPOTTER", "")),
    reason="MCP_LEAN_SPOTTER names no folder with the spotter transcripts",
)
def test_no_recorded_session_is_stopped_and_the_one_true_loop_is_found() -> None:
    """A commit that a hook refuses again and again, despite edits (session ae4a77f8)."""
    runs = load_runs([os.environ["MCP_LEAN_SPOTTER"]], with_text=True).runs
    found = [(run.id[:8], each.agent_id, each.finding.rule, each.finding.step) for run in runs for each in replay(run)]

    assert len(runs) == 9
    assert found == [("ae4a77f8", "main", "failure", NOTICE), ("ae4a77f8", "main", "failure", WARNING)]
