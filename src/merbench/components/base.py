"""The base of every plugin class: a component is its parameters.

A component is a frozen pydantic model whose fields are what a user sets in a benchmark file, plus
the one method that does the work. Its canonical JSON is its identity in the store, its JSON schema
its documentation.
"""

from __future__ import annotations

import enum
import hashlib
import importlib.metadata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError

from merbench.components.weights import KnownWeights, Weights, weights_types
from merbench.devices import CPU
from merbench.digests import content_digest as content_digest
from merbench.digests import module_digest, source_digests
from merbench.errors import MerbenchError


class Cost(NamedTuple):
    """What one unit of a component's work typically takes, for `merbench plan`'s estimate.

    The unit: a 30 s clip for a separator, one 30 s stem for a feature extractor, one fold of
    600 clips for a model. Seconds of one core, megabytes kept in the store. Of other lengths and
    numbers it is taken in proportion.
    """

    seconds: float
    megabytes: float = 0.0

    def times(self, units: float, sizes: float | None = None) -> Cost:
        """Return the cost of several units, or of a part of one; what is kept may be of others."""
        return Cost(self.seconds * units, self.megabytes * (units if sizes is None else sizes))


UNIT_SECONDS = 30.0
"""Length of the clip that a `Cost` is of."""
UNIT_CLIPS = 600
"""Number of training clips that a model's `Cost` is of."""


