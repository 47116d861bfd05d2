"""The command line: names the commands, and loads only the one that was asked for.

Exit statuses: 0 done; 1 done, and the answer is a no (a check failed, a limit was passed) or cannot be written; 2 wrong
usage or a configuration that cannot be used; 3 nothing to work on (no transcripts, no files); 130 interrupted.
"""

from __future__ import annotations

import errno
import importlib
import io
import os
import sys
from collections.abc import Mapping, Sequence

from mcp_lean import __version__
from mcp_lean.errors import LeanError

# In the order in which a person needs them: (command, module, help).
COMMANDS: tuple[tuple[str, str, str], ...] = (
    ("try", "mcp_lean.cli.try_it", "read some files of a folder through the server; what that costs"),
    ("cost", "mcp_lean.cli.cost", "what your Claude Code sessions cost, and where it went"),
    ("replay", "mcp_lean.cli.replay", "what your sessions would have cost otherwise, losses included"),
    ("doctor", "mcp_lean.cli.doctor", "check the installation, and what in your set-up costs too much"),
    ("init", "mcp_lean.cli.init", "server, hooks and agents into Claude Code; `--undo` removes them"),
    ("plugin", "mcp_lean.cli.plugin", "print the plugin's folder, for `claude --plugin-dir`"),
    ("watch", "mcp_lean.cli.watch", "the running session, live; Ctrl-C ends it"),
    ("budget", "mcp_lean.cli.budget", "what sessions have used of their limits; `--raise` gives one more"),
    ("compact", "mcp_lean.cli.compact", "a checkpoint of a session: what is needed to go on or to hand over"),
    ("read", "mcp_lean.cli.read", "the tool read_many, in a shell"),
    ("grep", "mcp_lean.cli.grep", "the tool grep_and_read, in a shell"),
    ("map", "mcp_lean.cli.map", "the tool repo_summary, in a shell"),
    ("hook", "mcp_lean.cli.hook", "answer a hook event of Claude Code, read from stdin"),
    ("serve", "mcp_lean.cli.serve", "run the MCP server on stdin and stdout (Claude Code does this)"),
)

FULL = (errno.ENOSPC, errno.EDQUOT)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not sys.stdout and arguments != ["serve"]:
        # It was closed before the start: nobody wants to read, and no file of ours must take its place.
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 (open as long as the process)
    try:
        try:
            return _run(arguments, is_process=argv is None)
        finally:
            if sys.stdout:
                sys.stdout.flush()  # here, where a reader that has gone can still be told from a failure
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader of our output has gone (`| head`): not our failure, and nothing is left to say.
        _drop_output()
        return 0
    except OSError as error:
        if error.errno not in FULL:
            raise
        _drop_output()
        print(f"mcp-lean: what there is to say cannot be written: {error.strerror}", file=sys.stderr)
        return 1  # 2 would be a refusal, of a hook
    except LeanError as error:
        print(f"mcp-lean: {error}", file=sys.stderr)
        return 2


def _run(arguments: list[str], *, is_process: bool) -> int:
    if arguments == ["serve"]:
        # Starts with every session, and the first request to the model waits for it: not even argparse is loaded.
        served: int = importlib.import_module("mcp_lean.cli.serve").run(None)
        return served
    if arguments[:1] == ["hook"] and arguments[1:2] not in (["-h"], ["--help"]):
        # A process for each event: as little as possible is loaded. Wrong usage would be status 2, a refusal.
        from mcp_lean.cli import hook

        return hook.end_with_answer(arguments[1:]) if is_process else hook.answer(arguments[1:])
    import argparse

    # A command's module is loaded when it is named, so that help and the hooks never pay for another command's imports.
    named = next((word for word in arguments if not word.startswith("-")), None)
    parser = argparse.ArgumentParser(
        prog="mcp-lean", description="What Claude Code runs cost, and tools, agents and limits to make them cheaper."
    )
    parser.add_argument("--version", action="version", version=f"mcp-lean {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for name, module, words in COMMANDS:
        command = commands.add_parser(name, help=words, description=f"{words[0].upper()}{words[1:]}.")
        if name == named:
            implementation = importlib.import_module(module)
            implementation.add_arguments(command)
            command.set_defaults(run=implementation.run)
    options, unknown = parser.parse_known_args(arguments)
    if unknown:  # said by the command that does not know them; argparse itself would show the list of commands
        commands.choices.get(options.command, parser).error(f"unrecognized arguments: {' '.join(unknown)}")
    if options.command is None:
        parser.print_help(sys.stderr)
        return 2
    _take_anything(sys.stdout)
    _stand_somewhere(os.environ)
    status: int = options.run(options)
    return status


def _drop_output() -> None:
    """What is still held for a stream that takes nothing would fail again at the end of the process."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _stand_somewhere(environ: Mapping[str, str]) -> None:
    """As after `git worktree remove` in another shell. Raises `LeanError`."""
    if environ.get("CLAUDE_PROJECT_DIR"):
        return
    try:
        os.getcwd()
    except FileNotFoundError:
        raise LeanError("the folder that you are in has been deleted; cd to one that is there") from None


def _take_anything(stream: object) -> None:
    """Paths and transcripts hold characters that a narrow encoding does not: these are printed as their escapes."""
    if isinstance(stream, io.TextIOWrapper) and stream.errors in ("strict", "surrogateescape"):
        stream.reconfigure(errors="backslashreplace")
