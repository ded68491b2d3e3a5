"""What tests of this folder may use."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmark_files import PLUGINS, Loader

from merbench.plugins import discovery
from merbench.plugins.registry import Registry


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    path = tmp_path_factory.mktemp("spec") / "mine.py"
    path.write_text(PLUGINS)
    loaded = discovery.load_plugins([path])
    assert not [p for p in loaded.problems if p.origin.path == str(path)]
    return loaded


@pytest.fixture
def load(tmp_path: Path, registry: Registry) -> Loader:
    return Loader(tmp_path, registry)
