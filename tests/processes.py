"""Processes that a test did not start itself, and so cannot wait for."""

from __future__ import annotations

import time
from pathlib import Path

PATIENCE_SECONDS = 30.0


def ends(process: int) -> bool:
    """Whether it does, in a moment; one that has ended and that nobody has asked about is a zombie."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        try:
            if Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.01)
    return False
