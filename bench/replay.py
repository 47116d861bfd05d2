"""`mcp-lean replay` on a large history: wall time, processor time and memory, first and second time.

    python bench/replay.py [FOLDER] [--mb 300] [--world recorded]

FOLDER holds transcripts in any layout; without one, the made-up sessions of examples/replay are taken. They are copied
into a temporary configuration folder until there are enough megabytes, each copy with ids of its own; nothing in FOLDER
is changed. Memory is sampled 50 times a second over all processes: the largest resident set of one, and the largest sum
of proportional sets (a page that processes share counts once).

Exit status: 0 all targets met; 1 otherwise.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from meter import MB, memory_bytes, multiplied, said, tree

WALL_S = 60.0
MEMORY_MB = 500.0
SCALE = 4
"""Makes them about as heavy as real ones: 17 kB of transcript per request in a set of 320 MB with 18,454 requests."""
EXAMPLE = Path(__file__).parents[1] / "examples" / "replay" / "make_runs.py"


@dataclass(frozen=True, slots=True)
class Taken:
    """What one run of the command took."""

    wall_s: float
    cpu_s: float
    together_bytes: int
    alone_bytes: int
    headline: str


def main() -> int:
    """Runs the command twice; see the module."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("folder", nargs="?")
    parser.add_argument("--mb", type=int, default=300)
    parser.add_argument("--world", default="recorded")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        source = args.folder or made_up(place / "source")
        written_mb = multiplied(str(source), place / "config", args.mb)
        environ = {**os.environ, "CLAUDE_CONFIG_DIR": str(place / "config"), "XDG_CACHE_HOME": str(place / "cache")}
        command = [sys.executable, "-m", "mcp_lean", "replay", "--all", "--world", args.world]
        print(f"{written_mb:.0f} MB of transcripts; load {os.getloadavg()[0]:.1f}")
        taken = {name: took(command, environ, place / "out") for name in ("first time", "second time")}
    print(taken["first time"].headline)
    for name, each in taken.items():
        print(f"{name}: wall {each.wall_s:.1f} s, processors {each.cpu_s:.1f} s, load {os.getloadavg()[0]:.1f}")
    met = [said(f"{name}, wall", each.wall_s, WALL_S, "s") for name, each in taken.items()]
    largest = max(taken.values(), key=lambda each: each.together_bytes)
    met.append(said("all processes together", largest.together_bytes / MB, MEMORY_MB, "MB"))
    met.append(said("largest process", max(each.alone_bytes for each in taken.values()) / MB, MEMORY_MB, "MB"))
    return 0 if all(met) else 1


def made_up(folder: Path) -> Path:
    """The sessions of the example."""
    spec = importlib.util.spec_from_file_location("make_runs", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.SCALE = SCALE
    module.write_runs(folder)
    return folder


def took(command: list[str], environ: dict[str, str], out: Path) -> Taken:
    """One run of the command, watched."""
    before, began = os.times(), time.perf_counter()
    with out.open("wb") as file, subprocess.Popen(command, stdout=file, env=environ) as process:
        together = alone = 0
        while process.poll() is None:
            sizes = [memory_bytes(pid) for pid in tree(process.pid)]
            together = max(together, sum(proportional for _, proportional in sizes))
            alone = max([alone, *(resident for resident, _ in sizes)])
            time.sleep(0.02)
    wall_s, after = time.perf_counter() - began, os.times()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)}: status {process.returncode}")
    cpu_s = after.children_user + after.children_system - before.children_user - before.children_system
    return Taken(wall_s, cpu_s, together, alone, out.read_text(encoding="utf-8").partition("\n")[0])


if __name__ == "__main__":
    sys.exit(main())
