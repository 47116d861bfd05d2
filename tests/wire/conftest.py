from __future__ import annotations

from collections.abc import Iterator

import pytest

from wire.driver import ERAS, HOSTILE, Wire


@pytest.fixture(scope="session", params=ERAS)
def hostile(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    """The real server with the tools of `hostile.py`, once per protocol era; shared: leave no call running."""
    with Wire(request.param, HOSTILE, cwd=tmp_path_factory.mktemp("hostile")) as wire:
        yield wire


@pytest.fixture(params=ERAS)
def era(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found
