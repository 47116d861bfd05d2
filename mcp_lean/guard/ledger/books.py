"""What a run has spent, request by request, and what is in flight.

In:  `Entry`: one request with its price; `Flight`: the last sign of life of an agent.
Out: totals per agent and for the run, exact; an estimate for requests whose bill is not written yet.
Not here: reading transcripts (`spend`), keeping (`ledger`), limits (`guard/budget`).

The transcript lags up to 0.2 s behind the events, and a request that was just sent is in no file at all. Both are
estimated from the agent's last request, and the estimate goes when the bill is there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from mcp_lean.guard.budget.limits import Spent

PICO = 10**12
OUTPUTS_FOR_MEDIAN = 31
"""So many newest outputs of an agent stand for the next one."""


class Entry(NamedTuple):
    """One request. Rates are picodollars per token, as this request was charged.

    call_ids: of the tool calls that it asked for.
    is_final, seen_chars: how much of the message was read when this was made; the reading that saw more counts.
    """

    request_id: str
    agent_id: str
    model: str = ""
    picousd: int = 0
    tokens: int = 0
    context_tokens: int = 0
    cache_read_tokens: int = 0
    output_tokens: int = 0
    read_rate: int = 0
    write_rate: int = 0
    output_rate: int = 0
    is_final: bool = True
    seen_chars: int = 0
    call_ids: tuple[str, ...] = ()


class Flight(NamedTuple):
    """The last sign of life of an agent.

    call_id: of a call that its newest request asked for.
    is_next: all calls of that request have ended, so another request follows.
    entered_tokens: what their results bring in, estimated.
    """

    call_id: str
    is_next: bool = False
    entered_tokens: int = 0


class Place(NamedTuple):
    """How far a transcript file was read."""

    path: str
    device: int
    inode: int
    size_bytes: int


OLDER = -1
"""Place of a request of which only the amounts are in memory."""


class Account:
    """Totals of one agent. What is known by place is known of the newest requests at least."""

    def __init__(
        self,
        picousd: int = 0,
        requests: int = 0,
        tokens: int = 0,
        prompt_tokens: int = 0,
        cache_read_tokens: int = 0,
    ) -> None:
        self.picousd = picousd
        self.requests = requests
        self.tokens = tokens
        self.prompt_tokens = prompt_tokens
        self.cache_read_tokens = cache_read_tokens
        self.last: Entry | None = None
        self.outputs: dict[int, int] = {}
        """Which request of the agent, from 0 -> its output tokens."""
        self.positions: dict[str, int] = {}
        """Call id -> which request of the agent asked for it."""
        self.changes = 0
        """How often it changed."""

    @property
    def context_tokens(self) -> int:
        return self.last.context_tokens if self.last else 0

    @property
    def usual_output_tokens(self) -> int:
        """The median of the newest requests."""
        first = max(0, self.requests - OUTPUTS_FOR_MEDIAN)
        recent = sorted(self.outputs[place] for place in range(first, self.requests) if place in self.outputs)
        return recent[len(recent) // 2] if recent else 0

    def add(self, entry: Entry, position: int | None) -> int:
        """Takes in a request, at the place of its older state if it had one. Its place."""
        if position is None:
            position = self.requests
            self.requests += 1
        self.changes += 1
        self.picousd += entry.picousd
        self.tokens += entry.tokens
        self.prompt_tokens += entry.context_tokens
        self.cache_read_tokens += entry.cache_read_tokens
        if position != OLDER:
            self.put(entry, position)
        return position

    def put(self, entry: Entry, position: int) -> None:
        """Notes where a request stands."""
        self.outputs[position] = entry.output_tokens
        self.positions.update((call_id, position) for call_id in entry.call_ids)
        if position == self.requests - 1:
            self.last = entry

    def take_off(self, entry: Entry) -> None:
        """Takes the amounts of an older state off."""
        self.picousd -= entry.picousd
        self.tokens -= entry.tokens
        self.prompt_tokens -= entry.context_tokens
        self.cache_read_tokens -= entry.cache_read_tokens


class Pending(NamedTuple):
    """Estimated: requests that are sent but not written (`unwritten`), and their price together with the next one's."""

    picousd: int = 0
    unwritten: int = 0
    unwritten_tokens: int = 0


