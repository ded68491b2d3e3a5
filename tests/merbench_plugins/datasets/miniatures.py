"""Datasets in the layouts of the real ones, with a few synthetic clips each."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pretty_midi
import soundfile

RATE = 22_050


def sound(seed: int, seconds: float = 1.2, rate: int = RATE) -> np.ndarray:
    """A chord and some noise, (samples, 2), different for each seed."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * rate)) / rate
    pitches = rng.uniform(110, 880, 3)
    tone = sum(np.sin(2 * np.pi * pitch * time) for pitch in pitches) / 6
    return np.stack([tone, tone], axis=1) + rng.normal(0, 0.01, (len(time), 2))


def loud_mp3(path: Path, seconds: float = 1.2) -> None:
    """Write square waves at full scale: what MP3 leaves out of them lifts the rest above 1.0."""
    time = np.arange(round(seconds * RATE)) / RATE
    soundfile.write(path, 0.99 * np.sign(np.sin(2 * np.pi * 233 * time)), RATE, format="MP3")


@cache
def encoded(kind: str, seed: int, seconds: float) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, sound(seed, seconds), RATE, format=kind)
    return buffer.getvalue()


def write_audio(path: Path, seed: int, seconds: float = 1.2) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encoded(path.suffix[1:].upper(), seed, seconds))


