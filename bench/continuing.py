"""Clear and continue, and compactions: what the hooks take, what they put into a context, and how often they advise.

    python bench/continuing.py [FOLDER] [--mb 50]

First a session of so many megabytes (made up, or with FOLDER out of its transcripts), and for each event the time that
the guard takes in a fresh process and when asked again. Aim: within the 1 s that a hook waits, 50 ms when asked again.
Then the sizes of what a model is sent. With FOLDER also the prompts at which the rule had something to decide, what it
said, and what that would have come to in a replay of each session, losers included. Exit status 1: an aim is missed.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).parent))

FIRST_MS, AGAIN_MS = 1_000.0, 50.0
SESSION, NEW = "5e551011-0000-4000-8000-000000000000", "5e551012-0000-4000-8000-000000000000"
EVENTS = ("a prompt", "a clear", "before a compaction", "after a compaction")


def main() -> int:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?")
    parser.add_argument("--mb", type=int, default=50)
    parser.add_argument("--event", choices=EVENTS, help=argparse.SUPPRESS)
    parser.add_argument("--home", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.folder and not Path(options.folder).is_dir():
        parser.error(f"{options.folder}: no such folder")
    if options.event:
        print(*took_ms(options.event, options.home))
        return 0
    is_met = speed(options.mb, options.folder)
    sizes()
    if options.folder:
        advised(options.folder)
    return 0 if is_met else 1


def speed(megabytes: int, transcripts: str | None) -> bool:
    """Prints the time of each event, first in a process of its own and then once more."""
    from guard_hook import Session

    is_met = True
    print(f"a session of {megabytes} MB      first      again")
    with tempfile.TemporaryDirectory() as home:
        if transcripts:
            grown(transcripts, megabytes, Path(home))
        else:
            Session(Path(home), megabytes)
        for event in EVENTS:
            command = (sys.executable, __file__, "--event", event, "--home", home)
            said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            first, again = map(float, said.split())
            is_met = is_met and first <= FIRST_MS and again <= AGAIN_MS
            print(f"{event:22} {first:7.0f} ms {again:7.1f} ms")
    return is_met


def grown(transcripts: str, megabytes: int, home: Path) -> None:
    """One session out of recorded ones, over and over, with ids of its own each time."""
    file = home / "config" / "projects" / "-project" / f"{SESSION}.jsonl"
    file.parent.mkdir(parents=True)
    recorded = b"".join(path.read_bytes() for path in sorted(Path(transcripts).glob("*.jsonl")))
    with file.open("wb") as out:
        for number in range(1 + (megabytes << 20) // len(recorded)):
            again = recorded.replace(b'"id":"msg_', b'"id":"msg_%d_' % number)
            out.write(again.replace(b"toolu_", b"toolu_%d_" % number)[: (megabytes << 20) - out.tell()])


def took_ms(name: str, home: Path) -> tuple[float, float]:
    """Milliseconds of an event in this process, the first time and the second."""
    from mcp_lean.config import Compact
    from mcp_lean.guard.continuing.checkpoints import Checkpoints
    from mcp_lean.guard.continuing.compaction import Compaction
    from mcp_lean.guard.continuing.watcher import Continuing
    from mcp_lean.guard.event import Event
    from mcp_lean.guard.ledger.ledger import Ledger
    from mcp_lean.guard.parts import Watcher

    environ = {"HOME": str(home), "CLAUDE_CONFIG_DIR": str(home / "config"), "XDG_DATA_HOME": str(home / name)}
    path = str(home / "config" / "projects" / "-project" / f"{SESSION}.jsonl")
    checkpoints = Checkpoints(environ)
    watcher: Watcher = Compaction(checkpoints)
    prompt = Event("UserPromptSubmit", SESSION, path, prompt="go on")
    before: list[Event] = []
    event = Event("PreCompact", SESSION, path)
    if name == "after a compaction":
        event = event._replace(name="SessionStart", source="compact")
    if name in ("a prompt", "a clear"):
        watcher = Continuing(Compact(after_clear="always"), Ledger.open(environ), checkpoints, client="", can_hold=True)
        event = prompt
    if name == "a clear":
        before = [prompt]
        event = Event("SessionStart", NEW, path.replace(SESSION, NEW), source="clear")
    times = []
    for _ in range(2):
        for earlier in before:
            watcher.see(earlier)
        began = time.perf_counter()
        watcher.see(event)
        times.append((time.perf_counter() - began) * 1_000)
    return times[0], times[-1]


def sizes() -> None:
    """Prints what is put into a context at most; lines for the person are in none."""
    from mcp_lean.guard.continuing import compaction
    from mcp_lean.guard.continuing import words as continuing_words
    from mcp_lean.guard.continuing.checkpoints import BUDGET_TOKENS
    from mcp_lean.packing.tokens import cost

    longest = "\n- ".join(("These must survive, in the words in which they were said:", *compaction.SURVIVES.values()))
    print(f"\nfor the summariser, at most       {cost(longest) + 25:6.0f} tokens")
    print(f"behind a summary, after a clear   {BUDGET_TOKENS:6} tokens at most, and of them to introduce it:")
    for text in (compaction.OPENING, continuing_words.OPENING):
        print(f"    {cost(text):3.0f}  {text}")


def advised(folder: str) -> None:
    """Prints how the rule decides at the prompts of recorded sessions, and what a replay says it would have come to."""
    from mcp_lean.costs import clearing
    from mcp_lean.costs.prices import list_prices
    from mcp_lean.costs.replay.outcome import Bound, WorldName
    from mcp_lean.costs.replay.policies import clear
    from mcp_lean.costs.replay.record import work_of
    from mcp_lean.costs.replay.run import replay_run, why_left_out
    from mcp_lean.costs.replay.worlds import World
    from mcp_lean.transcripts.read import load_runs

    reasons: Counter[str] = Counter()

    def noted(at: clearing.Situation) -> clearing.Verdict:
        verdict = clearing.decide(at)
        reasons[verdict.reason or "pays"] += 1
        return verdict

    runs = [run for run in load_runs([folder], with_text=True).runs if not why_left_out(run)]
    print(f"\n{len(runs)} sessions; what a replay says of following the advice, own hooks charged")
    worlds: tuple[WorldName, ...] = ("recorded", "current")
    for name in worlds:
        outcomes = [replay_run(run, name, ["clear"]) for run in runs]
        baseline = sum(found.baseline_picousd for found in outcomes)
        bounds: tuple[Bound, ...] = ("strict", "expected")
        for bound in bounds:
            saved = [found.outcome("clear", bound) for found in outcomes]
            kept = [each for each in saved if each is not None]
            total = sum(each.saved_picousd for each in kept)
            acted = sum(bool(each.count) for each in kept)
            lost = sum(each.saved_picousd < 0 and bool(each.count) for each in kept)
            print(
                f"{name:9} {bound:9} ${total / 1e12:7.2f} of ${baseline / 1e12:.2f} ({total / baseline:+.1%}); "
                f"advised in {acted} sessions, {lost} of them lost"
            )
    world = World("current", list_prices())
    with patch.object(clear, "decide", noted):
        for actor in (actor for run in runs for actor in work_of(run, world).actors if actor.is_main):
            clear.clears(actor, clearing.CHECKPOINT_TOKENS, world)
    counts = ", ".join(f"{reason} {number}" for reason, number in reasons.most_common())
    print(f"prompts that were looked at (current): {counts}")


if __name__ == "__main__":
    sys.exit(main())
