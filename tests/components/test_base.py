"""What a component's identity is made of, and what it is not."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from sample_components import Colour, Ensemble, Layer, Sample, Wrapper

from merbench import MerbenchError
from merbench.components.base import answers_kept, once


def canonical(component: Any) -> str:
    return json.dumps(component.identity(), sort_keys=True, allow_nan=False)


# --- identity -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"shares": {"a": 1, "b": 2}}, {"shares": {"b": 2, "a": 1}}),
        ({"widths": [3, 4]}, {"widths": (3, 4)}),
        ({"rate": 2}, {"rate": 2.0}),
        ({"rate": 1.0, "widths": (1, 2)}, {}),
        ({"layer": {"colour": "blue", "width": 2}}, {"layer": Layer(width=2, colour=Colour.BLUE)}),
        ({"tags": ["x", "y"]}, {"tags": ["y", "x", "x"]}),
    ],
)
def test_parameters_that_mean_the_same_have_one_identity(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    assert canonical(Sample(**one)) == canonical(Sample(**other))
    assert canonical(Sample(**one)) == canonical(Sample(**dict(reversed(one.items()))))


@pytest.mark.parametrize(
    "changed",
    [
        {"rate": 1.5},
        {"widths": (2, 1)},
        {"widths": (1,)},
        {"layer": {"width": 2}},
        {"layer": {"colour": "blue"}},
        {"shares": {"a": 1}},
        {"tags": ["x"]},
        {"weights": "missing.pt"},
    ],
)
def test_every_parameter_counts(changed: dict[str, Any]) -> None:
    assert canonical(Sample(**changed)) != canonical(Sample())


def test_identity_has_name_version_and_parameters() -> None:
    class Later(Sample):
        version = "2"

    assert Sample().identity() == {
        "name": "sample",
        "version": "1",
        "parameters": {
            "layer": {"colour": "red", "width": 1},
            "rate": 1.0,
            "shares": {},
            "tags": [],
            "weights": None,
            "widths": [1, 2],
        },
    }
    assert Later().identity()["version"] == "2"


def test_a_wrapped_model_counts_with_its_parameters() -> None:
    def wrapped(**parameters: Any) -> Wrapper:
        return Wrapper(model=Sample(**parameters))

    assert canonical(wrapped()) == canonical(wrapped(rate=1))
    assert canonical(wrapped()) != canonical(wrapped(rate=2))
    assert canonical(Ensemble(members=(Sample(), wrapped()))) != canonical(
        Ensemble(members=(wrapped(), Sample()))
    )


def test_a_component_is_frozen() -> None:
    with pytest.raises(AttributeError, match="frozen"):
        Sample().rate = 2.0


def test_an_unknown_parameter_is_an_error() -> None:
    with pytest.raises(ValidationError, match=r"raet\n.*not permitted"):
        Sample(raet=1)  # type: ignore[call-arg]


def test_parameters_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(ValidationError, match="finite"):
        Sample(rate=float("nan"))


def test_a_name_of_a_model_needs_a_registry_to_look_it_up() -> None:
    with pytest.raises(ValidationError, match="benchmark file"):
        Wrapper(model="ridge")  # type: ignore[arg-type]


# --- what tables show -----------------------------------------------------------------------------


def test_title_shows_what_is_wrapped() -> None:
    assert Sample().title == "sample"
    assert Wrapper(model=Wrapper(model=Sample())).title == "wrapper(wrapper(sample))"
    assert Ensemble(members=(Sample(), Sample(rate=2))).title == "ensemble(sample, sample)"


def test_settings_are_what_differs_from_the_defaults(tmp_path: Path) -> None:
    assert Sample().settings == {}
    assert Sample(rate=1.0).settings == {}
    sample = Sample(rate=2, layer=Layer(colour=Colour.BLUE), weights=tmp_path / "w.pt")
    assert sample.settings == {
        "rate": 2.0,
        "layer": {"width": 1, "colour": "blue"},
        "weights": str(tmp_path / "w.pt"),
    }
    assert Wrapper(model=Sample()).settings == {}
    assert Wrapper(model=Sample(rate=3), scale=2).settings == {"model": {"rate": 3.0}, "scale": 2.0}


# --- paths ----------------------------------------------------------------------------------------


def test_a_file_counts_by_its_content(tmp_path: Path) -> None:
    here, there, other = tmp_path / "w.pt", tmp_path / "moved" / "v.pt", tmp_path / "other.pt"
    there.parent.mkdir()
    here.write_bytes(b"weights")
    other.write_bytes(b"others")
    shutil.copy(here, there)
    assert canonical(Sample(weights=here)) == canonical(Sample(weights=there))
    assert canonical(Sample(weights=here)) != canonical(Sample(weights=other))
    assert str(tmp_path) not in canonical(Sample(weights=here))


def test_editing_a_file_changes_the_identity(tmp_path: Path) -> None:
    path = tmp_path / "w.pt"
    path.write_bytes(b"weights")
    before = canonical(Sample(weights=path))
    path.write_bytes(b"weights, trained longer")
    assert canonical(Sample(weights=path)) != before


# --- the contracts' own methods -------------------------------------------------------------------


def test_what_is_not_installed_is_named_with_the_remedy() -> None:
    class Needy(Sample):
        requires = ("pydantic", "no-such-distribution")

    with pytest.raises(MerbenchError, match="pip install no-such-distribution"):
        Needy().ready()


def test_a_fingerprint_is_kept_for_a_plan_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = Sample(), Sample(rate=3.0)
    before = one.fingerprint()
    with answers_kept():
        assert one.fingerprint() == before
        monkeypatch.setattr(Sample, "version", "2")
        assert one.fingerprint() is one.fingerprint()
        assert one.fingerprint() == before
        assert other.fingerprint()["identity"]["version"] == "2"
    assert one.fingerprint()["identity"]["version"] == "2"


def test_what_a_component_says_is_asked_once_for_a_plan() -> None:
    sample, asked = Sample(), []

    class Counted(Sample):
        @property
        def title(self) -> str:
            asked.append("title")
            return "counted"

    counted = Counted()
    for _ in range(2):
        assert once(counted, "title") == "counted"
    assert len(asked) == 2
    with answers_kept():
        for _ in range(3):
            assert once(counted, "title") == "counted"
        assert once(counted, "settings") is once(counted, "settings")
        assert once(sample, "identity") == sample.identity()
    assert len(asked) == 3