def write_csv(path: Path, header: str, rows: Iterable[Sequence[object]]) -> Path:
    """Write a table; the header is one string, so that a test can have it with spaces."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as handle:
        handle.write(header + "\n")
        csv.writer(handle, lineterminator="\n").writerows(rows)
    return path


def write_midi(path: Path, seed: int, seconds: float = 3.0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    song = pretty_midi.PrettyMIDI()
    piano = pretty_midi.Instrument(0)
    for start in np.arange(0, seconds, 0.25):
        pitch = int(rng.integers(48, 84))
        piano.notes.append(pretty_midi.Note(80, pitch, float(start), float(start) + 0.25))
    song.instruments.append(piano)
    song.write(str(path))


def edit(path: Path, old: str, new: str) -> None:
    """Replace a text that a file must hold once."""
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path}"
    path.write_text(text.replace(old, new), encoding="utf-8")


def pmemo(root: Path, clips: int = 8, unlabelled: int = 2) -> Path:
    """PMEmo2019: `clips` labelled ones and some more audio, two clips an artist."""
    rng = np.random.default_rng(7)
    ids = list(range(1, 3 * clips, 3))
    means = rng.uniform(0.2, 0.8, (clips, 2)).round(6)
    stds = rng.uniform(0.05, 0.25, (clips, 2)).round(6)
    notes = root / "annotations"
    write_csv(
        notes / "static_annotations.csv",
        "musicId,Arousal(mean),Valence(mean)",
        [(i, *row) for i, row in zip(ids, means, strict=True)],
    )
    write_csv(
        notes / "static_annotations_std.csv",
        "musicId,Arousal(std),Valence(std)",
        [(i, *row) for i, row in zip(ids, stds, strict=True)],
    )
    write_csv(
        notes / "dynamic_annotations.csv",
        "musicId,frameTime,Arousal(mean),Valence(mean)",
        [
            (i, 15.5 + 0.5 * frame, *(mean + 0.02 * rng.normal(size=2)).round(6))
            for i, mean in zip(ids, means, strict=True)
            for frame in range(6)
        ],
    )
    extra = [1000 + n for n in range(unlabelled)]
    write_csv(
        root / "metadata.csv",
        "musicId,fileName,title,artist,album,duration,chorus_start_time,chorus_end_time",
        [
            (i, f"{i}.mp3", f"Song, No. {i}", f"Artist {n // 2}", "Album", 200.5, "00:30", "01:00")
            for n, i in enumerate(ids + extra)
        ],
    )
    for i in ids + extra:
        write_audio(root / f"chorus/{i}.mp3", seed=i)
    return root


DEAM_STATIC = "song_id, valence_mean, valence_std, arousal_mean, arousal_std"
DEAM_STATIC_2015 = (
    "song_id, valence_mean, valence_std, valence_ max_mean, valence_max_std, valence_min_mean, "
    "valence_min_std, arousal_mean, arousal_std, arousal_max_mean, arousal_max_std, "
    "arousal_min_mean, arousal_min_std"
)
SONG_LEVEL = "annotations/annotations averaged per song/song_level"
DYNAMIC = "annotations/annotations averaged per song/dynamic (per second annotations)"


def deam_labels(seed: int = 3) -> dict[int, np.ndarray]:
    """True labels, on 1 to 9: (valence mean, std, arousal mean, std) by song."""
    rng = np.random.default_rng(seed)
    songs = [*range(3, 33), *range(1001, 1031), *range(2001, 2013)]
    shared = rng.normal(0, 0.9, len(songs))
    labels = {}
    for song, common in zip(songs, shared, strict=True):
        valence, arousal = np.clip(5 + common + rng.normal(0, 1, 2), 1.5, 8.5)
        labels[song] = np.array([valence, rng.uniform(0.5, 2), arousal, rng.uniform(0.5, 2)])
    return {song: label.round(2) for song, label in labels.items()}


def deam(
    root: Path,
    labels: dict[int, np.ndarray],
    *,
    swapped: Iterable[int] = (),
    noise: float = 0.1,
    audio: Path | None = None,
) -> Path:
    """DEAM, with the static labels of the songs `swapped` as the release has them.

    One audio file stands in for all songs (linked, not copied) when it is given.
    """
    rng = np.random.default_rng(11)
    wrong = set(swapped)

    def static(song: int) -> list[str]:
        label = labels[song]
        return [f"{x:g}" for x in (label[[2, 3, 0, 1]] if song in wrong else label)]

    def padded(song: int, cells: Iterable[str]) -> list[str]:
        return [f"{song:>7}", *(f"{cell:>12} " for cell in cells)]

    first = [padded(song, static(song)) for song in labels if song <= 2000]
    write_csv(
        root / SONG_LEVEL / "static_annotations_averaged_songs_1_2000.csv", DEAM_STATIC, first
    )
    last = []
    for song in labels:
        if song > 2000:
            valence, valence_std, arousal, arousal_std = static(song)
            rest = ["7.0", "1.1", "3.0", "0.9"]
            last.append(padded(song, [valence, valence_std, *rest, arousal, arousal_std, *rest]))
    write_csv(
        root / SONG_LEVEL / "static_annotations_averaged_songs_2000_2058.csv",
        DEAM_STATIC_2015,
        last,
    )

    times = [15_000 + 500 * n for n in range(12)]
    header = ",".join(["song_id", *(f"sample_{time}ms" for time in times)])
    for name, column in (("valence", 0), ("arousal", 2)):
        rows = []
        for song, label in labels.items():
            level = (label[column] - 5) / 4 + noise * rng.normal()
            length = len(times) if song > 2000 else len(times) - 4
            samples = (level + 0.05 * rng.normal(size=length)).round(6)
            rows.append([song, *samples, *[""] * (len(times) - length)])
        write_csv(root / DYNAMIC / f"{name}.csv", header, rows)

    def of(low: int, high: int) -> list[int]:
        return [song for song in labels if low <= song <= high]

    def artist(song: int) -> str:
        return f"Artist {song // 3}"

    metadata = {
        "2013": (
            "song_id,file_name,Artist,Song title,start of the segment (min.sec),end,Genre",
            [
                (s, f"{s}.mp3", artist(s) + "\t", f"Song {s}", "0.1", "0.55", "Rock")
                for s in of(1, 1000)
            ],
        ),
        "2014": (
            "Id,Artist,Album,Track,Genre,segment start,segment end",
            [
                (s, artist(s), "Album", f"Song {s}", "Pop", "0:30", "1:15", *["tag"] * (s % 3))
                for s in of(1001, 2000)
            ],
        ),
        "2015": (
            "id,Filename,title,artist,album,genre",
            [
                (s, f"{s}.mp3", f"Song {s}", artist(s), "n/a", "Jazz", "Soul")
                for s in of(2001, 2058)
            ],
        ),
    }
    for year, (columns, rows) in metadata.items():
        if rows:
            write_csv(root / f"metadata/metadata_{year}.csv", columns, rows)
    folder = root / "MEMD_audio"
    folder.mkdir(parents=True, exist_ok=True)
    for song in labels:
        if audio is None:
            write_audio(folder / f"{song}.mp3", seed=song)
        else:
            (folder / f"{song}.mp3").symlink_to(audio)
    return root


Raters = dict[int, tuple[list[float], list[float]]]
"""By number: a rater's valence and arousal, a value a measure, on [-1, 1]."""


