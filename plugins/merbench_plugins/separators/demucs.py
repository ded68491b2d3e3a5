"""Demucs, over its package."""

from __future__ import annotations

import importlib.metadata
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pydantic import Field

from merbench import CANONICAL_STEMS, Cost, KnownWeights, MerbenchError, Separator
from merbench_plugins.papers import DEMUCS

if TYPE_CHECKING:
    from demucs.api import Separator as Engine

    from merbench.audio import Waveform

_DISTRIBUTION = "demucs"
_SHORTEST = 0.5
"""Seconds that shorter clips are filled up to with silence; some networks fail on less."""


class Demucs(Separator):
    """Demucs (Défossez 2021, Rouard et al. 2023): the strongest on all four stems, and slow.

    Runs the package `demucs` on models that its authors published, or on those of a local
    repository. `merbench weights fetch MODEL` downloads a published one, checked against the
    checksum that the package gives, and keeps it in `weights` beside the store. Stems are found by
    their names; guitar and piano, where a model tells them apart, are added to other. That the
    stems sum to the mixture is not promised.

    Mono clips enter the network on both channels; more channels are taken two by two.
    """

    name = "demucs"
    citation, paper = DEMUCS
    requires = (_DISTRIBUTION,)
    source_modules = (
        "merbench_plugins.separators._demucs_models",
        "merbench_plugins.separators.stereo",
    )
    uses_device = True
    typical_cost = Cost(seconds=30.0, megabytes=42.0)

    model: str = Field(
        "htdemucs",
        min_length=1,
        description="Published model, as htdemucs, htdemucs_ft (four times as slow, a little "
        "better), htdemucs_6s or hdemucs_mmi; or the name of one in `repo`.",
    )
    repo: Path | None = Field(
        None,
        description="Folder with models of one's own, laid out as demucs' local repositories: "
        "SIGNATURE.th or SIGNATURE-CHECKSUM.th, and NAME.yaml for bags of them. Such files can run "
        "code: use those you trust.",
    )
    shifts: int = Field(
        0,
        ge=0,
        description="How many times the clip is separated at random offsets of up to half a "
        "second, to be averaged; each costs as much as the first. The offsets are the same in "
        "every run. 0: once, as it is.",
    )
    overlap: float = Field(
        0.25,
        ge=0.0,
        le=0.95,
        description="Share by which neighbouring segments overlap; 0 to 0.95.",
    )
    segment: float | None = Field(
        None,
        gt=0.0,
        description="Seconds of a segment, at most what the model was trained on (7.8 for "
        "htdemucs), which is the default. Shorter ones take less memory.",
    )

    def identity(self) -> dict[str, Any]:
        """Name, version and parameters; the package's version; the checksums of the model's files.

        What else lies in the repository is of no account.
        """
        from merbench_plugins.separators._demucs_models import find

        identity = Separator.identity(self.model_copy(update={"repo": None}))
        try:
            package = importlib.metadata.version(_DISTRIBUTION)
            weights = find(self.model, self.repo).checksums
        except (importlib.metadata.PackageNotFoundError, MerbenchError):
            return identity | {"package": None, "weights": None}
        return identity | {"package": package, "weights": weights}

    def code(self) -> tuple[Path, ...]:
        """Models of one's own: such files are pickles of any class."""
        return (self.repo,) if self.repo else ()

    @classmethod
    def known_weights(cls) -> Sequence[KnownWeights]:
        """Models that the installed package says were published; none without the package."""
        from merbench_plugins.separators._demucs_models import published

        return published() if find_spec(_DISTRIBUTION) else ()

    def ready(self) -> None:
        """Raise `MerbenchError` without the package or the model."""
        from merbench_plugins.separators._demucs_models import find

        super().ready()
        try:
            find(self.model, self.repo).ensure()
        except MerbenchError as error:
            raise error.within(self.name) from error

    def separate(self, waveform: Waveform, sample_rate: int, *, device: str) -> dict[str, Waveform]:
        """Separate one clip.

        Parameters
        ----------
        waveform
            Shape (channels, samples), float32, of any length.
        sample_rate
            In Hz, any.
        device
            The torch device that the network works on.

        Returns
        -------
        dict
            One array of the waveform's shape for each of `stems`.

        Raises
        ------
        MerbenchError
            The package or the model is missing, or the model cannot be used.
        """
        import numpy as np

        from merbench_plugins.separators._demucs_models import find
        from merbench_plugins.separators.stereo import separate_at

        super().ready()
        model = find(self.model, self.repo)
        model.ensure()
        engine = _load_once(model.folder, model.name, tuple(model.checksums))
        self._check_segment(engine)
        # It takes any number of seconds, though it declares whole ones.
        segment = cast("int | None", self.segment)
        engine.update_parameter(
            shifts=self.shifts, overlap=self.overlap, segment=segment, device=device
        )
        with _chance_of_its_own():
            sources = separate_at(
                engine.samplerate, partial(_separate, engine), waveform, sample_rate
            )
        stems = {name: np.zeros_like(waveform) for name in self.stems}
        for name, source in zip(engine.model.sources, sources, strict=True):
            stems[name if name in stems else "other"] += source
        return stems

    def _check_segment(self, engine: Engine) -> None:
        """Transformers take no segment longer than those they were trained on."""
        longest = _longest_segment(engine.model)
        if self.segment is not None and self.segment > longest:
            raise MerbenchError(
                f"demucs: segment is {self.segment} s, but {self.model} takes at most "
                f"{longest:.2f} s; set a smaller one, or leave it out"
            )


