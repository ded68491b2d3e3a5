"""A folder to start in, for labels as people have them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from merbench.authoring import study
from merbench.benchmark.document import read_document
from merbench.benchmark.resolving import Benchmark, resolve
from merbench.benchmark.schema import parse, plugin_paths
from merbench.errors import MerbenchError
from merbench.plugins import discovery, trial
from merbench.plugins.registry import Registry

RATINGS = "track,V,A,V_sd,A_sd,band\n" + "".join(
    f"t{i},{1 + i % 9},{9 - i % 9},1.5,1.{i},band {i // 2}\n" for i in range(8)
)


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Registry:
    monkeypatch.setattr(trial, "wanted", lambda: False)
    return discovery.load_plugins()


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    folder = tmp_path / "clips"
    folder.mkdir()
    for i in range(8):
        soundfile.write(folder / f"t{i}.wav", np.zeros(100), 8000)
    return folder


def read(folder: Path) -> Benchmark:
    document = read_document(folder / study.BENCHMARK)
    spec = parse(document)
    return resolve(document, spec, discovery.load_plugins(plugin_paths(document, spec)))


def test_what_is_guessed_is_written_and_can_be_read(
    tmp_path: Path, clips: Path, registry: Registry
) -> None:
    labels = tmp_path / "ratings.csv"
    labels.write_text(RATINGS)
    found = study.guessed(registry, labels, clips, None, {})
    files = study.write_study(tmp_path / "my study", found)
    assert {file.name for file in files} == {"benchmark.yaml", "README.md", "my_model.py"}
    benchmark = read(tmp_path / "my study")
    assert benchmark.spec.name == "my-study"
    assert [model.name for model in benchmark.models] == ["ridge", "random-forest", "my-model"]
    (rooted,) = benchmark.datasets
    read_clips = rooted.dataset.clips(rooted.root or Path())
    assert len({clip.group for clip in read_clips}) == 4
    assert read_clips[0].label == pytest.approx((0, 1, 1.5 / 8, 1.0 / 8))
    text = (tmp_path / "my study/benchmark.yaml").read_text()
    assert 'root: "../clips"\n' in text
    assert 'csv: "../ratings.csv"\n' in text
    assert "group: " in text
    assert "NO COLUMN OF ARTISTS" not in text


def test_what_the_user_says_is_not_guessed(tmp_path: Path, clips: Path, registry: Registry) -> None:
    labels = tmp_path / "ratings.csv"
    labels.write_text(RATINGS)
    given = {"scale": [0, 10], "group": "track"}
    found = study.guessed(registry, labels, clips, None, given)
    assert not {guess.parameter for guess in found.guesses} & given.keys()
    study.write_study(tmp_path / "s", found)
    dataset = read(tmp_path / "s").datasets[0].dataset
    assert dataset.model_dump()["scale"] == (0, 10)
    assert dataset.model_dump()["group"] == "track"


def test_labels_of_classes_take_models_of_classes(
    tmp_path: Path, clips: Path, registry: Registry
) -> None:
    labels = tmp_path / "l.csv"
    labels.write_text("id;mood\n" + "".join(f"t{i};{['calm', 'wild'][i % 2]}\n" for i in range(8)))
    found = study.guessed(registry, labels, clips, None, {})
    study.write_study(tmp_path / "s", found)
    benchmark = read(tmp_path / "s")
    assert benchmark.models[0].name == "logistic-regression"
    assert benchmark.datasets[0].dataset.class_names == ("calm", "wild")
    assert "NO COLUMN OF ARTISTS" in (tmp_path / "s/benchmark.yaml").read_text()


def test_a_benchmark_of_merbenchs_own_finds_its_data_below_the_folder(tmp_path: Path) -> None:
    study.write_copy(tmp_path / "s", "pmemo")
    text = (tmp_path / "s/benchmark.yaml").read_text()
    assert "root: data/PMEmo2019" in text
    assert "runs/pmemo/" in (tmp_path / "s/README.md").read_text()
    with pytest.raises(MerbenchError, match="did you mean 'pmemo'"):
        study.write_copy(tmp_path / "t", "pmeno")


def test_a_folder_named_as_a_dataset_gets_a_name_of_its_own(
    tmp_path: Path, clips: Path, registry: Registry
) -> None:
    labels = tmp_path / "ratings.csv"
    labels.write_text(RATINGS)
    study.write_study(tmp_path / "emotify", study.guessed(registry, labels, clips, None, {}))
    benchmark = read(tmp_path / "emotify")
    assert benchmark.spec.name == "my-emotify"
    assert benchmark.datasets[0].dataset.title.startswith("my-emotify")


def test_classes_of_rows_without_audio_are_none(
    tmp_path: Path, clips: Path, registry: Registry
) -> None:
    labels = tmp_path / "l.csv"
    moods = ["calm", "wild", "calm", "wild"] * 2 + ["grim"] * 4
    labels.write_text("id\tmood\n" + "".join(f"t{i}\t{mood}\n" for i, mood in enumerate(moods)))
    study.write_study(tmp_path / "s", study.guessed(registry, labels, clips, None, {}))
    (rooted,) = read(tmp_path / "s").datasets
    assert rooted.dataset.class_names == ("calm", "wild")
    assert len(rooted.dataset.clips(rooted.root or Path())) == 8


def test_six_real_clips_of_a_table_of_1798(
    tmp_path: Path, registry: Registry, shared: Path
) -> None:
    labels = shared / "data/labels/deam_corrected_01.csv"
    found = study.guessed(registry, labels, shared / "data/emomusic_ccby", None, {})
    assert found.part is not None
    assert found.part.why == "6 of 1798 rows have audio"
    study.write_study(tmp_path / "s", found)
    (rooted,) = read(tmp_path / "s").datasets
    clips = rooted.dataset.clips(rooted.root or Path())
    assert [clip.id for clip in clips] == ["3", "4", "7", "8", "10", "17"]


def test_what_is_not_there_is_one_sentence(tmp_path: Path, registry: Registry) -> None:
    with pytest.raises(MerbenchError, match=r"there is no file .*gone\.csv; correct"):
        study.guessed(registry, tmp_path / "gone.csv", None, None, {})
    (tmp_path / "l.csv").write_text(RATINGS)
    (tmp_path / "l.arff").touch()
    with pytest.raises(MerbenchError, match=r"l\.arff: ARFF files are not read; save"):
        study.guessed(registry, tmp_path / "l.arff", None, None, {})
    with pytest.raises(MerbenchError, match=r"there is no folder .*gone; correct"):
        study.guessed(registry, tmp_path / "l.csv", tmp_path / "gone", None, {})
