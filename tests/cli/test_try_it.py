"""`mcp-lean try`, with the real server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mcp_lean.cli.main import main

SOURCE = "def price(items):\n    return sum(item.price for item in items)\n\n\n" * 12
BUILD = "\u6784\u5efa"
"""A name of two characters, each two columns wide."""


def test_a_binary_file_with_a_source_file_s_name_is_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.py").write_text(SOURCE)
    (tmp_path / "b.py").write_bytes(bytes(range(256)) * 8)

    assert main(["try", str(tmp_path), "--json"]) == 0

    shown = capsys.readouterr()
    assert [reading["files"] for reading in json.loads(shown.out)["readings"]] == [["a.py"]]
    assert shown.err.startswith("mcp-lean try: left out: b.py: ")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_name_that_is_no_text_is_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in (b"a\xff.py", b"b.py", b"c.py", b"d.py"):
        (tmp_path / os.fsdecode(name)).write_text(SOURCE)

    assert main(["try", str(tmp_path)]) == 0

    said = capsys.readouterr()
    assert "3 files into a context" in said.out
    assert said.err.count("left out: 'a\\udcff.py': the name is no UTF-8") >= 1


@pytest.mark.parametrize("files", [{}, {"b.py": bytes(range(256)) * 8}], ids=["empty", "binary"])
def test_a_folder_without_text_is_said_in_one_line(
    files: dict[str, bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)

    assert main(["try", str(tmp_path)]) == 3
    assert capsys.readouterr().err.splitlines()[-1] == (
        f"mcp-lean try: no text files of 200 to 40,000 bytes in {tmp_path}"
    )


def test_a_server_that_has_only_an_error_to_tell_is_one_line_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file goes away between our look at it and the server's."""
    (tmp_path / "a.py").write_text(SOURCE)
    monkeypatch.setattr("mcp_lean.cli.try_it.texts", lambda root, paths: {"gone.py": SOURCE})

    assert main(["try", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith("mcp-lean: try: error: gone.py: no such file")


def test_a_model_without_a_known_price_is_said_and_never_free(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.py").write_text(SOURCE)

    assert main(["try", str(tmp_path), "--model", "made-up-9"]) == 0

    shown = capsys.readouterr().out
    assert "made-up-9: no price known; priced as " in shown
    assert "0.0000" not in shown


def test_a_long_line_of_a_file_is_cut_and_a_name_in_any_script_stays_readable(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / f"{BUILD}.py").write_text(f"# {BUILD * 45}\n\t{SOURCE}", encoding="utf-8")

    assert main(["try", str(tmp_path)]) == 0

    first, heading, long, tabbed, *_ = capsys.readouterr().out.splitlines()
    assert first == f'read_many {{"items": ["{BUILD}.py"]}}'
    assert heading.startswith(f"  == {BUILD}.py (")
    assert (long, tabbed) == (f"  # {BUILD * 29}", "        def price(items):")


def test_a_reader_that_has_gone_is_no_failure(tmp_path: Path) -> None:
    """As in `mcp-lean try | head -1`: the drawing library would end with 1."""
    (tmp_path / "a.py").write_text(SOURCE)
    read_end, write_end = os.pipe()
    os.close(read_end)
    command = (sys.executable, "-m", "mcp_lean", "try", tmp_path)
    done = subprocess.run(command, stdout=write_end, stderr=subprocess.PIPE, text=True)
    os.close(write_end)

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--files", "0"], "argument --files: 0: a whole number, 1 or more"),
        (["--context", "-5"], "argument --context: -5: a whole number, 0 or more"),
        (["--context", "abc"], "argument --context: abc: a whole number, 0 or more"),
    ],
)
def test_a_number_that_cannot_be_is_wrong_usage(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(["try", os.curdir, *arguments])

    assert end.value.code == 2
    assert said in capsys.readouterr().err
