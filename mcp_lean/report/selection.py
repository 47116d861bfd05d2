"""Which sessions a person means.

In:  what was asked (`Asked`) and the environment.
Out: `Chosen`: runs, newest first, and what the reading skipped.
Not here: arguments of commands (`cli`), what runs cost (`costs`).

A whole project is read even for one run: a resumed session may repeat the requests of an older one, and only who has
seen both can leave the copies out. Readings are kept in the user's cache folder, so this is slow once.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from mcp_lean.errors import LeanError
from mcp_lean.folders import cache_folder
from mcp_lean.transcripts.locate import locate, newest_sessions, project_folders, roots
from mcp_lean.transcripts.model import Run, Skipped
from mcp_lean.transcripts.read import Loaded, Progress, load_runs
from mcp_lean.transcripts.store import Store

UNITS_S = {"m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
KIND_OF_FILE = "session transcripts (<session>.jsonl)"


class NothingFoundError(LeanError):
    """No run fits; the text says where was looked and for what."""


class WrongQuestionError(LeanError):
    """The question cannot be answered as asked; the text says why."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person asked for; everything empty is the newest run (or all) of the project at `cwd`."""

    cwd: str
    session: str = ""
    since_s: float | None = None
    all_projects: bool = False
    place: str = ""
    """A file or folder to look in instead of the user's own; then all runs in it are meant."""
    only_newest: bool = True
    """Whether nothing else asked for means one run, or all runs of the project."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The runs that fit, newest first."""

    runs: tuple[Run, ...]
    skipped: Skipped
    texts: Mapping[str, Run]
    """By run id: the same runs with their texts, where these were asked for."""


def parse_since(words: str, now_s: float) -> float:
    """Seconds since 1970 of "90m", "24h", "7d", "2w" before now, or of a day or time like 2026-11-01[T08:30].

    Raises:
        WrongQuestionError: neither of them.
    """
    span = re.fullmatch(r"(\d+(?:\.\d+)?)([mhdw])", words.strip())
    if span:
        return now_s - float(span[1]) * UNITS_S[span[2]]
    try:
        return datetime.fromisoformat(words.strip()).astimezone().timestamp()
    except (ValueError, OverflowError, OSError):
        raise WrongQuestionError(f"--since {words}: say 7d, 24h, 2w, 90m or a day like 2026-11-01") from None


def choose(
    asked: Asked, environ: Mapping[str, str], *, progress: Progress | None = None, with_text: bool = False
) -> Chosen:
    """Read the place that was meant, and keep the runs that fit.

    Raises:
        NothingFoundError: no run fits.
        WrongQuestionError: the beginning of a session id fits several.
    """
    places = _places(asked, environ)
    if not places:
        raise NothingFoundError(
            f"0 sessions found in {_where(asked, environ)}; looked for {_sought(asked)}{_try_next(asked)}"
        )
    loaded = _load(places, environ, progress)
    runs = _fitting(loaded, asked, _searched(places, asked, environ))
    texts: dict[str, Run] = {}
    if with_text:
        read_again = load_runs([run.path for run in runs], with_text=True)
        texts = {run.id: run for run in read_again.runs}
    return Chosen(runs, loaded.skipped, texts)


def newest_main_file(asked: Asked, environ: Mapping[str, str]) -> str:
    """Path of the session that was written to last, looked for by file times alone.

    Raises:
        NothingFoundError: there is none.
    """
    places = _places(asked, environ)
    found = newest_sessions(places, asked.session)
    if not found:
        where = _searched(places, asked, environ)
        next_one = "" if asked.place else "; try --dir PATH"
        raise NothingFoundError(f"0 sessions found in {where}; looked for {_sought(asked)}{next_one}")
    return found[0]


def _places(asked: Asked, environ: Mapping[str, str]) -> tuple[str, ...]:
    if asked.place:
        return (os.path.abspath(os.path.expanduser(asked.place)),)
    if asked.session:
        return _projects_of(asked.session, environ) or project_folders(asked.cwd, environ)
    return roots(environ) if asked.all_projects else project_folders(asked.cwd, environ)


def _projects_of(session: str, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Project folders that hold a session whose id begins so."""
    found = locate(roots(environ)).sessions
    return tuple(sorted({os.path.dirname(files.folder) for files in found if files.session_id.startswith(session)}))


def _load(places: tuple[str, ...], environ: Mapping[str, str], progress: Progress | None) -> Loaded:
    with Store(cache_folder(environ)) as store:
        return load_runs(places, store=store, progress=progress)


def _fitting(loaded: Loaded, asked: Asked, where: str) -> tuple[Run, ...]:
    runs = [run for run in loaded.runs if run.id.startswith(asked.session)]
    ids = sorted({run.id for run in runs})
    if asked.session and len(ids) > 1 and asked.session not in ids:
        raise WrongQuestionError(f"--session {asked.session}: begins {len(ids)} ids: {', '.join(ids[:4])}")
    if asked.session in ids:
        runs = [run for run in runs if run.id == asked.session]
    if asked.since_s is not None:
        runs = [run for run in runs if last_s(run) >= asked.since_s]
    runs.sort(key=lambda run: (-last_s(run), run.id))
    if not runs:
        problems = "".join(f"; {path}: {reason}" for path, reason in loaded.skipped.files[:3])
        raise NothingFoundError(f"0 sessions found in {where}; looked for {_sought(asked)}{problems}{_try_next(asked)}")
    asks_nothing = not (asked.session or asked.all_projects or asked.place or asked.since_s is not None)
    wants_one = asks_nothing and asked.only_newest
    return tuple(runs[:1] if wants_one else runs)


def last_s(run: Run) -> float:
    """When the run was last heard of; 0 where nothing says so."""
    return run.ended_s if run.ended_s is not None else run.started_s or 0.0


def _searched(places: tuple[str, ...], asked: Asked, environ: Mapping[str, str]) -> str:
    """Where was looked, in words; an id is looked for in all projects before this one's runs are read for it."""
    return ", ".join(roots(environ) if asked.session and not asked.place else places) or _where(asked, environ)


def _where(asked: Asked, environ: Mapping[str, str]) -> str:
    from mcp_lean.transcripts.locate import project_slug

    places = roots(environ)
    if not places:
        configured = environ.get("CLAUDE_CONFIG_DIR")
        why = "no such folder; CLAUDE_CONFIG_DIR names it" if configured else "no such folder"
        return f"{os.path.join(configured or '~/.claude', 'projects')} ({why})"
    if asked.all_projects or asked.session:
        return ", ".join(places)
    return ", ".join(os.path.join(place, project_slug(os.path.abspath(asked.cwd))) for place in places)


def _sought(asked: Asked) -> str:
    parts = [KIND_OF_FILE]
    if asked.session:
        parts.append(f"with an id that begins {asked.session}")
    if asked.since_s is not None:
        day = datetime.fromtimestamp(asked.since_s).astimezone()
        parts.append(f"with a request since {day:%Y-%m-%d %H:%M}")
    return " ".join(parts)


def _try_next(asked: Asked) -> str:
    """Options that look further than the question did, as the end of an error line."""
    is_this_project = not (asked.session or asked.all_projects or asked.place)
    further = ["an earlier --since"] if asked.since_s is not None else []
    further += ["--all"] if is_this_project else []
    further += [] if asked.place else ["--dir PATH"]
    return f"; try {' or '.join(further)}" if further else ""
