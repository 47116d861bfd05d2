"""A program in a network namespace of its own that has loopback only.

In:  a command line and its three standard streams.
Out: `Contained`: the process, a listening socket inside its namespace, and the certainty about what it started.
Not here: what runs inside, or who answers on the socket.

Every process of a run lives in the run's namespace and nothing else does, so "what this run left behind" is a
question that the kernel answers, and only that is ever killed. Needs Linux, util-linux and iproute2.

Run as a program (by `contained`, inside the namespace) it brings loopback up, opens the socket, hands it to the
parent and becomes the command.
"""

import fcntl
import functools
import os
import shutil
import signal
import socket
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

PORT = 8765
"""Where the stand-in listens. Each namespace has its own ports, so one number serves all runs and requests repeat."""
START_S = 10.0
LEAVE_S = 5.0

Stream = IO[bytes] | int | None


class NoNamespace(Exception):
    """The namespace could not be made; the text is one line."""


@dataclass(frozen=True, slots=True)
class Contained:
    """`listener` accepts connections to 127.0.0.1:PORT inside; `inode` is the kernel's name of the namespace."""

    process: subprocess.Popen[bytes]
    listener: socket.socket
    inode: int

    def members(self) -> dict[int, str]:
        """Processes of this namespace now: pid and command line.

        Raises:
            NoNamespace: it is our own, where the answer would be every process of the machine.
        """
        return {pid: _command(pid) for pid in _pids_in(self.inode)}

    def end(self) -> tuple[str, ...]:
        """Gives what is left `LEAVE_S` to go, then kills it; the command lines of what had to be killed, sorted."""
        deadline = time.monotonic() + LEAVE_S
        while (left := self.members()) and time.monotonic() < deadline:
            time.sleep(0.05)
        self.kill()
        return tuple(sorted(left.values()))

    def kill(self) -> None:
        """Ends the program at once, with everything that it started."""
        deadline = time.monotonic() + LEAVE_S
        while (left := self.members()) and time.monotonic() < deadline:
            for pid in left:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.01)
        self.process.wait(LEAVE_S)


@contextmanager
def contained(
    argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], stdin: Stream, stdout: Stream, stderr: Stream
) -> Iterator[Contained]:
    """Starts `argv`; at the end of the block nothing of it is left running.

    Raises:
        NoNamespace: the system refuses the namespace, or a program for it is missing.
    """
    ours, theirs = socket.socketpair()
    with ours, theirs:
        launcher = [sys.executable, "-IS", str(Path(__file__).resolve()), str(theirs.fileno()), "--", *argv]
        process = subprocess.Popen(
            [*_unshare(), *launcher],
            cwd=cwd,
            env=dict(env),
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            pass_fds=[theirs.fileno()],
            start_new_session=True,
        )
        theirs.close()
        try:
            run = _handed_over(process, ours)
        except NoNamespace:
            process.kill()
            process.wait()
            raise
    try:
        yield run
    finally:
        run.kill()
        run.listener.close()


def _handed_over(process: subprocess.Popen[bytes], channel: socket.socket) -> Contained:
    """What `_become` sends from inside."""
    channel.settimeout(START_S)
    with suppress(TimeoutError):
        note, fds, _, _ = socket.recv_fds(channel, 64, 1)
        if fds:
            run = Contained(process, socket.socket(fileno=fds[0]), int(note))
            run.members()
            return run
    raise NoNamespace(f"{' '.join(_unshare())} handed over no network namespace with loopback; its stderr says why")


@functools.cache
def why_no_namespace() -> str:
    """One line when this machine cannot make the namespace; empty when it can."""
    for program, package in (("unshare", "util-linux"), ("ip", "iproute2")):
        if shutil.which(program) is None:
            return f"no network namespace: `{program}` is missing (package {package})"
    trial = subprocess.run([*_unshare(), "ip", "link", "set", "lo", "up"], capture_output=True, text=True)
    reason = (trial.stderr.strip().splitlines() or ["it gave no reason"])[-1]
    return "" if trial.returncode == 0 else f"no network namespace: {' '.join(_unshare())}: {reason}"


def _unshare() -> list[str]:
    return ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-rn"]


def _inode(pid: int | str) -> int:
    return os.stat(f"/proc/{pid}/ns/net").st_ino


def _pids_in(inode: int) -> list[int]:
    if inode == _inode("self"):
        raise NoNamespace("this is our own network namespace, not one of a run")
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            if _inode(name) == inode:
                found.append(int(name))
        except OSError:  # gone meanwhile, a zombie, or somebody else's: not one of ours
            continue
    return found


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return "(gone)"


def _become(argv: Sequence[str], channel: int) -> None:
    """Inside: loopback up, the socket handed over, and then the command in this very process."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    with socket.socket(fileno=channel) as parent, socket.create_server(("127.0.0.1", PORT)) as listener:
        socket.send_fds(parent, [str(_inode("self")).encode()], [listener.fileno()])
    if os.isatty(0):
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    os.execv(argv[0], list(argv))


if __name__ == "__main__":
    _become(sys.argv[3:], int(sys.argv[1]))