def raters(seed: int, count: int = 6, measures: int = 5) -> Raters:
    rng = np.random.default_rng(seed)
    centre = rng.uniform(-0.4, 0.4, 2)
    found = {}
    for number in range(1, count + 1):
        series = np.clip(centre[:, None] + rng.normal(0, 0.3, (2, measures)), -1, 1).round(2)
        found[number] = (series[0].tolist(), series[1].tolist())
    return found


PIECES = {
    8001: ("Banjo-Kazooie", "N64", "Banjo-Kazooie", "Motzhand"),
    8002: ("Banjo-Kazooie", "N64", "Banjo-Tooie", "Terry"),
    8003: ("Other", "NES", "Tetris", "Music A"),
    8004: ("Other", "N64", "GoldenEye 007", "Caverns"),
    8005: ("Star Fox", "SNES", "Star Fox", "Stage_Clear"),
}


def vgmidi_release(root: Path, rated: dict[int, Raters] | None = None) -> Path:
    """The original release: three pieces whole, the others as phrases, raters in two files."""
    rated = rated or {song: raters(song) for song in PIECES}
    rows = []
    rounds: list[dict[str, dict[str, object]]] = [
        {"annotations": {}, "pieces": {}},
        {"annotations": {}, "pieces": {}},
    ]
    for index, (song, (series, console, game, piece)) in enumerate(PIECES.items()):
        stem = "_".join((series, console, game, piece))
        # The later phrase first: the beginning must be found by its number.
        for number in (1, 0) if song == 8004 else (0,):
            phrase = f"labelled/phrases/{stem}_{number}.mid"
            write_midi(root / phrase, seed=song + number)
            rows.append((song, series, console, game, piece, phrase, 1, -1))
        if index < 3:
            write_midi(root / "labelled/midi" / f"{stem}.mid", seed=song + 50)
        content, key = rounds[index % 2], f"piece{index // 2}"
        content["pieces"][key] = {
            "audio": f"audio/{piece}.wav",
            "duration": 63,
            "measures": 5,
            "midi": f"{stem}.mid",
            "name": piece,
        }
        for number, (valence, arousal) in sorted(rated[song].items(), key=lambda kv: str(kv[0])):
            content["annotations"][f"{key}_{number}"] = {
                "age": "26-30",
                "arousal": arousal,
                "country": "US",
                "isKnown": False,
                "musicianship": 1,
                "valence": valence,
            }
    # A piece that was withdrawn leaves its annotations behind.
    rounds[0]["annotations"]["piece9_1"] = {"arousal": [0.1], "valence": [0.2]}
    write_csv(
        root / "vgmidi_labelled.csv", "id,series,console,game,piece,midi,valence,arousal", rows
    )
    folder = root / "labelled/annotations"
    folder.mkdir(parents=True)
    for number, content in enumerate(rounds, start=1):
        (folder / f"vgmidi_raw_{number}.json").write_text(json.dumps(content), encoding="utf-8")
    return root


