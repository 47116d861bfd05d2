"""The door for hook commands: one guard for all, whoever knocks, and nothing where there can be no door."""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from mcp_lean.cli import hook
from mcp_lean.config import Config
from mcp_lean.guard.start import Started
from mcp_lean.server import command_door, hook_socket
from mcp_lean.server.command_door import CommandDoor

PATIENCE_SECONDS = 20.0
SESSION = {"CLAUDE_CODE_SESSION_ID": "S"}


class Fake:
    """In the place of a `Guard`."""

    def __init__(self, answer: Callable[[Mapping[str, object]], str]) -> None:
        self.answer = answer


class Scene:
    """A user's folders, and doors in it. Paths are short, as sockets need them."""

    def __init__(self, folder: str) -> None:
        self.environ = {"XDG_DATA_HOME": folder, **SESSION}
        self.project = os.getcwd()
        self.folder = Path(hook_socket.folder(self.environ))
        self.doors: list[CommandDoor] = []

    def door(self, answer: Callable[[Mapping[str, object]], str] = lambda _: "{}", **environ: str) -> CommandDoor:
        started = Started(Fake(answer), object(), Config())  # type: ignore[arg-type]
        self.doors.append(CommandDoor(lambda: started, self.project, {**self.environ, **environ}))
        return self.doors[-1]

    def ask(
        self, event: str = "Stop", stdin: bytes = b"{}", seconds: float = PATIENCE_SECONDS, **environ: str
    ) -> object:
        return hook.ask(event, stdin, {**self.environ, **environ}, time.monotonic() + seconds)

    def connect(self) -> socket.socket:
        [name] = os.listdir(self.folder)
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(PATIENCE_SECONDS)
        connection.connect(str(self.folder / name))
        return connection

    def listen(self, own: int = 1) -> socket.socket:
        """A socket that looks like another server's, with nothing behind it."""
        name = hook_socket.name_of(self.environ, self.project).rpartition("-")[0]
        command_door._make_private(str(self.folder))
        listening = socket.socket(socket.AF_UNIX)
        listening.settimeout(PATIENCE_SECONDS)
        listening.bind(str(self.folder / f"{name}-{own}"))
        listening.listen()
        return listening


@pytest.fixture
def scene() -> Iterator[Scene]:
    with TemporaryDirectory() as folder:
        scene = Scene(folder)
        yield scene
        for door in scene.doors:
            door.close()


@pytest.mark.parametrize("said", ["{}", "", '{"a": "ü \\n"}\n\n', "x" * 300_000])
def test_the_guard_s_words_arrive_as_they_are(scene: Scene, said: str) -> None:
    seen: list[Mapping[str, object]] = []

    def answer(fields: Mapping[str, object]) -> str:
        seen.append(fields)
        return said

    door = scene.door(answer)
    assert door.open()

    assert scene.ask("Stop", '{"session_id": "ü", "hook_event_name": "x"}'.encode()) == said.encode()
    assert scene.ask("", b'{"hook_event_name": "x"}') == said.encode()
    assert seen == [{"session_id": "ü", "hook_event_name": "Stop"}, {"hook_event_name": "x"}]
    door.close()
    assert scene.ask() is None
    assert os.listdir(scene.folder) == []


@pytest.mark.parametrize(
    ("stdin", "environ"),
    [
        (b"", {}),
        (b"[]", {}),
        (b"\xff", {}),
        (b"[" * 200_000, {}),
        (b'{"cwd": "/elsewhere"}', {}),
    ],
)
def test_what_the_guard_is_not_asked_gets_no_answer(scene: Scene, stdin: bytes, environ: dict[str, str]) -> None:
    door = scene.door(lambda _: "wrong")
    door.open()

    assert scene.ask("Stop", stdin, **environ) is None
    assert scene.ask("Stop", json.dumps({"cwd": scene.project}).encode()) == b"wrong"


def test_a_project_of_the_same_digest_gets_no_answer(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hook_socket, "_digest", lambda _: "00000000")
    scene.door(lambda _: "wrong").open()

    assert scene.ask(CLAUDE_PROJECT_DIR="/elsewhere") is None
    assert scene.ask(CLAUDE_PROJECT_DIR=scene.project) == b"wrong"


