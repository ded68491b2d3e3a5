from __future__ import annotations

import json
import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from small_networks import PYTORCH, SMALL, TENSORFLOW, checkpoint, golden, noise, reduced

from merbench import CANONICAL_STEMS, MerbenchError
from merbench_plugins.separators import wave_u_net
from merbench_plugins.separators.wave_u_net import WaveUNet, load_network
from merbench_plugins.separators.wave_u_net.configuration import from_mapping
from merbench_plugins.separators.wave_u_net.scoring import si_sdr

# The original programs' output, and what was worked out from their definitions


@pytest.mark.parametrize("name", TENSORFLOW + PYTORCH)
def test_golden(shared: Path, name: str) -> None:
    folder = shared / "golden" / "wave_u_net" / name
    config, given, expected = golden(folder)
    network = load_network(folder / "ckpt" if name in TENSORFLOW else folder, config)
    output = network(torch.from_numpy(given)[None])
    assert output.shape == (1, *expected.shape)
    assert np.abs(output.numpy()[0] - expected).max() < 5e-6


@pytest.mark.parametrize("name", ["tf1_small_m6", "small_gn_fixed_sep"])
def test_golden_through_the_separator(shared: Path, name: str) -> None:
    folder = shared / "golden" / "wave_u_net" / name
    config, given, expected = golden(folder)
    configuration = from_mapping(config)
    separator = WaveUNet(
        weights=folder,
        variant="m6" if name in TENSORFLOW else "pytorch",
        config={k: v for k, v in config["config"].items() if k in type(configuration).model_fields},
        clip=True,
    )
    separator.ready()
    stems = separator.separate(given, configuration.sample_rate, device="cpu")
    for stem, truth in zip(CANONICAL_STEMS, expected, strict=True):
        assert np.abs(stems[stem] - truth).max() < 5e-6


# Checkpoints of every kind


# The separator


