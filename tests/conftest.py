"""What holds for all tests, whoever runs them: in a terminal, in CI, or from within Claude Code."""

import os

from hypothesis import HealthCheck, settings

# What these say of the terminal or the session of whoever runs the tests is not asked about in any of them.
OF_A_TERMINAL = {"COLUMNS", "FORCE_COLOR", "LINES", "NO_COLOR"}
OF_A_SESSION = ("AI_AGENT", "ANTHROPIC_", "CLAUDE")
for name in list(os.environ):
    if name in OF_A_TERMINAL or name.startswith(OF_A_SESSION):
        del os.environ[name]
os.environ["TERM"] = "xterm"

# Examples are not timed: on a busy machine any of them may take a second, and a suite that fails then says nothing.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# The same examples each time, where one change is to be judged; everybody else goes on searching.
settings.register_profile("repeatable", settings.get_profile("untimed"), derandomize=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "untimed"))
