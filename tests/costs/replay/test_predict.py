"""The ideal cache: what only time takes away."""

from __future__ import annotations

from dataclasses import replace

import pytest

from costs.runs import agent, request, run
from mcp_lean.costs.replay.model import Work
from mcp_lean.costs.replay.predict import predicted, usage_of
from mcp_lean.costs.replay.record import work_of
from mcp_lean.costs.replay.simulate import picousd
from mcp_lean.transcripts.model import Request

from .made import READ, WORLD, WRITE, Step, made


def reads(*requests: Request) -> list[int]:
    [actor] = work_of(run([agent(requests)]), WORLD).actors
    return [round(found.read_tokens) for found in usage_of(actor)]


@pytest.mark.parametrize(
    ("gap_s", "lifetime", "read"),
    [(300.0, "write_5m", 20_000), (301.0, "write_5m", 0), (3_600.0, "write_1h", 20_000), (3_601.0, "write_1h", 0)],
)
def test_the_whole_earlier_prompt_is_read_until_its_lifetime_has_passed(gap_s: float, lifetime: str, read: int) -> None:
    first = request(0, at_s=0.0, **{lifetime: 20_000})  # type: ignore[arg-type]

    assert reads(first, request(1, at_s=gap_s, write_5m=21_000)) == [0, read]


def test_another_model_finds_nothing() -> None:
    assert reads(request(0, write_5m=20_000), request(1, read=20_000, model="claude-haiku-5-5")) == [0, 0]


def test_first_requests_and_those_after_a_compaction_are_taken_as_recorded() -> None:
    found = reads(
        request(0, read=7_000, write_5m=13_000),
        request(1, write_5m=21_000),
        request(2, read=4_000, write_5m=20_000, reset="compaction"),
    )

    assert found == [7_000, 20_000, 4_000]


def test_reading_keeps_the_lifetime_of_what_was_written() -> None:
    """The second request reads all and writes nothing; the hour of the first still holds."""
    found = reads(
        request(0, at_s=0.0, write_1h=20_000),
        request(1, at_s=3_000.0, read=20_000),
        request(2, at_s=6_000.0, read=20_000, write_1h=10),
    )

    assert found == [0, 20_000, 20_000]


def test_its_bill_is_the_recorded_one_without_breaks() -> None:
    actor = made([Step((("base", 20_000),), output=0), Step(hit=0.25, output=0)])

    assert picousd(predicted(Work((actor,)))) == 20_000 * (WRITE + READ)


def test_the_clients_own_requests_stay_as_recorded() -> None:
    actor = made([Step((("base", 20_000),)), Step(hit=0.25)], "compaction")
    work = Work((replace(actor),))

    assert picousd(predicted(work)) == picousd(work)
