"""Clear and continue in the real terminal program: what the person sees, what the model gets, and what is held back.

A pause is made by moving every time in the transcript back; the stand-in reports a large context for some turns.
"""

import os
import re
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mcp_lean.claude_code.hook_settings import hooks
from mcp_lean.config import Config
from mcp_lean.guard.continuing import words
from mcp_lean.guard.continuing.checkpoints import BUDGET_TOKENS
from mcp_lean.packing.tokens import cost

from .client import Claude
from .live import Scene, Terminal
from .place import Server
from .records import MAIN, Request, Run, texts_of
from .script import Says, ScriptedTurn, Turn, use
from .wire import JsonObject, answer_to

pytestmark = pytest.mark.e2e

WATCHED: JsonObject = {"hooks": hooks(Config())}
PATIENT = """
from mcp_lean.cli import serve
from mcp_lean.server import early_hooks
early_hooks.EarlyHooks.__init__.__defaults__ = (4.0,)
serve.run(None)
"""
"""The server, with more time for the first hooks, which load the guard: a busy machine may need more than a second."""

WAITED_FOR = {"lean": Server((sys.executable, "-c", PATIENT), always_load=True)}
LARGE = {"cache_creation_input_tokens": 150_000}

TASK = "Rename the function tally to total in app.py, and keep the old name as an alias for one release."
OF_A_RESULT = "stripes are black and white in this country"
EXPIRED, HELD, NEW_TASK = "the cache has expired", "held back once", "looks like a new task"
GOES_ON, OFFERED = "which is untouched", "compact --previous"
WORK: Sequence[Says] = (
    [use("mcp__lean__read_many", items=["app.py", "notes.txt"])],
    Turn(["tally stands in line 1; it is used nowhere else"], usage=LARGE),
)
FILES = {"app.py": "def tally(items):\n    return sum(items)\n", "notes.txt": f"{OF_A_RESULT}\n" * 30}


def in_order(*says: Says | Callable[[Scene], Says]) -> Sequence[ScriptedTurn]:
    """Turns by the requests that were made, for a conversation that begins anew has said nothing yet."""

    def turn(scene: Scene) -> Says:
        made = sum(request.agent == MAIN for request in scene.requests)
        due = says[min(made, len(says)) - 1]
        return due(scene) if callable(due) else due

    return [turn] * 50 + ["out of turns"]


def written(scene: Scene, answer: str) -> Path:
    """The transcript that has this answer, once there is one: the client writes it a moment after the turn's end."""

    def found() -> list[Path]:
        return [file for file in scene.place.transcripts.glob("*.jsonl") if answer.encode() in file.read_bytes()]

    return scene.until(found, f"{answer!r} in the transcript")[0]


def pause(scene: Scene, hours: int = 2) -> None:
    """Moves the session's past back, in place and without a change of length: the client goes on appending."""

    def earlier(found: re.Match[bytes]) -> bytes:
        at = datetime.strptime(found[1].decode(), "%Y-%m-%dT%H:%M:%S.%f").replace(tzinfo=UTC) - timedelta(hours=hours)
        return b'"timestamp":"' + at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:23].encode() + b'Z"'

    file = written(scene, "it is used nowhere else")
    with file.open("r+b") as stream:
        moved = re.sub(rb'"timestamp":"([0-9T:.-]{23})Z"', earlier, stream.read())
        stream.seek(0)
        stream.write(moved)


def answered(scene: Scene, event: str, source: str = "") -> int:
    """How often the server has answered this event."""
    wire = scene.wire()
    calls = [call for call in scene.calls("hook") if call.message["params"]["arguments"].items() >= told(event, source)]
    return sum(answer_to(call, wire) is not None for call in calls)


def told(event: str, source: str) -> set[tuple[str, str]]:
    return {("event", event), *([("source", source)] if source else [])}


def say(terminal: Terminal, line: str, answer: str) -> None:
    """A prompt, its answer, and the end of the turn: what is typed during one is drawn over it piece by piece.

    A person takes longer than the client, which writes the answer down a moment later.
    """
    before = answered(terminal.scene, "Stop")
    terminal.submit(line)
    terminal.shows(answer)
    terminal.scene.until(lambda: answered(terminal.scene, "Stop") > before, "the end of the turn")
    written(terminal.scene, answer)


def begin(terminal: Terminal) -> None:
    """The first task, up to its end."""
    terminal.shows("accept edits on")
    until_listed(terminal.scene)
    say(terminal, TASK, "it is used nowhere else")


def until_listed(scene: Scene) -> None:
    scene.until(lambda: any("tools" in (entry.message.get("result") or {}) for entry in scene.wire()), "the tools")


