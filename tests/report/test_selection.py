"""Which runs are meant by which words."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from mcp_lean.report.selection import (
    Asked,
    Chosen,
    NothingFoundError,
    WrongQuestionError,
    choose,
    newest_main_file,
    parse_since,
)

NOW_S = 1_763_800_000.0


def session(folder: Path, session_id: str, day: int, prompt: str = "Do it.") -> Path:
    """A run of one request on a day of November 2026."""
    at = f"2026-11-{day:02}T09:00:00Z"
    common = {"sessionId": session_id, "version": "2.1.330", "cwd": "/home/ann/shop", "timestamp": at}
    usage = {"input_tokens": 1000, "output_tokens": 10, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0}
    message = {"id": f"msg_{session_id}", "role": "assistant", "model": "claude-opus-5-5", "stop_reason": "end_turn",
               "content": [{"type": "text", "text": "Done."}], "usage": usage}  # fmt: skip
    records = [
        {"type": "user", "message": {"role": "user", "content": prompt}, **common},
        {"type": "assistant", "message": message, **common},
    ]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{session_id}.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    os.utime(path, (NOW_S + day, NOW_S + day))
    return path


OLD = "aaaaaaaa-0000-4000-8000-000000000001"
NEW = "aaaabbbb-0000-4000-8000-000000000002"
OTHER = "cccccccc-0000-4000-8000-000000000003"


class Place:
    """A home with two projects: two runs in the one at `cwd`, one in another."""

    def __init__(self, folder: Path) -> None:
        self.cwd = "/home/ann/shop"
        self.projects = folder / "claude" / "projects"
        self.environ = {"CLAUDE_CONFIG_DIR": str(folder / "claude"), "XDG_CACHE_HOME": str(folder / "cache")}
        session(self.projects / "-home-ann-shop", OLD, 1)
        session(self.projects / "-home-ann-shop", NEW, 10)
        session(self.projects / "-home-ann-other", OTHER, 15)

    def choose(self, **asked: object) -> Chosen:
        return choose(Asked(self.cwd, **asked), self.environ)  # type: ignore[arg-type]

    def ids(self, **asked: object) -> list[str]:
        return [run.id for run in self.choose(**asked).runs]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_without_words_the_newest_run_of_this_project_is_meant(place: Place) -> None:
    assert place.ids() == [NEW]


def test_all_means_every_project_newest_first(place: Place) -> None:
    assert place.ids(all_projects=True) == [OTHER, NEW, OLD]


def test_since_means_runs_of_this_project_with_a_request_since_then(place: Place) -> None:
    since = parse_since("2026-11-05", NOW_S)
    assert place.ids(since_s=since) == [NEW]
    assert place.ids(since_s=since, all_projects=True) == [OTHER, NEW]
    assert place.ids(since_s=parse_since("2026-10-01", NOW_S)) == [NEW, OLD]


def test_a_session_is_found_in_any_project_by_the_beginning_of_its_id(place: Place) -> None:
    assert place.ids(session="cccc") == [OTHER]
    assert place.ids(session=OLD) == [OLD]


def test_a_beginning_of_several_ids_is_refused_with_the_ids(place: Place) -> None:
    with pytest.raises(WrongQuestionError, match=rf"--session aaaa: begins 2 ids: {OLD}, {NEW}"):
        place.ids(session="aaaa")


def test_a_place_means_all_runs_in_it(place: Place) -> None:
    folder = place.projects / "-home-ann-shop"
    assert place.ids(place=str(folder)) == [NEW, OLD]
    assert place.ids(place=str(folder / f"{OLD}.jsonl")) == [OLD]


def test_nothing_found_says_where_and_for_what(place: Place, tmp_path: Path) -> None:
    with pytest.raises(NothingFoundError, match=r"0 sessions found in .*-elsewhere; looked for session transcripts"):
        choose(Asked("/elsewhere"), place.environ)
    with pytest.raises(
        NothingFoundError, match=r"0 sessions found in .*/none; looked for .*; .*/none: no such file or folder$"
    ):
        place.ids(place=str(tmp_path / "none"))
    with pytest.raises(
        NothingFoundError, match=r"^0 sessions found in \S+/projects; .* with an id that begins ffff; try --dir PATH$"
    ):
        place.ids(session="ffff")
    with pytest.raises(
        NothingFoundError, match=r"with a request since 20.*; try an earlier --since or --all or --dir PATH$"
    ):
        place.ids(since_s=NOW_S + 10**9)


@pytest.mark.parametrize("asked", [Asked("/x"), Asked("/x", all_projects=True), Asked("/x", session="5e")])
@pytest.mark.parametrize(
    ("configured", "where"),
    [
        ("", "~/.claude/projects (no such folder)"),
        ("/nowhere", "/nowhere/projects (no such folder; CLAUDE_CONFIG_DIR names it)"),
    ],
)
def test_a_home_without_claude_code_is_nothing_found(asked: Asked, configured: str, where: str, tmp_path: Path) -> None:
    """What is named is what was looked at."""
    environ = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path), "CLAUDE_CONFIG_DIR": configured}
    with pytest.raises(NothingFoundError, match=f"^{re.escape(f'0 sessions found in {where}; looked for ')}"):
        choose(asked, environ)


def test_texts_are_read_only_when_asked_for(place: Place) -> None:
    assert place.choose().texts == {}
    texts = choose(Asked(place.cwd), place.environ, with_text=True).texts
    assert texts[NEW].agents[0].requests[0].entered.prompts == ("Do it.",)


def test_copies_of_an_older_session_are_not_charged_to_the_newest(place: Place) -> None:
    """A resumed session repeats the history; the older file owns those requests."""
    folder = place.projects / "-home-ann-shop"
    older = (folder / f"{OLD}.jsonl").read_text(encoding="utf-8")
    newer = folder / f"{NEW}.jsonl"
    newer.write_text(older + newer.read_text(encoding="utf-8"), encoding="utf-8")
    [run] = place.choose().runs
    assert sum(len(agent.requests) for agent in run.agents) == 1


@pytest.mark.parametrize(
    ("words", "seconds_ago"), [("90m", 5_400), ("24h", 86_400), ("7d", 604_800), ("2w", 1_209_600), ("1.5h", 5_400)]
)
def test_spans(words: str, seconds_ago: float) -> None:
    assert parse_since(words, NOW_S) == NOW_S - seconds_ago


@pytest.mark.parametrize("words", ["", "yesterday", "7", "7y", "-1d", "2026-13-01"])
def test_other_words_are_refused_with_examples(words: str) -> None:
    with pytest.raises(WrongQuestionError, match=r"say 7d, 24h, 2w, 90m or a day like 2026-11-01"):
        parse_since(words, NOW_S)


def test_the_newest_file_is_found_by_its_time(place: Place) -> None:
    asked = Asked(place.cwd)
    assert newest_main_file(asked, place.environ) == str(place.projects / "-home-ann-shop" / f"{NEW}.jsonl")
    os.utime(place.projects / "-home-ann-shop" / f"{OLD}.jsonl", (NOW_S + 99, NOW_S + 99))
    assert newest_main_file(asked, place.environ) == str(place.projects / "-home-ann-shop" / f"{OLD}.jsonl")
    with pytest.raises(NothingFoundError, match="0 sessions found in"):
        newest_main_file(Asked("/elsewhere"), place.environ)
