from __future__ import annotations

from pathlib import Path

import miniatures
import pytest
from pydantic import ValidationError

from merbench.plugins import discovery
from merbench_plugins.datasets.table import Table

SAID = {
    "name": "my-songs",
    "authors": ["Ann One", "Bo Two"],
    "citation": "One and Two 2026",
    "licence": "CC BY 4.0",
    "url": "https://example.org/songs",
}


def test_a_table_says_what_its_user_says() -> None:
    table = Table.model_validate(SAID)
    assert (table.name, table.title) == ("table", "my-songs")
    assert table.authors == ("Ann One", "Bo Two")
    assert (table.citation, table.licence) == ("One and Two 2026", "CC BY 4.0")
    assert table.homepage == "https://example.org/songs"
    assert Table(authors="Ann One").authors == ("Ann One",)  # type: ignore[arg-type]


def test_the_class_is_still_what_the_registry_knows() -> None:
    assert (Table.name, Table().name, Table().title) == ("table", "table", "table")
    assert discovery.load_plugins().get("dataset", "table").cls is Table
    assert Table().citation == ""
    assert Table().authors == ()


def test_what_is_said_of_data_changes_no_number() -> None:
    said, plain = Table.model_validate(SAID), Table.model_validate({"name": "my-songs"})
    assert said.identity() == plain.identity()
    assert said.settings == {}
    assert said.identity()["name"] == "my-songs"
    assert said.identity()["parameters"] == Table().identity()["parameters"]
    assert "name" not in said.identity()["parameters"]


def test_names_tell_tables_apart() -> None:
    assert Table(name="a").identity() != Table(name="b").identity()


@pytest.mark.parametrize("name", ["", "my songs", "a(b)", "-x", "a=b"])
def test_names_that_tables_could_not_show_are_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="name"):
        Table(name=name)


def test_a_fixed_deviation_stands_in_the_title(tmp_path: Path) -> None:
    table = Table(name="mine", fixed_std=0.125)
    assert table.title == "mine (fixed_std=0.125)"
    assert table.settings == {"fixed_std": 0.125}
    root = miniatures.table(tmp_path)
    assert Table(name="mine").clips(root) == Table().clips(root)
