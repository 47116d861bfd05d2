"""Runs the real Claude Code CLI once: a project, a scripted API, and what came of it.

In:  a script, the files and settings of a project, the MCP servers of its `.mcp.json`.
Out: a `Run`.
Not here: the folders (`place`), the namespace (`namespace`), the API (`fake_api`), the MCP recorder (`wire`).
"""

import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from .fake_api import FakeApi
from .live import Dialogue, Scene, Terminal, pseudo_terminal
from .namespace import contained
from .place import LEAN, Place, Server
from .records import Run, read_json_lines
from .script import Script, ScriptedTurn
from .wire import JsonObject, read_wire

PRINT = ("-p", "--output-format", "stream-json", "--verbose")


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
        asides: Mapping[str, ScriptedTurn] | None = None,
        mcp: Mapping[str, Server] | None = None,
        files: Mapping[str, str] | None = None,
        prepare: Callable[[Path], object] | None = None,
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
            prepare: called with the project's folder after that, for files that are not plain text.
            hooks: events that are recorded in `Run.hooks`.
            mode: the client's --permission-mode.
            dialogue: called while the client runs with stream-json input, instead of one prompt; when it returns,
                the input ends.
            terminal: called while the interactive program runs; when it returns, the program is told to exit.
            place: of an earlier run, to go on there.
            timeout_s: of the whole run.
        Raises:
            Faulty: a request had no answer in the script.
            TookTooLong: the client did not end in time, or the dialogue waited in vain. It was killed.
        """
        place = place or Place(self.root / f"run-{len(list(self.root.iterdir())) + 1}")
        servers = {"lean": LEAN} if mcp is None else mcp
        place.furnish(files or {}, settings or {}, hooks, servers)
        if prepare:
            prepare(place.project)
        place.commit_once()
        started = time.monotonic()
        scene = Scene([], place, started, started + timeout_s)
        api = FakeApi(Script(turns, subagents or {}, asides or {}), scene)
        how = [] if terminal else [*PRINT, "--input-format", "stream-json"] if dialogue else [*PRINT, prompt]
        argv = [str(self.program), *how, "--permission-mode", mode, *args]
        with ExitStack() as stack:
            tty = stack.enter_context(pseudo_terminal()) if terminal else None
            stdout, stderr = (stack.enter_context(open(file, "wb")) for file in (place.stdout, place.stderr))
            run = stack.enter_context(
                contained(
                    argv,
                    cwd=place.project,
                    env=place.environment(env or {}),
                    stdin=tty.slave if tty else subprocess.PIPE if dialogue else subprocess.DEVNULL,
                    stdout=tty.slave if tty else stdout,
                    stderr=tty.slave if tty else stderr,
                )
            )
            stack.enter_context(api.serving(run.listener))
            if dialogue:
                assert run.process.stdin
                with run.process.stdin as stdin:
                    dialogue(Dialogue(scene, stdin, place.stdout))
            if terminal:
                assert tty
                window = Terminal(scene, tty)
                terminal(window)
                window.submit("/exit")
            scene.until(lambda: run.process.poll() is not None, "the client to end")
            left_behind = run.end()
        scene.check()
        return Run(
            requests=tuple(scene.requests),
            counted=tuple(api.counted),
            wires={name: read_wire(place.wires / name, started) for name in servers},
            stream=tuple(read_json_lines(place.stdout)),
            hooks=tuple(read_json_lines(place.hook_log)),
            screen=tty.text if tty else "",
            stderr=place.stderr.read_text(encoding="utf-8"),
            exit_code=run.process.returncode,
            left_behind=left_behind,
            place=place,
        )
