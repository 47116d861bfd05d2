"""Whole sessions, made up at random, for laws that must hold for all of them."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

from .records import (
    Record,
    agent_progress,
    assistant,
    attachment,
    compact_boundary,
    results,
    text,
    tool_result,
    tool_use,
    usage,
    user,
)

IDS = st.sampled_from([f"m{n}" for n in range(6)])
TOOLS = st.sampled_from([f"t{n}" for n in range(5)])
AGENTS = st.sampled_from(["a1", "a2"])
WORDS = st.text(max_size=12)
TIMES = st.one_of(st.none(), st.integers(0, 59).map(lambda second: f"2026-11-22T10:00:{second:02d}Z"))
COUNTS = st.integers(0, 60_000)

BLOCKS = st.one_of(
    st.builds(text, WORDS),
    st.builds(lambda tool, words: tool_use(tool, "Agent", prompt=words), TOOLS, WORDS),
    st.builds(lambda tool, words: tool_use(tool, "Bash", command=words), TOOLS, WORDS),
    st.builds(lambda size: {"type": "thinking", "thinking": "", "signature": "s" * size}, st.integers(0, 99)),
)
ANSWERS = st.builds(
    lambda key, blocks, numbers, stop, time: assistant(
        key,
        *blocks,
        used=usage(numbers[0], numbers[1], read=numbers[2], write_5m=numbers[3]),
        stop=stop,
        timestamp=time,
    ),
    IDS,
    st.lists(BLOCKS, max_size=3),
    st.tuples(COUNTS, COUNTS, COUNTS, COUNTS),
    st.sampled_from([None, "end_turn"]),
    TIMES,
)
RESULTS = st.builds(
    lambda tool, words, agent: results(
        tool_result(tool, words, is_error=words.startswith("E")),
        toolUseResult={"status": "completed", "agentId": agent},
    ),
    TOOLS,
    WORDS | st.just("[Old tool result content cleared]"),
    AGENTS,
)
PROMPTS = st.builds(lambda words, meta: user(words, isMeta=meta), WORDS, st.booleans())
PLAIN = st.one_of(ANSWERS, RESULTS, PROMPTS, st.builds(compact_boundary, COUNTS))
SIDE = st.builds(
    lambda record, uuid, parent: {**record, "isSidechain": True, "uuid": f"u{uuid}", "parentUuid": f"u{parent}"},
    PLAIN,
    st.integers(0, 4),
    st.integers(0, 4),
)
NOISE: st.SearchStrategy[Record | bytes] = st.one_of(
    st.binary(max_size=20).map(lambda data: data.replace(b"\n", b"")),
    st.sampled_from([b"", b"{", b'{"type":"new"}', b'{"type":"mode","mode":"x"}', b'{"type":"user"}', b"[]"]),
    st.builds(lambda words: attachment("date", [{"content": words}]), WORDS),
    st.builds(lambda cost: {"type": "cost-state", "totalCostUSD": cost, "modelUsage": {}}, st.floats(0, 9)),
)
LINES = st.lists(
    st.one_of(PLAIN, SIDE, NOISE, st.builds(agent_progress, AGENTS, PLAIN, TOOLS)),
    max_size=14,
)


@dataclass(frozen=True)
class Session:
    """Lines of the main file and of each agent's file."""

    main: list[Record | bytes]
    agents: dict[str, list[Record | bytes]]


SESSIONS = st.builds(
    Session,
    LINES,
    st.dictionaries(
        st.sampled_from(["a1", "a2", "acompact-9f00"]), st.lists(st.one_of(PLAIN, NOISE), max_size=6), max_size=2
    ),
)
