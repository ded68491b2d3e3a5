"""What tests of this folder may use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from plugin_files import model, write

from merbench.plugins import discovery, trial
from merbench.plugins.registry import Registry


@pytest.fixture
def impatient() -> Iterator[None]:
    trial.wait_at_most(trial.LEAST)
    yield
    trial.wait_at_most(None)


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    wrapper = model("wrapper", "model: ModelParameter\nscale: float = 1.0").replace("Given", "Wrap")
    paths = [
        write(tmp_path / "plain.py", model("plain", "k: int = 1\nrate: float = 0.5")),
        write(tmp_path / "wrapper.py", wrapper),
    ]
    return discovery.load_plugins(paths)
