"""How long a result may be: the client swaps a longer one for a file and an error text.

The stand-in counts characters / 4, so what is held here is when the client asks at all, not what the service counts.
"""

import pytest

from mcp_lean.packing.render import CEILING_CHARS

from .client import Claude
from .script import use

pytestmark = pytest.mark.e2e

READ_MANY = "mcp__lean__read_many"
DENSE = {"dense.txt": ('"' * 900 + "\n") * 400}
"""Twice as long where it is written as JSON, and nothing an estimate knows well."""


def test_our_longest_answer_arrives_and_its_tokens_are_not_even_counted(claude: Claude) -> None:
    """So it cannot be lost where our estimate is too low."""
    run = claude(files=DENSE, turns=[use(READ_MANY, items=["dense.txt"], budget=20_000), "done"])

    answer = run.result_text(READ_MANY)
    assert 0.95 * CEILING_CHARS < len(answer) <= CEILING_CHARS
    assert answer.endswith("\nmore: dense.txt:50-400")
    assert run.counted == ()


def test_a_limit_that_a_person_has_lowered_is_kept(claude: Claude) -> None:
    """At the full budget the client answers "exceeds maximum allowed tokens" here, and the model gets none of it."""
    run = claude(
        files=DENSE,
        env={"MAX_MCP_OUTPUT_TOKENS": "8000"},
        turns=[use(READ_MANY, items=["dense.txt"], budget=20_000), "done"],
    )

    answer = run.result_text(READ_MANY)
    assert answer.startswith("== dense.txt:1-")
    assert answer.endswith("note: budget: 6400 tokens used, the most there is")
