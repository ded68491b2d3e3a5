"""The Wave-U-Net, the separator of Nguyen et al. 2022."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field, model_validator

from merbench import CANONICAL_STEMS, Cost, KnownWeights, MerbenchError, Separator, Weights
from merbench.digests import content_digest
from merbench_plugins.checkpoints import SOURCES as CHECKPOINT_SOURCES
from merbench_plugins.papers import WAVE_U_NET
from merbench_plugins.separators.wave_u_net.configuration import (
    IN_ERRORS,
    Configuration,
    OriginalConfiguration,
    SpectralConfiguration,
    Variant,
    from_mapping,
    from_variant,
)

if TYPE_CHECKING:
    import torch

    from merbench.audio import Waveform
    from merbench.evaluation.shift import TrainingMusic
    from merbench_plugins.checkpoints import Checkpoint
    from merbench_plugins.separators.wave_u_net.song import SongNetwork

__all__ = ["WaveUNet", "load_network", "open_network"]

_VOICE = {"accompaniment", "vocals"}

SHIPPED = "merbench"
"""Name of the checkpoint in this package."""

_FOLDER = Path(__file__).parent / "weights"

SOURCES = (
    "set `weights` to a checkpoint of this network, such as the original authors' "
    "full_multi_instrument-134067 (their archive on Google Drive has the id "
    "1klzK5wI7wLQPLTMHOkdbSO5YG6uFG1q2), or train one with `merbench separators train wave-u-net`"
)

OTHER_WEIGHTS = (
    "the weights merbench come with a configuration of their own: leave variant and config out, or "
    f"{SOURCES}"
)


class WaveUNetWeights(Weights):
    """Weights of a Wave-U-Net."""

    known = (
        KnownWeights(
            SHIPPED,
            summary="a compact network on spectra that comes with merbench",
            licence="CC BY-NC-SA (its card says why)",
            source="trained for merbench; card.json beside it",
            at=_FOLDER / "model.safetensors",
        ),
    )
    remedy = SOURCES


class WaveUNet(Separator):
    """Wave-U-Net (Stoller et al. 2018), with weights that come with merbench, or any published.

    The shipped weights are of the variant `spectral`, merbench's own: its outermost filters are
    Fourier's, and it takes shares of the mixture's spectrum. That is no network of the paper's; it
    learns from far less music. Their card says what they were trained on and how well they
    separate. `merbench separators train wave-u-net` trains others.

    The variant `m6` with weights of its own is the network Nguyen et al. 2022 separate with: 22,050
    Hz, stereo, bass, drums and other from the network, vocals as what remains of the mixture.
    Variants `m1` to `m5` know only vocals and accompaniment; their accompaniment is taken apart
    further as by `hpss`.

    Mono clips enter a stereo network on both channels; more channels are taken two by two. A mono
    network is given the channels' mean, and its stems stand on every channel, as published. What
    lies above half the network's sample rate is in no stem.
    """

    name = "wave-u-net"
    citation, paper = WAVE_U_NET
    source_modules = CHECKPOINT_SOURCES + tuple(
        f"merbench_plugins.separators.{module}"
        for module in (
            "hpss",
            "sixteen_bit",
            "stereo",
            "wave_u_net.configuration",
            "wave_u_net.original",
            "wave_u_net.reimplementation",
            "wave_u_net.song",
            "wave_u_net.spectral",
        )
    )
    uses_device = True
    typical_cost = Cost(seconds=1.5, megabytes=42.0)

    weights: WaveUNetWeights = Field(
        WaveUNetWeights(SHIPPED),
        description="Checkpoint: merbench for the one that comes with it (spectral, with a "
        "configuration of its own), or the prefix of a TensorFlow checkpoint of the original, as "
        "in full_multi_instrument-134067, or a .safetensors or torch file, or the folder of one.",
    )
    variant: Variant = Field(
        "m6",
        description="What the checkpoint was trained as: m1 to m6 of Stoller et al. 2018, "
        "m5-highsr (m5 at 44.1 kHz), pytorch for the authors' later PyTorch version, or spectral "
        "for merbench's.",
    )
    config: dict[str, Any] = Field(
        default_factory=dict,
        description="Where the checkpoint differs from the published variant: settings by the "
        "names of the authors' own configuration, as in {num_layers: 10, num_initial_filters: 16}.",
    )
    clip: bool = Field(
        False,
        description="As published: clip to [-1, 1] the stem that is the mixture less the others "
        "(vocals in m6), and outputs without tanh. Otherwise loud mixtures keep their peaks.",
    )
    sixteen_bit: bool = Field(
        False,
        description="As published: round stems to 16 bit and clip them to [-1, 1), which is what "
        "writing them to pcm_s16le files did.",
    )

    @model_validator(mode="after")
    def _check_config(self) -> WaveUNet:
        sources = self.configuration.sources
        if set(sources) not in (set(CANONICAL_STEMS), _VOICE):
            raise ValueError(
                f"a network that yields {', '.join(sources)} cannot be used: its sources must be "
                f"{', '.join(CANONICAL_STEMS)}, or accompaniment, vocals"
            )
        return self

    @property
    def configuration(self) -> Configuration:
        """That of the shipped checkpoint, or the variant's with the changes of `config`."""
        return shipped_configuration() if self._shipped else from_variant(self.variant, self.config)

    def identity(self) -> dict[str, Any]:
        """Name, version and parameters; shipped weights have a configuration of their own."""
        identity = super().identity()
        if self._shipped:
            identity["parameters"]["config"] = self.configuration.model_dump(mode="json")
        return identity

    def ready(self) -> None:
        """Raise `MerbenchError` if there are no weights, or not those of this variant."""
        super().ready()
        _open(self._weights, self.configuration)

    def separate(self, waveform: Waveform, sample_rate: int, *, device: str) -> dict[str, Waveform]:
        """Separate one clip.

        Parameters
        ----------
        waveform
            Shape (channels, samples), float32.
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
            The weights are missing, or do not fit the variant.
        """
        import torch

        from merbench_plugins.separators.hpss import split_accompaniment
        from merbench_plugins.separators.sixteen_bit import through_sixteen_bit
        from merbench_plugins.separators.stereo import separate_at

        configuration, weights = self.configuration, self._weights
        network = _load_once(weights, content_digest(weights), configuration, self.clip).to(device)

        def separate(mix: Waveform) -> Waveform:
            given = torch.from_numpy(mix.copy()).to(device)
            separated: Waveform = network(given[None])[0].numpy(force=True)
            return separated

        sources = separate_at(
            configuration.sample_rate,
            separate,
            waveform,
            sample_rate,
            channels=network.network.config.channels,
        )
        stems = dict(zip(configuration.sources, sources, strict=True))
        if "accompaniment" in stems:
            stems |= split_accompaniment(stems.pop("accompaniment"), sample_rate)
        if self.sixteen_bit:
            stems = {name: through_sixteen_bit(stem) for name, stem in stems.items()}
        return {name: stems[name] for name in self.stems}

    def train(
        self,
        data: Sequence[Path],
        out: Path,
        options: Mapping[str, Any],
        progress: Callable[[str, float], None],
    ) -> None:
        """Train a network of this configuration; the weights are not looked at.

        Parameters
        ----------
        data
            Folders of music, as `wave_u_net.multitracks.find_tracks` takes them.
        out
            Folder for the checkpoint, its configuration and its card.
        options
            As in `wave_u_net.options.Options`.
        progress
            Called with what is being done and the share that is done, on [0, 1].

        Raises
        ------
        MerbenchError
            The configuration, an option or the data cannot be used.
        """
        from merbench_plugins.separators.wave_u_net.training import train

        train(self.configuration, data, out, options, progress)

    def training_music(self) -> TrainingMusic | None:
        """Return what `train` wrote beside the weights about the music; else None."""
        from merbench_plugins.separators.wave_u_net.export import read_music

        weights = self._weights
        return read_music(weights if weights.is_dir() else weights.parent)

    @property
    def _shipped(self) -> bool:
        """Whether the shipped checkpoint is asked for, and no network that it is not."""
        kinds = ("m6", "spectral")  # The default, and what they are of.
        return self.weights == SHIPPED and self.variant in kinds and not self.config

    @property
    def _weights(self) -> Path:
        if self.weights == SHIPPED and not self._shipped:
            raise MerbenchError(OTHER_WEIGHTS)
        return self.weights.path()


