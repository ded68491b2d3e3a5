"""Datasets that their users describe: name, authors, citation, licence and address are theirs."""

from __future__ import annotations

import warnings
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from merbench_plugins.datasets.labelled import MeanLabels

__all__ = ["Described"]

Authors = Annotated[
    tuple[str, ...], BeforeValidator(lambda value: (value,) if isinstance(value, str) else value)
]

with warnings.catch_warnings():
    # pydantic warns of parameters named like class attributes of a base: here they are meant to
    # stand before them.
    warnings.filterwarnings("ignore", "Field name .* shadows an attribute in parent")

    class Described(MeanLabels):
        """Base of datasets whose data are the user's own.

        The registry asks the class for its name: a subclass sets that once it is defined.
        """

        name: str = Field(  # type: ignore[misc]
            "table",
            pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$",
            description="Name of your dataset, as tables and pages are to show it.",
        )
        authors: Authors = Field(  # type: ignore[misc]
            (), description="Who made the dataset: one name, or a list."
        )
        citation: str = Field(  # type: ignore[misc]
            "", description="What to cite where the dataset is used."
        )
        licence: str = Field(  # type: ignore[misc]
            "that of your data", description="Terms that the dataset is under."
        )
        url: str = Field("", description="Where the dataset is to be had.")

        @property
        def homepage(self) -> str:  # type: ignore[override]
            """Where the dataset comes from."""
            return self.url

        @property
        def settings(self) -> dict[str, Any]:
            """Parameters that differ from their defaults and decide what is read."""
            return {k: v for k, v in super().settings.items() if k not in DESCRIBING}

        def identity(self) -> dict[str, Any]:
            """Its own name, version, and all parameters that decide what is read."""
            identity = super().identity()
            parameters = identity["parameters"].items()
            return identity | {"parameters": {k: v for k, v in parameters if k not in DESCRIBING}}


DESCRIBING = frozenset({"name", "authors", "citation", "licence", "url"})
"""Parameters that say what a dataset is and change nothing of what is read."""