@lru_cache(maxsize=1)
def _load_once(repository: Path, model: str, checksums: tuple[str, ...]) -> Engine:
    """Load a model once a process; the checksums tell when its files were replaced."""
    from demucs.api import Separator as Engine

    try:
        with _chance_of_its_own():
            engine = Engine(model=model, repo=repository, device="cpu")
    # Such files are pickles of any class: there is no telling what they raise.
    except Exception as error:
        raise MerbenchError(
            f"the demucs model {model} in {repository} cannot be loaded "
            f"({type(error).__name__}: {error}); save it with this version of demucs"
        ) from error
    except SystemExit:
        # How demucs ends where a quantised model needs a package that is not installed.
        raise MerbenchError(
            f"the demucs model {model} is quantised; install what reads it with `pip install diffq`"
        ) from None
    if engine.audio_channels != 2 or not set(CANONICAL_STEMS) <= set(engine.model.sources):
        raise MerbenchError(
            f"the demucs model {model} yields {', '.join(engine.model.sources)} in "
            f"{engine.audio_channels} channels; choose one that yields "
            f"{', '.join(CANONICAL_STEMS)} in 2"
        )
    return engine


def _separate(engine: Engine, mix: Waveform) -> Waveform:
    """Separate stereo at the model's sample rate: (sources, channels, samples)."""
    import numpy as np
    import torch

    samples = mix.shape[1]
    silence = max(0, round(_SHORTEST * engine.samplerate) - samples)
    padded = torch.from_numpy(np.pad(mix, ((0, 0), (0, silence))))
    _, stems = engine.separate_tensor(padded)
    return np.stack([stem[:, :samples].numpy(force=True) for stem in stems.values()])


def _longest_segment(model: Any) -> float:
    """Return the longest segment that a model or bag of models takes, in seconds."""
    from demucs.htdemucs import HTDemucs

    networks = getattr(model, "models", [model])
    return min(
        (float(network.segment) for network in networks if isinstance(network, HTDemucs)),
        default=float("inf"),
    )


@contextmanager
def _chance_of_its_own() -> Iterator[None]:
    """Seed the global random state that demucs draws from, and put back what it was."""
    import torch

    before = random.getstate()
    random.seed(0)
    try:
        with torch.random.fork_rng(devices=[]):
            yield
    finally:
        random.setstate(before)
