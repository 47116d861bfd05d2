"""Section: what was decided and why, in the words of those who decided.

In:  what the agent wrote, and what the user answered to its questions.
Out: quoted sentences, each verbatim.
Not here: the plan (`plan`), the user's own requests (`task`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mcp_lean.checkpoint.model import Line, Section
from mcp_lean.checkpoint.words import quoted, said, sentences

if TYPE_CHECKING:
    from mcp_lean.checkpoint.story import Story

NAME = "decisions"
MOST_CHARS, SHORTEST = 260, 24
MOST_DECISIONS = 40
HALVED_TURNS = 40.0
"""After so many turns a sentence counts half."""

REASON = re.compile(
    r"\b(?:because|since (?:the|it|this|we|there)|so that|due to|to avoid|as (?:the|it|this) |therefore|otherwise"
    r"|in order to|weil|damit|parce que|porque)\b"
    r"|потому что|так как|因为|因為|ため|から、|poiché|want to keep",
    re.IGNORECASE,
)
CHOICE = re.compile(
    r"\b(?:decid(?:e|ed|ing|sion)|chose|choos(?:e|ing)|going with|go with|opt(?:ed|ing)? for|instead of|rather than"
    r"|prefer|won't|will not|should not"
    r"|not needed|no need to|approach|trade-?off|keep(?:ing)? .{1,40} as|stick(?:ing)? with|(?:need|have) to (?:use"
    r"|switch|keep|avoid)|switch(?:ing|ed)? to"
    r"|the fix is|root cause"
    r"|the (?:real )?(?:problem|issue|cause|culprit|reason) (?:is|was)|turns out|entschieden|statt|décidé|plutôt"
    r"|decidido|en lugar de)\b"
    r"|решил|вместо|выбра|决定|決定|选择|而不是|改用|代わりに",
    re.IGNORECASE,
)
INTENT = re.compile(r"\b(?:I'll|I will|we'll|we will|let's|need to|must|has to|have to|should)\b", re.IGNORECASE)
ANSWERED = re.compile(r'"(?P<question>(?:[^"\\]|\\.){1,600})"\s*=\s*"(?P<answer>(?:[^"\\]|\\.){1,400})"')


@dataclass(frozen=True, slots=True)
class Decision:
    """A sentence, and how much it looks like a decision."""

    words: str
    weight: float


def decisions_in(words: str) -> list[Decision]:
    """Sentences that choose something or say why."""
    if not words or words.isspace():
        return []
    found = (Decision(line, weight(line)) for line in sentences(words) if SHORTEST <= len(line) <= 2 * MOST_CHARS)
    return [decision for decision in found if decision.weight >= 1.0]


def weight(line: str) -> float:
    """How much a sentence looks like a decision: a choice and its reason together count most."""
    if line.startswith(("|", "```", "<", "    ")):
        return 0.0
    sure = 1.0 * bool(CHOICE.search(line)) + 0.7 * bool(REASON.search(line))
    return sure + 0.4 if sure and INTENT.search(line) else sure


def section(story: Story) -> Section:
    """Newest last; a sentence that was written twice stands at its last place."""
    now = story.waiting.number
    lines: list[tuple[int, Line]] = []
    latest: dict[str, tuple[float, int]] = {}
    for turn in story.everything():
        fresh = 1.0 / (1.0 + (now - turn.number) / HALVED_TURNS)
        for decision in turn.decisions:
            latest[decision.words] = 2.0 * decision.weight * fresh, turn.number
    for call in story.called(("AskUserQuestion",)):
        if call.has_result and not call.is_error:
            lines += [(call.turn, line) for line in _answers(call.result)]
    best = sorted(latest, key=lambda words: (-latest[words][0], -latest[words][1], words))[:MOST_DECISIONS]
    lines += [
        (latest[words][1], Line(f"- agent: {said(words, MOST_CHARS)}", latest[words][0], words)) for words in best
    ]
    return Section(NAME, tuple(line for _, line in sorted(lines, key=lambda entry: entry[0])))


def _answers(result: str) -> Iterator[Line]:
    """What the user answered, question by question."""
    for answer in ANSWERED.finditer(result):
        text = f"- user answered {said(answer['answer'], MOST_CHARS)} to {quoted(answer['question'], 140)}"
        yield Line(text, 6.0, answer["answer"])
