"""Data as they were published are named by the dataset that reads them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import miniatures
import pytest

from merbench.authoring import study
from merbench.authoring.known_layouts import known_layout
from merbench.errors import MerbenchError
from merbench.plugins import discovery
from merbench.plugins.registry import Registry


@pytest.fixture(scope="module")
def registry() -> Registry:
    return discovery.load_plugins()


@pytest.mark.parametrize(
    ("make", "labels", "audio", "dataset"),
    [
        (
            miniatures.mtg_jamendo,
            "data/splits/split-0/autotagging_moodtheme-train.tsv",
            "audio-low",
            "mtg-jamendo",
        ),
        (miniatures.pmemo, "annotations/static_annotations.csv", "chorus", "pmemo"),
        (miniatures.emopia, "label.csv", ".", "emopia"),
        (miniatures.emotify, "annotations.csv", "audio", "emotify"),
        (miniatures.emomusic, "annotations/static_annotations.csv", ".", "emomusic"),
        (miniatures.soundtracks, "mean_ratings_set1.csv", ".", "soundtracks"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_published_layout_is_known(
    registry: Registry,
    tmp_path: Path,
    make: Callable[[Path], Path],
    labels: str,
    audio: str,
    dataset: str,
) -> None:
    root = make(tmp_path)
    layout = known_layout(registry, root / labels, root / audio)
    assert layout == (dataset, root)
    assert f"write `{dataset}: {{root: {root}}}` under `datasets`" in str(layout)


def test_a_table_beside_published_data_is_the_users_own(registry: Registry, tmp_path: Path) -> None:
    miniatures.emotify(tmp_path / "emotify")
    own = miniatures.write_csv(tmp_path / "mine.csv", "id,valence", [(3, 0.5), (8, 0.2)])
    assert known_layout(registry, own, tmp_path) is None


def test_a_home_is_not_looked_through(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    root = miniatures.emotify(tmp_path)
    assert known_layout(registry, root / "annotations.csv", root) is None


def test_init_names_it_where_nothing_can_be_guessed(registry: Registry, tmp_path: Path) -> None:
    root = miniatures.emopia(tmp_path)
    with pytest.raises(MerbenchError, match="the dataset emopia reads"):
        study.guessed(registry, root / "label.csv", root, None, {})


def test_init_names_it_beside_what_was_guessed(registry: Registry, tmp_path: Path) -> None:
    root = miniatures.pmemo(tmp_path)
    labels = root / "annotations/static_annotations.csv"
    assert study.guessed(registry, labels, root / "chorus", None, {}).layout == ("pmemo", root)
