"""Benchmark files: what they may say, and that every mistake is named where it stands."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from merbench.benchmark.building import component
from merbench.benchmark.document import read_document
from merbench.benchmark.names import joint_title
from merbench.benchmark.protocols import MonteCarlo, StratifiedKFold
from merbench.benchmark.resolving import Benchmark, resolve
from merbench.benchmark.schema import parse, plugin_paths
from merbench.errors import MerbenchError, PluginError, SpecError
from merbench.plugins import discovery
from merbench.plugins.registry import Registry

PLUGINS = '''
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from merbench import Dataset, FeatureExtractor, FeatureKind, Model, ModelParameter, Separator, Task
from merbench import KnownWeights, Weights, hookimpl


class Layer(BaseModel):
    model_config = ConfigDict(extra="forbid")
    width: int = 1


class SlopeWeights(Weights):
    known = (KnownWeights("best", "the best slope", "CC0", "https://example.org", at="pip:x"),)


class Slope(Model):
    """A model."""
    name = "slope"
    inputs = FeatureKind.VECTOR
    tasks = frozenset({Task.VA})
    alpha: float = 1.0
    widths: tuple[int, ...] = (1, 2)
    layer: Layer = Layer()
    mode: Literal["a", "b"] = "a"
    weights: Path | None = None
    known: Literal["ours"] | Path = "ours"
    learned: SlopeWeights = SlopeWeights("best")
    files: tuple[Path, ...] = ()


class Scaled(Model):
    """A model around a model."""
    name = "scaled"
    inputs = FeatureKind.VECTOR
    tasks = frozenset({Task.VA})
    model: ModelParameter
    scale: float = Field(1.0, gt=0)


class Two(Model):
    """A model of two inputs."""
    name = "two"
    inputs = (FeatureKind.VECTOR, FeatureKind.IMAGE)
    tasks = frozenset({Task.VA})


class Floor(Model):
    """A baseline."""
    name = "floor"
    inputs = ()
    tasks = frozenset({Task.VA})
    baseline = True


class Songs(Dataset):
    """A dataset in a folder."""
    name = "songs"
    task = Task.VA
    n: int = Field(3, ge=1)


class Made(Dataset):
    """A dataset that needs no folder."""
    name = "made"
    task = Task.VA
    needs_root = False
    n: int = Field(3, ge=1)


class Vector(FeatureExtractor):
    """A vector."""
    name = "numbers"
    kind = FeatureKind.VECTOR
    size: int = 3


class Image(FeatureExtractor):
    """An image."""
    name = "picture"
    kind = FeatureKind.IMAGE


class Halves(Separator):
    """A separator."""
    name = "halves"
    stems = ("bass", "other")


@hookimpl
def merbench_models():
    return [Slope, Scaled, Two, Floor]


@hookimpl
def merbench_datasets():
    return [Songs, Made]


@hookimpl
def merbench_features():
    return [Vector, Image]


@hookimpl
def merbench_separators():
    return [Halves]
'''

BASE = """name: x
datasets: [made]
separators: [halves]
features: [numbers]
models: [slope]
"""


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    path = tmp_path_factory.mktemp("spec") / "mine.py"
    path.write_text(PLUGINS)
    loaded = discovery.load([path])
    assert not [p for p in loaded.problems if p.origin.path == str(path)]
    return loaded


class Loader:
    """Writes benchmark files and loads them."""

    def __init__(self, folder: Path, registry: Registry) -> None:
        self.path = folder / "spec.yaml"
        self.registry = registry

    def __call__(self, text: str, *assignments: str) -> Benchmark:
        self.path.write_text(text, encoding="utf-8")
        document = read_document(self.path, assignments)
        return resolve(document, parse(document), self.registry)

    def error(self, text: str, *assignments: str) -> str:
        with pytest.raises(SpecError) as caught:
            self(text, *assignments)
        message = str(caught.value)
        assert "\n" not in message
        return message.replace(str(self.path), self.path.name)


@pytest.fixture
def load(tmp_path: Path, registry: Registry) -> Loader:
    return Loader(tmp_path, registry)


def models(text: str) -> str:
    """A benchmark file whose models are the given YAML, from line 6 on."""
    lines = "\n".join(f"  {line}" for line in text.strip("\n").splitlines())
    return BASE.replace("models: [slope]", f"models:\n{lines}")


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


# --- grids ----------------------------------------------------------------------------------------


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


# --- paths ----------------------------------------------------------------------------------------


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


def test_plugins_are_named_and_found_beside_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("mine", "plugins", "here"):
        (tmp_path / folder).mkdir()
    monkeypatch.chdir(tmp_path / "here")
    (tmp_path / "spec.yaml").write_text(BASE + "plugins: [mine]\n")
    document = read_document(tmp_path / "spec.yaml")
    paths = [tmp_path / "mine", tmp_path / "plugins"]
    assert plugin_paths(document, parse(document)) == paths
    document = read_document(tmp_path / "spec.yaml", ["plugins=[../mine]"])
    assert plugin_paths(document, parse(document))[0].resolve() == tmp_path / "mine"


@pytest.mark.parametrize("name", ["gone.py", "'~nobody-of-that-name/p.py'", "x" * 400])
def test_a_plugin_that_is_not_there_is_named_with_its_line(tmp_path: Path, name: str) -> None:
    (tmp_path / "spec.yaml").write_text(BASE + f"plugins:\n  - .\n  - {name}\n")
    document = read_document(tmp_path / "spec.yaml")
    with pytest.raises(SpecError, match=r"spec\.yaml:8: .*(does not exist|no such home folder)"):
        plugin_paths(document, parse(document))


# --- mistakes -------------------------------------------------------------------------------------

MISTAKES = {
    # unknown keys
    "top level": (
        BASE + "modles: [a]",
        "spec.yaml:6: unknown key 'modles'; did you mean 'models'?",
    ),
    "parameter": (
        models("- slope:\n    alpha: 1\n    alhpa: 2"),
        "spec.yaml:8: unknown key 'alhpa' of models.0.slope; did you mean 'alpha'?",
    ),
    "nothing near": (
        models("- scaled:\n    model: slope\n    zzz: 2"),
        "spec.yaml:8: unknown key 'zzz' of models.0.scaled; choose from model, scale",
    ),
    "nested value": (
        models("- slope:\n    layer:\n      wdith: 2"),
        "spec.yaml:8: unknown key 'wdith' of models.0.slope.layer; did you mean 'width'?",
    ),
    "wrapped model": (
        models("- slope\n- scaled:\n    model:\n      slope:\n        alpha: 1\n        alhpa: 2"),
        "spec.yaml:11: unknown key 'alhpa' of models.1.scaled.model.slope; did you mean 'alpha'?",
    ),
    "wrapped model in a list": (
        models("- scaled:\n    model:\n    - two\n    - slope:\n        alhpa: 2"),
        "spec.yaml:10: unknown key 'alhpa' of models.0.scaled.model.1.slope; did you mean 'alpha'?",
    ),
    "wrapper of a wrapper": (
        models("- scaled:\n    model:\n      scaled:\n        model:\n          slope:\n"
               "            alhpa: 2"),
        "spec.yaml:11: unknown key 'alhpa' of models.0.scaled.model.scaled.model.slope; "
        "did you mean 'alpha'?",
    ),
    "nested value of a wrapped model": (
        models("- scaled:\n    model:\n      slope:\n        layer:\n          wdith: 2"),
        "spec.yaml:10: unknown key 'wdith' of models.0.scaled.model.slope.layer; "
        "did you mean 'width'?",
    ),
    "protocol": (
        BASE + "protocol:\n  monte-carlo:\n    folds: 2\n    sede: 1",
        "spec.yaml:9: unknown key 'sede' of protocol.monte-carlo; did you mean 'seed'?",
    ),
    "exclusion": (
        BASE + "exclude:\n- {modle: slope}",
        "spec.yaml:7: unknown key 'modle' of exclude.0; did you mean 'model'?",
    ),
    "dataset": (
        BASE.replace("[made]", "[{songs: {root: a, m: 1}}]"),
        "spec.yaml:2: unknown key 'm' of datasets.0.songs; choose from n",
    ),
    # wrong names
    "model's name": (
        models("- slope\n- sloep"),
        r"spec.yaml:7: there is no model 'sloep'; did you mean 'slope'?",
    ),
    "dataset's name": (
        BASE.replace("[made]", "[mad]"),
        "spec.yaml:2: there is no dataset 'mad'; did you mean 'made'?",
    ),
    "separator's name": (
        BASE.replace("halves", "havles"),
        "spec.yaml:3: there is no separator 'havles'; did you mean 'halves'?",
    ),
    "feature's name": (
        BASE.replace("[numbers]", "[[numbers, pictrue]]"),
        "spec.yaml:4: there is no feature 'pictrue'; did you mean 'picture'?",
    ),
    "protocol's name": (
        BASE + "protocol: monte-cralo",
        "spec.yaml:6: there is no protocol 'monte-cralo'; did you mean 'monte-carlo'?",
    ),
    "wrapped model's name": (
        models("- scaled:\n    model: sloep"),
        "spec.yaml:7: there is no model 'sloep'; did you mean 'slope'?",
    ),
    "wrapped model's name with parameters": (
        models("- scaled:\n    model:\n      sloep: {}"),
        "spec.yaml:8: there is no model 'sloep'; did you mean 'slope'?",
    ),
    "excluded model's name": (
        BASE + "exclude: [{model: sloep}]",
        "spec.yaml:6: this benchmark has no model 'sloep'; did you mean 'slope'?",
    ),
    "excluded dataset that is not used": (
        BASE + "exclude: [{dataset: songs}]",
        "spec.yaml:6: this benchmark has no dataset 'songs'; choose from made",
    ),
    "axis": (
        BASE + "compare: [{across: modle}]",
        "spec.yaml:6: compare.0.across: input should be 'augmentation', 'separator', 'features' "
        "or 'model', not 'modle'",
    ),
    # wrong types
    "seed": (BASE + "seed: many", "spec.yaml:6: seed: input should be a valid integer, "
             "unable to parse string as an integer, not 'many'"),
    "negative seed": (
        BASE + "seed: -1", "spec.yaml:6: seed: input should be greater than or equal to 0, not -1",
    ),
    "no list": (
        BASE.replace("[slope]", "slope"),
        "spec.yaml:5: models: input should be a valid list, not 'slope'",
    ),
    "number for a name": (
        models("- slope\n- 5"),
        "spec.yaml:7: models.1: expected a name, or one name with its parameters as in "
        "{name: {parameter: value}}, not 5",
    ),
    "number for parameters": (
        models("- slope: 5"),
        "spec.yaml:6: models.0: expected a name, or one name with its parameters as in "
        "{name: {parameter: value}}, not {'slope': 5}",
    ),
    "two names in one": (
        models("- slope: {}\n  two: {}"),
        "spec.yaml:6: models.0: expected a name, or one name with its parameters as in "
        "{name: {parameter: value}}, not {'slope': {}, 'two': {}}",
    ),
    "list of models in a list": (
        models("- [slope]"),
        "spec.yaml:6: models.0: expected a name, or one name with its parameters as in "
        "{name: {parameter: value}}, not ['slope']",
    ),
    "list of lists of features": (
        BASE.replace("[numbers]", "[[numbers, [picture]]]"),
        "spec.yaml:4: features.0.1: expected a name, or one name with its parameters as in "
        "{name: {parameter: value}}, not ['picture']",
    ),
    "nothing for a wrapped model": (
        models("- scaled:\n    model: 5"),
        "spec.yaml:7: expected a name, or one name with its parameters as in "
        "{name: {parameter: value}}, not 5",
    ),
    "text for a number": (
        models("- slope: {alpha: much}"),
        "spec.yaml:6: models.0.slope.alpha: input should be a valid number, "
        "unable to parse string as a number, not 'much'",
    ),
    "text for a number of a wrapped model": (
        models("- scaled:\n    model:\n      slope:\n        alpha: much"),
        "spec.yaml:9: models.0.scaled.model.slope.alpha: input should be a valid number, "
        "unable to parse string as a number, not 'much'",
    ),
    "wrong value in a grid": (
        models("- slope: {alpha: [1, much]}"),
        "spec.yaml:6: models.0.slope.alpha: input should be a valid number, "
        "unable to parse string as a number, not 'much'",
    ),
    "wrong value in a list": (
        models("- slope:\n    widths:\n    - 1\n    - wide"),
        "spec.yaml:9: models.0.slope.widths.1: input should be a valid integer, "
        "unable to parse string as an integer, not 'wide'",
    ),
    "out of range": (
        models("- scaled: {model: slope, scale: 0}"),
        "spec.yaml:6: models.0.scaled.scale: input should be greater than 0, not 0",
    ),
    "not a number": (
        models("- slope: {alpha: .nan}"),
        "spec.yaml:6: models.0.slope.alpha: input should be a finite number, not nan",
    ),
    "protocol's value": (
        BASE + "protocol: {monte-carlo: {folds: 0}}",
        "spec.yaml:6: protocol.monte-carlo.folds: input should be greater than or equal to 1, "
        "not 0",
    ),
    "name of the benchmark": (
        BASE.replace("name: x", "name: a/b"),
        "spec.yaml:1: name: string should match pattern '^[A-Za-z0-9][A-Za-z0-9._-]*$', not 'a/b'",
    ),
    "exclusion that is no mapping": (
        BASE + "exclude: [slope]",
        "spec.yaml:6: exclude.0: expected a mapping of dataset, augmentation, separator, "
        "features, model, not 'slope'",
    ),
    "exclusion of everything": (
        BASE + "exclude: [{}]", "spec.yaml:6: an exclusion names at least one axis",
    ),
    "root that is no folder": (
        BASE.replace("[made]", "[{songs: {root: [a]}}]"),
        "spec.yaml:2: root must be a folder, not ['a']",
    ),
    # missing
    "root": (
        BASE.replace("[made]", "\n- made\n- songs"),
        "spec.yaml:4: songs needs `root`, the folder it lies in; write it here, or say "
        "--set datasets.songs.root=PATH",
    ),
    "key": (BASE.replace("models: [slope]", ""), "spec.yaml:1: models is missing; add it"),
    "required parameter": (
        models("- slope\n- scaled"), "spec.yaml:7: models.1.scaled.model is missing; add it",
    ),
    "required parameter of a wrapped model": (
        models("- scaled:\n    model: scaled"),
        "spec.yaml:7: models.0.scaled.model.scaled.model is missing; add it",
    ),
    # empty
    "empty list": (
        BASE.replace("[slope]", "[]"), "spec.yaml:5: models is an empty list; name at least one",
    ),
    "empty list of features": (
        BASE.replace("[numbers]", "[[]]"),
        "spec.yaml:4: features.0 is an empty list; name at least one",
    ),
    "empty grid": (
        models("- slope: {alpha: []}"),
        "spec.yaml:6: models.0.slope.alpha: input should be a valid number, not []",
    ),
    # twice
    "key twice": (
        BASE + "models: [two]", "spec.yaml:6: the key 'models' stands twice; remove one of them",
    ),
    "parameter twice": (
        models("- slope:\n    alpha: 1\n    alpha: 1"),
        "spec.yaml:8: the key 'alpha' stands twice; remove one of them",
    ),
    "component twice": (
        models("- slope\n- slope: {alpha: 1.0}"),
        "spec.yaml:5: models names the same component with the same parameters twice",
    ),
    "component twice in a grid": (
        models("- slope: {alpha: [2, 2.0]}"),
        "spec.yaml:5: models names the same component with the same parameters twice",
    ),
    "features twice": (
        BASE.replace("[numbers]", "[numbers, [numbers]]"),
        "spec.yaml:4: features names the same component with the same parameters twice",
    ),
    # no YAML
    "bracket": (
        BASE + "exclude: [1\n",
        "spec.yaml:7: this is no YAML (expected ',' or ']', but got '<stream end>'); correct it",
    ),
    "tab": (
        BASE + "\tseed: 1",
        r"spec.yaml:6: this is no YAML (found character '\t' that cannot start any token); "
        "correct it",
    ),
    "two documents": (
        BASE + "---\na: 1",
        "spec.yaml:6: this is no YAML (but found another document); correct it",
    ),
    "unknown alias": (
        BASE + "exclude: *nothing",
        "spec.yaml:6: this is no YAML (found undefined alias 'nothing'); correct it",
    ),
    "object": (
        BASE + "device: !!python/object:os.system x",
        "spec.yaml:6: this is no YAML (could not determine a constructor for the tag "
        "'tag:yaml.org,2002:python/object:os.system'); correct it",
    ),
    "control character": (
        BASE + "device: a\0b",
        "spec.yaml:6: this is no YAML (unacceptable character #x0000: special characters are not "
        "allowed); correct it",
    ),
    "alias of itself": (
        BASE + "exclude: &a [*a]",
        "spec.yaml:1: it is nested too deeply, or holds an alias of itself; correct it",
    ),
    "depth": (
        "[" * 500,
        "spec.yaml:1: it is nested too deeply, or holds an alias of itself; correct it",
    ),
    "day that is none": (
        BASE.replace("name: x", "name: 2024-13-45"),
        "spec.yaml:1: '2024-13-45' is no timestamp; put it in quotes where it is text",
    ),
    "integer that is none": (
        BASE + "seed: !!int many",
        "spec.yaml:6: 'many' is no int; put it in quotes where it is text",
    ),
    "key that is no text": (
        BASE + "5: x", "spec.yaml:6: the key 5 must be text; put it in quotes",
    ),
    "key that is a list": (
        BASE + "? [a]\n: x", "spec.yaml:6: the key ['a'] must be text; put it in quotes",
    ),
    # no mapping
    "list": ("- a\n- b", "spec.yaml:1: a benchmark file is a mapping with name, datasets, "
             "features, …"),
    "text": ("# nothing\n\nhello", "spec.yaml:3: a benchmark file is a mapping with name, "
             "datasets, features, …"),
    "nothing": ("", "spec.yaml:1: a benchmark file is a mapping with name, datasets, features, …"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named_with_its_line(load: Loader, mistake: str) -> None:
    text, expected = MISTAKES[mistake]
    message = load.error(text)
    # Plugins that could not be loaded are listed after a name that was not found.
    assert message.partition(" (plugin ")[0] == expected


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


def test_a_home_folder_that_is_none_is_named(load: Loader) -> None:
    message = load.error(models("- slope:\n    weights: ~nobody-of-that-name/w"))
    assert message == "spec.yaml:7: ~nobody-of-that-name/w: there is no such home folder"


def test_long_values_are_shown_shortened(load: Loader) -> None:
    message = load.error(BASE.replace("[slope]", "x" * 5_000))
    assert message.startswith("spec.yaml:5: models: input should be a valid list, not 'xxx")
    assert len(message) < 200


# --- --set ----------------------------------------------------------------------------------------


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


SET_MISTAKES = {
    "seed": "write it as KEY=VALUE, as in --set seed=7",
    "=7": "write it as KEY=VALUE, as in --set seed=7",
    "seed=[1": "this is no YAML (expected ',' or ']', but got '<stream end>'); correct it",
    "seed=2024-13-45": "'2024-13-45' is no timestamp; put it in quotes where it is text",
    "seed={a: 1, a: 2}": "the key 'a' stands twice; remove one of them",
    "seed=x": "seed: input should be a valid integer, unable to parse string as an integer, "
    "not 'x'",
    "sede=7": "unknown key 'sede'; did you mean 'seed'?",
    "models=": "models: input should be a valid list, not None",
    "models=[]": "models is an empty list; name at least one",
    "models.sloep.alpha=2": "models has no entry 'sloep'; did you mean 'slope'?",
    "models.sloep=2": "models has no entry 'sloep'; did you mean 'slope'?",
    "models.7=slope": "models has no entry '7'; choose from slope",
    "models.7.alpha=2": "models has no entry '7'; choose from slope",
    "models.²=2": "models has no entry '²'; choose from slope",
    "models.slope.alhpa=2": "unknown key 'alhpa' of models.0.slope; did you mean 'alpha'?",
    "models.slope.alpha.x=2": "models.0.slope.alpha: input should be a valid number, not {'x': 2}",
    "models.0=scaled": "models.0.scaled.model is missing; add it",
    "datasets.made.n=0": "datasets.0.made.n: input should be greater than or equal to 1, not 0",
    "protocol.folds=3": "protocol: expected a name, or one name with its parameters as in "
    "{name: {parameter: value}}, not {'folds': 3}",
    "a..b=1": "unknown key 'a'; choose from augmentations, baselines, compare, datasets, device, "
    "exclude, features, models, name, plugins, protocol, seed, separators",
}


@pytest.mark.parametrize("assignment", SET_MISTAKES)
def test_a_wrong_assignment_is_named(load: Loader, assignment: str) -> None:
    assert load.error(BASE, assignment) == f"--set {assignment}: {SET_MISTAKES[assignment]}"


def test_what_has_no_parts_cannot_be_set_in_parts(load: Loader) -> None:
    message = load.error(BASE + "seed: 7\n", "seed.x=2")
    assert message == "--set seed.x=2: 'seed' holds 7, which has no parts to set"
    message = load.error(models("- 5"), "models.0.slope.alpha=2")
    assert message == "--set models.0.slope.alpha=2: '0' holds 5, which has no parts to set"


def test_a_mistake_in_the_file_keeps_its_line_beside_assignments(load: Loader) -> None:
    message = load.error(models("- slope: {alhpa: 2}"), "models.slope.mode=b")
    assert message.startswith("spec.yaml:6: unknown key 'alhpa'")


# --- components outside a file --------------------------------------------------------------------


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


# --- any file at all ------------------------------------------------------------------------------

words = st.sampled_from(
    ["name", "datasets", "features", "models", "separators", "protocol", "compare", "exclude",
     "plugins", "seed", "slope", "scaled", "two", "made", "songs", "numbers", "picture", "halves",
     "monte-carlo", "alpha", "model", "layer", "widths", "weights", "root", "across", "n", "~",
     "~x", "a**b", "", ".", "<<", "=", "2024-13-45", "1e999", "0x", "x" * 300]
)  # fmt: skip
scalars = st.one_of(
    words, st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=12,
)
documents = st.fixed_dictionaries(
    {},
    optional={
        "name": values | st.just("x"),
        "datasets": values | st.just(["made"]),
        "features": values | st.just(["numbers"]),
        "models": values | st.just(["slope"]) | values.map(lambda v: [{"slope": {"alpha": v}}]),
        "separators": values | st.just(["halves"]),
        "protocol": values,
        "exclude": values,
        "compare": values,
        "seed": values,
        "other": values,
    },
)


def anything(tmp: Path, registry: Registry, text: str, assignments: list[str]) -> None:
    """Load a file as a command does, whatever it says."""
    path = tmp / "any.yaml"
    path.write_text(text, encoding="utf-8", errors="replace")
    try:
        document = read_document(path, assignments)
        parsed = parse(document)
        plugin_paths(document, parsed)
        resolve(document, parsed, registry)
    except (SpecError, PluginError) as error:
        if "\n" in str(error) or not re.match(r"--set |.*\.yaml(:\d+)?: ", str(error)):
            raise AssertionError(f"no place, or several lines: {error}") from error


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(document=values | documents, data=st.data())
def test_no_document_gives_anything_but_an_error_with_a_place(
    tmp_path_factory: pytest.TempPathFactory, registry: Registry, document: Any, data: Any
) -> None:
    text = yaml.safe_dump(document, allow_unicode=True)
    steps = st.lists(words | st.integers(0, 2).map(str), min_size=1, max_size=4).map(".".join)
    assignments = data.draw(
        st.lists(
            st.tuples(steps, values).map(
                lambda pair: f"{pair[0]}={yaml.safe_dump(pair[1], default_flow_style=True)}"
            ),
            max_size=2,
        )
    )
    anything(tmp_path_factory.getbasetemp(), registry, text, assignments)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    text=st.text(alphabet=st.sampled_from("ab:-[]{}#&*!|>'\"%@`,?~<=\n 0.\t\0é"), max_size=60),
    base=st.booleans(),
)
@example(text="a: !!float x", base=False)
@example(text="a: !!bool x", base=False)
@example(text="a: !!timestamp x", base=False)
@example(text="a: !!int ''", base=False)
@example(text="a: !!binary x", base=False)
@example(text="a: {? {b: c} : d}", base=False)
@example(text="a: !!set {b, c}", base=False)
@example(text="a: {<<: 5}", base=False)
@example(text="a: {<<: [{b: 1}, {b: 2}], b: 3}", base=False)
@example(text="a: 2001-01-01 00:00:00 +99:99", base=False)
def test_no_text_gives_anything_but_an_error_with_a_place(
    tmp_path_factory: pytest.TempPathFactory, registry: Registry, text: str, base: bool
) -> None:
    anything(tmp_path_factory.getbasetemp(), registry, BASE * base + text, [])


def test_every_error_is_one_a_user_is_meant_to_read() -> None:
    assert issubclass(SpecError, MerbenchError)
    assert issubclass(PluginError, MerbenchError)
