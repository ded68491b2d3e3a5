"""First-party feature extractors, on the same hook as anyone's."""

from __future__ import annotations

from collections.abc import Iterator

from merbench import FeatureExtractor, hookimpl


@hookimpl
def merbench_features() -> Iterator[type[FeatureExtractor]]:
    """Yield every feature extractor of this package."""
    from merbench_plugins.features.artist_cnn import ArtistEmbedding
    from merbench_plugins.features.hand_crafted import HandCrafted
    from merbench_plugins.features.hugging_face import Clap, Mert, Muq, TransformersModel
    from merbench_plugins.features.librosa_14 import Librosa14, Librosa14Flat, Librosa14Stats
    from merbench_plugins.features.mel_spectrogram import MelSequence, MelSpectrogram
    from merbench_plugins.features.mtat_crnn import MtatEmbedding
    from merbench_plugins.features.musicnn import Musicnn, MusicnnSequence
    from merbench_plugins.features.openl3 import OpenL3, OpenL3Sequence
    from merbench_plugins.features.opensmile_functionals import Compare2016, EGemaps
    from merbench_plugins.features.published import Published
    from merbench_plugins.features.stft_spectrogram import StftSpectrogram
    from merbench_plugins.features.vibenet import VibeNet
    from merbench_plugins.features.waveform import Samples

    yield from (
        Compare2016,
        EGemaps,
        Librosa14,
        Librosa14Flat,
        Librosa14Stats,
        StftSpectrogram,
        MelSpectrogram,
        MelSequence,
        Samples,
        HandCrafted,
        ArtistEmbedding,
        MtatEmbedding,
        Musicnn,
        MusicnnSequence,
        OpenL3,
        OpenL3Sequence,
        Clap,
        Mert,
        Muq,
        TransformersModel,
        VibeNet,
        Published,
    )
