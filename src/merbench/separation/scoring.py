"""How near separators come to true stems."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from merbench.components import CANONICAL_STEMS, Separator
from merbench.devices import CPU
from merbench.errors import MerbenchError, PluginError
from merbench.plugins import readiness
from merbench.separation.bsseval import BSSEval
from merbench.separation.distortion import _median, is_silent, level_of, sdr, si_sdr
from merbench.separation.masks import ideal_ratio_masks
from merbench.separation.multitracks import (
    ACCOMPANIMENT,
    MIXTURE,
    STEMS,
    VOCALS,
    Multitrack,
    MultitrackFiles,
    read_multitrack,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from merbench.audio import Waveform

IDEAL_RATIO_MASK = "ideal-ratio-mask"
METRICS = (
    "si_sdr",
    "sdr",
    "bsseval_sdr",
    "bsseval_isr",
    "bsseval_sir",
    "bsseval_sar",
)

Progress = Callable[[str, float], None]


def separate_track(
    separator: Separator, waveform: Waveform, sample_rate: int, where: str, *, device: str = CPU
) -> dict[str, Waveform]:
    """Separate a recording and hold the separator to its contract.

    Raises
    ------
    MerbenchError
        The separator needs true stems.
    PluginError
        The stems it returns are not those it declares, have another shape, or are not finite.
    """
    if separator.needs_true_stems:
        raise MerbenchError(
            f"{separator.name} hands out a dataset's true stems, so it can separate no recording"
        )
    stems = separator.separate(waveform, sample_rate, device=separator.device_for(device))
    if set(stems) != set(separator.stems):
        raise PluginError(
            f"{separator.name} returned the stems {', '.join(sorted(stems))} "
            f"where it declares {', '.join(separator.stems)}; correct the plugin"
        )
    for stem, array in stems.items():
        if np.shape(array) != waveform.shape:
            raise PluginError(
                f"{where}: {separator.name} returned the shape {np.shape(array)} as {stem} of "
                f"audio of shape {waveform.shape}; correct the plugin"
            )
        if not np.isfinite(array).all():
            raise PluginError(
                f"{where}: {separator.name} returned NaN or infinite samples as {stem}; "
                "correct the plugin"
            )
    return {stem: np.asarray(stems[stem], np.float32) for stem in separator.stems}


class SeparationScore(NamedTuple):
    """How near one method comes to one true stem of one track; ratios in dB.

    Attributes
    ----------
    silent
        Whether the true stem is silent; all ratios are then NaN.
    level
        Power of the estimate relative to the mixture's: all that tells how well a stem is estimated
        that should be silent.
    si_sdr, sdr
        The two ratios of the whole track, in dB.
    bsseval_sdr, bsseval_isr, bsseval_sir, bsseval_sar
        Median of BSSEval's frames; NaN where no frame can be scored.
    """

    track: str
    stem: str
    method: str
    silent: bool
    level: float
    si_sdr: float
    sdr: float
    bsseval_sdr: float
    bsseval_isr: float
    bsseval_sir: float
    bsseval_sar: float


def score_tracks(
    separators: Mapping[str, Separator],
    tracks: Sequence[MultitrackFiles],
    progress: Progress = lambda message, share: None,
    *,
    device: str = CPU,
) -> list[SeparationScore]:
    """Score separators on multitracks, beside the mixture and ideal ratio masks.

    Parameters
    ----------
    separators
        The separators by the names that they are shown under. The first is the one in question:
        only stems that it yields are scored. `accompaniment` is the sum of all but its vocals.
    tracks
        What `find_multitracks` found. One is decoded at a time.
    progress
        Called with what is being done and the share that is done, on [0, 1].
    device
        The torch device that separators work on.

    Returns
    -------
    list of Score
        One score for each track, stem and method.

    Raises
    ------
    MerbenchError
        A track cannot be read or separated, or no stem of any can be scored.
    """
    for separator in separators.values():
        readiness.ready(separator)
    scores: list[SeparationScore] = []
    for position, files in enumerate(tracks):
        track = read_multitrack(files)
        methods: dict[str, Mapping[str, Waveform]] = {}
        steps = len(tracks) * (len(separators) + 1)
        done = position * (len(separators) + 1)
        for number, (name, separator) in enumerate(separators.items()):
            progress(f"{track.name}: separating with {name}", (done + number) / steps)
            where = f"track {track.name}"
            stems = separate_track(separator, track.mix, track.sample_rate, where, device=device)
            methods[name] = _with_accompaniment(stems)
        progress(f"{track.name}: scoring", (done + len(separators)) / steps)
        scores += _score(track, methods)
    if not scores:
        name = next(iter(separators))
        raise MerbenchError(f"{name} yields none of the stems that these tracks have")
    progress("tracks scored", 1.0)
    return scores


def _with_accompaniment(stems: dict[str, Waveform]) -> dict[str, Waveform]:
    rest = [waveform for stem, waveform in stems.items() if stem != VOCALS]
    if ACCOMPANIMENT in stems or len(rest) == len(stems) or not rest:
        return stems
    return stems | {ACCOMPANIMENT: np.sum(rest, axis=0, dtype=np.float32)}


def _score(track: Multitrack, methods: dict[str, Mapping[str, Waveform]]) -> list[SeparationScore]:
    wanted = [stem for stem in track.stems if stem in next(iter(methods.values()))]
    scores = []
    # An accompaniment is no source beside bass, drums and other, so it is scored against vocals.
    for group in (CANONICAL_STEMS, (VOCALS, ACCOMPANIMENT)):
        stems = [s for s in wanted if s in group and not (s == VOCALS and ACCOMPANIMENT in group)]
        if not stems:
            continue
        names, sources = _sources(track, group)
        masked = ideal_ratio_masks(track.mix, sources, track.sample_rate)
        compared = methods | {
            IDEAL_RATIO_MASK: dict(zip(names, masked, strict=True)),
            MIXTURE: dict.fromkeys(names, track.mix),
        }
        heard = [i for i, source in enumerate(sources) if not is_silent(source)]
        bsseval = BSSEval(sources[heard], track.sample_rate) if heard else None
        for method, estimates in compared.items():
            places = {p: names[i] for p, i in enumerate(heard) if names[i] in estimates}
            frames = bsseval.score({p: estimates[s] for p, s in places.items()}) if bsseval else {}
            by_stem = {places[p]: f.medians() for p, f in frames.items()}
            scores += [
                _one(track, stem, method, estimates[stem], by_stem.get(stem))
                for stem in stems
                if stem in estimates
            ]
    order = {stem: i for i, stem in enumerate(STEMS)}
    return sorted(scores, key=lambda score: order[score.stem])


def _one(
    track: Multitrack,
    stem: str,
    method: str,
    estimate: Waveform,
    bsseval: Mapping[str, float] | None,
) -> SeparationScore:
    level = level_of(estimate, track.mix)
    if bsseval is None:
        return SeparationScore(
            track.name, stem, method, True, level, *(float("nan"),) * len(METRICS)
        )
    true = track.stems[stem]
    ratios = (bsseval[ratio] for ratio in ("sdr", "isr", "sir", "sar"))
    return SeparationScore(
        track.name, stem, method, False, level, si_sdr(estimate, true), sdr(estimate, true), *ratios
    )


def _sources(track: Multitrack, group: Sequence[str]) -> tuple[list[str], NDArray[np.float32]]:
    """Return the known sources of a group and, where some are not known, the rest of the mixture.

    The rest's name is empty.
    """
    names = [stem for stem in group if stem in track.stems]
    sources = [track.stems[stem] for stem in names]
    if len(names) < len(group):
        rest = track.mix - np.sum(sources, axis=0, dtype=np.float32)
        if not is_silent(rest):
            names.append("")
            sources.append(rest)
    return names, np.stack(sources)


def medians(scores: Sequence[SeparationScore]) -> list[dict[str, Any]]:
    """Take medians over tracks.

    Returns
    -------
    list of dict
        One dict for each stem and method: the number of `tracks` scored, that of tracks whose true
        stem is `silent`, the median level of the estimates of these (`silent_level`), and the
        median of each of `METRICS`, NaN where there is none.
    """
    rows = []
    pairs = dict.fromkeys((score.stem, score.method) for score in scores)
    for stem, method in sorted(pairs, key=lambda pair: STEMS.index(pair[0])):
        of_pair = [s for s in scores if (s.stem, s.method) == (stem, method)]
        silent = sum(s.silent for s in of_pair)
        row = {"stem": stem, "method": method, "tracks": len(of_pair) - silent, "silent": silent}
        row["silent_level"] = _median([s.level for s in of_pair if s.silent])
        rows.append(row | {m: _median([getattr(s, m) for s in of_pair]) for m in METRICS})
    return rows
