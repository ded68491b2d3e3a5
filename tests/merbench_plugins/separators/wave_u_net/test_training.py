from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pytest
import soundfile
import torch
from multitrack_files import RATE, STEMS, write_midi, write_track

from merbench import CANONICAL_STEMS, MerbenchError, Separator
from merbench_plugins.separators.wave_u_net import WaveUNet, load_network
from merbench_plugins.separators.wave_u_net.configuration import OriginalConfiguration, from_variant
from merbench_plugins.separators.wave_u_net.excerpts import (
    Augmentations,
    Batch,
    Batches,
    Excerpts,
    Validation,
)
from merbench_plugins.separators.wave_u_net.export import export
from merbench_plugins.separators.wave_u_net.multitracks import (
    Preparation,
    Prepared,
    find_tracks,
    prepare,
)
from merbench_plugins.separators.wave_u_net.options import Options
from merbench_plugins.separators.wave_u_net.original import OriginalWaveUNet
from merbench_plugins.separators.wave_u_net.scoring import si_sdr, validate
from merbench_plugins.separators.wave_u_net.song import SongNetwork
from merbench_plugins.separators.wave_u_net.training import STATE, Trainer, hold_out

if TYPE_CHECKING:
    from merbench.audio import Waveform

SMALL = {
    "num_layers": 3,
    "num_initial_filters": 4,
    "num_frames": 2048,
    "expected_sr": RATE,
    "upsampling": "learned",
}
QUICK = {"steps": 4, "batch": 2, "excerpt_seconds": 2, "warm_up": 2, "learning_rate": 0.003}


def quiet(message: str, share: float) -> None:
    assert message
    assert 0 <= share <= 1


def small() -> OriginalConfiguration:
    config = from_variant("m6", SMALL)
    assert isinstance(config, OriginalConfiguration)
    return config


def prepared(root: Path, **how: Any) -> list[Prepared]:
    return prepare(find_tracks(root), Preparation(RATE, **how), root.parent / "prepared", quiet)


def train(data: list[Path], out: Path, **options: Any) -> None:
    WaveUNet(config=SMALL).train(data, out, QUICK | options, quiet)


class Tenth(Separator):
    """Vocals are a tenth of the mixture; every call is counted."""

    name = "tenth"
    calls: ClassVar[list[int]] = []

    def separate(self, waveform: Waveform, sample_rate: int, *, device: str) -> dict[str, Waveform]:
        self.calls.append(waveform.shape[1])
        return dict.fromkeys(CANONICAL_STEMS, waveform / 4) | {"vocals": waveform / 10}


@pytest.fixture
def music(tmp_path: Path) -> Path:
    for seed in range(4):
        write_track(tmp_path / "music" / f"Artist {seed} - Song", seed=seed)
    return tmp_path / "music"


# Finding


def test_musdb_only_its_training_part(tmp_path: Path) -> None:
    write_track(tmp_path / "musdb" / "train" / "A - One", mix="mixture.wav")
    write_track(tmp_path / "musdb" / "train" / "A - Two", mix="mixture.wav")
    write_track(tmp_path / "musdb" / "test" / "B - Three", mix="mixture.wav")
    tracks = find_tracks(tmp_path / "musdb")
    assert [t.name for t in tracks] == ["train/A - One", "train/A - Two"]
    assert {t.group for t in tracks} == {"A"}
    assert set(tracks[0].files) == {*STEMS, "mix"}


def test_every_kind_of_music_under_one_folder(tmp_path: Path) -> None:
    root = tmp_path / "all"
    write_track(root / "deep" / "er" / "track", ("vocals", "accompaniment"), mix="")
    write_midi(root / "song.mid")
    for path in ("alone.wav", "artist/first.wav", "artist/second.wav", "artist/notes.txt"):
        (root / path).parent.mkdir(exist_ok=True)
        soundfile.write(root / path, np.zeros(10), RATE, format="WAV")
    tracks = {t.name.removeprefix("all/"): (t.group, set(t.files)) for t in find_tracks(root)}
    assert tracks == {
        "deep/er/track": ("track", {"vocals", "accompaniment"}),
        "song.mid": ("song", {"midi"}),
        "alone.wav": ("alone", {"music"}),
        "artist/first.wav": ("artist", {"music"}),
        "artist/second.wav": ("artist", {"music"}),
    }


