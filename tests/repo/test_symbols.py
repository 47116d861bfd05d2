"""Which definitions of a file are named where only a few can be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from mcp_lean.repo import outline
from mcp_lean.repo.store import Store
from mcp_lean.repo.symbols import Symbol, main_symbols, symbols_of
from mcp_lean.repo.tags import number_of

SOURCE = b"""\
LIMIT = 3

class Cart:
    def add(self): ...
    def _total(self):
        def inner(): ...

def make_cart():
    return Cart()
"""
CART, ADD, TOTAL = Symbol("Cart", "Cart", 3, 6), Symbol("add", "Cart.add", 4, 4), Symbol("_total", "Cart._total", 5, 6)
INNER, MAKE = Symbol("inner", "Cart._total.inner", 6, 6), Symbol("make_cart", "make_cart", 8, 9)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store(str(tmp_path / "cache.sqlite"))) as opened:
        yield opened


def test_definitions_have_their_lines_and_constants_are_none(store: Store) -> None:
    assert symbols_of("shop/cart.py", SOURCE, store) == (CART, ADD, TOTAL, INNER, MAKE)


def test_a_file_is_parsed_once_for_each_content(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    first = symbols_of("shop/cart.py", SOURCE, store)
    symbols_of("shop/empty.py", b"", store)
    monkeypatch.setattr(outline, "outline", None)

    assert symbols_of("elsewhere/cart.py", SOURCE, store) == first
    assert symbols_of("shop/empty.py", b"", store) == ()
    with pytest.raises(TypeError):
        symbols_of("shop/cart.py", SOURCE + b"\n", store)


def test_names_that_no_item_can_spell_and_rust_test_modules_are_left_out(store: Store) -> None:
    assert symbols_of("a.ts", b'declare module "@vue/core" { interface X {} }\nclass A {}\n', store) == (
        Symbol("A", "A", 2, 2),
    )
    assert symbols_of("a.rs", b"fn run() {}\n#[cfg(test)]\nmod tests {\n    fn check() {}\n}\n", store) == (
        Symbol("run", "run", 1, 1),
    )


def test_namespaces_around_a_whole_file_are_no_part_of_the_names(store: Store) -> None:
    source = b"""\
namespace Json {
namespace Linq {
class Token { public: Token() {} void Read() {} };
void Parse() {}
void Read() {}
}
}
"""
    assert [symbol.qualified for symbol in symbols_of("token.hpp", source, store)] == [
        "Token",
        "Token.Read",
        "Parse",
        "Json.Linq.Read",
    ]


def test_a_module_beside_other_things_keeps_its_name(store: Store) -> None:
    source = b"module Shop\n  class Cart\n  end\nend\n\nclass Main\nend\n"

    assert [symbol.qualified for symbol in symbols_of("a.rb", source, store)] == ["Shop", "Shop.Cart", "Main"]
    assert [symbol.qualified for symbol in symbols_of("b.rb", b"module Shop\nend\n", store)] == ["Shop"]


def uses(**names: int) -> dict[int, int]:
    return {number_of(name.encode()): count for name, count in names.items()}


def test_a_class_comes_before_its_methods_and_the_used_before_the_unused() -> None:
    symbols = (CART, ADD, TOTAL, INNER, MAKE)

    assert main_symbols(symbols, uses(add=5, make_cart=4), set(), 3) == (CART, ADD, MAKE)
    assert main_symbols(symbols, uses(add=5, make_cart=6), set(), 3) == (MAKE, CART, ADD)


def test_without_uses_public_outer_and_long_ones_come_first() -> None:
    assert main_symbols((INNER, TOTAL, ADD, MAKE, CART), {}, set(), 5) == (CART, MAKE, ADD, INNER, TOTAL)


def test_wanted_words_come_first_of_all() -> None:
    assert main_symbols((CART, ADD, TOTAL, MAKE), uses(add=9), {b"make"}, 2) == (MAKE, CART)
    assert main_symbols((CART, ADD, TOTAL, MAKE), uses(add=9), {b"cart"}, 2) == (CART, MAKE)
