"""Benchmark files become components, a protocol and comparisons."""

from __future__ import annotations

from pathlib import Path

from benchmark_files import BASE, Loader, models

from merbench.benchmark.names import joint_title
from merbench.benchmark.protocols import MonteCarlo, StratifiedKFold

# --- what a file may say --------------------------------------------------------------------------


def test_a_file_becomes_components(load: Loader) -> None:
    benchmark = load(BASE)
    assert [d.dataset.name for d in benchmark.datasets] == ["made"]
    assert [s.name for s in benchmark.separators] == ["halves"]
    assert [[f.name for f in features] for features in benchmark.features] == [["numbers"]]
    assert [m.name for m in benchmark.models] == ["slope"]
    assert "floor" in [m.name for m in benchmark.baselines]
    assert benchmark.protocol == MonteCarlo()
    assert (benchmark.spec.seed, benchmark.spec.device) == (1, "cpu")
    assert [c.across for c in benchmark.spec.compare] == ["separator", "model"]


def test_everything_can_be_set(load: Loader) -> None:
    benchmark = load(
        BASE
        + "protocol: {stratified-k-fold: {folds: 5}}\nseed: 7\ndevice: cuda\nbaselines: false\n"
        "compare: [{across: feature}, {across: models}]\n"
        "exclude: [{model: slope, features: numbers}]\n"
    )
    assert benchmark.protocol == StratifiedKFold(folds=5)
    assert (benchmark.spec.seed, benchmark.spec.device) == (7, "cuda")
    assert benchmark.baselines == ()
    assert [c.across for c in benchmark.spec.compare] == ["features", "model"]
    (exclusion,) = benchmark.spec.exclude
    names = {"dataset": "made", "augmentation": "none", "separator": "halves"}
    names |= {"features": "numbers", "model": "slope"}
    assert exclusion.matches(names, names)
    assert exclusion.matches(names | {"model": "other"}, names)
    assert not exclusion.matches(names | {"model": "scaled"}, names | {"model": "scaled"})


def test_a_bare_name_and_empty_parameters_are_the_same(load: Loader) -> None:
    expected = load(BASE).models
    assert load(models("- slope:")).models == expected
    assert load(models("- slope: {}")).models == expected


def test_several_inputs_are_a_list_of_features(load: Loader) -> None:
    text = BASE.replace("[numbers]", "[[numbers, picture], numbers]")
    titles = [joint_title(features) for features in load(text).features]
    assert titles == ["numbers + picture", "numbers"]


def test_weights_are_a_name_a_distributions_or_a_path_from_the_file(
    load: Loader, tmp_path: Path
) -> None:
    for text, expected in (
        ("best", "best"),
        ("demucs:demucs/w.th", "demucs:demucs/w.th"),
        ("w.pt", str(tmp_path / "w.pt")),
        ("~/w.pt", str(Path.home() / "w.pt")),
    ):
        (model,) = load(models(f"- slope: {{learned: '{text}'}}")).models
        assert model.learned == expected  # type: ignore[attr-defined]
