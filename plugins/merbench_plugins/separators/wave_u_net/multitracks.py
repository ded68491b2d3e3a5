"""Finding music to train on, and preparing it once: decoded, labelled and resampled, on disk.

Whatever its origin, a prepared track is a partition of the sources with a waveform for each part.
Where only the vocals of a track are known, its parts are the vocals and, as one, all the rest:
training then asks of the rest that it be right in sum.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from merbench import audio, devices
from merbench.components import CANONICAL_STEMS, Separator
from merbench.digests import file_digest
from merbench.errors import MerbenchError
from merbench_plugins.separators.wave_u_net.teaching import heard_voice

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from merbench.audio import Waveform

__all__ = ["Preparation", "Prepared", "Track", "find_tracks", "prepare"]

SOURCES = CANONICAL_STEMS
ACCOMPANIMENT = "accompaniment"
MIX_NAMES = ("mix", "mixture")

_VERSION = 2
_MIDI = frozenset({".mid", ".midi"})
_COMPRESSED_STEMS = ".stem.mp4"
_SILENT = 1e-5

Part = tuple[str, ...]
Progress = Callable[[str, float], None]


class Track(NamedTuple):
    """A piece of music as found: its files by stem, or under `midi` or `music` the only one.

    Tracks of one group (an artist or album) stand on one side when some are held out.
    """

    name: str
    group: str
    files: Mapping[str, Path]
    collection: int = 0


class Preparation(NamedTuple):
    """How tracks are made ready.

    Attributes
    ----------
    sample_rate
        In Hz.
    teacher
        Separator whose output stands for the true stems of music that has none.
    teacher_stems
        Which of its stems are taken for true; the others count in sum only.
    soundfonts
        What MIDI is rendered with: every file once with each.
    seconds
        How much of a MIDI file is rendered at most.
    device
        The torch device that the teacher works on.
    sift
        Whether a teacher's vocals are believed only where it is sure of them, as
        `teaching.heard_voice` tells: music that it is not sure about is left out.
    revoicings
        As which of its revoicings a MIDI file is rendered with each soundfont: 0 is the piece as it
        was written, others have other instruments, key and tempo, as `revoicing.revoice` does it.
        Other music has none but 0.
    """

    sample_rate: int
    teacher: Separator | None = None
    teacher_stems: Part = SOURCES
    soundfonts: tuple[Path, ...] = ()
    seconds: float = 180.0
    device: str = devices.CPU
    sift: bool = False
    revoicings: Sequence[int] = (0,)


class _Voicing(NamedTuple):
    """How a MIDI file is rendered: with which soundfont, and as which of its revoicings."""

    soundfont: Path
    revoicing: int


class Prepared(NamedTuple):
    """A track on disk.

    Attributes
    ----------
    parts
        Sources of each part; those in none are silent.
    samples
        Shape (parts, channels, samples), float16, mapped from disk; channels are 1 or 2.
    levels
        Shape (parts, seconds): root mean square of each part in each second.
    sung
        Shape (seconds,), where vocals come from a teacher: whether it heard a voice. Where it did
        not, they count with the rest. None where all is as it stands.
    """

    name: str
    group: str
    collection: int
    parts: tuple[Part, ...]
    samples: NDArray[np.float16]
    levels: NDArray[np.float32]
    sung: NDArray[np.bool_] | None = None


def find_tracks(root: Path, collection: int = 0) -> list[Track]:
    """Find the music under a folder, in a fixed order.

    Parameters
    ----------
    root
        A MUSDB18-HQ folder, of which only `train` is used, or any folder with, at any depth:
        multitracks (folders with files named bass, drums, other, vocals, accompaniment and mix, as
        many of them as there are), General MIDI files, and other audio files, which a teacher will
        have to label and whose group is the folder they lie in.
    collection
        Number to tell the tracks of several roots apart by.

    Raises
    ------
    MerbenchError
        There is no music, or only in a form that cannot be read.
    """
    root = root.expanduser()
    if not root.is_dir():
        raise MerbenchError(f"{root} is no folder; name one with music to train on")
    searched = root / "train" if (root / "train").is_dir() else root
    tracks = [t._replace(collection=collection) for t in _tracks(searched, searched)]
    if not tracks:
        compressed = next(searched.rglob(f"*{_COMPRESSED_STEMS}"), None)
        if compressed is not None:
            raise MerbenchError(
                f"{compressed} holds compressed stems, which merbench does not decode; use "
                "MUSDB18-HQ, or convert the dataset to WAV files with musdbconvert"
            )
        raise MerbenchError(
            f"{searched} holds no multitracks, MIDI or audio files; name a folder of these"
        )
    return tracks


def _tracks(folder: Path, root: Path) -> Iterator[Track]:
    files = sorted(p for p in folder.iterdir() if p.is_file() and not p.name.startswith("."))
    stems = _stem_files(files)
    if stems.keys() & {*SOURCES, ACCOMPANIMENT}:
        name = folder.relative_to(root.parent).as_posix()
        yield Track(name, folder.name.partition(" - ")[0], stems)
        return
    for file in files:
        kind = file.suffix.lower()
        name = file.relative_to(root.parent).as_posix()
        if kind in _MIDI:
            yield Track(name, file.stem, {"midi": file})
        elif kind in audio.SUFFIXES:
            group = file.stem if folder == root else folder.relative_to(root).as_posix()
            yield Track(name, group, {"music": file})
    for inner in sorted(p for p in folder.iterdir() if p.is_dir()):
        yield from _tracks(inner, root)


def _stem_files(files: Iterable[Path]) -> dict[str, Path]:
    stems: dict[str, Path] = {}
    for file in files:
        name = file.stem.lower()
        name = "mix" if name in MIX_NAMES else name
        if file.suffix.lower() not in audio.SUFFIXES or name not in (
            *SOURCES,
            ACCOMPANIMENT,
            "mix",
        ):
            continue
        if name in stems:
            raise MerbenchError(f"{file} is the track's second {name} beside {stems[name].name}")
        stems[name] = file
    return stems


def prepare(
    tracks: Sequence[Track], how: Preparation, folder: Path, progress: Progress
) -> list[Prepared]:
    """Decode, label and resample tracks, each once: what lies in the folder already is reused.

    Parameters
    ----------
    tracks
        What `find_tracks` found.
    how
        Sample rate, teacher and soundfonts.
    folder
        Where prepared tracks are kept. A track is there whole or not at all.
    progress
        Called with what is being done and the share that is done, on [0, 1].

    Raises
    ------
    MerbenchError
        A file cannot be read, or music without stems is to be labelled and there is no teacher.
    """
    folder.mkdir(parents=True, exist_ok=True)
    work = [(track, voicing) for track in tracks for voicing in _voicings(track, how)]
    prepared = []
    for done, (track, voicing) in enumerate(work):
        key = folder / _key(track, how, voicing)
        if not key.with_suffix(".json").is_file():
            progress(f"preparing {track.name}", done / len(work))
            _save(key, *_load(track, how, voicing), how.sample_rate)
        opened = _open(key, track)
        if how.sift and how.teacher is not None and "music" in track.files:
            prepared += _sifted(opened)
        else:
            prepared.append(opened)
    progress("music prepared", 1.0)
    return prepared


def _sifted(track: Prepared) -> list[Prepared]:
    """Return what is to be believed of a track that a teacher labelled; nothing, perhaps."""
    if ("vocals",) not in track.parts or len(track.parts) == 1:
        return [track]
    place = track.parts.index(("vocals",))
    vocals = track.levels[place]
    rest = np.sqrt((np.delete(track.levels, place, axis=0) ** 2).sum(axis=0))
    sung = heard_voice(vocals, rest)
    if sung is None:
        return []
    if sung.any():
        return [track._replace(sung=sung)]
    # All of it is accompaniment, and known in sum.
    whole = track.samples.sum(axis=0, dtype=np.float32)[None].astype(np.float16)
    levels = np.sqrt((track.levels**2).sum(axis=0, keepdims=True))
    return [track._replace(parts=(SOURCES[:-1],), samples=whole, levels=levels)]


def _voicings(track: Track, how: Preparation) -> list[_Voicing | None]:
    if "midi" not in track.files:
        return [None] if 0 in how.revoicings else []
    from merbench_plugins.datasets.midi import default_soundfont

    soundfonts = how.soundfonts or (default_soundfont(),)
    return [_Voicing(s, revoicing) for revoicing in how.revoicings for s in soundfonts]


def _key(track: Track, how: Preparation, voicing: _Voicing | None) -> str:
    identity: dict[str, object] = {
        "version": _VERSION,
        "files": {stem: file_digest(file) for stem, file in sorted(track.files.items())},
        "rate": how.sample_rate,
    }
    if "midi" in track.files:
        assert voicing is not None
        identity |= {"soundfont": file_digest(voicing.soundfont), "seconds": how.seconds}
        # What was rendered before pieces could be revoiced keeps its name.
        identity |= {"revoicing": voicing.revoicing} if voicing.revoicing else {}
    if "music" in track.files and how.teacher is not None:
        on = devices.in_keys(how.teacher.device_for(how.device))
        identity |= {"teacher": how.teacher.identity(), "stems": list(how.teacher_stems), **on}
    text = json.dumps(identity, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _load(
    track: Track, how: Preparation, voicing: _Voicing | None
) -> tuple[list[Part], NDArray[np.float32]]:
    """Return a track's parts and their waveforms."""
    if "midi" in track.files:
        from merbench_plugins.separators.wave_u_net.general_midi import render_stems

        assert voicing is not None
        stems = render_stems(
            track.files["midi"],
            seconds=how.seconds,
            sample_rate=how.sample_rate,
            soundfont=voicing.soundfont,
            revoicing=voicing.revoicing,
        )
        return _partition(stems)
    if "music" in track.files:
        return _partition(_taught(track.files["music"], how))
    return _partition(
        {stem: _read(file, how.sample_rate) for stem, file in track.files.items()},
    )


