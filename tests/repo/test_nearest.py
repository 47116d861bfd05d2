"""What a wrong path was probably meant to be."""

from __future__ import annotations

import pytest

from mcp_lean.repo.nearest import SIMILAR_SEARCHES, Nearest

PATHS = (
    "README.md",
    "lib/app.py",
    "lib/nothing_alike.rs",
    "secret/settings.py",
    "src/app.py",
    "src/config.py",
    "src/core/app.py",
    "src/core/settings.py",
    "src/users/models.py",
    "tests/core/test_app.py",
)


def permits(path: str) -> bool:
    return not path.startswith("secret")


@pytest.mark.parametrize(
    ("asked", "near"),
    [
        ("core/app.py", ("src/core/app.py", "lib/app.py", "src/app.py")),
        ("app.py", ("lib/app.py", "src/app.py", "src/core/app.py")),
        ("SRC/APP.PY", ("lib/app.py", "src/app.py", "src/core/app.py")),
        ("src/confg.py", ("src/config.py",)),
        ("readme.txt", ("README.md",)),
        ("src/app.py/x", ("src/",)),
        ("settings.py", ("src/core/settings.py",)),
        ("setings.py", ("src/core/settings.py",)),
        ("models", ("src/users/models.py",)),
        ("users", ("src/users/",)),
        ("lib/users/", ("src/users/",)),
        ("src/core/zzzzzz.py", ("src/core/",)),
        ("src/nowhere/deep/zzzzzz.py", ("src/",)),
        ("secret/zzzzzz.py", ()),
        ("zzzzzz", ()),
        ("", ()),
        ("/", ()),
    ],
)
def test_same_name_then_similar_name_then_the_folder_above(asked: str, near: tuple[str, ...]) -> None:
    assert Nearest(PATHS, permits).to(asked) == near


def test_a_path_is_never_near_itself() -> None:
    """git lists tracked files that were deleted on disk."""
    assert Nearest(PATHS, permits).to("src/config.py") == ("src/",)


def test_what_is_denied_is_never_named_and_takes_no_place() -> None:
    paths = (*(f"secret/{i}/app.py" for i in range(9)), "src/app.py")
    assert Nearest(paths, permits).to("app.py") == ("src/app.py",)


def test_searches_for_similar_names_are_few_and_same_names_are_found_always() -> None:
    nearest = Nearest(PATHS, permits)
    found = [nearest.to("confg.py") for _ in range(SIMILAR_SEARCHES + 1)]
    assert found == [("src/config.py",)] * SIMILAR_SEARCHES + [()]
    assert nearest.to("config.py") == ("src/config.py",)


def test_the_order_does_not_depend_on_the_listing() -> None:
    assert Nearest(PATHS[::-1], permits).to("app.py") == Nearest(PATHS, permits).to("app.py")
