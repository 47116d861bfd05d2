"""A `FileRecord` as bytes and back, for the store and for the way from a reading process to its parent.

In:  a `FileRecord` that was read without texts; or bytes made here.
Out: bytes; or an equal `FileRecord`.
Not here: where bytes are kept and for how long (`store`).

Each value is a JSON array of its fields in the order of its class: half the size of objects, and read in half the time.
A changed class changes `SHAPE`, so old bytes are never taken for new ones.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from operator import attrgetter
from typing import Any

import orjson

from mcp_lean.transcripts.build import builder
from mcp_lean.transcripts.file import FileRecord
from mcp_lean.transcripts.model import (
    Compaction,
    CostState,
    Entered,
    ModelTotal,
    Request,
    Skipped,
    Spawn,
    ToolCall,
    ToolResult,
    Usage,
)
from mcp_lean.transcripts.thread import ThreadRecord

PARSER = 3
"""Raise when the same file gives other values than before; the store then reads all files again."""

_CLASSES: tuple[Any, ...] = (
    FileRecord, ThreadRecord, Request, Usage, Entered, ToolCall, ToolResult, Spawn, Compaction, CostState, ModelTotal,
    Skipped,
)  # fmt: skip
_FIELDS: dict[type, attrgetter[tuple[object, ...]]] = {kind: attrgetter(*kind.__slots__) for kind in _CLASSES}

SHAPE = hashlib.sha1(repr([PARSER, *(kind.__slots__ for kind in _CLASSES)]).encode(), usedforsecurity=False).hexdigest()

_AT = {(kind, name): number for kind in _CLASSES for number, name in enumerate(kind.__slots__)}
_REPEATED = tuple(
    _AT[Request, name]
    for name in ("model", "stop_reason", "speed", "service_tier", "effort", "inference_geo", "cache_ttl", "shape",
                 "version", "session_id", "reset")
)  # fmt: skip
"""Fields of a request that hold the same few strings: kept once in memory."""


def encode(record: FileRecord) -> bytes:
    """Bytes for one file. Its path is left out: a path may hold bytes that are no text."""
    return orjson.dumps(replace(record, path=""), default=_fields, option=orjson.OPT_PASSTHROUGH_DATACLASS)


def _fields(value: object) -> object:
    return _FIELDS[type(value)](value)


def decode(data: bytes, path: str, strings: dict[str, str] | None = None) -> FileRecord:
    """The record that `encode` was given.

    Args:
        path: of the file that the bytes stand for.
        strings: shared between calls, so that a string that occurs in many files is kept once.
    Raises:
        ValueError: not bytes of this `SHAPE`.
    """
    try:
        return _file(orjson.loads(data), path, {} if strings is None else strings)
    except (TypeError, IndexError, KeyError, AttributeError) as error:
        raise ValueError(f"not a stored transcript: {error}") from error


Row = list[Any]

_make_request, _make_usage, _make_entered = builder(Request), builder(Usage), builder(Entered)
_make_tool_call, _make_tool_result = builder(ToolCall), builder(ToolResult)


def _file(row: Row, path: str, strings: dict[str, str]) -> FileRecord:
    row[_AT[FileRecord, "path"]] = path
    threads, states, skipped = _AT[FileRecord, "threads"], _AT[FileRecord, "cost_states"], _AT[FileRecord, "skipped"]
    row[_AT[FileRecord, "versions"]] = tuple(row[_AT[FileRecord, "versions"]])
    row[threads] = tuple([_thread(thread, strings) for thread in row[threads]])
    row[states] = tuple([_cost_state(state) for state in row[states]])
    row[skipped] = _skipped(row[skipped])
    return FileRecord(*row)


def _thread(row: Row, strings: dict[str, str]) -> ThreadRecord:
    requests, compactions, tail = (
        _AT[ThreadRecord, "requests"], _AT[ThreadRecord, "compactions"], _AT[ThreadRecord, "tail"],
    )  # fmt: skip
    row[requests] = tuple([_request(request, strings) for request in row[requests]])
    row[compactions] = tuple([Compaction(*marker) for marker in row[compactions]])
    row[tail] = _entered(row[tail])
    return ThreadRecord(*row)


_USAGE, _CALLS, _ENTERED = _AT[Request, "usage"], _AT[Request, "calls"], _AT[Request, "entered"]
_RESULTS = _AT[Entered, "results"]
_RESULT, _SPAWN = _AT[ToolCall, "result"], _AT[ToolCall, "spawn"]
_NAME = _AT[ToolCall, "name"]


def _request(row: Row, strings: dict[str, str]) -> Request:
    for at in _REPEATED:
        row[at] = strings.setdefault(row[at], row[at])
    row[_USAGE] = _make_usage(*row[_USAGE])
    row[_CALLS] = tuple([_call(call, strings) for call in row[_CALLS]]) if row[_CALLS] else ()
    row[_ENTERED] = _entered(row[_ENTERED])
    return _make_request(*row)


def _entered(row: Row) -> Entered:
    row[_RESULTS] = tuple(row[_RESULTS])
    return _make_entered(*row)


def _call(row: Row, strings: dict[str, str]) -> ToolCall:
    row[_NAME] = strings.setdefault(row[_NAME], row[_NAME])
    if row[_RESULT] is not None:
        row[_RESULT] = _make_tool_result(*row[_RESULT])
    if row[_SPAWN] is not None:
        row[_SPAWN] = Spawn(*row[_SPAWN])
    return _make_tool_call(*row)


def _cost_state(row: Row) -> CostState:
    models = _AT[CostState, "models"]
    row[models] = tuple([ModelTotal(*model) for model in row[models]])
    return CostState(*row)


def _skipped(row: Row) -> Skipped:
    unknown = _AT[Skipped, "unknown_types"]
    row[unknown] = tuple([(name, number) for name, number in row[unknown]])
    row[_AT[Skipped, "files"]] = ()
    row[_AT[Skipped, "notes"]] = ()
    return Skipped(*row)
