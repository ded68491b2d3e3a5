"""The keys of a benchmark file that need no plugin to be understood."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmark_files import BASE

from merbench.benchmark.document import read_document
from merbench.benchmark.schema import parse, plugin_paths
from merbench.errors import SpecError


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
