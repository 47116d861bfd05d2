"""mcp_lean: makes parallel Claude Code runs cheaper, and shows where the money goes."""

__version__ = "0.1.0"