def pending(account: Account, flight: Flight | None) -> Pending:
    """What is in flight for an agent. Nothing before its first written request: there is nothing to go by."""
    last = account.last
    if flight is None or last is None:
        return Pending()
    position = account.positions.get(flight.call_id)
    unwritten = int(position is None)
    is_next = flight.is_next and (position is None or position == account.requests - 1)
    output = account.usual_output_tokens
    context, added, price, tokens = last.context_tokens, last.output_tokens, 0, 0
    for number in range(unwritten + is_next):
        is_last = number == unwritten + is_next - 1
        added += flight.entered_tokens if is_last else 0
        price += context * last.read_rate + added * last.write_rate + output * last.output_rate
        if number < unwritten:
            tokens += context + added + output
        context, added = context + added, output
    return Pending(price, unwritten, tokens)


class Books:
    """All requests of one run.

    Args:
        entries: requests that are known, in the order in which they came.
        find: gives an older request that was not among `entries` by its id.
        is_copy: whether a request that is new here was billed to another run: a forked session begins with the lines
            of the one that it was forked from.
    """

    def __init__(
        self,
        entries: Iterable[Entry] = (),
        find: Callable[[str], Entry | None] = lambda _: None,
        is_copy: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self.accounts: dict[str, Account] = {}
        self._entries: dict[str, tuple[Entry, int]] = {}
        self._find = find
        self._is_copy: Callable[[str], bool] = lambda _: False
        self._waiting: dict[str, tuple[int, Flight | None, Pending]] = {}
        for entry in entries:
            self.put(entry)
        self._is_copy = is_copy

    def restore(self, agent_id: str, account: Account, newest: Sequence[Entry]) -> None:
        """Begins an agent's account with totals that were kept, and its newest requests."""
        first = account.requests - len(newest)
        for position, entry in enumerate(newest, first):
            account.put(entry, position)
            self._entries[entry.request_id] = (entry, position)
        self.accounts[agent_id] = account

    def put(self, entry: Entry, *, is_whole: bool = True) -> Entry | None:
        """Takes in a request, new or known better; the state that now counts, `None` if nothing changed.

        Args:
            is_whole: the file was read from its start. Otherwise a reading that saw less of the message than the one
                before changes nothing, and the request stays with the agent that had it first.
        """
        before, position = self._entries.get(entry.request_id) or self._older(entry.request_id)
        if before is not None:
            if not is_whole:
                if (entry.is_final, entry.seen_chars) < (before.is_final, before.seen_chars):
                    return None
                entry = entry._replace(agent_id=before.agent_id)
            if entry == before:
                return None
            if entry.agent_id != before.agent_id:
                entry = entry._replace(agent_id=before.agent_id)
            self.accounts[before.agent_id].take_off(before)
        elif self._is_copy(entry.request_id):
            return None
        account = self.accounts.setdefault(entry.agent_id, Account())
        self._entries[entry.request_id] = (entry, account.add(entry, position))
        return entry

    def _older(self, request_id: str) -> tuple[Entry, int] | tuple[None, None]:
        found = self._find(request_id)
        return (found, OLDER) if found else (None, None)

    def _pending(self, agent_id: str, flight: Flight | None) -> Pending:
        """As `pending`; worked out again only after a change, for a run has many agents and each event asks for all."""
        account = self.accounts[agent_id]
        changes, known, waiting = self._waiting.get(agent_id, (-1, None, Pending()))
        if changes != account.changes or known != flight:
            waiting = pending(account, flight)
            self._waiting[agent_id] = (account.changes, flight, waiting)
        return waiting

    def has_call(self, agent_id: str, call_id: str) -> bool:
        """Whether the request that asked for a call is among the newest that are known of its agent."""
        account = self.accounts.get(agent_id)
        return account is not None and call_id in account.positions

    def of_agent(self, agent_id: str, flight: Flight | None = None) -> Spent:
        """What one agent has spent. A request that was sent and is not written counts as a request already."""
        account = self.accounts.get(agent_id)
        if account is None:
            return Spent()
        waiting = self._pending(agent_id, flight)
        return Spent(
            account.picousd / PICO,
            waiting.picousd / PICO,
            account.requests + waiting.unwritten,
            account.tokens + waiting.unwritten_tokens,
            account.context_tokens,
        )

    @property
    def picousd(self) -> int:
        """The whole bill so far, exact."""
        return sum(account.picousd for account in self.accounts.values())

    def of_run(self, flights: dict[str, Flight]) -> Spent:
        """What all agents have spent together."""
        waiting = [self._pending(agent_id, flights.get(agent_id)) for agent_id in self.accounts]
        return Spent(
            self.picousd / PICO,
            sum(each.picousd for each in waiting) / PICO,
            sum(account.requests for account in self.accounts.values()) + sum(each.unwritten for each in waiting),
            sum(account.tokens for account in self.accounts.values()) + sum(each.unwritten_tokens for each in waiting),
        )
