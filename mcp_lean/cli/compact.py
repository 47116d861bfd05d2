"""`mcp-lean compact`: a checkpoint of a session: what is needed to go on with it, and nothing else of its history.

Exit statuses: 0 printed; 2 wrong usage; 3 no transcript found, or nothing to say (one line on stderr says why).
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mcp_lean.checkpoint.model import Checkpoint

LEAST, MOST = 120, 20_000
MOST_NAMED = 12


def add_arguments(parser: argparse.ArgumentParser) -> None:
    which = parser.add_argument_group(
        "which session (default: the newest one of this project)"
    ).add_mutually_exclusive_group()
    which.add_argument("--session", metavar="ID", help="the session whose id begins with this, of any project")
    which.add_argument("--transcript", metavar="FILE", help="this transcript, of a session or of one subagent")
    which.add_argument(
        "--previous", action="store_true", help="the session that this one cleared; else the one before the newest here"
    )
    parser.add_argument(
        "--agent",
        metavar="ID",
        default="main",
        help="the subagent of it whose id begins with this (default: the orchestrator)",
    )
    how = parser.add_argument_group("how")
    how.add_argument("--budget", metavar="TOKENS", type=int, help="the most it may cost (default: 1500; --brief: 700)")
    how.add_argument("--brief", action="store_true", help="background for a new subagent, to put into its prompt")
    how.add_argument("--json", action="store_true", help="for programs")


def run(args: argparse.Namespace) -> int:
    """Find, distil, print. See the module for the statuses."""
    import os
    import sys

    from mcp_lean.checkpoint.live import SessionCheckpoints, agent_of

    budget = args.budget if args.budget is not None else 700 if args.brief else 1_500
    if not LEAST <= budget <= MOST:
        print(f"mcp-lean compact: --budget {budget}: between {LEAST} and {MOST} tokens", file=sys.stderr)
        return 2
    path, problem = _transcript(args, os.environ)
    if not path:
        print(f"mcp-lean compact: {problem}", file=sys.stderr)
        return 3
    main, agent = agent_of(path)
    if args.agent != "main" and agent == "main":
        agent, problem = _agent(main, args.agent)
        if problem:
            print(f"mcp-lean compact: --agent {args.agent}: {problem}", file=sys.stderr)
            return 3
    try:
        found = SessionCheckpoints(main).checkpoint(agent, budget, is_brief=args.brief)
    except OSError as error:
        print(f"mcp-lean compact: {path}: {error.strerror or error}", file=sys.stderr)
        return 3
    if args.json:
        _print_json(found, path)
    elif found.text:
        print(found.text)
    if not found.text:
        asked = f"--agent {args.agent}: " if args.agent != "main" else ""
        print(f"mcp-lean compact: {asked}{found.reason}", file=sys.stderr)
    return 0 if found.text else 3


def _agent(main: str, wanted: str) -> tuple[str, str]:
    """The id of the one subagent whose id begins so; or an empty one, and which agents there are."""
    from mcp_lean.packing.render import on_one_line
    from mcp_lean.transcripts.read import load_runs

    agents = [agent for run in load_runs([main]).runs for agent in run.agents if agent.kind != "main"]
    meant = [agent.id for agent in agents if agent.id == wanted] or [
        agent.id for agent in agents if agent.id.startswith(wanted)
    ]
    if len(meant) == 1:
        return meant[0], ""
    named = [on_one_line(f"{agent.id} ({agent.agent_type or agent.kind})") for agent in agents[:MOST_NAMED]]
    more = [f"{len(agents) - MOST_NAMED} more"] if len(agents) > MOST_NAMED else []
    what = f"{len(meant)} agents of this session begin so" if meant else "no agent of this session"
    return "", f"{what}; it has {', '.join([*named, *more]) or 'no subagents'}"


def _transcript(args: argparse.Namespace, environ: Mapping[str, str]) -> tuple[str, str]:
    """The file that is meant; or an empty path and why there is none."""
    import os

    from mcp_lean.transcripts.locate import newest_sessions, project_folders, roots

    if args.transcript:
        path = os.path.abspath(os.path.expanduser(args.transcript))
        return (path, "") if os.path.isfile(path) else ("", f"--transcript {args.transcript}: no such file")
    cwd = environ.get("CLAUDE_PROJECT_DIR") or os.getcwd()
    places = roots(environ) if args.session else project_folders(cwd, environ)
    wanted = args.session or ""
    newest = newest_sessions(places, wanted)
    if args.previous:
        current = environ.get("CLAUDE_CODE_SESSION_ID")
        cleared = _cleared_by(current, environ) if current else ""
        if cleared:
            return cleared, ""
        # A session that has just begun may have no transcript yet: the newest one is then the one before.
        others = [path for path in newest if os.path.basename(path) != f"{current}.jsonl"]
        newest = others if current else newest[1:]
    if newest:
        return newest[0], ""
    sought = f"with an id that begins {wanted}" if wanted else f"of {cwd}"
    found_what = "no earlier session" if args.previous else "0 sessions"
    elsewhere = "" if wanted else "; --session ID takes one of any project"
    return "", f"{found_what} found {sought}; looked for <session>.jsonl{elsewhere}"


def _cleared_by(session_id: str, environ: Mapping[str, str]) -> str:
    """The transcript of the conversation that this one cleared, if our hooks saw that; else empty.

    One in which nothing was asked, as between two clears, is passed over.
    """
    import os

    from mcp_lean.folders import data_folder
    from mcp_lean.guard.continuing.seams import before
    from mcp_lean.guard.ledger.database import NAME
    from mcp_lean.guard.ledger.ledger import Ledger

    if not os.path.isfile(os.path.join(data_folder(environ), NAME)):
        return ""
    ledger = Ledger.open(environ)
    try:
        return next((found.transcript for found in before(ledger, session_id) if _has_requests(found.transcript)), "")
    finally:
        ledger.close()


def _has_requests(path: str) -> bool:
    from mcp_lean.transcripts.ends import read_ends

    try:
        return read_ends(path).first is not None
    except OSError:
        return False


def _print_json(found: Checkpoint, path: str) -> None:
    import json
    import sys

    from mcp_lean.report.show import is_narrow

    shown = {
        "transcript": path,
        "tokens": found.tokens,
        "text": found.text,
        "reason": found.reason,
        "sections": [{"name": part.name, "lines": [line.text for line in part.lines]} for part in found.sections],
        "dropped": dict(found.dropped),
    }
    print(json.dumps(shown, indent=2, ensure_ascii=is_narrow(sys.stdout)))
