"""What is said of the machine that measured something."""

from __future__ import annotations

import json
import platform

from merbench import machine, threads


def test_hardware_is_json_and_names_no_host():
    known = machine.hardware()
    assert json.loads(json.dumps(known)) == known
    assert known["cores"] == threads.cores()
    assert known["memory_gb"] > 0.1
    assert platform.node() not in json.dumps(known).split()


def test_a_kind_of_host_is_its_processor_and_cores():
    assert machine.host_kind().endswith(f", {threads.cores()} cores")
    assert machine.host_kind() == machine.host_kind()
    assert machine.host_kind().partition(",")[0]


def test_a_system_without_proc_has_what_python_knows(monkeypatch):
    def missing(path, *_, **__):
        raise FileNotFoundError(path)

    monkeypatch.setattr("pathlib.Path.read_text", missing)
    assert machine.hardware()["cpu"] == platform.processor()
