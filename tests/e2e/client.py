"""Runs the real Claude Code CLI once: a project, a scripted API, and what came of it.

In:  a script, the files and settings of a project, the MCP servers of its `.mcp.json`.
Out: a `Run`.
Not here: the folders (`place`), the namespace (`namespace`), the API (`fake_api`), the MCP recorder (`wire`).
"""

import fcntl
import os
import pty
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .fake_api import FakeApi
from .live import Dialogue, Live, Terminal, read_stream
from .namespace import Contained, Stream, contained
from .place import LEAN, Place, Server
from .records import JsonObject, Run
from .script import Says, Script, ScriptedTurn
from .wire import read_wire

ROWS_AND_COLUMNS = (50, 160)
STREAMING = ("-p", "--output-format", "stream-json", "--verbose")


class TimedOut(AssertionError):
    """The client did not end in time and was killed."""


class Faulty(AssertionError):
    """The stand-in could not answer: the script has a gap, or the harness a fault."""


@dataclass(frozen=True, slots=True)
class Claude:
    """Calling it is one run of the client. `program` is the native executable, `root` a folder for the runs."""

    program: Path
    root: Path

    def __call__(
        self,
        *,
        turns: Sequence[ScriptedTurn] = ("done",),
        subagents: Mapping[str, Sequence[ScriptedTurn]] | None = None,
        asides: Mapping[str, Says] | None = None,
        mcp: Mapping[str, Server] | None = None,
        files: Mapping[str, str] | None = None,
        settings: JsonObject | None = None,
        hooks: Sequence[str] = (),
        mode: str = "bypassPermissions",
        prompt: str = "go",
        args: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        dialogue: Callable[[Dialogue], None] | None = None,
        terminal: Callable[[Terminal], None] | None = None,
        place: Place | None = None,
        timeout_s: float = 60.0,
    ) -> Run:
        """One run, from a fresh project to the end of the client.

        Args:
            turns, subagents, asides: see `script`.
            mcp: servers by name; by default `lean` alone, the server under test without any extra.
            files: put into the project before the start.
            hooks: events that are recorded in `Run.hooks`.
            mode: the client's --permission-mode.
            dialogue: called while the client runs with stream-json input, instead of one prompt; when it returns,
                the input ends.
            terminal: called while the interactive program runs; when it returns, the program is told to exit.
            place: of an earlier run, to go on there.
            timeout_s: of the whole run.
        Raises:
            TimedOut: the client was killed.
            Faulty: a request had no answer in the script.
        """
        place = place or Place(self.root / f"run-{len(list(self.root.iterdir())) + 1}")
        servers = {"lean": LEAN} if mcp is None else mcp
        place.furnish(files or {}, settings or {}, hooks, servers)
        api = FakeApi(Script(turns, subagents or {}, asides or {}))
        argv = [str(self.program), *_how(prompt, bool(dialogue), bool(terminal)), "--permission-mode", mode, *args]
        deadline = time.monotonic() + timeout_s
        screen = ""
        with (
            _streams(place, bool(dialogue), bool(terminal)) as (stdin, stdout, stderr, master),
            contained(
                argv, cwd=place.project, env=place.environment(env or {}), stdin=stdin, stdout=stdout, stderr=stderr
            ) as run,
            api.serving(run.listener),
        ):
            about = (api.requests, place.root / "wire", api.started, deadline)
            if dialogue:
                talk = Dialogue(*about, run.process.stdin, place.root / "stdout")
                dialogue(talk)
                talk.close()
            if terminal:
                window = Terminal(*about, master)
                terminal(window)
                window.close()
                screen = window.screen
            exit_code = _wait(run, deadline, api)
            left_behind = run.end()
        if api.faults:
            raise Faulty("; ".join(api.faults))
        return Run(
            requests=tuple(api.requests),
            counted=tuple(api.counted),
            wires={name: read_wire(place.wire(name), api.started) for name in servers},
            stream=tuple(read_stream(place.root / "stdout")),
            hooks=tuple(read_stream(place.hook_log)),
            screen=screen,
            stderr=(place.root / "stderr").read_text(encoding="utf-8"),
            exit_code=exit_code,
            left_behind=left_behind,
            place=place,
        )
