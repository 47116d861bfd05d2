"""The harness on the real client, without a server: what the other tests rely on is there."""

import pytest

from .client import Claude
from .live import Faulty, TookTooLong
from .script import Turn, spawn, use

pytestmark = pytest.mark.e2e


def test_a_run_gives_requests_results_stream_hooks_and_transcripts(claude: Claude) -> None:
    run = claude(
        mcp={},
        files={"a.txt": "alpha\n", ".claude/agents/tiny.md": "---\nname: tiny\ndescription: t\ntools: Read\n---\nbe\n"},
        turns=[use("Bash", command="cat a.txt"), spawn("helper", "tiny", model="haiku"), "all done"],
        subagents={"helper": [Turn(["helped"], usage={"output_tokens": 321})]},
        hooks=["PreToolUse", "Stop"],
    )

    main, helper = run.of("main"), run.of("helper")
    assert [len(main), len(helper)] == [3, 1]
    assert run.result_text("Bash") == "alpha"
    assert "helped" in run.result_text("Agent")
    assert (main[0].agent_id, helper[0].tool_names, helper[0].model) == ("", ["Read"], "claude-haiku-5-5")
    assert helper[0].agent_id
    assert main[1].usage["cache_read_input_tokens"] == main[0].usage["cache_creation_input_tokens"]
    [result] = [message for message in run.stream if message["type"] == "result"]
    assert result["result"] == "all done"
    assert result["modelUsage"]["claude-haiku-5-5"]["outputTokens"] == 321
    assert [(hook["hook_event_name"], hook.get("tool_name")) for hook in run.hooks] == [
        ("PreToolUse", "Bash"),
        ("PreToolUse", "Agent"),
        ("Stop", None),
    ]
    assert [file.stem for file in run.place.transcripts.glob("*.jsonl")] == [result["session_id"]]
    assert (run.exit_code, run.stderr, run.left_behind) == (0, "", ())


def test_a_second_run_in_the_same_place_goes_on_with_the_session(claude: Claude) -> None:
    first = claude(mcp={}, prompt="remember the word heron", turns=["noted"])
    second = claude(mcp={}, place=first.place, prompt="which word?", args=["--continue"], turns=["noted", "heron"])

    [request] = second.requests
    assert "remember the word heron" in request.text
    assert "which word?" in request.text
    assert [message["result"] for message in second.stream if message["type"] == "result"] == ["heron"]


def test_the_clients_own_calls_are_answered_by_an_aside(claude: Claude) -> None:
    first = claude(mcp={}, files={"a.txt": "alpha\n"}, turns=[use("Bash", command="cat a.txt"), "read"])
    compacted = claude(
        mcp={},
        place=first.place,
        prompt="/compact",
        args=["--continue"],
        asides={"summary of the conversation": "<summary>alpha was read</summary>"},
    )
    after = claude(mcp={}, place=first.place, prompt="go on", args=["--continue"], turns=["on"])

    assert len(compacted.requests) == 1
    assert "alpha was read" in after.requests[0].text
    assert not after.results("Bash")


def test_a_gap_in_the_script_fails_the_test(claude: Claude) -> None:
    with pytest.raises(Faulty, match="main asks for turn 2"):
        claude(mcp={}, turns=[use("Bash", command="true")])


def test_a_run_that_does_not_end_is_killed_and_said_so(claude: Claude) -> None:
    with pytest.raises(TookTooLong, match="the client to end; requests: "):
        claude(mcp={}, turns=[Turn(["too late"], delay_s=60)], timeout_s=3)
