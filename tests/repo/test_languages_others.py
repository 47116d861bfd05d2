"""Languages that only a regex knows: one definition of each kind, and one line that only looks like one."""

import pytest

from mcp_lean.repo.outline import definitions_by_regex, outline

CASES = {
    "kotlin": (
        "data class User(val id: Int)\nsuspend fun <T> List<T>.load(): T {\n}\nval x = fun1()\n",
        ["User", "load"],
    ),
    "swift": (
        "public final class Shop: Base {\n  private func open() {}\n}\nextension Shop {}\nlet a = 1\n",
        ["Shop", "open", "Shop"],
    ),
    "scala": ("case class A(x: Int)\nobject B {\n  private def run(): Unit = {}\n}\n// def no\n", ["A", "B", "run"]),
    "dart": ("abstract class A {}\nmixin B on A {}\nenum C { x }\nvar enumeration = 1;\n", ["A", "B", "C"]),
    "groovy": ("class A {\n  def run() {}\n}\ndef x = 1\n", ["A", "run"]),
    "perl": ("package Shop::Cart;\nsub add {\n}\nmy $sub = 1;\n", ["Shop::Cart", "add"]),
    "powershell": ("function Get-Item {\n}\nFunction script:Other\n{\n}\n", ["Get-Item", "script:Other"]),
    "proto": (
        'syntax = "x";\nmessage A {\n  enum B {}\n}\nservice C {\n  rpc Do (A) returns (A);\n}\n',
        ["A", "B", "C", "Do"],
    ),
    "graphql": ("type A {\n  input: String\n}\nextend type B {}\ndirective @auth on FIELD\n", ["A", "B", "auth"]),
    "terraform": ('resource "aws_x" "web" {\n}\nvariable "region" {\n}\nlocals {\n}\n', ["web", "region"]),
    "solidity": ("contract A {\n  function f() public {}\n  event E(uint x);\n}\n", ["A", "f", "E"]),
    "zig": ("pub fn main() void {}\nconst A = struct {\n};\nconst x = 1;\n", ["main", "A"]),
    "objective-c": (
        "@interface A : B\n- (void)run;\n@end\n@implementation A\n+ (id)make {}\n@end\n",
        ["A", "run", "A", "make"],
    ),
    "r": ("f <- function(x) {\n}\ng = function(y) y\nh <- 1\n", ["f", "g"]),
    "vue": ("<script>\nexport function a() {}\nconst b = async (x) => x\nconst c = 1\n</script>\n", ["a", "b"]),
    "svelte": ("<script>\n  function a() {}\n</script>\n", ["a"]),
    "lua": ("local function a()\nend\nfunction M.b:c()\nend\nM.d = function()\nend\nx = 1\n", ["a", "M.b:c", "M.d"]),
    "elixir": ("defmodule A.B do\n  def run?(x) do\n  end\n  defp hide, do: 1\nend\n", ["A.B", "run?", "hide"]),
    "julia": (
        "module A\nfunction f!(x)\nend\nmutable struct S\nend\nabstract type T end\nend\n",
        ["A", "f!", "S", "T"],
    ),
    "sql": (
        'CREATE TABLE IF NOT EXISTS shop."orders" (id int);\ncreate or replace view v as select 1;\n',
        ["orders", "v"],
    ),
    "clojure": ("(ns a)\n(defn ^:private run [x]\n  x)\n(def y 1)\n", ["run", "y"]),
    "lisp": ("(defun run (x)\n  x)\n(define (go) 1)\n; (defun no ())\n", ["run", "go"]),
    "haskell": ("data Shape = A | B\nrun' :: Int -> Int\nrun' x = x\nclass Show a where\n", ["Shape", "run'", "Show"]),
}


@pytest.mark.parametrize("language", CASES)
def test_definitions_are_found_by_name(language: str) -> None:
    source, names = CASES[language]

    assert [name for name, _ in definitions_by_regex(language, source.encode())] == names


@pytest.mark.parametrize(
    ("path", "source", "expected"),
    [
        (
            "a.kt",
            "class A {\n    fun run(x: Int) {\n        if (x) { y() }\n    }\n\n    fun two() = 2\n}\n",
            [("class", "A", 1, 7), ("method", "A.run", 2, 4), ("method", "A.two", 6, 6)],
        ),
        (
            "a.lua",
            "function a()\n  if x then\n    y()\n  end\nend\n\nlocal function b()\nend\n",
            [("function", "a", 1, 5), ("function", "b", 7, 8)],
        ),
        (
            "a.ex",
            "defmodule A do\n  def b do\n    1\n  end\n\n  def c, do: 2\nend\n",
            [("module", "A", 1, 7), ("function", "A.b", 2, 4), ("function", "A.c", 6, 6)],
        ),
        (
            "a.sql",
            "create table a (\n  id int\n);\n\ncreate view b as\n  select 1;\n",
            [("class", "a", 1, 3), ("class", "b", 5, 6)],
        ),
    ],
)
def test_kinds_nesting_and_ends_are_estimated(
    path: str, source: str, expected: list[tuple[str, str, int, int]]
) -> None:
    found = outline(path, source.encode())

    assert found.engine == "regex"
    assert [(d.kind, d.qualified, d.start, d.end) for d in found.definitions] == expected
