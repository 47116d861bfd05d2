"""How well the replay's models explain recorded sessions.

    python bench/replay_cache.py FOLDER

The bill of all sessions that a replay takes, beside what the simulator makes of it with nothing changed (recorded hits)
and with an ideal cache (only pauses and lifetimes are known); and per request: how often the ideal cache reads what
was read, to 2 % of the prompt.
"""

from __future__ import annotations

import argparse
import sys

from mcp_lean.costs.attribution import price_agent
from mcp_lean.costs.prices import list_prices
from mcp_lean.costs.replay.predict import predicted, usage_of
from mcp_lean.costs.replay.record import work_of
from mcp_lean.costs.replay.run import why_left_out
from mcp_lean.costs.replay.simulate import picousd
from mcp_lean.costs.replay.worlds import World
from mcp_lean.transcripts.read import load_runs

CLOSE = 0.02


def main(folder: str) -> int:
    """0 printed; 1 nothing to compare."""
    world = World("recorded", list_prices())
    bills, simulated, ideal = 0, 0.0, 0.0
    requests = close = read = said = 0
    for run in load_runs([folder]).runs:
        if why_left_out(run):
            continue
        work = work_of(run, world)
        bills += sum(item.bill.picousd for agent in run.agents for item in price_agent(agent, world.table))
        simulated += picousd(work)
        ideal += picousd(predicted(work))
        for actor in work.actors:
            for turn, found in zip(actor.turns, usage_of(actor), strict=True):
                usage = turn.request.usage
                if not actor.agent.is_auxiliary:
                    requests += 1
                    close += abs(found.read_tokens - usage.cache_read_tokens) <= CLOSE * usage.context_tokens
                    read += usage.cache_read_tokens
                    said += round(found.read_tokens)
    if not bills:
        print(f"bench/replay_cache: nothing to compare under {folder}", file=sys.stderr)
        return 1
    print(f"billed          ${bills / 1e12:.4f}")
    print(f"simulated       ${simulated / 1e12:.4f}  {100 * (simulated / bills - 1):+.6f} %")
    print(f"ideal cache     ${ideal / 1e12:.4f}  {100 * ideal / bills:.1f} % of the bill")
    print(f"reads predicted {said:,} of {read:,} tokens; {close} of {requests} requests to {CLOSE:.0%} of the prompt")
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="FOLDER")
    sys.exit(main(parser.parse_args().folder))
