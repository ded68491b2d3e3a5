"""The published Wave-U-Net graph and its program for songs, from their definitions, in NumPy.

Slow and direct, in double precision, on (frames, channels): what the networks are tested against.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


def random_variables(config: Mapping[str, Any], seed: int) -> dict[str, np.ndarray]:
    """Variables of a graph, created in the order in which the graph creates them."""
    rng = np.random.default_rng(seed)
    layers, first = config["num_layers"], config["num_initial_filters"]
    channels = 1 if config["mono_downmix"] else 2
    variables: dict[str, np.ndarray] = {}

    def conv1d(size: int, given: int, yielded: int) -> None:
        count = sum(name.endswith("kernel") for name in variables)
        name = f"separator/conv1d_{count}" if count else "separator/conv1d"
        scale = (size * given) ** -0.5
        variables[f"{name}/kernel"] = rng.normal(0, scale, (size, given, yielded))
        variables[f"{name}/bias"] = rng.normal(0, 0.1, yielded)

    given = channels
    for i in range(layers):
        conv1d(config["filter_size"], given, first * (i + 1))
        given = first * (i + 1)
    conv1d(config["filter_size"], given, first * (layers + 1))
    given = first * (layers + 1)
    for i in range(layers):
        if config["upsampling"] == "learned":
            variables[f"separator/interp_{i}"] = rng.normal(0, 1, given)
        conv1d(config["merge_filter_size"], given + first * (layers - i), first * (layers - i))
        given = first * (layers - i)
    sources = 4 if config["task"] == "multi_instrument" else 2
    for _ in range(sources - (config["output_type"] == "difference")):
        conv1d(config["output_filter_size"], given + channels, channels)
    return {name: value.astype(np.float32) for name, value in variables.items()}


def conv1d(x: np.ndarray, kernel: np.ndarray, bias: Any, padding: str) -> np.ndarray:
    size = len(kernel)
    if padding == "same":
        x = np.pad(x, (((size - 1) // 2, size // 2), (0, 0)))
    frames = len(x) - size + 1
    out = sum(x[i : i + frames] @ kernel[i].astype(np.float64) for i in range(size))
    return out + bias


def resize_bilinear(x: np.ndarray, size: int, *, align_corners: bool) -> np.ndarray:
    """tf.image.resize_bilinear of TensorFlow 1 along one axis."""
    scale = (len(x) - 1) / (size - 1) if align_corners else len(x) / size
    position = np.arange(size) * scale
    low = np.floor(position).astype(int)
    high = np.minimum(low + 1, len(x) - 1)
    share = (position - low)[:, None]
    return (1 - share) * x[low] + share * x[high]


def learned_interpolation(x: np.ndarray, weights: np.ndarray, padding: str) -> np.ndarray:
    """A convolution of width 2 with diagonal matrices, its outputs put between the inputs."""
    share = 1 / (1 + np.exp(-weights.astype(np.float64)))
    kernel = np.stack([np.diag(share), np.diag(1 - share)])
    between = conv1d(x, kernel, 0.0, padding)
    frames = 2 * len(x) - 1 if padding == "valid" else 2 * len(x)
    return np.stack([between[i // 2] if i % 2 else x[i // 2] for i in range(frames)])


def crop(x: np.ndarray, frames: int) -> np.ndarray:
    surplus = len(x) - frames
    start = surplus // 2
    return x[start : len(x) - (surplus - start)]


def leaky(x: np.ndarray) -> np.ndarray:
    return np.maximum(0.2 * x, x)


def separate_chunk(
    mix: np.ndarray, variables: Mapping[str, np.ndarray], config: Mapping[str, Any]
) -> np.ndarray:
    """(frames, channels) to (sources, frames, channels)."""
    kernels = [value for name, value in variables.items() if name.endswith("kernel")]
    biases = [value for name, value in variables.items() if name.endswith("bias")]
    layers = iter(zip(kernels, biases, strict=True))
    padding = "valid" if config["context"] else "same"
    x = mix.astype(np.float64)
    shortcuts = []
    for _ in range(config["num_layers"]):
        x = leaky(conv1d(x, *next(layers), padding))
        shortcuts.append(x)
        x = x[::2]
    x = leaky(conv1d(x, *next(layers), padding))
    for i in range(config["num_layers"]):
        if config["upsampling"] == "learned":
            x = learned_interpolation(x, variables[f"separator/interp_{i}"], padding)
        elif config["context"]:
            x = resize_bilinear(x, 2 * len(x) - 1, align_corners=True)
        else:
            x = resize_bilinear(x, 2 * len(x), align_corners=False)
        x = np.concatenate([crop(shortcuts[-i - 1], len(x)), x], axis=1)
        x = leaky(conv1d(x, *next(layers), padding))
    x = np.concatenate([crop(mix, len(x)), x], axis=1)
    outputs = [conv1d(x, *layer, padding) for layer in layers]
    if config["output_activation"] == "tanh":
        outputs = [np.tanh(output) for output in outputs]
    else:
        outputs = [np.clip(output, -1, 1) for output in outputs]
    if config["output_type"] == "difference":
        rest = crop(crop(mix, len(x)), len(outputs[0])) - sum(outputs)
        outputs.append(np.clip(rest, -1, 1))
    return np.stack(outputs)


def separate_song(
    mix: np.ndarray,
    variables: Mapping[str, np.ndarray],
    config: Mapping[str, Any],
    frames: tuple[int, int],
) -> np.ndarray:
    """(samples, channels) to (sources, samples, channels), chunk by chunk."""
    given, yielded = frames
    samples = len(mix)
    mix = np.pad(mix, ((0, max(0, given - samples)), (0, 0)))
    total = len(mix)
    edge = (given - yielded) // 2
    padded = np.pad(mix, ((edge, edge), (0, 0)))
    sources: np.ndarray | None = None
    for position in range(0, total, yielded):
        start = min(position, total - yielded)
        part = separate_chunk(padded[start : start + given], variables, config)
        if sources is None:
            sources = np.zeros((len(part), total, mix.shape[1]))
        sources[:, start : start + yielded] = part
    assert sources is not None
    return sources[:, :samples]
