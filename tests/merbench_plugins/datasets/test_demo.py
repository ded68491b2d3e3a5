"""The embedded demo dataset: scores, sound, and what simulated raters make of the cues."""

from __future__ import annotations

import json
import multiprocessing
from pathlib import Path

import numpy as np
import pytest
from demo_clips import SHORT, list_and_read
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from merbench import CANONICAL_STEMS, AudioError, Clip, MerbenchError
from merbench.identity import digest
from merbench_plugins.datasets import _composer, _raters, _synthesiser
from merbench_plugins.datasets._cues import MODES, Cues
from merbench_plugins.datasets._score import Score
from merbench_plugins.datasets.demo import Demo

NEUTRAL = Cues(0, 0, 0, 0, 0, 0, 0)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Clip]:
    return list(Demo().clips(tmp_path_factory.mktemp("demo")))


def rewrite(clip: Clip, **changes: object) -> None:
    """Change a score behind its back, and give it a checksum that fits again."""
    body = json.loads(clip.audio.read_text())
    del body["sha256"]
    body |= changes
    clip.audio.write_text(json.dumps(body | {"sha256": digest(body)}))


def score_of(**cues: float) -> Score:
    """Compose clips until one has all parts, and give it other cues for the synthesiser."""
    for index in range(20):
        score = _composer.compose(
            index, seed=5, seconds=3.0, sample_rate=22_050, clips_per_artist=5
        )
        if all(score.parts.values()):
            changed = vars(score) | {"cues": score.cues | cues}
            return Score(**changed)
    raise AssertionError("no clip with all parts among twenty")


# --- clips and labels --------------------------------------------------------------------------


def test_default_is_two_clips_of_each_of_twenty_four_artists(clips: list[Clip]) -> None:
    assert len({clip.id for clip in clips}) == 48
    groups = [clip.group for clip in clips]
    assert [groups.count(group) for group in dict.fromkeys(groups)] == [2] * 24


def test_artists_have_as_many_clips_as_asked_for(tmp_path: Path) -> None:
    demo = Demo(n_clips=7, clips_per_artist=3, seconds=2.0)
    groups = [clip.group for clip in demo.clips(tmp_path)]
    assert [groups.count(group) for group in dict.fromkeys(groups)] == [3, 3, 1]
    # Another number is other music, which lies beside the first.
    single = Demo(n_clips=7, clips_per_artist=1, seconds=2.0).clips(tmp_path)
    assert len({clip.group for clip in single}) == 7
    assert list(demo.clips(tmp_path))[3].audio.is_file()
    assert {clip.audio for clip in single}.isdisjoint(clip.audio for clip in demo.clips(tmp_path))


def test_label_is_mean_and_population_std_of_ratings(clips: list[Clip]) -> None:
    for clip in clips:
        ratings = np.array(clip.ratings)
        assert ratings.shape == (20, 2)
        np.testing.assert_allclose(clip.label, [*ratings.mean(axis=0), *ratings.std(axis=0)])
        assert np.isin(ratings * 8, np.arange(9)).all()


def test_labels_are_on_the_scale_and_spread_like_real_ones(clips: list[Clip]) -> None:
    labels = np.array([clip.label for clip in clips])
    assert labels.min() > 0
    assert labels.max() < 1
    # PMEmo's: spread of means 0.17 and 0.18, mean of standard deviations 0.17 and 0.16.
    assert (np.abs(labels[:, :2].std(axis=0) - 0.17) < 0.05).all()
    assert (np.abs(labels[:, 2:].mean(axis=0) - 0.16) < 0.05).all()
    assert (labels[:, 2:].std(axis=0) > 0.02).all()


def test_everything_says_that_it_is_synthetic(clips: list[Clip], tmp_path: Path) -> None:
    assert Demo.synthetic
    assert all("synthetic" in clip.provenance for clip in clips)
    assert "Synthetic" in json.loads(clips[0].audio.read_text())["notice"]
    note, *rest = SHORT.check(tmp_path)
    assert (note.level, rest) == ("note", [])
    assert "synthetic" in note.message


def test_clips_do_not_depend_on_how_many_there_are(tmp_path: Path) -> None:
    few, many = (Demo(n_clips=n, seconds=2.0).clips(tmp_path) for n in (3, 11))
    assert list(few) == list(many[:3])


