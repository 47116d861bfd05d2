"""rg's output, taken apart while it comes.

In:  pieces of what `rg --null --no-heading --with-filename --stats` writes, cut anywhere.
Out: per path its matching lines, and how many files were searched.
Not here: running rg (`rg_search.py`).
"""

from __future__ import annotations

import os
import re

SKIPPED = re.compile(
    rb".*?: (?:WARNING: stopped searching binary file after match|binary file matches) \(found [^\n]*\)\n", re.DOTALL
)
STATISTICS = re.compile(rb"\n(\d+) files searched\n")
CUT = re.compile(r" \[\.\.\. (?:omitted end of long line|\d+ more match(?:es)?)\]$", re.MULTILINE)


class Stream:
    """The output is "path NUL line LF", again and again, then statistics."""

    def __init__(self) -> None:
        self.taken_bytes = 0
        self.searched_files = 0
        self.was_cut = False
        self._tail = b"\n"
        self._path = b""
        self._lines: dict[bytes, list[bytes]] = {}

    def feed(self, piece: bytes) -> None:
        """The next piece of output, cut anywhere."""
        self.taken_bytes += len(piece)
        records = (self._tail + piece).split(b"\0")
        self._tail = records.pop()
        path = self._path
        lines = self._lines.setdefault(path, [])
        for record in records:
            # A line holds no LF: the first one ends it, and what follows is the next path, with its own LFs if any.
            line, _, following = record.partition(b"\n")
            lines.append(line)
            if following != path:
                path = SKIPPED.sub(b"", following) if b": " in following else following
                lines = self._lines.setdefault(path, [])
        self._path = path

    def end(self) -> bool:
        """The output has ended. False when its statistics are missing: rg did not come to its own end."""
        line, _, rest = self._tail.partition(b"\n")
        found = STATISTICS.search(b"\n" + rest)
        if found is None:
            return False
        self._lines.setdefault(self._path, []).append(line)
        self.searched_files += int(found[1])
        self._tail, self._path = b"\n", b""
        return True

    def texts(self) -> dict[str, str]:
        """Per path its lines, decoded, without the mark that rg puts where it cuts a long one (see `was_cut`)."""
        return {decoded_path(path): self._decoded(lines) for path, lines in self._lines.items() if path}

    def _decoded(self, lines: list[bytes]) -> str:
        text = b"\n".join(lines).decode("utf-8", "replace")
        if "\r" in text:
            text = text.replace("\r", "")
        if " [... " not in text:
            return text
        text, cuts = CUT.subn("", text)
        self.was_cut = self.was_cut or cuts > 0
        return text


def decoded_path(path: bytes) -> str:
    return os.fsdecode(path.removeprefix(b"./"))
