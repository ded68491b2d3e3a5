"""The embedded demo dataset."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field

from merbench import Clip, Dataset, Finding, Task
from merbench.digests import file_digest
from merbench.errors import AudioError, MerbenchError
from merbench.identity import digest

if TYPE_CHECKING:
    from merbench.audio import Waveform
    from merbench_plugins.datasets._score import Score

_HERE = "merbench_plugins.datasets"


class Demo(Dataset):
    """Synthetic clips with true stems, composed from musical cues and rated by simulated raters.

    Nothing is downloaded: `clips` writes one small score a clip, and rendering a score yields its
    four stems, whose sum is the clip. Each clip draws its mode, tempo, loudness, articulation,
    register, density and brightness. Simulated raters respond to these cues as listeners were
    found to (Hevner 1935; Gabrielsson & Lindström 2001; Schubert 2004; Juslin & Lindström 2010;
    Eerola, Friberg & Bresin 2013): in sign and rough rank order, with numbers of merbench's own.
    The module `_raters` gives references and limits. The label is the mean and the population
    standard deviation of their ratings, which spread more where cues contradict each other.

    The clips of an artist, the dataset's group, share instruments, voice, drum kit, room and mix.
    Two clips an artist by default: systems are compared over groups, and many artists tell more
    than many clips of few. Some clips have no drums or no vocals: a silent stem stands there.

    It shows that a benchmark runs and that its systems can tell music from noise. What it cannot
    show is how well they do on music that people made.
    """

    name = "demo"
    source_modules = (
        f"{_HERE}._arrangement",
        f"{_HERE}._composer",
        f"{_HERE}._cues",
        f"{_HERE}._raters",
        f"{_HERE}._score",
        f"{_HERE}._synthesiser",
    )
    task = Task.VA
    has_true_stems = True
    needs_root = False
    synthetic = True
    labels_public = True
    licence = "MIT, as merbench itself"

    n_clips: int = Field(48, ge=1, le=10_000, description="Number of clips.")
    clips_per_artist: int = Field(
        2, ge=1, le=10_000, description="Clips of each artist; the last one may have fewer."
    )
    seconds: float = Field(2.5, ge=2, le=60, description="Length of a clip in seconds.")
    sample_rate: int = Field(22_050, ge=8_000, le=96_000, description="Sample rate in Hz.")
    seed: int = Field(
        1, ge=0, description="What music, artists and raters are drawn from. Any whole number."
    )
    n_raters: int = Field(
        20, ge=10, le=1_000, description="Simulated raters, each of whom rates every clip."
    )

    def clips(self, root: Path) -> Sequence[Clip]:
        """Compose and rate the clips, and write the scores that `root` does not have yet.

        An index beside them tells later calls what was composed and rated by this very program.
        """
        # Datasets of different parameters may share a root, and never write over each other.
        name = f"seed-{self.seed}-{self.seconds}s-{self.sample_rate}Hz-{self.clips_per_artist}"
        folder = root / name
        index = root / f"{name}-{digest(self.fingerprint())[:12]}.json"
        known = self._known(index, folder)
        if known:
            return known
        clips = [self._clip(number, folder) for number in range(self.n_clips)]
        rows = [
            [clip.id, clip.group, clip.label, clip.ratings, file_digest(clip.audio)]
            for clip in clips
        ]
        _write(index, json.dumps({"clips": rows, "sha256": digest(rows)}).encode())
        return clips

    def decode(self, clip: Clip) -> tuple[Waveform, int]:
        """Render a clip's score: the sum of its true stems, (2, samples)."""
        stems, sample_rate = self.true_stems(clip)
        first, *rest = stems.values()
        return sum(rest, start=first), sample_rate

    def true_stems(self, clip: Clip) -> tuple[dict[str, Waveform], int]:
        """Render a clip's score, stem by stem, each (2, samples).

        Raises
        ------
        AudioError
            The score is missing or damaged.
        """
        from merbench_plugins.datasets._synthesiser import render

        score = _read(clip.audio)
        return render(score), score.sample_rate

    def check(self, root: Path) -> list[Finding]:
        """Note that the data are synthetic, and render every clip."""
        note = Finding(
            "note",
            self.name,
            f"synthetic: {self.n_clips} clips composed and rated by a program from seed "
            f"{self.seed}; scores on them say nothing about music that people made",
        )
        try:
            clips = self.clips(root)
        except MerbenchError as error:
            return [note, Finding("error", str(root), str(error))]
        return [note, *(finding for clip in clips for finding in self._faults(clip))]

    def _known(self, index: Path, folder: Path) -> list[Clip]:
        """Return the clips as an index has them; none where it or a score is not as it was."""
        try:
            listed = json.loads(index.read_bytes())
            rows = listed["clips"]
            if listed["sha256"] != digest(rows):
                return []
            scores = [(folder / f"{name}.json", score) for name, *_, score in rows]
            if any(file_digest(path) != score for path, score in scores):
                return []
        except (OSError, ValueError, KeyError, TypeError):
            return []
        return [
            Clip(
                id=name,
                group=group,
                label=tuple(label),
                audio=path,
                ratings=tuple((valence, arousal) for valence, arousal in ratings),
                provenance=self._provenance,
            )
            for (name, group, label, ratings, _), (path, _) in zip(rows, scores, strict=True)
        ]

    @property
    def _provenance(self) -> str:
        return f"synthetic: composed and rated by a program from seed {self.seed}"

    def _clip(self, index: int, folder: Path) -> Clip:
        from merbench_plugins.datasets._composer import compose
        from merbench_plugins.datasets._cues import Cues
        from merbench_plugins.datasets._raters import rate

        score = compose(
            index,
            seed=self.seed,
            seconds=self.seconds,
            sample_rate=self.sample_rate,
            clips_per_artist=self.clips_per_artist,
        )
        path = folder / f"{score.clip}.json"
        _write(path, score.dumps().encode())
        ratings = rate(Cues(**score.cues), index, raters=self.n_raters, seed=self.seed)
        return Clip(
            id=score.clip,
            group=score.artist.name,
            label=(*ratings.mean(axis=0).tolist(), *ratings.std(axis=0).tolist()),
            audio=path,
            ratings=tuple((valence, arousal) for valence, arousal in ratings.tolist()),
            provenance=self._provenance,
        )

    def _faults(self, clip: Clip) -> list[Finding]:
        import numpy as np

        from merbench import audio

        try:
            mix, _ = self.decode(clip)
            audio.validate(mix, clip.id)
        except MerbenchError as error:
            return [Finding("error", clip.id, str(error))]
        if not np.any(mix):
            return [Finding("error", clip.id, "is silent")]
        return []


def _read(path: Path) -> Score:
    from merbench_plugins.datasets._score import Score

    try:
        return Score.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        reason = error.strerror or "it cannot be read"
    except ValueError as error:
        reason = str(error)
    raise AudioError(
        f"{path} is no score of the demo dataset ({reason}); run the command again, "
        "which writes it anew"
    )


def _write(path: Path, content: bytes) -> None:
    """Put a file in place unless it is there already; a reader never sees half of one."""
    try:
        if path.is_file() and path.read_bytes() == content:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.{uuid.uuid4().hex}.part")
        try:
            part.write_bytes(content)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise MerbenchError(
            f"the demo dataset cannot write {path} ({error.strerror}); free some space or make "
            "its folder writable"
        ) from error
