"""Which kind of work the words of a task ask for: a table of tasks as people and models write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_lean.guard.routing.words import LONGEST_CHARS, MOST_FILES, Kind, work_of

CWD = "/home/ann/shop"
GENERAL = "general-purpose"


def kind(prompt: str, agent_type: str = GENERAL, description: str = "") -> Kind:
    return work_of(description, prompt, agent_type, CWD).kind


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        # Reading.
        ("Find where the settings are loaded and report the paths.", Kind.READ),
        ("Search the code for callers of `Session.close` and list them.", Kind.READ),
        ("Explain how requests reach the database. Do not edit any files.", Kind.READ),
        ("Locate every place that reads the cache folder; research only, no code changes.", Kind.READ),
        ("Read src/app.py and summarise it. Never modify, create or delete anything.", Kind.READ),
        ("Report which files the last commit touched and where they are used.", Kind.READ),
        ("Map the module structure without making changes.", Kind.READ),
        # Writing, as soon as one word of it is left.
        ("Find the bug in the parser and fix it.", Kind.WRITE),
        ("Implement the new endpoint in src/api.py.", Kind.WRITE),
        ("Add a test for the empty list.", Kind.WRITE),
        ("Do not edit the tests. Rename `foo` to `bar` in the sources.", Kind.WRITE),
        ("Search all usages of the old API and replace them.", Kind.WRITE),
        ("Update the README so that it describes the flag.", Kind.WRITE),
        ("Don't stop before the build passes; fix what fails.", Kind.WRITE),
        ("List the tables and then produce a script for them.", Kind.WRITE),
        ("Find the endpoints and put them into notes.md.", Kind.WRITE),
        ("Summarise the modules; save the result as docs/map.md.", Kind.WRITE),
        # Acting, which a reader of files cannot.
        ("Test the login flow and report what you see.", Kind.OTHER),
        ("Find the sample and verify that it works.", Kind.OTHER),
        ("Reproduce the crash and describe it.", Kind.OTHER),
        ("List the build files and where the tests start.", Kind.READ),
        # Running one given command.
        ("Run `pytest -q tests/api` and report what fails. Do not fix anything.", Kind.RUN),
        ("Execute npm test and tell me which suites fail.", Kind.RUN),
        ("Run the linters and clean up what they report.", Kind.WRITE),
        ("Run `make bench` and find out why it is slow.", Kind.OTHER),
        ("Run whatever is needed.", Kind.OTHER),
        # Judging a change.
        ("Review the latest commit for mistakes.", Kind.REVIEW),
        ("Review the diff of this branch. Do not change any files.", Kind.REVIEW),
        ("Review this change and apply your suggestions.", Kind.WRITE),
        ("Review the architecture.", Kind.OTHER),
        # Thinking, other places, other languages, nothing at all.
        ("Find the root cause of the crash in the log.", Kind.OTHER),
        ("Look into why the tests hang.", Kind.OTHER),
        ("Find the best way to cache this.", Kind.OTHER),
        ("Search hex.pm for the latest versions of these packages.", Kind.OTHER),
        ("Find out on https://example.com how it works.", Kind.OTHER),
        ("Describe what the screenshot shows.", Kind.OTHER),
        ("Use mcp__jira__search to find the ticket.", Kind.OTHER),
        ("Suche alle Aufrufer von close.", Kind.OTHER),
        ("すべての呼び出し元を見つけてください。", Kind.OTHER),
        ("go", Kind.OTHER),
        ("", Kind.OTHER),
    ],
)
def test_the_kind_of_a_task(prompt: str, expected: Kind) -> None:
    assert kind(prompt) is expected


@pytest.mark.parametrize(
    "prompt",
    [
        "Find the failing tests in tests/unit and make them pass.",
        "Find the router and wire up the new /health handler.",
        "Look at the conflicted files and resolve the conflicts.",
        "Find the TODO in parser.py and take care of it.",
        "Search the docs for typos and correct them.",
        "Find all uses of moment and switch them to dayjs.",
        "Locate the http client and set the timeout to 30 seconds.",
        "Locate untyped functions in core.py and annotate them.",
        "Find public functions without docstrings and document them.",
        "Identify unused functions in utils and drop them.",
        "Read src/cache.py and rework it to use asyncio.",
        "Search for all endpoints and store the list in docs/endpoints.md.",
        "Map the repository and record it in ARCHITECTURE.md.",
        "Summarize the module and output it to notes/summary.md",
        "List all options and export them as options.csv.",
        "Find the bug and eliminate it.",
        "Find the parser and, without changing the API, speed it up.",
        "Locate the lines in api.py and undo them.",
        "Find the unfinished function in stats.py and complete it.",
        "Find console.log statements; strip them.",
        "Read lib/a.js and port it to TypeScript.",
        "Find the tests of client.py and mock the network there.",
        "Identify duplicated helpers in src and consolidate them.",
        "List open tickets and close those that are done.",
        "Find which process listens on 8080, then kill it.",
        "Find the users table and reset the passwords. Report when done.",
        "List the packages and touch an __init__.py in each.",
        "Find the changelog and carefully sync it with the tags.",
        "Find callbacks in net.js and turn them into promises.",
        "Locate uncovered branches in tax.py and cover them with tests.",
        "Read the two modules below.\n- Unify their interfaces\n- Report",
        "Run pytest until everything is green, resolving failures as you go.",
        "Run `pytest -q` and get it green, then squash the noise.",
        "Busca el c\u00f3digo de pago y corrige el fallo. List the files.",
        "\u041d\u0430\u0439\u0434\u0438 order_total. Report the file.",
        "login.py \u3092\u4fee\u6b63\u3057\u3066\u304f\u3060\u3055\u3044\u3002 report",
        "Finde die Anmeldung und repariere sie. Report the file.",
    ],
)
def test_what_may_change_something_goes_to_no_reader(prompt: str) -> None:
    """No list of verbs of changing is complete; so what is ordered has to be a known way of looking."""
    assert kind(prompt) is Kind.OTHER


@pytest.mark.parametrize(
    "prompt",
    [
        "Find all usages of `parse_config` and list them with file and line. Do not edit files.",
        "Explore the project in src and describe its modules. Read only.",
        "Gather every environment variable the code reads, and enumerate them with their defaults.",
        "I need to understand the flow of an order. Trace it from the route to the database, then report each step.",
        "Find where the port is read. For each place, give the line. If there are several, say which one wins.",
        "Search src for classes that inherit from Base; note their names and what they override.",
        "Locate the schema. The app uses sqlite. Return the table names and the columns of each.",
        "1. Find the entry point\n2. List what it imports\n3. Report the order in which the parts start",
    ],
)
def test_plain_reading_stays_reading(prompt: str) -> None:
    assert kind(prompt) is Kind.READ


def test_the_clients_searching_agent_reads_whatever_its_task_mentions() -> None:
    """It cannot write; its task often tells what will be written later."""
    task = "We will implement lifecycle hooks. I need to know how the registry is built and where it is used."

    assert kind(task, "Explore") is Kind.READ
    assert kind(task) is Kind.WRITE
    assert kind("Find the root cause of the crash.", "Explore") is Kind.OTHER


def test_the_description_counts_as_much_as_the_prompt() -> None:
    assert kind("See the ticket above.", description="Fix the parser") is Kind.WRITE


@pytest.mark.parametrize(
    ("prompt", "needs_shell", "is_outside"),
    [
        ("Find where it is read.", False, False),
        ("Find in the git log when the flag was dropped.", True, False),
        ("Find what `docker ps` shows in the notes.", True, False),
        ("Read /home/ann/shop/src/app.py and report.", False, False),
        ("Read /etc/hosts/x and report.", False, True),
        ("Read ~/notes/todo.md and report.", False, True),
        ("Read ../other/app.py and report.", False, True),
        ("Find /home/ann/shopping/list.txt and report.", False, True),
    ],
)
def test_what_reading_needs_besides(prompt: str, needs_shell: bool, is_outside: bool) -> None:
    work = work_of("", prompt, GENERAL, CWD)

    assert (work.kind, work.needs_shell, work.is_outside) == (Kind.READ, needs_shell, is_outside)


def test_a_slice_that_is_too_large_for_a_small_context_is_left() -> None:
    named = " ".join(f"src/part{number}.py" for number in range(MOST_FILES + 1))

    assert kind(f"Read {named} and report.") is Kind.OTHER
    assert kind("Find it. " + "x " * LONGEST_CHARS) is Kind.OTHER


@given(st.text(max_size=400), st.text(max_size=60))
def test_whatever_is_asked_for_there_is_an_answer_with_a_sign(prompt: str, description: str) -> None:
    work = work_of(description, prompt, GENERAL, CWD)

    assert work.sign
    assert len(work.sign) < 80


@given(st.sampled_from(["fix", "Implement", "EDIT", "write", "delete", "refactor"]), st.text(max_size=200))
def test_a_task_that_begins_with_writing_is_never_reading(verb: str, rest: str) -> None:
    assert kind(f"{verb} it. {rest}") in (Kind.WRITE, Kind.OTHER)


@pytest.mark.parametrize("filler", [" ", "\n", "\t", " \n", "\u2003", "\x0b"])
def test_white_space_says_nothing(filler: str) -> None:
    """However much of it: patterns that meet long runs of it would not come to an end in time."""
    for end in ("edit", "write it"):
        text = f"do not{filler * 40}{end}. Find it.{filler * ((LONGEST_CHARS - 200) // len(filler))}"
        assert work_of("", text, GENERAL, CWD).kind is work_of("", f"do not {end}. Find it.", GENERAL, CWD).kind
