"""scripts/install_claude, with an npm of ours in the place of the real one."""

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "install_claude"
PACKAGE = "@anthropic-ai/claude-code@2.1.330"
PROGRAM = "claude-code-2.1.330/node_modules/@anthropic-ai/claude-code-linux-x64/claude"

NPM = """#!/bin/sh
echo "$@" >>"$NPM_LOG"
[ -z "$NPM_FAILS" ] || { echo "npm error code ENOTFOUND"; exit 1; }
folder=$3/node_modules/@anthropic-ai/claude-code-linux-x64
mkdir -p "$folder"
printf '#!/bin/sh\\necho "%s (Claude Code)"\\n' "$NPM_VERSION" >"$folder/claude"
chmod +x "$folder/claude"
[ -z "$NPM_MEANWHILE" ] || { cp -r "$3" "$NPM_MEANWHILE"; touch "$NPM_MEANWHILE/the other's"; }
"""


class Machine:
    """A cache folder and an npm that notes how it was called."""

    def __init__(self, root: Path) -> None:
        self.cache, self.log, self.bin = root / "cache", root / "npm.log", root / "bin"
        self.bin.mkdir()
        self.log.touch()
        (self.bin / "npm").write_text(NPM, encoding="utf-8")
        (self.bin / "npm").chmod(0o755)

    def install(
        self, version: str = "2.1.330", fails: str = "", meanwhile: str = ""
    ) -> subprocess.CompletedProcess[str]:
        env = {"NPM_LOG": str(self.log), "NPM_VERSION": version, "NPM_FAILS": fails, "MCP_LEAN_CACHE": str(self.cache)}
        env["NPM_MEANWHILE"] = meanwhile
        env["PATH"] = f"{self.bin}:{os.environ['PATH']}"
        return subprocess.run([str(SCRIPT)], env=env, capture_output=True, text=True, timeout=20)

    def left(self) -> list[str]:
        return sorted(os.listdir(self.cache)) if self.cache.exists() else []


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_it_prints_the_program_last_and_installs_only_once(machine: Machine) -> None:
    outputs = [machine.install().stdout.splitlines()[-1] for _ in range(2)]

    assert outputs == [str(machine.cache / PROGRAM)] * 2
    [call] = machine.log.read_text(encoding="utf-8").splitlines()
    assert call.endswith(PACKAGE)
    assert "--ignore-scripts" in call
    assert machine.left() == ["claude-code-2.1.330"]


def test_what_another_run_has_installed_meanwhile_stays(machine: Machine) -> None:
    """It may be at work with it."""
    theirs = machine.cache / "claude-code-2.1.330"
    done = machine.install(meanwhile=str(theirs))

    assert done.stdout.splitlines()[-1] == str(machine.cache / PROGRAM)
    assert (theirs / "the other's").exists()
    assert machine.left() == ["claude-code-2.1.330"]


def test_without_the_network_it_says_so_in_one_line_and_leaves_nothing(machine: Machine) -> None:
    done = machine.install(fails="yes")

    assert done.returncode == 1
    assert done.stderr == "install_claude: npm could not install it: npm error code ENOTFOUND\n"
    assert machine.left() == []


def test_another_version_than_the_pinned_one_is_refused(machine: Machine) -> None:
    done = machine.install(version="2.1.331")

    assert done.returncode == 1
    assert done.stderr == "install_claude: npm installed no program of version 2.1.330 for this system\n"
    assert machine.left() == []


def test_without_npm_it_says_what_is_missing(machine: Machine) -> None:
    (machine.bin / "npm").unlink()
    for folder in os.environ["PATH"].split(":"):
        for name in ("sh", "env", "dirname", "mkdir", "mktemp", "rm"):
            if (Path(folder) / name).exists() and not (machine.bin / name).exists():
                (machine.bin / name).symlink_to(Path(folder) / name)
    env = {"PATH": str(machine.bin), "MCP_LEAN_CACHE": str(machine.cache)}
    done = subprocess.run(["/bin/sh", str(SCRIPT)], env=env, capture_output=True, text=True, timeout=20)

    assert done.returncode == 1
    assert done.stderr == "install_claude: npm is not installed; it comes with node, version 22 or newer\n"
