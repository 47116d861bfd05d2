"""How to build, test and start, from every kind of file that says so."""

from __future__ import annotations

import pytest

from mcp_lean.repo.project_facts import Fact, is_manifest, project_facts


def facts(files: dict[str, str], *asked: str) -> list[tuple[str, str]]:
    return [(fact.kind, fact.text) for fact in found(files, *asked)]


def found(files: dict[str, str], *asked: str) -> tuple[Fact, ...]:
    paths = sorted(files)
    manifests = list(filter(is_manifest, paths))
    return project_facts(manifests, paths, lambda path: files[path].encode(), lambda path: path.startswith(asked))


POETRY = "[tool.poetry]\nname = 'x'\n[tool.poetry.scripts]\nx = 'x.cli:main'\n[tool.pytest.ini_options]\n"
MODERN = """\
[build-system]
[project]
name = "x"
scripts = { x = "x.cli:main" }
gui-scripts = { xg = "x.gui:main" }
optional-dependencies = { test = ["pytest"] }
[tool.pytest.ini_options]
[tool.tox]
[tool.hatch.envs.default.scripts]
lint = "ruff check"
[tool.hatch.envs.types.scripts]
check = "mypy"
[tool.poe.tasks]
serve = "x"
other = "y"
"""
PACKAGE = """\
{"name": "shop", "main": "./lib/index.js", "scripts": {"test": "vitest run", "build": "tsc", "start": "node .",
 "prepare": "husky", "lint:fix": "eslint --fix .", "odd": "x"}}
"""
WORKFLOW = """\
name: ci
jobs:
  test:
    steps:
      - uses: actions/checkout@v4
      - run: pip install -e .
      - name: Run pytest on everything
        run: |
          python -m pytest -q   # all
          if [ -f x ]; then tox; fi
          tox -e ${{ matrix.env }}
      - run: "npm run lint"
"""

