"""grep_and_read as the model sees it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from mcp_lean.errors import AskError, Cancelled, OutsideWorkspace
from mcp_lean.packing.allocate import MAX_BUDGET_TOKENS
from mcp_lean.packing.tokens import cost
from mcp_lean.repo import ripgrep
from mcp_lean.repo.workspace import Workspace
from mcp_lean.server.schema import slim
from mcp_lean.tools import grep_and_read, read_many
from mcp_lean.tools.base import Context
from mcp_lean.tools.grep_and_read import TOOL, GrepAndRead, run

Ask = Callable[..., str]

NET = '''\
"""Net."""

import time

LIMIT = 3


class Client:
    """Talks to a server."""

    def send(self, data: bytes) -> None:
        for _ in range(LIMIT):
            if self.try_send(data):
                return
            backoff(1)

    def try_send(self, data: bytes) -> bool:
        return False


def backoff(seconds: float) -> None:
    time.sleep(seconds)
'''

USE = """\
from net import backoff

def poll():
    backoff(2)
"""


FILLER = "".join(f"\n\ndef helper_{i}(value: int) -> int:\n    return value * {i}\n" for i in range(100, 140))
"""Makes a file too long to be shown whole."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    write(root, "src/net.py", NET + FILLER)
    write(root, "src/poll.py", USE + FILLER)
    write(root, "tests/test_net.py", "from net import backoff\n\n\ndef test_backoff():\n    backoff(0)\n" + FILLER)
    write(root, "README.md", "# Net\n\nCalls `backoff` between attempts.\n")
    return root


def write(root: Path, name: str, text: str | bytes) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_bytes(text if isinstance(text, bytes) else text.encode())


def context(root: Path) -> Context:
    return Context(Workspace(str(root), {"HOME": str(root.parent / "home")}))


@pytest.fixture
def ask(folder: Path) -> Ask:
    def call(*patterns: str, **more: object) -> str:
        return run(GrepAndRead(patterns=list(patterns), **more), context(folder))  # type: ignore[arg-type]

    return call


def items(answer: str) -> list[str]:
    return [line.removeprefix("more: ") for line in answer.splitlines() if line.startswith("more: ")]


def shown_files(answer: str) -> list[str]:
    return list(dict.fromkeys(re.findall(r"^== (.+?):\d+-\d+", answer, re.MULTILINE)))


def deny(root: Path, *rules: str) -> None:
    write(root, ".claude/settings.json", json.dumps({"permissions": {"deny": list(rules)}}))


# ------------------------------------------------------------------------------------------------ whole answers


def test_the_definition_and_its_file_first_then_uses_then_prose_then_tests(ask: Ask) -> None:
    assert (
        ask("backoff")
        == """\
== src/net.py:11-15  Client.send  (backoff)
    def send(self, data: bytes) -> None:
        for _ in range(LIMIT):
            if self.try_send(data):
                return
            backoff(1)
== src/net.py:21-22  backoff  (backoff)
def backoff(seconds: float) -> None:
    time.sleep(seconds)
== src/poll.py:1-4  poll  (backoff x2)
from net import backoff

def poll():
    backoff(2)
== README.md:1-3  (backoff)
# Net

Calls `backoff` between attempts.
== tests/test_net.py:1-5  test_backoff  (backoff x3)
from net import backoff


def test_backoff():
    backoff(0)"""
    )


def test_what_does_not_fit_is_named_with_its_hits_and_the_rest_is_counted(ask: Ask, folder: Path) -> None:
    for i in range(30):
        write(folder, f"src/{i:02}_a_name_that_costs_tokens.py", "backoff()\n" * 3 + FILLER)

    lines = ask("backoff", budget=350).splitlines()

    assert "== src/net.py:21-22  backoff  (backoff)" in lines
    named = items("\n".join(lines))
    counts = {"src/net.py": 1, "src/poll.py": 2, "README.md": 1}
    assert lines[-2] == "hits there: " + ", ".join(str(counts.get(item.partition(":")[0], 3)) for item in named)
    files = {item.partition(":")[0] for item in named} | set(shown_files("\n".join(lines)))
    assert lines[-1] == (
        f"98 lines with hits in 34 files, {34 - len(files)} of them not named; narrow with paths or rarer patterns"
    )


def test_remarks_stand_above_the_rest(ask: Ask) -> None:
    answer = ask("try_send", "absent", "(", "^", paths=["src", "gone/x", "!poll.py"])

    assert answer.splitlines()[:5] == [
        "gone/x: no such file or folder",
        "(: not a valid regex here, taken literally",
        "^: matches every line, not searched",
        "no hits: absent",
        "== src/net.py:1-182  (try_send x2, ( x47)",
    ]


