"""Finding transcripts, in every layout that clients have used."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mcp_lean.transcripts.locate import is_in_a_root, locate, project_folders, project_slug, roots

from .records import OTHER_SESSION, SESSION, agent_file, assistant, session_file, user, write


def found(*paths: Path) -> list[tuple[str, str | None, list[str]]]:
    """(session id, main file, agent ids) per session."""
    return [
        (files.session_id, files.main and os.path.basename(files.main), [agent.agent_id for agent in files.agents])
        for files in locate([str(path) for path in paths]).sessions
    ]


def flat_agent(folder: Path, agent_id: str, session: str) -> Path:
    record = assistant("x", isSidechain=True, agentId=agent_id, sessionId=session)
    return write(folder / f"agent-{agent_id}.jsonl", {"type": "file-history-snapshot"}, record)


def test_a_root_holds_sessions_of_all_projects(tmp_path: Path) -> None:
    session_file(tmp_path / "-b", assistant("m1"))
    agent_file(tmp_path / "-b", "a1", assistant("m2"))
    session_file(tmp_path / "-a", assistant("m3"), session=OTHER_SESSION)

    assert found(tmp_path) == [
        (OTHER_SESSION, f"{OTHER_SESSION}.jsonl", []),
        (SESSION, f"{SESSION}.jsonl", ["a1"]),
    ]


def test_a_configuration_folder_stands_for_its_projects(tmp_path: Path) -> None:
    session_file(tmp_path / "projects" / "-a", assistant("m1"))
    write(tmp_path / "history.jsonl", {"display": "hello"})

    assert found(tmp_path) == [(SESSION, f"{SESSION}.jsonl", [])]


def test_flat_agents_go_to_the_session_that_their_records_name(tmp_path: Path) -> None:
    session_file(tmp_path, assistant("m1"))
    session_file(tmp_path, assistant("m2"), session=OTHER_SESSION)
    flat_agent(tmp_path, "11111111", SESSION)
    flat_agent(tmp_path, "22222222", OTHER_SESSION)
    write(tmp_path / "agent-33333333.jsonl", "nothing readable")

    assert found(tmp_path) == [
        (SESSION, f"{SESSION}.jsonl", ["11111111"]),
        (OTHER_SESSION, f"{OTHER_SESSION}.jsonl", ["22222222"]),
        ("", None, ["33333333"]),
    ]


def test_a_flat_agent_with_a_long_first_line_is_told_too(tmp_path: Path) -> None:
    session_file(tmp_path, assistant("m1"))
    write(tmp_path / "agent-11111111.jsonl", user("x" * 100_000, agentId="11111111", isSidechain=True))

    assert found(tmp_path) == [(SESSION, f"{SESSION}.jsonl", ["11111111"])]


def test_a_main_file_brings_its_agents_along(tmp_path: Path) -> None:
    main = session_file(tmp_path, assistant("m1"))
    session_file(tmp_path, assistant("m2"), session=OTHER_SESSION)
    agent_file(tmp_path, "a1", assistant("s1"))
    write(tmp_path / SESSION / "subagents" / "workflows" / "wf" / "agent-w1.jsonl", assistant("s2"))
    flat_agent(tmp_path, "11111111", SESSION)
    flat_agent(tmp_path, "22222222", OTHER_SESSION)

    [(session_id, name, agents)] = found(main)

    assert (session_id, name, sorted(agents)) == (SESSION, f"{SESSION}.jsonl", ["11111111", "a1", "w1"])


def test_an_agent_file_comes_alone(tmp_path: Path) -> None:
    session_file(tmp_path, assistant("m1"))
    agent = agent_file(tmp_path, "a1", assistant("s1"))
    agent_file(tmp_path, "a2", assistant("s2"))

    assert found(agent) == [(SESSION, None, ["a1"])]


def test_a_session_folder_is_its_agents(tmp_path: Path) -> None:
    session_file(tmp_path, assistant("m1"))
    agent_file(tmp_path, "a1", assistant("s1"))
    (tmp_path / SESSION / "tool-results").mkdir()
    (tmp_path / SESSION / "tool-results" / "x.txt").write_text("out", encoding="utf-8")

    assert found(tmp_path / SESSION) == [(SESSION, None, ["a1"])]


def test_what_is_named_twice_counts_once(tmp_path: Path) -> None:
    main = session_file(tmp_path, assistant("m1"))
    agent_file(tmp_path, "a1", assistant("s1"))

    once = found(tmp_path)

    assert found(tmp_path, main, tmp_path / ".", main) == once


def test_workflow_agents_are_told_by_their_folder(tmp_path: Path) -> None:
    folder = tmp_path / "workflows"  # a project of that name makes nobody a workflow agent
    agent_file(folder, "a1", assistant("s1"))
    write(folder / SESSION / "subagents" / "workflows" / "agent-w1.jsonl", assistant("s2"))

    [files] = locate([str(folder)]).sessions

    assert [(agent.agent_id, agent.is_workflow) for agent in files.agents] == [("a1", False), ("w1", True)]


def test_a_path_that_is_not_there_is_named(tmp_path: Path) -> None:
    missing = str(tmp_path / "gone")

    located = locate([missing])

    assert (located.sessions, located.problems) == ((), ((missing, "no such file or folder"),))


def test_a_folder_that_cannot_be_listed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session_file(tmp_path / "open", assistant("m1"))
    closed = tmp_path / "closed"
    closed.mkdir()
    scandir = os.scandir

    def refusing(path: str) -> object:
        if path == str(closed):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)  # root, under which tests may run, can list any folder

    located = locate([str(tmp_path)])

    assert len(located.sessions) == 1
    assert located.problems == ((str(closed), "Permission denied"),)


@pytest.mark.parametrize(
    ("cwd", "slug"),
    [
        ("/home/ann/my_app.v2", "-home-ann-my-app-v2"),
        ("/home/ann/Ünïcode 1", "-home-ann--n-code-1"),
        ("/srv/\N{ROCKET}x", "-srv---x"),
    ],
    ids=["ascii", "accents", "outside the basic plane"],
)
def test_a_project_folder_is_named_after_the_working_folder(cwd: str, slug: str) -> None:
    assert project_slug(cwd) == slug


def test_the_folders_of_a_project_are_found_though_a_long_name_was_cut(tmp_path: Path) -> None:
    environ = {"CLAUDE_CONFIG_DIR": str(tmp_path)}
    short, long = "/srv/app", "/srv/" + "x" * 300
    cut = project_slug(long)[:200]
    for name in ("-srv-app", "-srv-app-2", f"{cut}-k3x9", f"{cut}y"):
        (tmp_path / "projects" / name).mkdir(parents=True)

    assert project_folders(short, environ) == (str(tmp_path / "projects" / "-srv-app"),)
    assert project_folders(long, environ) == (str(tmp_path / "projects" / f"{cut}-k3x9"),)
    assert project_folders("/elsewhere", environ) == ()


def test_the_configured_folder_is_the_only_root(tmp_path: Path) -> None:
    home, configured = tmp_path / "home", tmp_path / "conf"
    for folder in (home / ".claude", home / ".config" / "claude", configured):
        (folder / "projects").mkdir(parents=True)

    assert roots({"HOME": str(home)}) == (
        str(home / ".claude" / "projects"),
        str(home / ".config" / "claude" / "projects"),
    )
    assert roots({"HOME": str(home), "CLAUDE_CONFIG_DIR": str(configured)}) == (str(configured / "projects"),)
    assert roots({"HOME": str(tmp_path / "nobody")}) == ()


def test_a_transcript_outside_of_the_roots_is_known_also_behind_a_link(tmp_path: Path) -> None:
    root = tmp_path / "claude" / "projects"
    inside = session_file(root / "-a", assistant("m1"))
    outside = session_file(tmp_path / "projects-of-another", assistant("m1"))
    (root / "-a" / "link.jsonl").symlink_to(outside)
    environ = {"CLAUDE_CONFIG_DIR": str(tmp_path / "claude")}
    paths = (inside, outside, root / "-a" / "link.jsonl", root / "-a" / ".." / ".." / "x.jsonl", "a\0b", "")

    assert [is_in_a_root(str(path), environ) for path in paths] == [True, False, False, False, False, False]
    assert not is_in_a_root(str(inside), {"CLAUDE_CONFIG_DIR": str(tmp_path / "none")})