def _read(path: Path, sample_rate: int) -> Waveform:
    waveform, rate = audio.read(path)
    return audio.resample(_at_most_stereo(waveform), rate, sample_rate)


def _taught(path: Path, how: Preparation) -> dict[str, Waveform]:
    """Return a mixture and those of a teacher's stems that are taken for true."""
    if how.teacher is None:
        raise MerbenchError(
            f"{path} is music without stems; name a separator to label it with --teacher, or give "
            "folders of multitracks only"
        )
    waveform, rate = audio.read(path)
    waveform = _at_most_stereo(waveform)
    separated = how.teacher.separate(waveform, rate, device=how.teacher.device_for(how.device))
    stems = {"mix": waveform} | {stem: separated[stem] for stem in how.teacher_stems}
    return {stem: audio.resample(w, rate, how.sample_rate) for stem, w in stems.items()}


def _at_most_stereo(waveform: Waveform) -> Waveform:
    return waveform if len(waveform) <= 2 else waveform.mean(axis=0, keepdims=True)


def _partition(stems: Mapping[str, Waveform]) -> tuple[list[Part], NDArray[np.float32]]:
    """Return parts and waveforms: the stems that are known, and as one part those that are not.

    What is not known is what the known stems leave of the mixture, or of the accompaniment.
    """
    channels = max(len(waveform) for waveform in stems.values())
    length = max(waveform.shape[1] for waveform in stems.values())
    shaped = {stem: _shaped(waveform, channels, length) for stem, waveform in stems.items()}
    parts: list[Part] = [(stem,) for stem in SOURCES if stem in shaped]
    waveforms = [shaped[stem] for stem in SOURCES if stem in shaped]
    for whole, sources in ((ACCOMPANIMENT, SOURCES[:-1]), ("mix", SOURCES)):
        known = [source for part in parts for source in part]
        rest = tuple(source for source in sources if source not in known)
        if whole in shaped and rest:
            inside = [
                w for part, w in zip(parts, waveforms, strict=True) if set(part) <= {*sources}
            ]
            waveforms.append(shaped[whole] - np.sum(inside, axis=0, initial=0.0))
            parts.append(rest)
    return parts, np.stack(waveforms).astype(np.float32)


