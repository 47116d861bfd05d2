"""Which command lines fetch a package in whatever version is the newest."""

from __future__ import annotations

import pytest

from mcp_lean.claude_code.doctor.servers import unpinned_package


@pytest.mark.parametrize(
    ("command", "package"),
    [
        ("npx -y pkg", "pkg"),
        ("npx -y pkg@latest --stdio", "pkg@latest"),
        ("npx @scope/pkg", "@scope/pkg"),
        ("npx @scope/pkg@next", "@scope/pkg@next"),
        ("/usr/bin/npx --yes --package=pkg cmd", "pkg"),
        ("npx -p pkg cmd", "pkg"),
        ("bunx pkg", "pkg"),
        ("pnpm dlx pkg", "pkg"),
        ("uvx pkg", "pkg"),
        ("uvx --from git+https://example.org/x.git cmd", "git+https://example.org/x.git"),
        ("uvx --python 3.12 pkg", "pkg"),
        ("uv tool run pkg", "pkg"),
        ("pipx run pkg", "pkg"),
        ("npx.cmd -y pkg", "pkg"),
        ("npx -y pkg@1.2.3", ""),
        ("npx @scope/pkg@0.4.0-beta.1", ""),
        ("uvx pkg==1.2", ""),
        ("uvx pkg@1.2.0", ""),
        ("uvx --from git+https://example.org/x.git@4f2a9c1d cmd", ""),
        ("npx ./server", ""),
        ("pnpm exec pkg", ""),
        ("uv run server.py", ""),
        ("node server.js", ""),
        ("npx", ""),
        ("", ""),
    ],
)
def test_a_package_without_a_version_is_named(command: str, package: str) -> None:
    assert unpinned_package(command.split()) == package
