"""What a Wave-U-Net may be configured to, where published in the words of its authors' files."""

from __future__ import annotations

import math
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cached_property
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from merbench.errors import MerbenchError

Sources = Annotated[tuple[str, ...], Field(min_length=2)]

IN_ERRORS = {
    "network": "this Wave-U-Net",
    "remedy": "choose the variant and config it was trained with",
}
"""How errors about a checkpoint's arrays name the network, and what they say can be done."""

RESAMPLING_TAPS = 15
"""Length of the re-implementation's fixed low-pass filters."""


class Frames(NamedTuple):
    """Samples of one chunk: how many the network is given, and how many of its middle it yields."""

    input: int
    output: int

    @property
    def context(self) -> int:
        """Samples given before the first that is yielded."""
        return (self.input - self.output) // 2


class _Configuration(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class OriginalConfiguration(_Configuration):
    """The Wave-U-Net of Stoller, Ewert and Dixon (ISMIR 2018), as published for TensorFlow.

    Defaults are the model M1. `input_filter_size` is no setting: the published network never used
    it.
    """

    network: Literal["unet"] = "unet"
    num_layers: int = Field(12, ge=1, le=20)
    num_initial_filters: int = Field(24, ge=1)
    filter_size: int = Field(15, ge=1)
    merge_filter_size: int = Field(5, ge=1)
    output_filter_size: int = Field(1, ge=1)
    num_frames: int = Field(16384, ge=1)
    expected_sr: int = Field(22050, ge=1)
    mono_downmix: bool = True
    context: bool = False
    upsampling: Literal["linear", "learned"] = "linear"
    output_type: Literal["direct", "difference"] = "direct"
    output_activation: Literal["tanh", "linear"] = "tanh"
    task: Literal["voice", "multi_instrument"] = "voice"
    source_names: Sources | None = None

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of what the network yields, in its order."""
        if self.source_names is not None:
            return self.source_names
        if self.task == "multi_instrument":
            return ("bass", "drums", "other", "vocals")
        return ("accompaniment", "vocals")

    @property
    def channels(self) -> int:
        """Audio channels in and out."""
        return 1 if self.mono_downmix else 2

    @property
    def sample_rate(self) -> int:
        """In Hz."""
        return self.expected_sr

    @property
    def filters(self) -> tuple[int, ...]:
        """Feature channels of each downsampling layer, and last of the bottleneck."""
        return tuple(self.num_initial_filters * (i + 1) for i in range(self.num_layers + 1))

    @property
    def outputs(self) -> int:
        """Sources with an output layer of their own: all, or all but the difference."""
        return len(self.sources) - (self.output_type == "difference")

    @cached_property
    def frames(self) -> Frames:
        """Length of a chunk: the least that yields `num_frames` samples."""
        if not self.context:
            return Frames(self.num_frames, self.num_frames)
        width = float(self.num_frames - self.output_filter_size + 1)
        for _ in range(self.num_layers):
            width = (width + self.merge_filter_size) / 2
        inner = math.ceil(width)
        given = inner + self.filter_size - 1
        yielded = inner
        for _ in range(self.num_layers):
            given = 2 * given - 1 + self.filter_size - 1
            yielded = 2 * yielded - 1 - self.merge_filter_size + 1
        return Frames(given, yielded - self.output_filter_size + 1)

    @property
    def variables(self) -> dict[str, tuple[int, ...]]:
        """Name and shape of every variable of the TensorFlow graph, layer by layer."""
        sizes = [self.filter_size] * (self.num_layers + 1)
        sizes += [self.merge_filter_size] * self.num_layers
        sizes += [self.output_filter_size] * self.outputs
        down, up = self.filters, self.filters[-2::-1]
        inputs = [self.channels, *down[:-1]]
        inputs += [up[i] + down[-1 - i] for i in range(self.num_layers)]
        inputs += [down[0] + self.channels] * self.outputs
        filters = [*down, *up, *[self.channels] * self.outputs]
        shapes: dict[str, tuple[int, ...]] = {}
        for i, (size, given, yielded) in enumerate(zip(sizes, inputs, filters, strict=True)):
            layer = f"separator/conv1d_{i}" if i else "separator/conv1d"
            shapes[f"{layer}/kernel"] = (size, given, yielded)
            shapes[f"{layer}/bias"] = (yielded,)
        if self.upsampling == "learned":
            shapes |= {f"separator/interp_{i}": (down[-1 - i],) for i in range(self.num_layers)}
        return shapes

    @model_validator(mode="after")
    def _check_lengths(self) -> OriginalConfiguration:
        if self.context and self.frames.output < 1:
            raise ValueError(f"num_frames {self.num_frames} is too small for this network")
        factor = 2**self.num_layers
        if not self.context and self.num_frames % factor:
            raise ValueError(
                f"without context num_frames must be a multiple of {factor}, not {self.num_frames}"
            )
        return self


class ReimplementationConfiguration(_Configuration):
    """The authors' later PyTorch Wave-U-Net, with its command line's options and defaults."""

    instruments: Sources = ("bass", "drums", "other", "vocals")
    features: int = Field(32, ge=1)
    feature_growth: Literal["add", "double"] = "double"
    levels: int = Field(6, ge=2, le=20)
    depth: int = Field(1, ge=1)
    strides: int = Field(4, ge=2)
    kernel_size: int = Field(5, ge=3)
    conv_type: Literal["gn", "bn", "normal"] = "gn"
    res: Literal["fixed", "learned"] = "fixed"
    separate: bool = True
    channels: int = Field(2, ge=1, le=2)
    sr: int = Field(44100, ge=1)
    output_size: float = Field(2.0, gt=0.0)

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of what the network yields, in its order."""
        return self.instruments

    @property
    def sample_rate(self) -> int:
        """In Hz."""
        return self.sr

    @property
    def filters(self) -> tuple[int, ...]:
        """Feature channels of each level, the bottleneck's last."""
        if self.feature_growth == "add":
            return tuple(self.features * (i + 1) for i in range(self.levels))
        return tuple(self.features * 2**i for i in range(self.levels))

    @cached_property
    def frames(self) -> Frames:
        """Length of a chunk: the least that yields `output_size` seconds."""
        wanted = int(self.output_size * self.sr)
        inner = 1
        while self._yielded(inner) < max(1, wanted):
            inner += 1
        return Frames(self._given(inner), self._yielded(inner))

    def _yielded(self, width: int) -> int:
        """Samples out for frames in the bottleneck; 0 where the network would run dry."""
        for _ in range(self.levels - 1):
            if width < 2:
                return 0
            width = (width - 1) * self.strides + 1 - self._resampling_loss - self._block_loss
        return max(0, width)

    def _given(self, width: int) -> int:
        """Samples in for frames in the bottleneck."""
        width += self._block_loss // 2
        for _ in range(self.levels - 1):
            width = (width - 1) * self.strides + 1 + self._resampling_loss + self._block_loss
        return width

    @property
    def _block_loss(self) -> int:
        """Frames that the unpadded convolutions of a level cost, on one way."""
        return 2 * self.depth * (self.kernel_size - 1)

    @property
    def _resampling_loss(self) -> int:
        return self.kernel_size - 1 if self.res == "learned" else 0

    @model_validator(mode="after")
    def _check_sizes(self) -> ReimplementationConfiguration:
        if self.kernel_size % 2 == 0:
            raise ValueError(f"kernel_size must be odd, not {self.kernel_size}")
        if self.conv_type == "gn" and self.features % 8:
            raise ValueError(f"features must be a multiple of 8 with gn, not {self.features}")
        return self


class SpectralConfiguration(_Configuration):
    """The Wave-U-Net on spectra that merbench comes with: see `spectral`.

    Bands are single bins up to `fine_bands`, and of `bins_a_band` above; each of `filters` halves
    them, and the frames, too, but for the first.
    """

    network: Literal["spectral"] = "spectral"
    source_names: Sources = ("bass", "drums", "other", "vocals")
    expected_sr: int = Field(22050, ge=1)
    window: int = Field(2048, ge=8)
    hop: int = Field(512, ge=1)
    fine_bands: int = Field(342, ge=1)
    bands: int = Field(512, ge=2)
    bins_a_band: int = Field(4, ge=1)
    filters: tuple[Annotated[int, Field(ge=1)], ...] = Field((16, 32, 48, 64), min_length=1)
    width: int = Field(256, ge=1)
    core_levels: int = Field(3, ge=1, le=8)
    num_frames: int = Field(2**18, ge=1)
    context_frames: int = Field(2**15, ge=0)

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of what the network yields, in its order."""
        return self.source_names

    @property
    def channels(self) -> int:
        """Audio channels in and out."""
        return 2

    @property
    def sample_rate(self) -> int:
        """In Hz."""
        return self.expected_sr

    @property
    def strides(self) -> tuple[int, ...]:
        """By how much each outer level thins out the frames."""
        return (1, *[2] * (len(self.filters) - 1))

    @property
    def inner_bands(self) -> int:
        """Bands that the core is given."""
        return int(self.bands // 2 ** len(self.filters))

    @property
    def frames(self) -> Frames:
        """Length of a chunk, in samples."""
        return Frames(self.num_frames + 2 * self.context_frames, self.num_frames)

    @model_validator(mode="after")
    def _check_bands(self) -> SpectralConfiguration:
        bins = self.window // 2 + 1
        needed = self.fine_bands + self.bins_a_band * (self.bands - self.fine_bands)
        if not self.fine_bands < self.bands or needed > bins:
            raise ValueError(
                f"{self.bands} bands, {self.fine_bands} of a bin and the others of "
                f"{self.bins_a_band}, do not fit into the {bins} bins of window {self.window}"
            )
        if self.bands % 2 ** len(self.filters):
            raise ValueError(
                f"bands must be a multiple of {2 ** len(self.filters)}, not {self.bands}"
            )
        if self.window % 2 or not self.hop <= self.window // 2:
            raise ValueError("window must be even, and hop at most half of it")
        return self


Configuration = OriginalConfiguration | ReimplementationConfiguration | SpectralConfiguration

Variant = Literal["m1", "m2", "m3", "m4", "m5", "m5-highsr", "m6", "pytorch", "spectral"]

_M2 = {"output_type": "difference"}
_M3 = _M2 | {"context": True}
_M4 = _M3 | {"mono_downmix": False}
_M5 = _M4 | {"upsampling": "learned"}

PUBLISHED: dict[str, dict[str, Any]] = {
    "m1": {},
    "m2": _M2,
    "m3": _M3,
    "m4": _M4,
    "m5": _M5,
    "m5-highsr": _M5 | {"expected_sr": 44100},
    "m6": _M4 | {"task": "multi_instrument"},
}
"""The models of Stoller et al., Table 1, and the 44.1 kHz one published after; over M1."""


_KINDS: dict[str, type[_Configuration]] = {
    "pytorch": ReimplementationConfiguration,
    "spectral": SpectralConfiguration,
}


def from_variant(variant: Variant, changes: Mapping[str, Any]) -> Configuration:
    """Return a published configuration with some of its values changed.

    Raises
    ------
    ValueError
        A change has an unknown name, or its value is out of range.
    """
    kind = _KINDS.get(variant, OriginalConfiguration)
    for name in changes:
        if name not in kind.model_fields:
            nearest = get_close_matches(name, kind.model_fields, n=1, cutoff=0.0)[0]
            raise ValueError(
                f"variant {variant} has no setting {name!r}; did you mean {nearest!r}?"
            )
    return _build(kind, PUBLISHED.get(variant, {}) | dict(changes))


def from_mapping(config: Mapping[str, Any]) -> Configuration:
    """Return the configuration that a published configuration file describes.

    Parameters
    ----------
    config
        The file's content, or its entry "config". Entries that do not concern the network, such as
        those about training, are passed over.

    Raises
    ------
    MerbenchError
        It describes no Wave-U-Net, or one with a value out of range.
    """
    inner = config.get("config", config)
    try:
        if inner.get("network") == "spectral":
            return _build(SpectralConfiguration, inner)
        if "levels" in inner or "instruments" in inner:
            return _build(ReimplementationConfiguration, inner)
        if "num_layers" in inner:
            return _build(OriginalConfiguration, inner)
    except ValueError as error:
        raise MerbenchError(f"the Wave-U-Net's configuration cannot be used: {error}") from error
    raise MerbenchError(
        "the configuration describes no Wave-U-Net: it has neither num_layers (the original) nor "
        "levels (the PyTorch re-implementation), and its network is not spectral"
    )


def _build(kind: type[_Configuration], values: Mapping[str, Any]) -> Configuration:
    try:
        built = kind.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        raise ValueError(
            f"{where}: {message}, not {first['input']!r}" if where else message
        ) from error
    assert isinstance(built, Configuration)
    return built
