"""Records as Claude Code writes them, made up for tests: only the fields that matter, in the client's spelling."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mcp_lean.transcripts.model import Agent, Run
from mcp_lean.transcripts.read import Loaded, load_runs

Record = dict[str, Any]

SESSION = "11111111-1111-4111-8111-111111111111"
OTHER_SESSION = "22222222-2222-4222-8222-222222222222"
MODEL = "claude-opus-4-6"


def usage(
    input_tokens: int = 0,
    output: int = 0,
    *,
    read: int = 0,
    write_5m: int = 0,
    write_1h: int = 0,
    **more: object,
) -> Record:
    """Usage of one line; writes are given by lifetime and added up."""
    return {
        "input_tokens": input_tokens,
        "cache_creation_input_tokens": write_5m + write_1h,
        "cache_read_input_tokens": read,
        "cache_creation": {"ephemeral_5m_input_tokens": write_5m, "ephemeral_1h_input_tokens": write_1h},
        "output_tokens": output,
        **more,
    }


def text(words: str) -> Record:
    return {"type": "text", "text": words}


def tool_use(tool_id: str, name: str = "Read", **arguments: object) -> Record:
    return {"type": "tool_use", "id": tool_id, "name": name, "input": arguments}


def tool_result(tool_id: str, content: object = "ok", **more: object) -> Record:
    return {"type": "tool_result", "tool_use_id": tool_id, "content": content, **more}


def assistant(
    message_id: str | None,
    *blocks: Record,
    used: Record | None = None,
    stop: str | None = None,
    model: str = MODEL,
    **fields: object,
) -> Record:
    """One line of an answer."""
    message: Record = {"role": "assistant", "model": model, "content": list(blocks), "stop_reason": stop}
    message["usage"] = usage(10, 5) if used is None else used
    if message_id is not None:
        message["id"] = message_id
    return {**_common("assistant"), "message": message, **fields}


def user(content: object, **fields: object) -> Record:
    """A prompt, or tool results."""
    return {**_common("user"), "message": {"role": "user", "content": content}, **fields}


def results(*blocks: Record, **fields: object) -> Record:
    """A user record that carries tool results."""
    return user(list(blocks), **fields)


def compact_boundary(pre_tokens: int = 0, trigger: str = "auto", **fields: object) -> Record:
    return {
        **_common("system"),
        "subtype": "compact_boundary",
        "compactMetadata": {"trigger": trigger, "preTokens": pre_tokens},
        **fields,
    }


def agent_progress(agent_id: str, inner: Record, call_id: str = "") -> Record:
    """A copy of a subagent's record, as clients up to 2.1.81 put it into the main file."""
    data = {"message": inner, "type": "agent_progress", "agentId": agent_id}
    common = _common("progress")
    del common["type"]  # it stands right before `data`, which the fast path relies on
    return {**common, "type": "progress", "data": data, "parentToolUseID": call_id}


def attachment(kind: str, rendered: list[Record] | None = None, **payload: object) -> Record:
    record = {**_common("attachment"), "attachment": {"type": kind, **payload}}
    return record if rendered is None else {**record, "rendered": rendered}


def _common(kind: str) -> Record:
    return {"type": kind, "isSidechain": False, "sessionId": SESSION, "version": "2.1.330", "cwd": "/home/ann/app"}


def line(record: Record | str | bytes) -> bytes:
    """One line of a file; text and bytes stand as they are."""
    if isinstance(record, bytes):
        return record
    if isinstance(record, str):
        return record.encode()
    return json.dumps(record, separators=(",", ":"), ensure_ascii=False).encode()


def joined(records: Iterable[Record | str | bytes]) -> bytes:
    return b"".join(line(record) + b"\n" for record in records)


def write(path: Path, *records: Record | str | bytes) -> Path:
    """A transcript file with these lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(joined(records))
    return path


def session_file(folder: Path, *records: Record | str | bytes, session: str = SESSION) -> Path:
    """The main file of a session."""
    return write(folder / f"{session}.jsonl", *records)


def agent_file(folder: Path, agent_id: str, *records: Record | str | bytes, session: str = SESSION) -> Path:
    """The file of a subagent of a session."""
    marked = [{"agentId": agent_id, **r, "isSidechain": True} if isinstance(r, dict) else r for r in records]
    return write(folder / session / "subagents" / f"agent-{agent_id}.jsonl", *marked)


def load(*paths: Path) -> Loaded:
    return load_runs([str(path) for path in paths])


def only_run(*paths: Path) -> Run:
    [run] = load(*paths).runs
    return run


def only_agent(*paths: Path) -> Agent:
    [agent] = only_run(*paths).agents
    return agent
