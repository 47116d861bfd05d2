"""A contained program: it has loopback and nothing else, and nothing of it stays behind."""

import os
import socket
import subprocess
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO

import pytest

from . import namespace
from .namespace import PORT, Contained, NoNamespace, contained, why_no_namespace

needs_namespace = pytest.mark.skipif(bool(why_no_namespace()), reason=why_no_namespace() or "there is one")


def start(folder: Path, *argv: str, stdout: IO[bytes] | int = subprocess.DEVNULL) -> AbstractContextManager[Contained]:
    null = subprocess.DEVNULL
    return contained(argv, cwd=folder, env=os.environ, stdin=null, stdout=stdout, stderr=null)


@needs_namespace
def test_only_loopback_is_there_and_the_socket_is_reached_through_it(tmp_path: Path) -> None:
    script = f"ls /sys/class/net; ip -o link | cut -d: -f2; exec 3<>/dev/tcp/127.0.0.1/{PORT}; echo knock >&3"
    with (
        open(tmp_path / "out", "wb") as out,
        start(tmp_path, "/bin/bash", "-c", script, stdout=out) as run,
    ):
        run.listener.settimeout(10)
        visitor, _ = run.listener.accept()
        with visitor:
            assert visitor.recv(100) == b"knock\n"
        assert run.process.wait(timeout=10) == 0
        assert run.end() == ()
    assert (tmp_path / "out").read_text(encoding="utf-8").split()[-1] == "lo"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", PORT), timeout=1)


@needs_namespace
def test_what_a_program_leaves_running_is_named_and_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(namespace, "LEAVE_S", 0.2)
    with start(tmp_path, "/bin/sh", "-c", "setsid sleep 97 & exit 3") as run:
        assert run.process.wait(timeout=10) == 3
        assert run.end() == ("sleep 97",)
        assert run.members() == {}


@needs_namespace
def test_an_error_in_the_block_ends_the_program_too(tmp_path: Path) -> None:
    def fail_inside() -> None:
        with start(tmp_path, "/bin/sleep", "97") as run:
            started.append(run)
            raise ValueError("the test failed")

    started: list[Contained] = []
    with pytest.raises(ValueError, match="the test failed"):
        fail_inside()
    [run] = started
    assert run.process.returncode == -9


def test_a_system_without_namespaces_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refusing = tmp_path / "unshare"
    refusing.write_text("#!/bin/sh\necho unshare: not permitted >&2\nexit 1\n", encoding="utf-8")
    refusing.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    why_no_namespace.cache_clear()
    try:
        assert why_no_namespace().endswith("unshare: not permitted")
        with pytest.raises(NoNamespace), start(tmp_path, "/bin/true"):
            pytest.fail("this is no namespace")
    finally:
        why_no_namespace.cache_clear()


def test_our_own_namespace_is_never_taken_for_a_run() -> None:
    """Otherwise "end what the run left behind" would mean every process of the machine."""
    process = subprocess.Popen(["/bin/true"])
    process.wait()
    with socket.socket() as listener, pytest.raises(NoNamespace, match="our own"):
        Contained(process, listener, os.stat("/proc/self/ns/net").st_ino).members()