def vgmidi_prepared(root: Path) -> Path:
    """The prepared table, with one excluded rater a piece."""
    annotations, means = [], []
    for song, (_, _, game, piece) in PIECES.items():
        rated = raters(song)
        raw = np.array([[np.mean(v), np.mean(a)] for v, a in rated.values()]).round(6)
        for number, (valence, arousal) in zip(rated, raw, strict=True):
            means.append((song, 1, "piece1", number, valence, arousal, 5, 0, 1, ""))
        means.append((song, 1, "piece1", 99, 0.9, -0.9, 5, 0, 1, "never_moved"))
        ratings = (raw + 1) / 2
        label = [f"{x:.6f}" for x in (*ratings.mean(axis=0), *ratings.std(axis=0))]
        title = f"{game} - {piece}"
        annotations.append((song, title, f"midi/{song}.mid", len(rated), *label))
        write_midi(root / f"midi/{song}.mid", seed=song)
    write_csv(
        root / "annotations.csv",
        "song_id,title,midi,n_raters,valence_mean,arousal_mean,valence_std,arousal_std",
        annotations,
    )
    write_csv(
        root / "rater_means.csv",
        "song_id,round,piece_key,rater_index,valence_mean_raw,arousal_mean_raw,n_measures,"
        "is_known,musicianship,excluded",
        means,
    )
    return root


def table(root: Path, clips: int = 6) -> Path:
    """A folder of one's own: labels.csv on [0, 1] and WAV files named by id."""
    rng = np.random.default_rng(5)
    rows = []
    for n in range(clips):
        mean, std = rng.uniform(0.3, 0.7, 2).round(3), rng.uniform(0.1, 0.2, 2).round(3)
        part = ("train", "train", "val", "test")[n % 4]
        rows.append((f"c{n}", *mean, *std, f"Band {n // 2}", part, f"{n}.wav", "any"))
        write_audio(root / f"audio/c{n}.wav", seed=n)
    write_csv(
        root / "labels.csv",
        "id,valence_mean,arousal_mean,valence_std,arousal_std,band,part,file,remark",
        rows,
    )
    return root


def quadrant_folders(
    root: Path, songs: dict[str, str], columns: str = "Song,Quadrant", table: str = "songs.csv"
) -> Path:
    """Songs in a folder for each quadrant, and a table that lists them."""
    write_csv(root / table, columns, songs.items())
    for n, (song, quadrant) in enumerate(songs.items()):
        write_audio(root / quadrant / f"{song}.mp3", seed=n)
    return root


def mt_songs(count: int = 8) -> dict[str, str]:
    """Ids as AllMusic has them, two songs a quadrant and artist."""
    return {f"MT{n:010d}": f"Q{n % 4 + 1}" for n in range(count)}


def artists(songs: Iterable[str]) -> list[tuple[str, str, str]]:
    return [(song, f"Artist {n // 2}", f"A title, {n}") for n, song in enumerate(songs)]


def four_qaed(root: Path) -> Path:
    """4QAED: audio and annotations in one folder, the published features in another."""
    songs, rng = mt_songs(), np.random.default_rng(1)
    quadrant_folders(
        root / "MER_audio_taffc_dataset", songs, table="panda_dataset_taffc_annotations.csv"
    )
    write_csv(
        root / "MER_audio_taffc_dataset/panda_dataset_taffc_metadata.csv",
        "Song,Artist,Title",
        artists(songs),
    )
    names = ",".join(f"F{n:04d}" for n in range(100))
    write_csv(
        root / "Features - Audio MER/top100_features.csv",
        f"SongID,{names},Quadrant",
        [(song, *rng.normal(size=100).round(6), q) for song, q in songs.items()],
    )
    return root