def test_a_budget_above_the_most_is_said(ask: Ask) -> None:
    answer = ask("backoff", budget=MAX_BUDGET_TOKENS + 1)

    assert answer.splitlines()[0] == f"budget: {MAX_BUDGET_TOKENS} tokens used, the most there is"


def test_many_remarks_leave_room_for_the_answer(ask: Ask) -> None:
    answer = ask("backoff", *(f"bad{i}(" for i in range(150)), budget=400)

    assert cost(answer) <= 400
    assert re.search(r"^and \d+ more remarks$", answer, re.MULTILINE)
    assert "== src/net.py" in answer


# ---------------------------------------------------------------------------------------------------- promises


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.integers(200, 6_000),
    st.lists(
        st.sampled_from(["backoff", "helper_1", "value", "return", "Client", "absent", r"\bself\b", "(", "e"]),
        min_size=1,
        unique=True,
    ),
)
def test_the_answer_keeps_its_budget_and_every_item_in_it_can_be_read(
    folder: Path, budget: int, patterns: list[str]
) -> None:
    answer = run(GrepAndRead(patterns=patterns, budget=budget), context(folder))

    assert cost(answer) <= budget
    for item in items(answer):
        assert read_many.run(read_many.ReadMany(items=[item]), context(folder)).startswith("== ")


def test_the_text_shown_is_the_file_s_own_at_the_lines_named(ask: Ask, folder: Path) -> None:
    answer = ask("value", "backoff", budget=3_000)

    for block in answer.split("== ")[1:]:
        heading, *rows = block.rstrip("\n").split("\n")
        path, first, last = re.match(r"(.+?):(\d+)-(\d+)", heading).groups()  # type: ignore[union-attr]
        lines = (folder / path).read_text(encoding="utf-8").split("\n")[int(first) - 1 : int(last)]
        numbered = [f"{n}\t{line}" if n % 10 == 0 else line for n, line in enumerate(lines, int(first))]
        assert rows[: len(numbered)] == numbered


def test_one_noisy_file_does_not_take_the_budget(ask: Ask, folder: Path) -> None:
    write(folder, "src/noisy.py", "".join(f"def backoff_{i}():\n    backoff({i})\n\n\n" for i in range(500)))

    assert {"src/net.py", "src/poll.py", "src/noisy.py"} <= set(shown_files(ask("backoff", budget=1_500)))


