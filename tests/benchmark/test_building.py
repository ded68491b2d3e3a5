"""Components built from what a file says: grids, paths, wrapped models."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmark_files import BASE, Loader, models

from merbench.benchmark.building import component
from merbench.errors import PluginError, SpecError
from merbench.plugins.registry import Registry


def test_lists_of_values_are_a_grid(load: Loader) -> None:
    found = load(models("- slope: {alpha: [1, 2], mode: [a, b]}")).models
    assert [(m.alpha, m.mode) for m in found] == [(1, "a"), (1, "b"), (2, "a"), (2, "b")]  # type: ignore[attr-defined]


def test_a_list_that_is_a_value_is_none(load: Loader) -> None:
    (model,) = load(models("- slope: {widths: [3, 4, 5]}")).models
    assert model.settings == {"widths": [3, 4, 5]}


def test_a_list_of_lists_is_a_grid_of_lists(load: Loader) -> None:
    found = load(models("- slope: {widths: [[1], [2, 3]], alpha: [4]}")).models
    assert [m.settings for m in found] == [
        {"widths": [1], "alpha": 4.0},
        {"widths": [2, 3], "alpha": 4.0},
    ]


def test_grids_of_every_kind(load: Loader) -> None:
    benchmark = load(
        BASE.replace("[made]", "[{made: {n: [1, 2]}}]").replace(
            "[numbers]", "[{numbers: {size: [4, 5]}}, [{numbers: {size: [6, 7]}}, picture]]"
        )
    )
    assert [d.dataset.settings for d in benchmark.datasets] == [{"n": 1}, {"n": 2}]
    assert [[f.settings for f in features] for features in benchmark.features] == [
        [{"size": 4}],
        [{"size": 5}],
        [{"size": 6}, {}],
        [{"size": 7}, {}],
    ]


def test_a_wrapper_expands_its_own_and_the_wrapped_models_grids(load: Loader) -> None:
    found = load(models("- scaled: {scale: [1, 2], model: [{slope: {alpha: [3, 4]}}, two]}")).models
    assert [(m.settings, m.title) for m in found] == [
        ({"model": {"alpha": 3.0}}, "scaled(slope)"),
        ({"model": {"alpha": 4.0}}, "scaled(slope)"),
        ({}, "scaled(two)"),
        ({"scale": 2.0, "model": {"alpha": 3.0}}, "scaled(slope)"),
        ({"scale": 2.0, "model": {"alpha": 4.0}}, "scaled(slope)"),
        ({"scale": 2.0}, "scaled(two)"),
    ]


def test_wrappers_of_wrappers_expand(load: Loader) -> None:
    text = "- scaled: {model: {scaled: {model: {slope: {alpha: [2, 3]}}, scale: [5, 6]}}}"
    found = [m.settings["model"] for m in load(models(text)).models]
    assert found == [
        {"model": {"alpha": 2.0}, "scale": 5.0},
        {"model": {"alpha": 2.0}, "scale": 6.0},
        {"model": {"alpha": 3.0}, "scale": 5.0},
        {"model": {"alpha": 3.0}, "scale": 6.0},
    ]


def test_a_list_of_models_is_one_value_and_a_list_of_lists_a_grid(
    load: Loader, tmp_path: Path
) -> None:
    (model,) = load(models("- mean: {models: [slope, {slope: {weights: w.pt}}]}")).models
    assert model.title == "mean(slope, slope)"
    assert model.models[1].weights == tmp_path / "w.pt"  # type: ignore[attr-defined]
    found = load(models("- mean: {models: [[slope, {slope: {alpha: 3}}], [two, slope]]}")).models
    assert [(m.title, m.settings) for m in found] == [
        ("mean(slope, slope)", {"models": {"2": {"alpha": 3.0}}}),
        ("mean(two, slope)", {}),
    ]


def test_a_relative_path_starts_from_the_file(
    load: Loader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/")
    benchmark = load(
        models("- slope: {weights: w.pt, files: [a, ../b], known: mine.pt}").replace(
            "[made]", "[{songs: {root: data}}]"
        )
    )
    (model,) = benchmark.models
    assert benchmark.datasets[0].root == tmp_path / "data"
    assert model.weights == tmp_path / "w.pt"  # type: ignore[attr-defined]
    assert model.files == (tmp_path / "a", tmp_path / "../b")  # type: ignore[attr-defined]


def test_a_path_of_a_wrapped_model_starts_from_the_file_too(load: Loader, tmp_path: Path) -> None:
    (model,) = load(models("- scaled: {model: {slope: {weights: w.pt}}}")).models
    assert model.model.weights == tmp_path / "w.pt"  # type: ignore[attr-defined]


def test_an_absolute_path_and_a_home_stay(load: Loader, tmp_path: Path) -> None:
    for text, expected in ((f"{tmp_path}/w.pt", tmp_path / "w.pt"), ("~/w", Path.home() / "w")):
        (model,) = load(models(f"- slope: {{weights: {text}}}")).models
        assert model.weights == expected  # type: ignore[attr-defined]


def test_text_or_a_path_is_a_path_where_it_exists(load: Loader, tmp_path: Path) -> None:
    (tmp_path / "there.index").touch()
    assert load(models("- slope: {known: ours}")).models[0].known == "ours"  # type: ignore[attr-defined]
    there = load(models("- slope: {known: there}")).models[0]
    assert there.known == tmp_path / "there"  # type: ignore[attr-defined]


def test_a_path_given_with_set_starts_from_the_working_folder(
    load: Loader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "elsewhere"
    here.mkdir()
    monkeypatch.chdir(here)
    text = models("- slope: {weights: w.pt}").replace("[made]", "[{songs: {n: 2}}]")
    benchmark = load(text, "datasets.songs.root=data", "models.slope.files=[f]")
    assert benchmark.datasets[0].root == here / "data"
    assert benchmark.models[0].files == (here / "f",)  # type: ignore[attr-defined]
    assert benchmark.models[0].weights == tmp_path / "w.pt"  # type: ignore[attr-defined]
    assert benchmark.datasets[0].dataset.settings == {"n": 2}


def test_a_home_folder_that_is_none_is_named(load: Loader) -> None:
    message = load.error(models("- slope:\n    weights: ~nobody-of-that-name/w"))
    assert message == "spec.yaml:7: ~nobody-of-that-name/w: there is no such home folder"


def test_a_component_is_built_from_assignments(registry: Registry) -> None:
    built = component(registry, "model", "slope", ["alpha=3", "layer.width=2", "widths=[1]"])
    assert built.settings == {"alpha": 3.0, "layer": {"width": 2}, "widths": [1]}
    with pytest.raises(
        SpecError, match=r"^--set alhpa=3: unknown key 'alhpa'; did you mean 'alpha"
    ):
        component(registry, "model", "slope", ["alhpa=3"])
    with pytest.raises(SpecError, match=r"^scaled: model is missing"):
        component(registry, "model", "scaled")
    with pytest.raises(PluginError, match="no model 'sloep'; did you mean 'slope'"):
        component(registry, "model", "sloep")
