from __future__ import annotations

import json
import pickle
import struct
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from tensorflow_files import write_checkpoint
from tensorflow_graph import random_variables, separate_song

from merbench import CANONICAL_STEMS, MerbenchError
from merbench_plugins.separators.wave_u_net import WaveUNet, load_network
from merbench_plugins.separators.wave_u_net.checkpoint import open_checkpoint
from merbench_plugins.separators.wave_u_net.configuration import (
    PUBLISHED,
    from_mapping,
    from_variant,
)
from merbench_plugins.separators.wave_u_net.reimplementation import (
    ReimplementedWaveUNet,
    variables,
)
from merbench_plugins.separators.wave_u_net.scoring import si_sdr

SMALL = {"num_layers": 3, "num_initial_filters": 4, "num_frames": 256}
TENSORFLOW = ("tf1_small_m6", "tf1_small_m1_same")
PYTORCH = (
    "small_bn_learned_add",
    "small_gn_fixed_joint",
    "small_gn_fixed_sep",
    "small_normal_mono",
)


def reduced(variant: str, **changes: Any) -> dict[str, Any]:
    """A published configuration at reduced size, as a plain dict."""
    return from_variant(variant, SMALL | changes).model_dump()  # type: ignore[arg-type]


def checkpoint(folder: Path, config: dict[str, Any], seed: int = 0) -> Path:
    """A TensorFlow checkpoint with random weights, an optimiser's slots among them."""
    values = random_variables(config, seed)
    slots = {f"{name}/Adam": np.ones_like(value) for name, value in values.items()}
    prefix = folder / "ckpt"
    write_checkpoint(prefix, values | slots | {"global_step": np.array(7, np.int64)})
    return prefix


def write_safetensors(path: Path, arrays: dict[str, np.ndarray]) -> None:
    kinds = {"float32": "F32", "float16": "F16", "int64": "I64", "bool": "BOOL"}
    header, content = {}, b""
    for name, array in arrays.items():
        end = len(content) + array.nbytes
        header[name] = {
            "dtype": kinds[array.dtype.name],
            "shape": array.shape,
            "data_offsets": [len(content), end],
        }
        content += array.tobytes()
    text = json.dumps(header | {"__metadata__": {"format": "pt"}}).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + content)


def noise(*shape: int, seed: int = 1, loudness: float = 0.9) -> np.ndarray:
    return (loudness * np.random.default_rng(seed).uniform(-1, 1, shape)).astype(np.float32)


def golden(folder: Path) -> tuple[dict[str, Any], np.ndarray, np.ndarray]:
    """Configuration, input (channels, samples) and output (sources, channels, samples)."""
    config = json.loads((folder / "config.json").read_text())
    given, expected = np.load(folder / "input.npy"), np.load(folder / "output.npy")
    if "num_layers" in config["config"]:
        return config, given.T.copy(), expected.transpose(0, 2, 1)
    return config, given, expected


# The original programs' output, and what was worked out from their definitions


@pytest.mark.parametrize("name", TENSORFLOW + PYTORCH)
def test_golden(shared: Path, name: str) -> None:
    folder = shared / "golden" / "wave_u_net" / name
    config, given, expected = golden(folder)
    network = load_network(folder / "ckpt" if name in TENSORFLOW else folder, config)
    output = network(torch.from_numpy(given)[None])
    assert output.shape == (1, *expected.shape)
    assert np.abs(output.numpy()[0] - expected).max() < 5e-6


@pytest.mark.parametrize("name", TENSORFLOW)
def test_golden_variables_and_lengths_of_the_original(shared: Path, name: str) -> None:
    config, _, _ = golden(shared / "golden" / "wave_u_net" / name)
    configuration = from_mapping(config)
    assert configuration.variables == {n: tuple(shape) for n, shape in config["variables"]}
    assert configuration.frames == (config["input_shape"][1], config["output_shape"][1])