def test_more_raters_leave_the_others_ratings_and_the_music_as_they_are(tmp_path: Path) -> None:
    ten, thirty = (Demo(n_clips=4, seconds=2.0, n_raters=n).clips(tmp_path) for n in (10, 30))
    for one, other in zip(ten, thirty, strict=True):
        assert one.ratings == other.ratings[:10]
        assert one.audio == other.audio


def test_another_seed_is_other_music_beside_the_first(tmp_path: Path) -> None:
    first = SHORT.clips(tmp_path)
    before = first[0].audio.read_bytes()
    other = Demo(n_clips=12, seconds=2.0, seed=2).clips(tmp_path)
    assert first[0].audio.read_bytes() == before
    assert first[0].label != other[0].label
    assert not np.array_equal(SHORT.decode(first[0])[0], SHORT.decode(other[0])[0])


@pytest.mark.parametrize("wrong", [{"n_clips": 0}, {"seconds": 0.5}, {"n_raters": 2}, {"seed": -1}])
def test_parameters_that_make_no_dataset_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        Demo(**wrong)


# --- files -------------------------------------------------------------------------------------


def test_scores_are_written_once_and_restored_when_damaged(tmp_path: Path) -> None:
    clip = SHORT.clips(tmp_path)[0]
    content, written = clip.audio.read_bytes(), clip.audio.stat().st_mtime_ns
    assert SHORT.clips(tmp_path)[0] == clip
    assert clip.audio.stat().st_mtime_ns == written
    clip.audio.write_bytes(content[:100])
    SHORT.clips(tmp_path)
    assert clip.audio.read_bytes() == content


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda content: b"", "no JSON"),
        (lambda content: content[: len(content) // 2], "no JSON"),
        (lambda content: b"\xff\xfe" + content, "decode"),
        (lambda content: b"[1, 2]", "format"),
        (lambda content: content.replace(b'"bpm":', b'"bpm":1'), "checksum"),
    ],
)
def test_damaged_score_is_an_error_that_names_it(tmp_path: Path, damage, reason: str) -> None:
    clip = SHORT.clips(tmp_path)[0]
    clip.audio.write_bytes(damage(clip.audio.read_bytes()))
    for ask in (SHORT.decode, SHORT.true_stems):
        with pytest.raises(AudioError, match=reason) as error:
            ask(clip)
        assert str(clip.audio) in str(error.value)


def test_score_of_another_version_is_refused(tmp_path: Path) -> None:
    clip = SHORT.clips(tmp_path)[0]
    rewrite(clip, swagger=1.0)
    with pytest.raises(AudioError, match="another version"):
        SHORT.decode(clip)


def test_missing_score_is_an_error(tmp_path: Path) -> None:
    clip = SHORT.clips(tmp_path)[0]
    clip.audio.unlink()
    with pytest.raises(AudioError, match="No such file"):
        SHORT.decode(clip)