def test_folders_that_cannot_be_trained_on(tmp_path: Path) -> None:
    with pytest.raises(MerbenchError, match="nowhere is no folder"):
        find_tracks(tmp_path / "nowhere")
    with pytest.raises(MerbenchError, match="holds no multitracks, MIDI or audio"):
        find_tracks(tmp_path)
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "Song.stem.mp4").touch()
    with pytest.raises(MerbenchError, match=r"compressed stems.*MUSDB18-HQ"):
        find_tracks(tmp_path)
    write_track(tmp_path / "train" / "twice")
    shutil.copy(tmp_path / "train/twice/bass.wav", tmp_path / "train/twice/bass.flac")
    with pytest.raises(MerbenchError, match="second bass"):
        find_tracks(tmp_path)


# Preparing


@pytest.mark.parametrize(
    ("stems", "mix", "parts"),
    [
        (STEMS, "mix.wav", ["bass", "drums", "other", "vocals"]),
        (STEMS, "", ["bass", "drums", "other", "vocals"]),
        (("vocals",), "mix.wav", ["vocals", "bass+drums+other"]),
        (("accompaniment", "vocals"), "", ["vocals", "bass+drums+other"]),
        (("accompaniment",), "mix.wav", ["bass+drums+other", "vocals"]),
        (("accompaniment", "bass"), "mix.wav", ["bass", "drums+other", "vocals"]),
        ((*STEMS, "accompaniment"), "mix.wav", ["bass", "drums", "other", "vocals"]),
        (("bass", "drums"), "", ["bass", "drums"]),
    ],
)
def test_what_is_known_of_a_track_is_a_partition(
    tmp_path: Path, stems: tuple[str, ...], mix: str, parts: list[str]
) -> None:
    true = write_track(tmp_path / "music" / "track", stems, mix=mix)
    (track,) = prepared(tmp_path / "music")
    assert ["+".join(part) for part in track.parts] == parts
    for part, samples in zip(track.parts, track.samples, strict=True):
        expected = np.sum([true[source] for source in part], axis=0)
        np.testing.assert_allclose(samples, expected, atol=1e-3)
        np.testing.assert_allclose(
            track.levels[track.parts.index(part)],
            np.sqrt((expected.reshape(2, 3, RATE) ** 2).mean(axis=(0, 2))),
            atol=1e-4,
        )


def test_a_teacher_is_asked_once_and_believed_where_said(tmp_path: Path) -> None:
    true = write_track(tmp_path / "music" / "Artist", (), mix="song.wav", rate=16000)
    mix = true["accompaniment"] + true["vocals"]
    Tenth.calls.clear()
    for _ in range(2):
        (track,) = prepared(tmp_path / "music", teacher=Tenth(), teacher_stems=("vocals",))
    assert Tenth.calls == [48000]
    assert track.parts == (("vocals",), ("bass", "drums", "other"))
    assert track.samples.shape == (2, 2, 3 * RATE)
    inner = slice(100, -100)
    np.testing.assert_allclose(
        track.samples[0, :, inner] * 9, track.samples[1, :, inner], atol=5e-3
    )
    assert abs(track.levels[0, 0] - np.sqrt((mix[:, :16000] ** 2).mean()) / 10) < 2e-3
    (track,) = prepared(tmp_path / "music", teacher=Tenth())
    assert len(Tenth.calls) == 2
    assert track.parts == tuple((stem,) for stem in STEMS)


def test_music_without_stems_needs_a_teacher(tmp_path: Path) -> None:
    write_track(tmp_path / "music" / "Artist", (), mix="song.wav")
    with pytest.raises(MerbenchError, match=r"song\.wav is music without stems.*--teacher"):
        prepared(tmp_path / "music")