class Component(BaseModel):
    """Base of every plugin class: its fields are its parameters.

    Class attributes
    ----------------
    name
        What a benchmark file calls it: lower case, words joined by hyphens.
    version
        Raised by the author when results change for reasons the source file does not show
        (a library's new release, say). It enters every cache key, as the source itself does.
    source_modules
        Further modules whose source decides the result, by their import names. The file that
        defines the class, and those of its bases, count anyway.
    requires
        Distributions it needs beyond merbench's own, named in the error when one is missing.
    typical_cost
        For the estimate of `merbench plan` before anything was measured.
    check_parameters
        Parameters that contract checks are run with, where the defaults would take minutes.
    authors, citation, paper
        Who made it, what to cite, and the paper's address (a DOI's or arXiv's): said wherever
        results that it had a part in are published.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        protected_namespaces=(),
        allow_inf_nan=False,
        strict=False,
        defer_build=True,  # of a hundred classes a benchmark uses ten
    )

    name: ClassVar[str] = ""
    version: ClassVar[str] = "1"
    source_modules: ClassVar[tuple[str, ...]] = ()
    requires: ClassVar[tuple[str, ...]] = ()
    typical_cost: ClassVar[Cost | None] = None
    check_parameters: ClassVar[Mapping[str, Any]] = {}
    authors: ClassVar[tuple[str, ...]] = ()
    citation: ClassVar[str] = ""
    paper: ClassVar[str] = ""

    def __setattr__(self, name: str, value: Any) -> None:
        """Set what pydantic lets be set: private attributes, and cached properties."""
        try:
            super().__setattr__(name, value)
        except ValidationError as error:
            raise AttributeError(
                f"self.{name} of {type(self).__name__} cannot be set: a component is its "
                "parameters, frozen once it is built; use a local variable, or a private attribute "
                "(_name: type = PrivateAttr())"
            ) from error

    @property
    def title(self) -> str:
        """Name as tables show it; a wrapper shows what it wraps: `calibrated(ridge)`."""
        inner = [component.title for _, value in self for component in components_in(value)]
        return f"{self.name}({', '.join(inner)})" if inner else self.name

    @property
    def settings(self) -> dict[str, Any]:
        """Parameters that differ from their defaults, as JSON values.

        Of a component among the parameters they are its own, of several by their number, from 1.
        """
        fields = type(self).model_fields
        changed: dict[str, Any] = {}
        for key, value in self:
            if isinstance(value, Component):
                if value.settings:
                    changed[key] = value.settings
            elif inner := list(components_in(value)):
                own = {str(n): part.settings for n, part in enumerate(inner, 1) if part.settings}
                if own:
                    changed[key] = own
            elif value != fields[key].get_default(call_default_factory=True):
                changed[key] = canonical_parameters(value, path=str)
        return changed

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        """Digest the source while it is imported, before anyone can edit it."""
        if not cls.__module__.startswith("merbench."):
            module_digest(cls.__module__, anew=True)

    def ready(self) -> None:
        """Raise `MerbenchError` where it cannot work here: no weights, no package.

        The plan asks this once before any work is done; a cell that is not ready is a failed row.
        """
        for distribution in self.requires:
            try:
                importlib.metadata.version(distribution)
            except importlib.metadata.PackageNotFoundError:
                raise MerbenchError(
                    f"{self.name} needs the package {distribution}, which is not installed; "
                    f"install it with `pip install {distribution}`"
                ) from None
        for _, value in self:
            if isinstance(value, Weights):
                try:
                    value.path()
                except MerbenchError as error:
                    raise error.within(self.name) from error

    def code(self) -> tuple[Path, ...]:
        """Files and folders among its parameters that run code when it works, such as pickles.

        Nobody's benchmark runs them unasked: see `merbench verify --trust-plugins`.
        """
        return ()

    @classmethod
    def has_weights(cls) -> bool:
        """Tell whether a parameter of it names weights."""
        fields = cls.model_fields.values()
        return any(True for field in fields for _ in weights_types(field.annotation))

    @classmethod
    def known_weights(cls) -> Sequence[KnownWeights]:
        """Weights that `merbench weights` lists and fetches: those its parameters know."""
        fields = cls.model_fields.values()
        types = (weights for field in fields for weights in weights_types(field.annotation))
        return [known for weights in types for known in weights.known]

    def device_for(self, device: str) -> str:
        """Return what it is told where a benchmark runs on a device.

        That device, where it or a component among its parameters says that it uses one; else the
        processor, so that nothing waits for a device that it leaves alone.
        """
        inner = [component for _, value in self for component in components_in(value)]
        uses = getattr(self, "uses_device", False)
        uses = uses or any(component.device_for(device) == device for component in inner)
        return device if uses else CPU

    def identity(self) -> dict[str, Any]:
        """Name, version and all parameters: what a seed is derived from.

        A path or weights among the parameters count by the content behind them, so that moving a
        file changes nothing and editing it does.
        """
        return {
            "name": self.name,
            "version": self.version,
            "parameters": {
                key: canonical_parameters(value, path=_content) for key, value in sorted(self)
            },
        }

    def fingerprint(self) -> dict[str, Any]:
        """`identity` and the hash of the source behind it: what a cache key is made from.

        Whoever adds to it makes a dictionary of his own: it may be kept for others.
        """
        fingerprint: dict[str, Any] = once(self, "_fingerprint")
        return fingerprint

    def _fingerprint(self) -> dict[str, Any]:
        nested = [c.fingerprint() for _, value in sorted(self) for c in components_in(value)]
        return {"identity": self.identity(), "source": source_digest(type(self)), "nested": nested}


_kept: ContextVar[dict[tuple[int, str], tuple[Component, Any]] | None] = ContextVar(
    "kept", default=None
)
"""What was asked of components, by their `id`; they stand beside it, so that it stays theirs."""


@contextmanager
def answers_kept() -> Iterator[None]:
    """Ask each component for what `once` is told of it a single time within the block.

    A plan is such a block, for it asks for the same with every clip and every cell. What changes
    meanwhile is found by the steps, which take fingerprints anew.
    """
    token = _kept.set({})
    try:
        yield
    finally:
        _kept.reset(token)


def once(component: Component, what: str) -> Any:
    """Return what a property or method says of a component; in `answers_kept` it is asked once.

    The answer belongs to everyone who asks: nobody may change it.
    """
    kept = _kept.get()
    if kept is not None and (id(component), what) in kept:
        return kept[id(component), what][1]
    answer = getattr(component, what)
    answer = answer() if callable(answer) else answer
    if kept is not None:
        kept[id(component), what] = component, answer
    return answer


_PLAIN = frozenset({str, int, float, bool, type(None)})
"""Types of most parameters; a grid has hundreds of thousands of them to ask."""


def components_in(value: Any) -> Iterator[Component]:
    """Yield the components in a parameter: itself, or those that it holds."""
    if type(value) in _PLAIN:
        return
    if isinstance(value, Component):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from components_in(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from components_in(inner)


def canonical_parameters(value: Any, *, path: Callable[[Path | Weights], str]) -> Any:
    """Turn a parameter into JSON values that compare equal when the parameters do."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, Component):
        return value.identity()
    if isinstance(value, (Path, Weights)):
        return path(value)
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, BaseModel):
        return {k: canonical_parameters(v, path=path) for k, v in sorted(value)}
    if isinstance(value, Mapping):
        return {str(k): canonical_parameters(v, path=path) for k, v in sorted(value.items())}
    if isinstance(value, (set, frozenset)):
        return sorted(canonical_parameters(v, path=path) for v in value)
    if isinstance(value, (list, tuple)):
        return [canonical_parameters(v, path=path) for v in value]
    return value


def _content(place: Path | Weights) -> str:
    return place.digest() if isinstance(place, Weights) else content_digest(place)


def source_digest(cls: type[Component]) -> str:
    """Hash of the source that defines a component: its file, its bases' files, `source_modules`.

    What a plugin file imports from its own folder counts with it.
    """
    digest = hashlib.sha256()
    for module in dict.fromkeys([*_defining_modules(cls), *cls.source_modules]):
        for source in source_digests(module):
            digest.update(source.encode())
    return digest.hexdigest()


def plugin_sources(*components: Component) -> frozenset[str]:
    """Return the packages and files whose code these components are: top names of modules."""
    found: set[str] = set()
    for component in components:
        found |= {module.partition(".")[0] for module in _defining_modules(type(component))}
        found |= plugin_sources(*(c for _, value in component for c in components_in(value)))
    return frozenset(found)


def _defining_modules(cls: type[Component]) -> list[str]:
    return [
        base.__module__
        for base in cls.__mro__
        if issubclass(base, Component) and not base.__module__.startswith("merbench.")
    ]
