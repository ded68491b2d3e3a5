"""The examples of docs/plugins.md are whole plugins, and keep the contract of their kinds."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from merbench import Dataset, testing
from merbench.benchmark import protocols
from merbench.planning.datasets import check_clips
from merbench.plugins import discovery, trial
from merbench.plugins.registry import KINDS, Entry, Registry
from merbench.steps import decoding

PAGE = Path(__file__).resolve().parents[2] / "docs/plugins.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
PLUGINS = [block for block in BLOCKS if "@hookimpl" in block]


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """Every example, each in a file of a plugins folder."""
    folder = tmp_path_factory.mktemp("examples") / "plugins"
    folder.mkdir()
    for number, block in enumerate(PLUGINS):
        (folder / f"example_{number}.py").write_text(block)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trial, "wanted", lambda: False)
        found = protocols.with_protocols(discovery.load_plugins([folder]))
    assert not found.problems
    return found


def examples(registry: Registry) -> list[Entry]:
    return [entry for entry in registry.entries.values() if not entry.origin.ours]


def test_every_kind_has_an_example(registry: Registry) -> None:
    found = examples(registry)
    assert {entry.kind for entry in found} == KINDS.keys()
    assert len(found) == len(PLUGINS)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "engine"])
def test_the_examples_keep_their_contract(kind: str, registry: Registry) -> None:
    for entry in [entry for entry in examples(registry) if entry.kind == kind]:
        assert testing.failures(testing.check(entry, registry)) == [], entry.name


def test_the_dataset_reads_with_a_loader_of_its_own(registry: Registry, tmp_path: Path) -> None:
    (tmp_path / "clips").mkdir()
    (tmp_path / "labels.csv").write_text("id,artist,quadrant\na,Ann,Q1\nb,Bo,Q3\n")
    for name in "ab":
        np.save(tmp_path / f"clips/{name}.npy", np.linspace(-1, 2, 16_000))
    dataset = registry.build("dataset", "array-clips", {})
    assert isinstance(dataset, Dataset)
    clips = dataset.clips(tmp_path)
    check_clips(dataset, clips)
    waveform, rate = decoding.decode_clip(dataset, clips[0])
    assert (waveform.shape, rate, waveform.max()) == ((1, 16_000), 16_000, 2)