def test_midi_is_rendered_stem_by_stem(tmp_path: Path) -> None:
    pytest.importorskip("tinysoundfont")
    write_midi(tmp_path / "music" / "song.mid")
    (track,) = prepared(tmp_path / "music")
    assert track.parts == (("bass",), ("drums",), ("other",))
    assert (track.levels[:, 0] > 1e-3).all()
    spectra = np.abs(np.fft.rfft(track.samples[:, :, :RATE].astype(np.float32))).sum(axis=1)
    low = spectra[:, :150].sum(axis=1) / spectra.sum(axis=1)
    assert low[0] > 3 * low[2]


def test_midi_whose_bass_has_another_name_is_known_in_sum(tmp_path: Path) -> None:
    pytest.importorskip("tinysoundfont")
    lead_synthesiser = 81
    write_midi(tmp_path / "music" / "song.mid", bass=lead_synthesiser)
    (track,) = prepared(tmp_path / "music")
    assert track.parts == (("drums",), ("bass", "other"))
    assert track.levels.max(axis=1).min() > 0.01


def test_midi_without_stems(tmp_path: Path) -> None:
    (tmp_path / "music").mkdir()
    (tmp_path / "music" / "song.mid").write_bytes(b"no music")
    with pytest.raises(MerbenchError, match=r"song\.mid cannot be read as MIDI"):
        prepared(tmp_path / "music")


# Drawing


def test_targets_sum_to_the_middle_of_the_mixture(music: Path) -> None:
    write_track(music / "partial", ("vocals",), seed=7)
    config = small()
    for remix in (0.0, 1.0):
        excerpts = Excerpts(prepared(music), config.frames, RATE, Augmentations(remix=remix))
        batch = excerpts.draw(16, np.random.default_rng(0))
        assert batch.mix.shape == (16, 2, config.frames.input)
        context = config.frames.context
        middle = batch.mix[..., context : context + config.frames.output]
        np.testing.assert_allclose(batch.targets.sum(axis=1), middle, atol=1e-5)
        # Every source is in exactly one part.
        np.testing.assert_array_equal(batch.members.sum(axis=1), 1)
        assert np.sqrt((batch.mix**2).mean(axis=(1, 2))).min() > 0.01


def test_the_same_seed_draws_the_same(music: Path) -> None:
    excerpts = Excerpts(prepared(music), small().frames, RATE, Augmentations())
    first, again, other = (excerpts.draw(3, np.random.default_rng(s)) for s in (1, 1, 2))
    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(a, b)
    assert np.abs(first.mix - other.mix).max() > 0.01


def test_without_augmentation_a_coherent_excerpt_is_the_track_but_for_level_and_sides(
    music: Path,
) -> None:
    tracks = prepared(music)[:1]
    excerpts = Excerpts(tracks, small().frames, RATE, Augmentations(0, 0, 0, 0, 0))
    batch = excerpts.draw(4, np.random.default_rng(3))
    track = np.abs(tracks[0].samples[2, 0].astype(np.float32))

    def likeness(part: np.ndarray) -> float:
        windows = np.lib.stride_tricks.sliding_window_view(track, part.size)
        cosines = windows @ part / np.maximum(1e-9, np.linalg.norm(windows, axis=1))
        return float(cosines.max() / max(1e-9, np.linalg.norm(part)))

    # An excerpt may begin before the track does.
    assert max(likeness(np.abs(part[2, 0, 100:600])) for part in batch.targets) > 0.9999


def test_pitch_goes_up_and_down(music: Path) -> None:
    excerpts = Excerpts(prepared(music), small().frames, RATE, Augmentations(pitch=4, equaliser=0))
    rng = np.random.default_rng(0)
    peaks = set()
    for _ in range(30):
        batch = excerpts.draw(1, rng)
        bass = batch.targets[0, 0, 0]
        if np.abs(bass).max() > 0.01:
            peaks.add(int(np.abs(np.fft.rfft(bass, 8 * RATE)).argmax() / 8))
    assert max(peaks) / min(peaks) > 1.5


def test_batches_are_drawn_ahead_and_resumed_from_where_they_were_taken(music: Path) -> None:
    excerpts = Excerpts(prepared(music), small().frames, RATE, Augmentations())
    rng = np.random.default_rng(5)
    expected = [excerpts.draw(2, rng).mix for _ in range(3)]
    batches = Batches(excerpts, 2, np.random.default_rng(5))
    np.testing.assert_array_equal(batches.take().mix, expected[0])
    resumed = Batches(excerpts, 2, np.random.default_rng(6))
    resumed.state = batches.state
    for each in (batches, resumed):
        for mix in expected[1:]:
            np.testing.assert_array_equal(each.take().mix, mix)
        each.close()


