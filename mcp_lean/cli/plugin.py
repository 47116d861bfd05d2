"""`mcp-lean plugin`: where the Claude Code plugin is, for `claude --plugin-dir "$(mcp-lean plugin)"`.

Exit statuses: 0 printed; 3 the folder is not there (an installation that left it out).
"""

from __future__ import annotations

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        'Try it with: claude --plugin-dir "$(mcp-lean plugin)". Or install it for good, from a checkout of the '
        "repository: claude plugin marketplace add PATH, then claude plugin install lean@mcp-lean."
    )


def run(args: argparse.Namespace) -> int:
    """Print the folder."""
    import os
    import sys

    from mcp_lean.claude_code.plugin_files import FOLDER

    if not os.path.isfile(os.path.join(FOLDER, ".claude-plugin", "plugin.json")):
        print(f"mcp-lean plugin: {FOLDER}: the plugin was not installed with the package", file=sys.stderr)
        return 3
    print(FOLDER)
    return 0
