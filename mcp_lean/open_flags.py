"""Flags with which a file is opened whose name may stand for something else by now: a FIFO, a symlink.

In:  nothing.
Out: flags for `os.open`.
Not here: looking at what was opened; whoever reads checks that it is a regular file.

Windows has no such flags; there the check has to do.
"""

from __future__ import annotations

import os
import sys

if sys.platform == "win32":
    READ = READ_NO_LINK = os.O_RDONLY | os.O_BINARY
else:
    READ = os.O_RDONLY | os.O_NONBLOCK
    READ_NO_LINK = READ | os.O_NOFOLLOW
    """Fails where the last part of the path is a symlink."""
