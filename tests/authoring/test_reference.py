"""Pages of reference that follow from the code."""

from __future__ import annotations

import pytest

from merbench.authoring import reference
from merbench.benchmark import protocols
from merbench.benchmark.schema import Exclusion, Spec
from merbench.engines import catalogue
from merbench.leaderboard.dictionary import every_column
from merbench.plugins import discovery
from merbench.plugins.registry import KINDS, Registry


@pytest.fixture(scope="module")
def registry() -> Registry:
    return catalogue.with_ours(protocols.with_protocols(discovery.load_plugins()))


def rows(page: str) -> list[list[str]]:
    """The cells of every row of every table; a bar within one is escaped."""
    lines = [line for line in page.splitlines() if line.startswith("| ")]
    return [line.replace("\\|", "¦").strip("| ").split(" | ") for line in lines]


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_has_every_plugin_with_every_parameter(kind: str, registry: Registry) -> None:
    page = reference.plugins_page(kind, registry)
    assert page.startswith(f"# {reference.KIND_TITLES[kind]}\n")
    for entry in registry.of_kind(kind):
        _, _, own = page.partition(f"\n## {entry.name}\n")
        own = own.partition("\n## ")[0]
        assert own
        for name, info in entry.cls.model_fields.items():
            assert f"| `{info.alias or name}` |" in own, entry.name
    widths = {len(row) for row in rows(page)}
    assert widths <= {2, 3}


def test_citations_and_what_a_class_says_are_on_its_page(registry: Registry) -> None:
    page = reference.plugins_page("model", registry)
    assert "tasks: `classes`, `quadrant`, `va`; inputs: vector." in page
    cited = [e.cls for e in registry.of_kind("separator") if isinstance(e.cls.citation, str)]
    page = reference.plugins_page("separator", registry)
    assert all(" ".join(cls.citation.split())[:20] in page for cls in cited if cls.citation)


def test_the_keys_of_a_benchmark_file() -> None:
    page = reference.schema_page()
    for key, info in {**Spec.model_fields, **Exclusion.model_fields}.items():
        assert f"| `{key}` |" in page
        assert info.description
    assert "| `seed` | `1` |" in page
    assert "| `name` | required |" in page


def test_every_column_of_every_table() -> None:
    page = reference.columns_page()
    for name in every_column():
        assert "| `" + name.replace("|", "\\|") + "` |" in page


def test_nothing_in_a_cell_is_taken_for_markdown() -> None:
    page = reference.table(("a",), [("x | *y* <z> `a_b|c` [1, 9]\nnext",)])
    assert page.splitlines()[-1] == "| x \\| \\*y\\* \\<z> `a_b\\|c` \\[1, 9\\] next |"
