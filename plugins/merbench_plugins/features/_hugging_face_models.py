"""A pretrained model of Hugging Face's transformers, loaded whole from a folder and asked alike."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import torch
import transformers

from merbench import MerbenchError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_NEVER_HEARD = ("masked_spec_embed",)
"""Weights of training alone, which some published models lack."""


class Pretrained:
    """A model and what prepares sound for it.

    Parameters
    ----------
    model, prepare
        Transformers' model and feature extractor.
    """

    def __init__(self, model: Any, prepare: Any) -> None:
        self.model = model
        self.prepare = prepare

    @property
    def sample_rate(self) -> int:
        """What the model hears, in Hz."""
        return int(self.prepare.sampling_rate)

    @property
    def matches_text(self) -> bool:
        """Whether it is CLAP, which has one embedding of a window and no common layers."""
        return isinstance(self.model, transformers.ClapModel)

    @property
    def layers(self) -> int:
        """How many layers it has."""
        return int(getattr(self.model.config, "num_hidden_layers", 0))

    def check_kind(self, layer: int | Literal["mean", "embedding"], whose: str) -> None:
        """Raise `MerbenchError` where a layer is asked of CLAP, or an embedding of another."""
        if (layer == "embedding") != self.matches_text:
            kind = type(self.model).__name__
            right = "clap" if self.matches_text else "transformers"
            raise MerbenchError(f"{whose} cannot take a {kind}; name it with the feature {right}")

    def hear(
        self,
        windows: Sequence[NDArray[np.float32]],
        layer: int | Literal["mean", "embedding"],
        device: str,
    ) -> NDArray[np.float32]:
        """Return what is made of some windows of one length, shape (windows, frames, d)."""
        model = self.model.to(device)
        with _chance_kept():
            inputs = self.prepare(
                list(windows), sampling_rate=self.sample_rate, return_tensors="pt"
            )
        if "is_longer" in inputs:
            # Where no window is longer than the model hears, the feature extractor picks one by
            # chance and says that it is.
            inputs["is_longer"] = torch.zeros_like(inputs["is_longer"])
        inputs = inputs.to(device)
        with torch.inference_mode():
            if layer == "embedding":
                heard = model.get_audio_features(**inputs).pooler_output[:, None]
            else:
                encoder = model.get_encoder() if model.config.is_encoder_decoder else model
                states = encoder(**inputs, output_hidden_states=True).hidden_states
                heard = torch.stack(states).mean(dim=0) if layer == "mean" else states[layer]
        if heard.ndim != 3:
            raise MerbenchError(
                f"a {type(model).__name__} gives hidden states of shape {tuple(heard.shape)}, no "
                "sequence of frames; choose another model"
            )
        frames: NDArray[np.float32] = heard.float().numpy(force=True)
        return frames


def load(folder: Path, *, trust_remote_code: bool) -> Pretrained:
    """Load a model and its feature extractor from a folder, and nothing from anywhere else.

    Raises
    ------
    MerbenchError
        It cannot be loaded, lacks weights, is no model of sound, or needs code of its own.
    """
    known: dict[str, Any] = {
        "local_files_only": True,
        "trust_remote_code": trust_remote_code,
    }
    try:
        with _quiet(), _chance_kept(), torch.random.fork_rng(devices=[]):
            prepare = transformers.AutoFeatureExtractor.from_pretrained(folder, **known)
            loader: Any = transformers.HubertModel
            config = None if trust_remote_code else _mert(folder)
            if config is None:
                loader = transformers.AutoModel
                config = transformers.AutoConfig.from_pretrained(folder, **known)
            model, report = loader.from_pretrained(
                folder, config=config, output_loading_info=True, dtype=torch.float32, **known
            )
    except Exception as error:  # What damaged files make its readers raise is not defined.
        reason = str(error).strip().partition("\n")[0]
        raise MerbenchError(
            f"{folder} cannot be loaded by transformers ({reason}); give the folder of a model of "
            "sound, or, where it needs code that comes with it, set trust_remote_code"
        ) from error
    missing = [key for key in report["missing_keys"] if not key.endswith(_NEVER_HEARD)]
    if missing:
        raise MerbenchError(
            f"{folder} lacks {len(missing)} of the weights of a {type(model).__name__}, the first "
            f"{sorted(missing)[0]}; restore the model"
        )
    return Pretrained(model.eval(), prepare)


def _mert(folder: Path) -> Any:
    """Return HuBERT's configuration of a MERT that is nothing else; None of any other model."""
    written = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    if written.get("model_type") != "mert_model":
        return None
    extended = [key for key in ("feature_extractor_cqt", "deepnorm") if written.get(key)]
    extended += ["attention_relax"] if written.get("attention_relax", -1) > 0 else []
    if extended:
        raise MerbenchError(f"this MERT is no plain HuBERT: it has {', '.join(extended)}")
    defaults = transformers.HubertConfig().to_dict()
    kept = {key: value for key, value in written.items() if key in defaults}
    return transformers.HubertConfig(**kept | {"model_type": "hubert", "architectures": None})


@contextmanager
def _chance_kept() -> Iterator[None]:
    """Leave NumPy's global random state as it was: some feature extractors draw from it."""
    import numpy as np

    state = np.random.get_state()  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(state)  # noqa: NPY002


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep transformers' bars and advice off the terminal."""
    from transformers.utils import logging

    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()
