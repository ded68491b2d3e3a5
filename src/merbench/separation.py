"""How well a separator separates: metrics on arrays, multitracks to measure on, and the measuring.

Nothing here is part of a benchmark's run, where no true stems are known.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from merbench import audio
from merbench.bsseval import BSSEval
from merbench.components import CANONICAL_STEMS, Separator
from merbench.errors import MerbenchError, PluginError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from merbench.components import Waveform

__all__ = [
    "ACCOMPANIMENT",
    "IDEAL_RATIO_MASK",
    "METRICS",
    "MIXTURE",
    "Multitrack",
    "Score",
    "evaluate",
    "find_multitracks",
    "ideal_ratio_masks",
    "is_silent",
    "medians",
    "plot",
    "read_multitrack",
    "sdr",
    "separate",
    "si_sdr",
    "write_csv",
]

ACCOMPANIMENT = "accompaniment"
VOCALS = "vocals"
MIXTURE = "mixture"
IDEAL_RATIO_MASK = "ideal-ratio-mask"
STEMS = (*CANONICAL_STEMS, ACCOMPANIMENT)
METRICS = (
    "si_sdr",
    "sdr",
    "bsseval_sdr",
    "bsseval_isr",
    "bsseval_sir",
    "bsseval_sar",
)

SILENT_PEAK = 1e-4
"""What never exceeds this (-80 dBFS, three steps of 16-bit audio) is silent."""

_MIX_NAMES = ("mix", "mixture")
_AUDIO = frozenset(
    {".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".caf", ".w64"}
)
_MASK_WINDOW_SECONDS = 2048 / 44100
_PLOTTED = (-30.0, 30.0)
_COLOURS = ("#999999", "#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377")

Progress = Callable[[str, float], None]


def sdr(estimate: NDArray[Any], true: NDArray[Any]) -> float:
    """Signal-to-distortion ratio of a whole track, 10 log10(|s|^2 / |s - e|^2), in dB.

    Parameters
    ----------
    estimate, true
        Of one shape; channels count together.

    Returns
    -------
    float
        NaN where the true stem is zero throughout, infinite for an exact estimate, 0 for silence.
    """
    e, s = _flat(estimate, true)
    return _ratio(_power(s), _power(s - e))


def si_sdr(estimate: NDArray[Any], true: NDArray[Any]) -> float:
    """Scale-invariant signal-to-distortion ratio of a whole track, in dB.

    Le Roux et al. (2019), equation 3: of the estimate e, a s counts as signal and e - a s as
    distortion, with a = e.s / s.s. One factor for all channels; means are not subtracted.

    Parameters
    ----------
    estimate, true
        Of one shape.

    Returns
    -------
    float
        NaN where the true stem is zero throughout, minus infinity for silence, infinite for an
        exact estimate up to its level.
    """
    e, s = _flat(estimate, true)
    power = _power(s)
    if power == 0:
        return float("nan")
    signal = float(e @ s) / power * s
    wanted = _power(signal)
    return _ratio(wanted, _power(e - signal)) if wanted > 0 else float("-inf")


def is_silent(waveform: NDArray[Any]) -> bool:
    """Tell whether a stem never exceeds -80 dBFS: no ratio to it means anything."""
    return waveform.size == 0 or float(np.abs(waveform).max()) < SILENT_PEAK


def ideal_ratio_masks(mix: Waveform, sources: NDArray[Any], sample_rate: int) -> Waveform:
    """Estimate sources by the best that a real-valued mask on the mixture's spectrogram can know.

    A source's mask is its magnitude over the sum of all sources' magnitudes, per channel; Hann
    windows of 46 ms (2,048 samples at 44.1 kHz) that overlap by half. Liutkus and Badeau (2015)
    call it the Wiener filter of exponent 1; the evaluation campaign of 2018, IRM1.

    Parameters
    ----------
    mix
        Shape (channels, samples).
    sources
        Shape (sources, channels, samples); all there is in the mixture.
    sample_rate
        In Hz.

    Returns
    -------
    ndarray
        Shape (sources, channels, samples), float32.
    """
    from scipy.signal import istft, stft

    length = mix.shape[-1]
    window = 1 << max(4, round(np.log2(_MASK_WINDOW_SECONDS * sample_rate)))
    padded = max(length, window)

    def spectrogram(waveform: NDArray[Any]) -> NDArray[np.complex128]:
        whole = np.pad(waveform, ((0, 0), (0, padded - length)))
        transformed: NDArray[np.complex128] = stft(whole, nperseg=window)[2]
        return transformed

    mixed = spectrogram(mix)
    magnitudes = [np.abs(spectrogram(source)) for source in sources]
    total = np.maximum(np.sum(magnitudes, axis=0), np.finfo(np.float64).tiny)
    estimates = [istft(mixed * (m / total), nperseg=window)[1][:, :length] for m in magnitudes]
    return np.stack(estimates).astype(np.float32)


class MultitrackFiles(NamedTuple):
    """A multitrack as found: its files by stem; `mix` is the mixture's, where there is one."""

    name: str
    files: Mapping[str, Path]


