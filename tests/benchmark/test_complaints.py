"""Every mistake in a benchmark file is named where it stands."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from benchmark_files import BASE, Loader, models
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from merbench.benchmark.document import read_document
from merbench.benchmark.resolving import resolve
from merbench.benchmark.schema import parse, plugin_paths
from merbench.errors import MerbenchError, PluginError, SpecError
from merbench.plugins.registry import Registry

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
    "included model's name": (
        BASE + "include: [{model: sloep}]",
        "spec.yaml:6: this benchmark has no model 'sloep'; did you mean 'slope'?",
    ),
    "included nothing": (
        BASE + "include: [{}]", "spec.yaml:6: an inclusion names at least one axis",
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
        "spec.yaml:1: name: string should match pattern '^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$', "
        "not 'a/b'",
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


def test_long_values_are_shown_shortened(load: Loader) -> None:
    message = load.error(BASE.replace("[slope]", "x" * 5_000))
    assert message.startswith("spec.yaml:5: models: input should be a valid list, not 'xxx")
    assert len(message) < 200


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
    "exclude, features, include, models, name, plugins, protocol, reported, seed, separators, "
    "smoke",
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