@cache
def shipped_configuration() -> Configuration:
    """Return the configuration of the checkpoint in this package."""
    return from_mapping(json.loads((_FOLDER / "config.json").read_text(encoding="utf-8")))


def load_network(checkpoint: str | Path, config: Mapping[str, Any]) -> torch.nn.Module:
    """Load a Wave-U-Net for songs of any length.

    Parameters
    ----------
    checkpoint
        Prefix of a TensorFlow checkpoint (or one of its files), a safetensors or torch file, or a
        folder that holds one of these.
    config
        The authors' configuration as a dict, possibly under a key "config": the original's if it
        has `num_layers`, the PyTorch re-implementation's if it has `levels`.

    Returns
    -------
    torch.nn.Module
        Maps (batch, channels, samples) at the network's sample rate to (batch, source, channels,
        samples), cut into chunks, padded and clipped as the original does; sources in the order of
        the configuration. Its attribute `network` maps single chunks.

    Raises
    ------
    MerbenchError
        The checkpoint cannot be read, or is not that of such a network.
    """
    return open_network(Path(checkpoint).expanduser(), from_mapping(config), clip=True)


def _open(path: Path, configuration: Configuration) -> tuple[Checkpoint, Iterable[str]]:
    """Open a checkpoint, make sure it is that of such a network, and name its variables."""
    from merbench_plugins.checkpoints import open_checkpoint, require

    checkpoint = open_checkpoint(path)
    if isinstance(configuration, OriginalConfiguration):
        expected = configuration.variables
    elif isinstance(configuration, SpectralConfiguration):
        from merbench_plugins.separators.wave_u_net import spectral

        expected = spectral.variables(configuration)
    else:
        from merbench_plugins.separators.wave_u_net import reimplementation

        expected = reimplementation.variables(configuration)
    require(checkpoint, expected, path, **IN_ERRORS)
    return checkpoint, expected


