"""`mcp-lean compact`: a checkpoint of a run: what is needed to go on with it, and nothing else of its history.

Exit statuses: 0 printed; 2 wrong usage; 3 no transcript found, or nothing to say (one line on stderr says why).
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mcp_lean.checkpoint.model import Checkpoint

LEAST, MOST = 120, 20_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    which = parser.add_argument_group(
        "which run (default: the newest one of this project)"
    ).add_mutually_exclusive_group()
    which.add_argument("--session", metavar="ID", help="the run with this id, or the beginning of it, in any project")
    which.add_argument("--transcript", metavar="FILE", help="this transcript, of a run or of one subagent")
    which.add_argument("--previous", action="store_true", help="the run before the newest one of this project")
    parser.add_argument(
        "--agent", metavar="ID", default="main", help="a subagent of it, by id (default: the main agent)"
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
    main, own_agent = agent_of(path)
    try:
        found = SessionCheckpoints(main).checkpoint(
            args.agent if args.agent != "main" else own_agent, budget, is_brief=args.brief
        )
    except OSError as error:
        print(f"mcp-lean compact: {path}: {error.strerror or error}", file=sys.stderr)
        return 3
    if args.json:
        _print_json(found, path)
    elif found.text:
        print(found.text)
    if not found.text:
        asked = f"--agent {args.agent}: " if args.agent != "main" else ""
        known = "; mcp-lean cost names the agents of a run" if asked else ""
        print(f"mcp-lean compact: {asked}{found.reason}{known}", file=sys.stderr)
    return 0 if found.text else 3


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
        # A session that has just begun may have no transcript yet: the newest one is then the one before.
        others = [path for path in newest if os.path.basename(path) != f"{current}.jsonl"]
        newest = others if current else newest[1:]
    if newest:
        return newest[0], ""
    sought = f"with an id that begins {wanted}" if wanted else f"of {cwd}"
    found_what = "no earlier run" if args.previous else "0 runs"
    elsewhere = "" if wanted else "; --session ID takes a run of any project"
    return "", f"{found_what} found {sought}; looked for <session>.jsonl{elsewhere}"


def _print_json(found: Checkpoint, path: str) -> None:
    import json

    shown = {
        "transcript": path,
        "tokens": found.tokens,
        "text": found.text,
        "reason": found.reason,
        "sections": [{"name": part.name, "lines": [line.text for line in part.lines]} for part in found.sections],
        "dropped": dict(found.dropped),
    }
    print(json.dumps(shown, indent=2, ensure_ascii=False))
