"""Training a Wave-U-Net on multitracks, rendered MIDI and music that a teacher labelled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from merbench.components import CANONICAL_STEMS
from merbench.errors import MerbenchError
from merbench_plugins.separators.wave_u_net.configuration import Configuration
from merbench_plugins.separators.wave_u_net.excerpts import Validation
from merbench_plugins.separators.wave_u_net.export import annotate, load, write_music
from merbench_plugins.separators.wave_u_net.multitracks import (
    Preparation,
    Prepared,
    Progress,
    find_tracks,
    prepare,
)
from merbench_plugins.separators.wave_u_net.options import read_options
from merbench_plugins.separators.wave_u_net.scoring import validate
from merbench_plugins.separators.wave_u_net.trainable import Trainable
from merbench_plugins.separators.wave_u_net.trainer import STATE, Trainer, device_named

__all__ = ["hold_out", "train"]


def train(
    configuration: Configuration,
    data: Sequence[Path],
    out: Path,
    options: Mapping[str, Any],
    progress: Progress,
) -> None:
    """Train a network and write its weights, configuration and card.

    Parameters
    ----------
    configuration
        The network's, original or spectral, for bass, drums, other and vocals.
    data
        Folders of music, as `multitracks.find_tracks` takes them.
    out
        Folder to write to: `model.safetensors`, `config.json`, `card.json` and `README.md`, anew
        after every validation with a better score; `state.pt`, to resume from.
    options
        As in `Options`.
    progress
        Called with what is being done and the share that is done, on [0, 1].

    Raises
    ------
    MerbenchError
        The network, an option or the data cannot be used, or there is something in `out` already
        that is not to be resumed.
    """
    chosen = read_options(options)
    if not isinstance(configuration, Trainable) or configuration.sources != CANONICAL_STEMS:
        raise MerbenchError(
            "only the spectral Wave-U-Net and the original for bass, drums, other and vocals "
            "(variants spectral and m6) can be trained; choose one with --set variant=spectral"
        )
    if (out / STATE).exists() and not chosen.resume:
        raise MerbenchError(
            f"{out} holds a training already; go on with it by --resume, or choose another folder"
        )
    how = Preparation(
        configuration.sample_rate,
        chosen.teacher,
        chosen.teacher_stems,
        chosen.soundfonts,
        chosen.midi_seconds,
        str(device_named(chosen.device)),
        chosen.sift,
    )
    kept = chosen.prepared or out / "prepared"
    found = [t for i, root in enumerate(data) for t in find_tracks(root, i)]
    aside = [t for i, root in enumerate(chosen.validation) for t in find_tracks(root, i)]
    tracks = prepare(found, how, kept, progress)
    if aside:
        held_out = prepare(aside, how, kept, progress)
    else:
        tracks, held_out = hold_out(tracks, chosen.validation_share, chosen.seed)
    if chosen.revoicings:
        groups = {track.group for track in tracks}
        again = how._replace(revoicings=range(1, chosen.revoicings + 1))
        tracks += prepare([t for t in found if t.group in groups], again, kept, progress)
    Trainer(configuration, tracks, held_out, out, chosen).run(progress)
    write_music(out, tracks, configuration.sample_rate)
    tests = {
        title: prepare(find_tracks(root), how, kept, progress)
        for title, root in chosen.tests.items()
    }
    # Said anew, since a resumption may state what was not known when the weights were written.
    scores = _test(out, tests, chosen.test_seconds, progress)
    annotate(out, {"licence": chosen.licence, "remarks": chosen.remarks, "tests": scores})


def _test(
    out: Path, tests: Mapping[str, Sequence[Prepared]], seconds: int, progress: Progress
) -> dict[str, dict[str, dict[str, float]]]:
    """Score the network that was kept on music it has not seen."""
    network = load(out)
    rate = network.network.config.sample_rate
    scores: dict[str, dict[str, dict[str, float]]] = {}
    for title, tracks in tests.items():
        progress(f"testing: {title}", len(scores) / len(tests))
        scores[title] = validate(network, Validation.excerpts(tracks, seconds, rate))
    return scores


def hold_out(
    tracks: Sequence[Prepared], share: float, seed: int
) -> tuple[list[Prepared], list[Prepared]]:
    """Set a share of the groups aside, drawn from the seed."""
    groups = sorted({track.group for track in tracks})
    if len(groups) < 2:
        raise MerbenchError(
            "all music is of one group (track, artist or folder), so that none can be held out for "
            "validation; give more, or name a folder with --validation"
        )
    count = min(len(groups) - 1, max(1, round(share * len(groups))))
    drawn = set(np.random.default_rng(seed).permutation(groups)[:count].tolist())
    kept = [track for track in tracks if track.group not in drawn]
    return kept, [track for track in tracks if track.group in drawn]
