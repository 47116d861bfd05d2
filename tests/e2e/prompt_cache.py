"""What a request would be billed as, by a small model of the prompt cache.

In:  the JSON body of a Messages request.
Out: a `Prefix` (what was found in the cache, what would be written) and from it the `usage` object of the answer.
Not here: prices; expiry of entries (a run is shorter than the shortest lifetime); HTTP (`fake_api`).

Tokens are characters / 4 of each block's JSON, so figures compare with each other and with nothing else.
Rules as in the vendor's "prompt caching" guide: prefixes are exact and run over tools, system, messages; entries are
written at breakpoints only; a breakpoint looks back over at most 20 positions, where a run of tool uses or of tool
results counts once; entries belong to one model; a prefix below the model's minimum is neither written nor reported.
"""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

LOOK_BACK_POSITIONS = 20
CHARS_PER_TOKEN = 4
BILLING_MARK = "x-anthropic-billing-header"
"""Opens a system block that differs with the text of the first prompt; assumed not to be part of the prefix."""

MINIMUM_TOKENS = {"claude-haiku-4-5": 4096, "claude-sonnet-4": 1024, "claude-sonnet-5": 1024, "claude-opus-4": 4096}
"""Shortest cacheable prefix by beginning of the model id, where it is not 512. The longest beginning that fits wins."""
CURRENT_MINIMUM_TOKENS = 512
CURRENT = ("claude-haiku-5-5", "claude-sonnet-5-5", "claude-opus-5", "claude-fable-5")


def minimum_tokens(model: str) -> int:
    """Tokens below which nothing is cached for `model`; unknown models count as current ones."""
    if model.startswith(CURRENT):
        return CURRENT_MINIMUM_TOKENS
    known = sorted((start for start in MINIMUM_TOKENS if model.startswith(start)), key=len)
    return MINIMUM_TOKENS[known[-1]] if known else CURRENT_MINIMUM_TOKENS


@dataclass(frozen=True, slots=True)
class Block:
    """One block of a request in prefix order; `ttl` is the lifetime that a breakpoint asks for, "" without one."""

    kind: str
    text: str
    ttl: str

    @property
    def tokens(self) -> int:
        return max(1, -(-len(self.text) // CHARS_PER_TOKEN))


def blocks_of(body: dict[str, Any]) -> list[Block]:
    """The request as the sequence of blocks that forms its prefix. Deferred tools are not part of it."""
    found = [_block("tool", tool) for tool in body.get("tools") or [] if not tool.get("defer_loading")]
    found += [
        _block("system", part)
        for part in _as_blocks(body.get("system"))
        if not str(part.get("text", "")).startswith(BILLING_MARK)
    ]
    for message in body.get("messages") or []:
        for part in _as_blocks(message.get("content")):
            kind = str(part.get("type")) if str(part.get("type")).startswith("tool_") else str(message.get("role"))
            found.append(_block(kind, part))
    return found


def count_tokens(body: dict[str, Any]) -> int:
    """The whole request, cached or not."""
    return sum(block.tokens for block in blocks_of(body))


@dataclass(frozen=True, slots=True)
class Prefix:
    """One request held against the cache."""

    total_tokens: int
    read_tokens: int
    written_5m_tokens: int
    written_1h_tokens: int
    keys: frozenset[str]

    def usage(self, output_tokens: int) -> dict[str, Any]:
        """The `usage` object of the answer."""
        written = self.written_5m_tokens + self.written_1h_tokens
        return {
            "input_tokens": self.total_tokens - self.read_tokens - written,
            "cache_creation_input_tokens": written,
            "cache_read_input_tokens": self.read_tokens,
            "cache_creation": {
                "ephemeral_5m_input_tokens": self.written_5m_tokens,
                "ephemeral_1h_input_tokens": self.written_1h_tokens,
            },
            "output_tokens": output_tokens,
            "service_tier": "standard",
        }


@dataclass(slots=True)
class PromptCache:
    """The entries written so far. `look_up` when a request arrives, `write` when its answer begins."""

    entries: set[str] = field(default_factory=set)

    def look_up(self, body: dict[str, Any]) -> Prefix:
        """What of this request is in the cache now, and what an answer would add."""
        model = str(body.get("model"))
        blocks = blocks_of(body)
        sums, keys = _running(blocks, model)
        marked = [i for i, block in enumerate(blocks) if block.ttl]
        worth = [i for i in marked if sums[i] >= minimum_tokens(model)]
        if not worth:
            return Prefix(sums[-1] if sums else 0, 0, 0, 0, frozenset())
        hit = max((_newest_entry(blocks, keys, i, self.entries) for i in worth), default=-1)
        read = sums[hit] if hit >= 0 else 0
        until_1h = max((sums[i] for i in worth if blocks[i].ttl == "1h"), default=0)
        written = max(0, sums[worth[-1]] - read)
        written_1h = min(written, max(0, until_1h - read))
        return Prefix(sums[-1], read, written - written_1h, written_1h, frozenset(keys[i] for i in worth))

    def write(self, prefix: Prefix) -> None:
        """Makes the request's breakpoints available to later requests."""
        self.entries |= prefix.keys


def _block(kind: str, part: dict[str, Any]) -> Block:
    control = part.get("cache_control")
    bare = {name: value for name, value in part.items() if name != "cache_control"}
    ttl = str(control.get("ttl") or "5m") if control else ""
    return Block(kind, json.dumps(bare, ensure_ascii=False), ttl)


def _as_blocks(content: Any) -> list[dict[str, Any]]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return list(content or [])


def _running(blocks: list[Block], model: str) -> tuple[list[int], list[str]]:
    """Tokens up to and including each block, and a key for that prefix of this model."""
    digest, total = hashlib.sha256(model.encode()), 0
    sums, keys = [], []
    for block in blocks:
        digest.update(f"\0{block.kind}\0{block.text}".encode())
        total += block.tokens
        sums.append(total)
        keys.append(digest.hexdigest())
    return sums, keys


def _newest_entry(blocks: list[Block], keys: list[str], mark: int, entries: set[str]) -> int:
    """The last block before or at breakpoint `mark` that ends a cached prefix; -1 if none is near enough."""
    positions = 0
    for i in range(mark, -1, -1):
        same_run = i < mark and blocks[i].kind == blocks[i + 1].kind and blocks[i].kind.startswith("tool_")
        positions += 0 if same_run else 1
        if positions > LOOK_BACK_POSITIONS:
            return -1
        if keys[i] in entries:
            return i
    return -1
