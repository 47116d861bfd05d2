"""What enters the context before a request, and where a context begins anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_lean.transcripts.model import Compaction, Entered
from mcp_lean.transcripts.read import load_runs

from .records import (
    Record,
    assistant,
    attachment,
    compact_boundary,
    only_agent,
    results,
    session_file,
    text,
    tool_result,
    tool_use,
    usage,
    user,
)


@pytest.mark.parametrize(
    "copy",
    [{}, {"toolUseResult": {"stdout": "x" * 9000}}, {"toolUseResult": "x" * 9000}, {"toolUseResult": ["x" * 9000]}],
    ids=["absent", "dict", "string", "list"],
)
def test_a_result_is_measured_by_what_the_model_got(tmp_path: Path, copy: Record) -> None:
    """T5: the client's own copy holds the full output; the model saw 7 characters of 8 bytes in two lines."""
    path = session_file(
        tmp_path,
        assistant("m", tool_use("t1", "Bash", command="ls")),
        results(tool_result("t1", "abc\ndéf"), **copy),
    )

    [call] = only_agent(path).requests[0].calls

    assert call.result is not None
    assert (call.result.result_chars, call.result.result_bytes, call.result.lines) == (7, 8, 2)


def test_blocks_of_a_result_are_one_text_and_images_are_counted(tmp_path: Path) -> None:
    image = {"type": "image", "source": {"type": "base64", "data": "AAAA"}}
    path = session_file(
        tmp_path,
        assistant("m1", tool_use("t1")),
        results(tool_result("t1", [text("ab"), image, text("cd")])),
        assistant("m2", text("x")),
    )

    first, second = only_agent(path).requests

    assert first.calls[0].result is not None
    assert (first.calls[0].result.result_chars, first.calls[0].result.images) == (5, 1)
    assert (second.entered.result_chars, second.entered.images) == (5, 1)


def test_two_screenshots_of_different_size_are_different_results(tmp_path: Path) -> None:
    def shot(data: str) -> list[Record]:
        return [{"type": "image", "source": {"type": "base64", "data": data}}]

    path = session_file(
        tmp_path,
        assistant("m1", tool_use("t1"), tool_use("t2"), tool_use("t3")),
        results(tool_result("t1", shot("A" * 8)), tool_result("t2", shot("B" * 8)), tool_result("t3", shot("A" * 12))),
    )

    digests = [call.result.masked_digest for call in only_agent(path).requests[0].calls if call.result]

    assert [digest == digests[0] for digest in digests] == [True, True, False]


def test_equal_texts_and_texts_that_differ_in_digits_are_told_apart(tmp_path: Path) -> None:
    path = session_file(
        tmp_path,
        assistant("m1", tool_use("t1"), tool_use("t2"), tool_use("t3"), tool_use("t4")),
        results(
            tool_result("t1", "3 passed in 0.12s"),
            tool_result("t2", "3 passed in 0.12s"),
            tool_result("t3", "3 passed in 10.7s"),
            tool_result("t4", "3 failed in 0.12s"),
        ),
    )

    found = [call.result for call in only_agent(path).requests[0].calls if call.result]

    assert [result.digest == found[0].digest for result in found] == [True, True, False, False]
    assert [result.masked_digest == found[0].masked_digest for result in found] == [True, True, True, False]


def test_an_error_keeps_the_head_of_its_text(tmp_path: Path) -> None:
    path = session_file(
        tmp_path,
        assistant("m1", tool_use("t1"), tool_use("t2")),
        results(tool_result("t1", "e" * 500, is_error=True), tool_result("t2", "fine")),
    )

    failed, fine = [call.result for call in only_agent(path).requests[0].calls if call.result]

    assert (failed.is_error, failed.error_head) == (True, "e" * 200)
    assert (fine.is_error, fine.error_head) == (False, "")


def test_a_cleared_result_keeps_its_size_and_is_marked(tmp_path: Path) -> None:
    """T27: the client writes the same result again, without its text."""
    path = session_file(
        tmp_path,
        assistant("m1", tool_use("t1"), tool_use("t2")),
        results(tool_result("t1", "x" * 400), tool_result("t2", "y" * 50)),
        assistant("m2", text("ok")),
        results(tool_result("t1", "[Old tool result content cleared]")),
        assistant("m3", text("ok")),
    )

    first, second, third = only_agent(path).requests
    cleared, kept = [call.result for call in first.calls if call.result]

    assert (cleared.result_chars, cleared.is_cleared) == (400, True)
    assert (kept.result_chars, kept.is_cleared) == (50, False)
    assert (second.entered.result_chars, third.entered.result_chars) == (450, 0)


def test_a_persisted_result_is_marked(tmp_path: Path) -> None:
    path = session_file(
        tmp_path,
        assistant("m1", tool_use("t1")),
        results(tool_result("t1", "<persisted-output>\nOutput too large (80KB). Preview: ...")),
    )

    [call] = only_agent(path).requests[0].calls

    assert call.result is not None
    assert call.result.is_persisted


