"""`init` and its undoing: what is written, what survives, what is refused, and the bytes afterwards."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcp_lean.claude_code.hook_settings import hooks
from mcp_lean.claude_code.init import files as init_files
from mcp_lean.claude_code.init.apply import install, uninstall
from mcp_lean.claude_code.init.parts import is_our_server
from mcp_lean.claude_code.init.plan import Asked, Plan, make_plan
from mcp_lean.claude_code.init.undo import plan_undo
from mcp_lean.config import Config
from mcp_lean.errors import ConfigError, EngineMissing, LeanError
from tests.claude_code.json_texts import fitting, texts

CLIENT = """#!/bin/sh -e
# The client's command, as far as init uses it: keeps one server in a file of its own.
file="${CLAUDE_CONFIG_DIR:-$HOME}/.claude.json"
echo "$*" >> "$HOME/calls"
if [ -e "$HOME/refuse" ]; then echo "not today" >&2; exit 1; fi
case "$2" in
add-json)
    if [ "$4" = user ]; then printf '{"mcpServers": {"%s": %s}}' "$5" "$6" > "$file"
    else printf '{"projects": {"%s": {"mcpServers": {"%s": %s}}}}' "$PWD" "$5" "$6" > "$file"; fi;;
remove) printf '{"mcpServers": {}}' > "$file";;
esac
"""


class Folder:
    """A project and a home, both empty, and a PATH with mcp-lean and perhaps the client."""

    def __init__(self, root: Path, has_client: bool = False) -> None:
        self.project, self.home, self.programs = root / "app", root / "home", root / "bin"
        for folder in (self.project, self.home, self.programs):
            folder.mkdir(parents=True)
        (self.project / ".git").mkdir()
        self.program("mcp-lean", "#!/bin/sh\n")
        if has_client:
            self.program("claude", CLIENT)
        self.environ = {"HOME": str(self.home), "PATH": f"{self.programs}:/usr/bin:/bin"}

    def program(self, name: str, text: str) -> None:
        file = self.programs / name
        file.write_text(text, encoding="utf-8")
        file.chmod(0o755)

    def put(self, name: str, text: str | bytes) -> Path:
        file = self.project / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        return file

    def plan(self, **asked: object) -> Plan:
        return make_plan(Asked(**asked), str(self.project), self.environ)  # type: ignore[arg-type]

    def init(self, **asked: object) -> Plan:
        plan = self.plan(**asked)
        install(plan, self.environ)
        return plan

    def undo(self, scope: str = "project") -> tuple[str, ...]:
        undoing = plan_undo(scope, str(self.project), self.environ)
        assert undoing is not None
        uninstall(undoing, self.environ)
        return undoing.remarks

    def tree(self, *folders: Path) -> dict[str, bytes | str]:
        found: dict[str, bytes | str] = {}
        for folder in folders or (self.project, self.home):
            for path in sorted(folder.rglob("*")):
                name = str(path.relative_to(folder.parent))
                if path.is_symlink():
                    found[name] = f"-> {os.readlink(path)}"
                elif path.is_file():
                    found[name] = path.read_bytes() + oct(path.stat().st_mode).encode()
                else:
                    found[name] = "a folder"
        return found

    def json(self, name: str) -> Mapping[str, object]:
        value = json.loads((self.project / name).read_text(encoding="utf-8-sig"))
        assert isinstance(value, dict)
        return value


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_an_empty_project_gets_server_hooks_agents_and_budget(folder: Folder) -> None:
    folder.init(budget_usd=7.5, allow=True)

    assert folder.json(".mcp.json") == {"mcpServers": {"lean": {"command": "mcp-lean", "args": ["serve"]}}}
    assert folder.json(".claude/settings.json") == {"permissions": {"allow": ["mcp__lean"]}, "hooks": hooks(Config())}
    assert (folder.project / ".mcp-lean.toml").read_text(encoding="utf-8") == "[budget]\nrun_usd = 7.5\n"
    agents = {path.name for path in (folder.project / ".claude/agents").iterdir()}
    assert "lean-scout.md" in agents


def test_a_second_run_has_nothing_to_do(folder: Folder) -> None:
    folder.init(budget_usd=7.5, allow=True)
    before = folder.tree()

    plan = folder.plan(budget_usd=7.5, allow=True)

    assert plan.is_empty
    assert folder.tree() == before


def test_undoing_leaves_no_trace(folder: Folder) -> None:
    before = folder.tree()
    folder.init(budget_usd=5, allow=True)

    assert folder.undo() == ()
    assert folder.tree() == before
    assert plan_undo("project", str(folder.project), folder.environ) is None


def test_files_that_were_there_keep_mode_link_and_bytes(folder: Folder) -> None:
    text = '\ufeff{\r\n    "model": "opus", /* mine */\r\n    "permissions": {"allow": ["Bash(ls)"]}\r\n}'
    file = folder.put("config/real.json", text)
    file.chmod(0o640)
    folder.put(".claude/keep", "")
    (folder.project / ".claude/settings.json").symlink_to("../config/real.json")
    before = folder.tree()

    plan = folder.init(allow=True)

    changed = file.read_bytes().decode()
    assert changed.startswith(
        '\ufeff{\r\n    "model": "opus", /* mine */\r\n    "permissions": {"allow": ["Bash(ls)", "mcp__lean"]},\r\n'
    )
    assert "\n" not in changed.replace("\r\n", "")
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert (folder.project / ".claude/settings.json").is_symlink()
    assert any(str(file) in remark for remark in plan.remarks)
    assert any("ignores the whole" in remark for remark in plan.remarks)
    folder.undo()
    assert folder.tree() == before


def test_what_a_person_changed_since_stays_and_only_our_parts_go(folder: Folder) -> None:
    folder.put(".claude/settings.json", '{\n  "model": "opus"\n}\n')
    folder.init(budget_usd=5, allow=True)
    settings_file = folder.project / ".claude/settings.json"
    held = settings_file.read_text(encoding="utf-8")
    settings_file.write_text(
        held.replace('"opus"', '"sonnet"').replace('"mcp__lean"', '"Bash(ls)", "mcp__lean"'), encoding="utf-8"
    )
    folder.put(".mcp-lean.toml", "[budget]\nrun_usd = 5.0\nagent_usd = 1.0\n")
    folder.put(".claude/agents/lean-scout.md", "---\nname: lean-scout\n---\nMine.\n")
    folder.put(
        ".mcp.json", '{"mcpServers": {"lean": {"command": "mcp-lean", "args": ["serve"]}, "other": {"command": "x"}}}'
    )

    remarks = folder.undo()

    assert folder.json(".claude/settings.json") == {"model": "sonnet", "permissions": {"allow": ["Bash(ls)"]}}
    assert (folder.project / ".mcp-lean.toml").read_text(encoding="utf-8") == "[budget]\nagent_usd = 1.0\n"
    assert folder.json(".mcp.json") == {"mcpServers": {"other": {"command": "x"}}}
    assert [path.name for path in (folder.project / ".claude/agents").iterdir()] == ["lean-scout.md"]
    assert len([remark for remark in remarks if "changed since init" in remark]) == 4


def test_a_value_of_ours_that_was_there_before_comes_back(folder: Folder) -> None:
    folder.put(".mcp-lean.toml", "[budget]\nrun_usd = 10\n")
    folder.init(budget_usd=5)
    folder.put(".mcp-lean.toml", "[budget]\nrun_usd = 5.0\nagent_usd = 1.0\n")

    folder.undo()

    assert (folder.project / ".mcp-lean.toml").read_text(
        encoding="utf-8"
    ) == "[budget]\nrun_usd = 10\nagent_usd = 1.0\n"


def test_what_waits_for_the_permission_is_said_until_it_is_given(folder: Folder) -> None:
    def says(plan: Plan) -> bool:
        return any("not allowed yet" in remark for remark in plan.remarks)

    assert says(folder.plan())
    assert not says(folder.plan(allow=True))
    folder.init(allow=True)
    assert not says(folder.plan(budget_usd=5))


def test_a_second_budget_replaces_the_first_and_both_are_undone(folder: Folder) -> None:
    before = folder.tree()
    folder.init(budget_usd=5)

    folder.init(budget_usd=12.5)

    assert (folder.project / ".mcp-lean.toml").read_text(encoding="utf-8") == "[budget]\nrun_usd = 12.5\n"
    assert folder.undo() == ()
    assert folder.tree() == before


def test_init_again_after_a_change_by_a_person_can_still_be_undone(folder: Folder) -> None:
    folder.init()
    held = folder.json(".claude/settings.json")
    folder.put(".claude/settings.json", json.dumps({**held, "model": "opus"}))
    folder.init(allow=True)

    folder.undo()

    assert folder.json(".claude/settings.json") == {"model": "opus"}
    assert not (folder.project / ".mcp.json").exists()


def test_hooks_of_another_configuration_are_replaced_and_foreign_ones_stay(folder: Folder) -> None:
    foreign = {"matcher": "Bash", "hooks": [{"type": "command", "command": "mine.sh"}]}
    stale = {"hooks": [{"type": "command", "command": "/old/bin/mcp-lean hook Stop"}]}
    folder.put(".claude/settings.json", json.dumps({"hooks": {"Stop": [stale, foreign], "Gone": [stale]}}, indent=2))

    folder.init()

    held = folder.json(".claude/settings.json")["hooks"]
    wanted = hooks(Config())
    assert isinstance(held, dict)
    assert held["Stop"] == [foreign, *wanted["Stop"]]  # type: ignore[misc]
    assert {event: groups for event, groups in held.items() if event != "Stop"} == {
        event: groups for event, groups in wanted.items() if event != "Stop"
    }


def test_a_server_entry_that_a_person_wrote_stays_while_its_command_is_there(folder: Folder) -> None:
    own = {"command": "${MCP_LEAN_PYTHON:-python3}", "args": ["-m", "mcp_lean", "serve"], "alwaysLoad": True}
    folder.put(".mcp.json", json.dumps({"mcpServers": {"lean": own}}))

    folder.init()

    assert folder.json(".mcp.json") == {"mcpServers": {"lean": own}}


def test_a_server_entry_whose_command_is_gone_is_renewed(folder: Folder) -> None:
    folder.put(".mcp.json", json.dumps({"mcpServers": {"lean": {"command": "/gone/mcp-lean", "args": ["serve"]}}}))

    folder.init()

    assert folder.json(".mcp.json") == {"mcpServers": {"lean": {"command": "mcp-lean", "args": ["serve"]}}}


def broken_file(folder: Folder) -> None:
    folder.put(".claude/settings.json", '{"hooks": ')


def odd_hooks(folder: Folder) -> None:
    folder.put(".claude/settings.json", '{"hooks": {"Stop": {"a": 1}}}')


def another_lean(folder: Folder) -> None:
    folder.put(".mcp.json", '{"mcpServers": {"lean": {"command": "lean-prover"}}}')


def read_only(folder: Folder) -> None:
    folder.put(".mcp.json", "{}").chmod(0o444)


def huge(folder: Folder) -> None:
    folder.put(".mcp.json", b" " * (init_files.MAX_BYTES + 1))


def not_utf8(folder: Folder) -> None:
    folder.put(".mcp.json", b'{"\xff": 1}')


def a_folder(folder: Folder) -> None:
    (folder.project / ".mcp.json").mkdir()


def a_pipe(folder: Folder) -> None:
    os.mkfifo(folder.project / ".mcp.json")


def link_out(folder: Folder) -> None:
    (folder.home / "mine.json").write_text("{}", encoding="utf-8")
    (folder.project / ".mcp.json").symlink_to(folder.home / "mine.json")


def link_to_nothing(folder: Folder) -> None:
    (folder.project / ".mcp.json").symlink_to("nowhere.json")


def file_as_folder(folder: Folder) -> None:
    folder.put(".claude", "a file")


def own_settings_broken(folder: Folder) -> None:
    folder.put(".mcp-lean.toml", "[budget\n")


def own_settings_unknown(folder: Folder) -> None:
    folder.put(".mcp-lean.toml", "[budget]\nrun_us = 5\n")


@pytest.mark.parametrize(
    ("defect", "says"),
    [
        (broken_file, "not JSON"),
        (odd_hooks, "hooks.Stop: not a list"),
        (another_lean, "another server is named lean"),
        (read_only, "read-only"),
        (huge, "larger than 1 MiB"),
        (not_utf8, "not UTF-8"),
        (a_folder, "not a regular file"),
        (a_pipe, "not a regular file"),
        (link_out, "leads out of"),
        (link_to_nothing, "which does not exist"),
        (file_as_folder, "is not a folder"),
        (own_settings_broken, "cannot be used"),
        (own_settings_unknown, "did you mean run_usd"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_what_is_in_the_way_is_said_and_nothing_is_changed(folder: Folder, defect: object, says: str) -> None:
    defect(folder)  # type: ignore[operator]
    before = folder.tree()

    with pytest.raises(ConfigError) as refused:
        folder.init(budget_usd=5)

    assert says in str(refused.value)
    assert "\n" not in str(refused.value)
    assert folder.tree() == before


@pytest.mark.parametrize("failing", range(1, 7))
def test_when_a_later_file_fails_the_earlier_ones_are_as_before(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    """A disk that fails at the nth renaming: of copies, the record, or the files themselves."""
    folder.put(".claude/settings.json", '{"model": "opus"}')
    before, plan = folder.tree(), folder.plan(budget_usd=5)
    real, calls = os.replace, []

    def failing_replace(source: str, target: str) -> None:
        calls.append(target)
        if len(calls) == failing:
            raise OSError(28, "No space left on device", target)
        real(source, target)

    monkeypatch.setattr(os, "replace", failing_replace)
    with pytest.raises(ConfigError, match="No space left on device"):
        install(plan, folder.environ)

    assert folder.tree() == before


def test_a_file_that_another_program_changes_meanwhile_is_not_overwritten(folder: Folder) -> None:
    folder.put(".mcp.json", "{}")
    plan = folder.plan()
    folder.put(".mcp.json", '{"mcpServers": {}}')
    before = folder.tree()

    with pytest.raises(ConfigError, match="changed by another program"):
        install(plan, folder.environ)

    assert folder.tree() == before


def test_a_process_killed_between_two_files_leaves_what_undo_needs(folder: Folder) -> None:
    folder.put(".claude/settings.json", '{"model": "opus"}')
    before, plan = folder.tree(), folder.plan()
    real = os.replace

    def killed_at_the_settings(source: str, target: str) -> None:
        if target.endswith("/settings.json"):
            os._exit(9)
        real(source, target)

    child = os.fork()
    if child == 0:
        os.replace = killed_at_the_settings  # type: ignore[assignment]
        install(plan, folder.environ)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert (folder.project / ".mcp.json").exists()

    folder.undo()

    assert folder.tree() == before


def test_at_user_scope_the_client_registers_the_server(tmp_path: Path) -> None:
    folder = Folder(tmp_path, has_client=True)
    folder.init(scope="user", allow=True)

    calls = (folder.home / "calls").read_text(encoding="utf-8")
    held = json.loads((folder.home / ".claude.json").read_text(encoding="utf-8"))["mcpServers"]["lean"]
    assert calls.startswith("mcp add-json -s user lean {")
    assert is_our_server(held)
    assert os.path.isabs(held["command"])
    assert (folder.home / ".claude/settings.json").exists()
    assert (folder.home / ".claude/agents/lean-scout.md").exists()
    assert not (folder.project / ".mcp.json").exists()
    assert folder.plan(scope="user", allow=True).is_empty

    remarks = folder.undo("user")

    left = f"{folder.home}/.claude.json: the client leaves an empty mcpServers there, which says nothing"
    assert remarks == (left,)
    assert (folder.home / "calls").read_text(encoding="utf-8").endswith("mcp remove -s user lean\n")
    assert not (folder.home / ".claude").exists()


def test_without_the_client_user_scope_is_refused_and_nothing_is_changed(folder: Folder) -> None:
    before = folder.tree()

    with pytest.raises(EngineMissing, match="not found on PATH"):
        folder.init(scope="user")

    assert folder.tree() == before


def test_a_client_that_refuses_leaves_everything_as_it_was(tmp_path: Path) -> None:
    folder = Folder(tmp_path, has_client=True)
    (folder.home / "refuse").touch()
    (folder.home / "calls").touch()
    before = folder.tree()

    with pytest.raises(EngineMissing, match="status 1: not today"):
        folder.init(scope="user")

    (folder.home / "calls").write_bytes(b"")
    assert folder.tree() == before


def test_at_user_scope_another_server_of_that_name_is_left_alone(tmp_path: Path) -> None:
    folder = Folder(tmp_path, has_client=True)
    (folder.home / ".claude.json").write_text('{"mcpServers": {"lean": {"command": "prover"}}}', encoding="utf-8")

    with pytest.raises(ConfigError, match="another server is named lean"):
        folder.init(scope="user")


def test_local_scope_writes_for_one_person_alone(tmp_path: Path) -> None:
    folder = Folder(tmp_path, has_client=True)

    plan = folder.init(scope="local")

    assert {path.name for path in (folder.project / ".claude").iterdir()} == {"settings.local.json"}
    assert any("no agents" in remark for remark in plan.remarks)
    with pytest.raises(ConfigError, match="no settings file of ours"):
        folder.plan(scope="local", budget_usd=5)


def test_the_home_folder_is_no_project(folder: Folder) -> None:
    with pytest.raises(ConfigError, match="--scope user"):
        make_plan(Asked(), str(folder.home), folder.environ)


def test_without_mcp_lean_on_path_the_file_is_said_to_be_of_no_use_to_others(folder: Folder) -> None:
    (folder.programs / "mcp-lean").unlink()

    plan = folder.init()

    assert any("of no use to others" in remark for remark in plan.remarks)
    assert folder.plan().is_empty


def test_hooks_follow_what_was_asked_and_not_this_shell(folder: Folder) -> None:
    folder.environ["MCP_LEAN_GUARD_ENABLED"] = "0"

    folder.init(budget_usd=0)

    assert folder.json(".claude/settings.json")["hooks"] == hooks(Config())


def test_an_agent_of_the_same_name_that_is_not_ours_stays(folder: Folder) -> None:
    folder.put(".claude/agents/lean-scout.md", "mine")

    plan = folder.init()

    assert (folder.project / ".claude/agents/lean-scout.md").read_text(encoding="utf-8") == "mine"
    assert any("stays as it is" in remark for remark in plan.remarks)
    folder.undo()
    assert (folder.project / ".claude/agents/lean-scout.md").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    ("user", "project", "is_said"),
    [
        ({"lean@shop": True}, {}, True),
        ({}, {"lean@shop": True}, True),
        ({"lean@shop": True}, {"lean@shop": False}, False),
        ({"lean@shop": False}, {}, False),
        ({"cleaner@shop": True}, {}, False),
    ],
)
def test_with_the_plugin_enabled_it_says_before_writing_what_would_be_there_twice(
    folder: Folder, user: dict[str, bool], project: dict[str, bool], is_said: bool
) -> None:
    folder.put("../home/.claude/settings.json", json.dumps({"enabledPlugins": user}))
    folder.put(".claude/settings.json", json.dumps({"enabledPlugins": project}))

    remarks = [remark for remark in folder.plan().remarks if "the plugin" in remark]

    assert len(remarks) == is_said
    assert all("keep one: claude plugin disable lean@shop" in remark for remark in remarks)


def test_our_server_under_a_second_name_is_said(folder: Folder) -> None:
    folder.put(".mcp.json", json.dumps({"mcpServers": {"economy": {"command": "mcp-lean", "args": ["serve"]}}}))

    assert [remark for remark in folder.plan().remarks if "economy" in remark] == [
        f"{folder.project}/.mcp.json: economy starts our server, too; take that out, hooks call lean"
    ]


def test_when_the_copies_are_lost_a_file_that_was_there_still_stays(folder: Folder) -> None:
    folder.put(".mcp.json", "{}\n")
    plan = folder.init()
    for copy in Path(plan.places.record).glob("*.before"):
        copy.unlink()

    folder.undo()

    assert folder.json(".mcp.json") == {}


def test_routing_is_written_and_a_wrong_word_is_refused(folder: Folder) -> None:
    folder.init(routing="on")

    assert (folder.project / ".mcp-lean.toml").read_text(encoding="utf-8") == '[routing]\nmode = "on"\n'
    with pytest.raises(ConfigError, match="one of off, advise, on"):
        folder.plan(routing="always")


def test_of_two_members_with_one_name_the_one_in_force_is_changed(folder: Folder) -> None:
    text = '{"hooks": {"Stop": []}, "model": "opus", "hooks": {"Other": []}}'
    folder.put(".claude/settings.json", text)

    folder.init()

    held = folder.json(".claude/settings.json")["hooks"]
    assert isinstance(held, dict)
    assert {"Other", *hooks(Config())} == set(held)
    folder.undo()
    assert (folder.project / ".claude/settings.json").read_text(encoding="utf-8") == text


def test_a_command_in_a_package_runner_s_cache_is_said_to_be_passing(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = folder.project.parent / ".cache/uv/bin/mcp-lean"
    script.parent.mkdir(parents=True)
    script.write_text("#!/bin/sh\n", encoding="utf-8")
    script.chmod(0o755)
    (folder.programs / "mcp-lean").unlink()
    monkeypatch.setattr("sys.argv", [str(script)])

    assert any("will be gone one day" in remark for remark in folder.plan().remarks)


def test_with_the_guard_switched_off_there_are_no_hooks_and_no_file_for_them(folder: Folder) -> None:
    folder.put(".mcp-lean.toml", "[guard]\nenabled = false\n")

    folder.init(agents=False)

    assert not (folder.project / ".claude").exists()
    assert (folder.project / ".mcp.json").exists()


def test_in_a_part_of_a_repository_it_says_who_does_not_see_it(folder: Folder) -> None:
    part = folder.project / "part"
    part.mkdir()

    plan = make_plan(Asked(), str(part), folder.environ)

    assert any("sessions that start elsewhere in it see none of this" in remark for remark in plan.remarks)


def test_a_record_that_is_broken_is_said(folder: Folder) -> None:
    plan = folder.init()
    (Path(plan.places.record) / "record.json").write_text("{", encoding="utf-8")

    with pytest.raises(ConfigError, match="cannot be read"):
        folder.undo()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data(), st.booleans(), st.booleans())
def test_laws_of_init_and_undo_on_random_files(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, with_comments: bool, allow: bool
) -> None:
    """Undo gives back the bytes; a second init changes none; every foreign value survives, in its order."""
    folder = Folder(tmp_path_factory.mktemp("law"))
    held = {name: data.draw(fitting()) for name in (".mcp.json", ".claude/settings.json")}
    for name, value in held.items():
        folder.put(name, data.draw(texts(value, with_comments)))
    before = folder.tree()

    try:
        folder.init(allow=allow)
    except LeanError:
        assert folder.tree() == before
        return
    after = folder.tree()
    assert folder.plan(allow=allow).is_empty

    for name, value in held.items():
        from mcp_lean.claude_code.json_edit import parse

        now = parse((folder.project / name).read_bytes().decode()).root.value
        assert isinstance(now, dict)
        assert [key for key in now if key in value] == list(value)
        for key in value:
            if key not in ("hooks", "permissions", "mcpServers"):
                assert now[key] == value[key]
            elif isinstance(value[key], dict):
                assert set(value[key]) <= set(now[key])
    assert after != before
    folder.undo()
    assert folder.tree() == before