def _shaped(waveform: Waveform, channels: int, length: int) -> Waveform:
    wide = np.broadcast_to(waveform, (channels, waveform.shape[1]))
    return np.pad(wide, ((0, 0), (0, length - waveform.shape[1])))


def _save(key: Path, parts: Sequence[Part], waveforms: NDArray[np.float32], rate: int) -> None:
    seconds = -(-waveforms.shape[-1] // rate)
    padded = np.pad(waveforms, ((0, 0), (0, 0), (0, seconds * rate - waveforms.shape[-1])))
    power = (padded.reshape(*padded.shape[:2], seconds, rate) ** 2).mean(axis=(1, 3))
    levels = np.sqrt(power)
    levels[levels < _SILENT] = 0.0
    temporary = key.with_suffix(f".{os.getpid()}.npy")
    np.save(temporary, waveforms.astype(np.float16))
    temporary.replace(key.with_suffix(".npy"))
    notes = {"parts": parts, "levels": levels.round(6).tolist()}
    temporary = key.with_suffix(f".{os.getpid()}.json")
    temporary.write_text(json.dumps(notes), encoding="utf-8")
    temporary.replace(key.with_suffix(".json"))


def _open(key: Path, track: Track) -> Prepared:
    notes = json.loads(key.with_suffix(".json").read_text(encoding="utf-8"))
    return Prepared(
        track.name,
        track.group,
        track.collection,
        tuple(tuple(part) for part in notes["parts"]),
        np.load(key.with_suffix(".npy"), mmap_mode="r"),
        np.asarray(notes["levels"], np.float32),
    )
