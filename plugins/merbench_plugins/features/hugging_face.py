"""Embeddings of pretrained audio models: those of Hugging Face's `transformers`, and MuQ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

from pydantic import Field

from merbench import Cost, FeatureExtractor, FeatureKind, MerbenchError, Weights
from merbench.digests import file_digest, files_at, joined_digest
from merbench_plugins.papers import CLAP, MERT, MUQ, TRANSFORMERS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from merbench.audio import Waveform
    from merbench_plugins.features._hugging_face_models import Pretrained

__all__ = ["Clap", "Mert", "Muq", "PretrainedModel", "TransformersModel"]

_PARTS = ("*.json", "*.safetensors", "*.bin", "*.py")
"""Files of a model that decide what it computes."""
_WINDOWS_AT_ONCE = 8
_SHORTEST_SECONDS = 1.0
"""What is left behind the last whole window is heard where it is no shorter than this."""


class PretrainedModel(Weights):
    """A model's folder, or its name on the Hugging Face Hub, once it is in the user's cache there.

    Nothing is ever downloaded.
    """

    remedy = "give the folder of a model, or its name on the Hugging Face Hub, as m-a-p/MERT-v1-95M"

    def path(self) -> Path:
        """Return the model's folder.

        Raises
        ------
        MerbenchError
            It is not here.
        """
        folder = self._anywhere()
        if folder is None or not (folder / "config.json").is_file():
            raise MerbenchError(
                f"the weights {self} are not here: there is no such folder with a config.json, nor "
                f"is there one in Hugging Face's cache; download it with `hf download {self}`, "
                "whose page states its licence"
            )
        return folder

    def digest(self) -> str:
        """SHA-256 of the files that decide what the model computes; `missing` without them."""
        folder = self._anywhere()
        if folder is None:
            return "missing"
        found = sorted(file for part in _PARTS for file in folder.glob(part))
        return joined_digest((file.name, file_digest(file)) for file in found)

    @classmethod
    def placed(cls, text: str, file: Path) -> str:
        """Return what is written in a file: a name on the Hub stays one."""
        return str(file) if files_at(file) else text

    def _anywhere(self) -> Path | None:
        folder = Path(self).expanduser()
        if folder.is_dir():
            return folder
        try:
            from huggingface_hub import snapshot_download

            return Path(snapshot_download(str(self), local_files_only=True))
        except (ImportError, OSError, ValueError):  # no such name, or nothing of it in the cache
            return None


class _Pretrained(Protocol):
    """A model that was loaded, and what it is asked."""

    @property
    def sample_rate(self) -> int:
        """What the model hears, in Hz."""

    @property
    def layers(self) -> int:
        """How many layers the model has."""

    def hear(
        self,
        windows: Sequence[NDArray[np.float32]],
        layer: int | Literal["mean", "embedding"],
        device: str,
    ) -> NDArray[np.float32]:
        """Return what is made of some windows of one length, shape (windows, frames, d)."""


class _Windowed(FeatureExtractor):
    """Windows of a clip, and what a pretrained model makes of them."""

    kind = FeatureKind.VECTOR
    uses_device = True
    at_once = 8
    requires = ("transformers",)
    typical_cost = Cost(seconds=8.0, megabytes=0.003)

    pooling: Literal["mean", "max", "mean-and-deviation"] = Field(
        "mean",
        description="What is kept of each number over time: its mean, its maximum, or its mean and "
        "standard deviation.",
    )

    def _model(self) -> PretrainedModel:
        raise NotImplementedError

    def _window_seconds(self) -> float:
        raise NotImplementedError

    def _layer(self) -> int | Literal["mean", "embedding"]:
        raise NotImplementedError

    def extract(self, waveform: Waveform, sample_rate: int, *, device: str) -> NDArray[np.float32]:
        """Embed one stem.

        Parameters
        ----------
        waveform
            Shape (channels, samples), float32; finite. The mean of the channels is heard.
        sample_rate
            In Hz, any.
        device
            The torch device that the model works on.

        Returns
        -------
        ndarray
            Shape (d,), float32; (2 d,) where means and deviations are kept.

        Raises
        ------
        AudioError
            The stem is not finite.
        MerbenchError
            The model is not here, damaged, or none of sound.
        """
        return self.extract_many([waveform], [sample_rate], device=device)[0]

    def extract_many(
        self, waveforms: Sequence[Waveform], sample_rates: Sequence[int], *, device: str
    ) -> Sequence[NDArray[np.float32]]:
        """Embed several stems. Windows of one length are heard together, whosever they are."""
        import numpy as np

        pretrained = self._pretrained()
        windows = [
            (stem, window)
            for stem, (waveform, rate) in enumerate(zip(waveforms, sample_rates, strict=True))
            for window in self._windows(waveform, rate, pretrained.sample_rate)
        ]
        heard: dict[int, NDArray[np.float32]] = {}
        for length in dict.fromkeys(len(window) for _, window in windows):
            same = [i for i, (_, window) in enumerate(windows) if len(window) == length]
            for start in range(0, len(same), _WINDOWS_AT_ONCE):
                batch = same[start : start + _WINDOWS_AT_ONCE]
                made = pretrained.hear([windows[i][1] for i in batch], self._layer(), device)
                heard |= dict(zip(batch, made, strict=True))
        return [
            self._pooled(
                np.concatenate([heard[i] for i, (s, _) in enumerate(windows) if s == stem])
            )
            for stem in range(len(waveforms))
        ]

    def _windows(
        self, waveform: Waveform, sample_rate: int, own_rate: int
    ) -> list[NDArray[np.float32]]:
        """Cut a stem into windows at the model's sample rate."""
        import numpy as np

        from merbench import audio

        audio.validate(waveform, self.name)
        mono = audio.resample(waveform.mean(axis=0, keepdims=True), sample_rate, own_rate)[0]
        length = round(self._window_seconds() * own_rate)
        shortest = round(min(_SHORTEST_SECONDS, self._window_seconds()) * own_rate)
        mono = np.pad(mono, (0, max(0, shortest - mono.size)))
        cut = [mono[start : start + length] for start in range(0, mono.size, length)]
        return [window for window in cut if len(window) >= shortest]

    def _pooled(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        import numpy as np

        if self.pooling == "max":
            pooled: NDArray[np.float32] = frames.max(axis=0)
        elif self.pooling == "mean":
            pooled = frames.mean(axis=0)
        else:
            pooled = np.concatenate([frames.mean(axis=0), frames.std(axis=0)])
        return pooled

    def _pretrained(self) -> _Pretrained:
        raise NotImplementedError


class _HuggingFace(_Windowed):
    """A model that transformers loads."""

    source_modules = ("merbench_plugins.features._hugging_face_models",)

    trust_remote_code: bool = Field(
        False,
        description="Run Python code that comes with the model. Only for models whose code you "
        "have read.",
    )

    def ready(self) -> None:
        """Raise `MerbenchError` if the model is not here, or is for another feature."""
        super().ready()
        self._pretrained().check_kind(self._layer(), self.name)

    def _pretrained(self) -> Pretrained:
        model = self._model()
        loaded: Pretrained = _load_once(model.path(), model.digest(), self.trust_remote_code)
        return loaded


class Clap(_HuggingFace):
    """Embeddings of CLAP, which learned to match music with descriptions of it: 512 numbers.

    The model is read from a folder or from the user's Hugging Face cache; nothing is downloaded.
    Windows are heard by themselves, 10 s each, and never joined as CLAP's `fusion` does with longer
    ones, which draws by chance.

    Source: Wu et al., "Large-scale Contrastive Language-Audio Pretraining with Feature Fusion and
    Keyword-to-Caption Augmentation", ICASSP 2023.
    """

    name = "clap"
    citation, paper = CLAP

    model: PretrainedModel = Field(
        PretrainedModel("laion/larger_clap_music"),
        description="A folder, or a name on the Hugging Face Hub, of a CLAP model of transformers.",
    )
    seconds: float = Field(10.0, ge=1, le=10, description="Length of a window in s.")

    def _model(self) -> PretrainedModel:
        return self.model

    def _window_seconds(self) -> float:
        return self.seconds

    def _layer(self) -> Literal["embedding"]:
        return "embedding"


class _Layers(_Windowed):
    """A model of layers, of which one or the mean is taken."""

    layer: int | Literal["mean"] = Field(
        "mean",
        description="Layer whose output is taken: 0 is what enters the first, -1 the last; or "
        "`mean`, that of all of them.",
    )
    seconds: float = Field(10.0, ge=1, le=120, description="Length of a window in s.")

    def _window_seconds(self) -> float:
        return self.seconds

    def _layer(self) -> int | Literal["mean"]:
        return self.layer

    def ready(self) -> None:
        """Raise `MerbenchError` if the model is not here, or has no such layer."""
        super().ready()
        count = self._pretrained().layers
        if isinstance(self.layer, int) and not -count - 1 <= self.layer <= count:
            raise MerbenchError(
                f"{self.name}: the model has the layers 0 to {count}, and no layer {self.layer}; "
                "correct `layer`"
            )


class Mert(_Layers, _HuggingFace):
    """Embeddings of MERT, which learned music as speech models learn speech.

    The model is read from a folder or from the user's Hugging Face cache; nothing is downloaded.
    The published models (95M and 330M) are HuBERT's network and are loaded as that, so that the
    code that comes with them need not be run.

    Source: Li et al., "MERT: Acoustic Music Understanding Model with Large-Scale Self-supervised
    Training", ICLR 2024.
    """

    name = "mert"
    citation, paper = MERT

    model: PretrainedModel = Field(
        PretrainedModel("m-a-p/MERT-v1-95M"),
        description="A folder, or a name on the Hugging Face Hub, of a MERT model.",
    )

    def _model(self) -> PretrainedModel:
        return self.model


class TransformersModel(_Layers, _HuggingFace):
    """Embeddings of any model of sound that Hugging Face's transformers loads by itself.

    HuBERT, wav2vec 2.0, WavLM, the Audio Spectrogram Transformer, Whisper's encoder and others:
    whatever has a feature extractor and gives hidden states of shape (batch, frames, d). The model
    is read from a folder or from the user's Hugging Face cache; nothing is downloaded.

    Source: Wolf et al., "Transformers: State-of-the-Art Natural Language Processing", EMNLP 2020.
    """

    name = "transformers"
    citation, paper = TRANSFORMERS
    check_parameters: ClassVar[Mapping[str, Any]] = {"model": "facebook/wav2vec2-base"}

    model: PretrainedModel = Field(
        description="A folder, or a name on the Hugging Face Hub, of a model."
    )

    def _model(self) -> PretrainedModel:
        return self.model


class Muq(_Layers):
    """Embeddings of MuQ, which learned music from parts of its spectrogram that were hidden.

    The model is read from a folder or from the user's Hugging Face cache; nothing is downloaded.
    Its network is merbench's own, on transformers' Conformer: the package muq, in which it was
    published, works with earlier releases of transformers alone, and is not needed. The published
    weights are licensed for non-commercial use (CC BY-NC 4.0).

    Source: Zhu et al., "MuQ: Self-Supervised Music Representation Learning with Mel Residual Vector
    Quantization", arXiv 2501.01108, 2025.
    """

    name = "muq"
    citation, paper = MUQ
    source_modules = ("merbench_plugins.features._muq_network",)

    model: PretrainedModel = Field(
        PretrainedModel("OpenMuQ/MuQ-large-msd-iter"),
        description="A folder, or a name on the Hugging Face Hub, of a MuQ model.",
    )

    def _model(self) -> PretrainedModel:
        return self.model

    def _pretrained(self) -> _Pretrained:
        loaded: _Pretrained = _load_muq_once(self.model.path(), self.model.digest())
        return loaded


@lru_cache(maxsize=1)
def _load_muq_once(folder: Path, digest: str) -> Any:
    """Load a MuQ once a process; the digest tells when its files were replaced."""
    from merbench_plugins.features._muq_network import load

    return load(folder)


@lru_cache(maxsize=1)
def _load_once(folder: Path, digest: str, trust_remote_code: bool) -> Any:
    """Load a model once a process; the digest tells when its files were replaced."""
    from merbench_plugins.features._hugging_face_models import load

    return load(folder, trust_remote_code=trust_remote_code)
