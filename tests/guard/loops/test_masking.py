"""What counts as the same result, the same failure, the same call; and which lines are new."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_lean.guard.loops.masking import FILTER_BITS, KEPT_CHARS, learn, of_call, of_class, of_failure, of_success

LONG = "x" * KEPT_CHARS


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("3 passed in 0.31s", "3 passed in 12.07s"),
        ("built in 950 ms", "built in 1012 ms"),
        ("took 2m 11s", "took 1m 3s"),
        ("Done in 1.5 seconds.", "Done in 2 seconds."),
        ("2026-11-22T10:00:01Z up", "2026-11-23T11:12:13.5Z up"),
        ("at 10:00:01 nothing", "at 10:00:09 nothing"),
        ("HEAD is now at 1a2b3c4 wip", "HEAD is now at 99ff00d wip"),
        ("object at 0x7f3a", "object at 0x7f4b"),
        ("id 5e551011-0000-4000-8000-000000000000", "id 5e551011-0000-4000-8000-00000000000f"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("same\n", "same"),
        (f"{LONG}\n12345\n{LONG}", f"{LONG}\n54321\n{LONG}"),
    ],
)
def test_results_that_differ_in_noise_are_the_same(one: str, other: str) -> None:
    assert of_success(one) == of_success(other)
    assert of_failure(one) == of_failure(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("12 of 30 done", "13 of 30 done"),
        ("40 % done", "55 % done"),
        ("copied 104857600 bytes", "copied 209715200 bytes"),
        ("status: queued", "status: running"),
        ("", "x"),
        (f"{LONG} a {LONG}", f"{LONG} b {LONG}"),
    ],
)
def test_results_that_differ_in_what_they_say_are_not(one: str, other: str) -> None:
    assert of_success(one) != of_success(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("app.py:12:4: undefined name", "app.py:15:4: undefined name"),
        ('File "a.py", line 6, in f\nKeyError', 'File "a.py", line 9, in f\nKeyError'),
        ("Running with seed: 918599\n1 failed", "Running with seed: 477810\n1 failed"),
        ("# duration_ms 81.25\nnot ok", "# duration_ms 79.11\nnot ok"),
        ("Compiling 4 files\n" + "step\n" * 900 + "error: x", "Compiling 41 files\n" + "step\n" * 900 + "error: x"),
    ],
)
def test_failures_that_moved_in_their_file_are_the_same(one: str, other: str) -> None:
    assert of_failure(one) == of_failure(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Found 41 errors.", "Found 40 errors."),
        ("1 failed, 12 passed", "2 failed, 11 passed"),
        ("total coverage: 81.30%", "total coverage: 83.30%"),
        ("Exit code 1\nno", "Exit code 2\nno"),
        ("FAILED test_a", "FAILED test_b"),
    ],
)
def test_failures_with_fewer_errors_are_progress(one: str, other: str) -> None:
    assert of_failure(one) != of_failure(other)


def test_the_class_of_an_error_is_its_first_words_without_numbers() -> None:
    one = "File content (85812 tokens) exceeds maximum allowed tokens (25000). Please use offset and limit, a.py"
    other = (
        "<tool_use_error>File content (26001 tokens) exceeds maximum allowed tokens (25000). Please use offset and more"
    )

    assert of_class(one) == of_class(other)
    assert of_class(one) != of_class("File does not exist.")


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ({"command": "ls  -la\n"}, {"command": "ls -la", "description": "look", "timeout": 5}, True),
        ({"command": "ls -la"}, {"command": "ls -l"}, False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ({}, {"command": None}, False),
    ],
)
def test_calls_that_ask_for_the_same_are_the_same(
    one: dict[str, object], other: dict[str, object], is_same: bool
) -> None:
    assert (of_call("Bash", one) == of_call("Bash", other)) is is_same


def test_the_description_of_another_tools_call_is_part_of_it() -> None:
    assert of_call("Agent", {"description": "a"}) != of_call("Agent", {"description": "b"})
    assert of_call("Read", {"file_path": "a"}) != of_call("Write", {"file_path": "a"})


def test_lines_are_new_once_whatever_stands_in_front_of_them() -> None:
    known, *first = learn(b"", "     1\timport os\n     2\timport sys\n     3\t}\n")
    again, *second = learn(known, "src/app.py:2:import sys\n7:import re\nimport os")

    assert (first, second) == ([2, 2], [1, 3])
    assert len(known) == len(again) == FILTER_BITS // 8


def test_a_full_filter_begins_anew() -> None:
    known = b""
    for page in range(30):
        known, new, total = learn(known, "\n".join(f"line {page} {number}" for number in range(3_000)))
        assert new >= total // 3


@given(st.text(), st.text())
def test_any_text_can_be_masked_and_learned(one: str, other: str) -> None:
    known, new, total = learn(b"", one)
    _, again, same = learn(known, one)

    assert 0 <= new <= total == same
    assert again == 0
    assert of_success(one) == of_success(one + "\n")
    assert isinstance(of_failure(one) ^ of_class(other), int)
