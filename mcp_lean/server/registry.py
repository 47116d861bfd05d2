"""The tools, in the order in which they are listed; the hidden ones come last.

The list is a constant: a change re-bills every agent's prefix.

To add a tool, or to change what one says, edit the tuple or the tool, then record the new list and review its bytes:

    scripts/update_opening; MCP_LEAN_UPDATE_GOLDEN=1 pytest tests/wire/test_tools_list.py
"""

from __future__ import annotations

from mcp_lean.server import hook_tool
from mcp_lean.tools import budget_check, compact, grep_and_read, read_many, repo_summary
from mcp_lean.tools.base import Tool

TOOLS: tuple[Tool, ...] = (read_many.TOOL, grep_and_read.TOOL, repo_summary.TOOL, budget_check.TOOL, compact.TOOL)

HIDDEN = (hook_tool.DEFINITION,)
"""For hooks: no model sees them, and they cost no tokens."""
