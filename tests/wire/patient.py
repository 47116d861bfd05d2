"""`mcp_lean` as it is, but with more time for a hook: `patient.py WORDS...`. On a busy machine a second is short."""

import runpy

from mcp_lean.server import hook_socket

hook_socket.DEADLINE_SECONDS = 20.0
runpy.run_module("mcp_lean", run_name="__main__", alter_sys=True)