def merge(root: Path, subset: str = "complete") -> Path:
    """MERGE Audio: metadata, values, and both sets of published lists."""
    songs = {f"A{n:03d}": f"Q{n % 4 + 1}" for n in range(12)}
    quadrant_folders(root, songs, table="ignored.csv")
    (root / "ignored.csv").unlink()
    rows = [(*row[:1], songs[row[0]], n, *row[1:]) for n, row in enumerate(artists(songs))]
    write_csv(
        root / f"merge_audio_{subset}_metadata.csv", "Song,Quadrant,AllMusic Id,Artist,Title", rows
    )
    write_csv(
        root / f"merge_audio_{subset}_av_values.csv",
        "Song,Arousal,Valence",
        [(song, n / 12, 1 - n / 24) for n, song in enumerate(songs)],
    )
    names = list(songs)
    for share, cuts in (("70_15_15", (8, 10)), ("40_30_30", (4, 8))):
        lists = {
            "train": names[: cuts[0]],
            "validate": names[cuts[0] : cuts[1]],
            "test": names[cuts[1] :],
        }
        for part, chosen in lists.items():
            write_csv(
                root / f"tvt_dataframes/tvt_{share}/tvt_{share}_{part}_audio_{subset}.csv",
                "Song,Quadrant",
                [(song, songs[song]) for song in chosen],
            )
    return root


def new_four_qaed(root: Path) -> Path:
    """New-4QAED: targets and folders, nothing else."""
    return quadrant_folders(
        root, {f"L{n:03d}": f"Q{n % 4 + 1}" for n in range(8)}, "SongID,Quadrant",
        "new_pub_complete_targets.csv",
    )  # fmt: skip


MOOD_TRACKS = {
    "track_0000948": (1, "48/948.mp3", ["happy"]),
    "track_0000950": (1, "50/950.mp3", ["dark", "horror"]),
    "track_0001002": (2, "02/1002.mp3", ["calm", "relaxing", "sad", "happy"]),
    "track_0001103": (3, "03/1103.mp3", ["film"]),
}


def mtg_jamendo(root: Path) -> Path:
    """The repository with lines as long as they have tags, CRLF at their ends, and audio-low."""

    def write(path: Path, tracks: Iterable[str]) -> None:
        lines = ["TRACK_ID\tARTIST_ID\tALBUM_ID\tPATH\tDURATION\tTAGS"]
        for track in tracks:
            artist, audio, tags = MOOD_TRACKS[track]
            cells = [track, f"artist_{artist:06d}", "album_000001", audio, "3.0"]
            lines.append("\t".join([*cells, *(f"mood/theme---{tag}" for tag in tags)]))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes("\r\n".join([*lines, ""]).encode())

    names = list(MOOD_TRACKS)
    write(root / "data/autotagging_moodtheme.tsv", names)
    for split, order in ((0, names), (1, names[::-1])):
        folder = root / f"data/splits/split-{split}"
        write(folder / "autotagging_moodtheme-train.tsv", order[:2])
        write(folder / "autotagging_moodtheme-validation.tsv", order[2:3])
        write(folder / "autotagging_moodtheme-test.tsv", order[3:])
    for n, (_, audio, _) in enumerate(MOOD_TRACKS.values()):
        path = root / "audio-low" / audio
        write_audio(path.with_suffix(".low.mp3") if n % 2 else path, seed=n, seconds=3.0)
    return root


EMOPIA_CLIPS = ("Q1_0vLPYiPN7qY_0", "Q2_a_b-c_d-eF_11", "Q3_-xYz_12-AbC_2", "Q4_0vLPYiPN7qY_1")


def emopia(root: Path) -> Path:
    """EMOPIA's release with the published split beside it; one clip is in none of its parts."""
    for n, name in enumerate(EMOPIA_CLIPS):
        write_midi(root / f"midis/{name}.mid", seed=n)
    write_csv(
        root / "label.csv", "ID,4Q,annotator", [(name, name[1], "A") for name in EMOPIA_CLIPS]
    )
    parts = {"train": EMOPIA_CLIPS[:1], "val": EMOPIA_CLIPS[1:2], "test": EMOPIA_CLIPS[2:3]}
    for part, names in parts.items():
        write_csv(root / f"{part}.csv", "fname,label", [(name, name[:2]) for name in names])
    return root


