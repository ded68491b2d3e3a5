"""What a benchmark file may say."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
)

from merbench.benchmark.complaints import explained
from merbench.benchmark.document import Document
from merbench.benchmark.names import AXES, NONE, axis_of, is_named
from merbench.benchmark.protocols import MonteCarlo
from merbench.components import MIXED
from merbench.errors import PluginError
from merbench.plugins.registry import split_choice
from merbench.received_names import PATTERN

# --- the shape of a benchmark file ---------------------------------------------------------------


def _choice(value: Any) -> Any:
    try:
        split_choice(value)
    except PluginError as error:
        raise ValueError(str(error)) from None
    return value


Choice = Annotated[str | dict[str, dict[str, Any] | None], BeforeValidator(_choice)]

# The tags keep complaints apart, so that the one shown is about what was meant.
OneOrSeveral = Annotated[
    Annotated[Choice, Tag("one")] | Annotated[list[Choice], Field(min_length=1), Tag("several")],
    Discriminator(lambda value: "several" if isinstance(value, list) else "one"),
]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Compare(_Strict):
    """A family of paired comparisons: cells that differ along one axis only."""

    across: Annotated[
        Literal["augmentation", "separator", "features", "model"],
        BeforeValidator(lambda value: axis_of(value) or value if isinstance(value, str) else value),
    ]


class Exclusion(_Strict):
    """Cells to leave out, or the only ones to make: those that match every name given.

    A name may be that of a component alone, or with parameters, as tables show them; see
    `is_named`.
    """

    dataset: str | None = Field(None, description="What stands on this axis, as tables show it.")
    augmentation: str | None = Field(
        None, description="What stands on this axis, as tables show it."
    )
    separator: str | None = Field(None, description="What stands on this axis, as tables show it.")
    features: str | None = Field(None, description="What stands on this axis, as tables show it.")
    model: str | None = Field(None, description="What stands on this axis, as tables show it.")

    def matches(self, names: Mapping[str, str], full_names: Mapping[str, str]) -> bool:
        """Tell whether a cell of these names, without and with parameters, is left out."""
        given = {axis: getattr(self, axis) for axis in AXES if getattr(self, axis) is not None}
        return bool(given) and all(
            is_named(name, names[axis], full_names[axis]) for axis, name in given.items()
        )


class ReportedSystem(_Strict):
    """What a paper prints of one system, and which cells are that system."""

    system: str = Field(min_length=1, description="What the paper calls it.")
    cells: Exclusion = Field(description="The cells that are it, by the names of their axes.")
    values: dict[str, float] = Field(
        min_length=1, description="The paper's number on each dataset, by the dataset's name."
    )
    metric: str | None = Field(None, description="The metric, where it is another than the rest's.")
    status: Literal["reported", "corrected"] = Field(
        "reported", description="As printed, or as it would be without a mistake."
    )
    note: str = Field("", description="What is to be known of it.")


class Reported(_Strict):
    """A paper's table, beside which `merbench reproduce` sets what this benchmark finds."""

    source: str = Field(min_length=1, description="The paper and its table.")
    metric: str = Field("kl_mean", description="The metric of a fold that it prints.")
    only: bool = Field(
        False, description="Whether combinations that are none of its systems make no cell."
    )
    systems: list[ReportedSystem] = Field(min_length=1, description="Its rows.")


class Spec(_Strict):
    """What a benchmark file may say."""

    name: str = Field(pattern=f"^{PATTERN}$", description="Name of the benchmark.")
    datasets: list[Choice] = Field(min_length=1, description="Datasets, each with its `root`.")
    augmentations: list[OneOrSeveral] = Field(
        [NONE],
        min_length=1,
        description="Augmentations of the training clips; `none` for the clips alone, a list for "
        "several whose copies are added together.",
    )
    separators: list[Choice] = Field([MIXED], min_length=1, description="Separators.")
    features: list[OneOrSeveral] = Field(
        min_length=1,
        description="Feature extractors; a list for models with several inputs, or for vectors "
        "that are joined into one.",
    )
    models: list[Choice] = Field(min_length=1, description="Models.")
    protocol: Choice = Field(MonteCarlo.name, description="How clips are split.")
    compare: list[Compare] = Field(
        [Compare(across="separator"), Compare(across="model")],
        description="Families of paired comparisons.",
    )
    baselines: bool = Field(True, description="Include the registered baselines.")
    exclude: list[Exclusion] = Field([], description="Cells to leave out.")
    # What follows decides no cell's numbers, and is no part of a run's identity.
    include: list[Exclusion] = Field(
        [],
        exclude=True,
        description="The only cells to make, baselines beside them; by default all that can be.",
    )
    reported: Reported | None = Field(
        None, exclude=True, description="A paper's table, which `merbench reproduce` holds it to."
    )
    smoke: dict[str, Any] = Field(
        {},
        exclude=True,
        description="Values that `--smoke` sets, by keys as `--set` takes them: budgets that try "
        "the whole file in minutes.",
    )
    plugins: list[str] = Field([], description="Plugin files and folders to load.")
    seed: int = Field(1, ge=0, description="Where every model's chance comes from.")
    device: str = Field(
        "cpu", min_length=1, description="Torch device that what uses one works on, or auto."
    )


def parse(document: Document) -> Spec:
    """Check a document's shape.

    Raises
    ------
    SpecError
        With file and line.
    """
    if not isinstance(document.data, dict):
        raise document.error((), "a benchmark file is a mapping with name, datasets, features, …")
    try:
        return Spec.model_validate(document.data)
    except ValidationError as error:
        raise explained(error, document, (), Spec, None) from None


def plugin_paths(document: Document, spec: Spec) -> list[Path]:
    """Return the plugin files and folders a benchmark names, and the `plugins/` beside it."""
    return _plugin_paths(document, spec.plugins)


def stated_plugin_paths(document: Document) -> list[Path]:
    """Return the same of a file that need not be whole yet, as one that is being written."""
    data = document.data if isinstance(document.data, dict) else {}
    texts = data.get("plugins")
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        texts = []
    return _plugin_paths(document, texts)


def _plugin_paths(document: Document, texts: Sequence[str]) -> list[Path]:
    paths = []
    for position, text in enumerate(texts):
        path = document.file(("plugins", position), text)
        if not os.path.exists(path):  # noqa: PTH110 - False for what can be no path at all
            raise document.error(("plugins", position), f"the plugin {path} does not exist")
        paths.append(path)
    beside = document.folder / "plugins"
    return [*paths, beside] if beside.is_dir() else paths
