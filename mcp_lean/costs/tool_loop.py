"""What the tools of an agent have cost: the arguments the model wrote, the results it carried, the round trips it made.

In:  an agent, its priced requests, the amounts per origin.
Out: `ToolCost` per tool, `CallCost` per call, `RoundTrips`.
Not here: how results are charged while they stay in context (`attribution`).

A tool's cost is results + arguments. A round trip re-reads the whole context, whatever the tool; that is a look across
all lines of the bill (the base and the history are read), so it is shown beside a tool and never added to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from mcp_lean.costs.attribution import Amount, Priced
from mcp_lean.costs.context import apportion
from mcp_lean.costs.origins import Origin, is_own_tool
from mcp_lean.transcripts.model import Agent, ToolCall


@dataclass(frozen=True, slots=True)
class ToolCost:
    """One tool, over all its calls."""

    name: str
    own: bool
    calls: int = 0
    errors: int = 0
    unanswered: int = 0
    """Calls without a result in the transcript."""
    result_bytes: int = 0
    result_tokens: int = 0
    """Brought into the context, by the real growth of the context."""
    argument_tokens: int = 0
    """Written by the model."""
    result_picousd: int = 0
    """Written into the cache once, and read by every later request until a reset."""
    argument_picousd: int = 0
    """As output, and carried afterwards."""
    round_trip_picousd: int = 0
    """Reads of the cached context by the requests that took in the tool's results; not part of `picousd`."""

    @property
    def picousd(self) -> int:
        return self.result_picousd + self.argument_picousd

    def __add__(self, other: ToolCost) -> ToolCost:
        return ToolCost(
            self.name,
            self.own,
            self.calls + other.calls,
            self.errors + other.errors,
            self.unanswered + other.unanswered,
            self.result_bytes + other.result_bytes,
            self.result_tokens + other.result_tokens,
            self.argument_tokens + other.argument_tokens,
            self.result_picousd + other.result_picousd,
            self.argument_picousd + other.argument_picousd,
            self.round_trip_picousd + other.round_trip_picousd,
        )


@dataclass(frozen=True, slots=True)
class CallCost:
    """One call's result in the context of its agent."""

    call: ToolCall
    index: int
    """Position of the calling request in its agent."""
    result_tokens: int
    result_picousd: int


@dataclass(frozen=True, slots=True)
class RoundTrips:
    """Requests that only took in tool results, and what they paid to read the context again."""

    requests: int = 0
    picousd: int = 0

    def __add__(self, other: RoundTrips) -> RoundTrips:
        return RoundTrips(self.requests + other.requests, self.picousd + other.picousd)


def round_trips(priced: Sequence[Priced]) -> RoundTrips:
    """Of one agent."""
    loop = [item for item in priced if item.request.is_tool_loop]
    return RoundTrips(len(loop), sum(item.bill.cache_read_picousd for item in loop))


def call_costs(agent: Agent, origins: Mapping[Origin, Amount]) -> tuple[CallCost, ...]:
    """Every call of the agent, in order."""
    found = []
    for index, request in enumerate(agent.requests):
        for call in request.calls:
            amount = origins.get(Origin("result", call.name, is_own_tool(call.name), call.id), Amount())
            found.append(CallCost(call, index, amount.entered_tokens, amount.prompt_picousd))
    return tuple(found)


def tool_costs(agent: Agent, priced: Sequence[Priced], origins: Mapping[Origin, Amount]) -> tuple[ToolCost, ...]:
    """The tools of one agent."""
    found: list[ToolCost] = []
    for request in agent.requests:
        for call in request.calls:
            own = is_own_tool(call.name)
            written = origins.get(Origin("arguments", call.name, own, call.id), Amount())
            carried = origins.get(Origin("result", call.name, own, call.id), Amount())
            found.append(
                ToolCost(
                    call.name,
                    own,
                    calls=1,
                    errors=int(call.result is not None and call.result.is_error),
                    unanswered=int(call.result is None),
                    result_bytes=call.result.result_bytes if call.result else 0,
                    result_tokens=carried.entered_tokens,
                    argument_tokens=written.output_tokens,
                    result_picousd=carried.picousd,
                    argument_picousd=written.picousd,
                )
            )
    names = {call.id: call.name for request in agent.requests for call in request.calls}
    for item in priced:
        results = [names[call_id] for call_id in item.request.entered.results if call_id in names]
        if item.request.is_tool_loop and results:
            shares = apportion([1] * len(results), item.bill.cache_read_picousd)
            found += [
                ToolCost(name, is_own_tool(name), round_trip_picousd=share)
                for name, share in zip(results, shares, strict=True)
            ]
    return merge_tools([found])


def merge_tools(parts: Iterable[Iterable[ToolCost]]) -> tuple[ToolCost, ...]:
    """One entry per tool, dearest first, equals by name."""
    merged: dict[str, ToolCost] = {}
    for part in parts:
        for tool in part:
            merged[tool.name] = merged[tool.name] + tool if tool.name in merged else replace(tool)
    return tuple(sorted(merged.values(), key=lambda tool: (-tool.picousd, tool.name)))
