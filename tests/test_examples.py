"""Every example prints what its page says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = sorted(path.parent for path in (Path(__file__).parent.parent / "examples").glob("*/run"))


@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda folder: folder.name)
def test_an_example_prints_what_its_page_shows(folder: Path) -> None:
    found = re.search(r"```text\n(.*?)```", (folder / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

    done = subprocess.run([folder / "run"], capture_output=True, text=True, env={**os.environ, "PATH": path})

    assert done.stderr == ""
    assert [line.rstrip() for line in done.stdout.strip().split("\n")] == found[1].strip().split("\n")
