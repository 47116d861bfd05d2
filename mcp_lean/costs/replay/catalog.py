"""The policies a replay knows, in the order in which they are printed, and those that are applied together.

In:  the modules of `policies`.
Out: `POLICIES`, `info(name)`, `members(bundle, bound)`.
Not here: applying them (`run`).
"""

from __future__ import annotations

from collections.abc import Collection

from mcp_lean.costs.replay.outcome import Bound, PolicyInfo
from mcp_lean.costs.replay.policies import (
    batching,
    cache_lifetime,
    caps,
    cheaper_main,
    clear,
    definitions,
    effort,
    lean_agents,
    lean_base,
    loops,
    native_parallel,
    outlines,
    own,
    repeats,
    routing,
    scout,
    stagger,
    steady_prefix,
)
from mcp_lean.costs.replay.policy import Policy

MODULES: tuple[Policy, ...] = (
    batching,
    native_parallel,
    outlines,
    caps,
    definitions,
    repeats,
    lean_agents,
    routing,
    scout,
    stagger,
    clear,
    cache_lifetime,
    lean_base,
    steady_prefix,
    loops,
    effort,
    cheaper_main,
    own,
)

_AGENTS_AND_BASE = ("lean_agents", "routing", "lean_base")
_BELIEVED = ("steady_prefix",)

TOGETHER = PolicyInfo(
    "together",
    "Everything together",
    ("strict", "expected", "upper"),
    (
        (
            "In this order: scout, outlines, batching, lean agents, routing, lean base, clear, repeats, loops; "
            "expected: and steady prefix; upper: and stagger and cache lifetime. Each acts on what the ones before "
            "have left."
        ),
        "Left out: caps and definitions (they do what outlines do), effort and a cheaper main model.",
        "Every agent and every model does what the policy says each time.",
    ),
    "a short session: our definitions and lines cost more than there is to save",
    is_bundle=True,
)

WITHOUT_SERVER = PolicyInfo(
    "without_server",
    "Agents, hooks and settings only",
    ("strict", "expected"),
    (
        (
            "As together, without the tools of the server: scout, lean agents, routing, lean base, clear, loops; "
            "expected: and steady prefix."
        ),
        "No definitions of ours are in the main conversation, only the names of our agents.",
    ),
    "nothing of all this occurs: the hooks' lines then cost a little",
    is_bundle=True,
)

POLICIES: tuple[PolicyInfo, ...] = (*(module.INFO for module in MODULES), TOGETHER, WITHOUT_SERVER)


def info(name: str) -> PolicyInfo:
    """That policy. Raises KeyError where there is none of this name."""
    found = next((policy for policy in POLICIES if policy.name == name), None)
    if found is None:
        raise KeyError(name)
    return found


def members(name: str, bound: Bound, leaving_out: Collection[str] = ()) -> tuple[Policy, ...]:
    """The modules that a policy or bundle is made of at that bound, in the order in which they are applied.

    Args:
        leaving_out: names of policies that a bundle does without.
    """
    names: tuple[str, ...] = (name,)
    if info(name).is_bundle:
        believed = _BELIEVED if bound != "strict" else ()
        hindsight = ("stagger", "cache_lifetime") if bound == "upper" else ()
        with_server = name == TOGETHER.name
        names = (
            *("scout", *(("outlines", "batching") if with_server else ())),
            *(*_AGENTS_AND_BASE, *believed, *hindsight, "clear"),
            # Behind all that takes texts out of the context: what has gone is no repetition.
            *(*(("repeats",) if with_server else ()), "loops"),
        )
    by_name = {module.INFO.name: module for module in MODULES}
    return tuple(by_name[found] for found in names if found == name or found not in leaving_out)
