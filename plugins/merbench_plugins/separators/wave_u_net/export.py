"""What a training leaves behind: weights, configuration, and a card that says what they are."""

from __future__ import annotations

import csv
import json
import math
import os
import struct
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from merbench.csv_text import original, rows_text

if TYPE_CHECKING:
    from merbench.evaluation.shift import TrainingMusic
    from merbench_plugins.separators.wave_u_net.multitracks import Prepared
    from merbench_plugins.separators.wave_u_net.original import OriginalWaveUNet
    from merbench_plugins.separators.wave_u_net.song import SongNetwork
    from merbench_plugins.separators.wave_u_net.spectral import SpectralWaveUNet

__all__ = [
    "CARD",
    "CONFIGURATION",
    "MUSIC",
    "README",
    "WEIGHTS",
    "annotate",
    "export",
    "load",
    "read_music",
    "readme",
    "summary_of",
    "write_music",
]

WEIGHTS = "model.safetensors"
CONFIGURATION = "config.json"
CARD = "card.json"
README = "README.md"
MUSIC = "music.csv"

UNSUNG = "no vocals"
"""Stands in scores for music without singing."""

_DESCRIBED_SECONDS = 30

_KINDS = {"unet": "A Wave-U-Net", "spectral": "A Wave-U-Net on spectra"}

LIMITS = (
    "Singing in styles, languages or productions unlike the music it was trained on.",
    "Bass and drums of real recordings as well as those of rendered MIDI, where training had only "
    "the latter.",
    "Listening, remixing or transcription: stems have audible remains of each other, and nothing "
    "above half its sample rate.",
    "Conclusions about separation as such: what a benchmark finds with these stems is about this "
    "checkpoint.",
)


def export(
    network: OriginalWaveUNet | SpectralWaveUNet, folder: Path, card: Mapping[str, Any]
) -> None:
    """Write a network's weights in half precision, its configuration and its card.

    Parameters
    ----------
    network
        With the weights to keep.
    folder
        Where to. Each file is replaced whole.
    card
        What is known of the training; parameters and bytes are added.
    """
    variables = network.variables()
    content = _safetensors({name: a.astype(np.float16) for name, a in variables.items()})
    parameters = sum(array.size for array in variables.values())
    card = {**card, "parameters": parameters, "bytes": len(content)}
    _write(folder / WEIGHTS, content)
    _write(folder / CONFIGURATION, _json(network.config.model_dump()))
    _write(folder / CARD, _json(card))
    _write(folder / README, readme(card).encode())


def annotate(folder: Path, entries: Mapping[str, Any]) -> None:
    """Add entries to the card of an exported network."""
    card = json.loads((folder / CARD).read_text(encoding="utf-8")) | entries
    _write(folder / CARD, _json(card))
    _write(folder / README, readme(card).encode())


def load(folder: Path) -> SongNetwork:
    """Read an exported network back, as it is used: not clipped."""
    from merbench_plugins.separators.wave_u_net import open_network
    from merbench_plugins.separators.wave_u_net.configuration import from_mapping

    configuration = from_mapping(json.loads((folder / CONFIGURATION).read_text(encoding="utf-8")))
    return open_network(folder / WEIGHTS, configuration, clip=False)


def write_music(folder: Path, tracks: Sequence[Prepared], sample_rate: int) -> None:
    """Describe the fullest 30 s of each track, so that other music can be held against it."""
    from merbench.evaluation.shift import DESCRIPTORS, describe
    from merbench_plugins.separators.wave_u_net.excerpts import Validation

    rows = []
    for track in tracks:
        (excerpt,) = Validation.excerpts([track], _DESCRIBED_SECONDS, sample_rate)
        values = describe(excerpt.mix, sample_rate)
        rows.append([track.group, *(f"{value:.2f}" for value in values)])
    _write(folder / MUSIC, rows_text(["group", *DESCRIPTORS], rows).encode())


def read_music(folder: Path) -> TrainingMusic | None:
    """Read what `write_music` wrote; None where it wrote nothing, or other descriptors."""
    from merbench.evaluation.shift import DESCRIPTORS, TrainingMusic

    try:
        lines = (folder / MUSIC).read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    header, *rows = csv.reader(lines)
    if header != ["group", *DESCRIPTORS]:
        return None
    values = np.array([row[1:] for row in rows], dtype=np.float64)
    return TrainingMusic(values, tuple(original(row[0]) for row in rows))


