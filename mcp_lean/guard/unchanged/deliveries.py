"""What was delivered to which agent, and whether it can be told "unchanged since you read it" instead of the text.

In:  pieces of files as an answer is about to show them; later, the answer as it was sent.
Out: those pieces that the agent provably holds already, byte for byte.
Not here: the proof (`held`), the words (`tools/unchanged`).

What a call delivered is kept in memory only: after a restart everything comes in full. That it was delivered is never
concluded from having sent it, but read in the agent's own transcript at the moment of asking: the call's result has to
stand there with the very text, in the conversation as it goes on now, not far back.

The line instead of the text uses up what is known, so asking again gives the text.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from threading import Lock

from mcp_lean.guard.identity import Caller
from mcp_lean.guard.parts import Failsafe

UNCHANGED = "unchanged since you read it; ask again for the text"
"""End of the line that stands for a piece, so that others know it (`loops`)."""

PIECES_KEPT = 10_000
"""Some 300 bytes each. A run reads a few hundred; the oldest are dropped."""

LEAST_CHARS = 1_000
"""A shorter piece always comes in full: asking again costs a request, which reads the whole context from the cache
once more. At 50,000 tokens of context and today's prices that is as dear as 1,100 new tokens; so with 400 tokens saved,
every third line may be answered by asking again before it is a loss."""

WAITS, WAIT_SECONDS = 25, 0.01
"""The client writes a call down up to 100 ms after making it (20 calls: 12 within 3 ms, the last one after 96)."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Consecutive lines of a file, as shown.

    stamp: what changes when anybody writes to the file, also where it is written back as it was.
    first: number of the first line.
    """

    path: str
    stamp: str
    first: int
    rows: str


@dataclass(frozen=True, slots=True)
class Sent:
    """The call that carried a piece, and its whole answer."""

    call_id: str
    answer: bytes


class Deliveries:
    """Of one server process; safe to use from several threads.

    Args:
        say: takes what went wrong, a line each; by default it goes to stderr.
    """

    def __init__(self, say: Callable[[str], None] | None = None, most: int = PIECES_KEPT) -> None:
        self._most = most
        self._lock = Lock()
        self._sent: OrderedDict[bytes, Sent] = OrderedDict()
        self.failsafe = Failsafe(say)

    def to(self, caller: Caller, call_id: str) -> Delivery:
        """What one call delivers."""
        return Delivery(self, caller, call_id)

    def find(self, keys: Collection[bytes]) -> dict[bytes, Sent]:
        """The calls that carried these pieces last, as far as they are known."""
        with self._lock:
            return {key: self._sent[key] for key in keys if key in self._sent}

    def use_up(self, key: bytes, sent: Sent) -> bool:
        """Forgets a piece. False: it was sent again meanwhile, or another call has used it up."""
        with self._lock:
            is_there = self._sent.get(key) is sent
            if is_there:
                del self._sent[key]
            return is_there

    def remember(self, keys: Collection[bytes], sent: Sent) -> None:
        """Notes the call that carries these pieces."""
        with self._lock:
            for key in keys:
                self._sent[key] = sent
                self._sent.move_to_end(key)
            while len(self._sent) > self._most:
                self._sent.popitem(last=False)


class Delivery:
    """Of one call: first `unchanged`, then `sent`. One that fails is as if nothing were known."""

    def __init__(self, deliveries: Deliveries, caller: Caller, call_id: str) -> None:
        self._deliveries = deliveries
        self._caller = caller
        self._call_id = call_id
        self._shown: dict[bytes, str] = {}

    def unchanged(self, pieces: Collection[Piece], pause: Callable[[float], bool]) -> frozenset[Piece]:
        """Those that the agent holds. They are not to be shown; all others are expected to be.

        Args:
            pause: waits for as many seconds; True if the call was withdrawn.
        """
        keys = {piece: self._key(piece) for piece in pieces if len(piece.rows) >= LEAST_CHARS}
        self._shown = {key: piece.rows for piece, key in keys.items()}
        nothing: frozenset[Piece] = frozenset()
        found = self._deliveries.failsafe.run("proof of what was read", lambda: self._proved(keys, pause), nothing)
        for piece in found:
            self._shown.pop(keys[piece], None)
        return found

    def sent(self, answer: str) -> None:
        """The answer is on its way, in exactly these words. What was cut off at the last moment is not in it."""
        keys = [key for key, rows in self._shown.items() if rows in answer]
        if keys:
            self._deliveries.remember(keys, Sent(self._call_id, digest(answer)))

    def _proved(self, keys: Mapping[Piece, bytes], pause: Callable[[float], bool]) -> frozenset[Piece]:
        known = self._deliveries.find(keys.values())
        results = self._held({sent.call_id for sent in known.values()}, pause) if known else {}
        digests = {call_id: digest(words) for call_id, words in results.items()}
        proved = {key for key, sent in known.items() if digests.get(sent.call_id) == sent.answer}
        proved = {key for key in proved if self._deliveries.use_up(key, known[key])}
        return frozenset(piece for piece, key in keys.items() if key in proved)

    def _held(self, calls: Collection[str], pause: Callable[[float], bool]) -> Mapping[str, str]:
        from mcp_lean.guard.unchanged import held

        path = self._caller.own_transcript_path
        for _ in range(WAITS if path else 0):
            try:
                results = held.held_results(held.read_tail(path), self._call_id, calls)
            except (OSError, ValueError):
                return {}  # no path, or nothing there that the client could have written: then there is no proof
            if results is not None:
                return results
            if pause(WAIT_SECONDS):
                break
        return {}

    def _key(self, piece: Piece) -> bytes:
        agent = (self._caller.session_id, self._caller.agent_id)
        return digest("\0".join((*agent, piece.path, piece.stamp, str(piece.first), piece.rows)))


def digest(words: str) -> bytes:
    """Stands for a text."""
    return blake2b(words.encode("utf-8", "surrogatepass"), digest_size=16).digest()
