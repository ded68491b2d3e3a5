"""Datasets that their users describe: name, authors, citation, licence and address are theirs."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from merbench_plugins.datasets.labelled import MeanLabels

__all__ = ["UserDescribed"]

Authors = Annotated[
    tuple[str, ...], BeforeValidator(lambda value: (value,) if isinstance(value, str) else value)
]


class UserDescribed(MeanLabels):
    """Base of datasets whose data are the user's own.

    What a benchmark file calls `name`, `authors`, `citation` and `licence` are class attributes of
    other datasets, which is why the fields have other names here.
    """

    own_name: str = Field(
        "",
        alias="name",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$",
        description="Name of your dataset, as tables and pages are to show it.",
    )
    own_authors: Authors = Field(
        (), alias="authors", description="Who made the dataset: one name, or a list."
    )
    own_citation: str = Field(
        "", alias="citation", description="What to cite where the dataset is used."
    )
    own_licence: str = Field(
        "that of your data", alias="licence", description="Terms that the dataset is under."
    )
    url: str = Field("", description="Where the dataset is to be had.")

    @property
    def title(self) -> str:
        """The user's name for it, as tables show it."""
        return (self.own_name or self.name) + super().title.removeprefix(self.name)

    @property
    def authors(self) -> tuple[str, ...]:  # type: ignore[override]
        """Who made the dataset."""
        return self.own_authors

    @property
    def citation(self) -> str:  # type: ignore[override]
        """What to cite."""
        return self.own_citation

    @property
    def licence(self) -> str:  # type: ignore[override]
        """The terms it is under."""
        return self.own_licence

    @property
    def homepage(self) -> str:  # type: ignore[override]
        """Where it comes from."""
        return self.url

    @property
    def settings(self) -> dict[str, Any]:
        """Parameters that differ from their defaults and decide what is read."""
        return {k: v for k, v in super().settings.items() if k not in UserDescribed.__annotations__}

    def identity(self) -> dict[str, Any]:
        """The user's name for it, version, and all parameters that decide what is read."""
        identity = super().identity()
        decisive = {
            key: value
            for key, value in identity["parameters"].items()
            if key not in UserDescribed.__annotations__
        }
        return identity | {"name": self.own_name or self.name, "parameters": decisive}
