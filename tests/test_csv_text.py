"""Texts in CSV files: harmless as written, and the same when read back."""

from __future__ import annotations

import pytest

from merbench.csv_text import harmless, original, rows_text


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=1+1", "'=1+1"),
        ("'=1", "''=1"),
        ("''=1", "'''=1"),
        ("'quoted'", "'quoted'"),
        ("a=b", "a=b"),
        ("a;=b", "a;'=b"),
        ("x\n@y", "x\n'@y"),
        ("-", "'-"),
        ("\t", "'\t"),
        ("＝1", "'＝1"),
        ("", ""),
        (" =1", "' =1"),
    ],
)
def test_what_a_spreadsheet_would_compute_gets_an_apostrophe(text, written):
    assert harmless(text) == written
    assert original(written) == text


def test_numbers_among_texts_stay_numbers():
    rows = [["-1.50"], ["2e-05"], ["-inf"], ["-x"]]
    assert rows_text(["a"], rows) == "a\n-1.50\n2e-05\n-inf\n'-x\n"
