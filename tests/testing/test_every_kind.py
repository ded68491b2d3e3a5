"""The checks that hold for every kind of component."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, ClassVar

import pytest
from checked_plugins import Around, Linear, Ridge, failed, results
from pydantic import BaseModel, ConfigDict, Field

from merbench import Component, Cost, MerbenchError, Task, testing
from merbench.plugins.registry import Entry, Origin, Registry
from merbench.testing import every_kind


class Undocumented(Linear):
    name = "undocumented"
    speed: float = 1.0


Undocumented.__doc__ = None


class Lax(Linear):
    """Accepts anything."""

    name = "lax"
    model_config = ConfigDict(extra="allow")


class Part(BaseModel):
    width: int = 1


class LaxInside(Linear):
    """Accepts anything one level down."""

    name = "lax-inside"
    part: Part | None = Field(None, description="A part.")


class Unstable(Linear):
    """Has another identity whenever it is built."""

    name = "unstable"
    tag: str = Field(default_factory=lambda: uuid.uuid4().hex, description="A tag.")


class Unpicklable(Linear):
    """Holds what cannot be pickled."""

    name = "unpicklable"
    model_config = ConfigDict(arbitrary_types_allowed=True)

    def __getstate__(self) -> dict[Any, Any]:
        raise TypeError("cannot pickle this")


class Forgetful(Linear):
    """Loses its parameters when it is pickled."""

    name = "forgetful"

    def __reduce__(self) -> Any:
        return Forgetful, ()


class Demanding(Linear):
    """Needs what is not here."""

    name = "demanding"

    def ready(self) -> None:
        raise MerbenchError("demanding needs weights; get them")


class Crashing(Linear):
    """Crashes where it should say what it needs."""

    name = "crashing"

    def ready(self) -> None:
        raise KeyError("weights")


@pytest.mark.parametrize(
    ("cls", "parameters", "check", "detail"),
    [
        (Undocumented, {}, "has a summary", "no docstring"),
        (Undocumented, {}, "documents its parameters", "no description for speed"),
        (Lax, {}, "refuses unknown parameters", "do not set extra='allow'"),
        (LaxInside, {}, "refuses unknown parameters", "part accepts keys that Part does not have"),
        (Unstable, {}, "has a stable identity", "two identities"),
        (Unpicklable, {}, "pickles", "cannot pickle this"),
        (Forgetful, {"strength": 2.0}, "pickles", "another identity"),
        (Linear, {"strength": -1}, "can be built", "strength: Input should be greater than 0"),
        (Linear, {"stregnth": 1}, "can be built", "stregnth: Extra inputs"),
        (Around, {"model": "lienar"}, "can be built", "did you mean 'linear'"),
        (Crashing, {}, "does its work", "ready: KeyError: 'weights'"),
    ],
)
def test_a_broken_component_fails_its_check(
    cls: type[Component], parameters: dict[str, Any], check: str, detail: str
) -> None:
    assert detail in failed(cls, **parameters).get(check, "passed")


def test_what_cannot_work_here_is_skipped_with_the_reason() -> None:
    last = list(results(Demanding).values())[-1]
    assert last == testing.Result("does its work", "skipped", "demanding needs weights; get them")
    assert failed(Demanding) == {}


def test_a_wrapper_is_checked_with_the_quickest_model() -> None:
    class Quick(Linear):
        """A quick model."""

        name = "quick"
        typical_cost = Cost(seconds=0.1)

    registry = Registry()
    for known in (Linear, Around, Quick):
        registry.entries["model", known.name] = Entry("model", known, Origin("", "", "here"))
    given = every_kind.required(Around, registry)
    assert given == {"model": "quick"}
    del registry.entries["model", "quick"], registry.entries["model", "linear"]
    with pytest.raises(MerbenchError, match="no model of vectors is registered"):
        testing.check(registry.get("model", "around"), registry)


class Slow(Linear):
    """Takes minutes with its defaults."""

    name = "slow"
    check_parameters: ClassVar[Mapping[str, Any]] = {"minutes": 0}
    minutes: int = Field(9, description="How long it takes.")

    def estimator(self, *, task: Task, seed: int, device: str) -> Any:
        if self.minutes:
            raise TimeoutError
        return Ridge(seed)


def test_check_parameters_stand_in_for_the_defaults_and_given_ones_for_them() -> None:
    assert failed(Slow) == {}
    assert "predicts finite rows (va)" in failed(Slow, minutes=9)