def test_vocals_are_laid_over_accompaniments_known_in_sum_only(music: Path) -> None:
    write_track(music / "instrumental", ("accompaniment",), mix="", seed=7)
    excerpts = Excerpts(prepared(music), small().frames, RATE, Augmentations(remix=1.0))
    batch = excerpts.draw(200, np.random.default_rng(0))
    vocals, rest = np.array([0, 0, 0, 1]), np.array([1, 1, 1, 0])
    heard = (np.abs(batch.targets).max(axis=(2, 3)) > 0)[..., None]
    pairs = [
        any((row == vocals).all() for row in rows) and any((row == rest).all() for row in rows)
        for rows in batch.members * heard
    ]
    assert 0.05 < np.mean(pairs) < 0.3


def test_tracks_are_brought_to_one_level_before_they_are_mixed(tmp_path: Path) -> None:
    for name, loudness in (("quiet", 0.05), ("loud", 1.0)):
        folder = tmp_path / "music" / name
        folder.mkdir(parents=True)
        noise = loudness * np.random.default_rng(0).uniform(-0.5, 0.5, (4 * RATE, 2))
        stem = "bass" if name == "quiet" else "drums"
        soundfile.write(folder / f"{stem}.wav", noise, RATE, subtype="FLOAT")
    how = Augmentations(remix=1.0, gain=0, equaliser=0, pan=0, pitch=0)
    excerpts = Excerpts(prepared(tmp_path / "music"), small().frames, RATE, how)
    targets = excerpts.draw(50, np.random.default_rng(0)).targets
    levels = np.sqrt((targets**2).mean(axis=(2, 3)))
    both = levels[(levels[:, :2] > 1e-3).all(axis=1), :2]
    assert len(both) > 10
    assert np.median(np.abs(np.log10(both[:, 0] / both[:, 1]))) < 0.05


def test_validation_looks_where_most_is_heard(tmp_path: Path) -> None:
    true = write_track(tmp_path / "music" / "track", mix="", seconds=6)
    late = true["vocals"].copy()
    late[:, : 4 * RATE] = 0
    soundfile.write(tmp_path / "music/track/vocals.wav", late.T, RATE, subtype="FLOAT")
    (excerpt,) = Validation.excerpts(prepared(tmp_path / "music"), 2, RATE)
    assert excerpt.mix.shape == (2, 2 * RATE)
    np.testing.assert_allclose(excerpt.targets[3], late[:, 4 * RATE :], atol=1e-3)


def test_held_out_groups_are_on_one_side(tmp_path: Path) -> None:
    for seed in range(6):
        write_track(tmp_path / "music" / f"Artist {seed % 3} - {seed}", seed=seed, seconds=1)
    tracks = prepared(tmp_path / "music")
    kept, aside = hold_out(tracks, 0.3, seed=0)
    assert len(aside) == 2
    assert not {t.group for t in kept} & {t.group for t in aside}
    assert hold_out(tracks, 0.3, seed=0)[1] == aside
    with pytest.raises(MerbenchError, match="all music is of one group"):
        hold_out(aside, 0.3, seed=0)


# Scoring


def test_si_sdr_by_hand() -> None:
    rng = np.random.default_rng(0)
    target = rng.normal(size=1000)
    noise = rng.normal(size=1000)
    noise -= (noise @ target) / (target @ target) * target
    noise *= np.linalg.norm(target) / np.linalg.norm(noise)
    for scale in (0.1, 1, 7):
        assert si_sdr(scale * (target + 0.1 * noise), target) == pytest.approx(20)


