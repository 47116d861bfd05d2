"""Asking an outline for a symbol or a line."""

import pytest

from mcp_lean.repo.outline import Definition, Outline, enclosing, find, nearest, outline

PYTHON = b"""\
class Client:
    timeout = 10

    def get(self, url):
        def retry():
            pass
        return retry

    def post(self, url):
        pass


class AsyncClient(Client):
    def get(self, url):
        pass


def get(url):
    pass


LIMITS = {
    "a": 1,
}
"""
CPP = b"""\
namespace db {
class Table {
 public:
  int Get();
  bool operator<(const Table& other) const;
  bool operator()(int x) const;
};
int Table::Get() { return 1; }
}
"""
MARKDOWN = b"# Shop\n\n## Getting started\n\ntext\n\n## C# and F#\n\n## Getting started\n"


def names(found: tuple[Definition, ...]) -> list[str]:
    return [f"{definition.qualified}:{definition.start}" for definition in found]


@pytest.mark.parametrize(
    ("symbol", "expected"),
    [
        ("get", ["get:18"]),
        ("Client.get", ["Client.get:4"]),
        ("Client::get", ["Client.get:4"]),
        ("Client#get", ["Client.get:4"]),
        ("Client.get()", ["Client.get:4"]),
        (" Client.get ", ["Client.get:4"]),
        ("AsyncClient.get", ["AsyncClient.get:14"]),
        ("retry", ["Client.get.retry:5"]),
        ("get.retry", ["Client.get.retry:5"]),
        ("package.module.Client.get", ["Client.get:4"]),
        ("package.module.get", ["get:18"]),
        ("client.GET", ["Client.get:4"]),
        ("asyncclient", ["AsyncClient:13"]),
        ("Client.timeout", ["Client.timeout:2"]),
        ("AsyncClient.post", []),
        ("Client.LIMITS", []),
        ("lient", []),
        ("", []),
        ("()", []),
        (".", []),
    ],
)
def test_a_symbol_is_found_exactly_then_by_its_end_then_without_case(symbol: str, expected: list[str]) -> None:
    assert names(find(outline("a.py", PYTHON), symbol)) == expected


@pytest.mark.parametrize(
    ("symbol", "expected"),
    [
        ("Get", ["db.Table.Get:4", "db.Table.Get:8"]),
        ("Table::Get", ["db.Table.Get:4", "db.Table.Get:8"]),
        ("db::Table", ["db.Table:2"]),
        ("db.Table.operator<", ["db.Table.operator<:5"]),
        ("operator<", ["db.Table.operator<:5"]),
        ("operator()", ["db.Table.operator():6"]),
    ],
)
def test_scopes_and_operators_of_cpp_are_found(symbol: str, expected: list[str]) -> None:
    assert names(find(outline("a.cc", CPP), symbol)) == expected


@pytest.mark.parametrize("symbol", ["(*Client).Get", "Client.Get", "http.Client.Get", "Get"])
def test_a_go_method_is_found_by_its_receiver(symbol: str) -> None:
    source = b"package http\n\ntype Client struct{}\n\nfunc (c *Client) Get() {}\n"

    assert names(find(outline("a.go", source), symbol)) == ["Client.Get:5"]


def test_a_rust_type_is_found_with_its_impls() -> None:
    source = b"struct Point;\n\nimpl Point {\n    fn new() {}\n}\n\nimpl Clone for Point {\n    fn clone(&self) {}\n}\n"

    assert names(find(outline("a.rs", source), "Point")) == ["Point:1", "Point:3", "Point:7"]
    assert names(find(outline("a.rs", source), "geometry::Point::clone")) == ["Point.clone:8"]


@pytest.mark.parametrize(
    ("symbol", "expected"),
    [
        ("Getting started", ["Shop.Getting started:3", "Shop.Getting started:9"]),
        ("getting-started", ["Shop.Getting started:3", "Shop.Getting started:9"]),
        ("C# and F#", ["Shop.C# and F#:7"]),
        ("c-and-f", ["Shop.C# and F#:7"]),
        ("Shop", ["Shop:1"]),
    ],
)
def test_a_heading_is_found_by_its_text_or_its_anchor(symbol: str, expected: list[str]) -> None:
    assert names(find(outline("a.md", MARKDOWN), symbol)) == expected


@pytest.mark.parametrize(
    ("symbol", "expected"),
    [
        ("AsynClient", ("AsyncClient", "Client")),
        ("psot", ("Client.post",)),
        ("Client.retri", ("Client.get.retry",)),
        ("limit", ("LIMITS",)),
        ("zzz", ()),
        ("", ()),
    ],
)
def test_an_unknown_symbol_brings_the_names_nearest_to_it(symbol: str, expected: tuple[str, ...]) -> None:
    assert nearest(outline("a.py", PYTHON), symbol) == expected


def test_no_more_names_than_asked_for_are_brought() -> None:
    many = outline("a.py", b"".join(b"def handler_%d(): pass\n" % i for i in range(100)))

    assert nearest(many, "handler", limit=3) == ("handler_0", "handler_1", "handler_2")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (1, "Client"),
        (2, "Client"),  # a field of one line: its class is meant
        (4, "Client.get"),
        (6, "Client.get.retry"),
        (7, "Client.get"),
        (8, "Client"),
        (11, None),
        (18, "get"),
        (23, "LIMITS"),
        (25, None),
        (0, None),
        (9_999, None),
    ],
)
def test_a_line_is_enclosed_by_the_innermost_definition(line: int, expected: str | None) -> None:
    around = enclosing(outline("a.py", PYTHON), line)

    assert (around and around.qualified) == expected


def test_a_constant_of_one_line_encloses_itself_when_nothing_else_does() -> None:
    around = enclosing(outline("a.py", b"A = 1\nB = 2\n"), 2)

    assert around == Definition("constant", "B", "B", "B = 2", 2, 2)


def test_an_empty_outline_has_answers_too() -> None:
    empty = Outline((), "none")

    assert (find(empty, "x"), nearest(empty, "x"), enclosing(empty, 1)) == ((), (), None)