def small_separator(folder: Path, variant: str = "m6", **options: Any) -> WaveUNet:
    prefix = checkpoint(folder, reduced(variant))
    return WaveUNet(weights=prefix, variant=variant, config=SMALL, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("variant", ["m1", "m5-highsr", "m6"])
@pytest.mark.parametrize(
    ("rate", "channels", "samples", "loudness"),
    [
        (8000, 1, 400, 0.9),
        (44100, 2, 2205, 0.0),
        (44100, 1, 1, 1.6),
        (96000, 2, 9601, 1.6),
        (22050, 6, 3001, 0.9),
    ],
)
def test_stems_keep_the_shape(
    tmp_path: Path, variant: str, rate: int, channels: int, samples: int, loudness: float
) -> None:
    separator = small_separator(tmp_path, variant)
    mix = noise(channels, samples, loudness=loudness)
    stems = separator.separate(mix, rate, device="cpu")
    assert tuple(stems) == CANONICAL_STEMS
    for stem in stems.values():
        assert stem.shape == mix.shape
        assert stem.dtype == np.float32
        assert np.isfinite(stem).all()


@pytest.mark.parametrize("variant", ["m1", "m4", "m5-highsr", "m6"])
def test_all_work_is_done_on_the_device_that_it_is_told(tmp_path: Path, variant: str) -> None:
    separator = small_separator(tmp_path, variant)
    assert separator.device_for("cuda:1") == "cuda:1"
    # The stand-in for a GPU knows shapes only: all goes well until NumPy's array is asked for.
    try:
        with pytest.raises(NotImplementedError, match="copy out of meta tensor"):
            separator.separate(noise(2, 5001), 44100, device="meta")
    finally:
        wave_u_net._load_once.cache_clear()


def test_the_reimplementation_stays_on_its_device(shared: Path) -> None:
    folder = shared / "golden" / "wave_u_net" / PYTORCH[0]
    config, given, _ = golden(folder)
    network = load_network(folder, config).to("meta")
    assert network(torch.from_numpy(given)[None].to("meta")).device.type == "meta"


def test_twice_the_same_and_the_mixture_untouched(tmp_path: Path) -> None:
    separator = small_separator(tmp_path)
    mix = noise(2, 5001)
    before = mix.copy()
    first, second = (separator.separate(mix, 44100, device="cpu") for _ in range(2))
    np.testing.assert_array_equal(mix, before)
    for name in CANONICAL_STEMS:
        np.testing.assert_array_equal(first[name], second[name])


def test_stems_sum_to_the_mixture_unless_clipped(tmp_path: Path) -> None:
    mix = noise(2, 3000, loudness=3.0)
    stems = small_separator(tmp_path).separate(mix, 22050, device="cpu")
    np.testing.assert_allclose(sum(stems.values()), mix, atol=1e-5)
    clipped = small_separator(tmp_path, clip=True).separate(mix, 22050, device="cpu")
    np.testing.assert_array_equal(clipped["vocals"], np.clip(stems["vocals"], -1, 1))
    assert np.abs(stems["vocals"]).max() > 1


def test_mono_enters_a_stereo_network_on_both_channels(tmp_path: Path) -> None:
    separator = small_separator(tmp_path)
    mix = noise(1, 2000)
    mono = separator.separate(mix, 22050, device="cpu")
    both = separator.separate(np.repeat(mix, 2, axis=0), 22050, device="cpu")
    for name in CANONICAL_STEMS:
        np.testing.assert_allclose(mono[name][0], both[name].mean(axis=0), atol=1e-6)


def test_more_channels_are_taken_two_by_two(tmp_path: Path) -> None:
    separator = small_separator(tmp_path)
    mix = noise(5, 2000)
    stems = separator.separate(mix, 22050, device="cpu")
    for part in (slice(0, 2), slice(2, 4), slice(4, 5)):
        alone = separator.separate(mix[part], 22050, device="cpu")
        for name in CANONICAL_STEMS:
            np.testing.assert_allclose(stems[name][part], alone[name], atol=1e-6)


def test_a_mono_network_gets_the_mean_and_its_stems_stand_on_every_channel(
    tmp_path: Path,
) -> None:
    separator = small_separator(tmp_path, "m2")
    mix = noise(2, 2000)
    stems = separator.separate(mix, 22050, device="cpu")
    alone = separator.separate(mix.mean(axis=0, keepdims=True), 22050, device="cpu")
    for name in CANONICAL_STEMS:
        np.testing.assert_array_equal(stems[name][0], stems[name][1])
        np.testing.assert_allclose(stems[name][:1], alone[name], atol=1e-6)


def test_a_voice_network_has_its_accompaniment_split(tmp_path: Path) -> None:
    config = reduced("m4")
    mix = noise(2, 3000)
    stems = small_separator(tmp_path, "m4", clip=True).separate(mix, 22050, device="cpu")
    accompaniment, vocals = load_network(tmp_path, config)(torch.from_numpy(mix)[None])[0].numpy()
    np.testing.assert_allclose(stems["vocals"], vocals, atol=1e-6)
    parts = stems["bass"] + stems["drums"] + stems["other"]
    np.testing.assert_allclose(parts, accompaniment, atol=1e-5)


def test_sixteen_bit(tmp_path: Path) -> None:
    mix = noise(2, 3000, loudness=3.0)
    full = small_separator(tmp_path).separate(mix, 44100, device="cpu")
    coarse = small_separator(tmp_path, sixteen_bit=True).separate(mix, 44100, device="cpu")
    for name in CANONICAL_STEMS:
        numbers = coarse[name] * 32768
        np.testing.assert_array_equal(numbers, np.rint(numbers))
        assert numbers.min() >= -32768
        assert numbers.max() <= 32767
        inside = np.abs(full[name]) < 0.999
        assert np.abs(coarse[name] - full[name])[inside].max() <= 0.5 / 32768 + 1e-7
    assert coarse["vocals"].max() == np.float32(32767 / 32768)


def test_a_replaced_checkpoint_is_noticed(tmp_path: Path) -> None:
    separator = small_separator(tmp_path)
    mix = noise(2, 2000)
    before = separator.separate(mix, 22050, device="cpu")["bass"]
    checkpoint(tmp_path, reduced("m6"), seed=5)
    after = separator.separate(mix, 22050, device="cpu")["bass"]
    assert np.abs(after - before).max() > 1e-3


@pytest.mark.parametrize("settings", [{"variant": "m5"}, {"config": SMALL}])
def test_the_shipped_weights_are_of_one_network(settings: dict[str, Any]) -> None:
    separator = WaveUNet(**settings)
    for act in (separator.ready, lambda: separator.separate(noise(2, 100), 22050, device="cpu")):
        with pytest.raises(MerbenchError, match="full_multi_instrument-134067"):
            act()


def test_the_shipped_weights() -> None:
    separator = WaveUNet()
    separator.ready()
    mix = noise(1, 30000)
    first, second = (separator.separate(mix, 44100, device="cpu") for _ in range(2))
    assert tuple(first) == CANONICAL_STEMS
    for name in CANONICAL_STEMS:
        assert first[name].shape == mix.shape
        np.testing.assert_array_equal(first[name], second[name])
    folder = Path(sys.modules[WaveUNet.__module__].__file__ or "").parent / "weights"
    weights = folder / "model.safetensors"
    assert weights.stat().st_size < 10e6
    # By name or by path, the same network.
    config = json.loads((folder / "config.json").read_text())
    named = WaveUNet(weights=weights, variant="spectral", config=config).separate(
        mix, 44100, device="cpu"
    )
    np.testing.assert_array_equal(named["vocals"], first["vocals"])
    card = json.loads((folder / "card.json").read_text())
    assert card["bytes"] == weights.stat().st_size
    assert card["configuration"] == config
    assert card["licence"] in (folder / "README.md").read_text()


@pytest.mark.parametrize(
    ("rate", "channels", "samples", "loudness"),
    [(22050, 2, 1, 0.5), (22050, 1, 40_001, 3.0), (22050, 2, 9_999, 0.0), (48000, 5, 5_001, 1.0)],
)
def test_the_shipped_weights_on_clips_of_any_kind(
    rate: int, channels: int, samples: int, loudness: float
) -> None:
    mix = 2 * loudness * noise(channels, samples)
    stems = WaveUNet().separate(mix, rate, device="cpu")
    assert tuple(stems) == CANONICAL_STEMS
    for stem in stems.values():
        assert stem.shape == mix.shape
        assert stem.dtype == np.float32
        assert np.isfinite(stem).all()
    if rate == 22050:  # At other rates resampling takes off what lies above 11 kHz.
        np.testing.assert_allclose(sum(stems.values()), mix, atol=1e-4)


def test_the_shipped_weights_count_by_content() -> None:
    parameters = WaveUNet().identity()["parameters"]
    assert len(parameters["weights"]) == 64
    assert parameters["config"] == WaveUNet().configuration.model_dump(mode="json")


def test_the_shipped_weights_separate_real_music(shared: Path) -> None:
    """Better than the mixture for every stem of a recording that was never trained on."""
    from merbench import audio

    folder = shared / "data" / "stems" / "music_delta_80s_rock_7s"
    mix, rate = audio.read(folder / "mix.flac")
    stems = WaveUNet().separate(mix, rate, device="cpu")
    for name in CANONICAL_STEMS:
        target, _ = audio.read(folder / f"{name}.flac")
        assert si_sdr(stems[name], target) > si_sdr(mix, target) + 3


def test_ready_with_weights(tmp_path: Path) -> None:
    small_separator(tmp_path).ready()


@pytest.mark.parametrize(
    ("variant", "config", "message"),
    [
        ("m6", {}, r"lacks \d+ of the 56 variables of this Wave-U-Net, the first"),
        ("m6", SMALL | {"filter_size": 9}, "has shape .15, 2, 4., but this Wave-U-Net has .9,"),
        ("m5", SMALL, "lacks 3 of the 19 variables of this Wave-U-Net, the first separator/interp"),
        ("pytorch", {}, "the first waveunets.bass"),
    ],
)
def test_ready_with_the_weights_of_another_network(
    tmp_path: Path, variant: Any, config: dict[str, Any], message: str
) -> None:
    prefix = checkpoint(tmp_path, reduced("m6"))
    with pytest.raises(MerbenchError, match=message):
        WaveUNet(weights=prefix, variant=variant, config=config).ready()


def test_wrong_settings_name_the_nearest() -> None:
    with pytest.raises(ValidationError, match="no setting 'num_layer'; did you mean 'num_layers'"):
        WaveUNet(config={"num_layer": 3})
    with pytest.raises(ValidationError, match="num_layers: Input should be greater than"):
        WaveUNet(config={"num_layers": 0})
    with pytest.raises(ValidationError, match="its sources must be bass, drums, other, vocals, or"):
        WaveUNet(variant="pytorch", config={"instruments": ["piano", "vocals"]})


def test_two_of_the_same_weights_are_one_identity(tmp_path: Path) -> None:
    (tmp_path / "moved").mkdir()
    first = small_separator(tmp_path)
    second = small_separator(tmp_path / "moved")
    assert first.identity() == second.identity()
    assert first.identity() != small_separator(tmp_path, clip=True).identity()
    assert pickle.loads(pickle.dumps(first)) == first


def test_the_shipped_weights_leave_vocals_quiet_where_nobody_sings(shared: Path) -> None:
    from merbench import audio

    levels = []
    for folder in sorted((shared / "data" / "stems").glob("freedoom_*")):
        mix, rate = audio.read(folder / "mix.flac")
        vocals = WaveUNet().separate(mix, rate, device="cpu")["vocals"]
        levels.append(10 * np.log10((vocals**2).sum() / (mix**2).sum()))
    assert len(levels) == 3
    assert np.median(levels) < -20


def test_the_shipped_weights_hear_a_wide_mix_as_they_hear_a_narrow_one(shared: Path) -> None:
    """Where the accompaniment is wide, the voice in the middle is heard as well as in mono.

    A network that had learned from mono alone lost 9 dB of a voice so.
    """
    from merbench import audio

    folder = shared / "data" / "stems" / "music_delta_80s_rock_7s"
    read = {name: audio.read(folder / f"{name}.flac") for name in ("mix", "vocals")}
    (mix, rate), (voice, _) = read["mix"], read["vocals"]
    voice = voice.mean(axis=0, keepdims=True).repeat(2, axis=0)
    rest = mix - read["vocals"][0]
    middle, side = rest.mean(axis=0), (rest[0] - rest[1]) / 2
    gains = []
    for width in (0.0, 3.0):
        whole = voice + np.stack([middle + width * side, middle - width * side])
        estimate = WaveUNet().separate(whole.astype(np.float32), rate, device="cpu")["vocals"]
        gains.append(si_sdr(estimate, voice) - si_sdr(whole, voice))
    assert min(gains) > 6
    assert gains[1] > gains[0] - 0.1
