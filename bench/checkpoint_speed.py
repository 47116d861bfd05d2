"""What a checkpoint of a long transcript costs: read whole, and followed while it grows.

    python bench/checkpoint_speed.py [--mb 50] [--transcript FILE]

Without FILE a transcript of that size is made up: reads, searches, edits and test runs with outputs of 1 to 40 kB, each
as the client writes them (twice: for the model, and its own copy). Printed are seconds and processor seconds of the
first checkpoint, memory that it left in use, and milliseconds of 200 further ones, each after one more line.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from mcp_lean.checkpoint.live import SessionCheckpoints

LAST_LINES = 200
USAGE = {"input_tokens": 3, "cache_creation_input_tokens": 900, "cache_read_input_tokens": 90_000, "output_tokens": 200}


def lines_of(size_bytes: int) -> Iterator[bytes]:
    """Records of one session, the same on each run."""
    chance = random.Random(7)
    words = [f"{a}_{b}" for a in ("cart", "price", "order", "total", "user") for b in ("find", "sum", "row", "key")]
    common = {"isSidechain": False, "sessionId": "bench", "version": "2.1.330", "cwd": "/home/ann/app"}
    written = number = 0
    while written < size_bytes:
        number += 1
        path = f"/home/ann/app/shop/module_{chance.randrange(300)}.py"
        body = "\n".join(
            f"{line:6}→    {chance.choice(words)}_{line % 40} = {chance.choice(words)}({chance.randrange(9_999)})"
            for line in range(1, chance.randrange(20, 900))
        )
        name, arguments = chance.choice(
            (
                ("Read", {"file_path": path}),
                ("Edit", {"file_path": path, "old_string": body[:400], "new_string": body[:500]}),
                ("Grep", {"pattern": chance.choice(words)}),
                ("Bash", {"command": f"pytest -q tests/test_{chance.randrange(300)}.py"}),
            )
        )
        shown = "The file has been updated." if name == "Edit" else body + "\n3 passed in 0.1s"
        call = {"type": "tool_use", "id": f"toolu_{number}", "name": name, "input": arguments}
        text = {"type": "text", "text": f"I'll look at {chance.choice(words)} first because it is used most."}
        records: list[dict[str, object]] = [
            {"type": "assistant", "message": {"id": f"m{number}", "content": [block], "usage": USAGE}}
            for block in (text, call)
        ]
        result = {"type": "tool_result", "tool_use_id": f"toolu_{number}", "content": shown}
        records.append({"type": "user", "message": {"content": [result]}, "toolUseResult": {"stdout": shown}})
        if number % 100 == 1:
            records.insert(0, {"type": "user", "message": {"content": f"Now fix module {number}. Never push."}})
        for record in records:
            line = json.dumps({**common, **record}, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
            written += len(line)
            yield line


def resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--mb", type=float, default=50)
    parser.add_argument("--transcript", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.jsonl"
        with path.open("wb") as file:
            if args.transcript:
                file.write(args.transcript.read_bytes())
            else:
                file.writelines(lines_of(round(args.mb * 1e6)))
        data = path.read_bytes().splitlines(keepends=True)
        last = data[-LAST_LINES:]
        path.write_bytes(b"".join(data[:-LAST_LINES]))
        size_mb = path.stat().st_size / 1e6
        del data

        before_mb, wall, processor = resident_mb(), time.perf_counter(), time.process_time()
        session = SessionCheckpoints(str(path))
        found = session.checkpoint()
        seconds, busy = time.perf_counter() - wall, time.process_time() - processor
        print(
            f"{size_mb:.1f} MB, first: {seconds:.2f} s, {busy:.2f} s of the processor; "
            f"{resident_mb() - before_mb:.0f} MB more in use; {found.tokens} tokens"
        )
        walls, processors = [], []
        for line in last:
            with path.open("ab") as file:
                file.write(line)
            wall, processor = time.perf_counter(), time.process_time()
            session.checkpoint()
            walls.append(1_000 * (time.perf_counter() - wall))
            processors.append(1_000 * (time.process_time() - processor))
    for name, values in (("wall", sorted(walls)), ("processor", sorted(processors))):
        middle, high = values[len(values) // 2], values[len(values) * 9 // 10]
        print(f"after one more line, {name}: median {middle:.0f} ms, p90 {high:.0f}, largest {values[-1]:.0f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