@pytest.mark.parametrize("name", PYTORCH)
def test_golden_variables_and_lengths_of_the_reimplementation(shared: Path, name: str) -> None:
    config, _, _ = golden(shared / "golden" / "wave_u_net" / name)
    configuration = from_mapping(config)
    assert variables(configuration) == {n: tuple(shape) for n, shape in config["keys"]}
    frames, shapes = configuration.frames, config["shapes"]
    assert frames == (shapes["input_frames"], shapes["output_frames"])
    assert frames.context == shapes["output_start_frame"]


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
    stems = separator.separate(given, configuration.sample_rate)
    for stem, truth in zip(CANONICAL_STEMS, expected, strict=True):
        assert np.abs(stems[stem] - truth).max() < 5e-6


@pytest.mark.parametrize("samples", [100, 1500])
@pytest.mark.parametrize("variant", PUBLISHED)
def test_published_configurations_equal_their_definition(
    tmp_path: Path, variant: str, samples: int
) -> None:
    config = reduced(variant)
    prefix = checkpoint(tmp_path, config)
    configuration = from_mapping(config)
    mix = noise(configuration.channels, samples)
    output = load_network(prefix, config)(torch.from_numpy(mix)[None])[0].numpy()
    expected = separate_song(mix.T, random_variables(config, 0), config, configuration.frames)
    assert np.abs(output - expected.transpose(0, 2, 1)).max() < 1e-5


