"""What a focus finds: words in names, paths and code."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mcp_lean.repo.focus import matches
from mcp_lean.repo.tags import Tags, Vocabulary, tag

SOURCES = {
    "shop/cart.py": "class Cart:\n    def add_item(self, product): ...\n",
    "shop/session_store.py": "class SessionStore:\n    def close(self): ...\n",
    "shop/util.py": "def parse(text): return text\n",
    "shop/views.py": "def show(request):\n    return SessionStore(request), Cart()\n",
}


def files(sources: dict[str, str] = SOURCES) -> list[Tags]:
    vocabulary = Vocabulary()
    return [tag(path, "python", source.encode(), vocabulary) for path, source in sources.items()]


def best(*focus: str) -> list[str]:
    found = matches(files(), focus)
    return sorted((path for path, score in found.items() if score), key=lambda path: (-found[path], path))


def test_a_word_finds_the_names_it_is_part_of() -> None:
    assert best("session") == ["shop/session_store.py", "shop/views.py"]


def test_a_compound_word_finds_its_parts() -> None:
    assert best("CartSession") == ["shop/cart.py", "shop/session_store.py", "shop/views.py"]


def test_several_entries_and_a_sentence_are_the_same() -> None:
    assert matches(files(), ["cart", "session"]) == matches(files(), ["What does a Cart keep in its session?"])


def test_a_path_or_a_dotted_module_finds_its_file() -> None:
    others = "where is the session closed"

    assert "shop/util.py" not in best(others)
    for focus in ("shop/util.py", 'File "/srv/app/shop/util.py", line 3', "shop.util", "util.py", r"shop\util.py"):
        assert best(focus, others)[:2] == ["shop/session_store.py", "shop/util.py"], focus


def test_nothing_matches_nothing() -> None:
    assert matches(files(), []) == {}
    assert matches(files(), ["", "??"]) == {}
    assert matches(files(), ["zebra"]) == {}
    assert matches([], ["cart"]) == {}


@given(
    st.lists(
        st.sampled_from(["cart", "Session", "shop/util.py", "request text", "zebra", "\ud800", "日本"]), max_size=5
    )
)
def test_matches_are_between_nothing_and_one(focus: list[str]) -> None:
    found = matches(files(), focus)

    assert all(0 <= score <= 1 for score in found.values())
    assert not found or max(found.values()) == 1


@given(st.permutations(list(SOURCES)), st.permutations(["cart", "session", "parse"]))
def test_neither_order_matters(paths: list[str], focus: list[str]) -> None:
    assert matches(files({path: SOURCES[path] for path in paths}), focus) == matches(
        files(), ["cart", "session", "parse"]
    )
