from __future__ import annotations

from merbench import FeatureExtractor, FeatureKind


class Frames(FeatureExtractor):
    """A small image: the first samples in four bins."""

    name = "frames"
    kind = FeatureKind.IMAGE

    def extract(self, waveform, sample_rate, *, device):
        return waveform[0, :200].reshape(4, 50)


class Pieces(FeatureExtractor):
    """A sequence as long as the clip: frames of ten samples."""

    name = "pieces"
    kind = FeatureKind.SEQUENCE

    def extract(self, waveform, sample_rate, *, device):
        mono = waveform.mean(axis=0)
        return mono[: len(mono) // 10 * 10].reshape(-1, 10)

    def frame_rate(self, sample_rate, samples):
        return sample_rate / 10


class Samples(FeatureExtractor):
    """The waveform itself."""

    name = "samples"
    kind = FeatureKind.WAVEFORM

    def extract(self, waveform, sample_rate, *, device):
        return waveform.mean(axis=0)
