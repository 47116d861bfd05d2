"""The tools, in the order in which they are listed. The list is a constant: a change re-bills every agent's prefix."""

from __future__ import annotations

from mcp_lean.tools import read_many
from mcp_lean.tools.base import Tool

TOOLS: tuple[Tool, ...] = (read_many.TOOL,)