CASES = {
    "pyproject": (
        {"pyproject.toml": MODERN},
        [
            ("entry", "x = x.cli:main"),
            ("entry", "xg = x.gui:main"),
            ("build", "pip install -e '.[test]'"),
            ("test", "pytest"),
            ("test", "tox"),
            ("test", "hatch run types:check"),
            ("run", "poe serve"),
            ("lint", "hatch run lint"),
        ],
    ),
    "poetry": (
        {"pyproject.toml": POETRY},
        [("entry", "x = x.cli:main"), ("build", "poetry install"), ("test", "poetry run pytest")],
    ),
    "uv": (
        {"pyproject.toml": "[project]\n[tool.pytest]\n", "uv.lock": ""},
        [("build", "uv sync"), ("test", "uv run pytest")],
    ),
    "setup.cfg": (
        {
            "setup.cfg": "[metadata]\nname=x\n[tool:pytest]\n"
            "[options.entry_points]\nconsole_scripts =\n    x = x.cli:main\n"
        },
        [("entry", "x = x.cli:main"), ("build", "pip install -e ."), ("test", "pytest")],
    ),
    "setup.py": (
        {"setup.py": "setup(entry_points={'console_scripts': ['x=x.cli:main', \"y = x.y\"]})"},
        [("entry", "x = x.cli:main"), ("entry", "y = x.y"), ("build", "pip install -e .")],
    ),
    "tox, nox, pytest, requirements": (
        {
            "tox.ini": "[tox]\n[testenv]\ncommands=pytest\n[testenv:lint]\n",
            "noxfile.py": "@nox.session(python=['3.12'])\ndef tests(session): ...\n@nox.session\ndef docs(s): ...\n",
            "pytest.ini": "[pytest]\n",
            "requirements.txt": "x\n",
        },
        [
            ("build", "pip install -r requirements.txt"),
            ("test", "nox -s tests"),
            ("test", "pytest"),
            ("test", "tox"),
            ("lint", "tox -e lint"),
        ],
    ),
    "django, module, runner": (
        {
            "manage.py": "import django",
            "src/shop/__main__.py": "",
            "tests/runtests.py": "",
        },
        [
            ("entry", "python -m shop"),
            ("test", "python manage.py test"),
            ("test", "python tests/runtests.py"),
            ("run", "python manage.py runserver"),
        ],
    ),
    "npm": (
        {"package.json": PACKAGE},
        [
            ("entry", "shop = lib/index.js"),
            ("build", "npm install"),
            ("build", "npm run build [tsc]"),
            ("test", "npm test [vitest run]"),
            ("run", "npm start [node .]"),
            ("lint", "npm run lint:fix [eslint --fix .]"),
        ],
    ),
    "pnpm by its lock": (
        {"package.json": '{"scripts": {"test": "x"}, "bin": {"shop": "./bin/shop.js"}}', "pnpm-lock.yaml": ""},
        [("entry", "shop = bin/shop.js"), ("build", "pnpm install"), ("test", "pnpm test [x]")],
    ),
    "bun by its name": (
        {"package.json": '{"packageManager": "bun@1.2", "scripts": {"test": "x"}}'},
        [("build", "bun install"), ("test", "bun run test [x]")],
    ),
    "deno": ({"deno.jsonc": '{\n// tasks\n"tasks": {"dev": "x"}}'}, [("run", "deno task dev")]),
    "go": ({"go.mod": "module x\n"}, [("build", "go build ./..."), ("test", "go test ./...")]),
    "cargo": (
        {"Cargo.toml": '[workspace]\n[package]\nname="rg"\n[[bin]]\nname="rg"\npath="crates/core/main.rs"\n'},
        [("entry", "rg = crates/core/main.rs"), ("build", "cargo build"), ("test", "cargo test --workspace")],
    ),
    "cargo with main.rs": (
        {"Cargo.toml": '[package]\nname="x"\n', "src/main.rs": "", "tools/y/Cargo.toml": "", "tools/y/src/main.rs": ""},
        [
            ("entry", "cargo run"),
            ("entry", "cargo run --manifest-path tools/y/Cargo.toml"),
            ("build", "cargo build"),
            ("test", "cargo test"),
        ],
    ),
    "cmake": (
        {"CMakeLists.txt": "project(x)\nenable_testing()\n", "src/CMakeLists.txt": "add_library(x)\n"},
        [("build", "cmake -B build && cmake --build build"), ("test", "ctest --test-dir build")],
    ),
    "meson": (
        {"meson.build": "project('x')\ntest('a', b)\n"},
        [("build", "meson setup build && meson compile -C build"), ("test", "meson test -C build")],
    ),
    "autotools": ({"configure.ac": "AC_INIT", "autogen.sh": ""}, [("build", "./autogen.sh && ./configure && make")]),
    "gradle": (
        {"build.gradle.kts": "plugins { application }", "gradlew": "", "app/build.gradle.kts": "plugins {}"},
        [("build", "./gradlew build"), ("test", "./gradlew test"), ("run", "./gradlew run")],
    ),
    "maven": ({"pom.xml": "<project/>"}, [("build", "mvn package -DskipTests"), ("test", "mvn test")]),
    "dotnet": (
        {"Shop.sln": "", "src/Shop/Shop.csproj": "<OutputType>Exe</OutputType>"},
        [("entry", "dotnet run --project src/Shop/Shop.csproj"), ("build", "dotnet build"), ("test", "dotnet test")],
    ),
    "make": (
        {"Makefile": ".PHONY: all test\nCC := gcc\nall: x\n\tgcc\ntest unit: all\nx.o: x.c\nlint:: y\n$(B)/z: q\n"},
        [("build", "make"), ("test", "make test"), ("lint", "make lint")],
    ),
    "just, task": (
        {
            "justfile": "test *args:\n  x\n_hidden:\nv := '1'\n",
            "Taskfile.yml": "version: 3\ntasks:\n  build:\n    cmds:\n",
        },
        [("build", "task build"), ("test", "just test")],
    ),
    "ruby": (
        {"Gemfile": "", "Rakefile": "RSpec::Core::RakeTask.new(:spec)\ntask :build do\nend\n"},
        [("build", "bundle install"), ("build", "bundle exec rake build"), ("test", "bundle exec rake spec")],
    ),
    "ruby's tests": (
        {"Rakefile": "Minitest::TestTask.create # x\n", "x/Rakefile": "Rake::TestTask.new(:spec) do |t|\n"},
        [("test", "rake test")],
    ),
    "php": (
        {"composer.json": '{"scripts": {"test": "phpunit", "x": "y"}}', "phpunit.xml.dist": "<phpunit/>"},
        [("build", "composer install"), ("test", "composer test"), ("test", "vendor/bin/phpunit")],
    ),
    "containers": (
        {
            "Dockerfile": 'FROM a\nCMD ["old"]\nFROM b\nENTRYPOINT ["python", "-m"]\nCMD ["shop"]\n',
            "x/Dockerfile": 'CMD ["/bin/bash"]',
            "Procfile": "web: gunicorn shop\n",
            "compose.yaml": "services:\n",
        },
        [("run", "python -m shop"), ("run", "web: gunicorn shop"), ("run", "docker compose up")],
    ),
    "scripts": (
        {"scripts/check": "#!/bin/sh\n", "scripts/test.sh": "no script", "runtest": "#!/bin/sh\n"},
        [("test", "./runtest"), ("test", "./scripts/check")],
    ),
    "github": (
        {".github/workflows/ci.yml": WORKFLOW},
        [("build", "pip install -e ."), ("test", "python -m pytest -q # all"), ("lint", "npm run lint")],
    ),
    "gitlab": (
        {".gitlab-ci.yml": "test:\n  script:\n  - tox -e py\n  - 'make build'\n  stage: test\n"},
        [("build", "make build"), ("test", "tox -e py")],
    ),
    "nothing": ({"README.md": "make test"}, []),
}


