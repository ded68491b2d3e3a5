"""Makes the folder `muq_golden` with the original code, which no test needs.

The package muq 0.1.0 builds a tiny model, gives it random weights, saves it as its published models
are saved, and hears two windows. It asks transformers for what releases from 5 on lack:

    pip install --no-deps muq==0.1.0 easydict nnAudio torchaudio transformers==4.46.3
    pip install einops "tokenizers<0.21" "huggingface_hub<1"
    python muq_original.py

Of torchaudio it needs the spectrogram alone, which is Python: where its compiled part does not fit
the installed torch, remove it from the copy.
"""

from __future__ import annotations

import json
import sys
import types
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch

CONFORMER = {
    "intermediate_size": 24, "num_attention_heads": 2, "conv_depthwise_kernel_size": 5,
    "position_embeddings_type": "rotary", "layerdrop": 0.0, "hidden_size": 16,
}  # fmt: skip


def main() -> None:
    """Build, save and hear."""
    # What the package is beside MuQ, a model of texts, needs more packages.
    package: Any = types.ModuleType("muq")
    package.__path__ = find_spec("muq").submodule_search_locations
    sys.modules["muq"] = package
    original: Any = import_module("muq.muq.muq")
    conformer: Any = import_module("transformers").Wav2Vec2ConformerConfig
    folder = Path(__file__).with_name("muq_golden")
    model = original.MuQ(
        original.MuQConfig(
            conv_dim=4, encoder_dim=16, encoder_depth=2, codebook_size=8,
            stat={"melspec_2048_mean": -20.0, "melspec_2048_std": 18.4},
            w2v2_config=json.loads(conformer(**CONFORMER).to_json_string(use_diff=False)),
        )
    ).eval()  # fmt: skip
    rng = np.random.default_rng(0)
    with torch.no_grad():
        for name, weight in sorted(model.state_dict().items()):
            if weight.is_floating_point() and "quantizer" not in name:
                drawn = rng.uniform(0.5, 1.5, weight.shape)  # of normalisation
                if weight.ndim > 1:
                    drawn = rng.normal(0, weight[0].numel() ** -0.5, weight.shape)
                weight.copy_(torch.from_numpy(drawn))
    model.save_pretrained(folder)
    (folder / "README.md").unlink()
    windows = (0.1 * rng.standard_normal((2, 12_000))).astype(np.float16)
    with torch.inference_mode():
        states = model(torch.from_numpy(windows).float(), output_hidden_states=True).hidden_states
    states = np.stack([state.numpy() for state in states])
    np.savez_compressed(folder / "heard.npz", windows=windows, states=states)
    print(states.shape, states.std(axis=(1, 2, 3)))


if __name__ == "__main__":
    main()
