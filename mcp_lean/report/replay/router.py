"""The guard's router, as a replay asks it: where would this call have gone?

In:  the arguments of a call that started an agent.
Out: `Sent`, by the same rule and words that route calls while they are made (`guard/routing`).
Not here: what that would have cost (`costs/replay/policies`), and which kinds have switched themselves off.
"""

from __future__ import annotations

from mcp_lean.costs.replay.model import Sent
from mcp_lean.guard.routing.policy import POLICIES, Around, route
from mcp_lean.transcripts.fields import Json

OURS = {policy.agent: policy.agent for policy in POLICIES.values() if policy.agent}
"""All of our agents are installed, under their short names."""


def sent(call: Json, cwd: str) -> Sent:
    """Where the router sends it; as it is, where the call leaves no choice open or its work is not clear."""
    found = route(call, Around(agents=OURS, cwd=cwd))
    if found.updated_input is None:
        return Sent()
    return Sent(OURS.get(found.agent_type, ""), found.model == "haiku")
