"""Which server a hook command asks, and what the two write to each other."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mcp_lean.server import hook_socket

PROJECT = "/home/ann/shop"


def name(project: str = PROJECT, session: str = "S", parent: int = 7, own: int = 8) -> str:
    made = hook_socket.name_of({"CLAUDE_CODE_SESSION_ID": session}, project).split("-")
    return "-".join([*made[:2], str(parent), str(own)])


@pytest.mark.parametrize(
    ("names", "environ", "asked"),
    [
        ([name()], {"CLAUDE_CODE_SESSION_ID": "S"}, [name()]),
        ([name()], {"CLAUDE_CODE_SESSION_ID": "T"}, []),
        ([name(parent=7)], {"CLAUDE_CODE_SESSION_ID": "after clear", "CLAUDE_PID": "7"}, [name(parent=7)]),
        ([name(session="")], {"CLAUDE_CODE_SESSION_ID": "S"}, []),
        ([name(project="/other")], {"CLAUDE_CODE_SESSION_ID": "S"}, []),
        ([name(project="/other")], {}, []),
        ([name(own=2), name(own=1)], {}, [name(own=1), name(own=2)]),
        (
            [name(parent=1, own=1), name(parent=7, own=2), name(session="T", parent=7, own=3)],
            {"CLAUDE_CODE_SESSION_ID": "S", "CLAUDE_PID": "7"},
            [name(parent=7, own=2), name(session="T", parent=7, own=3), name(parent=1, own=1)],
        ),
        (["", "x", "a-b-c-d-e", "---", ".."], {}, []),
    ],
)
def test_the_server_of_the_same_project_and_session_is_asked(
    names: list[str], environ: dict[str, str], asked: list[str]
) -> None:
    assert hook_socket.to_ask(names, environ, PROJECT) == asked


def test_a_server_s_name_is_its_own() -> None:
    assert hook_socket.name_of({}, PROJECT).endswith(f"-{os.getppid()}-{os.getpid()}")


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), st.binary())
def test_a_question_arrives_as_it_was_asked(text: str, stdin: bytes) -> None:
    data = hook_socket.question(text, {"CLAUDE_PROJECT_DIR": f"/p/{text}"}, f"/c/{text}", stdin)

    assert hook_socket.read_question(data) == (text, f"/p/{text}", f"/c/{text}", stdin)


@pytest.mark.parametrize("data", [b"", b"\0\0\0\0", b"mcp-lean 0.0.0\0Stop\0\0/\0{}", b"GET / HTTP/1.1\r\n\r\n"])
def test_what_another_version_or_program_says_is_no_question(data: bytes) -> None:
    assert hook_socket.read_question(data) is None


@given(st.text(), st.integers(0, 400))
@example("", 1)
def test_an_answer_is_whole_or_none(text: str, cut: int) -> None:
    data = hook_socket.answer(text)

    assert hook_socket.read_answer(data) == text.encode("utf-8", "replace")
    assert cut >= len(data) or hook_socket.read_answer(data[:cut]) is None


@pytest.mark.parametrize("data", [b"", b"\n", b"-1\n", b" 2\n{}", b"2\n{}{}", b"x\n{}", b"{}"])
def test_what_is_no_answer_is_none(data: bytes) -> None:
    assert hook_socket.read_answer(data) is None


def test_only_a_folder_that_nobody_else_may_enter_is_private(tmp_path: Path) -> None:
    folder, link, file = tmp_path / "run", tmp_path / "link", tmp_path / "file"
    folder.mkdir(mode=0o700)
    link.symlink_to(folder)
    file.touch(mode=0o600)

    assert [hook_socket.is_private(str(path)) for path in (folder, link, file)] == [True, False, False]
    for mode in (0o701, 0o710, 0o777):
        folder.chmod(mode)
        assert not hook_socket.is_private(str(folder))


def test_a_folder_of_another_user_is_not_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o700)
    assert hook_socket.is_private(str(tmp_path))
    mine = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: mine + 1)

    assert not hook_socket.is_private(str(tmp_path))


def test_another_user_at_the_other_end_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = socket.socketpair()
    with one, other:
        assert hook_socket.is_same_user(one)
        mine = os.geteuid()
        monkeypatch.setattr(os, "geteuid", lambda: mine + 1)
        assert not hook_socket.is_same_user(one)
