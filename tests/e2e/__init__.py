"""The real Claude Code CLI, driven against a scripted stand-in for the Messages API. How to run: README.md here."""
