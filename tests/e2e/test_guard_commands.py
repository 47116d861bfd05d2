"""Hooks as commands, on the real client: the running server answers them, so they see what it sees.

The data folder is a short one: a socket's path has little room.
"""

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from mcp_lean.claude_code.hook_settings import hooks
from mcp_lean.config import Config
from mcp_lean.guard.loops import masking
from mcp_lean.transcripts.read import load_runs

from .client import Claude
from .live import Scene
from .script import spawn, use
from .test_guard import LIFT, costly, echo, ending, limits, once_ready, remarks
from .test_guard_loops import fail, step

pytestmark = pytest.mark.e2e

COMMANDS = {"hooks": hooks(Config(), command=(sys.executable, "-m", "mcp_lean"))}


@pytest.fixture
def data() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def test_a_loop_is_seen_by_commands_while_the_server_runs(claude: Claude, data: Path) -> None:
    def has_door(scene: Scene) -> bool:
        return any((data / "mcp-lean" / "run").glob("*"))

    run = claude(
        settings=COMMANDS,
        env={"XDG_DATA_HOME": str(data)},
        turns=[once_ready(spawn("looper"), has_door), step("main", 1), "all done"],
        subagents={"looper": [*fail(9), "never"]},
    )

    assert len(run.of("looper")) == 5, "the fifth failure is the last"
    assert "gave the same result 5 times" in remarks(run.of("main")[1])[0]
    assert (ending(run)["result"], run.exit_code) == ("all done", 0)


def test_without_a_server_commands_hold_the_limits_by_themselves(claude: Claude, data: Path) -> None:
    run = claude(
        mcp={},
        files=limits(agent_usd=3.0),
        settings=COMMANDS,
        env={"XDG_DATA_HOME": str(data)},
        turns=[spawn("spender"), "all done"],
        subagents={"spender": [costly("partial words", echo("a")), costly(echo("b")), costly(echo("c")), "found"]},
    )

    assert len(run.of("spender")) <= 2
    assert LIFT in remarks(run.of("main")[1])[0]
    assert (ending(run)["result"], run.exit_code) == ("all done", 0)


def test_a_result_reads_the_same_in_the_transcript_as_in_its_event(claude: Claude) -> None:
    """A guard that is started anew counts on with what the transcript says (`guard/loops/recall`)."""
    calls = [*fail(1), echo("on"), use("Read", file_path="a.txt"), use("Grep", pattern="a"), use("Read", file_path="b")]
    run = claude(files={"a.txt": "a\nb\n"}, hooks=["PostToolBatch"], turns=[*calls, "done"])

    told = {call["tool_use_id"]: call for event in run.hooks for call in event["tool_calls"]}
    [recorded] = load_runs([str(run.place.transcripts)], with_text=True).runs
    kept = {call.id: call for agent in recorded.agents for request in agent.requests for call in request.calls}
    assert len(told) == len(calls)
    for call_id, call in told.items():
        response, result = call["tool_response"], kept[call_id].result
        text = response if isinstance(response, str) else json.dumps(response)
        assert result is not None
        assert masking.of_success(text) == masking.of_success(result.text or "")
