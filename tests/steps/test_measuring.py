"""Levels of stems, and the shift of a run's music, through a run."""

from __future__ import annotations

import numpy as np
import pytest
from stage_plugins import CHANGED, measured, rewrite

from merbench.errors import ChangedError
from merbench.evaluation.shift import DESCRIPTORS
from merbench.runs import stems
from merbench.steps import measuring
from tinybench import TinyBench

LEARNED = '''
from merbench import Separator, hookimpl
from merbench.evaluation.shift import DESCRIPTORS, TrainingMusic


class Learned(Separator):
    """Half the clip is one stem, the other half the other."""

    name = "learned"
    stems = ("bass", "drums")
    groups: int = 12

    def separate(self, waveform, sample_rate, *, device):
        return {"bass": 0.75 * waveform, "drums": 0.25 * waveform}

    def training_music(self):
        import numpy as np

        rng = np.random.default_rng(0)
        rows = rng.normal(-30, 1, (self.groups, len(DESCRIPTORS)))
        return TrainingMusic(rows, tuple(str(g) for g in range(self.groups)))


@hookimpl
def merbench_separators():
    yield Learned
'''


def test_levels_are_power_over_the_mixtures():
    mixture = np.ones((2, 100), np.float32)
    found = measuring.levels([0.5 * mixture, 0 * mixture, -mixture], mixture)
    np.testing.assert_allclose(found, [20 * np.log10(0.5), measuring.FLOOR, 0.0], atol=1e-6)


def test_stems_of_a_silent_clip_have_the_least_level():
    silence = np.zeros((1, 10), np.float32)
    assert (measuring.levels([silence, silence], silence) == measuring.FLOOR).all()


@pytest.fixture
def bench(tmp_path):
    made = TinyBench.make(tmp_path, clips=10)
    made.write_plugin("learned", LEARNED)
    made.write_spec(separators=["plain", "learned"])
    return made


def test_a_run_keeps_levels_of_separated_clips(bench):
    plan = bench.plan()
    run = bench.run()
    assert not run.failed
    table = stems.stem_table([stems.read_measured(part, bench.store) for part in plan.described])
    # `plain` is one stem, the clip itself: there is nothing to tell of it.
    assert set(table["separator"]) == {"learned"}
    assert len(table) == 10 * 2
    levels = table.groupby("stem")["level_db"]
    assert levels.min().to_dict() == pytest.approx(levels.max().to_dict(), abs=1e-4)
    assert levels.mean()["bass"] == pytest.approx(20 * np.log10(0.75), abs=1e-3)
    assert levels.mean()["drums"] == pytest.approx(20 * np.log10(0.25), abs=1e-3)


def test_a_shift_is_tested_where_the_training_music_is_known(bench):
    plan = bench.plan(separators=["halves", "learned", {"learned": {"groups": 3}}])
    bench.run()
    unknown, known, few = stems.shifts(
        [stems.read_measured(part, bench.store) for part in plan.described], seed=1
    )
    assert unknown["separator"] == "halves"
    assert "not described" in unknown["reason"]
    assert known["p"] < 0.01
    assert known["outside"] == 1.0
    assert set(known["differences"]) == set(DESCRIPTORS)
    assert "3 groups" in few["reason"]


def test_clips_that_were_never_measured_have_no_row(bench):
    plan = bench.plan()
    assert stems.stem_table(
        [stems.read_measured(part, bench.store) for part in plan.described]
    ).empty


def test_measured_stems_are_held_to_the_key(clip, store, tmp_path):
    work = measured(clip)
    rewrite(clip.audio)
    with pytest.raises(ChangedError, match=CHANGED.format(tmp_path, "c.wav")):
        work.run(store)
    assert not store.has(work.key)
