"""No code that a run names runs here unless the reader says so."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hostile import edit

from merbench.cli import main
from merbench.errors import MerbenchError
from merbench.pages.excerpts import ExcerptMaker
from merbench.runs import record
from merbench.steps.store import Store
from merbench.verification.refit import rerun


@pytest.fixture
def trap(two_runs, tmp_path) -> tuple[Path, Path]:
    """A run that names a plugin which leaves a file where it is imported, and that file."""
    run = Path(shutil.copytree(two_runs[1], tmp_path / "run"))
    sprung, plugin = tmp_path / "sprung", tmp_path / "evil.py"
    plugin.write_text(f"open({str(sprung)!r}, 'w').close()\n")
    edit(run, lambda manifest: manifest["spec"].update(plugins=[str(plugin)]))
    return run, sprung


def test_fitting_again_imports_no_plugin_that_the_run_names(trap, tmp_path):
    run, sprung = trap
    with pytest.raises(MerbenchError, match=r"would run here .*evil\.py.*say --trust-plugins"):
        rerun(run, 1, Store(tmp_path / "store"), lambda tasks, paths: {})
    assert not sprung.exists()


def test_a_report_with_audio_imports_no_plugin_that_the_run_names(trap, tmp_path):
    run, sprung = trap
    with pytest.raises(MerbenchError, match=r"would run here .*evil\.py.*say --trust-plugins"):
        ExcerptMaker(
            record.read_record(run).manifest, ["noise"], tmp_path, Store(tmp_path / "store")
        )
    assert not sprung.exists()


def test_reading_verifying_and_comparing_import_nothing(trap, home, monkeypatch, capsys):
    run, sprung = trap
    for command in (["verify"], ["compare"]):
        monkeypatch.setattr("sys.argv", ["merbench", *command, str(run)])
        with pytest.raises(SystemExit):
            main()
        capsys.readouterr()
        assert not sprung.exists(), command


def test_a_model_of_ones_own_that_is_a_pickle_needs_the_same_word(two_runs, tmp_path):
    run = Path(shutil.copytree(two_runs[1], tmp_path / "run"))
    spec = {"separators": [{"demucs": {"repo": str(tmp_path / "models")}}], "plugins": []}
    known = {"datasets": ["demo"], "features": ["egemaps"], "models": ["ridge"]}
    edit(run, lambda manifest: manifest["spec"].update(spec | known))
    edit(run, lambda manifest: manifest.update(base=str(tmp_path)))
    with pytest.raises(MerbenchError, match=r"would run here .*models; read them"):
        rerun(run, 1, Store(tmp_path / "store"), lambda tasks, paths: {})