def open_network(path: Path, configuration: Configuration, *, clip: bool) -> SongNetwork:
    """Load a network of this configuration; `clip` as the parameter of `WaveUNet`."""
    import torch

    from merbench_plugins.separators.wave_u_net.original import OriginalWaveUNet
    from merbench_plugins.separators.wave_u_net.reimplementation import ReimplementedWaveUNet
    from merbench_plugins.separators.wave_u_net.song import ChunkNetwork, SongNetwork
    from merbench_plugins.separators.wave_u_net.spectral import SpectralWaveUNet

    checkpoint, names = _open(path, configuration)
    network: ChunkNetwork
    # Layers draw weights when they are made, which the checkpoint's then replace.
    with torch.random.fork_rng(devices=[]):
        if isinstance(configuration, OriginalConfiguration):
            network = OriginalWaveUNet(configuration, clip)
        elif isinstance(configuration, SpectralConfiguration):
            network = SpectralWaveUNet(configuration)
        else:
            network = ReimplementedWaveUNet(configuration, clip)
    network.load_variables({name: checkpoint.read(name) for name in names})
    return SongNetwork(network).eval()


@lru_cache(maxsize=2)
def _load_once(path: Path, digest: str, configuration: Configuration, clip: bool) -> SongNetwork:
    """Load a network once a process; the digest tells when a checkpoint was replaced."""
    return open_network(path, configuration, clip=clip)
