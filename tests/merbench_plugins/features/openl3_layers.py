"""Random weights of OpenL3's audio network in the original's layout, and sound to be heard."""

from __future__ import annotations

import numpy as np

FILTERS = (64, 128, 256, 512)


def layers(
    seed: int = 0, front_end: dict[str, np.ndarray] | None = None
) -> list[tuple[str, dict[str, np.ndarray]]]:
    """The layers of the published file, front end included, numbered by chance as there."""
    rng = np.random.default_rng(seed)
    number = 20

    def norm(channels: int) -> tuple[str, dict[str, np.ndarray]]:
        nonlocal number
        number += 1
        roles = ("gamma", "beta", "moving_mean", "moving_variance")
        return f"batch_normalization_{number}", {
            role: rng.uniform(0.5, 1.5, channels).astype(np.float32) for role in roles
        }

    made = [
        ("input_5", {}),
        (
            "melspectrogram_5",
            {**(front_end or {"real_kernels": np.ones((2048, 1, 1, 1025), np.float32)})},
        ),
        norm(1),
    ]
    channels = 1
    for block, filters in enumerate(FILTERS):
        for again in range(2):
            last = block == 3 and again == 1
            name = "audio_embedding_layer" if last else f"conv2d_{30 - len(made)}"
            kernel = rng.normal(0, (2 / 9 / channels) ** 0.5, (3, 3, channels, filters))
            bias = rng.normal(0, 0.1, filters).astype(np.float32)
            made.append((name, {"kernel": kernel.astype(np.float32), "bias": bias}))
            if not last:
                made += [norm(filters), (f"activation_{len(made)}", {})]
            channels = filters
    return made


def two_seconds() -> np.ndarray:
    """Two windows of one second at 48 kHz: a chord that decays, and noise that swells."""
    rng = np.random.default_rng(2)
    time = np.arange(48_000) / 48_000
    chord = sum(np.sin(2 * np.pi * pitch * time) for pitch in (220.0, 277.2, 329.6, 1_760.0))
    noise = rng.standard_normal(48_000)
    windows = np.stack([0.2 * chord * np.exp(-3 * time), 0.3 * noise * time])
    windows += 1e-3 * rng.standard_normal(windows.shape)  # above what single precision rounds
    return windows.astype(np.float32)