def test_what_enters_is_split_by_origin(tmp_path: Path) -> None:
    path = session_file(
        tmp_path,
        user("do it"),
        user("<command-name>/model</command-name>"),
        user("Caveat", isMeta=True),
        user("agent finished", origin={"kind": "task-notification"}),
        attachment("skill_listing", [{"content": "12345"}], content="not what the model saw"),
        attachment("deferred_tools_delta", [{"content": [text("123")]}]),
        assistant("m1", tool_use("t1")),
        user([tool_result("t1", "1234567"), text("<system-reminder>hm</system-reminder>"), text("and this")]),
        assistant("m2", text("x")),
        user("never sent"),
    )

    agent = only_agent(path)
    first, second = agent.requests

    assert first.entered == Entered(
        prompt_chars=5, attachment_chars=8, meta_chars=35 + 6 + 14, tools_changed=True, images=0
    )
    assert (first.is_after_prompt, first.is_tool_loop) == (True, False)
    assert second.entered == Entered(prompt_chars=8, result_chars=7, results=("t1",), meta_chars=37)
    assert agent.tail == Entered(prompt_chars=10)


@pytest.mark.parametrize(("kind", "prompt", "meta"), [("human", 5, 0), ("voice-call", 5, 0), ("peer", 0, 5)])
def test_a_prompt_is_what_a_person_wrote(tmp_path: Path, kind: str, prompt: int, meta: int) -> None:
    """2.1.330 names the origin of a user record, that of people too."""
    path = session_file(tmp_path, user("do it", origin={"kind": kind}), assistant("m1"))

    assert only_agent(path).requests[0].entered == Entered(prompt_chars=prompt, meta_chars=meta)


def test_a_request_after_results_alone_is_a_turn_of_the_tool_loop(tmp_path: Path) -> None:
    path = session_file(
        tmp_path,
        user("go"),
        assistant("m1", tool_use("t1")),
        results(tool_result("t1")),
        attachment("task_reminder", [{"content": "tick"}]),
        assistant("m2", text("x")),
    )

    assert [request.is_tool_loop for request in only_agent(path).requests] == [False, True]


def test_a_prompt_typed_while_the_agent_works_is_a_prompt(tmp_path: Path) -> None:
    path = session_file(
        tmp_path,
        attachment("queued_command", [{"content": "wrapped: stop"}], prompt="stop", commandMode="prompt"),
        attachment("queued_command", [{"content": "done"}], prompt="x", commandMode="task-notification"),
        assistant("m1"),
    )

    assert only_agent(path).requests[0].entered == Entered(prompt_chars=4, attachment_chars=4)


@pytest.mark.parametrize(
    ("record", "chars"),
    [
        (attachment("edited_text_file", filename="a.py", snippet="12345"), 9),
        (attachment("hook_success", content="x" * 50, stdout="y" * 50), 0),
        (attachment("prompt_snapshot", systemPrompt=["x" * 5000]), 0),
    ],
    ids=["older client: its strings", "never shown", "snapshot of the prompt"],
)
def test_an_attachment_without_its_rendering_counts_by_its_kind(tmp_path: Path, record: Record, chars: int) -> None:
    path = session_file(tmp_path, record, assistant("m1"))

    assert only_agent(path).requests[0].entered.attachment_chars == chars


OURS, OTHERS = "mcp_lean: Budget: 3 left.", "lint is clean"
WRAPPED = "<system-reminder>\nPostToolBatch hook additional context: {}\n</system-reminder>"


@pytest.mark.parametrize(
    ("content", "rendered", "own"),
    [
        ([OURS], WRAPPED.format(OURS), len(WRAPPED.format(OURS))),
        ([OTHERS], WRAPPED.format(OTHERS), 0),
        ([OTHERS, OURS], WRAPPED.format(f"{OTHERS}\n{OURS}"), len(OURS)),
        ([OURS], None, len(OURS) + len("PostToolBatch")),
        (OURS, None, len(OURS) + len("PostToolBatch")),
        ([f"I quote {OURS}"], None, 0),
        ([7, None], "x", 0),
        (None, "", 0),
    ],
    ids=["ours", "another hook's", "both in one", "not rendered", "not a list", "quoted", "damaged", "nothing"],
)
def test_words_of_our_hooks_are_known_by_their_start(
    tmp_path: Path, content: object, rendered: str | None, own: int
) -> None:
    """Recorded on 2.1.330: one attachment per event, its `content` a list with the words of each hook."""
    shown = None if rendered is None else [{"content": rendered}]
    record = attachment("hook_additional_context", shown, content=content, hookName="PostToolBatch")
    quoted = attachment("edited_text_file", [{"content": OURS}], content=[OURS])
    path = session_file(tmp_path, record, quoted, assistant("m1"))

    entered = only_agent(path).requests[0].entered

    assert entered.own_chars == own
    assert own <= entered.attachment_chars