def test_a_perfect_network_would_score_well_and_silence_is_not_scored() -> None:
    config = small()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = OriginalWaveUNet(config, clip=False).eval()
    mix = np.random.default_rng(0).normal(0, 0.1, (2, 5000)).astype(np.float32)
    with torch.no_grad():
        estimates = SongNetwork(network)(torch.from_numpy(mix)[None])[0].numpy()
    parts = (("bass",), ("drums", "other"), ("vocals",))
    targets = np.stack([estimates[0], estimates[1] + estimates[2], 0 * estimates[3]])
    scores = validate(SongNetwork(network), [Validation("t", mix, parts, targets)])
    assert "vocals" not in scores
    assert scores
    for name, score in scores.items():
        target = targets[parts.index(tuple(name.split("+")))]
        assert score["excerpts"] == 1
        assert score["si_sdr"] > 60
        assert score["si_sdr_mixture"] == pytest.approx(si_sdr(mix, target), abs=1e-6)


class Louder(torch.nn.Module):
    """Yields the mixture as every source, vocals at a tenth of its level."""

    def __init__(self) -> None:
        super().__init__()
        self.gains = torch.nn.Parameter(torch.tensor([1, 1, 1, 0.1])[:, None, None])

    def forward(self, mix: torch.Tensor) -> torch.Tensor:
        return (mix[:, None] * self.gains).detach()


def test_how_loud_vocals_are_where_nobody_sings() -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, (2, 2, 5000)).astype(np.float32)
    unsung = Validation("t", noise.sum(axis=0), (("bass",), ("drums", "other")), noise)
    sung = Validation("t", noise.sum(axis=0), (("vocals",), ("bass", "drums", "other")), noise)
    scores = validate(Louder(), [unsung, unsung, sung])  # type: ignore[arg-type]
    assert scores["no vocals"] == {"excerpts": 2, "level": pytest.approx(-20, abs=1e-4)}
    assert "no vocals" not in validate(Louder(), [sung])  # type: ignore[arg-type]


def test_gains_are_told_by_median_and_by_what_most_are_above() -> None:
    rng = np.random.default_rng(0)
    excerpts = []
    for level in (0.01, 0.1, 1.0):
        target, rest = (rng.normal(0, 0.1, (2, 5000)).astype(np.float32) for _ in range(2))
        parts = (("bass",), ("drums", "other", "vocals"))
        targets = np.stack([target, level * rest])
        excerpts.append(Validation("t", targets.sum(axis=0), parts, targets))
    # The mixture as the estimate gains nothing, whatever it is worth.
    score = validate(Louder(), excerpts[1:])["bass"]  # type: ignore[arg-type]
    assert score["gain"] == score["gain_of_nine_in_ten"] == pytest.approx(0, abs=1e-6)
    assert score["si_sdr"] == pytest.approx(score["si_sdr_mixture"], abs=1e-6)


# Exporting


@pytest.mark.parametrize("upsampling", ["linear", "learned"])
def test_an_exported_network_is_read_back(tmp_path: Path, upsampling: str) -> None:
    config = from_variant("m6", SMALL | {"upsampling": upsampling})
    assert isinstance(config, OriginalConfiguration)
    with torch.random.fork_rng():
        torch.manual_seed(3)
        network = OriginalWaveUNet(config).eval()
    for weight in network.interpolation:
        torch.nn.init.normal_(weight, generator=torch.Generator().manual_seed(0))
    music = {"tracks": 1, "groups": 1, "hours": 1.0, "hours_by_known_parts": {"bass": 1.0}}
    card = {
        "configuration": config.model_dump(), "licence": "none", "teacher": None,
        "music": {"training": music}, "validation": {},
        "training": {"steps": 1, "batch": 1, "hours_of_excerpts": 0, "minutes": 1},
    }  # fmt: skip
    export(network, tmp_path, card)
    with torch.no_grad():
        expected = network.half().float()(torch.ones(1, 2, config.frames.input) / 3)
    read = load_network(tmp_path / "model.safetensors", json.loads(
        (tmp_path / "config.json").read_text()
    )).network  # fmt: skip
    with torch.no_grad():
        actual = read(torch.ones(1, 2, config.frames.input) / 3)
    torch.testing.assert_close(actual, expected, atol=1e-6, rtol=0)
    card = json.loads((tmp_path / "card.json").read_text())
    assert card["parameters"] == sum(p.numel() for p in network.parameters())
    assert card["bytes"] == (tmp_path / "model.safetensors").stat().st_size
    assert "half precision" in (tmp_path / "README.md").read_text()


