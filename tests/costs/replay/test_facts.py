"""What texts tell about calls: known before, used later, read before."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest

from costs.runs import agent, call, request, result
from mcp_lean.costs.replay.facts import NEVER, AgentFacts, CallFacts, Need, facts_of, windows
from mcp_lean.transcripts.model import Entered, Request, ToolCall


def said(call_id: str, name: str, text: str | None, **arguments: object) -> ToolCall:
    """A call with its arguments and, where there is one, its result."""
    returned = replace(result(len(text)), text=text, lines=text.count("\n") + 1) if text is not None else None
    subject = str(arguments.get("file_path") or arguments.get("command") or arguments.get("pattern") or "")
    made = call(call_id, name, subject=subject, returned=returned)
    return replace(made, input_json=orjson.dumps(arguments).decode())


def turn(
    number: int, *calls: ToolCall, prompt: str = "", results: tuple[str, ...] = (), text: str = "", reset: bool = False
) -> Request:
    entered = Entered(prompt_chars=len(prompt), prompts=(prompt,) if prompt else (), results=results)
    made = request(number, calls=calls, reset="compaction" if reset else "none")
    return replace(made, entered=entered, text=text)


def facts(*requests: Request, cwd: str = "") -> AgentFacts:
    return facts_of(agent(requests), cwd)


@pytest.mark.parametrize(
    ("arguments", "known_from"),
    [
        ({"pattern": "order_total"}, 0),
        ({"pattern": "parse_item"}, 2),
        ({"pattern": "order_total|parse_item"}, 2),
        ({"pattern": "nowhere_read"}, NEVER),
        ({"pattern": "spoken_word"}, 1),
        ({"pattern": "ab|cd"}, -1),
        ({"pattern": "xyz"}, NEVER),
        ({"pattern": "\u5408\u8ba1"}, NEVER),
        ({"pattern": "gr\u00f6\u00dfe"}, 0),
        ({"pattern": "order_total", "output_mode": "content"}, 0),
        ({"command": "grep -rn --include=*.py order_total", "description": "Look for something"}, 0),
        ({"pattern": "order_total", "path": "/home/me/shop"}, 0),
        ({"items": [{"name": "order_total"}, ["parse_item"]]}, 2),
        ({}, -1),
    ],
)
def test_a_call_is_known_from_the_moment_that_its_last_word_was_met(
    arguments: dict[str, object], known_from: int
) -> None:
    """Moments: the prompt 0, the first answer 1, the first result 2."""
    first = said("a", "Grep", "def parse_item(): pass", pattern="order_total")
    found = facts(
        turn(0, first, prompt="where is order_total? gr\u00f6\u00dfe", text="a spoken_word"),
        turn(1, said("b", "Bash" if "command" in arguments else "Grep", None, **arguments), results=("a",)),
        cwd="/home/me/shop",
    )

    assert found.of("b").known_from == known_from


def test_a_word_that_the_call_itself_brings_is_not_known_before() -> None:
    found = facts(
        turn(0, said("a", "Grep", "x", pattern="first_word"), prompt="go"),
        turn(1, said("b", "Grep", "x", pattern="second_word"), results=("a",)),
        turn(2, said("c", "Grep", "x", pattern="second_word"), results=("b",)),
    )

    assert [found.of(name).known_from for name in "abc"] == [NEVER, NEVER, 3]


@pytest.mark.parametrize(
    ("offset", "reads_on"),
    [(None, False), (1, False), (200, True), ("200", True), ("x", False), ("\u00b2", False), ("9" * 5_000, False)],
)
def test_the_next_page_of_a_file_is_no_independent_read(offset: object, reads_on: bool) -> None:
    found = facts(turn(0, said("a", "Read", "x", file_path="a.py", offset=offset)))

    assert found.of("a").reads_on is reads_on


@pytest.mark.parametrize(
    ("command", "reads_on"),
    [
        ("sed -n '1,200p' a.py", False),
        ("sed -n '200,400p' a.py", True),
        ("sed -n 40p a.py", True),
        ("tail -n +200 a.py", True),
        ("tail -n 20 a.py", False),
        ("cat a.py", False),
    ],
)
def test_nor_is_the_next_page_by_a_shell_command(command: str, reads_on: bool) -> None:
    found = facts(turn(0, said("a", "Bash", "x", command=command)))

    assert found.of("a").reads_on is reads_on


def test_a_result_is_used_when_a_word_that_it_brought_is_written_later() -> None:
    found = facts(
        turn(0, said("a", "Read", "def parse_item(): total", file_path="a.py"), prompt="fix total"),
        turn(1, said("b", "Read", "nothing of note", file_path="b.py"), results=("a",)),
        turn(2, text="so parse_item it is", results=("b",)),
        turn(3, text="the total is right"),
    )

    assert (found.of("a").last_use, found.of("b").last_use) == (2, -1)
    assert (found.of("a").is_used_after(1), found.of("a").is_used_after(2)) == (True, False)


def test_a_word_at_the_beginning_of_a_line_is_written_too() -> None:
    """In JSON an n stands before it."""
    found = facts(
        turn(0, said("a", "Read", "def parse_item(): pass", file_path="a.py"), prompt="go"),
        turn(1, said("e", "Write", None, file_path="b.py", content="import a\nparse_item = a.first"), results=("a",)),
    )

    assert found.of("a").last_use == 1


def test_a_file_that_is_edited_is_needed_then() -> None:
    found = facts(
        turn(0, said("a", "Read", "x", file_path="a.py")),
        turn(1, said("e", "Edit", "ok", file_path="a.py", new_string="y"), results=("a",)),
    )

    assert found.of("a") == CallFacts(-1, edited_at=1)


def test_an_edit_before_the_file_was_read_again_is_no_use_of_that_reading() -> None:
    found = facts(
        turn(0, said("e", "Edit", "ok", file_path="a.py", new_string="y")),
        turn(1, said("a", "Read", "x", file_path="a.py"), results=("e",)),
        turn(2, results=("a",)),
    )

    assert found.of("a").edited_at == -1


def test_of_a_long_file_the_used_lines_are_known() -> None:
    long = "\n".join(f"{n}\tline_number_{n}" for n in range(200))
    found = facts(
        turn(0, said("a", "Read", long, file_path="a.py")),
        turn(1, text="line_number_17 and line_number_180", results=("a",)),
    )

    assert found.of("a").used_lines == (17, 180)


@pytest.mark.parametrize(
    ("used", "around", "lines"), [((), 0, 0), ((0,), 3, 4), ((5, 6), 3, 8), ((5, 50), 3, 14), ((99,), 20, 21)]
)
def test_windows_around_used_lines_are_merged_and_stay_inside(used: tuple[int, ...], around: int, lines: int) -> None:
    assert windows(used, around, 100) == lines


@pytest.mark.parametrize(
    ("second", "share"),
    [
        ("     1\tone\n     2\ttwo", 1.0),
        ("     1\tone\n     2\tchanged", 0.5),
        ("     3\tone\n     4\ttwo", 0.0),
        ("1\u2192one\n2\u2192two", 1.0),
        ("no numbers here", 0.0),
    ],
)
def test_lines_are_repeated_when_number_and_text_are_the_same(second: str, share: float) -> None:
    found = facts(
        turn(0, said("a", "Read", "     1\tone\n     2\ttwo", file_path="a.py")),
        turn(1, said("b", "Read", second, file_path="a.py"), results=("a",)),
        turn(2, results=("b",)),
    )

    assert sum(part for _, part in found.of("b").repeats) == share


def test_a_repeated_line_names_the_read_that_brought_it_first() -> None:
    one, two = "     1\tone\n     2\ttwo", "     2\ttwo\n     3\tthree"
    found = facts(
        turn(0, said("a", "Read", one, file_path="a.py")),
        turn(1, said("b", "Read", two, file_path="a.py"), results=("a",)),
        turn(2, said("c", "Read", f"{one}\n     3\tthree", file_path="a.py"), results=("b",)),
        turn(3, results=("c",)),
    )

    assert found.of("b").repeats == (("a", 0.5),)
    assert dict(found.of("c").repeats) == pytest.approx({"a": 2 / 3, "b": 1 / 3})


def test_a_context_that_shrank_forgets_like_a_compaction() -> None:
    """The bill takes it for emptied; what was known before may have gone with it."""
    read = "     1\torder_total"
    shrunk = turn(2, said("c", "Grep", "x", pattern="order_total"))
    found = facts(
        turn(0, said("a", "Read", read, file_path="a.py"), prompt="see a.py"),
        turn(1, said("b", "Grep", "x", pattern="order_total"), results=("a",)),
        replace(shrunk, reset="shrink"),
        turn(3, said("d", "Read", read, file_path="a.py")),
        turn(4, results=("d",)),
    )

    assert (found.of("b").known_from, found.of("c").known_from, found.of("d").repeats) == (2, NEVER, ())


def test_after_a_compaction_nothing_is_known_and_nothing_is_repeated() -> None:
    read = "     1\torder_total"
    found = facts(
        turn(0, said("a", "Read", read, file_path="a.py"), prompt="see a.py"),
        turn(1, said("b", "Read", read, file_path="a.py"), results=("a",)),
        turn(2, said("c", "Grep", "x", pattern="order_total"), results=("b",), reset=True),
        turn(3, said("d", "Read", read, file_path="b.py"), results=("c",), reset=True),
        turn(4, said("e", "Grep", "x", pattern="order_total"), results=("d",)),
    )

    assert (found.of("b").repeats, found.of("c").known_from, found.of("e").known_from) == ((), 4, 8)


def test_a_name_in_later_arguments_is_needed_from_where_it_was_last_seen() -> None:
    found = facts(
        turn(0, said("a", "Read", "def parse_item(): plain", file_path="a.py"), prompt="begin"),
        turn(1, results=("a",)),
        turn(2, said("b", "Grep", "x", pattern="parse_item plain"), prompt="again"),
        turn(3, said("c", "Grep", "x", pattern="parse_item"), results=("b",)),
    )

    assert found.needs == (Need(1, 2, "a"), Need(2, 3, ""))


def test_without_texts_nothing_counts_as_known() -> None:
    found = facts(turn(0, call("a", "Grep", returned=result(90))))

    assert (found.has_texts, found.of("a"), found.of("unheard")) == (False, CallFacts(NEVER), CallFacts(NEVER))
