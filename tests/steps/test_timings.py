"""What tasks took, as it is remembered."""

from __future__ import annotations

from merbench.components import Cost
from merbench.steps import timings


def test_the_median_of_what_was_recorded_is_read(tmp_path):
    for seconds in (1.0, 2.0, 9.0):
        timings.record(tmp_path, "fit", "ridge", Cost(seconds, 0.5))
    timings.record(tmp_path, "fit", "größer", Cost(3.0, 0.5))
    assert timings.read_timings(tmp_path) == (
        {("fit", "ridge"): Cost(2.0, 0.5), ("fit", "größer"): Cost(3.0, 0.5)},
        0,
    )


def test_lines_that_say_nothing_are_counted_and_the_others_read(tmp_path):
    timings.record(tmp_path, "fit", "ridge", Cost(2.0, 0.5))
    line = '{"stage": "fit", "component": "ridge", "unit_seconds": %s, "unit_megabytes": 1}\n'
    with timings.file_of(tmp_path).open("ab") as file:
        file.write(b"\xff\xfe no UTF-8\n[1, 2]\n7\n{}\n")
        file.write("".join(line % x for x in ("NaN", "Infinity", "-1", '"much"')).encode())
        file.write(b'{"stage": "fi')  # a run that was killed
    assert timings.read_timings(tmp_path) == ({("fit", "ridge"): Cost(2.0, 0.5)}, 9)


def test_what_was_not_measured_by_the_unit_is_forgotten_in_silence(tmp_path):
    older = '{"stage": "fit", "component": "ridge", "seconds": 9.0, "megabytes": 1}\n'
    timings.file_of(tmp_path).write_text(older)
    timings.record(tmp_path, "fit", "ridge", Cost(2.0, 0.5))
    assert timings.read_timings(tmp_path) == ({("fit", "ridge"): Cost(2.0, 0.5)}, 0)


def test_machines_that_share_a_store_write_files_of_their_own(tmp_path, monkeypatch):
    for host, seconds in (("one", 1.0), ("two", 3.0)):
        monkeypatch.setattr("platform.node", lambda host=host: host)
        timings.record(tmp_path, "fit", "ridge", Cost(seconds, 0.5))
    assert {path.name for path in tmp_path.iterdir()} == {"timings-one.jsonl", "timings-two.jsonl"}
    assert timings.read_timings(tmp_path) == ({("fit", "ridge"): Cost(2.0, 0.5)}, 0)


def test_without_a_file_nothing_is_known(tmp_path):
    assert timings.read_timings(tmp_path / "none") == ({}, 0)
