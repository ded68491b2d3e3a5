"""First-party feature extractors, on the same hook as anyone's."""

from __future__ import annotations

from collections.abc import Iterator

from merbench import ClassAt, classes_in, hookimpl

_MODULES = {
    "artist_cnn": {"artist-cnn": "ArtistEmbedding", "artist-cnn-sequence": "ArtistSequence"},
    "hand_crafted": {"hand-crafted": "HandCrafted"},
    "hugging_face": {
        "clap": "Clap",
        "mert": "Mert",
        "muq": "Muq",
        "transformers": "TransformersModel",
    },
    "librosa_14": {
        "librosa-14": "Librosa14",
        "librosa-14-flat": "Librosa14Flat",
        "librosa-14-stats": "Librosa14Stats",
    },
    "mel_spectrogram": {"mel-spectrogram": "MelSpectrogram", "mel-sequence": "MelSequence"},
    "mtat_crnn": {"mtat-crnn": "MtatEmbedding"},
    "musicnn": {"musicnn": "Musicnn", "musicnn-sequence": "MusicnnSequence"},
    "openl3": {"openl3": "OpenL3", "openl3-sequence": "OpenL3Sequence"},
    "opensmile_functionals": {"compare-2016": "Compare2016", "egemaps": "EGemaps"},
    "published": {"published": "Published"},
    "stft_spectrogram": {"stft-spectrogram": "StftSpectrogram"},
    "tonal": {"tonal": "Tonal"},
    "vibenet": {"vibenet": "VibeNet"},
    "waveform": {"waveform": "Samples"},
}
"""The classes of each module, by the names of their components."""


@hookimpl
def merbench_features() -> Iterator[ClassAt]:
    """Name every feature extractor of this package."""
    return classes_in(__name__, _MODULES)