@dataclass(frozen=True)
class Multitrack:
    """A mixture and its true stems, all of shape (channels, samples)."""

    name: str
    sample_rate: int
    mix: Waveform
    stems: Mapping[str, Waveform]


def find_multitracks(root: Path) -> list[MultitrackFiles]:
    """Find the multitracks under a folder, in the order of their names.

    Parameters
    ----------
    root
        A folder with, at any depth, one folder a track, holding audio files named bass, drums,
        other, vocals or accompaniment, as many of them as there are, and mix or mixture. Of a
        MUSDB18(-HQ) folder, one with `train` and `test` in it, `test` is taken.

    Raises
    ------
    MerbenchError
        There is none, only compressed ones, or a track has a stem twice.
    """
    root = root.expanduser()
    if not root.is_dir():
        raise MerbenchError(f"{root} is no folder; name one that holds multitracks")
    parts = (root / "train", root / "test")
    searched = parts[1] if all(part.is_dir() for part in parts) else root
    tracks = list(_multitracks(searched, searched))
    if tracks:
        return tracks
    compressed = next(searched.rglob("*.stem.mp4"), None)
    if compressed is not None:
        raise MerbenchError(
            f"{compressed} holds compressed stems, which merbench does not decode; use "
            "MUSDB18-HQ, or convert the dataset to WAV files with musdbconvert"
        )
    raise MerbenchError(
        f"{searched} holds no multitracks; put each track's stems into a folder of its own, as "
        f"audio files named {', '.join(STEMS)} and mix"
    )


def _multitracks(folder: Path, root: Path) -> Iterator[MultitrackFiles]:
    inside = sorted(p for p in folder.iterdir() if not p.name.startswith("."))
    files: dict[str, Path] = {}
    for path in inside:
        stem = path.stem.lower()
        stem = "mix" if stem in _MIX_NAMES else stem
        if path.suffix.lower() not in _AUDIO or stem not in (*STEMS, "mix") or not path.is_file():
            continue
        if stem in files:
            raise MerbenchError(
                f"{path} is the track's second {stem} beside {files[stem].name}; remove one"
            )
        files[stem] = path
    if files.keys() & {*STEMS}:
        name = folder.relative_to(root).as_posix() if folder != root else root.absolute().name
        yield MultitrackFiles(name, files)
        return
    for path in inside:
        if path.is_dir():
            yield from _multitracks(path, root)


def read_multitrack(track: MultitrackFiles) -> Multitrack:
    """Decode a multitrack.

    Mono stands on every channel where another file has more; what is shorter ends in silence. A
    missing mixture is the sum of the stems.

    Raises
    ------
    AudioError
        A file cannot be decoded.
    MerbenchError
        The files' sample rates or channels do not fit together.
    """
    decoded = {stem: audio.read(path) for stem, path in track.files.items()}
    rates = {rate for _, rate in decoded.values()}
    if len(rates) > 1:
        rates_text = ", ".join(f"{stem} {rate} Hz" for stem, (_, rate) in decoded.items())
        raise MerbenchError(
            f"track {track.name}: its files have different sample rates ({rates_text}); "
            "resample them to one"
        )
    channels = max(len(waveform) for waveform, _ in decoded.values())
    length = max(waveform.shape[1] for waveform, _ in decoded.values())
    waveforms = {
        stem: _shaped(waveform, channels, length, f"track {track.name}: {stem}")
        for stem, (waveform, _) in decoded.items()
    }
    stems = {stem: waveforms[stem] for stem in STEMS if stem in waveforms}
    mix = waveforms.get("mix")
    return Multitrack(track.name, rates.pop(), _summed(stems) if mix is None else mix, stems)


