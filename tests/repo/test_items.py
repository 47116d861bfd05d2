"""The item grammar, as a table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_lean.errors import BadItem
from mcp_lean.repo.items import Item, parse


@pytest.mark.parametrize(
    ("text", "item"),
    [
        ("src/app.py", Item("src/app.py")),
        (" lead:3-4", Item(" lead", lines=(3, 4))),
        ("a b (1).txt", Item("a b (1).txt")),
        ("/etc/hosts", Item("/etc/hosts")),
        ("../../etc/passwd", Item("../../etc/passwd")),
        ("src/app.py:10-80", Item("src/app.py", lines=(10, 80))),
        ("src/app.py:10-10", Item("src/app.py", lines=(10, 10))),
        ("src/app.py:10-", Item("src/app.py", lines=(10, None))),
        ("src/app.py:L10-L80", Item("src/app.py", lines=(10, 80))),
        ("src/app.py#L10-L80", Item("src/app.py", lines=(10, 80))),
        ("src/app.py:42", Item("src/app.py", around=42)),
        ("src/app.py:L42", Item("src/app.py", around=42)),
        ("src/app.py:42:7", Item("src/app.py", around=42)),
        ("src/app.py:42+2000", Item("src/app.py", within=(42, 2_000))),
        ("more: src/app.py:10-80", Item("src/app.py", lines=(10, 80))),
        ("src/app.py#main", Item("src/app.py", symbol="main")),
        ("src/app.py#Client.get", Item("src/app.py", symbol="Client.get")),
        ("src/app.py# main ", Item("src/app.py", symbol="main")),
        ("src/app.py#", Item("src/app.py", symbol="")),
        ("README.md#getting-started", Item("README.md", symbol="getting-started")),
        ("a#b.py#main", Item("a#b.py", symbol="main")),
        ("a#b.py:3-4", Item("a#b.py", lines=(3, 4))),
        ("#main", Item("#main")),
        ("src/**/*.py", Item("src/**/*.py")),
        ("src/*.py#main", Item("src/*.py", symbol="main")),
        ("src/**/*.py@31-", Item("src/**/*.py", entry=31)),
        ("src/*.py:1-9@31-", Item("src/*.py", lines=(1, 9), entry=31)),
        ("src/*.py:42@31-", Item("src/*.py", around=42, entry=31)),
        ("src/*.py#main@31-", Item("src/*.py", symbol="main", entry=31)),
        ("src/app.py#@31-", Item("src/app.py", symbol="", entry=31)),
        ("src/app.py#f@2-", Item("src/app.py", symbol="f", entry=2)),
        ("src/@0-", Item("src/")),
        (".", Item(".")),
        ("mail@home", Item("mail@home")),
        ("C:drive", Item("C:drive")),
        (":10-20", Item(":10-20")),
        ("10-20", Item("10-20")),
        ("a.py:٣-٤", Item("a.py:٣-٤")),
        ("a.py:9999999999999-", Item("a.py:9999999999999-")),
        ("a\nb.py:3-4", Item("a\nb.py", lines=(3, 4))),
        ("a\0b", Item("a\0b")),
    ],
)
def test_an_item_is_split_into_what_it_asks_for(text: str, item: Item) -> None:
    assert parse(text) == item


FORGOTTEN = "an answer does not remember its call; write these items out again"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "an item is empty; write a path such as src/app.py"),
        (" \n", "an item is empty; write a path such as src/app.py"),
        ("a.py:80-10", "a.py:80-10: the range ends before it starts; try a.py:10-80"),
        ("a.py#L80-L10", "a.py#L80-L10: the range ends before it starts; try a.py:10-80"),
        ("items 3-9 of this call", f"items 3-9 of this call: {FORGOTTEN}"),
        ("more: items 3-9 of this call", f"items 3-9 of this call: {FORGOTTEN}"),
        ("a.py:0-10", "a.py:0-10: lines count from 1"),
        ("a.py:5-0", "a.py:5-0: lines count from 1"),
        ("a.py:0", "a.py:0: lines count from 1"),
        ("a.py:0+5", "a.py:0+5: lines count from 1"),
    ],
)
def test_what_cannot_mean_anything_says_what_would(text: str, words: str) -> None:
    with pytest.raises(BadItem) as caught:
        parse(text)
    assert str(caught.value) == words


@pytest.mark.parametrize(
    ("path", "is_glob"),
    [("src/*.py", True), ("src/?.py", True), ("src/[ab].py", True), ("src/app.py", False), ("{a,b}.py", False)],
)
def test_a_glob_has_a_character_that_a_plain_path_rarely_has(path: str, is_glob: bool) -> None:
    assert parse(path).is_glob is is_glob


NUMBERS = st.integers(1, 10**11)
PATHS = st.text(st.characters(codec="utf-8", exclude_characters="#:@"), min_size=1).filter(str.strip)
ITEMS = st.one_of(
    st.builds(Item, PATHS),
    st.builds(
        Item,
        PATHS,
        lines=st.tuples(NUMBERS, st.none()) | st.lists(NUMBERS, min_size=2, max_size=2).map(sorted).map(tuple),
    ),
    st.builds(Item, PATHS, around=NUMBERS),
    st.builds(Item, PATHS, within=st.tuples(NUMBERS, NUMBERS)),
    st.builds(Item, PATHS, symbol=st.from_regex(r"([A-Za-z_]\w*(\.\w+)*)?", fullmatch=True)),
)


@given(ITEMS, st.none() | NUMBERS)
def test_an_item_as_it_is_written_means_the_same(item: Item, entry: int | None) -> None:
    assert parse(str(item)) == item
    if entry is not None:
        again = parse(f"{item}@{entry}-")
        assert (str(again), again.entry) == (str(item), entry)


@given(st.text(max_size=40))
def test_any_text_is_an_item_or_says_why_not(text: str) -> None:
    try:
        item = parse(text)
    except BadItem:
        return
    assert item.path
