"""What came of a tool call, in the few lines that decide.

In:  the tool's name, its arguments, and the text that it gave back.
Out: an `Outcome` for commands: failed or not, the line with the verdict, the lines that say what went wrong.
Not here: which outcome is still open (`commands`).

A test run through `| tail` ends with status 0 whatever happened, so the text is asked as well as the status.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from mcp_lean.checkpoint.words import one_line

SHELLS = frozenset(("Bash", "PowerShell", "mcp__acp__Bash"))
SPAWNING = frozenset(("Task", "Agent"))
KEEP_RESULT = SPAWNING | {
    "AskUserQuestion", "TaskCreate", "TaskUpdate", "TaskOutput", "BashOutput", "AgentOutput", "AgentOutputTool",
    "KillShell", "KillBash", "TaskStop", "TaskList", "ExitPlanMode", "EnterPlanMode",
}  # fmt: skip

SEARCHED_CHARS = 24_000
"""Of each end of an output."""

MOST_LINES, MOST_LINE_CHARS = 8, 240

VERDICT_LINES = 40
VERDICT_CHARS = VERDICT_LINES * MOST_LINE_CHARS
"""From the end: runners sum up last, and a longer search takes most of the time of a reading."""

VERDICT = re.compile(
    r"""\b\d+[ ](?:passed|failed|passing|failing|pending|errors?|failures?|warnings?|skipped)\b
      | \b\d+[ ](?:tests?|examples?|assertions?|problems?|specs?)\b
      | \bTests?:[ ] | \bTest[ ]Suites:[ ] | \bTests?[ ][ ]+\d | \btest[ ]result:[ ]
      | ^(?:ok|FAIL|PASS)\b | ^OK\b | ^FAILED\b
      | \bRan[ ]\d+[ ]tests?\b | \bno[ ]issues\b | \bAll[ ](?:checks|files|tests)[ ] | \bBUILD[ ](?:SUCCESS|FAIL)
      | \bTests[ ]run:[ ] | \bpassed[ ]successfully\b | \bfound[ ]\d+[ ] | \bSuccess:[ ]
      | \bfound[ ]no[ ] | \b(?:✖|✗|✓)[ ]\d+""",
    re.VERBOSE,
)
VERDICT_WORD = re.compile(
    r"passed|failed|passing|failing|pending|error|failure|warning|skipped|test|example|assertion|problem|spec|Test|ok|FAIL"
    r"|PASS|OK|issues|All |BUILD|found |Success: |✖|✗|✓"
)
"""One of them stands in every verdict. Words alone are searched for forty times as fast, and most lines hold none."""
FAILURE = re.compile(
    r"(?<![\d.])[1-9]\d* (?:failed|failing|failures?|errors?|problems?|tests? failed)\b|\bFAIL(?:ED|URE|URES)?\b"
    r"|^FAIL\b"
    r"|\b[Ff]ound [1-9]\d* (?:issue|warning|error|problem|refactor|consisten|readab|design|software)"
    r"|(?:Failures|Errors|failures|errors): ?[1-9]|^not ok\b|\bBUILD FAILED\b"
)
"""In a verdict: something failed."""

FAILING_TEST = re.compile(
    r"^(?:FAILED|ERROR) \S+::\S+.*|^(?:FAIL|ERROR): \S+.*|^\s{0,4}\d+\) .*\S|^\s*● .+|^\s*(?:✕|✗|×|✘) .+"
    r"|^\s*--- FAIL: .+"
    r"|^test \S+ \.\.\. FAILED|^rspec \./\S+.*|^\s*not ok \d+.*|^FAIL\s+\S+.*|^\s+FAIL  .+|^FAILED \S+.*"
)
AT = re.compile(r"[\w/-]\.\w{1,5}:\d+\b")
PLACE = re.compile(r"^\s{2,}(?:test|spec|tests)/\S+:\d+$")
WRONG = re.compile(
    r"^E   +\S.*|^\s*(?:\*\* \(\w+.*|[\w.]*(?:Error|Exception|Panic|Warning as error)\b.*:.*)|^\s*(?:[Ee]rror|ERROR"
    r"|[Ff]atal|FATAL|[Pp]anic)\b.*"
    r"|.*\berror(?:\[\w+\]| \w+\d+)?: .*|.*\bpanicked at\b.*|.*: (?:fatal|undefined reference|command not found"
    r"|not found|No such file or directory|Permission denied).*"
    r"|^\s*(?:left|right|expected|actual|Expected|Received|got|want):? .*|^\s*(?:assert|Assertion)\b.*"
    r"|^\S+:\d+:(?:\d+:)? (?:error|warning|[A-Z]\w*(?:Error|Exception)\b|[A-Z]+\d+ ).*|^\S+\(\d+,\d+\): error .*"
)
PREFIX = re.compile(
    r"^(?:\s*(?:cd|export|source|\.)\s+[^&;|]*(?:&&|;)|\s*[A-Z_][A-Z0-9_]*=\S*\s+|\s*(?:timeout|time|sudo|nice"
    r"|env(?=\s+[A-Z_][A-Z0-9_]*=))(?:\s+-\S+)*(?:\s+\d+\w?)?\s+)+"
)
PLUMBING = re.compile(
    r"\s*(?:2>&1|2>/dev/null|>/dev/null|\|\|\s*true|\|\s*(?:tail|head|cat|less)\b[^|&;]*|;\s*echo\b.*|&\s*$)"
)
TRAILING = re.compile(rf"(?:{PLUMBING.pattern})+\s*$")
PATH = re.compile(r"[\w./-]+\.\w{1,5}|[\w.-]+/[\w./-]+")
QUIET = re.compile(
    r"^\s*(?:ls|cat|head|tail|sed|grep|rg|find|wc|echo|pwd|which|sleep|cd|tree|stat|file|awk|sort|diff|git (?:status"
    r"|diff|log|show|branch|blame|grep))\b"
)
"""Looking, not doing: what it showed has gone into the work."""
EXIT_CODE = re.compile(r"Exit code \d+")

RUNS_ON = "Command running in"
"""How the client answers for a command in the background."""

REFUSED = "The user doesn't want to"
"""How the client begins the result of a call that a person did not allow."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command's output says.

    command: its first line as it was written, without folder changes before it and pipes behind it.
    key: the same without what only shapes its output; `program`: what two runs of one check have in common; `targets`:
        the paths behind that.
    verdict: the last line that sums it up; without one, the last line.
    lines: failing tests first, then what went wrong; in the order of the output, each as it stands there.
    """

    command: str
    key: str
    program: str
    targets: frozenset[str]
    is_failed: bool
    verdict: str
    has_verdict: bool
    lines: tuple[str, ...]


def outcome_of(name: str, command: str, words: str, *, is_error: bool) -> Outcome | None:
    """What came of a shell command; `None` for other tools, and for a command that was not run, or runs on."""
    if name not in SHELLS or not command or words.startswith((REFUSED, RUNS_ON)):
        return None
    end = _lines(words[-VERDICT_CHARS:])[-VERDICT_LINES:]
    verdicts = [line for line in end if len(line) < MOST_LINE_CHARS and is_verdict(line)]
    key = key_of(command)
    says_failed = not QUIET.match(key) and any(FAILURE.search(line) for line in verdicts[-3:])
    is_failed = is_error or says_failed
    verdict = verdicts[-1] if verdicts else (end[-1] if end else "")
    program = program_of(key)
    return Outcome(
        shown_of(command),
        key,
        program,
        frozenset(PATH.findall(key.removeprefix(program))),
        is_failed,
        verdict.strip()[:MOST_LINE_CHARS],
        bool(verdicts),
        _decisive(_lines(_ends(words))) if is_failed else (),
    )


def is_verdict(line: str) -> bool:
    """Whether a line sums up a run."""
    return VERDICT_WORD.search(line) is not None and VERDICT.search(line) is not None


def _ends(words: str) -> str:
    """Both ends of an output; what failed stands in one of them, or is repeated there."""
    return words if len(words) <= 2 * SEARCHED_CHARS else words[:SEARCHED_CHARS] + "\n" + words[-SEARCHED_CHARS:]


def _lines(words: str) -> list[str]:
    lines = (line.rstrip() for line in words.split("\n"))
    return [line for line in lines if line and not (line.startswith("Exit code ") and EXIT_CODE.fullmatch(line))]


def shown_of(command: str) -> str:
    """The first line of a command, from the first word that does something to the last."""
    line = PREFIX.sub("", command.strip().split("\n", 1)[0])
    return one_line(TRAILING.sub("", line))


def key_of(command: str) -> str:
    """A command without folder changes, variables, and the pipes that only shorten what it prints."""
    line = command.strip().split("\n", 1)[0]
    line = PREFIX.sub("", line)
    return one_line(PLUMBING.sub("", line))


def program_of(key: str) -> str:
    """The words before the first option or path: what two runs of one check have in common."""
    words: list[str] = []
    for word in key.split(" "):
        if words and (word.startswith("-") or "/" in word or "." in word or ":" in word):
            break
        words.append(word)
    return " ".join(words[:4])


def _decisive(lines: list[str]) -> tuple[str, ...]:
    tests: list[int] = []
    wrong: list[int] = []
    for number, line in enumerate(lines):
        if len(line) > 4 * MOST_LINE_CHARS:
            continue
        if FAILING_TEST.match(line) or PLACE.match(line):
            tests.append(number)
        elif WRONG.match(line):
            wrong.append(number)
    if not (tests or wrong):
        wrong = [number for number, line in enumerate(lines) if len(line) <= MOST_LINE_CHARS and AT.search(line)][:3]
    chosen = sorted({*tests[:MOST_LINES], *wrong[: max(3, MOST_LINES - len(tests))]}) or [len(lines) - 1] * bool(lines)
    return tuple(dict.fromkeys(lines[number].strip()[:MOST_LINE_CHARS] for number in chosen))


def kept_of(name: str, arguments: Mapping[str, object], words: str, most_chars: int, *, is_error: bool) -> str:
    """The part of a result's text that can matter later on; empty for most."""
    if name in KEEP_RESULT or arguments.get("run_in_background") is True or words.startswith(RUNS_ON):
        return words[:most_chars]
    if is_error:
        return words[: most_chars // 2]
    if name == "Read":
        return numbered_range(words)
    return ""


NUMBERED = re.compile(r"^\s*(\d+)(?:→|\t)")


def numbered_range(words: str) -> str:
    """`first-last` of a text with numbered lines, as the client's Read gives it; empty for any other."""
    first = NUMBERED.match(words[:200].split("\n", 1)[0])
    if first is None:
        return ""
    for line in reversed(words[-4_000:].split("\n")):
        last = NUMBERED.match(line)
        if last is not None and int(last[1]) >= int(first[1]):
            return f"{first[1]}-{last[1]}"
    return ""
