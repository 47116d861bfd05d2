"""Runs read again with their texts, one by one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from mcp_lean.costs.replay.catalog import POLICIES
from mcp_lean.costs.replay.run import replay_run
from mcp_lean.costs.replay.runs import PARALLEL_FROM_REQUESTS, has_texts, replay, replay_worlds, with_texts
from mcp_lean.transcripts.model import Run
from mcp_lean.transcripts.read import load_runs

SESSIONS = [f"{n}1111111-1111-4111-8111-111111111111" for n in range(1, 6)]


def written(folder: Path, session: str, message: str = "msg", turns: int = 6) -> Path:
    """A session that searches for one word after the other, all named in its prompt."""
    lines: list[dict[str, object]] = []
    common = {"sessionId": session, "cwd": "/home/me/shop", "version": "2.1.330"}
    prompt = "find " + " and ".join(f"word_number_{n}" for n in range(turns))
    lines.append({"type": "user", "message": {"role": "user", "content": prompt}})
    for n in range(turns):
        block = {
            "type": "tool_use",
            "id": f"toolu_{session[0]}_{n}",
            "name": "Grep",
            "input": {"pattern": f"word_number_{n}"},
        }
        usage = {
            "input_tokens": 3,
            "cache_creation_input_tokens": 20_000 if n == 0 else 400,
            "cache_read_input_tokens": 20_000 + 400 * (n - 1) if n else 0,
            "output_tokens": 60,
        }
        answer = {
            "id": f"{message}_{n}",
            "role": "assistant",
            "model": "claude-opus-5-5",
            "content": [block],
            "stop_reason": "tool_use",
            "usage": usage,
        }
        lines.append({"type": "assistant", "message": answer})
        result = {"type": "tool_result", "tool_use_id": block["id"], "content": f"src/{n}.py: nothing new"}
        lines.append({"type": "user", "message": {"role": "user", "content": [result]}})
    path = folder / f"{session}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(
        json.dumps(
            {**common, "timestamp": f"2026-11-20T09:{n // 60:02}:{n % 60:02}Z", "uuid": f"{session}-{n}", **line}
        )
        + "\n"
        for n, line in enumerate(lines)
    )
    path.write_text(text, encoding="utf-8")
    return path


def read(folder: Path) -> tuple[Run, ...]:
    return load_runs([str(folder)]).runs


def merged(runs: Sequence[Run]) -> list[int]:
    found = [one.outcome("native_parallel", "strict") for one in replay(runs, policies=["native_parallel"])]
    return [outcome.count if outcome else -1 for outcome in found]


def test_runs_that_were_read_without_texts_are_read_again_with_them(tmp_path: Path) -> None:
    written(tmp_path, SESSIONS[0])
    [run] = read(tmp_path)

    again = with_texts(run)

    assert not has_texts(run)
    assert again is not None
    assert has_texts(again)
    assert merged([run]) == merged([again]) == [5]


def test_without_texts_no_word_is_known_and_nothing_is_merged(tmp_path: Path) -> None:
    written(tmp_path, SESSIONS[0])
    [run] = read(tmp_path)

    outcome = replay_run(run, policies=["native_parallel"]).outcome("native_parallel", "strict")

    assert outcome is not None
    assert outcome.count == 0


def test_requests_that_another_session_owns_are_not_counted_again(tmp_path: Path) -> None:
    written(tmp_path, SESSIONS[0], turns=6)
    written(tmp_path, SESSIONS[1], turns=9)  # a resumed copy: the first six answers are the same
    runs = read(tmp_path)

    found = list(replay(runs, policies=[]))

    assert sorted(one.requests for one in found) == [3, 6]
    assert sum(one.baseline_picousd for one in found) == sum(one.recorded_picousd for one in found)


def test_what_was_written_since_the_first_reading_is_no_part_of_the_run(tmp_path: Path) -> None:
    written(tmp_path, SESSIONS[0], turns=4)
    [run] = read(tmp_path)
    written(tmp_path, SESSIONS[0], turns=8)

    [found] = replay([run], policies=[])

    assert found.requests == 4


@pytest.mark.parametrize("after", ["gone", "cut"])
def test_a_file_that_no_longer_holds_the_run_is_left_out(tmp_path: Path, after: str) -> None:
    path = written(tmp_path, SESSIONS[0])
    [run] = read(tmp_path)
    if after == "gone":
        path.unlink()
    else:
        written(tmp_path, SESSIONS[0], turns=2)

    [found] = replay([run])

    assert (found.left_out, found.outcomes) == ("cannot be read again", ())


def test_several_worlds_read_the_files_once_and_say_the_same_as_one_by_one(tmp_path: Path) -> None:
    for session in SESSIONS:
        written(tmp_path, session, f"msg_{session[0]}")
    runs = read(tmp_path)

    both = list(replay_worlds(runs, ("recorded", "current")))

    assert [pair[0] for pair in both] == list(replay(runs))
    assert [pair[1] for pair in both] == list(replay(runs, world="current"))


def test_processes_change_nothing_but_the_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for session in SESSIONS:
        written(tmp_path, session, f"msg_{session[0]}")
    runs = read(tmp_path)
    assert sum(len(agent.requests) for run in runs for agent in run.agents) < PARALLEL_FROM_REQUESTS
    steps: list[tuple[int, int]] = []

    alone = list(replay(runs, processes=1))
    monkeypatch.setattr("mcp_lean.costs.replay.runs.PARALLEL_FROM_REQUESTS", 0)
    shared = list(replay(runs, processes=2, progress=lambda done, total: steps.append((done, total))))

    assert shared == alone
    assert [found.session_id for found in shared] == [run.id for run in runs]
    assert len(shared[0].outcomes) == sum(len(policy.bounds) for policy in POLICIES)
    assert steps == [(n, 5) for n in range(1, 6)]
