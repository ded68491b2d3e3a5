"""Arrays as files: rows appended to one come back, and a change in one shows."""

from __future__ import annotations

import numpy as np
import pytest

from merbench.steps.array_files import appending, file_checksum, save_array


@pytest.mark.parametrize("shape", [(3,), (2, 4, 5), ()])
def test_rows_are_appended_to_a_file_that_numpy_reads(tmp_path, shape):
    rows = np.random.default_rng(0).standard_normal((1200, *shape)).astype(np.float32)
    with appending(tmp_path / "rows.npy") as append:
        for part in np.split(rows, [1, 7, 7, 1199]):
            append(part)
    for mode in (None, "r"):
        back = np.load(tmp_path / "rows.npy", mmap_mode=mode)
        np.testing.assert_array_equal(back, rows)
        assert back.dtype == np.float32


def test_rows_of_any_order_and_type_are_appended_as_they_are(tmp_path):
    columns = np.asfortranarray(np.arange(12.0).reshape(3, 4))
    with appending(tmp_path / "rows.npy") as append:
        append(columns)
        append(columns[:, ::-1])
    back = np.load(tmp_path / "rows.npy")
    np.testing.assert_array_equal(back, np.concatenate([columns, columns[:, ::-1]]))


def test_an_array_comes_back_and_a_change_in_its_file_shows(tmp_path):
    path = tmp_path / "array.npy"
    array = np.arange(6.0).reshape(2, 3)
    save_array(path, array)
    np.testing.assert_array_equal(np.load(path), array)
    before = file_checksum(path)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert file_checksum(path) != before