# Training


def test_training_lowers_the_loss_and_separates(music: Path, tmp_path: Path) -> None:
    train(
        [music], tmp_path / "out", steps=60, batch=4, remix=0.0, validate_every=60,
        learning_rate=0.01, warm_up=10,
    )  # fmt: skip
    state = torch.load(tmp_path / "out" / STATE, weights_only=True)
    history = json.loads(state["progress"])["history"]
    assert len(history) == 1
    gains = {k: s["si_sdr"] - s["si_sdr_mixture"] for k, s in history[0]["stems"].items()}
    assert gains["bass"] > 2
    assert gains["vocals"] > 2
    separator = WaveUNet(weights=tmp_path / "out" / "model.safetensors", config=SMALL)
    separator.ready()
    (excerpt,) = Validation.excerpts(prepared(music)[:1], 2, RATE)
    stems = separator.separate(excerpt.mix, RATE, device="cpu")
    np.testing.assert_allclose(sum(stems.values()), excerpt.mix, atol=1e-4)
    assert si_sdr(stems["bass"], excerpt.targets[0]) > si_sdr(excerpt.mix, excerpt.targets[0])
    card = json.loads((tmp_path / "out" / "card.json").read_text())
    assert card["training"]["steps"] == 60
    assert card["music"]["training"]["groups"] == 3
    assert card["validation"] == history[0]["stems"]


def test_resuming_goes_on_as_if_never_stopped(music: Path, tmp_path: Path) -> None:
    options = {"minutes": 1e6, "learning_rate": 0.001}
    tracks = prepared(music)
    config = small()

    def trainer(out: str, **more: Any) -> Trainer:
        chosen = Options(**(QUICK | options | {"batch": 1} | more))
        return Trainer(config, tracks[1:], tracks[:1], tmp_path / out, chosen)

    # The learning rate depends on how much is to be done, so that all must be told the same.
    through = trainer("through", steps=6)
    through.run(quiet)
    begun = trainer("parts", steps=6)
    for _ in range(3):
        begun._learn(begun.batches.take())
    begun.out.mkdir()
    begun._save()
    resumed = trainer("parts", steps=6, resume=True)
    assert resumed.step == 3
    resumed.run(quiet)
    assert resumed.step == 6
    for a, b in zip(through.network.parameters(), resumed.network.parameters(), strict=True):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=0)


