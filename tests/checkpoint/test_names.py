"""What counts as a name."""

from __future__ import annotations

import pytest

from mcp_lean.checkpoint.names import names_in
from mcp_lean.checkpoint.secrets import mask


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("def find_item(self): in shop/cart.py", ("find_item", "shop/cart.py")),
        ("see Cart.find_item and Shop::Cart, not this sentence.", ("Cart.find_item", "Shop::Cart")),
        ("git push --no-verify origin/main", ("--no-verify", "origin/main")),
        ("commit 9f86d08, port 8080, 12 files", ("9f86d08", "8080")),
        ("close spotter-gqc.7 and #1234", ("spotter-gqc.7", "#1234")),
        (":session_id and @batch_size", ("session_id", "batch_size")),
        ("https://example.org/a/b?c=d.", ("https://example.org/a/b?c=d",)),
        ("color: #fff; margin: 10rem; </span>", ()),
        ("line_one\\nline_two", ("line_one", "line_two")),
        ("переменная_один 変数_名前 日本語", ("переменная_один", "変数_名前")),
        ("DB_PASSWORD=hunter22 TOKEN=x", ("DB_PASSWORD",)),
        ("", ()),
    ],
)
def test_names_stand_in_their_order_each_once(text: str, names: tuple[str, ...]) -> None:
    assert names_in(mask(text)) == names
    assert names_in(mask(f"{text} {text}")) == names
