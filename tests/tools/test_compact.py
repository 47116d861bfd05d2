"""What compact answers, and to whom."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from guard.runs import SESSION, Place, Writer

from mcp_lean.config import Budget
from mcp_lean.errors import AskError
from mcp_lean.guard.identity import Caller
from mcp_lean.guard.ledger.ledger import Ledger
from mcp_lean.packing.tokens import cost
from mcp_lean.repo.workspace import Workspace
from mcp_lean.tools.base import Context
from mcp_lean.tools.compact import TOOL, Compact


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    place = Place(tmp_path)
    monkeypatch.delenv("CLAUDE_CONFIG_DIR", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    main, scout = Writer(), Writer(agent_id="a1")
    place.append("", main.prompt("Fix the cart. Never push.") + b"".join(main.request()))
    place.append("a1", scout.prompt("Find the callers. Report them.") + b"".join(scout.request()))
    return place


@pytest.fixture
def ledger(place: Place) -> Iterator[Ledger]:
    opened = Ledger.open(place.environ)
    yield opened
    opened.close()


def ask(place: Place, ledger: Ledger | None, agent_id: str | None, budget: int = 1_500, path: str = "") -> str:
    caller = None if agent_id is None else Caller(SESSION, agent_id, "", path or str(place.main))
    context = Context(Workspace(str(place.home), {}), caller=caller, ledger=ledger, limits=Budget())
    return TOOL.run(Compact(budget=budget), context)


def test_each_agent_hears_of_its_own_task(place: Place, ledger: Ledger) -> None:
    assert "> Fix the cart. Never push." in ask(place, ledger, "").splitlines()
    found = ask(place, ledger, "a1").splitlines()
    assert found[0].startswith("State of a subagent, ")
    assert "last request, from the agent that started this one:" in found
    assert "> Find the callers. Report them." in found


def test_without_a_caller_the_run_s_main_agent_is_meant(place: Place, ledger: Ledger) -> None:
    ledger.remember(place.pre("toolu_1"))

    found = ask(place, ledger, None).splitlines()  # the request that makes this call is estimated
    assert "> Fix the cart. Never push." in found
    assert found[-1] == "budget: $0.02 of $25.00 are spent in this run, in 3 requests"


def test_the_answer_fits_its_budget(place: Place, ledger: Ledger) -> None:
    assert cost(ask(place, ledger, "", budget=300)) <= 300


def test_a_transcript_outside_claude_code_s_folder_is_not_read(place: Place, ledger: Ledger, tmp_path: Path) -> None:
    other = tmp_path / "other.jsonl"
    other.write_bytes(place.main.read_bytes())

    with pytest.raises(AskError, match="not in Claude Code's folder of projects"):
        ask(place, ledger, "", path=str(other))
    with pytest.raises(AskError, match="not in Claude Code's folder of projects"):
        ask(place, ledger, "", path=str(place.main.parent / ".." / ".." / ".." / "other.jsonl"))


def test_an_agent_s_id_leads_nowhere_else(place: Place, ledger: Ledger) -> None:
    """It is taken from an event, and becomes part of a path."""
    with pytest.raises(AskError, match="nothing to say"):
        ask(place, ledger, "../../../../other")


@pytest.mark.parametrize("is_counting", [True, False])
def test_a_run_that_nobody_named_is_asked_for(place: Place, ledger: Ledger, is_counting: bool) -> None:
    with pytest.raises(AskError, match="no hook has said which run this is"):
        ask(place, ledger if is_counting else None, None)


def test_nothing_to_say_is_said_in_a_line(place: Place, ledger: Ledger) -> None:
    with pytest.raises(AskError, match=r"^compact: nothing to say: the transcript holds no request yet$"):
        ask(place, ledger, "a99")