@pytest.mark.parametrize("case", CASES)
def test_each_kind_of_file_says_what_it_says(case: str) -> None:
    files, expected = CASES[case]

    assert facts(files) == expected


@pytest.mark.parametrize(
    "name", ["pyproject.toml", "package.json", "setup.cfg", "Cargo.toml", "composer.json", "deno.json", "tox.ini"]
)
@pytest.mark.parametrize("text", ["", "{", "[[", "\0\xff", "[" * 100_000, "[1, 2]", '"text"', "null"])
def test_a_broken_file_says_nothing_and_the_others_still_do(name: str, text: str) -> None:
    said = facts({name: text, "go.mod": ""})

    assert [entry for entry in said if entry[1].startswith("go ")] == [
        ("build", "go build ./..."),
        ("test", "go test ./..."),
    ]


def test_a_part_of_a_larger_project_adds_only_its_entry_points() -> None:
    files = {
        "package.json": '{"scripts": {"test": "x"}}',
        "packages/a/package.json": '{"name": "a", "main": "index.js", "scripts": {"test": "y", "build": "z"}}',
    }

    assert facts(files) == [("entry", "a = packages/a/index.js"), ("build", "npm install"), ("test", "npm test [x]")]


def test_a_part_that_is_asked_about_comes_first_however_deep_it_is() -> None:
    files = {"Makefile": "test:\n", "a/b/c/d/e/pyproject.toml": "[project]\n[tool.pytest]\n"}

    assert facts(files) == [("test", "make test")]
    assert facts(files, "a/b/") == [("build", "pip install -e ."), ("test", "pytest"), ("test", "make test")]


def test_ci_only_adds_what_the_project_does_not_say_itself() -> None:
    files = {".github/workflows/ci.yml": "run: pytest -x\nrun: pytest -y\nrun: pytest -z\n", "pytest.ini": ""}

    assert facts(files) == [("test", "pytest"), ("test", "pytest -x"), ("test", "pytest -y")]
    assert facts({**files, "tox.ini": "[tox]"}) == [("test", "pytest"), ("test", "tox")]


def test_commands_that_nobody_types_are_left_out() -> None:
    files = {"Procfile": f"web: {'x' * 100}\nworker: run\x1b[31m\nother: fine\n"}

    assert facts(files) == [("run", "other: fine")]


def test_a_fact_names_its_file_and_the_same_command_is_said_once() -> None:
    files = {"web/Makefile": "test:\n", "pytest.ini": "", "tox.ini": "[pytest]\n"}

    assert found(files) == (Fact("test", "pytest", "pytest.ini"), Fact("test", "make -C web test", "web/Makefile"))


def test_a_file_that_cannot_be_read_says_nothing() -> None:
    assert project_facts(["go.mod"], ["go.mod"], lambda path: None) == ()


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("go.mod", True),
        ("a/b/go.mod", True),
        ("vendor/x/go.mod", False),
        ("examples/x/package.json", False),
        ("tests/Makefile", False),
        ("tests/runtests.py", True),
        (".github/workflows/ci.yaml", True),
        (".github/other/ci.yaml", False),
        ("go.mod.bak", False),
        ("Shop.sln", True),
        ("docs/Makefile", False),
    ],
)
def test_manifests_are_told_by_name_and_role(path: str, expected: bool) -> None:
    assert is_manifest(path) is expected
