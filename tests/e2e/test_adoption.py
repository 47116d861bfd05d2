"""What our tools did in a run, read from the transcript that the real client wrote of it."""

import pytest

from mcp_lean.costs.adoption import adoption
from mcp_lean.costs.breakdown import break_down
from mcp_lean.transcripts.read import load_runs

from .client import Claude
from .script import use
from .test_guard import is_listed, once_ready

pytestmark = pytest.mark.e2e


def test_files_read_in_one_call_are_measured_against_the_same_agents_single_reads(claude: Claude) -> None:
    """Three native turns of one file; then three files in one call, and one of them natively once more."""
    run = claude(
        files={f"{name}.txt": f"{name}\n" * 30 for name in "abcdef"},
        turns=[
            once_ready(use("Read", file_path="a.txt"), is_listed),
            use("Read", file_path="b.txt"),
            use("Read", file_path="c.txt"),
            use("mcp__lean__read_many", items=["d.txt", "e.txt", "f.txt", "gone.txt"]),
            use("Read", file_path="e.txt"),
            "done",
        ],
    )
    [recorded] = load_runs([str(run.place.config / "projects")], with_text=True).runs

    found = adoption(break_down(recorded))

    assert found is not None
    assert (found.own_turns, found.own_looks, found.failed_items, found.unreadable_calls) == (1, 3, 1, 0)
    assert (found.native_calls, found.native_turns, found.reread_calls) == (3, 3, 1)
    assert found.saved_turns == 3 / 1 - 1 - 1
    assert found.frames_picousd > 0
    assert found.definitions_picousd > 0
