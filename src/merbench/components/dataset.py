"""The contract of datasets: a folder in, labelled clips out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from merbench.components.base import Component
from merbench.components.clip import Clip
from merbench.errors import MerbenchError
from merbench.tasks import Task

if TYPE_CHECKING:
    from merbench.audio import Waveform


class Finding(NamedTuple):
    """One thing `merbench data check` has to say."""

    level: str
    """"error" (the dataset cannot be used as it is), "warning" or "note"."""
    where: str
    """File and line, clip id, or column."""
    message: str


class Guess(NamedTuple):
    """What a parameter of a dataset may be, from the files that it is to read."""

    parameter: str
    value: Any
    """As a benchmark file has it."""
    sure: bool
    why: str
    lines: tuple[int, ...] | None = None
    """Of a file of labels: where the rows begin that have audio, counted from 1, where others have
    none and must be left out; None where all rows are read."""


class Dataset(Component):
    """Labelled clips in a folder.

    Class attributes
    ----------------
    task
        What its labels are.
    class_names
        Of the task `CLASSES`: the classes, two or more, in the order of a label's numbers.
    has_true_stems
        Whether `true_stems` can be asked.
    has_audio
        Whether its clips can be decoded. False for clips of which only features are published.
    decodes_by
        Of a dataset with a `decode` of its own: the parameters that it looks at, so that others
        change no waveform's key. None where it may look at all.
    needs_root
        Whether the user must say where the data lies. False for data merbench brings itself.
    synthetic
        Whether music or labels are made by a program. Said wherever the dataset appears.
    labels_public
        Whether its labels may be republished beside predictions. Where not, what is published holds
        a hash of each clip's truth in their place.
    homepage, licence
        Where it comes from, and under which terms. Its `citation`, `paper` and `authors` are those
        of every component; authors are named where the citation does not do.
    """

    task: ClassVar[Task]
    class_names: ClassVar[tuple[str, ...]] = ()
    has_true_stems: ClassVar[bool] = False
    has_audio: ClassVar[bool] = True
    decodes_by: ClassVar[frozenset[str] | None] = None
    needs_root: ClassVar[bool] = True
    synthetic: ClassVar[bool] = False
    labels_public: ClassVar[bool] = False
    homepage: ClassVar[str] = ""
    licence: ClassVar[str] = ""

    def clips(self, root: Path) -> Sequence[Clip]:
        """Return the labelled clips under `root`, in a fixed order.

        Raises
        ------
        MerbenchError
            With file and line, or clip id, where the data is not what it should be.
        """
        raise NotImplementedError(f"{type(self).__name__} has no method `clips`; write it")

    def decode(self, clip: Clip) -> tuple[Waveform, int]:
        """Return a clip's waveform, (channels, samples) float32, and its sample rate in Hz.

        Overridden where a clip's file is no audio but something to be rendered.
        """
        from merbench import audio

        return audio.read(clip.audio)

    def true_stems(self, clip: Clip) -> tuple[dict[str, Waveform], int]:
        """Return a clip's true stems by name, and their sample rate in Hz."""
        from merbench import audio

        stems: dict[str, Waveform] = {}
        rates = set()
        for stem, path in clip.stems.items():
            stems[stem], rate = audio.read(path)
            rates.add(rate)
        if len(rates) != 1:
            raise MerbenchError(
                f"clip {clip.id}: its stems have {len(rates) or 'no'} sample rates; give one file "
                "a stem, all of one sample rate"
            )
        return stems, rates.pop()

    def fetch(self, root: Path, progress: Callable[[str, float], None]) -> None:
        """Download the dataset into `root`, checking checksums.

        Parameters
        ----------
        root
            Folder to fill.
        progress
            Called with the file's name and the share of it that is done, on [0, 1].
        """
        raise MerbenchError(
            f"{self.name} cannot be downloaded by merbench: get it from "
            f"{self.homepage or 'its authors'} and set its root in the benchmark file"
        )

    @classmethod
    def guess(
        cls, labels: Path, root: Path | None, task: Task | None, given: Mapping[str, Any]
    ) -> list[Guess]:
        """Guess the parameters by which it reads somebody's labels; optional.

        `merbench init` asks the dataset that has a method of its own.

        Parameters
        ----------
        labels
            The file of labels.
        root
            The folder of the clips' audio; None where there is none.
        task
            What labels are wanted; None for what the file has.
        given
            Parameters that are known, and need no guess.
        """
        raise MerbenchError(f"{cls.name} reads one collection alone, and guesses nothing of others")

    def miniature(self, root: Path) -> None:
        """Write a few made clips under `root`, in the layout that `clips` reads; optional.

        `merbench reproduce --smoke` tries a benchmark on them. What is heard in them is made by a
        program, the same each time, and so are labels.
        """
        raise MerbenchError(
            f"{self.name} makes no miniature of itself, on which a benchmark could be tried; set "
            "its root to a folder with some clips"
        )

    def check(self, root: Path) -> list[Finding]:
        """Look for what is wrong with the copy under `root`.

        Never raises for bad data; every problem is a finding. A dataset without a `check` of its
        own is looked through by `merbench.planning.inspection`: whether `clips` can be read, and
        every clip's audio and true stems.
        """
        try:
            self.clips(root)
        except MerbenchError as error:
            return [Finding("error", str(root), str(error))]
        return []
