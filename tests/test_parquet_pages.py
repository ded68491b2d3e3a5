"""What pages of Parquet files say that they hold."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from merbench.parquet_pages import pages_of


def written(path: Path, **how: object) -> pq.FileMetaData:
    numbers = np.arange(30_000)
    texts = [f"clip {i % 7}" for i in numbers]
    table = pa.table({"text": texts, "number": numbers / 7, "whole": numbers})
    pq.write_table(table, path, row_group_size=10_000, data_page_size=4096, **how)
    return pq.read_metadata(path)


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("compression", ["none", "zstd", "snappy"])
def test_pages_of_honest_files_hold_what_the_footer_says(tmp_path, version, compression):
    path = tmp_path / "t.parquet"
    metadata = written(path, data_page_version=version, compression=compression)
    found = pages_of(path, metadata)
    stated = sum(metadata.row_group(i).total_byte_size for i in range(3))
    assert 0.9 * stated < found.unpacked <= stated  # which counts the headers as well
    assert found.values == 3 * 30_000


def test_a_table_without_rows_has_no_values(tmp_path):
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"a": pa.array([], pa.float64())}), path)
    assert pages_of(path, pq.read_metadata(path)).values == 0


def test_damaged_headers_are_one_sentence(tmp_path):
    path = tmp_path / "t.parquet"
    metadata = written(path)
    data = bytearray(path.read_bytes())
    for byte in (0, 21, 25, 255):
        path.write_bytes(data[:4] + bytes([byte]) * 40 + data[44:])
        with pytest.raises(ValueError, match=r"^[^\n]+$"):
            pages_of(path, metadata)
    path.write_bytes(data[:1000])
    with pytest.raises(ValueError, match="lies outside the file"):
        pages_of(path, metadata)


def test_more_pages_than_any_table_needs_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("merbench.parquet_pages._MOST_PAGES", 5)
    path = tmp_path / "t.parquet"
    metadata = written(path)
    with pytest.raises(ValueError, match="more than 5 pages"):
        pages_of(path, metadata)
