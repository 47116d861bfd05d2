""" "Unchanged since you read it" on the real client: it rests on what the client writes into its transcripts."""

from collections.abc import Callable

import pytest

from .client import Claude
from .live import Scene, Terminal
from .records import MAIN, Run
from .script import Says, ToolUse, spawn, use
from .test_continuing import clear, say
from .test_guard import GUARDED, is_listed, once_ready

pytestmark = pytest.mark.e2e

READ_MANY = "mcp__lean__read_many"
SOURCE = "".join(f"def f{n}():\n    return {n}\n\n" for n in range(150))
FILES = {"a.py": SOURCE, "b.py": SOURCE.replace("return", "yield")}
UP, MODE = "\x1b[A", "accept edits on"
TEXT, NOTE = "text", "note: a.py (450 lines) unchanged since you read it; ask again for the text"


def read(*items: str) -> ToolUse:
    return use(READ_MANY, items=list(items or ("a.py",)))


def told(run: Run, agent: str = MAIN) -> list[str]:
    """What each read of `a.py` has brought: the note, or its text."""
    results = [result for result in run.results(READ_MANY, agent) if result.input["items"] == ["a.py"]]
    return [TEXT if result.text.startswith("== a.py (450 lines)\ndef f0():") else result.text for result in results]


def test_a_second_read_is_a_line_and_a_third_one_the_text(claude: Claude) -> None:
    bash = use("Bash", command="echo between")
    run = claude(
        files=FILES,
        settings=GUARDED,
        turns=[once_ready([read(), bash]), [bash, read("b.py")], read(), [read(), bash], "a word", read(), "done"],
    )

    assert told(run) == [TEXT, NOTE, TEXT]


@pytest.mark.parametrize("model", ["haiku", "sonnet"])
def test_it_holds_for_other_models(claude: Claude, model: str) -> None:
    """They are sent other reminders, and these in other places."""
    turns = [once_ready(read()), read(), read(), "done"]
    run = claude(files=FILES, settings=GUARDED, args=["--model", model], turns=turns)

    assert told(run) == [TEXT, NOTE, TEXT]


def test_agents_know_nothing_of_one_another(claude: Claude) -> None:
    run = claude(
        files=FILES,
        settings=GUARDED,
        turns=[once_ready(read()), [spawn("one"), spawn("two")], read(), "done"],
        subagents={"one": [read(), read(), "found"], "two": [read(), read("b.py"), read(), "found"]},
    )

    assert [told(run, name) for name in (MAIN, "one", "two")] == [[TEXT, NOTE]] * 3


def test_an_edit_brings_the_text(claude: Claude) -> None:
    edit = use("Edit", file_path="a.py", old_string="return 77\n", new_string="return 7\n")
    run = claude(files=FILES, settings=GUARDED, turns=[once_ready(read()), edit, read(), read(), "done"])

    assert told(run) == [TEXT, TEXT, NOTE]
    assert "return 77\n" not in run.results(READ_MANY)[1].text


def test_a_resumed_session_starts_from_nothing(claude: Claude) -> None:
    first = claude(files=FILES, settings=GUARDED, turns=[once_ready(read()), read(), "done"])
    resumed = claude(
        place=first.place,
        settings=GUARDED,
        args=["--continue"],
        prompt="go on",
        turns=[*["said before"] * 3, once_ready(read()), read(), "done"],
    )

    assert told(first) == [TEXT, NOTE]
    assert told(resumed)[-2:] == [TEXT, NOTE]


def compact(terminal: Terminal) -> None:
    terminal.submit("/compact")
    terminal.shows("Compacted")


def press(terminal: Terminal, key: str, shown: str) -> None:
    """A key, and what is drawn then."""
    before = terminal.ends.times(shown)
    terminal.type(key)
    terminal.scene.until(lambda: terminal.ends.times(shown) > before, f"{shown!r} on the screen")


def rewind(terminal: Terminal) -> None:
    """To before the first prompt."""
    terminal.submit("/rewind")
    terminal.shows("Enter to continue")
    press(terminal, UP, "❯ first prompt")
    press(terminal, "\r", "before you sent this message")
    press(terminal, "\r", MODE)


@pytest.mark.parametrize("reset", [compact, clear, rewind])
def test_in_the_terminal_program_the_text_comes_again_after(claude: Claude, reset: Callable[[Terminal], None]) -> None:
    """One process of client and server throughout."""

    def talk(terminal: Terminal) -> None:
        terminal.shows(MODE)
        terminal.scene.until(lambda: is_listed(terminal.scene), "the server's tools")
        say(terminal, "first prompt", "read twice")
        reset(terminal)
        say(terminal, "second prompt", "read again")

    says = iter([once_ready(read()), read(), "read twice", read(), "read again"])

    def due(scene: Scene) -> Says:
        """How much of the conversation is left does not matter."""
        turn = next(says)
        return turn(scene) if callable(turn) else turn

    run = claude(
        files=FILES,
        settings=GUARDED,
        mode="acceptEdits",
        args=["--allowedTools", "mcp__lean"],
        turns=[due] * 9,
        asides={"summary of the conversation": "<summary>a.py was read</summary>"},
        terminal=talk,
    )

    assert told(run) == [TEXT, NOTE, TEXT]
