"""Transcripts of made-up runs, written as they are spoken: prompts, answers, calls and their results in turn."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from transcripts.records import (
    SESSION,
    Record,
    assistant,
    attachment,
    compact_boundary,
    results,
    text,
    tool_result,
    tool_use,
    usage,
    user,
    write,
)

from mcp_lean.checkpoint.build import checkpoint
from mcp_lean.checkpoint.live import SessionCheckpoints
from mcp_lean.checkpoint.model import Checkpoint
from mcp_lean.transcripts.model import Run
from mcp_lean.transcripts.read import load_runs

ROOT = "/home/ann/app"


@dataclass
class Talk:
    """One agent's transcript."""

    records: list[Record] = field(default_factory=list)
    prefix: str = "msg"
    requests: int = 0
    calls: int = 0

    def user(self, words: str, **fields: object) -> Talk:
        self.records.append(user(words, **fields))
        return self

    def says(self, words: str) -> Talk:
        self.records.append(self._answer(text(words)))
        return self

    def call(
        self, name: str, result: object = "ok", *, is_error: bool = False, said: object = None, **args: Any
    ) -> Talk:
        """A call and its result; `None` is a result that never came. `said` is the client's own copy of it."""
        self.calls += 1
        name_of_call = f"toolu_{self.calls}"
        self.records.append(self._answer(tool_use(name_of_call, name, **args)))
        if result is not None:
            more = {} if said is None else {"toolUseResult": said}
            self.records.append(results(tool_result(name_of_call, result, is_error=is_error), **more))
        return self

    def bash(self, command: str, result: str = "", *, is_error: bool = False) -> Talk:
        return self.call("Bash", result, is_error=is_error, command=command)

    def read(self, path: str, lines: int = 40, **args: Any) -> Talk:
        first = int(str(args.get("offset", 1)))
        shown = "\n".join(f"{number:6}→line {number}" for number in range(first, first + lines))
        return self.call("Read", shown, file_path=f"{ROOT}/{path}", **args)

    def edit(self, path: str) -> Talk:
        return self.call(
            "Edit", "The file has been updated.", file_path=f"{ROOT}/{path}", old_string="a", new_string="b"
        )

    def idle(self, requests: int) -> Talk:
        """Requests that bring nothing."""
        for _ in range(requests):
            self.says("I look further.")
        return self

    def compacted(self, summary: str) -> Talk:
        self.records += [compact_boundary(160_000), user(summary, isCompactSummary=True)]
        return self

    def hook(self, words: str) -> Talk:
        self.records.append(attachment("hook_additional_context", content=[words], hookName="SessionStart:clear"))
        return self

    def _answer(self, block: Record) -> Record:
        self.requests += 1
        return assistant(f"{self.prefix}_{self.requests}", block, used=usage(10, 5, read=9_000), stop="tool_use")

    def file(self, folder: Path, session: str = SESSION) -> Path:
        return write(folder / f"{session}.jsonl", *self.records)

    def run(self, folder: Path) -> Run:
        [run] = load_runs([str(self.file(folder))], with_text=True).runs
        return run

    def checkpoint(self, folder: Path, budget_tokens: int = 1_500, **more: Any) -> Checkpoint:
        """Made from the run; the one that is made from the growing file is the same."""
        made = checkpoint(self.run(folder), budget_tokens=budget_tokens, **more)
        if "root" not in more:
            live = SessionCheckpoints(str(self.file(folder))).checkpoint("main", budget_tokens, **more)
            assert live == made
        return made


def section(found: Checkpoint, name: str) -> list[str]:
    """The lines of one section, as they stand in the text."""
    parts = (part for part in found.sections if part.name == name)
    return [line for part in parts for entry in part.lines for line in entry.text.split("\n")]