def _shaped(waveform: Waveform, channels: int, length: int, what: str) -> Waveform:
    if len(waveform) not in (1, channels):
        raise MerbenchError(
            f"{what} has {len(waveform)} channels and another file of the track {channels}; "
            "give them one number of channels"
        )
    wide = np.broadcast_to(waveform, (channels, waveform.shape[1]))
    return np.pad(wide, ((0, 0), (0, length - waveform.shape[1])))


def _summed(stems: Mapping[str, Waveform]) -> Waveform:
    """Sum what does not overlap: an accompaniment already has bass, drums and other in it."""
    parts = (ACCOMPANIMENT, VOCALS) if ACCOMPANIMENT in stems else CANONICAL_STEMS
    total: Waveform = np.sum([stems[s] for s in parts if s in stems], axis=0, dtype=np.float32)
    return total


def separate(
    separator: Separator, waveform: Waveform, sample_rate: int, where: str
) -> dict[str, Waveform]:
    """Separate a recording and hold the separator to its contract.

    Raises
    ------
    MerbenchError
        The separator needs true stems.
    PluginError
        Its stems are not those it declares, of another shape, or not finite.
    """
    if separator.needs_true_stems:
        raise MerbenchError(
            f"{separator.name} hands out a dataset's true stems, so it can separate no recording"
        )
    stems = separator.separate(waveform, sample_rate)
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


class Score(NamedTuple):
    """How near one method comes to one true stem of one track; ratios in dB.

    Attributes
    ----------
    silent
        Whether the true stem is silent; all ratios are then NaN.
    level
        Power of the estimate relative to the mixture's: all that tells how well a stem is estimated
        that should be silent.
    si_sdr, sdr
        On the whole track.
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


def evaluate(
    separators: Mapping[str, Separator],
    tracks: Sequence[MultitrackFiles],
    progress: Progress = lambda message, share: None,
) -> list[Score]:
    """Score separators on multitracks, beside the mixture and ideal ratio masks.

    Parameters
    ----------
    separators
        By the name they are shown under. The first is the one in question: only stems that it
        yields are scored. `accompaniment` is the sum of what it yields beside vocals.
    tracks
        What `find_multitracks` found. One is decoded at a time.
    progress
        Called with what is being done and the share that is done, on [0, 1].

    Returns
    -------
    list of Score
        By track, stem and method.

    Raises
    ------
    MerbenchError
        A track cannot be read or separated, or no stem of any can be scored.
    """
    for separator in separators.values():
        separator.ready()
    scores: list[Score] = []
    for position, files in enumerate(tracks):
        track = read_multitrack(files)
        methods: dict[str, Mapping[str, Waveform]] = {}
        steps = len(tracks) * (len(separators) + 1)
        done = position * (len(separators) + 1)
        for number, (name, separator) in enumerate(separators.items()):
            progress(f"{track.name}: separating with {name}", (done + number) / steps)
            stems = separate(separator, track.mix, track.sample_rate, f"track {track.name}")
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


def _score(track: Multitrack, methods: dict[str, Mapping[str, Waveform]]) -> list[Score]:
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
) -> Score:
    level = _level(estimate, track.mix)
    if bsseval is None:
        return Score(track.name, stem, method, True, level, *(float("nan"),) * len(METRICS))
    true = track.stems[stem]
    ratios = (bsseval[ratio] for ratio in ("sdr", "isr", "sir", "sar"))
    return Score(
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


def medians(scores: Sequence[Score]) -> list[dict[str, Any]]:
    """Take medians over tracks.

    Returns
    -------
    list of dict
        By stem and method: the number of `tracks` scored, that of tracks whose true stem is
        `silent`, the median level of the estimates of these (`silent_level`), and the median of
        each of `METRICS`, NaN where there is none.
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


