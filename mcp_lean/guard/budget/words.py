"""The sentences about limits that an agent, its parent, or a person reads.

In:  a `Standing`, and how many requests it took to get there.
Out: one or two plain sentences each; every stop names the command that lifts it.
Not here: when they are said (`verdict`), the sentences of other rooms (their own `words`).
"""

from __future__ import annotations

from mcp_lean.guard.budget.limits import Standing, percent

RAISES = {
    "usd": "5",
    "requests": "100requests",
    "tokens": "500000tokens",
    "context_tokens": "50000context",
}
"""What is offered to a person after `mcp-lean budget --raise`, by kind of limit."""

FOR_PEOPLE = "The limits of agents stand in this file: it is written to only if the person agrees. Reading it is free."
OFF_NOW = "mcp-lean: the guard is off in the settings; in the last session in this folder it was on"


def kind(standing: Standing) -> str:
    """The kind of limit without its scope: "usd", "requests", "tokens" or "context_tokens"."""
    return standing.name.partition("_")[2]


def amount(name: str, value: float) -> str:
    """A number in the unit of its kind of limit."""
    return f"${value:.2f}" if name == "usd" else f"{value:,.0f} {name.replace('_', ' ')}"


def used(standing: Standing) -> str:
    """For example "this run has used $24.10 of $25.00 (96 %)"; the share is rounded down."""
    whose = "this run" if standing.name.startswith("run_") else "this agent"
    name = kind(standing)
    number = amount(name, standing.used) if name == "usd" else f"{standing.used:,.0f}"
    return f"{whose} has used {number} of {amount(name, standing.limit)} ({percent(standing.used, standing.limit)})"


def lift(standing: Standing) -> str:
    """What a person can do about it."""
    return f"A person can lift this in a shell of their own: mcp-lean budget --raise {RAISES[kind(standing)]}"


def notice(standing: Standing, requests: int) -> str:
    """At 75 %: what is left, in requests like the ones before."""
    left = standing.limit - standing.used
    words = f"Budget: {used(standing)}; {amount(kind(standing), max(left, 0))} left"
    if requests and standing.used and kind(standing) in ("usd", "tokens"):
        more = int(left / (standing.used / requests))
        plural = "s" * (more != 1)
        words += f", about {more} more request{plural} like those so far" if more else ", less than one more request"
    return f"{words}. Do what matters most first."


def finish(standing: Standing) -> str:
    """At 95 %: the last word before the stop."""
    return f"Budget: {used(standing)}. Finish now: report what is done, what is left, and where it lies."


def stopped(standing: Standing) -> str:
    """At 100 %. The request that would have come next counts, and then never comes: so its part is named."""
    estimated = f", {amount(kind(standing), standing.estimated)} of it estimated" if standing.estimated >= 0.005 else ""
    return f"Stopped: {used(standing)}{estimated}. {lift(standing)}"


def report(standing: Standing) -> str:
    """For the orchestrator of a run whose limit is used up."""
    return (
        f"Budget: {used(standing)}; its subagents are stopped. Report to the person now what is done and what is left; "
        "further calls end the run. "
        f"{lift(standing)}"
    )


def changed(difference: str) -> str:
    """To the person, at the beginning of a session."""
    return f"mcp-lean: limits have changed since the last session in this folder: {difference}"


def kept(difference: str) -> str:
    """To the person, where the settings now say something else than those that the session began with."""
    return (
        f"mcp-lean: the settings now say {difference}; this session keeps the limits that it began with "
        "(mcp-lean budget --raise lifts them)"
    )


def kept_for(problem: str) -> str:
    return f"mcp-lean: this session keeps the limits that it began with: {problem}"


def off_for(problem: str) -> str:
    return f"mcp-lean: the guard is off: {problem}"


def no_more_agents(standing: Standing) -> str:
    """Why an orchestrator may start no more agents."""
    return f"Not started: {used(standing)}. {lift(standing)}"


def to_parent(agent_type: str, agent_id: str, reason: str, requests: int, transcript_path: str) -> str:
    """One sentence for the parent of a stopped agent: why, how much was done, where the partial results lie."""
    who = f"{agent_type} agent {agent_id}" if agent_type else f"agent {agent_id}"
    where = f", its partial results are in {transcript_path}" if transcript_path else ""
    return f"The {who} was stopped after {requests} requests ({reason.rstrip('.')}){where}."
