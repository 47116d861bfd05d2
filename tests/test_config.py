"""Settings come from four places, and each mistake in them is one clear line."""

import pytest

from mcp_lean.config import Budget, Config, Limits, load, user_file
from mcp_lean.errors import ConfigError


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


@pytest.fixture
def home(tmp_path):
    return {"HOME": str(tmp_path / "home")}


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


def test_without_any_file_the_defaults_hold(project, home):
    assert load(str(project), home) == Config()


def test_the_project_overrides_the_user_and_a_variable_overrides_both(project, home, tmp_path):
    write(tmp_path / "home/.config/mcp-lean/config.toml", "[budget]\nrun_usd = 1\nagent_usd = 2\nagent_requests = 3\n")
    write(project / ".mcp-lean.toml", "[budget]\nagent_usd = 20.5\nagent_requests = 30\n")

    config = load(str(project), {**home, "MCP_LEAN_BUDGET_AGENT_REQUESTS": "300"})

    assert config.budget == Budget(run_usd=1.0, agent_usd=20.5, agent_requests=300)
    assert config.origins == {
        "budget.run_usd": user_file(home),
        "budget.agent_usd": str(project / ".mcp-lean.toml"),
        "budget.agent_requests": "MCP_LEAN_BUDGET_AGENT_REQUESTS",
    }


def test_an_agent_type_starts_from_the_limits_of_every_agent(project, home):
    write(project / ".mcp-lean.toml", "[budget]\nagent_requests = 50\n[budget.types.scout]\nagent_usd = 1.0\n")

    budget = load(str(project), home).budget

    assert budget.of_agent("scout") == Limits(agent_usd=1.0, agent_requests=50)
    assert budget.of_agent("worker") == Limits(agent_usd=5.0, agent_requests=50)


def test_every_value_names_its_origin(project, home):
    write(project / ".mcp-lean.toml", "[guard]\nloops = 'warn'\n")

    values = {name: (value, origin) for name, value, origin in load(str(project), home).values()}

    assert values["guard.loops"] == ("warn", str(project / ".mcp-lean.toml"))
    assert values["budget.run_usd"] == (25.0, "default")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[budget]\nrun_us = 1", "unknown key budget.run_us; did you mean run_usd?"),
        ("[budgets]\nrun_usd = 1", "unknown section [budgets]; did you mean budget?"),
        ("run_usd = 1", "run_usd: write it in a section, for example [budget]"),
        ("[budget]\nrun_usd = -1", "budget.run_usd: a number, 0 or more, not -1"),
        ("[budget]\nrun_usd = nan", "budget.run_usd: a number, 0 or more, not nan"),
        ("[budget]\nrun_usd = true", "budget.run_usd: a number, 0 or more, not True"),
        ("[budget]\nagent_requests = 1.5", "budget.agent_requests: a whole number, 0 or more, not 1.5"),
        ("[guard]\nenabled = 'maybe'", "guard.enabled: true or false, not 'maybe'"),
        ("[guard]\nloops = 'never'", "guard.loops: one of off, warn, stop, not 'never'"),
        ("[compact]\nclear = true", "compact.clear: one of off, advise, ask, not True"),
        ("[compact]\nafter_clear = 'ask'", "compact.after_clear: one of never, advised, always, not 'ask'"),
        ("[budget.types.scout]\nusd = 1", "unknown key budget.types.scout.usd; did you mean agent_usd?"),
        ("[budget.types]\nscout = 1", "budget.types.scout: write [budget.types.scout]"),
        ("[budget", "cannot be used: "),
    ],
)
def test_a_mistake_is_named_with_its_file_and_what_was_probably_meant(project, home, text, message):
    write(project / ".mcp-lean.toml", text)

    with pytest.raises(ConfigError) as error:
        load(str(project), home)

    assert str(error.value).startswith(f"{project / '.mcp-lean.toml'}: {message}")


@pytest.mark.parametrize(
    ("agent_type", "context_tokens"),
    [("lean:scout", 95_000), ("lean-runner", 95_000), ("lean:worker", 0), ("scout", 0), ("", 0), ("Explore", 0)],
)
def test_our_agents_on_the_cheap_model_stay_below_its_step(agent_type: str, context_tokens: int) -> None:
    assert Budget().of_agent(agent_type).agent_context_tokens == context_tokens
    assert Budget(agent_context_tokens=50_000).of_agent(agent_type).agent_context_tokens == 50_000


def test_limits_of_an_agent_of_ours_may_be_named_by_its_short_name() -> None:
    own, general = Limits(agent_usd=0.5), Limits(agent_usd=0.7)

    assert Budget(types={"scout": own}).of_agent("lean:scout") == own
    assert Budget(types={"scout": own}).of_agent("lean-scout") == own
    assert Budget(types={"scout": own, "lean:scout": general}).of_agent("lean:scout") == general
    assert Budget(types={"lean:scout": own}).of_agent("lean-scout").agent_usd == Budget().agent_usd
