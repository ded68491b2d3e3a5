"""Makes `openl3_golden.npz` with the original code, which no test needs.

The weights of OpenL3 were published for the package openl3 up to 0.3.1, whose front end is kapre
0.1.4. Both were written for Keras 2.2; here they run as they stand on the Keras of TensorFlow 2.15:

    pip download --no-binary :all: --no-deps openl3==0.3.1 kapre==0.1.4     (and unpack them)
    pip install tensorflow-cpu==2.15.1 librosa==0.10.2 "numpy<2" scikit-learn
    PYTHONPATH=SOURCES:tests/merbench_plugins/checkpoints python openl3_original.py

What had moved since is put where they look for it: `keras.engine`, `keras.utils.conv_utils`, and
librosa's `norm=1`, which has been called `slaney` since its release 0.7.
"""

from __future__ import annotations

import importlib.util
import sys
import tempfile
import types
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

SIZES = (512, 6144)


def put_back_what_moved() -> None:
    """Let code for Keras 2.2 and librosa 0.6 find what later releases have elsewhere."""
    keras: Any = import_module("keras")
    engine: Any = types.ModuleType("keras.engine")
    engine.Layer, engine.InputSpec = keras.layers.Layer, keras.layers.InputSpec
    sys.modules["keras.engine"] = engine
    sys.modules["keras.utils.conv_utils"] = import_module("keras.src.utils.conv_utils")
    # The definitions alone, without what the package needs to read sound.
    package: Any = types.ModuleType("openl3")
    package.__path__ = importlib.util.find_spec("openl3").submodule_search_locations
    sys.modules["openl3"] = package
    filters: Any = import_module("librosa.filters")
    mel = filters.mel
    filters.mel = lambda *, norm, **more: mel(norm="slaney" if norm == 1 else norm, **more)


def main() -> None:
    """Build the original model, let it load a file of random weights, and keep what it gives."""
    put_back_what_moved()
    models: Any = import_module("openl3.models")
    keras: Any = import_module("keras")
    here = Path(__file__).parent
    sys.path.insert(0, str(here))
    write_keras: Any = import_module("keras_files").write_keras
    ours: Any = import_module("openl3_layers")

    windows = ours.two_seconds()[:, np.newaxis]
    golden: dict[str, Any] = {}
    for size in SIZES:
        # What the package does, with the path of another file.
        model = models._construct_mel256_audio_network()
        front = model.layers[1]
        kept = {f"array_{i}": array for i, array in enumerate(front.get_weights())}
        with tempfile.TemporaryDirectory() as folder:
            file = write_keras(Path(folder) / "openl3.h5", ours.layers(front_end=kept))
            model.load_weights(file)
        pooled = keras.layers.MaxPooling2D(
            pool_size=models.AUDIO_POOLING_SIZES["mel256"][size], padding="same"
        )(model.output)
        whole = keras.Model(model.input, keras.layers.Flatten()(pooled))
        golden[f"embedding_{size}"] = whole.predict(windows, verbose=0)
    heard = keras.Model(model.input, front.output).predict(windows, verbose=0)
    golden["spectrogram"] = heard[:, ::8, ::8, 0]
    np.savez_compressed(here / "openl3_golden.npz", **golden)
    for name, array in golden.items():
        print(name, array.shape, array.dtype, float(np.abs(array).max()))


if __name__ == "__main__":
    main()