def test_root_that_cannot_be_written_is_an_error_and_a_finding(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(MerbenchError, match="cannot write"):
        SHORT.clips(tmp_path / "file")
    assert [finding.level for finding in SHORT.check(tmp_path / "file")] == ["note", "error"]


def test_check_finds_a_clip_that_does_not_render(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decode = Demo.decode

    def silent(self: Demo, clip: Clip):
        mix, rate = decode(self, clip)
        return (0 if clip.id == "demo-002" else 1) * mix, rate

    monkeypatch.setattr(Demo, "decode", silent)
    assert [(f.where, f.message) for f in SHORT.check(tmp_path)[1:]] == [("demo-002", "is silent")]


def test_clips_are_composed_and_rated_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = SHORT.clips(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(Demo, "_clip", lambda *_: pytest.fail("composed again"))
        assert SHORT.clips(tmp_path) == made
    others = SHORT.model_copy(update={"n_raters": SHORT.n_raters + 1}).clips(tmp_path)
    assert [clip.label for clip in others] != [clip.label for clip in made]


@pytest.mark.parametrize(
    "damage",
    [
        lambda index, score: index.write_bytes(index.read_bytes().replace(b"0.5", b"0.6")),
        lambda index, score: index.write_bytes(index.read_bytes()[:-20]),
        lambda index, score: index.write_text("[]"),
        lambda index, score: score.write_text("{}"),
        lambda index, score: score.unlink(),
    ],
    ids=["another number", "cut short", "another document", "damaged score", "no score"],
)
def test_what_is_not_as_it_was_is_composed_anew(tmp_path: Path, damage) -> None:
    made = SHORT.clips(tmp_path)
    texts = [clip.audio.read_text() for clip in made]
    (index,) = tmp_path.glob("*.json")
    before = index.read_bytes()
    damage(index, made[0].audio)
    assert SHORT.clips(tmp_path) == made
    assert [clip.audio.read_text() for clip in made] == texts
    assert index.read_bytes() == before


def test_processes_that_list_at_once_do_each_other_no_harm(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    ready, outcome = context.Barrier(2), context.Queue()
    roots = [tmp_path / str(number) for number in range(4)]
    processes = [
        context.Process(target=list_and_read, args=(roots, ready, outcome)) for _ in range(2)
    ]
    for process in processes:
        process.start()
    assert [outcome.get(timeout=60) for _ in processes] == ["", ""]
    for process in processes:
        process.join()
    for root in roots:
        clips = SHORT.clips(root)
        assert sorted(clips[0].audio.parent.iterdir()) == [c.audio for c in clips]
        assert len(list(root.iterdir())) == 2  # and an index


def test_write_that_fails_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, target: Path) -> None:
        assert path.read_bytes()  # complete before it gets its name
        assert not target.exists()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(MerbenchError, match="No space left"):
        SHORT.clips(tmp_path)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


# --- sound -------------------------------------------------------------------------------------


def test_mix_is_exactly_the_sum_of_its_stems(clips: list[Clip]) -> None:
    for clip in clips[:4]:
        mix, rate = Demo().decode(clip)
        stems, stem_rate = Demo().true_stems(clip)
        assert tuple(stems) == CANONICAL_STEMS
        assert (mix.dtype, mix.shape, rate, stem_rate) == (np.float32, (2, 55_125), 22_050, 22_050)
        bass, drums, other, vocals = stems.values()
        np.testing.assert_array_equal(mix, ((bass + drums) + other) + vocals)


def test_rendering_is_the_same_bit_for_bit(clips: list[Clip]) -> None:
    first = Demo().decode(clips[7])[0]
    Demo().decode(clips[30])
    _synthesiser._room.cache_clear()
    assert Demo().decode(clips[7])[0].tobytes() == first.tobytes()


def test_some_clips_lack_drums_or_vocals_and_have_silence_there(clips: list[Clip]) -> None:
    scores = [Score.loads(clip.audio.read_text()) for clip in clips]
    for part in ("drums", "vocals"):
        without = [clip for clip, s in zip(clips, scores, strict=True) if not s.parts[part]]
        assert 1 <= len(without) <= 20
        stems, _ = Demo().true_stems(without[0])
        assert not stems.pop(part).any()
        assert all(np.any(stem) for stem in stems.values())
    assert all(score.parts["bass"] and score.parts["other"] for score in scores)


@settings(max_examples=15, deadline=None)
@given(
    index=st.integers(0, 500),
    seconds=st.floats(2, 9),
    rate=st.sampled_from([8_000, 16_000, 22_050, 44_100]),
)
def test_every_mix_is_finite_level_and_free_of_clicks_at_its_ends(
    index: int, seconds: float, rate: int
) -> None:
    score = _composer.compose(index, seed=3, seconds=seconds, sample_rate=rate, clips_per_artist=5)
    stems = _synthesiser.render(score)
    mix = np.sum(list(stems.values()), axis=0)
    assert mix.shape == (2, round(seconds * rate))
    assert np.isfinite(mix).all()
    assert 0.03 < np.abs(mix).max() < 0.98
    level = 10 * np.log10(np.mean(mix**2))
    # A mix that would peak too high, and the fades at both ends, make it a little softer.
    assert score.level - 4 < level < score.level + 0.01
    assert all(not stem[:, [0, -1]].any() for stem in stems.values())


def test_notes_begin_and_end_without_clicks() -> None:
    for samples in (80, 2_000, 40_000):
        envelope = _synthesiser._envelope(score_of(), samples, 0.004, 2.0, 0.02)
        assert envelope[0] == envelope[-1] == 0
        # From silence to full level takes 4 ms, which is 88 samples.
        assert np.abs(np.diff(envelope)).max() < 0.012


def test_wavetable_holds_the_harmonics_it_was_given() -> None:
    table = _synthesiser._wavetable(np.array([1.0, 0.0, 0.5]))
    power = np.abs(np.fft.rfft(table[:-1])) ** 2
    np.testing.assert_allclose(power[:5] / power[1], [0, 1, 0, 0.25, 0], atol=1e-6)
    cycles = np.array([0.0, 0.25, 1.0, 7.25])
    np.testing.assert_allclose(
        _synthesiser._read(table, cycles), table[[0, 512, 0, 512]], atol=1e-6
    )


def test_notes_sound_at_their_pitch() -> None:
    score = score_of()
    pitch = 57.0
    tone = _synthesiser._play(
        score,
        ((0.0, 2.5, pitch, 1.0),),
        {"attack": 0.01, "decay": 0.0, "even": 1.0, "detune": 0.0},
        softening=0.0,
    )
    peak = np.fft.rfftfreq(len(tone), 1 / 22_050)[np.argmax(np.abs(np.fft.rfft(tone)))]
    assert peak == pytest.approx(220 * 2 ** (score.artist.tuning / 1200), abs=0.5)


def test_vowels_differ_in_their_formants() -> None:
    frequency = np.linspace(100, 1200, 1101)
    highest = {v: frequency[np.argmax(_synthesiser._formants(frequency, v, 1.0))] for v in "aiu"}
    assert highest["a"] > 600 > 400 > highest["u"] > highest["i"]


def test_vibrato_and_glides_centre_on_the_notes() -> None:
    score = score_of()
    cycles = _synthesiser._sung_phase(score, ((0.0, 1.0, 57.0, 1.0), (1.5, 1.0, 69.0, 1.0)))
    heard = np.diff(cycles) * 22_050 / 2 ** (score.artist.tuning / 1200)
    assert np.median(heard[5_000:30_000]) == pytest.approx(220, rel=0.01)
    assert np.median(heard[40_000:]) == pytest.approx(440, rel=0.01)
    assert 1.01 < heard[40_000:].max() / heard[40_000:].min() < 1.08


def test_fast_size_is_the_least_product_of_small_primes() -> None:
    def smooth(n: int) -> bool:
        for prime in (2, 3, 5):
            while n % prime == 0:
                n //= prime
        return n == 1

    for least in (1, 7, 1_000, 132_300, 143_999):
        assert _synthesiser._fast_size(least) == next(
            n for n in range(least, 2 * least + 2) if smooth(n)
        )


def highs(sound: np.ndarray) -> float:
    """Return the share of a sound's power that lies above 1 kHz."""
    power = np.abs(np.fft.rfft(sound[0])) ** 2
    return float(power[np.fft.rfftfreq(sound.shape[1], 1 / 22_050) > 1_000].sum() / power.sum())


@pytest.mark.parametrize("cue", ["brightness", "loudness"])
def test_bright_and_loud_playing_has_more_highs(cue: str) -> None:
    dull, bright = (_synthesiser.render(score_of(**{cue: value})) for value in (-1.0, 1.0))
    for part in ("bass", "other", "vocals"):
        assert highs(bright[part]) > 1.5 * highs(dull[part])


# --- composition -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def scores() -> list[Score]:
    return [
        _composer.compose(i, seed=11, seconds=6.0, sample_rate=22_050, clips_per_artist=5)
        for i in range(120)
    ]


def by_cue(scores: list[Score], cue: str) -> tuple[list[Score], list[Score]]:
    """Return the thirty clips with the least and the thirty with the most of a cue."""
    ranked = sorted(scores, key=lambda score: score.cues[cue])
    return ranked[:30], ranked[-30:]


def test_cues_reach_the_score(scores: list[Score]) -> None:
    def pitch(score: Score) -> float:
        return float(np.mean([note[2] for note in score.parts["other"]]))

    def notes_a_beat(score: Score) -> float:
        return sum(map(len, score.parts.values())) / (6.0 * score.bpm / 60)

    def held(score: Score) -> float:
        onsets = [note[0] for note in score.parts["bass"]]
        if len(onsets) < 2:
            return score.parts["bass"][0][1] / 6.0
        return float(np.median([n[1] for n in score.parts["bass"]]) / np.median(np.diff(onsets)))

    for cue, measure, more in (
        ("register", pitch, 8),
        ("density", notes_a_beat, 2),
        ("tempo", lambda score: score.bpm, 50),
        ("loudness", lambda score: score.level, 6),
        ("articulation", held, -0.25),
    ):
        low, high = (float(np.mean([measure(s) for s in part])) for part in by_cue(scores, cue))
        assert (high - low) / more > 1, cue


def test_harmony_and_tune_stay_in_the_mode(scores: list[Score]) -> None:
    for score in scores[:40]:
        scale = {(score.tonic + step) % 12 for step in MODES[score.mode].scale}
        sung = {int(note[2]) % 12 for part in ("other", "vocals") for note in score.parts[part]}
        assert sung <= scale


def test_modes_are_ordered_by_their_lowered_degrees() -> None:
    ranked = sorted(MODES.values(), key=lambda mode: mode.cue, reverse=True)
    assert [sum(mode.scale) for mode in ranked] == sorted(
        (sum(mode.scale) for mode in ranked), reverse=True
    )
    assert {mode.cue for mode in ranked} > {1.0, -1.0}


def test_all_modes_and_most_of_each_cue_are_met(scores: list[Score]) -> None:
    assert {score.mode for score in scores} == set(MODES)
    cues = np.array([list(score.cues.values()) for score in scores])
    assert (cues.min(axis=0) < -0.8).all()
    assert (cues.max(axis=0) > 0.8).all()


def test_artists_differ_and_their_clips_share_a_style(scores: list[Score]) -> None:
    artists = [score.artist for score in scores]
    assert artists[0] == artists[4] != artists[5]
    assert len({artist.room_seed for artist in artists}) == 24


@settings(max_examples=20, deadline=None)
@given(index=st.integers(0, 300), seed=st.integers(0, 2**40), seconds=st.floats(2, 12))
def test_scores_survive_json(index: int, seed: int, seconds: float) -> None:
    score = _composer.compose(
        index, seed=seed, seconds=seconds, sample_rate=8_000, clips_per_artist=5
    )
    text = score.dumps()
    assert Score.loads(text) == score
    assert Score.loads(text).dumps() == text
    assert all(0 <= note[0] < seconds for notes in score.parts.values() for note in notes)


# --- raters ------------------------------------------------------------------------------------


def mean_rating(**cues: float) -> np.ndarray:
    """Valence and arousal of cues that are neutral but for those given, over many raters."""
    return _raters.rate(NEUTRAL._replace(**cues), 0, raters=200, seed=1).mean(axis=0)


@pytest.mark.parametrize("cue", Cues._fields)
def test_each_cue_moves_the_ratings_where_the_literature_says(cue: str) -> None:
    moved = mean_rating(**{cue: 1.0}) - mean_rating(**{cue: -1.0})
    expected = _raters.SHARES[:, Cues._fields.index(cue)]
    for shift, share in zip(moved, expected, strict=True):
        assert shift == pytest.approx(0.84 * share, abs=0.06)


def test_mode_leads_for_valence_tempo_and_loudness_for_arousal() -> None:
    valence, arousal = (dict(zip(Cues._fields, np.abs(row), strict=True)) for row in _raters.SHARES)
    assert sorted(valence, key=valence.get, reverse=True)[:4] == [
        "mode",
        "tempo",
        "register",
        "articulation",
    ]
    assert set(sorted(arousal, key=arousal.get, reverse=True)[:2]) == {"tempo", "loudness"}
    np.testing.assert_allclose(np.abs(_raters.SHARES).sum(axis=1), 1)


def test_contradicting_cues_divide_the_raters() -> None:
    happy = Cues(1, 1, 0, 1, 1, 1, 1)
    bittersweet = happy._replace(mode=-1)
    agreed, divided = (
        _raters.rate(cues, 0, raters=200, seed=1)[:, 0].std() for cues in (happy, bittersweet)
    )
    assert divided > 1.5 * agreed
    assert _raters.contradiction(Cues(1, 1, 1, 1, 1, 1, 1))[0] == pytest.approx(0)
    assert _raters.contradiction(bittersweet)[0] > 0.9


def test_disagreement_follows_contradiction(clips: list[Clip]) -> None:
    cues = [Cues(**Score.loads(clip.audio.read_text()).cues) for clip in clips]
    contradiction = np.array([_raters.contradiction(c) for c in cues])
    spread = np.array([clip.label[2:] for clip in clips])
    for axis in (0, 1):
        assert np.corrcoef(contradiction[:, axis], spread[:, axis])[0, 1] > 0.4


def test_a_rater_keeps_to_their_ways() -> None:
    cues = [
        _composer.compose(i, seed=1, seconds=2.0, sample_rate=8_000, clips_per_artist=5).cues
        for i in range(60)
    ]
    ratings = np.array([_raters.rate(Cues(**c), i, raters=20, seed=1) for i, c in enumerate(cues)])
    lean = (ratings - ratings.mean(axis=1, keepdims=True))[:, :, 0]
    halves = lean[::2].mean(axis=0), lean[1::2].mean(axis=0)
    assert np.corrcoef(*halves)[0, 1] > 0.5
