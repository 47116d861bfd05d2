"""Estimated output."""

from __future__ import annotations

import pytest

from mcp_lean.transcripts.estimate import characters_scale, estimated_output_tokens, is_final


@pytest.mark.parametrize(
    ("model", "scale"),
    [
        ("claude-opus-4-6", 1.0),
        ("claude-sonnet-4-5-20250929", 1.0),
        ("claude-opus-4-20250514", 1.0),
        ("claude-3-5-haiku-20241022", 1.0),
        ("us.anthropic.claude-opus-4-5-20251101-v1:0", 1.0),
        ("arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.anthropic.claude-sonnet-4-v1:0", 1.0),
        ("claude-opus-4-7", 0.77),
        ("claude-opus-4-10", 0.77),
        ("claude-opus-5-5[1m]", 0.77),
        ("claude-haiku-5.5", 0.77),
        ("claude-fable-5", 0.77),
        ("my-own-model-3", 0.77),
        ("", 0.77),
    ],
)
def test_models_from_4_7_on_and_unknown_ones_have_the_newer_tokenizer(model: str, scale: float) -> None:
    assert characters_scale(model) == scale


def test_the_estimate_adds_up_what_is_visible() -> None:
    """40 + 30 * 2 + 340 / 3.4 + 700 / 3.5 + 0.215 * 1000 = 615; with the newer tokenizer 300 becomes 389.6."""
    assert estimated_output_tokens("claude-opus-4-6", 2, 340, 700, 1000) == 615
    assert estimated_output_tokens("claude-opus-5-5", 2, 340, 700, 1000) == 705


@pytest.mark.parametrize(
    ("reported", "stop_reason", "final"),
    [(500, "end_turn", True), (2, "tool_use", True), (1, "end_turn", False), (0, "end_turn", False), (500, "", False)],
)
def test_a_count_is_final_when_the_request_stopped(reported: int, stop_reason: str, final: bool) -> None:
    assert is_final(reported, stop_reason) is final
