"""Which agent an `Agent` call should go to.

In:  the call as the model wrote it; what is known around it (`Around`).
Out: a `Route`: what to do with the call, and why. Pure: the same call and surroundings, the same route.
Not here: reading the words (`words`), noting it down (`log`), the hook (`watcher`).

Only a call that leaves the choice open is touched: no model, no effort, no isolation, nothing that is not known here,
and one of the client's two general types. Then effort comes first, for the same model with less effort was the cheaper
one in almost every published comparison; another model only for what needs none of the larger one's judgement.

    kind     agent      without our agents   model   effort    why
    read     scout      the same type        haiku   low       40 times cheaper; pays up to about half of failures
    run      runner     the same type        haiku   low       a command's output is digested, not judged
    review   reviewer   the same type        -       medium    judgement stays with the model that was chosen
    write    -          the same type        -       medium    no measurement says that a smaller model is cheaper
    other    untouched

"medium" lowers a higher effort and never raises one. Sources: docs/figures.md#routing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from mcp_lean.guard.routing.words import SEARCHING_TYPE, Kind, Work, work_of

GENERAL = ("general-purpose", SEARCHING_TYPE)
"""Types of the client that stand for no choice."""

FAILED_TOO_OFTEN = "failed too often here"
"""The reason of a call that is left alone because of its kind; such calls are counted (`standing`)."""

KNOWN_FIELDS = frozenset(("description", "prompt", "subagent_type", "model", "effort", "run_in_background"))

EFFORTS = ("low", "medium", "high", "xhigh", "max")


@dataclass(frozen=True, slots=True)
class Policy:
    """agent: by its short name. model, effort: empty: as the caller. is_cap: the effort is only lowered to it."""

    agent: str = ""
    model: str = ""
    effort: str = ""
    is_cap: bool = False


POLICIES: Mapping[Kind, Policy] = {
    Kind.READ: Policy("scout", "haiku", "low"),
    Kind.RUN: Policy("runner", "haiku", "low"),
    Kind.REVIEW: Policy("reviewer", "", "medium", True),
    Kind.WRITE: Policy("", "", "medium", True),
}


class Action(StrEnum):
    """ROUTED: the call was rewritten. ADVISED: the agent was told. QUIET: it had been told. LEFT: untouched."""

    ROUTED = "routed"
    ADVISED = "advised"
    QUIET = "quiet"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Around:
    """What is known when a call comes in.

    agents: short name -> the type under which our agent is installed here; empty where none is.
    overridden: general types that a person's own agent file has taken over.
    has_default_model: the person has set a model for all subagents.
    has_cheap_model: the client's "haiku" is Haiku 5.5.
    is_waited_for: nobody talks to the parent while the agent works: it can only wait.
    effort: of the parent; empty where unknown.
    failing: kind -> why it is not routed in this project.
    """

    agents: Mapping[str, str] = field(default_factory=dict)
    overridden: frozenset[str] = frozenset()
    has_default_model: bool = False
    has_cheap_model: bool = True
    is_waited_for: bool = False
    effort: str = ""
    failing: Mapping[str, str] = field(default_factory=dict)
    cwd: str = ""


@dataclass(frozen=True, slots=True)
class Route:
    """What to do with a call.

    updated_input: the whole new input; None: the call stays as it is, and `reason` says why.
    agent_type, model, effort: of the agent, as far as this names them.
    failing: why this kind is left alone here, in words for the person.
    """

    kind: Kind
    reason: str
    updated_input: dict[str, object] | None = None
    agent_type: str = ""
    model: str = ""
    effort: str = ""
    failing: str = ""


def route(call: Mapping[str, object], around: Around) -> Route:
    """Where a call should go."""
    asked_type = call.get("subagent_type") or GENERAL[0]
    if reason := _why_closed(call, around):
        return Route(Kind.OTHER, reason)
    work = work_of(_text(call, "description"), _text(call, "prompt"), str(asked_type), around.cwd)
    policy = POLICIES.get(work.kind)
    if policy is None:
        return Route(work.kind, f"not clear: {work.sign}")
    if work.kind in around.failing:
        return Route(work.kind, FAILED_TOO_OFTEN, failing=around.failing[work.kind])
    if policy.model and not around.has_cheap_model:
        return Route(work.kind, "no Haiku 5.5 here")
    agent_type = "" if _cannot(policy, work) else around.agents.get(policy.agent, "")
    effort = policy.effort if not policy.is_cap or _is_above(around.effort, policy.effort) else ""
    changes: dict[str, object] = {}
    if agent_type:
        changes["subagent_type"] = agent_type
    if policy.model:
        changes["model"] = policy.model
    if effort:
        changes["effort"] = effort
    if not changes:
        return Route(work.kind, f"{work.sign}: nothing is cheaper")
    if work.kind is Kind.READ and around.is_waited_for and "run_in_background" not in call:
        changes["run_in_background"] = False
    return Route(
        work.kind, work.sign, {**call, **changes}, agent_type or str(asked_type), policy.model, effort or around.effort
    )


def _why_closed(call: Mapping[str, object], around: Around) -> str:
    """Why a call is not ours to touch; empty if it is."""
    asked_type = call.get("subagent_type") or GENERAL[0]
    if asked_type not in GENERAL:
        return "names its agent"
    if asked_type in around.overridden:
        return "the project has its own agent of this name"
    if call.get("model"):
        return "names a model"
    if call.get("effort"):
        return "names an effort"
    if around.has_default_model:
        return "a model for subagents is set"
    if unknown := sorted(set(call) - KNOWN_FIELDS):
        return f"sets {', '.join(unknown)[:60]}"
    if not _text(call, "prompt"):
        return "has no prompt"
    return ""


def _cannot(policy: Policy, work: Work) -> bool:
    """Whether our agent lacks what the work needs: the scout has no shell, and our server reads the project alone."""
    if policy.agent == "scout":
        return work.needs_shell or work.is_outside
    return policy.agent == "reviewer" and work.is_outside


def _is_above(effort: str, cap: str) -> bool:
    return effort in EFFORTS and EFFORTS.index(effort) > EFFORTS.index(cap)


def _text(call: Mapping[str, object], name: str) -> str:
    value = call.get(name)
    return value if isinstance(value, str) else ""
