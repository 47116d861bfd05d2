"""What "unchanged since you read it" costs and what it can save.

    python bench/unchanged.py                  time of a proof, on transcripts of 1 and 50 MB
    python bench/unchanged.py FOLDER...        the same, and what native Reads in the transcripts there had repeated

A repeated Read counts when the same lines of the same file came with the same text, in the same context (no compaction
between) and after at most as much growth as `held.RECENT_TOKENS`. It is priced like all else in the session:
written once, then read from the cache by each later request up to the next compaction or the end. Weights are those of
Opus 5.5 relative to an input token: write 1.25, read 0.05, output 5. Printed twice: if no line is asked again for, and
if every third is, which costs the answer again and a request that reads its whole context.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from mcp_lean.guard.unchanged.deliveries import LEAST_CHARS
from mcp_lean.guard.unchanged.held import RECENT_TOKENS, held_results, read_tail
from mcp_lean.packing.tokens import estimate
from mcp_lean.transcripts.fields import Json, count, items, mapping, text
from mcp_lean.transcripts.lines import parse

ROUNDS = 300
NOTE_TOKENS = 28
READ, WRITE, OUTPUT = 0.05, 1.25, 5.0
ASKED_AGAIN = 1 / 3
CALL_TOKENS = 60


# --- time of a proof ------------------------------------------------------------------------------------------------


def transcript(megabytes: int, turns: int) -> tuple[bytes, str, list[str]]:
    """A session whose last turns read 4 kB each, as the client writes it; the present call, and earlier ones."""
    lines = [json.dumps({"type": "progress", "data": {"output": "x" * 4_000}})] * (megabytes * 250)
    calls, messages, request, kept = list[str](), list[str](), "", 0
    for turn in range(turns):
        tail = messages[kept:]
        base = {"base": request} if request else {}
        request, keep = f"request-{turn}", kept
        lines.append(json.dumps({"type": "api-request", "id": request, "keep": keep, "tail": tail, **base}))
        kept = len(messages)
        calls.append(f"toolu_{turn:024}")
        use = {"type": "tool_use", "id": calls[-1], "name": "mcp__lean__read_many", "input": {"items": ["a.py"]}}
        usage = {"input_tokens": 20_000 + turn * 1_500}
        message = {"id": f"msg_{turn}", "role": "assistant", "content": [use], "usage": usage}
        lines.append(json.dumps({"type": "assistant", "requestRef": request, "message": message}))
        words = f"== a.py (100 lines)\n{turn}\n" + "    value = compute(something)\n" * 130
        block = {"type": "tool_result", "tool_use_id": calls[-1], "content": [{"type": "text", "text": words}]}
        sent = {"content": [block], "role": "user"}
        lines.append(json.dumps({"type": "user", "message": sent, "toolUseResult": words}))
        spelt = json.dumps(sent, sort_keys=True, separators=(",", ":"))
        messages += [f"answer {turn}", sha256(spelt.encode()).hexdigest()]
    return "\n".join([*lines[:-1], ""]).encode(), calls[-1], calls[:-1]


def time_proofs() -> None:
    """Milliseconds from opening the file to knowing what is held."""
    print(f"a proof, {ROUNDS} rounds: transcript, turns since, held of them, p50 ms, p99 ms")
    for megabytes, turns in ((1, 3), (1, 25), (50, 25), (50, 200)):
        data, present, before = transcript(megabytes, turns)
        with tempfile.NamedTemporaryFile(suffix=".jsonl") as file:
            file.write(data)
            file.flush()
            held, times = {}, []
            for _ in range(ROUNDS):
                start = time.perf_counter()
                held = dict(held_results(read_tail(file.name), present, before[-3:]) or {})
                times.append((time.perf_counter() - start) * 1e3)
        times.sort()
        p50, p99 = times[ROUNDS // 2], times[ROUNDS * 99 // 100]
        print(f"{len(data) >> 20:4} MB {turns:4} {len(held)}/{min(3, turns - 1)} {p50:8.2f} {p99:8.2f}")


# --- what it can save -----------------------------------------------------------------------------------------------


@dataclass
class Tally:
    """Of some sessions; weights in input tokens."""

    reads: int = 0
    same: int = 0
    repeats: int = 0
    result_tokens: float = 0.0
    saved_tokens: float = 0.0
    bill: float = 0.0
    saved: float = 0.0
    asked_again: float = 0.0


def sessions(folder: Path) -> Iterator[list[Json]]:
    for path in sorted(folder.rglob("*.jsonl")):
        yield [record for line in path.read_bytes().splitlines() if (record := parse(line)) is not None]


def tally(records: list[Json], sums: Tally) -> None:
    """Adds one transcript."""
    requests: dict[str, int] = {}
    uses: dict[str, Json] = {}
    last: dict[str, tuple[str, int]] = {}
    savings: list[tuple[float, int, int]] = []
    resets: list[int] = []
    context = 0
    for record in records:
        message = mapping(record.get("message"))
        if record.get("subtype") == "compact_boundary":
            last.clear()
            resets.append(len(requests))
        if record.get("type") == "assistant" and text(message.get("id")):
            usage = mapping(message.get("usage"))
            cached, written = (
                count(usage.get("cache_read_input_tokens")),
                count(usage.get("cache_creation_input_tokens")),
            )
            if text(message.get("id")) not in requests:
                requests[text(message.get("id"))] = context = cached + written + count(usage.get("input_tokens"))
                sums.bill += READ * cached + WRITE * written + count(usage.get("input_tokens"))
                sums.bill += OUTPUT * count(usage.get("output_tokens"))
            for block in map(mapping, items(message.get("content"))):
                if block.get("type") == "tool_use":
                    uses[text(block.get("id"))] = block
        if record.get("type") == "user":
            for block in map(mapping, items(message.get("content"))):
                use = uses.get(text(block.get("tool_use_id")), {})
                content = block.get("content")
                words = (
                    content
                    if isinstance(content, str)
                    else "".join(text(mapping(part).get("text")) for part in items(content))
                )
                sums.result_tokens += estimate(words)
                if use.get("name") != "Read" or block.get("is_error"):
                    continue
                sums.reads += 1
                key = json.dumps(use.get("input"), sort_keys=True)
                before = last.get(key)
                last[key] = words, context
                if before is None or before[0] != words:
                    continue
                sums.same += 1
                if 0 <= context - before[1] <= RECENT_TOKENS and len(words) >= LEAST_CHARS:
                    sums.repeats += 1
                    savings.append((estimate(words) - NOTE_TOKENS, len(requests), context))
                    del last[key]
    ends = [*resets, len(requests)]
    for tokens, at, context in savings:
        later = next(end for end in ends if end >= at) - at
        gain = tokens * (WRITE + READ * max(0, later - 1))
        sums.saved_tokens += tokens
        sums.saved += gain
        again = gain + READ * context + OUTPUT * CALL_TOKENS
        sums.asked_again += gain - ASKED_AGAIN * again


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", metavar="FOLDER", type=Path, nargs="*", help="of transcripts")
    folders = parser.parse_args().folders
    for folder in folders:
        if not folder.is_dir():
            parser.error(f"{folder}: no such folder")
    time_proofs()
    for folder in folders:
        sums = Tally()
        for records in sessions(folder):
            tally(records, sums)
        if not sums.bill:
            print(f"{folder.name}: no transcript with usage")
            continue
        print(f"{folder.name}: {sums.same} of {sums.reads} Reads brought the same text again,")
        print(f"  {sums.repeats} of them near by and long enough,")
        print(f"  {sums.saved_tokens:,.0f} tokens of {sums.result_tokens:,.0f} in results,")
        print(f"  {sums.saved / sums.bill:.2%} of the bill,")
        print(f"  {sums.asked_again / sums.bill:.2%} if every third is asked again for")


if __name__ == "__main__":
    main()
