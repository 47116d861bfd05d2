"""Writes a small repository into a folder: something to read and search for the examples beside this file."""

import sys
from pathlib import Path

CART = '''"""What a customer is about to buy."""

from shop.prices import Money, round_half_even


class Cart:
    """Lines of a customer's order."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, Money]] = []

    def add(self, name: str, price: Money) -> None:
        self.lines.append((name, price))

    def total(self) -> Money:
        """The sum of all lines, rounded once, at the end."""
        return round_half_even(sum((price for _, price in self.lines), Money(0)))
'''

PRICES = '''"""Money, and how it is rounded."""

from decimal import ROUND_HALF_EVEN, Decimal

Money = Decimal
CENT = Decimal("0.01")


def round_half_even(amount: Money) -> Money:
    """To whole cents; halves go to the even one."""
    return amount.quantize(CENT, ROUND_HALF_EVEN)
'''

TESTS = """from decimal import Decimal

from shop.cart import Cart


def test_the_total_is_rounded_once() -> None:
    cart = Cart()
    for _ in range(3):
        cart.add("pin", Decimal("0.335"))
    assert cart.total() == Decimal("1.00")
"""

PROJECT = """[project]
name = "shop"
version = "1"

[project.scripts]
shop = "shop.main:main"

[tool.pytest.ini_options]
testpaths = ["tests"]
"""

MAIN = '''"""The command line."""

from shop.cart import Cart
from shop.prices import Money


def main() -> None:
    cart = Cart()
    cart.add("pin", Money("0.335"))
    print(cart.total())
'''

FILES = {
    "shop/cart.py": CART,
    "shop/main.py": MAIN,
    "shop/prices.py": PRICES,
    "tests/test_cart.py": TESTS,
    "pyproject.toml": PROJECT,
}

for name, text in FILES.items():
    path = Path(sys.argv[1]) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
