"""Clips whose files are equal byte for byte."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from merbench.digests import file_digest

if TYPE_CHECKING:
    from merbench.components import Clip


def same_audio(clips: Iterable[Clip]) -> list[tuple[Clip, ...]]:
    """Return the clips whose files are equal byte for byte, set by set, in their order.

    Ask it of datasets that have audio: where only features are published, all clips have one file.
    """
    same: dict[str, list[Clip]] = {}
    for clip in clips:
        same.setdefault(file_digest(clip.audio), []).append(clip)
    return [tuple(found) for found in same.values() if len(found) > 1]


def audio_of_several_groups(clips: Iterable[Clip]) -> list[tuple[Clip, ...]]:
    """Return the sets of `same_audio` whose clips are of different groups.

    A model that is trained on one of a set and tested on another knows the answer.
    """
    return [found for found in same_audio(clips) if len({clip.group for clip in found}) > 1]
