"""The weight that we charge ourselves is not below what the server sends."""

from __future__ import annotations

from mcp_lean.costs.own import ALL_LOADED_TOKENS, ALWAYS_LOADED_TOKENS, own_base_tokens
from mcp_lean.tools.base import Tool

from .runs import agent, call, request, run

OURS = [call("t1", "mcp__lean__read_many")]


def test_the_charge_covers_what_the_server_sends() -> None:
    """Name, description and schema of each tool as JSON, under the newer tokenizer, with a margin for its frame."""
    from mcp_lean.packing.tokens import SAFETY, estimate
    from mcp_lean.server.app import definition
    from mcp_lean.server.registry import TOOLS

    def weight(tools: list[Tool]) -> float:
        sent = [definition(tool).model_dump_json(include={"name", "description", "input_schema"}) for tool in tools]
        return sum(SAFETY * estimate(text) for text in sent)

    assert weight([tool for tool in TOOLS if tool.always_load]) <= ALWAYS_LOADED_TOKENS
    assert weight(list(TOOLS)) <= ALL_LOADED_TOKENS


def test_a_run_that_calls_us_pays_our_definitions_in_every_agent() -> None:
    main = agent([request(0)])
    scout = agent([request(0, calls=OURS)], "a1", "subagent")
    other = agent([request(0)], "a2", "subagent")
    compaction = agent([request(0)], "acompact-1", "compaction")
    recorded = run([main, scout, other, compaction])
    assert [own_base_tokens(recorded, one) for one in recorded.agents] == [
        ALWAYS_LOADED_TOKENS,
        ALL_LOADED_TOKENS,
        ALWAYS_LOADED_TOKENS,
        0,
    ]


def test_a_run_that_never_calls_us_pays_nothing() -> None:
    main = agent([request(0, calls=[call("t1", "Read")])])
    assert own_base_tokens(run([main]), main) == 0
