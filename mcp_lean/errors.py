"""Errors that a caller may catch. `str(error)` is one line: what was asked, what is wrong, what to try.

LeanError                    never raised itself
├── AskError                 the caller can ask differently; the text is shown to the model
│   ├── BadItem              the item does not parse
│   ├── Missing              no such path; names the nearest existing ones
│   ├── OutsideWorkspace     the path leads out of the allowed folders
│   ├── Denied               a Read(...) deny rule of Claude Code covers the path
│   └── NotText              binary, a device, or a file that cannot be opened
├── Cancelled                the client withdrew the call; nobody waits for the answer
├── EngineMissing            a program that we call (git, rg) is not there or failed
└── ConfigError              a configuration or price file that cannot be used
"""


class LeanError(Exception):
    """Base of every expected failure; its text is one line and fit to be shown."""


class AskError(LeanError):
    """The caller can ask differently."""


class BadItem(AskError):
    """An item does not parse."""


class Missing(AskError):
    """No such path."""


class OutsideWorkspace(AskError):
    """The path leads out of the allowed folders."""


class Denied(AskError):
    """A `Read(...)` deny rule covers the path, whether or not it exists."""


class NotText(AskError):
    """Binary, not a regular file, or unreadable."""


class Cancelled(LeanError):
    """The client withdrew the call."""


class EngineMissing(LeanError):
    """A program that we call is not there, or failed."""


class ConfigError(LeanError):
    """A configuration or price file that cannot be used."""
