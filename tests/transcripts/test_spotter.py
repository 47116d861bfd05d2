"""The reference totals of a public set of real transcripts (marot/spotter, clients 2.1.38 and 2.1.39).

The set is not part of this project; `MCP_LEAN_SPOTTER` names its folder. Sums over distinct message ids, each number
at its maximum, per file. Output is a placeholder throughout: no `stop_reason` is set anywhere.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mcp_lean.transcripts.model import Agent, Gaps, Run, Skipped
from mcp_lean.transcripts.read import Loaded, load_runs

FOLDER = os.environ.get("MCP_LEAN_SPOTTER", "")

pytestmark = pytest.mark.skipif(
    not os.path.isdir(FOLDER), reason="MCP_LEAN_SPOTTER names no folder with the spotter transcripts"
)

# file, agent: requests, input, write 5m, write 1h, read, output reported, output estimated (rounded as published)
TOTALS = {
    ("short", "main"): (1, 3, 0, 13_835, 11_515, 13, 254),
    ("tool_heavy", "main"): (4, 54, 0, 17_696, 88_231, 212, 648),
    ("subagent", "main"): (12, 1_576, 0, 25_842, 427_286, 1_586, 5_500),
    ("subagent", "afb92ff"): (5, 24, 0, 14_285, 95_343, 7, None),
    ("258c7280", "main"): (152, 180, 0, 349_474, 14_771_617, 38_899, 49_700),
    ("258c7280", "a881341"): (3, 15, 0, 42_176, 34_159, 3, 1_400),
    ("258c7280", "acompact-fffbd0"): (1, 3, 0, 2_487, 166_758, 6, 4_000),
    ("4d5611e5", "main"): (139, 177, 479_537, 0, 11_618_567, 28_755, 49_500),
    ("4d5611e5", "a2898e3"): (12, 53, 71_257, 0, 604_156, 136, 7_100),
    ("4d5611e5", "acompact-e1f845"): (1, 3, 8_681, 0, 164_830, 8, 4_400),
    ("8463c716", "main"): (143, 2_481, 0, 260_451, 15_740_561, 40_320, 51_400),
    ("8463c716", "a7be2f0"): (13, 94, 0, 13_554, 299_487, 33, 3_300),
    ("8463c716", "acompact-f46190"): (1, 3, 0, 2_814, 167_093, 6, 3_400),
    ("ae4a77f8", "main"): (217, 242, 237_121, 0, 16_553_628, 49_467, 65_100),
    ("ae4a77f8", "aac57f5"): (3, 2_408, 18_814, 0, 29_274, 7, 1_700),
    ("ae4a77f8", "acompact-946d2b"): (1, 3, 121_689, 0, 17_842, 8, 4_500),
    ("fa812bfe", "main"): (157, 1_502, 260_212, 0, 15_373_675, 36_256, 48_200),
    ("fa812bfe", "a93ccab"): (11, 70, 45_621, 0, 329_070, 28, 5_500),
    ("fa812bfe", "aa84377"): (9, 52, 52_562, 0, 306_055, 17, 5_900),
    ("fa812bfe", "acompact-70d8e7"): (1, 3, 2_414, 0, 166_873, 6, 4_100),
    ("6c2214d7", "afc096d"): (18, 219, 0, 39_438, 457_858, 28, 6_700),
}


@pytest.fixture(scope="module")
def loaded() -> Loaded:
    return load_runs([FOLDER])


def agents(loaded: Loaded) -> dict[tuple[str, str], Agent]:
    return {(name(run), agent.id): agent for run in loaded.runs for agent in run.agents}


def name(run: Run) -> str:
    stem = os.path.basename(run.path).removesuffix(".jsonl")
    return stem if stem in ("short", "tool_heavy", "subagent") else stem[:8]


def test_every_agent_has_its_reference_total_to_the_token(loaded: Loaded) -> None:
    found = {
        key: (
            len(agent.requests),
            agent.usage.input_tokens,
            agent.usage.cache_write_5m_tokens,
            agent.usage.cache_write_1h_tokens,
            agent.usage.cache_read_tokens,
            agent.usage.output_tokens,
        )
        for key, agent in agents(loaded).items()
    }

    assert found == {key: totals[:6] for key, totals in TOTALS.items()}


def test_estimated_output_agrees_with_the_reference(loaded: Loaded) -> None:
    """The published estimates are rounded to hundreds; ours round each request to a whole token."""
    for key, agent in agents(loaded).items():
        reference = TOTALS[key][6]
        if reference is not None:
            assert agent.usage.output_estimated_tokens == pytest.approx(reference, abs=max(1, 60 * (reference > 999)))
            assert agent.usage.is_output_estimated


def test_the_totals_over_the_whole_folder(loaded: Loaded) -> None:
    """The worked total of all rows above: 904 requests."""
    total = [sum(row[column] or 0 for row in TOTALS.values()) for column in range(6)]
    usage = sum((run.usage for run in loaded.runs), start=type(loaded.runs[0].usage)())

    assert total[0] == 904
    assert total[1:] == [
        usage.input_tokens,
        usage.cache_write_5m_tokens,
        usage.cache_write_1h_tokens,
        usage.cache_read_tokens,
        usage.output_tokens,
    ]


def test_nothing_is_left_out_of_these_files(loaded: Loaded) -> None:
    assert loaded.skipped == Skipped()
    assert loaded.files == 20


def test_gaps_are_those_of_the_folder(loaded: Loaded) -> None:
    gaps = {name(run): run.gaps for run in loaded.runs}

    assert gaps == {
        **dict.fromkeys(("short", "tool_heavy", "258c7280", "4d5611e5", "8463c716", "ae4a77f8", "fa812bfe"), Gaps()),
        "subagent": Gaps(partial_subagents=1),
        "6c2214d7": Gaps(is_main_missing=True),
    }


def test_each_long_session_was_compacted_once(loaded: Loaded) -> None:
    resets = {
        name(run): [run.main.requests[marker.before_request].reset for marker in run.main.compactions]
        for run in loaded.runs
        if run.main and run.main.compactions
    }

    assert sorted(resets) == ["258c7280", "4d5611e5", "8463c716", "ae4a77f8", "fa812bfe"]
    assert all(kinds == ["compaction"] for kinds in resets.values())


def test_kinds_and_links_of_all_agents(loaded: Loaded) -> None:
    for (_, agent_id), agent in agents(loaded).items():
        if agent_id == "main":
            assert agent.kind == "main"
        elif agent_id.startswith("acompact"):
            assert agent.kind == "compaction"
        elif agent_id != "afc096d":  # the orphan
            assert (agent.kind, agent.parent_id) == ("subagent", "main")
            assert agent.agent_type
            assert agent.spawn_call_id.startswith("toolu_")


def test_one_session_has_two_models_in_its_main_agent(loaded: Loaded) -> None:
    """T23: Haiku 133 and Opus 84 requests."""
    counts: dict[str, int] = {}
    for request in agents(loaded)["ae4a77f8", "main"].requests:
        counts[request.model.split("-")[1]] = counts.get(request.model.split("-")[1], 0) + 1

    assert counts == {"haiku": 133, "opus": 84}


def test_copies_are_a_subset_of_the_files(loaded: Loaded) -> None:
    """45 of 56 requests; the copies of `subagent.jsonl` are all that there is of its agent."""
    sources = [agent.source for agent in agents(loaded).values()]

    assert (sources.count("file"), sources.count("progress"), sources.count("sidechain")) == (20, 1, 0)


def test_a_second_way_to_the_files_gives_the_same_runs(loaded: Loaded) -> None:
    """Named one by one, the main files bring their agents along; only the orphan has to be named by its folder."""
    names = [str(path) for path in sorted(Path(FOLDER).iterdir(), reverse=True) if path.name != "LICENSE"]

    assert load_runs(names).runs == loaded.runs
