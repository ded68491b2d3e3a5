"""Weights that others published, read from the files they come in.

TensorFlow's checkpoints, Keras's HDF5 files, safetensors and what torch saves are opened alike: as
named arrays. No code in them is ever run, and TensorFlow is not needed.
"""

from merbench_plugins.checkpoints.opening import Checkpoint, open_checkpoint, require

__all__ = ["SOURCES", "Checkpoint", "open_checkpoint", "require"]

SOURCES = tuple(
    f"merbench_plugins.checkpoints.{module}"
    for module in ("crc32c", "keras", "opening", "protocol_buffers", "tensorflow")
)
"""For `source_modules` of a component that opens checkpoints."""
