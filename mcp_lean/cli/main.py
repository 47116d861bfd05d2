"""The command line: names the commands, and loads only the one that was asked for.

Exit statuses: 0 done; 1 done, and the answer is a no (a check failed, a limit was passed); 2 wrong usage or a
configuration that cannot be used; 3 nothing to work on (no transcripts, no files); 130 interrupted.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence

from mcp_lean import __version__
from mcp_lean.errors import LeanError

# In the order in which a person needs them: (command, module, help).
COMMANDS: tuple[tuple[str, str, str], ...] = (
    ("try", "mcp_lean.cli.try_it", "read some files of a folder through the server, and show what that costs"),
    ("init", "mcp_lean.cli.init", "register server, hooks and agents with Claude Code; `--undo` takes that back"),
    ("doctor", "mcp_lean.cli.doctor", "check the installation, and what in your set-up costs more than it has to"),
    ("plugin", "mcp_lean.cli.plugin", "print the folder of the Claude Code plugin, for `claude --plugin-dir`"),
    ("cost", "mcp_lean.cli.cost", "what your Claude Code runs cost, and where it went"),
    ("replay", "mcp_lean.cli.replay", "what your runs would have cost under other policies, losses included"),
    ("watch", "mcp_lean.cli.watch", "the running session, live: agents, context, dollars"),
    ("read", "mcp_lean.cli.read", "the tool read_many, in a shell"),
    ("grep", "mcp_lean.cli.grep", "the tool grep_and_read, in a shell"),
    ("map", "mcp_lean.cli.map", "the tool repo_summary, in a shell"),
    ("compact", "mcp_lean.cli.compact", "a checkpoint of a run: what is needed to go on with it, or to hand over"),
    ("budget", "mcp_lean.cli.budget", "what runs have used of their limits; `--raise` gives a run more"),
    ("hook", "mcp_lean.cli.hook", "answer a hook event of Claude Code, read from stdin"),
    ("serve", "mcp_lean.cli.serve", "run the MCP server on stdin and stdout (Claude Code does this)"),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        try:
            return _run(arguments)
        finally:
            if sys.stdout:  # None when it was closed before the start
                sys.stdout.flush()  # here, where a reader that has gone can still be told from a failure
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader of our output has gone (`| head`): not our failure, and nothing is left to say.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except LeanError as error:
        print(f"mcp-lean: {error}", file=sys.stderr)
        return 2


def _run(arguments: list[str]) -> int:
    if arguments == ["serve"]:
        # Starts with every session, and the first request to the model waits for it: not even argparse is loaded.
        served: int = importlib.import_module("mcp_lean.cli.serve").run(None)
        return served
    if arguments[:1] == ["hook"] and arguments[1:2] not in (["-h"], ["--help"]):
        # A process for each event: as little as possible is loaded. Wrong usage would be status 2, a refusal.
        from mcp_lean.cli import hook

        return hook.answer(arguments[1:])
    import argparse

    # A command's module is loaded when it is named, so that help and the hooks never pay for another command's imports.
    named = next((word for word in arguments if not word.startswith("-")), None)
    parser = argparse.ArgumentParser(
        prog="mcp-lean", description="Makes parallel Claude Code runs cheaper, and shows where the money goes."
    )
    parser.add_argument("--version", action="version", version=f"mcp-lean {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for name, module, words in COMMANDS:
        command = commands.add_parser(name, help=words, description=f"{words[0].upper()}{words[1:]}.")
        if name == named:
            implementation = importlib.import_module(module)
            implementation.add_arguments(command)
            command.set_defaults(run=implementation.run)
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help(sys.stderr)
        return 2
    status: int = options.run(options)
    return status
