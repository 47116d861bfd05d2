"""The real server process with tools that do what no tool should. Run by the tests of this folder."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from asyncio import CancelledError
from pathlib import Path

from mcp_lean.errors import AskError
from mcp_lean.repo.programs import run as run_program
from mcp_lean.server.stdio import main
from mcp_lean.tools.base import Arguments, Context, Strings, Tool


class Nothing(Arguments):
    pass


class Many(Arguments):
    items: Strings
    count: int = 1
    flag: bool = False


class Named(Arguments):
    name: str


class Sized(Arguments):
    characters: int


def echo(args: Many, ctx: Context) -> str:
    return f"{args.items} {args.count} {args.flag}"


def wait(args: Named, ctx: Context) -> str:
    """Until told to stop; leaves a file behind when it begins, and another when it ends."""
    Path(f"{args.name}.began").touch()
    try:
        while True:
            ctx.check()
            time.sleep(0.01)
    finally:
        Path(f"{args.name}.ended").touch()


def sleep(args: Named, ctx: Context) -> str:
    """Deaf: looks at nothing."""
    Path(f"{args.name}.began").touch()
    time.sleep(600)
    return ""


def child(args: Named, ctx: Context) -> str:
    """Runs a program that says nothing for a long time."""
    script = "import os, sys, time; os.symlink(str(os.getpid()), sys.argv[1]); time.sleep(600)"
    run_program((sys.executable, "-c", script, f"{args.name}.pid"), cwd=os.getcwd(), check=ctx.check)
    return ""


def chatter(args: Nothing, ctx: Context) -> str:
    """Writes wherever it can, and reads what is not meant for it."""
    print("printed")
    print("printed and flushed", flush=True)
    sys.stdout.buffer.write(b"buffered\n")
    os.write(1, b'{"jsonrpc": "2.0", "id": 1, "result": "forged"}\n')
    subprocess.run((sys.executable, "-c", "import os; os.write(1, b'a child spoke\\n')"), check=True)
    done = subprocess.run((sys.executable, "-c", "import sys; print(repr(sys.stdin.read()))"), capture_output=True)
    return f"stdin of a child: {done.stdout.decode().strip()}; own: {sys.stdin.read()!r}"


class Unspeakable(BaseException):
    def __str__(self) -> str:
        raise RuntimeError("an exception without words")


def fail(args: Named, ctx: Context) -> str:
    if args.name == "recursion":
        return fail(args, ctx)
    if args.name == "none":
        return None  # type: ignore[return-value]
    raise {
        "exit": SystemExit(7),
        "interrupt": KeyboardInterrupt(),
        "memory": MemoryError(),
        "value": ValueError("a secret of the code: /private/path"),
        "cancelled": CancelledError(),
        "generator": GeneratorExit(),
        "unspeakable": Unspeakable(),
        "ask": AskError("half \ud800 a character: ask for src/app.py"),
    }[args.name]


def halves(args: Nothing, ctx: Context) -> str:
    return f"a\ud800b\udfffc {os.fsdecode(b'name-' + bytes([0xFF]) + b'.py')} \U0001f600"


def long(args: Sized, ctx: Context) -> str:
    return "x" * args.characters


TOOLS = tuple(
    Tool(name=run.__name__, description=run.__name__, arguments=arguments, run=run)
    for run, arguments in (
        (echo, Many),
        (wait, Named),
        (sleep, Named),
        (child, Named),
        (chatter, Nothing),
        (fail, Named),
        (halves, Nothing),
        (long, Sized),
    )
)

if __name__ == "__main__":
    main(TOOLS)