def write_csv(path: Path, scores: Sequence[Score]) -> None:
    """Write one row a track, stem and method; a cell is empty where a ratio is not defined."""
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow(Score._fields)
        for score in scores:
            writer.writerow([_cell(value) for value in score])


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return "" if np.isnan(value) else f"{value:.4f}"
    return str(value)


def plot(path: Path, scores: Sequence[Score], title: str) -> None:
    """Draw SI-SDR and BSSEval's SDR as SVG: a bar is the median of the tracks, a dot a track.

    Tracks beyond 30 dB either way stand at that edge.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    rows = medians(scores)
    stems = list(dict.fromkeys(row["stem"] for row in rows))
    methods = [MIXTURE, *(m for m in dict.fromkeys(s.method for s in scores) if m != MIXTURE)]
    width = 0.8 / len(methods)
    shown = (("si_sdr", "SI-SDR (whole track)"), ("bsseval_sdr", "SDR (BSSEval v4)"))
    figure = Figure(figsize=(5.0 * len(shown), 4.0), layout="constrained")
    for axes, (metric, label) in zip(figure.subplots(1, len(shown)), shown, strict=True):
        for number, method in enumerate(methods):
            offset = (number - (len(methods) - 1) / 2) * width
            colour = _COLOURS[number % len(_COLOURS)]
            heights = {r["stem"]: r[metric] for r in rows if r["method"] == method}
            drawn = [(i, heights[s]) for i, s in enumerate(stems) if _finite(heights.get(s))]
            axes.bar([i + offset for i, _ in drawn], [h for _, h in drawn], width, color=colour,
                     alpha=0.6, label=method)  # fmt: skip
            dots = [
                (stems.index(s.stem) + offset, getattr(s, metric))
                for s in scores
                if s.method == method and _finite(getattr(s, metric))
            ]
            ratios = np.clip([y for _, y in dots], *_PLOTTED)
            axes.plot([x for x, _ in dots], ratios, ".", color="black", markersize=3)
        axes.axhline(0, color="black", linewidth=0.8)
        axes.set_ylim(*_limits([getattr(s, metric) for s in scores]))
        axes.set_xticks(range(len(stems)), stems)
        axes.set_ylabel(f"{label}, dB")
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(methods), frameon=False)
    figure.suptitle(title)
    # Nothing in the file changes unless the scores do.
    with mpl.rc_context({"svg.hashsalt": "merbench", "svg.fonttype": "none"}):
        figure.savefig(path, format="svg", metadata={"Date": None, "Creator": "merbench"})


def _limits(values: Sequence[float]) -> tuple[float, float]:
    """Return where an axis begins and ends; a stem that is heard alone may score 150 dB."""
    low, high = _PLOTTED
    shown = np.clip([0.0, *(v for v in values if _finite(v))], low, high)
    return float(shown.min()) - 1, float(shown.max()) + 1


def _finite(value: float | None) -> bool:
    return value is not None and bool(np.isfinite(value))


def _flat(
    estimate: NDArray[Any], true: NDArray[Any]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if np.shape(estimate) != np.shape(true):
        raise ValueError(f"estimate of shape {np.shape(estimate)}, true stem {np.shape(true)}")
    return np.ravel(estimate).astype(np.float64), np.ravel(true).astype(np.float64)


def _level(estimate: NDArray[Any], mix: NDArray[Any]) -> float:
    """Power relative to the mixture's in dB, minus infinity for silence."""
    powers = [_power(np.ravel(signal).astype(np.float64)) for signal in (estimate, mix)]
    return _ratio(*powers) if powers[0] > 0 else float("-inf")


def _power(signal: NDArray[np.float64]) -> float:
    return float(signal @ signal)


def _ratio(wanted: float, error: float) -> float:
    if wanted == 0:
        return float("nan")
    return float(10 * np.log10(wanted / error)) if error > 0 else float("inf")


def _median(values: Sequence[float]) -> float:
    known = [value for value in values if not np.isnan(value)]
    return float(np.median(known)) if known else float("nan")