def clear(terminal: Terminal) -> None:
    """Types /clear, and waits for the new conversation's hook to be answered."""
    before = answered(terminal.scene, "SessionStart", "clear")
    terminal.submit("/clear")
    terminal.scene.until(lambda: answered(terminal.scene, "SessionStart", "clear") > before, "the clear")


def run_of(
    claude: Claude, typed: Callable[[Terminal], None], *later: Says | Callable[[Scene], Says], **more: object
) -> Run:
    settings = {"files": FILES, "settings": WATCHED, "args": ["--allowedTools", "mcp__lean"], **more}
    return claude(
        mcp=WAITED_FOR,
        mode="acceptEdits",
        turns=in_order(*WORK, *later),
        terminal=typed,
        **settings,  # type: ignore[arg-type]
    )


def checkpoints(request: Request) -> list[str]:
    """Texts of a request's messages in which a checkpoint stands."""
    return [text for message in request.messages for text in texts_of(message["content"]) if words.OPENING in text]


def checkpoint_in(request: Request) -> str:
    """The checkpoint of a request, and that there is one."""
    assert request.raw.count(words.OPENING.encode()) == 1
    [text] = checkpoints(request)
    start = text.index(words.OPENING)
    return text[start : text.index("\n\n", start)] if "\n\n" in text[start:] else text[start:]


def read_what_it_names(scene: Scene) -> Says:
    """Goes on from the checkpoint alone: reads the first file that it points to."""
    [text] = checkpoints(scene.requests[-1])
    found = re.search(r"^\W*(app\.py\S*)", text[text.index("files:") :], re.MULTILINE)
    assert found, text
    return use("mcp__lean__read_many", items=[found[1].rstrip(",;")])


def test_after_a_pause_the_person_hears_it_once_and_clear_goes_on_from_the_checkpoint(claude: Claude) -> None:
    def typed(terminal: Terminal) -> None:
        begin(terminal)
        pause(terminal.scene)
        say(terminal, "and now?", "nothing to do yet")
        terminal.shows(EXPIRED)
        pause(terminal.scene)
        say(terminal, "still there?", "yes, still")
        clear(terminal)
        terminal.shows(GOES_ON)
        say(terminal, "go on", "the alias is missing")

    run = run_of(claude, typed, "nothing to do yet", "yes, still", read_what_it_names, "the alias is missing")

    assert EXPIRED.encode() not in b"".join(request.raw for request in run.requests)
    assert sum(EXPIRED in str(entry.message.get("result")) for entry in run.mcp) == 1
    first, *_ = after = run.of(MAIN)[4:]
    text = checkpoint_in(first)
    assert cost(text) <= BUDGET_TOKENS
    assert TASK in text
    assert "assistant" not in [message["role"] for message in first.messages]
    assert OF_A_RESULT.encode() not in first.raw
    beside = first.text.replace(text, "")
    assert [words for words in ("and now?", TASK, "nowhere else", "nothing to do yet") if words in beside] == []
    assert "def tally" in run.results("mcp__lean__read_many")[-1].text
    assert all(len(checkpoints(request)) == 1 for request in after)
    old, _ = sorted(run.place.transcripts.glob("*.jsonl"), key=lambda file: file.stat().st_mtime)
    assert old.stem in re.sub(r"\s", "", run.screen)
    assert OF_A_RESULT.encode() in old.read_bytes()


def test_a_new_task_on_a_large_context_is_advised_when_enough_requests_have_gone_before(claude: Claude) -> None:
    new_task = "Now something else: write a page on how to install this, with one example for each of the two systems."
    steps = [Turn([use("Bash", command=f"echo {number}")], usage=LARGE) for number in range(30)]

    def typed(terminal: Terminal) -> None:
        begin(terminal)
        say(terminal, "show me all thirty", "that was the last one")
        say(terminal, new_task, "the page is written")
        terminal.shows(NEW_TASK)
        clear(terminal)
        terminal.shows(GOES_ON)

    allowed = ["--allowedTools", "mcp__lean", "Bash(echo:*)"]
    run = run_of(
        claude, typed, *steps, Turn(["that was the last one"], usage=LARGE), "the page is written", args=allowed
    )

    assert sum(NEW_TASK in str(entry.message.get("result")) for entry in run.mcp) == 1
    assert NEW_TASK.encode() not in b"".join(request.raw for request in run.requests)


def test_a_clear_that_nobody_advised_starts_empty_and_says_how_to_go_on(claude: Claude) -> None:
    def typed(terminal: Terminal) -> None:
        begin(terminal)
        clear(terminal)
        terminal.shows(OFFERED)
        say(terminal, "hello", "something new")

    run = run_of(claude, typed, "something new")

    last = run.of(MAIN)[-1]
    assert words.OPENING.encode() not in last.raw
    assert b"mcp_lean: " not in last.raw
    assert TASK.encode() not in last.raw
    assert OFFERED.encode() not in last.raw


