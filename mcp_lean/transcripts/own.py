"""The mark by which texts of mcp_lean's hooks are known in a transcript.

In:  nothing.
Out: `START`.
Not here: writing such texts (`guard/decision`), counting them (`thread`).

The client writes a hook's words down without saying whose they are, so they say it themselves; four tokens each.
"""

from __future__ import annotations

START = "mcp_lean: "
"""What every text begins with that a hook of ours puts into a conversation."""
