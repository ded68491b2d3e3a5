"""Extracting: an extractor is held to its contract, and its inputs to the plan's key."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

import numpy as np
import pytest
from stage_plugins import CHANGED, LABEL, RNG, Files, Mean, Whole, extraction, rewrite

from merbench import AudioError, Clip, FeatureExtractor, FeatureKind, Separator, audio, digests
from merbench.errors import ChangedError, PluginError
from merbench.steps.extracting import Extract, extract, frame_rate

RETURNS: dict[str, tuple[FeatureKind, Any, str]] = {
    "a vector of NaN": (
        FeatureKind.VECTOR,
        np.array([1, np.nan, np.inf]),
        r"stem bass: broken returned 2 values that are NaN or infinite",
    ),
    "what float32 cannot hold": (
        FeatureKind.VECTOR,
        np.array([1e300]),
        r"stem bass: broken returned 1 values that are NaN or infinite",
    ),
    "an image for a vector": (
        FeatureKind.VECTOR,
        np.ones((2, 3)),
        r"stem bass: broken returned the shape \(2, 3\), which is no vector",
    ),
    "a vector for an image": (
        FeatureKind.IMAGE,
        np.ones(3),
        r"stem bass: broken returned the shape \(3,\), which is no image",
    ),
    "a vector for a sequence": (FeatureKind.SEQUENCE, np.ones(3), "which is no sequence"),
    "channels for a waveform": (FeatureKind.WAVEFORM, np.ones((1, 3)), "which is no waveform"),
    "a number": (FeatureKind.VECTOR, 3.0, r"the shape \(\), which is no vector"),
    "nothing": (FeatureKind.VECTOR, np.ones(0), r"the shape \(0,\), which is no vector"),
}


def returning(kind_: FeatureKind, value: Any) -> FeatureExtractor:
    class Broken(FeatureExtractor):
        """Returns what it is told to."""

        name = "broken"
        kind = kind_

        def extract(self, waveform, sample_rate, *, device):
            if isinstance(value, Exception):
                raise value
            return value

    return Broken()


@pytest.mark.filterwarnings("ignore:overflow")
@pytest.mark.parametrize(("kind", "value", "says"), RETURNS.values(), ids=RETURNS.keys())
def test_an_extractor_that_breaks_its_contract_is_refused(kind, value, says):
    with pytest.raises(PluginError, match=says):
        extract(returning(kind, value), np.ones((1, 8), np.float32), 8000, "stem bass")


def test_an_extractors_own_error_is_given_the_stem_and_keeps_its_type():
    broken = returning(FeatureKind.VECTOR, AudioError("too short"))
    with pytest.raises(AudioError, match=r"^stem bass: too short$"):
        extract(broken, np.ones((1, 8), np.float32), 8000, "stem bass")


def stating(rate: Any, kind_: FeatureKind = FeatureKind.SEQUENCE) -> FeatureExtractor:
    class Stated(FeatureExtractor):
        """States a frame rate."""

        name = "stated"
        kind = kind_

        def frame_rate(self, sample_rate, samples):
            return rate(sample_rate, samples) if callable(rate) else rate

    return Stated()


def test_a_frame_rate_is_asked_for_the_clips_sample_rate_and_length():
    assert frame_rate(stating(lambda rate, samples: rate / samples), 8_000, 400) == 20.0
    assert frame_rate(stating(np.float32(43)), 8_000, 400) == 43.0
    assert frame_rate(stating(None), 8_000, 400) is None
    assert frame_rate(stating(43.0, FeatureKind.VECTOR), 8_000, 400) is None


@pytest.mark.parametrize("rate", [0, -1.0, float("nan"), float("inf"), "fast"])
def test_a_frame_rate_that_is_none_is_refused(rate):
    with pytest.raises(PluginError, match=r"^stated states a frame rate of .* no positive number"):
        frame_rate(stating(rate), 8_000, 400)


def test_audio_that_changed_since_the_plan_is_refused(clip, store, tmp_path):
    work = extraction(Files(), clip, Whole())
    rewrite(clip.audio)
    with pytest.raises(ChangedError, match=CHANGED.format(tmp_path, "c.wav")):
        work.run(store)
    assert not store.has(work.key)
    again = extraction(Files(), clip, Whole())
    again.run(store)
    assert again.key != work.key
    assert store.has(again.key)


def test_audio_that_changes_while_it_is_decoded_is_refused(clip, store, tmp_path):
    class Busy(Files):
        """Meets another program that writes its files."""

        decodes_by = frozenset()

        def decode(self, clip):
            decoded = super().decode(clip)
            rewrite(clip.audio)
            return decoded

    work = extraction(Busy(), clip, Whole())
    with pytest.raises(ChangedError, match=CHANGED.format(tmp_path, "c.wav")):
        work.run(store)
    assert not store.has(work.key)


def test_weights_that_changed_since_the_plan_are_refused(clip, store, tmp_path):
    (tmp_path / "w").write_bytes(b"weights")
    work = extraction(Files(), clip, Whole(), Mean(weights=tmp_path / "w"))
    (tmp_path / "w").write_bytes(b"weights, trained longer")
    with pytest.raises(
        ChangedError,
        match=r"^the source of files or whole or mean-magnitude, or a file that it names, changed",
    ):
        work.run(store)
    assert not store.has(work.key)


# --- several clips at once -----------------------------------------------------------------------


class Many(Mean):
    """The mean magnitude, of four stems at once; notes how many it was given."""

    name = "many"
    at_once = 4
    given: ClassVar[list[int]] = []

    def extract_many(self, waveforms, sample_rates, *, device):
        self.given.append(len(waveforms))
        assert sample_rates == (8000,) * len(waveforms)
        return super().extract_many(waveforms, sample_rates, device=device)


class Twice(Whole):
    """The clip as two stems."""

    name = "twice"
    stems = ("drums", "vocals")

    def separate(self, waveform, sample_rate, *, device):
        return {"drums": waveform, "vocals": waveform / 2}


@pytest.fixture
def clips(tmp_path) -> list[Clip]:
    made = []
    for i in range(5):
        waveform = RNG.uniform(-1, 1, (2, 300 + i)).astype(np.float32)
        audio.write(tmp_path / f"c{i}.wav", waveform, 8000)
        made.append(Clip(f"c{i}", "g", LABEL, tmp_path / f"c{i}.wav"))
    return made


def extractions(clips: list[Clip], separator: Separator, extractor: Many) -> list[Extract]:
    extractor.given.clear()
    dataset = Files()
    return [extraction(dataset, clip, separator, extractor) for clip in clips]


@pytest.mark.parametrize(
    ("separator", "gains", "given"), [(Whole(), 4, [4]), (Twice(), 2, [4, 4, 2])]
)
def test_clips_and_their_stems_are_extracted_from_together_and_kept_apart(
    clips, store, separator, gains, given
):
    works = extractions(clips, separator, Many())
    assert {work.gains for work in works} == {gains}
    assert len({work.alike for work in works}) == 1
    assert Extract.run_all(works, store) == {}
    assert Many.given == given
    for work in works:
        waveform, _ = audio.read(work.clip.audio)
        arrays = store.get(work.key).arrays
        assert set(arrays) == set(separator.stems)
        for stem, part in separator.separate(waveform, 8000, device="cpu").items():
            np.testing.assert_array_equal(arrays[stem], np.abs(part).mean(axis=1))


def test_the_stems_of_one_clip_are_extracted_from_together(clip, store):
    (work,) = extractions([clip], Twice(), Many())
    work.run(store)
    assert Many.given == [2]


def test_steps_of_other_plugins_or_another_device_are_not_alike(clip):
    (work,) = extractions([clip], Whole(), Many())
    for change in ({"separator": Whole()}, {"extractor": Many()}, {"dataset": Files()}):
        assert dataclasses.replace(work, **change).alike != work.alike
    gpu = dataclasses.replace(work, extractor=OnDevice(), device="cuda")
    assert gpu.alike != dataclasses.replace(gpu, device="cpu").alike


class OnDevice(Mean):
    """Uses a device."""

    name = "on-device"
    uses_device = True


def raises(found: list[Any]) -> list[Any]:
    raise ValueError("one of them is odd")


@pytest.mark.parametrize(
    "spoilt",
    [
        raises,
        lambda found: found[:-1],
        lambda found: [*found[:-1], np.array([np.nan])],
        lambda found: [found[0], None, np.ones((2, 2)), *found[3:]],
        lambda found: None,
    ],
    ids=["raises", "too few", "NaN", "no vectors", "nothing"],
)
def test_what_goes_wrong_with_several_at_once_is_done_one_by_one(clips, store, spoilt):
    class Spoilt(Many):
        """Does it wrongly where there are several."""

        def extract_many(self, waveforms, sample_rates, *, device):
            return spoilt(super().extract_many(waveforms, sample_rates, device=device))

    works = extractions(clips, Whole(), Spoilt())
    assert Extract.run_all(works, store) == {}
    for work in works:
        waveform, _ = audio.read(work.clip.audio)
        found = store.get(work.key).arrays["mixed"]
        np.testing.assert_array_equal(found, np.abs(waveform).mean(axis=1))


def test_a_clip_that_cannot_be_extracted_from_fails_alone(clips, store):
    class Picky(Many):
        """Refuses a clip of a certain length."""

        def extract(self, waveform, sample_rate, *, device):
            if waveform.shape[1] == 302:
                raise AudioError("it has 302 samples")
            return super().extract(waveform, sample_rate, device=device)

    works = extractions(clips, Whole(), Picky())
    rewrite(clips[0].audio)
    failed = Extract.run_all(works, store)
    assert {key: type(error) for key, error in failed.items()} == {
        works[0].key: ChangedError, works[2].key: AudioError,
    }  # fmt: skip
    assert str(failed[works[2].key]) == "stem mixed: it has 302 samples"
    assert [store.has(work.key) for work in works] == [False, True, False, True, True]


def test_a_source_that_changes_while_clips_are_extracted_from_is_refused(clips, store, monkeypatch):
    class Edited(Many):
        """Is edited meanwhile."""

        def extract_many(self, waveforms, sample_rates, *, device):
            monkeypatch.setitem(digests._imported, __name__, "another")
            return super().extract_many(waveforms, sample_rates, device=device)

    works = extractions(clips, Whole(), Edited())
    failed = Extract.run_all(works, store)
    assert {type(error) for error in failed.values()} == {ChangedError}
    assert not any(store.has(work.key) for work in works)
