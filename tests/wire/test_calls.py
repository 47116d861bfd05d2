"""A call is always answered by one text, which says what to do next when it is an error."""

from __future__ import annotations

import json

import pytest

from wire.driver import Wire


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({}, "items: required; echo takes items, count, flag"),
        ({"items": ["a"], "path": "x"}, "path: unknown argument; echo takes items, count, flag"),
        ({"items": ["a", "b", 5]}, "items[2]: expected a valid string, got 5"),
        ({"items": ["a", None]}, "items[1]: expected a valid string, got None"),
        ({"items": [["a"]]}, "items[0]: expected a valid string, got ['a']"),
        ({"items": '["a", 5]'}, "items[1]: expected a valid string, got 5"),
        ({"items": []}, "items: expected at least one entry, got []"),
        ({"items": "[]"}, "items: expected at least one entry, got '[]'"),
        ({"items": 5}, "items: expected a list of strings, got 5"),
        ({"items": None}, "items: expected a list of strings, got None"),
        ({"items": {"a": 1}}, "items: expected a list of strings, got {'a': 1}"),
        (
            {"items": ["a"], "count": "many"},
            "count: expected a valid integer, unable to parse string as an integer, got 'many'",
        ),
        (
            {"items": ["a"], "count": 1.5},
            "count: expected a valid integer, got a number with a fractional part, got 1.5",
        ),
        ({"items": ["a"], "flag": "maybe"}, "flag: expected a valid boolean, unable to interpret input, got 'maybe'"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_wrong_argument_is_named_with_what_was_expected(
    hostile: Wire, arguments: dict[str, object], error: str
) -> None:
    assert hostile.call("echo", **arguments) == (error, True)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"items": ["a", "b"]}, "['a', 'b'] 1 False"),
        ({"items": '["a", "b"]'}, "['a', 'b'] 1 False"),
        ({"items": ' ["a"]\n'}, "['a'] 1 False"),
        ({"items": "src/app.py"}, "['src/app.py'] 1 False"),
        ({"items": "[id]/page.tsx"}, "['[id]/page.tsx'] 1 False"),
        ({"items": ["a"], "count": "2"}, "['a'] 2 False"),
        ({"items": ["a"], "flag": "true"}, "['a'] 1 True"),
    ],
    ids=str,
)
def test_what_models_write_is_taken_as_they_mean_it(hostile: Wire, arguments: dict[str, object], text: str) -> None:
    assert hostile.call("echo", **arguments) == (text, False)


@pytest.mark.parametrize(
    "arguments",
    [
        {"items": [{"deep": [[[[[[["x"] * 100] * 10]]]]]}]},
        {"items": ["a"], "x" * 5_000: 1},
        {"items": ["a"], "new\nline\u2028": 1},
        {"items": ["a"], "count": "9" * 100_000},
        {"items": ["a"], "count": "line\nend"},
        {"items": "[" * 50_000},
    ],
    ids=["deep", "long name", "strange name", "long value", "line ends", "nested text"],
)
def test_whatever_is_wrong_the_error_stays_one_short_line(hostile: Wire, arguments: dict[str, object]) -> None:
    text, is_error = hostile.call("echo", **arguments)

    if is_error:
        assert len(text) < 300
        assert len(text.splitlines()) == 1
    assert hostile.is_alive()


def test_a_tool_that_is_not_there_is_answered_with_those_that_are(hostile: Wire) -> None:
    text, is_error = hostile.call("grep\n")

    assert (text, is_error) == (
        "'grep\\n': no such tool; there are echo, wait, sleep, child, chatter, fail, halves, long",
        True,
    )
    assert len(hostile.call("x" * 100_000)[0]) < 300


def test_a_call_without_arguments_is_a_call(hostile: Wire) -> None:
    for params in ({"name": "halves"}, {"name": "halves", "arguments": {}}):
        assert not hostile.text_of(hostile.request("tools/call", params))[1]


def test_what_claude_code_sends_along_changes_nothing(hostile: Wire) -> None:
    """Each call of the model carries its id and a token for progress; nobody needs progress, so none is told."""
    before = len(hostile.lines)
    meta = {"claudecode/toolUseId": "toolu_1", "progressToken": 7}
    answer = hostile.request("tools/call", {"name": "echo", "arguments": {"items": ["a"]}, "_meta": meta})

    assert hostile.text_of(answer) == ("['a'] 1 False", False)
    assert len(hostile.lines) == before + 1


def test_an_expected_failure_is_told_in_the_tool_s_own_words(hostile: Wire) -> None:
    assert hostile.call("fail", name="ask") == ("half \ufffd a character: ask for src/app.py", True)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("exit", "SystemExit"),
        ("interrupt", "KeyboardInterrupt"),
        ("memory", "MemoryError"),
        ("recursion", "RecursionError"),
        ("value", "ValueError"),
        ("cancelled", "CancelledError"),
        ("generator", "GeneratorExit"),
        ("unspeakable", "Unspeakable"),
        ("none", "TypeError"),
    ],
)
def test_an_unforeseen_failure_is_an_answer_and_its_traceback_goes_to_the_log(
    hostile: Wire, name: str, kind: str
) -> None:
    text, is_error = hostile.call("fail", name=name)

    assert (text, is_error) == (f"fail failed ({kind}); use the built-in tools for this call", True)
    assert hostile.is_alive()
    assert hostile.logs("mcp-lean: fail failed\nTraceback")
    assert hostile.logs(kind)


def test_half_a_character_never_reaches_the_writer(hostile: Wire) -> None:
    assert hostile.call("halves") == ("a\ufffdb\ufffdc name-\ufffd.py \U0001f600", False)
    assert hostile.is_alive()


def test_a_long_answer_arrives_and_one_that_the_client_would_swap_for_a_file_is_cut(hostile: Wire) -> None:
    assert hostile.call("long", characters=45_000) == ("x" * 45_000, False)

    text, is_error = hostile.call("long", characters=10_000_000)
    assert (text[:49_000], text[49_000:], is_error) == (
        "x" * 49_000,
        "\n[cut: 9951000 more characters; ask for less]",
        False,
    )


def test_ten_megabytes_of_arguments_are_read(hostile: Wire) -> None:
    text, is_error = hostile.call("echo", items=["y" * 10_000_000])

    assert text.startswith("['yyyy")
    assert not is_error


def test_a_call_is_never_answered_by_a_protocol_error(hostile: Wire) -> None:
    """What a model can get wrong; what only a client can (no name, arguments that are no object) is the SDK's."""
    for tool, arguments in (("echo", {}), ("nothing", {}), ("fail", {"name": "exit"}), ("fail", {"name": "?"})):
        answer = hostile.request("tools/call", {"name": tool, "arguments": arguments})
        assert answer["result"]["isError"] is True, json.dumps(answer)
