"""The JSON document and the HTML page of a replay; what a browser makes of the latter."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mcp_lean.costs.adoption import Adoption
from mcp_lean.costs.prices import list_prices
from mcp_lean.report.replay.document import replay_document
from mcp_lean.report.replay.page import MOST_SESSIONS, page_data, replay_page
from mcp_lean.report.replay.summary import Summary, summarize
from mcp_lean.transcripts.model import Skipped
from tests.report.test_page import HOSTILE, Seen, opened

from .replays import ALL, BASE, BATCH, EXAMPLE, USD, outcome, replayed, together

POLICIES = [BATCH, BASE, ALL]
MEASURED = Adoption(runs=1, losing_runs=1, own_calls=1, own_turns=1, own_looks=1, hooks_picousd=USD)


def summary() -> Summary:
    gaining = replayed(
        1,
        outcome(BATCH, 0.5, own_usd=0.1, seconds=9.0, examples=[EXAMPLE]),
        outcome(BASE, 0.0, count=0),
        outcome(ALL, 1.2),
        outcome(ALL, 2.5, "expected"),
    )
    losing = replayed(2, outcome(BATCH, -0.5), outcome(BASE, 0.0, count=0), outcome(ALL, -0.4))
    left_out = replayed(3, left_out="one request")
    return summarize([replace(gaining, title=HOSTILE), losing, left_out], POLICIES, "recorded", [MEASURED])


def test_the_document_holds_every_policy_session_and_sum() -> None:
    made = replay_document(summary(), list_prices(), Skipped(bad_lines=3))

    assert {key: made[key] for key in ("world", "sessions", "requests", "recorded_usd", "together", "left_out")} == {
        "world": "recorded",
        "sessions": 2,
        "requests": 60,
        "recorded_usd": 20.0,
        "together": "together",
        "left_out": {"one request": 1},
    }
    batch = made["policies"][0]
    assert (batch["name"], list(batch["bounds"])) == ("batch", ["strict"])
    assert batch["bounds"]["strict"] == {
        "saved_usd": 0.0,
        "gross_usd": 0.1,
        "own_usd": 0.1,
        "share": 0.0,
        "p10": pytest.approx(-0.04),
        "median": 0.0,
        "p90": pytest.approx(0.04),
        "losers": 1,
        "sessions": 2,
        "acted": 2,
        "count": 2,
        "seconds_saved": 9.0,
    }
    assert [(run["session"][:8], run["left_out"], len(run["outcomes"])) for run in made["runs"]] == [
        ("00000001", None, 4),
        ("00000002", None, 3),
        ("00000003", "one request", 0),
    ]
    assert made["measured"]["net_usd"] == -1.0
    assert made["skipped"]["bad_lines"] == 3
    json.dumps(made, allow_nan=False)


def test_calls_and_titles_are_in_it_only_when_they_are_asked_for() -> None:
    plain = replay_document(summary(), list_prices(), Skipped())
    full = replay_document(summary(), list_prices(), Skipped(), with_text=True)

    assert plain["gains"][0]["examples"] == [
        {
            "policy": "batch",
            "bound": "strict",
            "agent": "main",
            "request": 5,
            "tools": ["Read", "Read"],
            "saved_usd": 0.1,
        }
    ]
    assert "src/a.py" not in json.dumps(plain)
    assert HOSTILE not in plain["runs"][0].values()
    assert full["gains"][0]["examples"][0]["calls"] == [
        {"tool": "Read", "about": "src/a.py"},
        {"tool": "Read", "about": "src/b.py"},
    ]
    assert full["gains"][0]["examples"][0]["becomes"] == EXAMPLE.becomes
    assert full["runs"][0]["title"] == HOSTILE


def test_without_any_use_of_us_the_measured_part_is_null() -> None:
    made = replay_document(summarize([together(1, 0.1)], [ALL], "current"), list_prices(), Skipped())

    assert (made["measured"], made["residual"], made["worst_session_residual"]) == (None, None, None)


def test_keys_are_those_of_the_documentation() -> None:
    text = (Path(__file__).parents[3] / "docs" / "cost.md").read_text(encoding="utf-8")
    documented = set(re.findall(r'"([a-z_0-9]+)"', text[text.index("## Replay as JSON") :]))
    made = replay_document(summary(), list_prices(), Skipped(), with_text=True)
    for values in (("left_out",), ("notes",), ("prices",), ("skipped",)):
        made[values[0]] = None  # keys of reasons, and those documented with the bill

    assert keys(made) <= documented


def keys(value: object) -> set[str]:
    if isinstance(value, dict):
        inner = {key for key in value if key not in ("strict", "expected", "upper")}
        return inner.union(*map(keys, value.values()))
    return set().union(*map(keys, value)) if isinstance(value, list) else set()


def test_the_page_refers_to_nothing_outside_itself_and_carries_the_document() -> None:
    pytest.importorskip("plotly", reason="plotly (extra `report`) draws the page")
    text = replay_page(summary(), list_prices(), Skipped())
    page_itself = text[: text.index("<script>")]
    found = re.search(r'<script id="data" type="application/json">(.*?)</script>', text, re.DOTALL)

    assert "default-src 'none'" in page_itself
    assert re.findall(r'(?:src|href)="([^"]*)"', page_itself) == ["data:,", "#tables"]
    assert found is not None
    assert json.loads(found[1]) == json.loads(json.dumps(page_data(summary(), list_prices(), Skipped())))


def test_a_page_of_thousands_of_sessions_shows_the_dearest_and_adds_up_all() -> None:
    runs = [replayed(number, outcome(ALL, 0.1), usd=float(number)) for number in range(1, 1_002)]
    made = page_data(summarize(runs, [ALL], "recorded"), list_prices(), Skipped())

    assert (made["runs_in_all"], len(made["runs"]), made["runs"][0]["recorded_usd"]) == (1_001, MOST_SESSIONS, 1_001.0)
    assert made["policies"][0]["bounds"]["strict"]["sessions"] == 1_001
    assert made["runs"][0]["outcomes"] == [{"policy": "together", "bound": "strict", "share": 0.1 / 1_001}]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    pytest.importorskip("plotly", reason="plotly (extra `report`) draws the page")
    file = tmp_path_factory.mktemp("replay") / "replay.html"
    made: dict[str, Any] = {"with_text": True}
    file.write_text(replay_page(summary(), list_prices(), Skipped(), **made), encoding="utf-8")
    return opened(file)


class TestInABrowser:
    """What is drawn, what is logged, what is asked of the network."""

    def test_everything_is_drawn_and_losses_are_marked(self, seen: Seen) -> None:
        assert 'data-ready="yes"' in seen.document
        for chart in ("together", "policies", "size"):
            assert re.search(rf'id="{chart}"[^>]*class="chart[^"]*js-plotly-plot', seen.document), chart
        headings = re.findall(r'<h2 id="t-[^"]*">([^<]*)</h2>', seen.document)
        assert headings == ["Policies", "Sessions", "Calls that could have been one", "Assumptions"]
        assert '<span class="loss">-$1.00</span>' in seen.document
        assert "in it are fewer servers, plugins and memory files, which only you can do</p>" in seen.document
        assert '<span class="loss">-4.0 %</span>' in seen.document

    def test_the_browser_has_nothing_to_complain_about_and_asks_for_nothing(self, seen: Seen) -> None:
        assert [line for line in seen.log.splitlines() if "CONSOLE" in line] == []
        assert seen.asked_for == set()

    def test_texts_stay_texts(self, seen: Seen) -> None:
        assert "<title>What the runs would have cost</title>" in seen.document
        assert "<img" not in seen.document

    def test_on_a_usual_screen_the_table_of_policies_is_seen_whole(self, tmp_path: Path) -> None:
        """Its last column is time, which is where the shipped policies lose."""
        pytest.importorskip("plotly", reason="plotly (extra `report`) draws the page")
        long = replace(BATCH, title="Series of reading turns done by a cheap lean agent")
        runs = [replayed(number, outcome(long, -0.4, own_usd=0.35, seconds=-6_000.0)) for number in range(1, 8)]
        measure = (
            "addEventListener('load', () => setTimeout(() => { const box = document.querySelector('#tables .scroll');"
            " document.body.dataset.over = box.scrollWidth - box.clientWidth; }, 3000));"
        )
        file = tmp_path / "replay.html"
        text = replay_page(summarize(runs, [long, ALL], "recorded"), list_prices(), Skipped())
        file.write_text(text.replace("</body>", f"<script>{measure}</script></body>"), encoding="utf-8")

        shown = opened(file, width=1280).document
        assert re.findall(r'<body[^>]*data-over="([^"]*)"', shown) == ["0"]
