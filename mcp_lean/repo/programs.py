"""Run git and rg: cancellable, and with nothing that a repository could use to run a program of its own.

In:  an argument list, a folder, and `check`, which raises when nobody waits for the answer any more.
Out: `running`: the output in pieces as it comes; `run`: the whole of it, exit status and complaints; several at once.
Not here: what the output means (`listing.py`, `ripgrep.py`).
"""

from __future__ import annotations

import os
import selectors
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import IO

from mcp_lean.errors import EngineMissing

PIECE_BYTES = 1 << 18
POLL_SECONDS = 0.05
COMPLAINT_BYTES = 4_000
"""As much of stderr as is looked at: one unreadable folder per line can make it long."""

GIT = (
    "git",
    # A repository's own configuration can name programs. `ls-files` would start the file system monitor; the rest is
    # switched off so that a later command here cannot start one either.
    *("-c", "core.fsmonitor=false"),
    *("-c", "core.hooksPath=/dev/null"),
    *("-c", "core.pager=cat"),
    *("-c", "core.quotePath=false"),
    *("-c", "safe.bareRepository=explicit"),
    "--no-pager",
)

KEPT_GIT_VARIABLES = ("GIT_CEILING_DIRECTORIES", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM")
"""The person's own settings. The others (GIT_DIR, GIT_INDEX_FILE, ...) would point a server that was started inside a
git hook at another repository than the one it is asked about."""


def quiet() -> None:
    """A `check` for callers that cannot be cancelled."""


@dataclass(frozen=True, slots=True)
class Done:
    """A finished program: exit status (negative: killed by that signal), stdout, and the start of stderr."""

    code: int
    output: bytes
    complaints: str


class Running:
    """A program at work. `code` and `complaints` mean something once `pieces` is used up."""

    def __init__(self, process: subprocess.Popen[bytes], stderr: IO[bytes], check: Callable[[], None]) -> None:
        self._process = process
        self._stderr = stderr
        self._check = check
        self.code = 0
        self.complaints = ""

    def pieces(self) -> Iterator[bytes]:
        """The output as it comes. Whatever `check` raises goes to the caller, within 0.1 s also while nothing comes."""
        stdout = self._process.stdout
        assert stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(stdout, selectors.EVENT_READ)
            while True:
                self._check()
                # Windows cannot wait for a pipe: there a program that says nothing is only stopped when it does.
                if sys.platform != "win32" and not selector.select(POLL_SECONDS):
                    continue
                piece = os.read(stdout.fileno(), PIECE_BYTES)
                if not piece:
                    break
                yield piece
        self.code = self._process.wait()
        self._stderr.seek(0)
        self.complaints = self._stderr.read(COMPLAINT_BYTES).decode("utf-8", "replace").strip()


@contextmanager
def running(
    argv: Sequence[str], *, cwd: str, check: Callable[[], None] = quiet, stdin: IO[bytes] | None = None
) -> Iterator[Running]:
    """Start a program; it is killed when the block is left before it has ended.

    Args:
        stdin: a file that it reads; without one its input is empty.
    Raises:
        EngineMissing: there is no such program, or the folder cannot be entered.
    """
    with scratch() as stderr:
        try:
            process = subprocess.Popen(
                argv,
                cwd=cwd,
                env=_environment(os.environ),
                stdin=subprocess.DEVNULL if stdin is None else stdin,
                stdout=subprocess.PIPE,
                stderr=stderr,
                bufsize=0,
            )
        except OSError as error:
            raise EngineMissing(f"{os.path.basename(argv[0])}: cannot be started in {cwd}: {error.strerror}") from error
        with process:
            try:
                yield Running(process, stderr, check)
            finally:
                if process.poll() is None:
                    process.kill()


def scratch() -> IO[bytes]:
    """A file without a name; in memory where the system has such, for the folder of temporary files may be closed."""
    if sys.platform == "linux" and hasattr(os, "memfd_create"):
        return open(os.memfd_create("mcp-lean"), "w+b")
    return tempfile.TemporaryFile()


def run(argv: Sequence[str], *, cwd: str, check: Callable[[], None] = quiet, stdin: IO[bytes] | None = None) -> Done:
    """Run a program to its end and hand over all it wrote. Raises as `running` does."""
    with running(argv, cwd=cwd, check=check, stdin=stdin) as program:
        output = b"".join(program.pieces())
        return Done(program.code, output, program.complaints)


def run_together(argvs: Sequence[Sequence[str]], *, cwd: str, check: Callable[[], None] = quiet) -> tuple[Done, ...]:
    """Run programs side by side; what each wrote, in the order asked. Raises as `running` does.

    Outputs are read one after the other: the one that writes most stands first, for a full pipe makes the others wait.
    """
    with ExitStack() as stack:
        programs = [stack.enter_context(running(argv, cwd=cwd, check=check)) for argv in argvs]
        outputs = [b"".join(program.pieces()) for program in programs]
        return tuple(
            Done(program.code, output, program.complaints) for program, output in zip(programs, outputs, strict=True)
        )


def search_path(environ: Mapping[str, str]) -> str:
    """PATH without what is no whole path: `.` and `node_modules/.bin` lie in the folder that is only looked at."""
    path = environ.get("PATH") or os.defpath
    return os.pathsep.join(filter(os.path.isabs, path.split(os.pathsep))) or os.defpath


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in environ.items() if not name.startswith("GIT_") or name in KEPT_GIT_VARIABLES}
    return kept | {
        "PATH": search_path(environ),
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        # A partial clone would fetch missing objects, by a transport that its configuration chooses.
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_ALLOW_PROTOCOL": "none",
        "LC_ALL": "C",
    }
