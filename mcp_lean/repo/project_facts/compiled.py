"""Builds that follow their tool's convention: Go, Rust, C and C++, the JVM, .NET, Swift, Elixir and others.

In:  a manifest.
Out: the tool's own commands, with what the manifest adds to them.
Not here: task runners (`tasks.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from .model import BUILD, ENTRY, RUN, TEST, Fact, Manifest, Parser


def go_mod(manifest: Manifest) -> Iterator[Fact]:
    yield from manifest.fact(BUILD, "go build ./...")
    yield from manifest.fact(TEST, "go test ./...")


def cargo_toml(manifest: Manifest) -> Iterator[Fact]:
    """Build and test at the top or in a package of its own; a workspace's members are built from its root."""
    import tomllib

    data = tomllib.loads(manifest.text)
    package, workspace = data.get("package"), "workspace" in data
    name = package.get("name") if isinstance(package, dict) else None
    for binary in data.get("bin", []):
        if isinstance(binary, dict) and isinstance(binary.get("name"), str):
            path = binary.get("path")
            target = f" = {manifest.folder}{path}" if isinstance(path, str) else ""
            yield from manifest.fact(ENTRY, f"{binary['name']}{target}")
    if isinstance(name, str) or workspace:
        yield from manifest.fact(BUILD, "cargo build")
        yield from manifest.fact(TEST, "cargo test --workspace" if workspace else "cargo test")


def rust_main(manifest: Manifest) -> Iterator[Fact]:
    """`src/main.rs` is the program of the package around it."""
    if manifest.folder.endswith("src/"):
        package = manifest.folder.removesuffix("src/")
        option = f" --manifest-path {package}Cargo.toml" if package else ""
        yield from manifest.fact(ENTRY, f"cargo run{option}")


def cmake(manifest: Manifest) -> Iterator[Fact]:
    if not re.search(r"^\s*project\s*\(", manifest.text, re.MULTILINE | re.IGNORECASE):
        return
    yield from manifest.fact(BUILD, f"cmake -B build{_source(manifest)} && cmake --build build")
    if re.search(r"enable_testing|include\s*\(\s*CTest", manifest.text, re.IGNORECASE):
        yield from manifest.fact(TEST, "ctest --test-dir build")


def _source(manifest: Manifest) -> str:
    return f" -S {manifest.folder.rstrip('/')}" if manifest.folder else ""


def meson(manifest: Manifest) -> Iterator[Fact]:
    if re.search(r"^\s*project\s*\(", manifest.text, re.MULTILINE):
        yield from manifest.fact(BUILD, "meson setup build && meson compile -C build")
        if "test(" in manifest.text:
            yield from manifest.fact(TEST, "meson test -C build")


def configure(manifest: Manifest) -> Iterator[Fact]:
    first = "./autogen.sh && " if "autogen.sh" in manifest.beside else "autoreconf -i && "
    yield from manifest.fact(BUILD, f"{'' if 'configure' in manifest.beside else first}./configure && make")


def gradle(manifest: Manifest) -> Iterator[Fact]:
    program = "./gradlew" if "gradlew" in manifest.beside else "gradle"
    yield from manifest.fact(BUILD, f"{program} build")
    yield from manifest.fact(TEST, f"{program} test")
    if re.search(r"\bapplication\b|mainClass|bootRun", manifest.text):
        yield from manifest.fact(RUN, f"{program} run")


def maven(manifest: Manifest) -> Iterator[Fact]:
    program = "./mvnw" if "mvnw" in manifest.beside else "mvn"
    yield from manifest.fact(BUILD, f"{program} package -DskipTests")
    yield from manifest.fact(TEST, f"{program} test")


def dotnet_project(manifest: Manifest) -> Iterator[Fact]:
    if "<OutputType>Exe" in manifest.text or 'Sdk="Microsoft.NET.Sdk.Web"' in manifest.text:
        yield from manifest.fact(ENTRY, f"dotnet run --project {manifest.path}")


def _convention(build: str, test: str) -> Parser:
    def parse(manifest: Manifest) -> Iterator[Fact]:
        yield from manifest.fact(BUILD, build)
        yield from manifest.fact(TEST, test)

    return parse


PARSERS: Mapping[str, Parser] = {
    "go.mod": go_mod,
    "Cargo.toml": cargo_toml,
    "main.rs": rust_main,
    "CMakeLists.txt": cmake,
    "meson.build": meson,
    "configure.ac": configure,
    "build.gradle": gradle,
    "build.gradle.kts": gradle,
    "pom.xml": maven,
    "*.sln": _convention("dotnet build", "dotnet test"),
    "*.slnx": _convention("dotnet build", "dotnet test"),
    "*.csproj": dotnet_project,
    "build.sbt": _convention("sbt compile", "sbt test"),
    "mix.exs": _convention("mix deps.get && mix compile", "mix test"),
    "Package.swift": _convention("swift build", "swift test"),
    "build.zig": _convention("zig build", "zig build test"),
    "MODULE.bazel": _convention("bazel build //...", "bazel test //..."),
    "WORKSPACE": _convention("bazel build //...", "bazel test //..."),
    "*.cabal": _convention("cabal build", "cabal test"),
    "dune-project": _convention("dune build", "dune test"),
    "pubspec.yaml": _convention("dart pub get", "dart test"),
}
