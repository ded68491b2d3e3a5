"""The jobs that a queue is asked for, and clusters that are made here."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from merbench.components import EngineOptions
from merbench.engines import dask_clusters
from merbench.engines.dask_engine import Dask
from merbench.engines.schedule import execute_steps
from merbench.errors import MerbenchError
from merbench.steps.store import Store
from tinywork import Act, be_killed, nothing

ENGINE = Dask.model_validate(
    {
        "cluster": "slurm",
        "jobs": {"minimum": 0, "maximum": 40},
        "worker": {
            "cores": 4,
            "memory": "16GiB",
            "walltime": "04:00:00",
            "queue": "long",
            "account": "mir",
            "prologue": ["module load python"],
        },
        "gpu": {"resources": {"gpu": 1}, "directives": ["--gres=gpu:1"]},
        "store": "/shared/merbench",
    }
)
COMMAND = (
    "PYTHON -m distributed.cli.dask_worker tcp://10.0.0.1:8786 --name 0 --nthreads 4 "
    "--memory-limit 16.00GiB --no-nanny --death-timeout 60 --lifetime 14100s "
    "--lifetime-stagger 240s"
)
SCRIPTS = {
    ("slurm", False): f"""\
#!/usr/bin/env bash

#SBATCH -J merbench
#SBATCH -p long
#SBATCH -A mir
#SBATCH -n 1
#SBATCH --cpus-per-task=4
#SBATCH --mem=16G
#SBATCH -t 04:00:00
module load python
{COMMAND}
""",
    ("slurm", True): f"""\
#!/usr/bin/env bash

#SBATCH -J merbench-gpu
#SBATCH -p long
#SBATCH -A mir
#SBATCH -n 1
#SBATCH --cpus-per-task=4
#SBATCH --mem=16G
#SBATCH -t 04:00:00
#SBATCH --gres=gpu:1
module load python
{COMMAND} --resources gpu=1
""",
    ("pbs", False): f"""\
#!/usr/bin/env bash

#PBS -N merbench
#PBS -q long
#PBS -A mir
#PBS -l select=1:ncpus=4:mem=16GB
#PBS -l walltime=04:00:00
module load python
{COMMAND}
""",
}


def test_ctrl_c_means_what_it_did_before_the_package_of_queues_was_imported() -> None:
    import subprocess

    code = (
        "import signal; from merbench.engines import dask_clusters; dask_clusters.jobqueue();"
        "assert signal.getsignal(signal.SIGINT) is signal.default_int_handler"
    )
    launch = f"import signal; signal.signal(signal.SIGINT, signal.default_int_handler); {code}"
    subprocess.run([sys.executable, "-c", launch], check=True, timeout=120)


@pytest.mark.parametrize(("queue", "gpu"), SCRIPTS)
def test_the_scripts_of_a_queues_jobs(queue: str, gpu: bool) -> None:
    settings = dask_clusters.job_settings(ENGINE, gpu=gpu)
    del settings["scheduler_options"]
    module = getattr(dask_clusters.jobqueue(), queue)
    job = getattr(module, f"{queue.upper()}Job")(
        scheduler="tcp://10.0.0.1:8786", name="0", **settings
    )
    script = job.job_script().replace(sys.executable, "PYTHON")
    assert script.strip() == SCRIPTS[queue, gpu].strip()


def test_a_scheduler_that_does_not_answer_is_a_sentence(tmp_path: Path, monkeypatch) -> None:
    import dask

    engine = Dask.model_validate({"cluster": {"address": "tcp://127.0.0.1:9"}})
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "1s"}),
        pytest.raises(MerbenchError, match=r"no Dask scheduler answers at tcp://127.0.0.1:9"),
        engine.start(EngineOptions(tmp_path, jobs=1)),
    ):
        pass


def test_jobs_of_a_queue_do_steps(tmp_path: Path, monkeypatch) -> None:
    """A queue whose jobs are processes of this machine stands for Slurm's."""

    dask_clusters.jobqueue()
    from dask_jobqueue.local import LocalCluster

    class Cluster(LocalCluster):
        def __init__(self, **settings: Any) -> None:
            for name in ("queue", "account", "walltime", "job_extra_directives"):
                settings.pop(name, None)
            super().__init__(**settings)

    monkeypatch.setattr(dask_clusters, "_queue", lambda name: Cluster)
    store = Store(tmp_path / "store")
    store.prepare()
    engine = Dask.model_validate(
        {
            "cluster": "slurm",
            "jobs": {"minimum": 1, "maximum": 1},
            "worker": {"cores": 2, "memory": "4GB", "walltime": "00:30:00"},
            "store": str(store.folder),
        }
    )
    assert shlex.quote(sys.executable) == sys.executable
    tests = Path(__file__).resolve().parents[1]
    monkeypatch.setenv("PYTHONPATH", f"{tests}:{':'.join(sys.path)}")
    with engine.start(EngineOptions(store.folder, timeout=60)) as place:
        steps = {"a": Act("a", be_killed), "b": Act("b", nothing), "c": Act("c", nothing)}
        ends = execute_steps(steps, place, lambda _: None)
        status = place.status()  # type: ignore[attr-defined]
    assert "killed by SIGKILL" in ends["a"].error
    assert [ends[key].error for key in "bc"] == ["", ""]
    assert status.startswith("1 worker, ")