def test_a_client_that_renders_attachments_shows_none_that_it_did_not_render(tmp_path: Path) -> None:
    path = session_file(
        tmp_path,
        attachment("date", [{"content": "1234"}], date="2026-11-22"),
        attachment("something_new", payload="x" * 1000),
        assistant("m1"),
    )

    assert only_agent(path).requests[0].entered.attachment_chars == 4


def test_a_compaction_marker_resets_the_context(tmp_path: Path) -> None:
    """T25: even where the context did not become smaller."""
    path = session_file(
        tmp_path,
        assistant("m1", used=usage(1, 5, read=9_000)),
        compact_boundary(9_000, "manual", timestamp="1970-01-01T00:00:07Z"),
        user("This session is being continued", isCompactSummary=True, isVisibleInTranscriptOnly=True),
        user("go on"),
        assistant("m2", used=usage(1, 5, read=9_500)),
        assistant("m3", used=usage(1, 5, read=9_600)),
    )

    agent = only_agent(path)

    assert [request.reset for request in agent.requests] == ["none", "compaction", "none"]
    assert agent.compactions == (Compaction(7.0, 1),)
    assert agent.requests[1].entered == Entered(prompt_chars=5, summary_chars=31)


@pytest.mark.parametrize(
    ("before", "after", "reset"),
    [
        (50_000, 29_000, "shrink"),
        (50_000, 31_000, "none"),
        (19_000, 500, "none"),
    ],
    ids=["below 60 %", "a little less", "small contexts"],
)
def test_a_context_that_shrank_without_a_marker_resets_too(tmp_path: Path, before: int, after: int, reset: str) -> None:
    """T25: a rewind, or results cleared silently."""
    path = session_file(
        tmp_path, assistant("m1", used=usage(0, 5, read=before)), assistant("m2", used=usage(0, 5, read=after))
    )

    assert [request.reset for request in only_agent(path).requests] == ["none", reset]


def test_a_marker_after_the_last_request_points_behind_it(tmp_path: Path) -> None:
    path = session_file(tmp_path, assistant("m1"), compact_boundary(100))

    agent = only_agent(path)

    assert [marker.before_request for marker in agent.compactions] == [1]


def test_several_models_in_one_agent_are_kept_per_request(tmp_path: Path) -> None:
    """T23."""
    path = session_file(
        tmp_path,
        assistant("m1", model="claude-haiku-4-5", used=usage(1, 5)),
        assistant("m2", model="claude-opus-4-6", used=usage(2, 5)),
        assistant("m3", model="claude-haiku-4-5", used=usage(4, 5)),
    )

    agent = only_agent(path)

    assert agent.models == ("claude-haiku-4-5", "claude-opus-4-6")
    assert [(request.model, request.usage.input_tokens) for request in agent.requests] == [
        ("claude-haiku-4-5", 1),
        ("claude-opus-4-6", 2),
        ("claude-haiku-4-5", 4),
    ]


def test_requests_stay_in_the_order_of_the_file_when_the_clock_jumps(tmp_path: Path) -> None:
    path = session_file(
        tmp_path,
        assistant("m1", timestamp="2026-11-22T10:00:00Z"),
        assistant("m2", timestamp="2026-11-22T09:00:00Z"),
        assistant("m3", timestamp="yesterday"),
        assistant("m4", timestamp=17),
    )

    found = only_agent(path).requests

    assert [request.id for request in found] == ["m1", "m2", "m3", "m4"]
    assert [request.started_s for request in found] == [1795341600.0, 1795338000.0, None, None]


def test_texts_are_kept_when_asked_for_and_only_then(tmp_path: Path) -> None:
    path = session_file(
        tmp_path,
        user("do it"),
        user("note", isMeta=True),
        assistant("m1", text("I will"), tool_use("t1", "Bash", command="ls")),
        results(tool_result("t1", "a.py")),
        compact_boundary(),
        user("the summary", isCompactSummary=True),
        assistant("m2", text("done")),
    )

    [with_text] = load_runs([str(path)], with_text=True).runs[0].agents
    without = only_agent(path)
    first, second = with_text.requests

    assert first.entered.prompts == ("do it",)
    assert first.entered.meta == ("note",)
    assert (first.text, first.calls[0].input_json) == ("I will", '{"command":"ls"}')
    assert first.calls[0].result is not None
    assert first.calls[0].result.text == "a.py"
    assert (second.entered.summary, second.text) == ("the summary", "done")
    assert [request.text for request in without.requests] == [None, None]
    assert without.requests[0].entered.prompts is None
    assert without.requests[0].calls[0].input_json is None
