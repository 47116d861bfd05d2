from __future__ import annotations

from collections.abc import Iterator

import pytest

from wire.driver import ERAS, HOSTILE, Wire


@pytest.fixture(scope="package", autouse=True)
def _own_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What a server keeps is not kept in the folders of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        for variable in ("XDG_DATA_HOME", "XDG_CACHE_HOME"):
            patch.setenv(variable, str(tmp_path_factory.mktemp("xdg")))
        yield


@pytest.fixture(scope="package", params=ERAS)
def hostile(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    """The real server with the tools of `hostile.py`, once per protocol era; shared: leave no call running."""
    with Wire(request.param, HOSTILE, cwd=tmp_path_factory.mktemp("hostile")) as wire:
        yield wire


@pytest.fixture(params=ERAS)
def era(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found