@pytest.mark.parametrize(
    "changes",
    [
        {"context": True, "upsampling": "learned", "task": "multi_instrument"},
        {"upsampling": "learned", "output_activation": "linear"},
        {"output_type": "difference", "output_activation": "linear", "mono_downmix": False},
        {"context": True, "filter_size": 6, "merge_filter_size": 2, "output_filter_size": 3},
        {"filter_size": 4, "output_filter_size": 2},
    ],
)
def test_other_configurations_equal_their_definition(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    config = reduced("m1", **changes)
    configuration = from_mapping(config)
    mix = noise(configuration.channels, 700, loudness=3.0)
    network = load_network(checkpoint(tmp_path, config), config)
    output = network(torch.from_numpy(mix)[None])[0].numpy()
    expected = separate_song(mix.T, random_variables(config, 0), config, configuration.frames)
    assert np.abs(output - expected.transpose(0, 2, 1)).max() < 1e-5


def test_the_published_network_of_the_paper() -> None:
    """Lengths measured from the paper's own stems, and one layer's shape by hand."""
    configuration = from_variant("m6", {})
    assert configuration.frames == (147443, 16389)
    shapes = configuration.variables  # type: ignore[union-attr]
    assert shapes["separator/conv1d_12/kernel"] == (15, 288, 312)
    assert shapes["separator/conv1d_13/kernel"] == (5, 312 + 288, 288)
    assert len(shapes) == 2 * (12 + 1 + 12 + 3)


def test_songs_of_a_batch_do_not_touch() -> None:
    config = from_mapping({"levels": 3, "features": 8, "output_size": 0.02, "strides": 2})
    from merbench_plugins.separators.wave_u_net.song import SongNetwork

    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = SongNetwork(ReimplementedWaveUNet(config)).eval()  # type: ignore[arg-type]
    songs = torch.from_numpy(noise(3, 2, 2500))
    together = network(songs)
    for song, separated in zip(songs, together, strict=True):
        torch.testing.assert_close(network(song[None])[0], separated, atol=1e-6, rtol=0)


@pytest.mark.parametrize("res", ["fixed", "learned"])
@pytest.mark.parametrize("strides", [2, 3])
@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("levels", [2, 4])
def test_lengths_of_the_reimplementation(res: str, strides: int, depth: int, levels: int) -> None:
    """A chunk of the length that was worked out comes out in the length that was worked out."""
    config = from_variant(
        "pytorch",
        {
            "res": res,
            "strides": strides,
            "depth": depth,
            "levels": levels,
            "features": 8,
            "feature_growth": "add",
            "output_size": 0.01,
        },
    )
    given, yielded = config.frames
    network = ReimplementedWaveUNet(config).eval()  # type: ignore[arg-type]
    with torch.inference_mode():
        assert network(torch.zeros(1, 2, given)).shape == (1, 4, 2, yielded)
    assert yielded >= 441


# Checkpoints of every kind


@pytest.mark.parametrize("named", ["ckpt", "ckpt.index", "ckpt.data-00000-of-00001", ""])
def test_a_tensorflow_checkpoint_has_many_names(tmp_path: Path, named: str) -> None:
    config = reduced("m4")
    checkpoint(tmp_path, config)
    mix = torch.from_numpy(noise(1, 2, 900))
    expected = load_network(tmp_path / "ckpt", config)(mix)
    assert torch.equal(load_network(str(tmp_path / named), config)(mix), expected)


def test_the_original_from_half_precision_safetensors(tmp_path: Path) -> None:
    config = reduced("m6")
    arrays = random_variables(config, 0)
    write_safetensors(
        tmp_path / "model.safetensors", {n: a.astype(np.float16) for n, a in arrays.items()}
    )
    mix = torch.from_numpy(noise(1, 2, 900))
    halved = load_network(tmp_path, config)(mix)
    assert (
        halved - load_network(checkpoint(tmp_path / "..", config), config)(mix)
    ).abs().max() < 0.02


@pytest.mark.parametrize("suffix", [".pt", ""])
@pytest.mark.parametrize("wrapped", [True, False])
def test_torch_checkpoints(tmp_path: Path, suffix: str, wrapped: bool) -> None:
    config = {"levels": 2, "features": 8, "conv_type": "bn", "output_size": 0.01}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        state = ReimplementedWaveUNet(from_mapping(config)).state_dict()  # type: ignore[arg-type]
    write_safetensors(
        tmp_path / "state.safetensors", {name: tensor.numpy() for name, tensor in state.items()}
    )
    content = {f"module.{name}": tensor for name, tensor in state.items()} if wrapped else state
    path = tmp_path / f"model{suffix}"
    torch.save({"model_state_dict": content, "state": {"step": 3}} if wrapped else content, path)
    mix = torch.from_numpy(noise(1, 2, 700))
    expected = load_network(tmp_path / "state.safetensors", config)(mix)
    assert torch.equal(load_network(path, config)(mix), expected)


def test_a_torch_checkpoint_runs_no_code(tmp_path: Path) -> None:
    marker = tmp_path / "marker"

    class Malicious:
        def __reduce__(self) -> tuple[Any, ...]:
            return (marker.touch, ())

    torch.save({"weight": Malicious()}, tmp_path / "model.pt")
    with pytest.raises(MerbenchError, match="cannot be read as a torch checkpoint"):
        open_checkpoint(tmp_path / "model.pt")
    assert not marker.exists()


@pytest.mark.parametrize("name", ["model.pt", "model.safetensors"])
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"plain text",
        struct.pack("<Q", 3) + b"{}",
        struct.pack("<Q", 2**60),
        struct.pack("<Q", 2) + b"[]",
        struct.pack("<Q", 14) + b'{"a":{"b":[1]}',
        struct.pack("<Q", 65)
        + b'{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8000]}}  ',
        pickle.dumps([1, 2]),
    ],
)
def test_files_that_are_no_checkpoints(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(MerbenchError, match=name):
        open_checkpoint(path)


def test_a_torch_file_without_a_state_dict(tmp_path: Path) -> None:
    torch.save(torch.zeros(3), tmp_path / "model.pt")
    with pytest.raises(MerbenchError, match="holds a Tensor, no state dict"):
        open_checkpoint(tmp_path / "model.pt")


def test_safetensors_of_an_unknown_type(tmp_path: Path) -> None:
    write_safetensors(tmp_path / "a.safetensors", {"a": np.ones(3, bool)})
    with pytest.raises(MerbenchError, match="a is stored as BOOL"):
        open_checkpoint(tmp_path / "a.safetensors").read("a")


def test_paths_that_name_no_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(MerbenchError, match="nowhere is no checkpoint"):
        open_checkpoint(tmp_path / "nowhere")
    with pytest.raises(MerbenchError, match="holds no checkpoint"):
        open_checkpoint(tmp_path)
    for name in ("a", "b"):
        write_checkpoint(tmp_path / name, {"x": np.ones(1, np.float32)})
    with pytest.raises(MerbenchError, match=r"holds 2 checkpoints, a\.index, b\.index"):
        open_checkpoint(tmp_path)


def test_configurations_that_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(MerbenchError, match="describes no Wave-U-Net"):
        load_network(tmp_path, {"depth": 2})
    with pytest.raises(MerbenchError, match="network: Input should be 'unet'"):
        load_network(tmp_path, {"num_layers": 6, "network": "unet_spectrogram"})
    with pytest.raises(MerbenchError, match="must be a multiple of 4096, not 1000"):
        load_network(tmp_path, {"num_layers": 12, "num_frames": 1000})
    with pytest.raises(MerbenchError, match="kernel_size must be odd"):
        load_network(tmp_path, {"levels": 3, "kernel_size": 4})
    with pytest.raises(MerbenchError, match="features must be a multiple of 8"):
        load_network(tmp_path, {"levels": 3, "features": 12})


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
    stems = separator.separate(mix, rate)
    assert tuple(stems) == CANONICAL_STEMS
    for stem in stems.values():
        assert stem.shape == mix.shape
        assert stem.dtype == np.float32
        assert np.isfinite(stem).all()


def test_twice_the_same_and_the_mixture_untouched(tmp_path: Path) -> None:
    separator = small_separator(tmp_path)
    mix = noise(2, 5001)
    before = mix.copy()
    first, second = (separator.separate(mix, 44100) for _ in range(2))
    np.testing.assert_array_equal(mix, before)
    for name in CANONICAL_STEMS:
        np.testing.assert_array_equal(first[name], second[name])


def test_stems_sum_to_the_mixture_unless_clipped(tmp_path: Path) -> None:
    mix = noise(2, 3000, loudness=3.0)
    stems = small_separator(tmp_path).separate(mix, 22050)
    np.testing.assert_allclose(sum(stems.values()), mix, atol=1e-5)
    clipped = small_separator(tmp_path, clip=True).separate(mix, 22050)
    np.testing.assert_array_equal(clipped["vocals"], np.clip(stems["vocals"], -1, 1))
    assert np.abs(stems["vocals"]).max() > 1


def test_mono_enters_a_stereo_network_on_both_channels(tmp_path: Path) -> None:
    separator = small_separator(tmp_path)
    mix = noise(1, 2000)
    mono = separator.separate(mix, 22050)
    both = separator.separate(np.repeat(mix, 2, axis=0), 22050)
    for name in CANONICAL_STEMS:
        np.testing.assert_allclose(mono[name][0], both[name].mean(axis=0), atol=1e-6)


def test_more_channels_are_taken_two_by_two(tmp_path: Path) -> None:
    separator = small_separator(tmp_path)
    mix = noise(5, 2000)
    stems = separator.separate(mix, 22050)
    for part in (slice(0, 2), slice(2, 4), slice(4, 5)):
        alone = separator.separate(mix[part], 22050)
        for name in CANONICAL_STEMS:
            np.testing.assert_allclose(stems[name][part], alone[name], atol=1e-6)


def test_a_mono_network_gets_the_mean_and_its_stems_stand_on_every_channel(
    tmp_path: Path,
) -> None:
    separator = small_separator(tmp_path, "m2")
    mix = noise(2, 2000)
    stems = separator.separate(mix, 22050)
    alone = separator.separate(mix.mean(axis=0, keepdims=True), 22050)
    for name in CANONICAL_STEMS:
        np.testing.assert_array_equal(stems[name][0], stems[name][1])
        np.testing.assert_allclose(stems[name][:1], alone[name], atol=1e-6)


def test_a_voice_network_has_its_accompaniment_split(tmp_path: Path) -> None:
    config = reduced("m4")
    mix = noise(2, 3000)
    stems = small_separator(tmp_path, "m4", clip=True).separate(mix, 22050)
    accompaniment, vocals = load_network(tmp_path, config)(torch.from_numpy(mix)[None])[0].numpy()
    np.testing.assert_allclose(stems["vocals"], vocals, atol=1e-6)
    parts = stems["bass"] + stems["drums"] + stems["other"]
    np.testing.assert_allclose(parts, accompaniment, atol=1e-5)


def test_sixteen_bit(tmp_path: Path) -> None:
    mix = noise(2, 3000, loudness=3.0)
    full = small_separator(tmp_path).separate(mix, 44100)
    coarse = small_separator(tmp_path, sixteen_bit=True).separate(mix, 44100)
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
    before = separator.separate(mix, 22050)["bass"]
    checkpoint(tmp_path, reduced("m6"), seed=5)
    after = separator.separate(mix, 22050)["bass"]
    assert np.abs(after - before).max() > 1e-3


@pytest.mark.parametrize("settings", [{"variant": "m5"}, {"config": SMALL}])
def test_the_shipped_weights_are_of_one_network(settings: dict[str, Any]) -> None:
    separator = WaveUNet(**settings)
    for act in (separator.ready, lambda: separator.separate(noise(2, 100), 22050)):
        with pytest.raises(MerbenchError, match="full_multi_instrument-134067"):
            act()


def test_the_shipped_weights() -> None:
    separator = WaveUNet()
    separator.ready()
    mix = noise(1, 30000)
    first, second = (separator.separate(mix, 44100) for _ in range(2))
    assert tuple(first) == CANONICAL_STEMS
    for name in CANONICAL_STEMS:
        assert first[name].shape == mix.shape
        np.testing.assert_array_equal(first[name], second[name])
    folder = Path(sys.modules[WaveUNet.__module__].__file__ or "").parent / "weights"
    weights = folder / "model.safetensors"
    assert weights.stat().st_size < 10e6
    # By name or by path, the same network.
    config = json.loads((folder / "config.json").read_text())
    named = WaveUNet(weights=weights, variant="spectral", config=config).separate(mix, 44100)
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
    stems = WaveUNet().separate(mix, rate)
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
    stems = WaveUNet().separate(mix, rate)
    for name in CANONICAL_STEMS:
        target, _ = audio.read(folder / f"{name}.flac")
        assert si_sdr(stems[name], target) > si_sdr(mix, target) + 3


def test_the_shipped_weights_leave_vocals_quiet_where_nobody_sings(shared: Path) -> None:
    from merbench import audio

    levels = []
    for folder in sorted((shared / "data" / "stems").glob("freedoom_*")):
        mix, rate = audio.read(folder / "mix.flac")
        vocals = WaveUNet().separate(mix, rate)["vocals"]
        levels.append(10 * np.log10((vocals**2).sum() / (mix**2).sum()))
    assert len(levels) == 3
    assert np.median(levels) < -20


def test_the_shipped_weights_hear_a_wide_mix_as_they_hear_a_narrow_one(shared: Path) -> None:
    """Where the accompaniment is wide, the voice in the middle is no quieter than in mono."""
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
        estimate = WaveUNet().separate(whole.astype(np.float32), rate)["vocals"]
        gains.append(si_sdr(estimate, voice) - si_sdr(whole, voice))
    assert gains[1] > gains[0] > 3


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