GEMS = (
    "amazement", "solemnity", "tenderness", "nostalgia", "calmness", "power",
    "joyful_activation", "tension", "sadness",
)  # fmt: skip


def emotify(root: Path) -> Path:
    """The prepared table: shares of listeners, who may have voted for several emotions."""
    votes = {
        3: (0.1, 0.2, 0.1, 0.2, 0.1, 0.2, 0.5, 0.3, 0.3),
        8: (0, 0, 0.1, 0, 0.4, 0, 0, 0, 0),
        12: (0, 0, 0, 0.2, 0, 0, 0, 0.6, 0.6),
        40: (0.5, 0, 0, 0.25, 0, 0, 0.25, 0, 0),
    }
    write_csv(
        root / "annotations.csv",
        f"song_id,genre,n_raters,{','.join(GEMS)},dominant,quadrant_proxy",
        [(song, "rock", 40, *shares, "any", "Q1") for song, shares in votes.items()],
    )
    write_csv(
        root / "attribution.csv",
        "song_id,artist,title",
        [(song, f"Artist {song // 10}", "A title") for song in votes],
    )
    for song in votes:
        write_audio(root / f"audio/{song}.ogg", seed=song)
    return root


def soundtracks(root: Path) -> Path:
    """Both sets: one with columns that have no name, the other in other case and with films."""
    write_csv(
        root / "mean_ratings_set1.csv",
        "Number,valence,energy,tension,anger,fear,happy,sad,tender,TARGET,,",
        [(n, v, e, 5, 1, 1, 1, 1, 1, "X", "", "") for n, v, e in
         ((1, 7.8, 6.2), (2, 2.0, 8.1), (3, 4.9, 1.5), (4, 5.0, 4.99))],
    )  # fmt: skip
    write_csv(
        root / "mean_ratings_set2.csv",
        "NUMBER,Valence,Energy,Soundtrack,Target",
        [(n, 2 + n, 8 - n, f"Film {n // 3}", "X") for n in range(1, 6)],
    )
    for number, count in ((1, 4), (2, 5)):
        for n in range(1, count + 1):
            write_audio(root / f"Set{number}/Set{number}/{n:03d}.mp3", seed=10 * number + n)
    return root


EMOMUSIC = (
    ("My Bubba & Mi", "development"),
    ("Kevin MacLeod", "evaluation"),
    ("Kevin MacLeod", "development"),
    ("The  Freak Fandango Orchestra", "development"),
    ("Sláinte", "development"),
)


def emomusic(
    root: Path, songs: Sequence[tuple[str, str]] = EMOMUSIC, *, audio: bool = True
) -> Path:
    """EmoMusic, of songs with these artists and sets; fields of songs_info.csv end in tabs."""
    rng = np.random.default_rng(5)
    labels = rng.uniform((2, 0.5, 2, 0.5), (8, 2, 8, 2), (len(songs), 4)).round(3)
    write_csv(
        root / "annotations/static_annotations.csv",
        "song_id,mean_arousal,std_arousal,mean_valence,std_valence",
        [(number, *row) for number, row in enumerate(labels, 2)],
    )
    write_csv(
        root / "annotations/songs_info.csv",
        "song_id,file_name,Artist,Song title,start of the segment (min.sec),"
        "end of the segment (min.sec),Genre,Mediaeval 2013 set",
        [
            (n, f"{n}.mp3\t", f"{artist}\t", f"Song {n}\t", "0.36\t", "1.21\t", "Folk\t", part)
            for n, (artist, part) in enumerate(songs, 2)
        ],
    )
    for number in range(2, len(songs) + 2):
        path = root / f"clips_45seconds/{number}.mp3"
        if audio:
            write_audio(path, seed=number)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"")
    return root
