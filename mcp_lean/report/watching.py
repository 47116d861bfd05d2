"""One look after another at the newest session of a project.

In:  what was asked, the environment.
Out: `Watch.look`: the present picture; it goes over to a newer session by itself, as after /clear.
Not here: drawing and waiting (`cli/watch`), totals and layout (`live`).
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import TextIO

from rich.console import RenderableType

from mcp_lean import config
from mcp_lean.costs.contract import price_table
from mcp_lean.folders import data_folder
from mcp_lean.guard.budget.beginning import from_text
from mcp_lean.guard.budget.limits import Raised
from mcp_lean.guard.ledger.database import NAME
from mcp_lean.guard.ledger.ledger import Ledger
from mcp_lean.report.live import Held, Tally, view
from mcp_lean.report.selection import Asked, NothingFoundError, newest_main_file
from mcp_lean.report.tables import Look
from mcp_lean.transcripts.follow import SessionFollower
from mcp_lean.transcripts.locate import SUFFIX
from mcp_lean.transcripts.model import Run

LOOK_FOR_NEWER_S = 5.0


class Watch:
    """Follows one session at a time.

    Raises:
        NothingFoundError: there is no session.
        ConfigError: the settings cannot be used.
    """

    def __init__(self, asked: Asked, environ: Mapping[str, str]) -> None:
        self._asked = asked
        self._environ = environ
        self._table = price_table()
        self._settings = config.load(asked.cwd, environ).budget
        self._follow(newest_main_file(asked, environ))

    def _follow(self, path: str) -> None:
        self._follower = SessionFollower(path)
        self._tally = Tally(self._table)
        self._held = self._limits()
        self._run: Run | None = None
        self._looked_s = time.monotonic()

    def look(self, width: int | None = None) -> RenderableType:
        """What is known now."""
        self._look_around()
        changes = self._follower.poll()
        self._tally.apply(changes)
        # The names of agents, and the gaps, come from the whole session; that is looked at when there may be news.
        named = {agent.id for agent in self._run.agents} if self._run else set()
        if not named.issuperset(self._tally.agents) or any(change.request.is_after_reset for change in changes):
            self._run = self._follower.run()
        columns = width or _terminal_width()
        problems = {**self._follower.problems, **({"the guard's ledger": self._note} if self._note else {})}
        return view(self._tally, self._run, self._held, time.time(), Look(columns), problems)

    def show_once(self, out: TextIO) -> None:
        """One picture, as plain text unless `out` is a terminal."""
        from mcp_lean.report.terminal import console

        page = console(out)
        with page.capture() as captured:
            page.print(self.look(page.width))
        out.write("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()))

    def _limits(self) -> Held:
        """Those that the session began with, and what a person has added; where no guard saw it begin, the settings."""
        session_id = os.path.basename(self._follower.main).removesuffix(SUFFIX)
        self._note = ""
        if not os.path.isfile(os.path.join(data_folder(self._environ), NAME)):
            return Held(self._settings, Raised())
        ledger = Ledger.open(self._environ)
        try:
            kept = ledger.began_with(session_id)
            return Held(from_text(kept) if kept else self._settings, ledger.raised(session_id))
        finally:
            self._note = ledger.note
            ledger.close()

    def _look_around(self) -> None:
        """Every few seconds: whether a limit was raised, and whether there is a newer session to go over to."""
        now = time.monotonic()
        if now - self._looked_s < LOOK_FOR_NEWER_S:
            return
        self._looked_s = now
        self._held = self._limits()
        if self._asked.session:
            return
        try:
            newest = newest_main_file(self._asked, self._environ)
        except NothingFoundError:
            return  # the file was moved away; what is known stays on the screen
        if os.path.abspath(newest) != self._follower.main:
            self._follow(newest)


def _terminal_width() -> int:
    import shutil

    return shutil.get_terminal_size().columns
