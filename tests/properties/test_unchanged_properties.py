"""No "unchanged since you read it" that is not true.

Random histories of agents, edits, compactions, resumes, rewinds, clearings, forks, restarts and damaged transcripts.
The model knows what each agent really holds: the messages of its newest request. Whenever an answer tells an agent that
something is unchanged, the model looks there.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path
from threading import Event

from guard.conversation import CLEARED, TOOL_USES, Conversation, main_of, subagent_of
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from mcp_lean.guard.unchanged.deliveries import Deliveries, Delivery
from mcp_lean.guard.unchanged.held import RECENT_TOKENS
from mcp_lean.repo.workspace import Workspace
from mcp_lean.tools import grep_and_read, read_many
from mcp_lean.tools.base import Context
from mcp_lean.tools.grep_and_read import GrepAndRead
from mcp_lean.tools.read_many import ReadMany

UNCHANGED = " unchanged since you read it; ask again for the text"
FILES = ("a.py", "b.py")
ITEMS = ("a.py", "b.py", "a.py:1-45", "a.py#f1", "*.py")
VERSIONS = range(3)

which = st.sampled_from((0, 0, 0, 1, 2, 3))
arrivals = st.sampled_from(["whole"] * 8 + ["cancelled", "persisted", "altered", "cleared"])
writing = st.sampled_from(["in time"] * 6 + ["late", "torn", "never"])
asked = st.lists(st.sampled_from(ITEMS), min_size=1, max_size=3, unique=True)


def source(version: int) -> str:
    """60 lines in two definitions; versions differ in one of the first ten lines."""
    lines = [f"    value_{n} = compute_something({n})" for n in range(58)]
    lines[3] = f"    version = {version}"
    return "\n".join(["def f1():", *lines[:40], "def f2():", *lines[40:]]) + "\n"


class Histories(RuleBasedStateMachine):
    """`told` counts over all histories: a property that never meets the case proves nothing."""

    told = 0

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.project = self.folder / "project"
        self.project.mkdir()
        self.workspace = Workspace(str(self.project), {"HOME": str(self.folder)})
        self.deliveries = Deliveries()
        self.open: dict[str, Delivery] = {}
        self.happening = 0
        self.clock = count(1)
        self.writes = dict.fromkeys(FILES, 0)
        self.delivered: dict[str, dict[str, int]] = {}
        for path in FILES:
            self.write(path, 0)
        self.sessions = count(1)
        self.agents: list[Conversation] = [self.new_main()]

    def teardown(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def new_main(self) -> Conversation:
        return main_of(self.folder / "transcripts", f"s{next(self.sessions)}")

    def agent(self, number: int) -> Conversation:
        return self.agents[number % len(self.agents)]

    # --- what agents do -------------------------------------------------------------------------------------------

    @rule(number=which, calls=st.lists(asked, min_size=1, max_size=2), arrival=arrivals, writes=writing)
    def reads(self, number: int, calls: list[list[str]], arrival: str, writes: str) -> None:
        self.read(number, calls, arrival, writes)

    def read(self, number: int, calls: list[list[str]], arrival: str, writes: str) -> list[str]:
        agent = self.agent(number)
        agent.flush()
        ids = agent.call(["mcp__lean__read_many"] * len(calls))
        answers = [
            read_many.run(ReadMany(items=items), self.context(agent, call, writes))
            for items, call in zip(calls, ids, strict=True)
        ]
        self.answered(agent, ids, answers, arrival)
        return answers

    @rule(number=which, pattern=st.sampled_from(("value_2", "f1", "compute")), arrival=arrivals)
    def search(self, number: int, pattern: str, arrival: str) -> None:
        agent = self.agent(number)
        [call] = agent.call(["mcp__lean__grep_and_read"])
        answer = grep_and_read.run(GrepAndRead(patterns=[pattern]), self.context(agent, call, "in time"))
        self.answered(agent, [call], [answer], arrival)

    def context(self, agent: Conversation, call: str, writes: str) -> Context:
        whole = agent.unwritten
        if writes == "in time":
            agent.flush()
        elif writes == "torn":
            agent.unwritten = whole[: -len(whole) // 3]
            agent.flush()
            agent.unwritten = whole[-len(whole) // 3 :]
        stop = Stop(None if writes == "never" else agent.flush)
        self.open[call] = self.deliveries.to(agent.caller, call)
        return Context(self.workspace, stop, agent.caller, delivery=self.open[call])

    def answered(self, agent: Conversation, ids: list[str], answers: list[str], arrival: str) -> None:
        for answer in answers:
            for line in answer.split("\n"):
                if line.startswith("note: ") and line.endswith(UNCHANGED):
                    self.holds(agent, line.removeprefix("note: ").removesuffix(UNCHANGED))
        for call, answer in zip(ids, answers, strict=True):
            self.open.pop(call).sent(answer)
            self.delivered[call] = dict(self.writes)
            if arrival == "cancelled":
                agent.result(call, "[Request interrupted by user for tool use]", is_error=True)
            elif arrival == "persisted":
                agent.result(call, f"<persisted-output>\nPreview:\n{answer[:2000]}\n</persisted-output>")
            elif arrival == "altered":
                agent.result(call, answer.replace("value_", "val_"))
            else:
                agent.result(call, answer)
            if arrival == "cleared":  # before it was ever sent
                agent.clear_results()

    # --- what is true ---------------------------------------------------------------------------------------------

    def holds(self, agent: Conversation, name: str) -> None:
        """The agent holds these lines, as they are in the file now, near by, and as the last it was told of them."""
        Histories.told += 1
        item = name.split(" ")[0]
        path = item.partition(":")[0]
        plain = read_many.run(ReadMany(items=[item]), Context(self.workspace))
        rows = plain.partition("\n")[2]
        results = agent.results()
        holding = [(number, call) for number, call, text in results if rows in text]
        assert holding, f"{agent.agent_id or 'main'} does not hold {name}"
        number, call = holding[-1]
        assert agent.tokens_since(number) <= RECENT_TOKENS, f"{name} was read long ago"
        assert self.delivered[call][path] == self.writes[path], f"{name} was written to since"
        stubs = [n for n, _, text in results if any(is_stub_of(line, item) for line in text.split("\n"))]
        assert not stubs or stubs[-1] <= number, f"{name} was asked for again"

    # --- what happens to files, contexts, servers and transcripts -------------------------------------------------

    @rule(path=st.sampled_from(FILES), version=st.sampled_from(VERSIONS))
    def write(self, path: str, version: int) -> None:
        """Also what is there already. Clocks of file systems may stand still for some milliseconds."""
        file = self.project / path
        file.write_text(source(version), encoding="utf-8")
        os.utime(file, ns=(0, next(self.clock)))
        self.writes[path] += 1

    @rule(number=which, chars=st.sampled_from((10, 10, 3_000, 60_000, 130_000)))
    def other_call(self, number: int, chars: int) -> None:
        agent = self.agent(number)
        [call] = agent.call(["Bash"])
        agent.result(call, "x" * chars, as_text=True)

    @rule(number=which, ends=st.booleans())
    def prompt(self, number: int, ends: bool) -> None:
        agent = self.agent(number)
        if ends:
            agent.say()
        agent.prompt()

    @rule(number=which, skipped=st.integers(0, 17), item=st.sampled_from(ITEMS[:3]), is_sent=st.booleans())
    def happens(self, number: int, skipped: int, item: str, is_sent: bool) -> None:
        """One of the ways in which text leaves a context, or a proof is lost; they take turns. Before it a text was
        delivered, and perhaps sent to the model; after it the agent asks again."""
        at = number % len(self.agents)
        for _ in range(2):
            if UNCHANGED not in self.read(number, [[item]], "whole", "in time")[0]:
                break
        if is_sent:
            self.other_call(number, 10)
        self.happening += 1 + skipped
        HAPPENINGS[self.happening % len(HAPPENINGS)](self, at)
        self.read(number, [[item]], "whole", "in time")

    def compact(self, at: int) -> None:
        self.agents[at].compact("auto")

    def compact_by_hand(self, at: int) -> None:
        self.agents[at].compact("manual", keep=2)
        self.agents[at].prompt()

    def rewind(self, at: int) -> None:
        if prompts := len(self.agents[at].prompts):
            self.agents[at].rewind(min(2, prompts))
        self.agents[at].prompt("otherwise")

    def clear_results(self, at: int) -> None:
        self.agents[at].clear_results()

    def clear_old_results(self, at: int) -> None:
        self.agents[at].clear_results(keep=1)

    def replace_results(self, at: int) -> None:
        self.agents[at].clear_results()
        self.agents[at].plain("content-replacement", replacements=[{"replacement": CLEARED}])

    def let_the_service_clear(self, at: int) -> None:
        agent = self.agents[at]
        agent.edits = agent.edits[:1] if TOOL_USES in agent.edits else [*agent.edits, TOOL_USES]

    def clear(self, at: int) -> None:
        """A new session in the same process of client and server."""
        if not self.agents[at].agent_id:
            self.agents[at] = self.new_main()

    def spawn(self, at: int) -> None:
        session = self.agents[at].session
        name = f"a{sum(agent.session == session for agent in self.agents)}"
        if len(self.agents) < 4:
            self.agents.append(subagent_of(self.folder / "transcripts", name, session))

    def fork(self, at: int) -> None:
        """Another session begins with a copy of this one, and both go on."""
        agent = self.agents[at]
        if agent.agent_id or len(self.agents) > 3:
            return
        agent.flush()
        session = f"s{next(self.sessions)}"
        copy = replace(agent, path=agent.path.with_name(f"{session}.jsonl"), session=session, last_request="")
        copy.messages, copy.prompts, copy.edits = [*agent.messages], [*agent.prompts], [*agent.edits]
        copy.carriers = dict(agent.carriers)
        shutil.copyfile(agent.path, copy.path)
        self.agents.append(copy)

    def resume(self, at: int) -> None:
        self.agents[at].restart()

    def restart(self, at: int) -> None:
        self.agents[at].restart()
        self.deliveries = Deliveries()

    def lose_the_transcript(self, at: int) -> None:
        self.agents[at].flush()
        self.agents[at].path.unlink()

    def cut_the_transcript(self, at: int) -> None:
        self.rewritten(at, lambda data: data[: len(data) * 2 // 3])

    def put_back_the_transcript(self, at: int) -> None:
        self.rewritten(at, lambda data: b"".join(data.splitlines(keepends=True)[:-7]))

    def spoil_the_transcript(self, at: int) -> None:
        self.rewritten(at, lambda data: data + b"{no\n")

    def rewritten(self, at: int, change: Callable[[bytes], bytes]) -> None:
        self.agents[at].flush()
        self.agents[at].path.write_bytes(change(self.agents[at].path.read_bytes()))

    def write_something_new(self, at: int) -> None:
        self.agents[at].plain("something-new", content="x")


HAPPENINGS = (
    Histories.compact,
    Histories.compact_by_hand,
    Histories.rewind,
    Histories.clear_results,
    Histories.clear_old_results,
    Histories.replace_results,
    Histories.let_the_service_clear,
    Histories.clear,
    Histories.spawn,
    Histories.spawn,
    Histories.fork,
    Histories.resume,
    Histories.restart,
    Histories.lose_the_transcript,
    Histories.cut_the_transcript,
    Histories.put_back_the_transcript,
    Histories.spoil_the_transcript,
    Histories.write_something_new,
)


def is_stub_of(line: str, item: str) -> bool:
    return line.endswith(UNCHANGED) and line.startswith(f"note: {item} ")


class Stop(Event):
    """While somebody waits, the client writes."""

    def __init__(self, write: Callable[[], None] | None) -> None:
        super().__init__()
        self._write = write

    def wait(self, timeout: float | None = None) -> bool:
        if self._write:
            self._write()
        return False


def test_no_agent_is_told_that_it_has_what_it_has_not() -> None:
    Histories.told = 0

    run_state_machine_as_test(
        Histories,
        settings=settings(
            max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )

    assert Histories.told > 30
