"""A server with one tool, which answers who calls it: "AGENT TYPE of SESSION", or "nobody known"."""

from mcp_lean.server.stdio import main
from mcp_lean.tools.base import Arguments, Context, Tool


class Nothing(Arguments):
    pass


def who(_: Nothing, context: Context) -> str:
    caller = context.caller
    if caller is None:
        return "nobody known"
    return f"{caller.agent_id or 'main'} {caller.agent_type or '-'} of {caller.session_id}"


if __name__ == "__main__":
    main(tools=(Tool("who", "who calls", Nothing, who, always_load=True),))
