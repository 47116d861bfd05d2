"""The turns that Claude Code's patterns take beyond gitignore's; observed on 2.1.330 unless it says stricter."""

from __future__ import annotations

import pytest

from mcp_lean.repo.rule_patterns import expressions


def matches(pattern: str, path: str, *, both_readings: bool = True) -> bool:
    return any(found.match(path) for found in expressions(pattern, both_readings=both_readings))


@pytest.mark.parametrize(
    ("pattern", "path", "matched"),
    [
        ("secrets/**", "secrets", True),
        ("secrets/**", "sub/secrets/a", True),
        ("a/b/**", "sub/a/b", False),
        ("**", "x", True),
        ("/**", "a/b", True),
        ("k\\*", "ka", True),
        ("k\\*", "k", True),
        ("k\\*x", "kax", False),
        ("k\\*x", "k*x", True),
        ("k[!a]", "k!", True),
        ("k[!a]", "ka", True),
        ("k[!a]", "kb", True),  # stricter: gitignore's reading is covered too
        ("k[^a]x", "k^x", True),
        ("k\\[!a]", "k[!a]", True),
        ("*/", "a/b", True),
        ("*/", "a", False),
        ("m[/k[ab]/*", "ma/k b", True),
        ("", "x", False),
        ("/", "x", False),
        ("./", "x", False),
        ("  ", "x", False),
        ("././x", "x", True),  # stricter: matches nothing in the client
        ("X", "x", True),
    ],
)
def test_a_pattern_matches(pattern: str, path: str, matched: bool) -> None:
    assert matches(pattern, path) == matched


def test_where_a_match_opens_something_only_the_client_s_reading_counts() -> None:
    assert not matches("k[!a]", "kb", both_readings=False)
    assert matches("k[!a]", "ka", both_readings=False)


def test_the_whole_of_a_path_can_be_asked_for_alone() -> None:
    [found] = expressions("K16", both_readings=True)

    assert found.fullmatch("a/k16") is not None
    assert found.fullmatch("a/k16/") is not None
    assert found.fullmatch("a/k16/b") is None