def test_the_offer_works_as_it_is_written(claude: Claude) -> None:
    def typed(terminal: Terminal) -> None:
        begin(terminal)
        clear(terminal)
        terminal.shows(OFFERED)
        terminal.submit("!mcp-lean compact --previous")
        terminal.shows("State of the run")
        say(terminal, "hello", "something new")

    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    run = run_of(claude, typed, "something new", env={"PATH": path})

    text = run.of(MAIN)[-1].text
    assert "State of the run, taken from its transcript" in text
    assert text.count(TASK) == 1


def test_a_second_clear_starts_empty(claude: Claude) -> None:
    def typed(terminal: Terminal) -> None:
        begin(terminal)
        pause(terminal.scene)
        say(terminal, "and now?", "nothing to do yet")
        clear(terminal)
        terminal.shows(GOES_ON)
        clear(terminal)
        say(terminal, "hello", "something new")

    run = run_of(claude, typed, "nothing to do yet", "something new")

    assert TASK.encode() not in run.of(MAIN)[-1].raw


ASKS = {**FILES, ".mcp-lean.toml": '[compact]\nclear = "ask"\n'}


def test_ask_holds_the_prompt_back_once_before_it_is_paid_for(claude: Claude) -> None:
    def typed(terminal: Terminal) -> None:
        begin(terminal)
        pause(terminal.scene)
        terminal.submit("and now?")
        terminal.shows(HELD)
        assert len(terminal.scene.requests) == 2
        terminal.type("\r")
        terminal.shows("nothing to do yet")

    run = run_of(claude, typed, "nothing to do yet", files=ASKS)

    assert len(run.of(MAIN)) == 3
    assert run.of(MAIN)[-1].text.count("and now?") == 1
    assert HELD.encode() not in run.of(MAIN)[-1].raw


def test_a_held_prompt_can_be_put_aside_and_sent_after_the_clear(claude: Claude) -> None:
    def typed(terminal: Terminal) -> None:
        begin(terminal)
        pause(terminal.scene)
        terminal.submit("and now?")
        terminal.shows(HELD)
        terminal.type("\x13")
        terminal.shows("draft stashed")
        before = terminal.ends.times("and now?")
        clear(terminal)
        terminal.scene.until(lambda: terminal.ends.times("and now?") > before, "the prompt in the input field again")
        terminal.type("\r")
        terminal.shows("nothing to do yet")

    run = run_of(claude, typed, "nothing to do yet", files=ASKS)

    assert len(run.of(MAIN)) == 3
    last = run.of(MAIN)[-1]
    assert TASK in checkpoint_in(last)
    assert "assistant" not in [message["role"] for message in last.messages]
    assert last.text.count("and now?") >= 1


def test_a_resumed_session_is_advised_by_a_server_that_has_just_started(claude: Claude) -> None:
    first = run_of(claude, begin)

    def typed(terminal: Terminal) -> None:
        terminal.shows("accept edits on")
        pause(terminal.scene)
        until_listed(terminal.scene)
        say(terminal, "and now?", "nothing to do yet")
        terminal.shows(EXPIRED)

    run = claude(
        place=first.place,
        mcp=WAITED_FOR,
        settings=WATCHED,
        mode="acceptEdits",
        args=["--continue"],
        turns=in_order("nothing to do yet"),
        terminal=typed,
    )

    assert len(run.requests) == 1


def test_in_print_mode_nobody_could_send_a_prompt_again_so_none_is_held_back(claude: Claude) -> None:
    first = run_of(claude, begin, files=ASKS)
    pause(Scene([], first.place, 0.0, float("inf")))

    run = claude(
        place=first.place,
        mcp=WAITED_FOR,
        settings=WATCHED,
        args=["--continue"],
        prompt="and now?",
        turns=in_order("on"),
    )

    assert [request.text.count("and now?") for request in run.of(MAIN)] == [1]
    assert EXPIRED.encode() not in run.of(MAIN)[0].raw


def test_off_means_that_nothing_is_said_or_put_in(claude: Claude) -> None:
    quiet = '[compact]\nclear = "off"\nafter_clear = "never"\ncarry = false\n'

    def typed(terminal: Terminal) -> None:
        begin(terminal)
        pause(terminal.scene)
        say(terminal, "and now?", "nothing to do yet")
        clear(terminal)
        say(terminal, "hello", "something new")

    run = run_of(claude, typed, "nothing to do yet", "something new", files={**FILES, ".mcp-lean.toml": quiet})

    assert "has expired" not in run.screen
    assert OFFERED.replace(" ", "") not in run.screen.replace(" ", "")
    assert TASK.encode() not in run.of(MAIN)[-1].raw
