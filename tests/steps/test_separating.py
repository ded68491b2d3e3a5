"""Separating: a separator is held to its contract, and stems keep their order."""

from __future__ import annotations

import dataclasses
import shutil
from typing import Any

import numpy as np
import pytest
from stage_plugins import CHANGED, RNG, Files, rewrite

from merbench import CANONICAL_STEMS, AudioError, Separator, audio
from merbench.errors import ChangedError, PluginError
from merbench.steps.decoding import decoding_key
from merbench.steps.separating import Separate, files_of, separate, separation_key, stems_key


class TwoStems(Separator):
    """Declares two stems."""

    name = "two-stems"
    stems = ("bass", "vocals")


SEPARATIONS: dict[str, tuple[Any, str]] = {
    "a stem too few": (
        lambda w: {"bass": w},
        r"two-stems returned the stems bass where it declares bass, vocals",
    ),
    "a stem too many": (
        lambda w: {"bass": w, "drums": w, "vocals": w},
        r"returned the stems bass, drums, vocals where it declares bass, vocals",
    ),
    "a stem too short": (
        lambda w: {"bass": w, "vocals": w[:, :-1]},
        r"stem vocals: two-stems returned the shape \(2, 299\) for a clip of shape \(2, 300\)",
    ),
    "a stem without channels": (
        lambda w: {"bass": w[0], "vocals": w},
        r"stem bass: two-stems returned the shape \(300,\)",
    ),
    "NaN": (
        lambda w: {"bass": w, "vocals": w * np.nan},
        r"stem vocals: two-stems returned NaN or infinite samples",
    ),
    "infinity": (
        lambda w: {"bass": w / np.float32(0), "vocals": w},
        r"stem bass: two-stems returned NaN or infinite samples",
    ),
}


@pytest.mark.filterwarnings("ignore:divide by zero")
@pytest.mark.parametrize(("does", "says"), SEPARATIONS.values(), ids=SEPARATIONS.keys())
def test_a_separator_that_breaks_its_contract_is_refused(clip, does, says):
    class Broken(TwoStems):
        """Breaks it."""

        def separate(self, waveform, sample_rate, *, device):
            return does(waveform)

    with pytest.raises(PluginError, match=says):
        separate(Files(), clip, Broken())


def test_stems_come_in_the_separators_order_and_unclipped(clip):
    class Swapped(TwoStems):
        """Returns float64 in another order."""

        def separate(self, waveform, sample_rate, *, device):
            return {"vocals": waveform.astype(np.float64), "bass": 2 * waveform}

    stems, rate = separate(Files(), clip, Swapped())
    assert list(stems) == ["bass", "vocals"]
    assert {stem.dtype for stem in stems.values()} == {np.dtype(np.float32)}
    assert np.abs(stems["bass"]).max() > 2
    assert rate == 8000


class TrueStems(Separator):
    """Hands the true stems on."""

    name = "true-stems"
    needs_true_stems = True

    def separate(self, waveform, sample_rate, *, device):
        return dict(zip(CANONICAL_STEMS, waveform, strict=True))


def test_true_stems_are_stacked_in_canonical_order_and_one_that_lacks_is_silence(clip, tmp_path):
    waves = {stem: RNG.uniform(-1, 1, (1, 50)).astype(np.float32) for stem in ("vocals", "drums")}
    for stem, wave in waves.items():
        audio.write(tmp_path / f"{stem}.wav", wave, 8000)
    whole = dataclasses.replace(clip, stems={s: tmp_path / f"{s}.wav" for s in waves})
    stems, _ = separate(Files(), whole, TrueStems())
    assert list(stems) == list(CANONICAL_STEMS)
    for stem, wave in waves.items():
        np.testing.assert_array_equal(stems[stem], wave)
    assert not stems["bass"].any()
    assert not stems["other"].any()


@pytest.mark.parametrize(
    "stems",
    [
        {},
        {"piano": np.zeros((1, 50))},
        {"bass": np.zeros((1, 50)), "drums": np.zeros((1, 51))},
    ],
    ids=["none", "no canonical stem", "different lengths"],
)
def test_true_stems_that_do_not_fit_are_refused(clip, stems):
    class Odd(Files):
        """Has odd stems."""

        def true_stems(self, clip):
            return stems, 8000

    with pytest.raises(AudioError, match=r"the true stems \(.*\) must be among bass, drums"):
        separate(Odd(), clip, TrueStems())


def test_true_stems_of_nan_are_refused(clip):
    class Odd(Files):
        """Has NaN for a stem."""

        def true_stems(self, clip):
            return {"bass": np.full((1, 50), np.nan, np.float32)}, 8000

    with pytest.raises(AudioError, match="true stems: 50 of 200 audio samples are NaN"):
        separate(Odd(), clip, TrueStems())


def test_what_a_dataset_does_itself_is_in_the_keys_of_what_it_makes(clip):
    class Rendered(Files):
        """Renders what it decodes."""

        gain: float = 1.0

        def decode(self, clip):
            return np.ones((1, 9), np.float32) * self.gain, 8000

    class Dealt(Files):
        """Makes its true stems itself."""

        gain: float = 1.0

        def true_stems(self, clip):
            return {"bass": np.ones((1, 9), np.float32) * self.gain}, 8000

    plain = decoding_key(Files(), clip)
    assert decoding_key(Rendered(), clip) not in (plain, decoding_key(Rendered(gain=2.0), clip))
    assert decoding_key(Dealt(), clip) == decoding_key(Dealt(gain=2.0), clip) == plain

    class Named(Rendered):
        """Names what it looks at while it decodes."""

        decodes_by = frozenset({"gain"})
        labelled: str = "one way"

    named = decoding_key(Named(), clip)
    assert named == decoding_key(Named(labelled="another"), clip)
    assert named != decoding_key(Named(gain=2.0), clip)

    def key(separator, dataset):
        return separation_key(separator, dataset, clip, plain)

    assert key(TwoStems(), Dealt()) == key(TwoStems(), Files())
    assert len({key(TrueStems(), d) for d in (Files(), Dealt(), Dealt(gain=2.0))}) == 3


@pytest.mark.parametrize("changed", ["c.wav", "bass.wav", "vocals.wav"])
def test_true_stems_and_their_mixture_are_held_to_the_key(clip, store, tmp_path, changed):
    stems = {stem: tmp_path / f"{stem}.wav" for stem in ("bass", "vocals")}
    for path in stems.values():
        shutil.copy(clip.audio, path)
    whole = dataclasses.replace(clip, stems=stems)
    files = files_of(whole, TrueStems())
    key = stems_key(TrueStems(), Files(), whole, None, files)
    work = Separate(key, Files(), whole, files, TrueStems())
    work.run(store)
    assert store.has(key)
    shutil.rmtree(store.path(key))
    rewrite(tmp_path / changed)
    with pytest.raises(ChangedError, match=CHANGED.format(tmp_path, changed)):
        work.run(store)
    assert not store.has(key)
