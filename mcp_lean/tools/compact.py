"""compact: what the calling agent needs to go on with if its history went: a checkpoint of its transcript.

In:  the tokens that the answer may have; who calls is known from the hooks.
Out: the checkpoint's text, with the state of the budget; without hooks, that of the run's main agent.
Not here: what a checkpoint says (`checkpoint`), putting one in after a compaction (`guard/continuing/compaction`).
"""

from __future__ import annotations

import os

from mcp_lean.errors import AskError
from mcp_lean.tools.base import Arguments, Budget, Context, Tool, within_limits

DEFAULT_BUDGET_TOKENS = 1_500


class Compact(Arguments):
    """The arguments."""

    budget: Budget = DEFAULT_BUDGET_TOKENS


def run(args: Compact, context: Context) -> str:
    """The checkpoint of the agent that calls.

    Raises:
        AskError: nothing says whose transcript it is, it cannot be read, or there is nothing to say yet.
    """
    from mcp_lean.checkpoint.live import SessionCheckpoints
    from mcp_lean.transcripts.locate import is_in_a_root

    caller, ledger = context.caller, context.ledger
    session = caller.session_id if caller else ledger.own_session() if ledger else ""
    path = caller.transcript_path if caller else ledger.transcript(session) if ledger and session else ""
    if not path:
        raise AskError("compact: no hook has said which run this is; `mcp-lean compact` in a shell finds the newest")
    if not is_in_a_root(path, os.environ):
        raise AskError("compact: the run's transcript is not in Claude Code's folder of projects, so it is not read")
    budget, remark = within_limits(args.budget)
    try:
        found = SessionCheckpoints(path).checkpoint(
            caller.agent_id if caller else "", budget, spent_line=_spent(context, session)
        )
    except OSError as error:
        raise AskError(f"compact: the transcript cannot be read: {error.strerror or error}") from error
    if not found.text:
        raise AskError(f"compact: {found.reason}")
    return f"{found.text}\n{remark}" if remark else found.text


def _spent(context: Context, session: str) -> str:
    """What the run has used of its money, in one line."""
    ledger = context.ledger
    if ledger is None:
        return ""
    spent = ledger.spent(session, None)
    if not spent.requests:
        return ""
    limit = context.limits.run_usd if context.limits else 0.0
    of = f" of ${limit + ledger.raised_usd(session):.2f}" if limit else ""
    return f"${spent.usd + spent.reserved_usd:.2f}{of} are spent in this run, in {spent.requests} requests"


TOOL = Tool(
    name="compact",
    description="Your state from the transcript, to go on or hand over: task, plan, decisions, agents, errors, files.",
    arguments=Compact,
    run=run,
)
