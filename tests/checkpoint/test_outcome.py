"""What is read out of a command's output, for the runners that people use."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_lean.checkpoint.outcome import VERDICT, VERDICT_WORD, kept_of, numbered_range, outcome_of

PYTEST = """F.
E   assert 1 == 2
tests/test_a.py:3: AssertionError
FAILED tests/test_a.py::test_x - assert 1 == 2
1 failed, 1 passed in 0.02s"""
EXUNIT = """
  1) test it rounds (Shop.CartTest)
     test/shop/cart_test.exs:12
     Assertion with == failed
     left:  1
     right: 2

Finished in 0.1 seconds
14 tests, 1 failure"""
JEST = """FAIL src/cart.test.ts
  ● cart › rounds half even
    Expected: 10
    Received: 11
Tests:       1 failed, 3 passed, 4 total"""
GO = """--- FAIL: TestRound (0.00s)
    cart_test.go:12: got 11, want 10
FAIL
FAIL\tshop/cart\t0.012s"""
CARGO = """test cart::rounds ... FAILED
thread 'cart::rounds' panicked at src/cart.rs:12:5:
test result: FAILED. 3 passed; 1 failed; 0 ignored"""
TSC = """src/cart.ts(12,3): error TS2322: Type 'string' is not assignable to type 'number'.
Found 1 error in src/cart.ts:12"""
MYPY = """shop/cart.py:12: error: Incompatible return value type  [return-value]
Found 1 error in 1 file (checked 3 source files)"""


@pytest.mark.parametrize(
    ("command", "output", "lines", "verdict"),
    [
        (
            "pytest",
            PYTEST,
            (
                "E   assert 1 == 2",
                "tests/test_a.py:3: AssertionError",
                "FAILED tests/test_a.py::test_x - assert 1 == 2",
            ),
            "1 failed, 1 passed in 0.02s",
        ),
        (
            "mix test",
            EXUNIT,
            (
                "1) test it rounds (Shop.CartTest)",
                "test/shop/cart_test.exs:12",
                "Assertion with == failed",
                "left:  1",
                "right: 2",
            ),
            "14 tests, 1 failure",
        ),
        (
            "npx jest",
            JEST,
            ("FAIL src/cart.test.ts", "● cart › rounds half even", "Expected: 10", "Received: 11"),
            "Tests:       1 failed, 3 passed, 4 total",
        ),
        ("go test ./...", GO, ("--- FAIL: TestRound (0.00s)", "FAIL\tshop/cart\t0.012s"), "FAIL\tshop/cart\t0.012s"),
        (
            "cargo test",
            CARGO,
            ("test cart::rounds ... FAILED", "thread 'cart::rounds' panicked at src/cart.rs:12:5:"),
            "test result: FAILED. 3 passed; 1 failed; 0 ignored",
        ),
        ("npx tsc", TSC, (TSC.split("\n")[0],), "Found 1 error in src/cart.ts:12"),
        ("mypy shop", MYPY, (MYPY.split("\n")[0],), "Found 1 error in 1 file (checked 3 source files)"),
    ],
    ids=("pytest", "exunit", "jest", "go", "cargo", "tsc", "mypy"),
)
def test_failing_tests_and_the_lines_that_decide(
    command: str, output: str, lines: tuple[str, ...], verdict: str
) -> None:
    outcome = outcome_of("Bash", command, output, is_error=False)

    assert outcome is not None
    assert (outcome.is_failed, outcome.lines, outcome.verdict) == (True, lines, verdict)


@pytest.mark.parametrize(
    ("command", "output"),
    [
        ("pytest", "12 passed in 0.3s"),
        ("mix test", "14 doctests, 73 tests, 0 failures"),
        ("npm test", "Tests:       4 passed, 4 total"),
        ("go test ./...", "ok  \tshop/cart\t0.012s"),
        ("cargo test", "test result: ok. 4 passed; 0 failed; 0 ignored"),
        ("ruff check", "All checks passed!"),
        ("mypy .", "Success: no issues found in 3 source files"),
        ("mix credo", "337 mods/funs, found no issues."),
        ("cat notes.txt", "3 tests failed yesterday\n1 failed"),
        ("git log --oneline", "abc1234 fix: 2 failures in cart"),
    ],
)
def test_success_is_no_failure(command: str, output: str) -> None:
    outcome = outcome_of("Bash", command, output, is_error=False)

    assert outcome is not None
    assert (outcome.is_failed, outcome.lines) == (False, ())


def test_an_exit_code_alone_decides_by_the_last_line() -> None:
    outcome = outcome_of("Bash", "make", "Exit code 2\nmake: *** No rule to make target 'all'.  Stop.", is_error=True)

    assert outcome is not None
    assert outcome.lines == ("make: *** No rule to make target 'all'.  Stop.",)


@pytest.mark.parametrize(
    ("command", "shown", "key", "program", "targets"),
    [
        ("pytest -q", "pytest -q", "pytest -q", "pytest", set()),
        ("cd /a && pytest -q b.py 2>&1 | tail -5", "pytest -q b.py", "pytest -q b.py", "pytest", {"b.py"}),
        ("MIX_ENV=test mix test 2>&1", "mix test", "mix test", "mix test", set()),
        ("env A=1 make all", "make all", "make all", "make all", set()),
        ("env | grep A", "env | grep A", "env | grep A", "env | grep A", set()),
        ("timeout 60 npm run test:unit", "npm run test:unit", "npm run test:unit", "npm run", set()),
        ("bd sync 2>&1 && git push 2>&1", "bd sync 2>&1 && git push", "bd sync && git push", "bd sync && git", set()),
        ("git commit -m 'a\nb'", "git commit -m 'a", "git commit -m 'a", "git commit", set()),
    ],
)  # fmt: skip
def test_a_command_is_known_by_what_it_does(
    command: str, shown: str, key: str, program: str, targets: set[str]
) -> None:
    outcome = outcome_of("Bash", command, "ok", is_error=False)

    assert outcome is not None
    assert (outcome.command, outcome.key, outcome.program, set(outcome.targets)) == (shown, key, program, targets)


def test_other_tools_and_refused_calls_have_no_outcome() -> None:
    assert outcome_of("Read", "", "1 failed", is_error=False) is None
    assert outcome_of("Bash", "pytest", "The user doesn't want to proceed with this tool use.", is_error=True) is None


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("     1→a\n     2→b\n", "1-2"),
        ("    40\tx\n    41\ty\n\n<system-reminder>\n7 words\n</system-reminder>", "40-41"),
        ("no numbers", ""),
        ("", ""),
    ],
)
def test_the_lines_that_a_reading_gave(words: str, found: str) -> None:
    assert numbered_range(words) == found


def test_of_most_results_nothing_is_kept() -> None:
    assert kept_of("Grep", {}, "a" * 9_000, 100, is_error=False) == ""
    assert kept_of("Grep", {}, "a" * 9_000, 100, is_error=True) == "a" * 50
    assert kept_of("Agent", {}, "a" * 9_000, 100, is_error=False) == "a" * 100


@given(st.from_regex(VERDICT))
def test_every_verdict_holds_a_word_that_lets_it_be_searched_for(line: str) -> None:
    assert VERDICT_WORD.search(line)


def test_the_end_of_a_long_output_has_the_verdict_and_both_ends_what_failed() -> None:
    long = "\n".join(["FAILED tests/test_a.py::test_x - no", *["x" * 200] * 2_000, "Exit code 1", "1 failed, 3 passed"])
    found = outcome_of("Bash", "pytest -q", long, is_error=False)

    assert found is not None
    assert (found.verdict, found.is_failed, found.lines[0]) == (
        "1 failed, 3 passed",
        True,
        "FAILED tests/test_a.py::test_x - no",
    )
