"""A pattern's own matcher finds what rg finds, in linear time, or there is none."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_lean.repo import ripgrep
from mcp_lean.repo.patterns import defining_lines, literally, parse, shown, words
from mcp_lean.repo.programs import quiet
from mcp_lean.repo.rg_search import matching_lines

SIMPLE = [
    "foo",
    r"foo\.bar",
    r"\bword\b",
    "a.c",
    "x[abc]y",
    "[^x]y",
    r"class\s+Foo",
    "def (one|two)",
    "a|b|c",
    "go{2}gle",
]
SIMPLE += [
    "func.*Estimate",
    "^start",
    "end$",
    r"(?i)foo",
    r"foo\(.*\)",
    "colou?r",
    r"\d\d:\d\d",
    "a-b",
    '"quoted"',
    "naïve",
]
NOT_SIMPLE = [
    "(a+)+",
    ".*foo",
    r"\w+@\w+",
    "(?=look)",
    r"\<word",
    "foo(",
    "[a-z]+x",
    "(foo|bar)+",
    r"(\w)\1",
    "[[:alpha:]]",
]
NOT_SIMPLE += ["a.*b.*c", "x{2,}", r"\p{L}", "foo|", "[a&&b]", "(?x) a b", "a**", r"\b?", r"a\b*", "ab?*", "x(ab?)*"]


@pytest.mark.parametrize("asked", SIMPLE)
def test_a_simple_pattern_has_a_matcher(asked: str) -> None:
    assert parse(asked).matcher is not None


@pytest.mark.parametrize("asked", NOT_SIMPLE)
def test_a_pattern_that_could_be_slow_or_mean_another_thing_has_none(asked: str) -> None:
    assert parse(asked).matcher is None


LINES = "foo bar\nfoo.bar\n\nword\nswords\nabc\nx\n\ty\nclass  Foo\nclass\nFoo\ndef two()\nfunc doEstimate\nstart end\n"
LINES += 'end start\nFOO(1)\ncolor colour\n12:30\na-b\nnaïve\n"quoted"\nxby\nétude yes\ngoogle\n)('


@pytest.mark.parametrize("asked", SIMPLE)
def test_a_matcher_finds_the_lines_that_rg_finds(asked: str) -> None:
    rg = ripgrep.program()
    assert rg is not None
    pattern = parse(asked)

    assert list(pattern.lines(LINES)) == matching_lines(rg, pattern.regex, LINES, quiet)


ATOMS = [
    "a",
    "b",
    r"\b",
    r"\s",
    r"\w",
    r"\W",
    r"\d",
    ".",
    "[ab]",
    "[^a]",
    r"[\s,]",
    r"\.",
    "-",
    "é",
    "(a|b)",
    "(?:b)?",
    "a?",
    "a{2}",
]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from([*ATOMS, "a*", "b+", "|", "^", "$"]), min_size=1, max_size=6).map("".join),
    st.lists(st.text("ab .,-é1\t", max_size=8), min_size=1, max_size=8),
)
def test_what_the_grammar_calls_simple_means_the_same_to_rg(regex: str, lines: list[str]) -> None:
    pattern = parse(regex)
    rg = ripgrep.program()
    assert rg is not None
    if pattern.matcher is None:
        return
    text = "\n".join(lines)

    expected = matching_lines(rg, regex, text, quiet)

    # An empty match on an empty last line is the one thing the two count differently; such patterns are not searched.
    assert expected is not None
    if not pattern.matcher.search(""):
        assert list(pattern.lines(text)) == expected


@given(st.text(alphabet="ab|*+?()[]{}^$.\\ \n,1-w", max_size=60))
def test_whatever_is_asked_is_understood_somehow(asked: str) -> None:
    pattern = parse(asked)

    assert "\n" not in pattern.regex
    assert literally(pattern).needle is not None or pattern.regex == ""


def test_reading_a_hostile_pattern_takes_no_time() -> None:
    start = time.process_time()
    for asked in (
        "a" * 5_000 + "(",
        "(a|" * 2_000,
        "a?" * 5_000 + "**",
        "[" * 5_000,
        "(?:" * 3_000 + ")" * 3_000,
        "\\" * 4_001,
    ):
        parse(asked)

    assert time.process_time() - start < 5, "bounded, whatever the machine does; it takes some 20 ms"


def test_a_required_text_stands_in_every_hit() -> None:
    required = {
        asked: parse(asked).required
        for asked in (r"\bword\b", "func.*Estimate", "ab?c", r"x[abcde]fo", "fo{2}1", "a|b")
    }

    assert required == {
        r"\bword\b": "word",
        "func.*Estimate": "Estimate",
        "ab?c": "a",
        "x[abcde]fo": "fo",
        "fo{2}1": "f",
        "a|b": "",
    }


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ("load_file", ("load_file",)),
        (r"\bdef load_file\b", ("load_file",)),
        (r"Store\.load\(", ("Store", "load")),
        (r"class\s+Foo|class\s+Bar", ("Foo", "Bar")),
        (r"\w+\s*=\s*\d", ()),
        ("a == b", ()),
    ],
)
def test_names_are_taken_out_of_a_pattern(asked: str, names: tuple[str, ...]) -> None:
    assert parse(asked).names == names


@pytest.mark.parametrize(
    ("line", "is_definition"),
    [
        ("def load(path):", True),
        ("    async def load(path):", True),
        ("class load:", True),
        ("func load() {", True),
        ("func (s *Store) load() error {", True),
        ("export default async function load() {", True),
        ("pub fn load<T>() {", True),
        ("const load = () => 1", True),
        ("load = lambda: 1", True),
        ("load: Callable = 1", True),
        ("def self.load", True),
        ("#define load 1", True),
        ("load(path)", False),
        ("x = load", False),
        ("    load = 1", False),
        ("load == 1", False),
        ("def loader():", False),
        ("def other(load):", False),
        ("return load", False),
        ("self.load = 1", False),
    ],
)
def test_a_definition_is_told_from_a_use_by_its_line(line: str, is_definition: bool) -> None:
    assert parse("load").is_defined_in(defining_lines(f"unrelated line\n\n{line}\nlast")) is is_definition


@pytest.mark.parametrize(
    ("asked", "searched"),
    [
        ("one\ntwo and more\nthree", "two and more"),
        (r"one\ntwo and more", "two and more"),
        (r"C:\\new\\readme", r"C:\\new\\readme"),
        (r"open[^\n]*close", r"open[^\n]*close"),
        ("ends\n", "ends"),
    ],
)
def test_line_ends_divide_a_pattern_except_in_classes_and_after_a_backslash(asked: str, searched: str) -> None:
    assert parse(asked).regex == searched


def test_words_of_names() -> None:
    assert words("userSessions_HTTPServer2 a_b") == {"user", "session", "http", "server2"}


def test_a_pattern_is_shown_on_one_short_line() -> None:
    assert shown("a\nb\r" + "x" * 100) == "a\\nb\\r" + "x" * 51 + "..."