def test_a_folder_in_use_is_not_overwritten(music: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    train([music], out)
    before = (out / STATE).read_bytes()
    with pytest.raises(MerbenchError, match=r"holds a training already.*--resume"):
        train([music], out)
    assert (out / STATE).read_bytes() == before
    train([music], out, resume=True, steps=6)
    assert json.loads((out / "card.json").read_text())["training"]["steps"] in (4, 6)
    assert json.loads(torch.load(out / STATE, weights_only=True)["progress"])["step"] == 6
    with pytest.raises(MerbenchError, match="is of another network"):
        WaveUNet(config=SMALL | {"num_layers": 2}).train(
            [music], out, QUICK | {"resume": True}, quiet
        )
    (out / STATE).write_bytes(b"cut")
    with pytest.raises(MerbenchError, match="cannot be resumed from"):
        train([music], out, resume=True)
    assert not [p for p in out.iterdir() if p.name.startswith(f"{STATE}.")]


def test_silence_and_what_is_no_number_spoil_nothing(music: Path, tmp_path: Path) -> None:
    tracks = prepared(music)
    trainer = Trainer(small(), tracks[1:], tracks[:1], tmp_path / "out", Options(**QUICK))
    batch = trainer.batches.take()
    silent = Batch(0 * batch.mix, 0 * batch.targets, batch.members)
    assert np.isfinite(trainer._learn(silent))
    before = [p.detach().clone() for p in trainer.network.parameters()]
    assert all(p.isfinite().all() for p in before)
    assert np.isnan(trainer._learn(batch._replace(targets=batch.targets + np.float32("nan"))))
    for kept, was in zip(trainer.network.parameters(), before, strict=True):
        assert torch.equal(kept, was)
    trainer._learn(batch)
    assert not torch.equal(trainer.parameters[0], before[0])


def test_it_can_begin_with_the_weights_of_another(music: Path, tmp_path: Path) -> None:
    train([music], tmp_path / "first")
    weights = tmp_path / "first" / "model.safetensors"
    train([music], tmp_path / "second", start=weights, learning_rate=1e-30, averaging=0.0)
    assert (tmp_path / "second" / "model.safetensors").read_bytes() == weights.read_bytes()
    with pytest.raises(MerbenchError, match=r"first.model\.safetensors"):
        WaveUNet(config=SMALL | {"num_layers": 2}).train(
            [music], tmp_path / "third", QUICK | {"start": weights}, quiet
        )


def test_it_stops_when_it_gets_no_better(music: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    train(
        [music], out, steps=10**6, minutes=2, learning_rate=1e-30, validate_every=1e-9,
        patience=2, batch=1, averaging=0.0, excerpt_seconds=1,
    )  # fmt: skip
    progress = json.loads(torch.load(out / STATE, weights_only=True)["progress"])
    assert progress["worse"] == 2
    assert progress["step"] < 10**6
    assert progress["seconds"] < 120


def test_shorter_excerpts_than_chunks(music: Path, tmp_path: Path) -> None:
    separator = WaveUNet(config=SMALL | {"num_frames": 6000})
    separator.train([music], tmp_path / "out", QUICK | {"frames": 1024}, quiet)
    config = json.loads((tmp_path / "out" / "config.json").read_text())
    assert config["num_frames"] == 6000
    with pytest.raises(MerbenchError, match="training option frames"):
        WaveUNet(config=SMALL | {"context": False, "num_frames": 4096}).train(
            [music], tmp_path / "other", QUICK | {"frames": 1001}, quiet
        )


def test_tests_go_into_the_card(music: Path, tmp_path: Path) -> None:
    write_track(tmp_path / "unseen" / "track", ("vocals",), seed=9)
    out = tmp_path / "out"
    train([music], out, tests={"Never seen": tmp_path / "unseen"}, test_seconds=2)
    card = json.loads((out / "card.json").read_text())
    (excerpt,) = Validation.excerpts(prepared(tmp_path / "unseen"), 2, RATE)
    assert set(card["tests"]["Never seen"]) == {"vocals", "bass+drums+other"}
    separator = WaveUNet(weights=out / "model.safetensors", config=SMALL)
    vocals = separator.separate(excerpt.mix, RATE, device="cpu")["vocals"]
    score = card["tests"]["Never seen"]["vocals"]
    assert score["si_sdr"] == pytest.approx(si_sdr(vocals, excerpt.targets[0]), abs=1e-3)
    assert "Never seen:\n\n| stem | excerpts |" in (out / "README.md").read_text()


def test_half_precision(music: Path, tmp_path: Path) -> None:
    train([music], tmp_path / "out", precision="bfloat16")
    card = json.loads((tmp_path / "out" / "card.json").read_text())
    assert card["training"]["precision"] == "bfloat16"


def test_what_cannot_be_trained(music: Path, tmp_path: Path) -> None:
    with pytest.raises(MerbenchError, match="variants spectral and m6"):
        WaveUNet(variant="m4").train([music], tmp_path / "out", {}, quiet)
    with pytest.raises(MerbenchError, match="training option momentum cannot be used"):
        train([music], tmp_path / "out", momentum=1)
    with pytest.raises(MerbenchError, match="training option batch cannot be used"):
        train([music], tmp_path / "out", batch=0)
    with pytest.raises(MerbenchError, match="there is no device quantum"):
        train([music], tmp_path / "out", device="quantum")


def test_chance_comes_from_the_seed_alone(music: Path, tmp_path: Path) -> None:
    torch.manual_seed(1)
    before = torch.random.get_rng_state()
    train([music], tmp_path / "a", minutes=1e6)
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.manual_seed(2)
    train([music], tmp_path / "b", minutes=1e6)
    train([music], tmp_path / "c", minutes=1e6, seed=1)
    a, b, c = ((tmp_path / n / "model.safetensors").read_bytes() for n in "abc")
    assert a == b
    assert a != c
