"""What a cluster file may say of Dask."""

from __future__ import annotations

from pathlib import Path

import pytest

from merbench.engines import catalogue
from merbench.engines.dask_engine import Dask
from merbench.errors import MerbenchError
from merbench.plugins.registry import Registry

SLURM = """\
engine: dask
cluster: slurm
jobs: {minimum: 0, maximum: 40}
worker: {cores: 4, memory: 16GB, walltime: "04:00:00"}
gpu: {resources: {gpu: 1}, directives: ["--gres=gpu:1"]}
store: shared/merbench
"""


def read(tmp_path: Path, text: str, *assignments: str) -> Dask:
    path = tmp_path / "cluster.yaml"
    path.write_text(text)
    engine = catalogue.engine(Registry(), str(path), assignments)
    assert isinstance(engine, Dask)
    return engine


def test_a_file_names_the_engine_and_its_parameters(tmp_path: Path) -> None:
    engine = read(tmp_path, SLURM)
    assert engine.cluster == "slurm"
    assert engine.jobs is not None
    assert engine.jobs.maximum == 40
    assert engine.worker is not None
    assert engine.worker.memory == "16GB"
    assert engine.gpu is not None
    assert engine.gpu.directives == ("--gres=gpu:1",)
    # A relative folder starts from the file, as in a benchmark file.
    assert engine.shared_store == tmp_path / "shared" / "merbench"


def test_a_parameter_can_be_set_over_the_file(tmp_path: Path) -> None:
    engine = read(tmp_path, SLURM, "worker.cores=2", "jobs.maximum=3")
    assert engine.worker is not None
    assert engine.worker.cores == 2
    assert engine.jobs is not None
    assert engine.jobs.maximum == 3


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("engine: dask", "engine: daks", ":1: there is no engine 'daks'; did you mean 'dask'"),
        ("engine: dask", "motor: dask", "an engine file is a mapping with engine"),
        ("memory:", "memori:", ":4: unknown key 'memori' of worker; did you mean 'memory'?"),
        ('"04:00:00"', "10:30:00", ":4: worker.walltime: YAML reads this as the number 37800; wr"),
        ('"04:00:00"', '"4h"', ":4: worker.walltime: '4h' is no time of the form"),
        ('"04:00:00"', '"00:05:00"', ":4: worker.walltime: '00:05:00' is too short; a job needs"),
        ("16GB", "lots", ":4: worker.memory: "),
        ("maximum: 40", "maximum: 0", ":3: jobs.maximum: "),
        ("minimum: 0", "minimum: 41", ":3: jobs: minimum 41 is above maximum 40"),
        ("cluster: slurm", "cluster: local", "jobs is for the clusters slurm and pbs alone"),
        ("store: shared/merbench", "", "store is missing: name a folder that has the same path"),
        ("gpu: 1}", "gpu: 0}", ":5: gpu.resources.gpu: "),
        ("cluster: slurm", "cluster: {adress: tcp://a:1}", ":2: unknown key 'adress' of cluster"),
    ],
)
def test_what_is_wrong_in_a_file_is_named_with_its_line(
    tmp_path: Path, old: str, new: str, says: str
) -> None:
    assert old in SLURM
    with pytest.raises(MerbenchError) as error:
        read(tmp_path, SLURM.replace(old, new))
    assert says in str(error.value)


def test_what_would_do_nothing_is_refused() -> None:
    for parameters in (
        {"gpu": {}},
        {"worker": {}},
        {"cluster": {"address": "tcp://a:1"}, "gpu": {"directives": ["--gres=gpu:1"]}},
    ):
        with pytest.raises(ValueError, match=r"gpu|worker"):
            Dask(**parameters)


def test_a_file_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(MerbenchError, match="the engine file cannot be read"):
        catalogue.engine(Registry(), str(tmp_path / "none.yaml"))