def test_another_version_gets_no_answer(scene: Scene) -> None:
    scene.door().open()
    data = hook_socket.question("Stop", {}, scene.project, b"{}")
    with scene.connect() as connection:
        connection.sendall(data.replace(b"mcp-lean ", b"mcp-lean 99."))
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(100) == b""


def test_another_user_gets_no_answer(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.door().open()
    monkeypatch.setattr(hook_socket, "is_same_user", lambda _: False)
    with scene.connect() as connection:
        said = b""
        with suppress(OSError):  # closed at once, perhaps before the question is sent
            connection.sendall(hook_socket.question("Stop", {}, scene.project, b"{}"))
            connection.shutdown(socket.SHUT_WR)
            said = connection.recv(100)
        assert said == b""


def test_a_guard_that_fails_leaves_the_door_open(scene: Scene) -> None:
    tries: list[int] = []

    def answer(_: Mapping[str, object]) -> str:
        tries.append(1)
        if len(tries) == 1:
            raise OSError("no data folder")
        return "second"

    scene.door(answer).open()

    assert [scene.ask(), scene.ask()] == [None, b"second"]


def test_a_stuck_guard_is_given_up_and_then_not_waited_for(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hook_socket, "DEADLINE_SECONDS", 0.05)
    goes_on, asked = threading.Event(), []

    def answer(fields: Mapping[str, object]) -> str:
        asked.append(fields["hook_event_name"])
        assert goes_on.wait(PATIENCE_SECONDS)
        return "late"

    door = scene.door(answer)
    door.open()
    with pytest.raises(TimeoutError, match="no answer within"):
        scene.ask("first", seconds=0.3)
    end = time.monotonic() + PATIENCE_SECONDS
    while not door._is_stuck():  # a busy machine may have started its thread just now
        assert time.monotonic() < end
        time.sleep(0.01)
    assert scene.ask("second") is None
    assert asked == ["first"]
    goes_on.set()
    while scene.ask("later") != b"late":
        assert time.monotonic() < end
    assert asked == ["first", "later"]


def test_clients_that_say_nothing_or_nonsense_keep_nobody_out(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command_door, "QUIET_SECONDS", 0.05)
    scene.door(lambda _: "on").open()
    with ExitStack() as stack:
        for number in range(3 * command_door.AT_ONCE):
            connection = stack.enter_context(scene.connect())
            connection.sendall(b"nonsense"[: number % 9])
        assert scene.ask() == b"on"


def test_twenty_megabytes_are_taken_and_more_than_the_most_is_not(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.door(lambda fields: str(len(str(fields.get("x"))))).open()
    long = json.dumps({"x": "y" * 20_000_000}).encode()

    assert scene.ask("Stop", long) == b"20000000"
    monkeypatch.setattr(hook_socket, "MOST_BYTES", 10_000_000)
    assert scene.ask("Stop", long) is None
    assert scene.ask("Stop", b'{"x": "y"}') == b"1"


def test_many_commands_at_once_are_all_answered(scene: Scene) -> None:
    said: dict[int, object] = {}
    scene.door(lambda fields: str(fields["n"])).open()

    def ask(number: int) -> None:
        said[number] = scene.ask("Stop", json.dumps({"n": number}).encode())

    threads = [threading.Thread(target=ask, args=(number,), daemon=True) for number in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert said == {number: str(number).encode() for number in range(64)}


@pytest.mark.parametrize("answer", [b"", b"5\n{}", b"2\n{", b"\xff" * 100_000], ids=repr)
def test_a_server_that_ends_in_its_answer_is_no_answer_and_the_next_one_is_asked(scene: Scene, answer: bytes) -> None:
    with scene.listen() as listening:

        def serve() -> None:
            for _ in range(2):
                connection, _ = listening.accept()
                with connection:
                    connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        assert scene.ask() is None
        scene.door(lambda _: "the next").open()
        assert scene.ask() == b"the next"
        thread.join()


def test_a_server_that_does_not_answer_is_waited_for_until_the_deadline(scene: Scene) -> None:
    with scene.listen(), pytest.raises(TimeoutError, match="no answer within 1 s"):
        scene.ask(seconds=0.05)


@pytest.mark.parametrize("mode", [0o755, 0o770])
def test_a_folder_that_others_may_enter_holds_no_door_and_none_is_asked(scene: Scene, mode: int) -> None:
    door = scene.door()
    assert door.open()
    scene.folder.chmod(mode)

    assert scene.ask() is None
    assert not scene.door(CLAUDE_CODE_SESSION_ID="T").open()


def test_a_link_in_the_folder_s_place_holds_no_door(scene: Scene, tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    scene.folder.parent.mkdir(parents=True)
    scene.folder.symlink_to(tmp_path)

    assert not scene.door().open()
    assert scene.ask() is None
    assert os.listdir(tmp_path) == []


def test_the_folder_and_the_one_above_are_made_for_this_user_only(scene: Scene) -> None:
    scene.door().open()

    assert [path.stat().st_mode & 0o777 for path in (scene.folder, scene.folder.parent)] == [0o700, 0o700]


def test_where_no_folder_can_be_made_there_is_no_door(scene: Scene) -> None:
    scene.folder.parent.touch()

    assert not scene.door().open()
    assert scene.ask() is None


def test_a_path_that_is_too_long_for_a_socket_is_no_door(scene: Scene) -> None:
    assert not scene.door(XDG_DATA_HOME=f"{scene.environ['XDG_DATA_HOME']}/{'long/' * 20}").open()


def test_where_the_system_has_no_such_sockets_and_users_there_is_no_door(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    import _socket

    scene.door().open()
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.delattr(_socket, "AF_UNIX")
    monkeypatch.delattr(socket, "AF_UNIX")
    monkeypatch.delattr(os, "geteuid")
    assert not scene.door().open()
    assert scene.ask() is None


def test_what_killed_servers_left_behind_is_removed_and_what_lives_stays(scene: Scene) -> None:
    for own in (1, 2):
        scene.listen(own).close()
    living = scene.listen(3)
    name = hook_socket.name_of(scene.environ, scene.project)
    old, fresh, alive = (f"{name.rpartition('-')[0]}-{own}" for own in (1, 2, 3))
    for each in (old, alive):
        os.utime(scene.folder / each, (0, 0))
    (scene.folder / "file").touch()
    os.utime(scene.folder / "file", (0, 0))
    scene.listen(os.getpid()).close()  # left by a process that had the same id

    assert scene.door().open()
    assert sorted(os.listdir(scene.folder)) == sorted([fresh, alive, "file", name])
    living.close()


def test_a_name_that_a_living_server_has_is_not_taken_away(scene: Scene) -> None:
    with scene.listen(os.getpid()):
        assert not scene.door().open()
        assert len(os.listdir(scene.folder)) == 1


def test_a_door_that_is_closed_while_it_opens_is_closed(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """The front opens it in a thread, and stdin can end at any moment of that."""
    is_starting, may_go_on = threading.Event(), threading.Event()
    start = threading.Thread.start

    def start_slowly(thread: threading.Thread) -> None:
        if thread is not opening and thread is not closing:
            is_starting.set()
            may_go_on.wait(PATIENCE_SECONDS)
        start(thread)

    failed: list[object] = []
    door = scene.door()
    opening = threading.Thread(target=door.open, daemon=True)
    closing = threading.Thread(target=door.close, daemon=True)
    monkeypatch.setattr(threading, "excepthook", failed.append)
    monkeypatch.setattr(threading.Thread, "start", start_slowly)
    opening.start()
    assert is_starting.wait(PATIENCE_SECONDS)
    closing.start()
    closing.join(0.2)
    may_go_on.set()
    for thread in (opening, closing):
        thread.join(PATIENCE_SECONDS)
    assert not failed
    assert os.listdir(scene.folder) == []


def test_a_door_that_was_closed_does_not_open(scene: Scene) -> None:
    door = scene.door()
    door.close()
    assert not door.open()
    assert not scene.folder.exists()
