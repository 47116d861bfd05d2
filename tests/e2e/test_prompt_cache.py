"""The model of the prompt cache, against the rules that its docstring states."""

from typing import Any

import pytest

from .prompt_cache import PromptCache, count_tokens, minimum_tokens

MODEL = "claude-opus-5-5"
MARK = {"cache_control": {"type": "ephemeral"}}
MARK_1H = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}


def text(size_tokens: int, **more: Any) -> dict[str, Any]:
    """A text block of exactly this many tokens."""
    empty = len('{"type": "text", "text": ""}')
    return {"type": "text", "text": "x" * (size_tokens * 4 - empty), **more}


def request(*blocks: dict[str, Any], model: str = MODEL, **more: Any) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": list(blocks)}], **more}


def ask(cache: PromptCache, body: dict[str, Any]) -> tuple[int, int, int]:
    """Tokens uncached, written and read of a request that is then answered."""
    found = cache.look_up(body)
    cache.write(found)
    usage = found.usage(output_tokens=1)
    return usage["input_tokens"], usage["cache_creation_input_tokens"], usage["cache_read_input_tokens"]


def test_a_longer_request_reads_what_the_shorter_one_wrote() -> None:
    cache = PromptCache()

    assert ask(cache, request(text(600, **MARK), text(10))) == (10, 600, 0)
    assert ask(cache, request(text(600), text(10), text(20, **MARK))) == (0, 30, 600)
    assert ask(cache, request(text(600), text(10), text(20, **MARK))) == (0, 0, 630)


def test_a_changed_block_loses_everything_after_it() -> None:
    cache = PromptCache()
    ask(cache, request(text(600, **MARK), text(50, **MARK)))

    assert ask(cache, request(text(600, **MARK), text(51, **MARK))) == (0, 51, 600)
    assert ask(cache, request(text(601, **MARK), text(50, **MARK))) == (0, 651, 0)


def test_models_do_not_share_entries() -> None:
    cache = PromptCache()
    ask(cache, request(text(600, **MARK)))

    assert ask(cache, request(text(600, **MARK), model="claude-sonnet-5-5")) == (0, 600, 0)


def test_an_entry_is_there_only_once_its_answer_has_begun() -> None:
    cache = PromptCache()
    body = request(text(600, **MARK))
    first, second = cache.look_up(body), cache.look_up(body)

    assert (first.read_tokens, second.read_tokens) == (0, 0)


@pytest.mark.parametrize(("between", "read"), [(18, 600), (19, 0)])
def test_a_breakpoint_looks_back_over_twenty_positions(between: int, read: int) -> None:
    cache = PromptCache()
    ask(cache, request(text(600, **MARK)))
    body = request(text(600), *[text(10)] * between, text(10, **MARK))

    assert ask(cache, body)[2] == read


def test_a_run_of_tool_results_is_one_position() -> None:
    cache = PromptCache()
    ask(cache, request(text(600, **MARK)))
    results = [{"type": "tool_result", "tool_use_id": f"toolu_{i}", "content": "x"} for i in range(40)]

    assert ask(cache, request(text(600), *results, text(10, **MARK)))[2] == 600


@pytest.mark.parametrize(
    ("model", "tokens"),
    [
        ("claude-opus-5-5", 512),
        ("claude-haiku-5-5", 512),
        ("claude-sonnet-5", 1024),
        ("claude-sonnet-5-5", 512),
        ("claude-sonnet-4-5-20250929", 1024),
        ("claude-haiku-4-5", 4096),
        ("some-other-model", 512),
    ],
)
def test_below_the_minimum_of_the_model_nothing_is_cached(model: str, tokens: int) -> None:
    short, long = request(text(tokens - 1, **MARK), model=model), request(text(tokens, **MARK), model=model)

    assert minimum_tokens(model) == tokens
    assert ask(PromptCache(), short) == (tokens - 1, 0, 0)
    assert ask(PromptCache(), long) == (0, tokens, 0)


def test_what_is_written_counts_for_the_lifetime_that_its_breakpoint_asks_for() -> None:
    found = PromptCache().look_up(request(text(600, **MARK_1H), text(100, **MARK)))

    assert found.usage(1)["cache_creation"] == {"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 600}


def test_deferred_tools_and_the_billing_block_are_no_part_of_the_prefix() -> None:
    tools = [{"name": "a"}, {"name": "b", "defer_loading": True}]
    billing = {"type": "text", "text": "x-anthropic-billing-header: 1"}
    plain = request(text(600, **MARK), tools=tools[:1], system=[text(10)])
    full = request(text(600, **MARK), tools=tools, system=[billing, text(10)])

    assert PromptCache().look_up(full) == PromptCache().look_up(plain)
    assert count_tokens(full) == count_tokens(plain) == 600 + 10 + 4
