"""The example's run, written and read: what reports are tested with."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

from mcp_lean.costs.breakdown import RunCost, break_down
from mcp_lean.transcripts.read import Loaded, load_runs

EXAMPLE = Path(__file__).parents[2] / "examples" / "cost" / "make_run.py"


def example() -> ModuleType:
    """examples/cost/make_run.py as a module."""
    spec = importlib.util.spec_from_file_location("make_run", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def loaded(folder: Path, *, with_text: bool = False) -> Loaded:
    """The example's run, read from files below `folder`."""
    example().write_run(folder)
    return load_runs([str(folder)], with_text=with_text)


def cost(folder: Path) -> RunCost:
    """Its bill."""
    [run] = loaded(folder).runs
    return break_down(run)
