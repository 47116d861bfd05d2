"""Python projects: pyproject.toml, setup.cfg, setup.py, tox, nox, requirements, manage.py.

In:  a manifest.
Out: its facts.
Not here: other tools' files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from .model import BUILD, ENTRY, LINT, RUN, TEST, Fact, Manifest, Parser, purpose_of

if TYPE_CHECKING:
    from configparser import RawConfigParser

INSTALLERS = (
    ("uv.lock", "uv sync", "uv run "),
    ("poetry.lock", "poetry install", "poetry run "),
    ("pdm.lock", "pdm install", "pdm run "),
    ("Pipfile", "pipenv install --dev", "pipenv run "),
)
"""(a file that tells the tool, how it installs, how it starts a command)"""

EXTRAS = ("dev", "test", "tests", "testing", "all")


def pyproject(manifest: Manifest) -> Iterator[Fact]:
    """Scripts, how to install, and the tasks of the tools that are configured here."""
    import tomllib

    data = _table(tomllib.loads(manifest.text))
    project, tool = _table(data.get("project")), _table(data.get("tool"))
    poetry = _table(tool.get("poetry"))
    for scripts in (project.get("scripts"), project.get("gui-scripts"), poetry.get("scripts")):
        yield from _entries(manifest, _table(scripts))
    if "project" in data or poetry or "build-system" in data:
        yield from manifest.fact(BUILD, _install(manifest, project, poetry))
    start = _start(manifest, poetry)
    if "pytest" in tool:
        yield from manifest.fact(TEST, f"{start}pytest")
    if "tox" in tool:
        yield from manifest.fact(TEST, "tox")
    for tasks, program in (
        (_table(tool.get("poe")).get("tasks"), "poe"),
        (_table(tool.get("pdm")).get("scripts"), "pdm run"),
        (_table(tool.get("taskipy")).get("tasks"), "task"),
        *((_table(env).get("scripts"), "hatch run" + _hatch_env(name)) for name, env in _hatch_envs(tool)),
    ):
        for task in _table(tasks):
            if kind := purpose_of(task):
                separator = "" if program.endswith(":") else " "
                yield from manifest.fact(kind, f"{program}{separator}{task}")


def _hatch_envs(tool: Mapping[str, object]) -> Iterable[tuple[str, object]]:
    return _table(_table(tool.get("hatch")).get("envs")).items()


def _hatch_env(name: str) -> str:
    return "" if name == "default" else f" {name}:"


def _entries(manifest: Manifest, scripts: Mapping[str, object]) -> Iterator[Fact]:
    for name, target in scripts.items():
        reference = target if isinstance(target, str) else _table(target).get("reference")
        if isinstance(reference, str):
            yield from manifest.fact(ENTRY, f"{name} = {reference}")


def _install(manifest: Manifest, project: Mapping[str, object], poetry: Mapping[str, object]) -> str:
    for lock, install, _ in INSTALLERS:
        if lock in manifest.beside:
            return install
    if poetry and not project:
        return "poetry install"
    extra = next((name for name in EXTRAS if name in _table(project.get("optional-dependencies"))), "")
    return f"pip install -e '.[{extra}]'" if extra else "pip install -e ."


def _start(manifest: Manifest, poetry: Mapping[str, object]) -> str:
    return next((start for lock, _, start in INSTALLERS if lock in manifest.beside), "poetry run " if poetry else "")


def setup_cfg(manifest: Manifest) -> Iterator[Fact]:
    """Entry points, and how to install unless pyproject.toml says it."""
    config = _ini(manifest.text)
    scripts = config.get("options.entry_points", "console_scripts", fallback="")
    yield from _console_scripts(manifest, scripts)
    if config.has_section("metadata") and "pyproject.toml" not in manifest.beside:
        yield from manifest.fact(BUILD, "pip install -e .")
    if config.has_section("tool:pytest"):
        yield from manifest.fact(TEST, "pytest")


def setup_py(manifest: Manifest) -> Iterator[Fact]:
    """Console scripts as they stand in the call of `setup`."""
    found = re.search(r"console_scripts['\"]?\s*[:=]\s*\[(.*?)\]", manifest.text, re.DOTALL)
    if found:
        yield from _console_scripts(manifest, "\n".join(re.findall(r"['\"]([^'\"]+)['\"]", found[1])))
    if not {"pyproject.toml", "setup.cfg"} & manifest.beside:
        yield from manifest.fact(BUILD, "pip install -e .")


def _console_scripts(manifest: Manifest, text: str) -> Iterator[Fact]:
    for row in text.splitlines():
        found = re.fullmatch(r"\s*([\w.-]+)\s*=\s*([\w.]+(?::[\w.]+)?).*", row)
        if found:
            yield from manifest.fact(ENTRY, f"{found[1]} = {found[2]}")


def tox_ini(manifest: Manifest) -> Iterator[Fact]:
    """`tox`, and its own lint environments."""
    config = _ini(manifest.text)
    if config.has_section("testenv") or config.has_section("tox"):
        yield from manifest.fact(TEST, "tox")
    for section in config.sections():
        name = section.removeprefix("testenv:")
        if name != section and purpose_of(name) == LINT:
            yield from manifest.fact(LINT, f"tox -e {name}")
    if config.has_section("pytest"):
        yield from manifest.fact(TEST, "pytest")


def noxfile(manifest: Manifest) -> Iterator[Fact]:
    """Sessions, by the names of their functions."""
    for found in re.finditer(r"^@nox\.session(?:\(.*?\))?\s*\n(?:@.*\n)*def\s+(\w+)", manifest.text, re.MULTILINE):
        if kind := purpose_of(found[1]):
            yield from manifest.fact(kind, f"nox -s {found[1]}")


def pytest_ini(manifest: Manifest) -> Iterator[Fact]:
    yield from manifest.fact(TEST, "pytest")


def requirements(manifest: Manifest) -> Iterator[Fact]:
    """How to install where there is no package."""
    if not {"pyproject.toml", "setup.py", "setup.cfg"} & manifest.beside:
        yield from manifest.fact(BUILD, f"pip install -r {manifest.path}")


def manage_py(manifest: Manifest) -> Iterator[Fact]:
    if "django" in manifest.text:
        yield from manifest.fact(RUN, f"python {manifest.path} runserver")
        yield from manifest.fact(TEST, f"python {manifest.path} test")


def package_main(manifest: Manifest) -> Iterator[Fact]:
    """`__main__.py`: the package can be started. A `src` folder is no part of its name."""
    package = manifest.folder.rstrip("/").removeprefix("src/").replace("/", ".")
    if package:
        yield from manifest.fact(ENTRY, f"python -m {package}")


def run_tests(manifest: Manifest) -> Iterator[Fact]:
    yield from manifest.fact(TEST, f"python {manifest.path}")


def _ini(text: str) -> RawConfigParser:
    import configparser

    config = configparser.RawConfigParser(strict=False)
    try:
        config.read_string(text)
    except configparser.Error as error:
        raise ValueError(str(error)) from error
    return config


def _table(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


PARSERS: Mapping[str, Parser] = {
    "pyproject.toml": pyproject,
    "setup.cfg": setup_cfg,
    "setup.py": setup_py,
    "tox.ini": tox_ini,
    "noxfile.py": noxfile,
    "pytest.ini": pytest_ini,
    "requirements.txt": requirements,
    "requirements-dev.txt": requirements,
    "manage.py": manage_py,
    "__main__.py": package_main,
    "runtests.py": run_tests,
    "run_tests.py": run_tests,
}
