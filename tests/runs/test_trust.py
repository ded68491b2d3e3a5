"""Whose code runs when a run is repeated."""

from __future__ import annotations

import pytest

from merbench.benchmark.document import read_document
from merbench.errors import MerbenchError
from merbench.runs.trust import resolved


def test_plugins_beside_a_benchmark_run_when_their_reader_says_so(bench):
    document = read_document(bench.spec)
    with pytest.raises(MerbenchError, match=r"the run names files .*plugins; read them, and say"):
        resolved(document, "the run", trusted=False)
    benchmark, paths = resolved(document, "the run", trusted=True)
    assert [path.name for path in paths] == ["plugins"]
    assert {model.name for model in benchmark.models} == {"average", "linear"}


def test_a_benchmark_that_names_no_file_needs_no_word(tmp_path):
    (tmp_path / "b.yaml").write_text(
        "name: b\ndatasets: [demo]\nfeatures: [egemaps]\nmodels: [ridge]\n"
    )
    _, paths = resolved(read_document(tmp_path / "b.yaml"), "the run", trusted=False)
    assert paths == []
