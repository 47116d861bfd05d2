"""One value of our own settings set and taken out; the rest of the file keeps its bytes."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_lean.claude_code.toml_edit import with_value, without_value
from mcp_lean.errors import ConfigError


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "[budget]\nrun_usd = 5.0\n"),
        ("[guard]\nnudge = true\n", "[guard]\nnudge = true\n\n[budget]\nrun_usd = 5.0\n"),
        ("[guard]\nnudge = true", "[guard]\nnudge = true\n\n[budget]\nrun_usd = 5.0\n"),
        ("[budget]\n# mine\nagent_usd = 1\n", "[budget]\nrun_usd = 5.0\n# mine\nagent_usd = 1\n"),
        ("[budget]\nrun_usd = 25 # a lot\n", "[budget]\nrun_usd = 5.0 # a lot\n"),
        ("[budget]", "[budget]\nrun_usd = 5.0\n"),
        ("[budget]\r\nagent_usd = 1\r\n", "[budget]\r\nrun_usd = 5.0\r\nagent_usd = 1\r\n"),
        ("[budget.types.scout]\nagent_usd = 1\n", "[budget.types.scout]\nagent_usd = 1\n\n[budget]\nrun_usd = 5.0\n"),
        ("[budget]\nrun_usd = 5.0\n", "[budget]\nrun_usd = 5.0\n"),
    ],
)
def test_a_value_is_set_where_it_belongs(before: str, after: str) -> None:
    assert with_value(before, "budget", "run_usd", "5.0") == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[budget]\nrun_usd = 5.0\n", ""),
        ("[budget]\nrun_usd = 5.0\nagent_usd = 1\n", "[budget]\nagent_usd = 1\n"),
        ("[guard]\nnudge = true\n\n[budget]\nrun_usd = 5.0\n", "[guard]\nnudge = true\n"),
        ("[guard]\nnudge = true\n", "[guard]\nnudge = true\n"),
        ("[budget]\n# why\nrun_usd = 5.0\n", "[budget]\n# why\n"),
    ],
)
def test_a_value_goes_and_an_empty_section_with_it(before: str, after: str) -> None:
    assert without_value(before, "budget", "run_usd") == after


@pytest.mark.parametrize(
    "text",
    ["budget.run_usd = 3\n", "budget = {run_usd = 3}\n", '["budget"]\nrun_usd = 3\n', "[budget]\n'run_usd' = 3\n"],
)
def test_a_value_in_another_form_is_refused_and_not_doubled(text: str) -> None:
    with pytest.raises(ConfigError):
        with_value(text, "budget", "run_usd", "5.0")


def test_what_is_no_toml_is_refused() -> None:
    with pytest.raises(ConfigError, match="not TOML"):
        with_value("[budget\n", "budget", "run_usd", "5.0")


keys = st.sampled_from(["agent_usd", "run_usd", "agent_requests"])


@given(
    st.dictionaries(keys, st.integers(0, 99)),
    st.booleans(),
    st.sampled_from(["", "# end\n", "[guard]\nnudge = true\n"]),
)
def test_every_other_value_survives(held: dict[str, int], has_section: bool, rest: str) -> None:
    text = "# ours\n" + (
        "[budget]\n" + "".join(f"{key} = {value}\n" for key, value in held.items()) if has_section else ""
    )
    text += rest
    expected = tomllib.loads(text)
    expected.setdefault("budget", {})["run_usd"] = 5.0

    changed = with_value(text, "budget", "run_usd", "5.0")

    assert tomllib.loads(changed) == expected
    assert with_value(changed, "budget", "run_usd", "5.0") == changed
