"""What the loop detector says to recorded sessions, and what it costs.

    python bench/guard_loops.py FOLDER... [--stops-allowed N]

FOLDER holds transcripts in any layout. Each session is replayed call by call as the hooks would tell of it. Printed
are notices, warnings and stops per rule, then each finding with its session, agent and request, and last the time per
call. Exit status 1: more stops than allowed (0), or nothing to replay.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

from mcp_lean.guard.loops.detector import STEPS
from mcp_lean.guard.loops.recorded import replay
from mcp_lean.guard.parts import NOTICE, STOP, WARNING
from mcp_lean.transcripts.read import load_runs


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--stops-allowed", type=int, default=0)
    asked = parser.parse_args()

    counts: Counter[tuple[str, str]] = Counter()
    lines: list[str] = []
    sessions = agents = calls = with_findings = 0
    seconds = 0.0
    for path in [run.path for run in load_runs(asked.folders).runs]:
        for run in load_runs([path], with_text=True).runs:  # one session's texts at a time
            began = time.perf_counter()
            found = replay(run)
            seconds += time.perf_counter() - began
            sessions, agents, with_findings = sessions + 1, agents + len(run.agents), with_findings + bool(found)
            calls += sum(len(request.calls) for agent in run.agents for request in agent.requests)
            counts.update((each.finding.rule, each.finding.step) for each in found)
            lines += [f"{run.id[:8]} {each.agent_id} #{each.request}: {each.finding.words}" for each in found]

    print(f"{sessions} sessions, {agents} agents, {calls} calls; findings in {with_findings} sessions")
    print(f"{'rule':10}{NOTICE:>9}{WARNING:>9}{STOP:>9}")
    for rule in STEPS:
        print(f"{rule:10}" + "".join(f"{counts[rule, step]:>9}" for step in (NOTICE, WARNING, STOP)))
    print(*lines, sep="\n")
    if calls:
        print(f"{1000 * seconds / calls:.3f} ms per call")
    stops = sum(number for (_, step), number in counts.items() if step == STOP)
    return int(not sessions or stops > asked.stops_allowed)


if __name__ == "__main__":
    sys.exit(main())
