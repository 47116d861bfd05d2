"""Which part a file plays, by its path."""

from __future__ import annotations

import pytest

from mcp_lean.repo.roles import EXAMPLE, GENERATED, MAIN, TEST, TOOLING, VENDORED, role_of


@pytest.mark.parametrize(
    ("path", "role"),
    [
        ("src/app.py", MAIN),
        ("src/latest/attest.go", MAIN),
        ("pip/_internal/operations/build/wheel.py", MAIN),
        ("django/template/engine.py", MAIN),
        ("shop/vendors/view.ts", MAIN),
        ("pkg/pods/pod.go", MAIN),
        ("Contest.java", MAIN),
        ("tests/app.py", TEST),
        ("src/Tests/Foo.php", TEST),
        ("a/test_utils/x.py", TEST),
        ("daemon/daemon_test.go", TEST),
        ("src/FooTest.java", TEST),
        ("src/app.spec.tsx", TEST),
        ("integration-cli/cli.go", TEST),
        ("vendor/pkg/tests/x.go", VENDORED),
        ("web/node_modules/x/index.js", VENDORED),
        ("ios/Pods/x.m", VENDORED),
        ("deps/lua/lua.c", VENDORED),
        ("src/deps/lua.c", MAIN),
        ("build/bundle.js", GENERATED),
        ("api/v1/types.pb.go", GENERATED),
        ("app/migrations/0001_initial.py", GENERATED),
        ("static/jquery.min.js", GENERATED),
        ("index.d.ts", GENERATED),
        ("examples/hello.py", EXAMPLE),
        ("docs/conf.py", EXAMPLE),
        (".github/scripts/release.py", TOOLING),
        ("", MAIN),
    ],
)
def test_folders_decide_first_and_then_the_name(path: str, role: str) -> None:
    assert role_of(path) == role