def summary_of(tracks: Sequence[Prepared]) -> dict[str, Any]:
    """Say how much music there is, and of how much of it which parts are known."""
    hours: Counter[str] = Counter()
    for track in tracks:
        hours[", ".join("+".join(part) for part in track.parts)] += track.levels.shape[1]
    return {
        "tracks": len(tracks),
        "groups": len({track.group for track in tracks}),
        "hours": round(sum(hours.values()) / 3600, 2),
        "hours_by_known_parts": {parts: round(s / 3600, 2) for parts, s in sorted(hours.items())},
    }


def readme(card: Mapping[str, Any]) -> str:
    """Return a card as Markdown."""
    training, music = card["training"], card["music"]
    lines = [
        f"# {_KINDS[card['configuration']['network']]} for bass, drums, other and vocals",
        "",
        f"{card['parameters']:,} parameters, {card['bytes'] / 1e6:.1f} MB in half precision, "
        f"{card['configuration']['expected_sr']:,} Hz.",
        "",
        f"- **Licence:** {card['licence']}",
        *(f"- **{side.capitalize()} music:** {_music(music[side])}" for side in music),
        f"- **Teacher:** {_teacher(card)}",
        f"- **Training:** {training['steps']:,} steps of {training['batch']} excerpts "
        f"({training['hours_of_excerpts']} hours of music heard) in {training['minutes']} minutes"
        f"{_begun(training)}.",
        "",
        "Mean SI-SDR over the excerpts validated with, in dB; `+` joins what is known in sum only:",
        "",
        *_table(card["validation"]),
        *(line for title, scores in card.get("tests", {}).items() for line in _test(title, scores)),
        "",
        "What it is not good for:",
        "",
        *(f"- {limit}" for limit in LIMITS),
        *(["", card["remarks"]] if card.get("remarks") else []),
        "",
    ]
    return "\n".join(lines)


def _test(title: str, scores: Mapping[str, Mapping[str, float]]) -> list[str]:
    return ["", f"{title}:", "", *_table(scores)]


def _table(scores: Mapping[str, Mapping[str, float]]) -> list[str]:
    rows = [
        f"| {name} | {s['excerpts']} | {s['si_sdr']:.2f} | {s['si_sdr_mixture']:.2f} | "
        f"{s['si_sdr'] - s['si_sdr_mixture']:+.2f} | {s['gain']:+.2f} | "
        f"{s['gain_of_nine_in_ten']:+.2f} |"
        for name, s in scores.items()
        if "si_sdr" in s
    ]
    unsung = scores.get(UNSUNG)
    quiet = (
        [
            "",
            f"Vocals of the {unsung['excerpts']} excerpts without singing: "
            f"{unsung['level']:.1f} dB relative to the mixture, in the median.",
        ]
        if unsung
        else []
    )
    return [
        "| stem | excerpts | separated | mixture | gain | median gain | nine of ten gain |",
        "| --- | --: | --: | --: | --: | --: | --: |",
        *rows,
        *quiet,
    ]


def _music(summary: Mapping[str, Any]) -> str:
    known = "; ".join(f"{h} h of {parts}" for parts, h in summary["hours_by_known_parts"].items())
    return (
        f"{summary['tracks']} tracks, {summary['groups']} groups, {summary['hours']} h ({known})."
    )


def _teacher(card: Mapping[str, Any]) -> str:
    if not card["teacher"]:
        return "none."
    return f"{card['teacher']['name']}, for {', '.join(card['teacher_stems'])}."


def _begun(training: Mapping[str, Any]) -> str:
    start = training.get("start")
    return f", begun with the weights of SHA-256 {start[:12]}" if start else ""


def _safetensors(arrays: Mapping[str, np.ndarray]) -> bytes:
    header: dict[str, Any] = {}
    position = 0
    for name, array in arrays.items():
        end = position + array.nbytes
        header[name] = {
            "dtype": f"F{8 * array.itemsize}",
            "shape": list(array.shape),
            "data_offsets": [position, end],
        }
        position = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + b"".join(a.tobytes() for a in arrays.values())


def _json(document: Any) -> bytes:
    return (json.dumps(_finite(document), indent=1, ensure_ascii=False) + "\n").encode()


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(inner) for key, inner in value.items()}
    return [_finite(inner) for inner in value] if isinstance(value, (list, tuple)) else value


def _write(path: Path, content: bytes) -> None:
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    temporary.write_bytes(content)
    temporary.replace(path)
