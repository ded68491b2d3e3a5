"""Benchmark files as YAML: what can be read, and values set over them."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmark_files import BASE, Loader, models

from merbench.benchmark.document import Document, read_document
from merbench.benchmark.protocols import MonteCarlo
from merbench.errors import SpecError


def test_anchors_and_merged_keys_are_understood(load: Loader) -> None:
    benchmark = load(
        models(
            """
- slope: &base
    alpha: 2
    mode: b
- slope:
    <<: *base
    alpha: 3
- scaled: {model: {slope: *base}}
"""
        )
    )
    first, second, third = benchmark.models
    assert first.settings == {"alpha": 2.0, "mode": "b"}
    assert second.settings == {"alpha": 3.0, "mode": "b"}
    assert third.settings == {"model": {"alpha": 2.0, "mode": "b"}}


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"gone\.yaml: .* cannot be read \(No such file"):
        read_document(tmp_path / "gone.yaml")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"cannot be read \(Is a directory"):
        read_document(tmp_path)


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_bytes(b"\xff\xfe\x00\xd8")
    with pytest.raises(SpecError, match=r"spec\.yaml: .*it is not UTF-8 text"):
        read_document(path)


def test_a_value_is_set(load: Loader) -> None:
    benchmark = load(BASE, "seed=7", "baselines=false", "name=other")
    assert (benchmark.spec.seed, benchmark.spec.baselines) == (7, False)
    assert benchmark.spec.name == "other"


def test_a_list_is_replaced(load: Loader) -> None:
    assert [m.name for m in load(BASE, "models=[two, {slope: {alpha: 3}}]").models] == [
        "two",
        "slope",
    ]


def test_a_parameter_is_set_of_a_bare_name_and_of_one_with_parameters(load: Loader) -> None:
    for text in (BASE, models("- slope: {mode: b}"), models("- slope:")):
        (model,) = load(text, "models.slope.alpha=3").models
        assert model.settings["alpha"] == 3.0
        assert model.settings.get("mode", "a") == ("b" if "mode:" in text else "a")


def test_an_entry_is_found_by_its_position(load: Loader) -> None:
    text = models("- slope: {alpha: 2}\n- slope: {alpha: 3}")
    assert [m.settings for m in load(text, "models.1.slope.alpha=4").models] == [
        {"alpha": 2.0},
        {"alpha": 4.0},
    ]
    assert [m.name for m in load(text, "models.1=two").models] == ["slope", "two"]
    assert [m.settings for m in load(BASE, "models.0.slope.alpha=4").models] == [{"alpha": 4.0}]


def test_what_lies_deep_is_set(load: Loader) -> None:
    assert load(BASE, "models.slope.layer.width=4").models[0].settings == {"layer": {"width": 4}}
    wrapped = models("- scaled: {model: slope}")
    (model,) = load(wrapped, "models.scaled.model.slope.alpha=4", "models.scaled.scale=2").models
    assert model.settings == {"model": {"alpha": 4.0}, "scale": 2.0}
    listed = load(models("- slope: {widths: [1, 2]}"), "models.slope.widths.1=5")
    assert listed.models[0].settings == {"widths": [1, 5]}
    paired = load(BASE.replace("[numbers]", "[[numbers, picture]]"), "features.0.numbers.size=9")
    assert paired.features[0][0].settings == {"size": 9}


def test_what_is_not_written_is_made(load: Loader) -> None:
    assert load(BASE, "protocol.monte-carlo.folds=3").protocol == MonteCarlo(folds=3)
    text = BASE + "protocol: monte-carlo\n"
    assert load(text, "protocol.monte-carlo.folds=3").protocol == MonteCarlo(folds=3)
    text = BASE + "protocol: {monte-carlo: {seed: 9}}\n"
    assert load(text, "protocol.monte-carlo.folds=3").protocol == MonteCarlo(folds=3, seed=9)


def test_assignments_are_applied_in_order(load: Loader) -> None:
    benchmark = load(BASE, "models=[two]", "models.0=slope", "models.slope.alpha=[2, 3]")
    assert [m.settings for m in benchmark.models] == [{"alpha": 2.0}, {"alpha": 3.0}]


def test_everything_may_come_from_assignments(load: Loader) -> None:
    parts = ("name=x", "datasets=[made]", "separators=[halves]", "features=[numbers]")
    assert load("", *parts, "models=[slope]").spec == load(BASE).spec


@pytest.mark.parametrize(
    "text", ["{song_id}.mp3", "{id}/{stem}.flac", "{a song}_mono.wav", "**/{id}.wav"]
)
def test_a_pattern_of_file_names_is_taken_as_it_stands(text: str) -> None:
    document = Document("x", Path(), {})
    document.assign(f"audio={text}")
    document.assign("classes={happy: Q1}")
    assert document.data == {"audio": text, "classes": {"happy": "Q1"}}
    with pytest.raises(SpecError, match="this is no YAML"):
        document.assign("audio={song_id")
