"""Methods 2, 3, 4, 6 and 7 of Louro et al. 2024, each a network of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from merbench import Cost, FeatureKind
from merbench_plugins.models._network_model import ImageNetwork, TrainedNetwork
from merbench_plugins.papers import LOURO_2024, SAMPLE_CNN, SHORT_CHUNK_CNN

if TYPE_CHECKING:
    from torch import nn

    from merbench_plugins.models._network_training import Reader

DIVISOR: Any = Field(
    1, ge=1, le=64, description="By which the numbers of filters are divided, to train quicker."
)


class LouroCnn(ImageNetwork):
    """Convolutional network on mel spectrograms: four layers of 16 filters, one dense.

    "DL Baseline" (method 2) of Louro et al., Sensors 24(7), 2024: 621,264 numbers, trained by plain
    gradient descent at 0.01, in batches of 150, for 200 epochs, or until it is right in nine of
    ten training clips. Augmented (methods 10 to 12) it is the same network.
    """

    name = "louro-cnn"
    citation, paper = LOURO_2024
    source_modules = (*ImageNetwork.source_modules, "merbench_plugins.networks.baseline_cnn")
    typical_cost = Cost(seconds=2_000)
    check_parameters: ClassVar[Mapping[str, Any]] = {
        "preset": "short", "epochs": 3, "image": (61, 77),
    }  # fmt: skip
    published = ("sgd", 0.01, 200, 150)

    def network(self) -> Callable[..., nn.Module]:
        """Return the class of the network."""
        from merbench_plugins.networks.baseline_cnn import BaselineCnn

        return BaselineCnn


class LouroCnnGru(ImageNetwork):
    """The convolutions of `louro-cnn`, then two layers of 2,000 gated recurrent units.

    "Baseline with GRU" (method 3) of Louro et al. 2024. As in the authors' code, all that the
    convolutions give is one step, so that nothing recurs. 48,666,939 numbers, trained as
    `louro-cnn` is.
    """

    name = "louro-cnn-gru"
    citation, paper = LOURO_2024
    source_modules = (*ImageNetwork.source_modules, "merbench_plugins.networks.baseline_cnn")
    typical_cost = Cost(seconds=3_000)
    check_parameters: ClassVar[Mapping[str, Any]] = {
        "preset": "short", "epochs": 3, "image": (61, 77), "units": 16,
    }  # fmt: skip
    published = ("sgd", 0.01, 200, 150)

    units: int = Field(2_000, ge=1, description="Gated recurrent units in each layer.")

    def network(self) -> Callable[..., nn.Module]:
        """Return the class of the network."""
        from merbench_plugins.networks.baseline_cnn import BaselineGru

        return BaselineGru

    def options(self) -> Mapping[str, Any]:
        """Return how many units it has."""
        return {"units": self.units}


class LouroCrnn(ImageNetwork):
    """Convolutional recurrent network on mel spectrograms: the "CRNN" (method 4) of Louro 2024.

    Choi et al. 2017 adapted: four blocks of convolutions whose frames two layers of 32 gated
    recurrent units read. 392,582 numbers, trained as `louro-cnn` is.
    """

    name = "louro-crnn"
    citation, paper = LOURO_2024
    source_modules = (*ImageNetwork.source_modules, "merbench_plugins.networks.tagging_crnn")
    typical_cost = Cost(seconds=9_000)
    check_parameters: ClassVar[Mapping[str, Any]] = {
        "preset": "short", "epochs": 3, "image": (96, 96), "divisor": 16,
    }  # fmt: skip
    published = ("sgd", 0.01, 200, 150)

    divisor: int = DIVISOR

    def network(self) -> Callable[..., nn.Module]:
        """Return the class of the network."""
        from merbench_plugins.networks.tagging_crnn import TaggingCrnn

        return TaggingCrnn

    def options(self) -> Mapping[str, Any]:
        """Return the divisor of its widths."""
        return {"divisor": self.divisor}


class ShortChunkCnn(ImageNetwork):
    """Residual convolutional network on short pieces of a mel spectrogram.

    "ShortChunk CNN" (method 6) of Louro et al. 2024, after Won et al. 2020: seven residual blocks
    of 128 to 512 filters, trained by plain gradient descent at 0.001, in batches of 50, for 100
    epochs. A piece is 116 frames of 512 samples at 16 kHz: `{segmented: {model: short-chunk-cnn,
    length: 116, step: 115}}`.
    """

    name = "short-chunk-cnn"
    citation, paper = SHORT_CHUNK_CNN
    source_modules = (*ImageNetwork.source_modules, "merbench_plugins.networks.short_chunk_cnn")
    typical_cost = Cost(seconds=20_000)
    check_parameters: ClassVar[Mapping[str, Any]] = {
        "preset": "short", "epochs": 3, "image": (16, 24), "divisor": 16,
    }  # fmt: skip
    published = ("sgd", 0.001, 100, 50)
    usual_shape = (128, 116)

    divisor: int = DIVISOR

    def network(self) -> Callable[..., nn.Module]:
        """Return the class of the network."""
        from merbench_plugins.networks.short_chunk_cnn import ShortChunkCnn as Network

        return Network

    def options(self) -> Mapping[str, Any]:
        """Return the divisor of its widths."""
        return {"divisor": self.divisor}


class SampleCnn(TrainedNetwork):
    """Convolutional network on raw audio, three samples at a time.

    "Sample CNN" (method 7) of Louro et al. 2024, after Lee et al. 2017: nine blocks that divide
    time by three, trained by plain gradient descent at 0.001, in batches of 50, for 150 epochs. It
    hears 3 ** (depth + 1) samples, 59,049 as published, which are 3.7 s at 16 kHz; longer audio is
    cut, so give it pieces: `{segmented: {model: sample-cnn, length: 59049}}`.
    """

    name = "sample-cnn"
    citation, paper = SAMPLE_CNN
    inputs = FeatureKind.WAVEFORM
    source_modules = (*TrainedNetwork.source_modules, "merbench_plugins.networks.sample_cnn")
    typical_cost = Cost(seconds=20_000)
    check_parameters: ClassVar[Mapping[str, Any]] = {"preset": "short", "epochs": 8, "depth": 2}
    published = ("sgd", 0.001, 150, 50)

    depth: int = Field(9, ge=1, le=12, description="Blocks that divide time by three.")

    @property
    def usual_shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """Samples that it hears."""
        return (3 ** (self.depth + 1),)

    def network(self) -> Callable[..., nn.Module]:
        """Return the class of the network."""
        from merbench_plugins.networks.sample_cnn import SampleCnn as Network

        return Network

    def options(self) -> Mapping[str, Any]:
        """Return how deep it is."""
        return {"depth": self.depth}

    def reader(self) -> Reader:
        """Return what cuts audio to what the network hears."""
        from merbench_plugins.models._network_classifier import OfLength

        return OfLength(*self.usual_shape)
