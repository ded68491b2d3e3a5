"""A clip's waveform: decoded, and changed by an augmentation."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from merbench import audio
from merbench.components import Augmentation, Clip, Component, Dataset, Separator
from merbench.digests import file_digest
from merbench.errors import AudioError, MerbenchError, PluginError, kind_of, reason
from merbench.numerals import real_numbers
from merbench.plugins import whereabouts
from merbench.steps.artifact_keys import artifact_key
from merbench.steps.step import Files

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Waveform = NDArray[np.float32]


# --- from a clip to one array a stem ---------------------------------------------------------


@dataclass(frozen=True)
class AugmentedCopy:
    """One changed copy of a clip: what changes it, and which of its copies it is."""

    augmentation: Augmentation
    number: int

    @property
    def title(self) -> str:
        """Name of the copy, to stand behind its clip's."""
        return f"{self.augmentation.title} {self.number + 1}"


def decoding_key(dataset: Dataset, clip: Clip, known: Files | None = None) -> str:
    """Key of a clip's waveform: its file's bytes, and whatever else decodes them.

    The file is digested where its digest is not `known`.
    """
    parts: dict[str, Any] = {"audio": (known or {}).get(clip.audio) or file_digest(clip.audio)}
    own = type(dataset).decode is not Dataset.decode
    if not (own and dataset.synthetic):  # what a program renders, no reader of audio files decodes
        parts["reader"] = audio.VERSION
    if own:
        fingerprint = dataset.fingerprint()
        if dataset.decodes_by is not None:
            parameters = dataset.model_dump(mode="json", include=set(dataset.decodes_by))
            identity = fingerprint["identity"] | {"parameters": parameters}
            fingerprint = {**fingerprint, "identity": identity}
        parts["decoder"] = fingerprint
    return artifact_key("decode", **parts)


def augmentation_key(copy: AugmentedCopy | None, decoding: str) -> str:
    """Key of a copy's waveform; that of the clip itself where there is no copy.

    How many copies there are beside it is no part of it, so that more of them never change those
    that are there.
    """
    if copy is None:
        return decoding
    augmentation = copy.augmentation.of_a_copy().fingerprint()
    return artifact_key("augment", augmentation=augmentation, copy=copy.number, of=decoding)


def stem_components(
    dataset: Dataset, separator: Separator | None, copy: AugmentedCopy | None = None
) -> tuple[Component, ...]:
    """Return the components that turn a clip, or an augmented copy of it, into stems."""
    augmentation = copy.augmentation if copy else None
    return tuple(part for part in (dataset, augmentation, separator) if part is not None)


def clip_title(dataset: Dataset, clip: Clip, copy: AugmentedCopy | None) -> str:
    title = f"clip {clip.id} of {dataset.title}"
    return f"{title} ({copy.title})" if copy else title


def decode_clip(dataset: Dataset, clip: Clip) -> tuple[Waveform, int]:
    """Decode a clip and see that it is sound.

    Raises
    ------
    MerbenchError
        Whatever decoding raises: by the file's name, so that it is this clip's fault alone.
    """
    with _faults_of(str(clip.audio)):
        decoded = dataset.decode(clip)
    if not isinstance(decoded, tuple) or len(decoded) != 2:
        raise PluginError(
            f"{clip.audio}: decode() of {dataset.name} returned {kind_of(decoded)}; let it return "
            "a waveform of shape (channels, samples) and its sample rate"
        )
    waveform = real_numbers(decoded[0], f"{clip.audio}: the decoded samples", "float32")
    audio.validate(waveform, str(clip.audio))
    audio.validate_rate(decoded[1], str(clip.audio))
    return waveform, int(decoded[1])


@contextmanager
def _faults_of(where: str) -> Iterator[None]:
    """Turn whatever a dataset's decoding raises into one sentence that says of what."""
    try:
        yield
    except MerbenchError:
        raise
    except MemoryError as error:
        raise AudioError(
            f"{where} needs more memory to be decoded than there is; lower --jobs"
        ) from error
    except Exception as error:
        at = whereabouts.place(error)
        remedy = f"replace the file, or correct the plugin{at}" if at else "replace the file"
        raise AudioError(f"{where} cannot be decoded ({reason(error)}); {remedy}") from error


def augment(waveform: Waveform, rate: int, copy: AugmentedCopy, decoding: str) -> Waveform:
    """Change a clip's waveform and hold the augmentation to its contract.

    Parameters
    ----------
    waveform
        Shape (channels, samples).
    rate
        In Hz.
    copy
        Which copy of the clip.
    decoding
        The clip's decoding key. With the augmentation and the copy's number it is the seed.

    Returns
    -------
    ndarray
        Shape (channels, samples), float32; the number of samples may be another.
    """
    import numpy as np

    one = copy.augmentation.of_a_copy()
    text = json.dumps([decoding, one.identity(), copy.number], sort_keys=True)
    rng = np.random.default_rng(list(hashlib.sha256(text.encode()).digest()))
    return changed_waveform(one.augment(waveform.copy(), rate, rng), waveform.shape, copy.title)


def changed_waveform(returned: object, shape: tuple[int, ...], title: str) -> Waveform:
    """Return what an augmentation made of a clip of a shape.

    Raises
    ------
    MerbenchError
        It is no waveform of as many channels, or not finite.
    """
    import numpy as np

    changed = real_numbers(returned, f"{title}: the samples that it returned", "float32")
    if changed.ndim != 2 or changed.shape[0] != shape[0] or not changed.size:
        raise PluginError(
            f"{title}: it returned the shape {changed.shape} for a clip of shape "
            f"{shape}; correct the plugin"
        )
    if not np.isfinite(changed).all():
        raise PluginError(f"{title}: it returned NaN or infinite samples; correct the plugin")
    return changed