def test_the_same_state_gives_the_same_bytes_in_any_process(folder: Path) -> None:
    program = (
        "import sys; from mcp_lean.tools.grep_and_read import *; from mcp_lean.repo.workspace import Workspace\n"
        "ctx = Context(Workspace(sys.argv[1], {'HOME': '/nonexistent'}))\n"
        "print(run(GrepAndRead(patterns=['value', 'backoff', 'Client', 'helper'], budget=900), ctx))"
    )
    answers = {
        subprocess.run(
            [sys.executable, "-c", program, str(folder)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "1")
    }

    assert len(answers) == 1
    assert b"== src/net.py" in answers.pop()


def test_several_patterns_in_one_place_come_before_one(ask: Ask, folder: Path) -> None:
    write(folder, "src/a_one.py", "first()\n" * 4 + FILLER)
    write(folder, "src/z_both.py", "first()\nsecond()\n" + FILLER)

    assert shown_files(ask("first", "second"))[0] == "src/z_both.py"


# ------------------------------------------------------------------------------------------------ nothing found


def test_nothing_found_says_so(ask: Ask) -> None:
    assert ask("absent", "gone") == (
        "no hits for absent, gone\n"
        "ignored files and binaries are not searched; an ignored folder is when `paths` names it"
    )


def test_nothing_found_names_the_other_case_and_files_named_so(ask: Ask) -> None:
    assert ask("BackOff", "Poll") == (
        "no hits for BackOff, Poll\n"
        "in another case, with (?i): README.md, src/net.py, src/poll.py, tests/test_net.py\n"
        "in a file's name: src/poll.py"
    )


def test_nothing_found_in_these_paths_names_others(ask: Ask) -> None:
    assert ask("backoff", paths=["*.ts"]) == (
        "no hits for backoff\n"
        "*.ts names no file that is searched\n"
        "outside these paths: README.md, src/net.py, src/poll.py, tests/test_net.py"
    )


@pytest.mark.parametrize(
    ("paths", "idle"),
    [
        (["nope"], ["nope names no file that is searched"]),
        (["src", "*.rs"], ["*.rs names no file that is searched"]),
        (["*.py", "out/*.txt"], []),
    ],
)
def test_a_path_under_which_nothing_is_searched_is_named(
    ask: Ask, folder: Path, paths: list[str], idle: list[str]
) -> None:
    write(folder, ".gitignore", "out/\n")
    write(folder, "out/a.txt", "ignored, and searched where it is named")

    lines = ask("absent", paths=paths).splitlines()

    assert [line for line in lines if "names no file" in line] == idle


def test_alternatives_written_as_in_grep_are_explained(ask: Ask) -> None:
    assert ask(r"backoff\|retry").splitlines() == [
        r"no hits for backoff\|retry",
        r"alternatives are written a|b; a\|b means the character itself",
    ]


def test_many_places_near_by_are_counted(ask: Ask, folder: Path) -> None:
    for i in range(9):
        write(folder, f"docs/{i}.txt", "needle")

    assert ask("needle", paths=["src"]).splitlines()[1] == (
        "outside these paths: docs/0.txt, docs/1.txt, docs/2.txt, docs/3.txt, docs/4.txt and 4 more"
    )


# ---------------------------------------------------------------------------------------------------- deny rules


def test_a_denied_file_is_neither_shown_nor_named_nor_counted(ask: Ask, folder: Path) -> None:
    write(folder, "secret/key.txt", "backoff and needle, NEEDLE\n")
    deny(folder, "Read(./secret/**)", "Read(*.md)")

    assert not {"secret", "README"} & set(re.findall(r"\w+", ask("backoff")))
    assert ask("backoff").count("== ") == 4
    assert ask("backoff", budget=200).splitlines()[-1].startswith("7 lines with hits in 3 files")
    for patterns, paths in (
        (["needle"], []),
        (["Needle"], []),
        (["key.txt"], []),
        (["needle"], ["src"]),
        (["needle"], ["!src"]),
    ):
        answer = ask(*patterns, paths=paths)
        assert answer.startswith(f"no hits for {patterns[0]}")
        assert not {"secret", "case", "outside"} & set(re.findall(r"\w+", answer))
    with pytest.raises(AskError, match="secret: denied by"):
        ask("needle", paths=["secret"])


def test_a_denied_file_that_is_tracked_although_ignored_stays_denied(ask: Ask, folder: Path) -> None:
    for arguments in (["init", "-q"], ["add", "-f", "."]):
        write(folder, "secret/key.txt", "needle\n")
        write(folder, ".gitignore", "secret/\n")
        subprocess.run(["git", *arguments], cwd=folder, check=True)
    assert "== secret/key.txt:1-1" in ask("needle")

    deny(folder, "Read(./secret/**)")

    assert "secret" not in ask("needle")


def test_a_rule_holds_where_the_project_is_reached_by_a_symlink(folder: Path) -> None:
    deny(folder, "Read(./src/**)")
    way = folder.parent / "way"
    way.symlink_to(folder)

    answer = run(GrepAndRead(patterns=["backoff"]), context(way))

    assert shown_files(answer) == ["README.md", "tests/test_net.py"]


def test_a_symlink_out_of_the_workspace_is_not_followed(ask: Ask, folder: Path) -> None:
    write(folder.parent, "outside.txt", "needle\n")
    (folder / "way.txt").symlink_to(folder.parent / "outside.txt")
    (folder / "ways").symlink_to(folder.parent)

    assert ask("needle").startswith("no hits for needle")
    with pytest.raises(OutsideWorkspace):
        ask("needle", paths=["ways"])


# ------------------------------------------------------------------------------------------------- hostile files


def test_a_minified_file_is_shown_around_its_hit_only(ask: Ask, folder: Path) -> None:
    write(folder, "src/app.js", "var a=1;" * 50_000 + "needle();" + "var b=2;" * 50_000)

    answer = ask("needle")

    assert answer.startswith("== src/app.js:1-1  (needle)\n[...]")
    assert answer.endswith("[...]")
    assert "needle()" in answer
    assert len(answer) < 600


def test_a_binary_is_no_hit(ask: Ask, folder: Path) -> None:
    write(folder, "data.bin", b"needle\0\1\2")

    assert ask("needle").startswith("no hits for needle")


def test_names_of_all_kinds_are_shown_on_one_line_and_can_be_read(ask: Ask, folder: Path) -> None:
    names = ["a b.py", "-x.py", "[id].py", "a:10.py", "a#b.py", "a@3-.py", "caf\u00e9.py", "new\nmore: x.py"]
    for name in names:
        write(folder, f"odd/{name}", "needle()\n" + FILLER)
    (folder / "odd" / os.fsdecode(b"latin-\xe9.py")).write_text("needle()\n" + FILLER, encoding="utf-8")

    answer = ask("needle", budget=600)

    answer.encode()
    headings = [line for line in answer.splitlines() if line.startswith("== ")]
    assert len(headings) + len(items(answer)) >= len(names) - 1
    assert "x.py" not in {item.partition(":")[0] for item in items(answer)}
    for item in items(answer):
        assert read_many.run(read_many.ReadMany(items=[item]), context(folder)).startswith("== odd/")


def test_other_encodings_are_shown_decoded(ask: Ask, folder: Path) -> None:
    write(folder, "u.txt", "a needle, caf\u00e9\n".encode("utf-16"))
    write(folder, "l.txt", b"a needle, caf\xe9\r\n")

    assert ask("needle") == "== l.txt:1-1  (needle)\na needle, caf\u00e9\n== u.txt:1-1  (needle)\na needle, caf\u00e9"


def test_a_file_that_vanishes_between_search_and_reading_is_left_out(
    ask: Ask, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = grep_and_read.rank

    def rank_and_delete(*arguments: object) -> object:
        ranked = original(*arguments)  # type: ignore[arg-type]
        (folder / "src" / "net.py").unlink()
        return ranked

    monkeypatch.setattr(grep_and_read, "rank", rank_and_delete)

    assert shown_files(ask("backoff")) == ["src/poll.py", "README.md", "tests/test_net.py"]


def test_a_pattern_that_nearly_everything_matches_gives_a_short_answer(ask: Ask, folder: Path) -> None:
    for i in range(200):
        write(folder, f"gen/{i:03}.txt", "line\n" * 50)

    answer = ask(".", budget=400)

    assert cost(answer) <= 400
    assert re.search(r"[\d,]+ lines with hits in 204 files, \d+ of them not named", answer)


def test_without_rg_the_answer_is_the_same_but_for_the_remark(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    with_rg = ask("backoff", "Client")
    monkeypatch.setattr(ripgrep, "program", lambda: None)

    assert ask("backoff", "Client") == "searched without ripgrep: slow; files are read up to 4 MB\n" + with_rg


# ----------------------------------------------------------------------------------------------------- arguments


@pytest.mark.parametrize("patterns", [["backoff"], '["backoff"]', "backoff"], ids=str)
@pytest.mark.parametrize("paths", [["src"], '["src"]', "src"], ids=str)
def test_lists_may_be_written_as_text(folder: Path, patterns: object, paths: object) -> None:
    answer = run(GrepAndRead.model_validate({"patterns": patterns, "paths": paths}), context(folder))

    assert shown_files(answer) == ["src/net.py", "src/poll.py"]


@pytest.mark.parametrize("paths", [None, [], "[]", ""])
def test_no_paths_mean_the_whole_project(folder: Path, paths: object) -> None:
    answer = run(GrepAndRead.model_validate({"patterns": "backoff", "paths": paths}), context(folder))

    assert len(shown_files(answer)) == 4


def test_a_regex_that_begins_like_a_list_is_a_regex(folder: Path) -> None:
    answer = run(GrepAndRead.model_validate({"patterns": "[b]ackoff"}), context(folder))

    assert len(shown_files(answer)) == 4


@pytest.mark.parametrize("arguments", [{}, {"patterns": []}, {"patterns": "x", "path": "src"}], ids=str)
def test_wrong_arguments_are_refused(arguments: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        GrepAndRead.model_validate(arguments)


def test_too_many_patterns_are_refused(ask: Ask) -> None:
    with pytest.raises(AskError, match="201 are too many for one call; at most 200"):
        ask(*(f"p{i}" for i in range(201)))


def test_an_additional_directory_is_searched_when_it_is_named(folder: Path) -> None:
    lib = folder.parent / "lib"
    write(lib, "retry.py", "backoff(1)\n" + FILLER)
    write(
        folder.parent / "home",
        ".claude/settings.json",
        json.dumps({"permissions": {"additionalDirectories": [str(lib)]}}),
    )

    here = run(GrepAndRead(patterns=["backoff"]), context(folder))
    there = run(GrepAndRead(patterns=["backoff"], paths=[str(lib), "src"]), context(folder))

    assert f"{lib}/retry.py" not in shown_files(here)
    assert set(shown_files(there)) == {f"{lib}/retry.py", "src/net.py", "src/poll.py"}


def test_a_cancelled_call_ends() -> None:
    ctx = context(Path("/"))
    ctx.stop.set()

    with pytest.raises(Cancelled):
        run(GrepAndRead(patterns=["root"]), ctx)


def test_the_definition_is_small_and_loaded_always() -> None:
    definition = {"name": TOOL.name, "description": TOOL.description, "inputSchema": slim(TOOL.arguments)}

    assert len(json.dumps(definition, separators=(",", ":"))) <= 650
    assert TOOL.always_load
