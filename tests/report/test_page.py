"""The HTML page: what is in the file, and what a browser makes of it."""

from __future__ import annotations

import builtins
import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from mcp_lean.costs.breakdown import break_down
from mcp_lean.costs.prices import list_prices
from mcp_lean.report.page import ReportExtraMissingError, page, page_data
from mcp_lean.transcripts.model import Skipped

from .made import cost, loaded

HOSTILE = "</script><script>document.title='broken'</script><img src=x onerror=\"document.title='broken'\">"


def made_page(folder: Path, *, with_text: bool = False) -> str:
    pytest.importorskip("plotly", reason="plotly (extra `report`) draws the page")
    texts = {run.id: run for run in loaded(folder, with_text=True).runs} if with_text else None
    return page([cost(folder)], list_prices(), Skipped(), texts)


def data_of(text: str) -> dict[str, Any]:
    found = re.search(r'<script id="data" type="application/json">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    data: dict[str, Any] = json.loads(found[1])
    return data


def test_the_page_carries_the_document_and_its_own_script(tmp_path: Path) -> None:
    text = made_page(tmp_path)
    [run] = data_of(text)["runs"]
    assert run["usd"] == 0.69
    assert "plotly.js" in text
    assert "%%" not in text.replace(text[text.index("plotly.js") : text.rindex("<script>")], "")


def test_the_page_refers_to_nothing_outside_itself(tmp_path: Path) -> None:
    text = made_page(tmp_path)
    page_itself = text[: text.index("<script>")]
    assert "default-src 'none'" in page_itself
    assert re.findall(r'(?:src|href)="([^"]*)"', page_itself) == ["data:,", "#tables"]
    assert not re.search(r"https?://", page_itself)


def test_no_text_of_the_conversation_is_in_it_unless_asked_for(tmp_path: Path) -> None:
    plain, full = made_page(tmp_path), made_page(tmp_path, with_text=True)
    for words in ("totals of some orders", "find rounding", "src/cart.py", "pytest -q", "changelog"):
        assert words not in plain
    assert "totals of some orders" in full
    assert "find rounding" in full
    assert "src/cart.py" not in full  # arguments and results are never in it
    [run] = data_of(full)["runs"]
    assert run["prompts"][0] == {
        "agent": "main",
        "request": 1,
        "text": "The totals of some orders are a cent off. Find out why and fix it.",
    }


def test_texts_cannot_end_the_script_that_carries_them(tmp_path: Path) -> None:
    [run] = loaded(tmp_path, with_text=True).runs
    hostile = replace(run, title=HOSTILE)
    text = page([break_down(hostile)], list_prices(), Skipped(), {run.id: hostile})
    assert HOSTILE not in text
    assert data_of(text)["runs"][0]["title"] == HOSTILE


def test_curves_show_context_compactions_and_breaks(tmp_path: Path) -> None:
    [run] = page_data([cost(tmp_path)], list_prices(), Skipped())["runs"]
    main = run["curves"][0]
    assert main["agent"] == "main"
    assert len(main["context"]) == len(main["usd"]) == len(main["at"]) == 11
    assert main["compactions"] == [10]
    assert main["breaks"] == [[8, "ttl_expired_5m"]]
    assert main["context"][10] < main["context"][9]


def test_without_plotly_the_message_names_the_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without_plotly(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("plotly"):
            raise ModuleNotFoundError(name)
        return real(name, *args, **kwargs)

    made = cost(tmp_path)
    monkeypatch.setattr(builtins, "__import__", without_plotly)
    with pytest.raises(ReportExtraMissingError, match=r"pip install '\.\[report\]'.*uv tool install --force"):
        page([made], list_prices(), Skipped())


@dataclass(frozen=True)
class Seen:
    """What a browser made of a page."""

    document: str
    """After the scripts."""
    log: str
    asked_for: set[str]
    """Addresses that the page (not the browser itself) wanted from the network."""


def opened(file: Path, width: int = 390) -> Seen:
    """The page in headless Chromium, at the width of a phone; no name resolves, so nothing can leave this machine."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("chromium is not installed: the page was not tried in a browser")
    folder = file.parent
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
             "--disable-component-update", "--disable-sync", "--no-first-run", f"--user-data-dir={folder / 'profile'}",
             "--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr", f"--log-net-log={folder / 'net.json'}",
             "--virtual-time-budget=10000", f"--window-size={width},2000", "--dump-dom"]  # fmt: skip
    env = {**os.environ, "TZ": "UTC"}
    command = [program, *flags, file.as_uri()]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=120, env=env)
    events = json.loads((folder / "net.json").read_text(encoding="utf-8"))["events"]
    starts = [event["params"] for event in events if "initiator" in event.get("params", {})]
    asked_for = {start["url"] for start in starts if start["initiator"] != "not an origin"}
    return Seen(done.stdout, done.stderr, {url for url in asked_for if not url.startswith(("file:", "data:"))})


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    pytest.importorskip("plotly", reason="plotly (extra `report`) draws the page")
    folder = tmp_path_factory.mktemp("page")
    [run] = loaded(folder, with_text=True).runs
    hostile = replace(run, title=HOSTILE)
    file = folder / "bill.html"
    made = page([break_down(hostile), cost(folder)], list_prices(), Skipped(), {run.id: hostile})
    # As a person with a keyboard would: go to the first column of the first table, and press Enter.
    press = "setTimeout(() => { const b = document.querySelector('#tables th button'); b.focus(); b.click(); }, 5000);"
    file.write_text(made.replace("</body>", f"<script>{press}</script></body>"), encoding="utf-8")
    return opened(file)


class TestInABrowser:
    """What is drawn, what is logged, what is asked of the network."""

    def test_everything_is_drawn(self, seen: Seen) -> None:
        assert 'data-ready="yes"' in seen.document
        assert "at least" not in seen.document[: seen.document.index("<main")]
        assert ">$1.38<" in seen.document
        for chart in ("where", "time", "context"):
            assert re.search(rf'id="{chart}"[^>]*class="chart[^"]*js-plotly-plot', seen.document), chart
        headings = re.findall(r'<h2 id="t-[^"]*">([^<]*)</h2>', seen.document)
        assert headings == ["Sessions", "Agents", "What the money was for", "Tools", "Cache breaks", "Prompts"]
        assert seen.document.count('<button type="button">') > 30  # every column can be sorted by keyboard

    def test_a_column_is_sorted_by_its_button(self, seen: Seen) -> None:
        table = seen.document[seen.document.index('id="t-agents"') :]
        assert '<th scope="col" class="" aria-sort="ascending"><button type="button">agent</button></th>' in table
        names = re.findall(r"<tr><td class=\"\">([^<]*)</td>", table[: table.index("</table>")])
        assert names == sorted(names, key=str.lower)

    def test_the_browser_has_nothing_to_complain_about(self, seen: Seen) -> None:
        assert [line for line in seen.log.splitlines() if "CONSOLE" in line] == []

    def test_texts_stay_texts(self, seen: Seen) -> None:
        assert "<title>What the runs cost</title>" in seen.document
        assert "<img" not in seen.document

    def test_no_request_leaves(self, seen: Seen) -> None:
        assert seen.asked_for == set()

    def test_requests_and_complaints_of_a_page_would_be_seen(self, tmp_path: Path) -> None:
        """The two tests above can fail."""
        file = tmp_path / "bad.html"
        file.write_text("<script>console.error('bad'); fetch('https://example.invalid/y')</script>", encoding="utf-8")
        bad = opened(file)
        assert bad.asked_for == {"https://example.invalid/y"}
        assert any("CONSOLE" in line for line in bad.log.splitlines())
