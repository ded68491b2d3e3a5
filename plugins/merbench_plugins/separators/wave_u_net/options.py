"""How to train: what `--option NAME=VALUE` sets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from merbench.components import Separator
from merbench.errors import MerbenchError
from merbench_plugins.separators.wave_u_net import WaveUNetWeights

__all__ = ["Options", "read_options"]


class Options(BaseModel):
    """How to train; what is not about the network itself."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", arbitrary_types_allowed=True, allow_inf_nan=False
    )

    validation: tuple[Path, ...] = Field(
        (), description="Folders of music to validate with, in place of a share of the data."
    )
    validation_share: float = Field(
        0.1, gt=0, lt=1, description="Share of the groups (artists) that is held out."
    )
    teacher: Separator | None = Field(
        None, description="Separator whose stems are the targets for music without stems."
    )
    teacher_stems: tuple[Literal["bass", "drums", "other", "vocals"], ...] = Field(
        ("bass", "drums", "other", "vocals"),
        min_length=1,
        description="Those of its stems that are worth learning.",
    )
    sift: bool = Field(
        True,
        description="Believe a teacher's vocals only where it is sure: music with hardly any is "
        "accompaniment throughout, and music with a little of them all the time is left out.",
    )
    leads: dict[Literal["bass", "drums", "other", "vocals", "sum"], float] = Field(
        default_factory=dict,
        description="How often excerpts are drawn for a source relative to others, 1 where not "
        "named; sum is an accompaniment whose parts are not known.",
    )
    soundfonts: tuple[Path, ...] = Field(
        (), description="Soundfonts to render MIDI with, each file once with each."
    )
    revoicings: int = Field(
        0,
        ge=0,
        description="How many times more each MIDI file is rendered with each soundfont, each time "
        "with other instruments, key and tempo; never what is validated or tested with.",
    )
    midi_seconds: float = Field(
        180.0, gt=0, description="How much of a MIDI file is rendered at most."
    )
    prepared: Path | None = Field(
        None, description="Where decoded and labelled music is kept; by default in the output."
    )
    minutes: float = Field(
        60.0, gt=0, description="Training time by the clock, with that before a resumption."
    )
    steps: int = Field(10_000_000, ge=1, description="Steps after which training ends in any case.")
    patience: int = Field(
        30, ge=1, description="Validations without a better score after which training ends."
    )
    validate_every: float = Field(
        5.0,
        gt=0,
        description="Minutes between validations; more where one takes over a tenth of that.",
    )
    save_every: float = Field(2.0, gt=0, description="Minutes between checkpoints to resume from.")
    frames: int | None = Field(
        None,
        ge=1,
        description="num_frames while training; by default the configuration's, which may be "
        "longer, so that less is spent on context when the network is used. Of the spectral "
        "network the samples of an excerpt, by default 191 hops.",
    )
    batch: int = Field(8, ge=1, description="Excerpts a step.")
    learning_rate: float = Field(1e-3, gt=0, description="Greatest step size of Adam.")
    error_weight: float = Field(
        0.02,
        ge=0,
        description="Of the spectral network: what a dB of a stem's error costs beside the "
        "cross-entropy of its shares. More of it is better once singing is told from the rest.",
    )
    warm_up: int = Field(100, ge=1, description="Steps in which it is reached.")
    averaging: float = Field(
        0.999, ge=0, lt=1, description="Decay of the average of the weights, which is what is kept."
    )
    excerpt_seconds: int = Field(8, ge=1, description="Length of the excerpts validated with.")
    precision: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        "auto", description="Of the convolutions; auto is mixed on a GPU and float32 elsewhere."
    )
    device: str = Field("auto", description="A torch device; auto is cuda where there is one.")
    seed: int = Field(0, ge=0, description="All chance comes from it.")
    start: WaveUNetWeights | None = Field(
        None,
        description="Weights to begin with: a checkpoint of such a network, or merbench for the "
        "one that comes with it, which is of the variant spectral.",
    )
    resume: bool = Field(False, description="Go on where training in the same folder stopped.")
    remix: float = Field(0.6, ge=0, le=1, description="Share of excerpts mixed across tracks.")
    pitch: float = Field(2.0, ge=0, le=12, description="Semitones by which music is shifted.")
    mp3: float = Field(
        0.0,
        ge=0,
        le=1,
        description="Share of excerpts whose mixture is coded as MP3 and decoded before the "
        "network hears it; its targets stay as they are.",
    )
    tests: dict[str, Path] = Field(
        default_factory=dict,
        description="Folders of music that the finished network is scored on, for its card; each "
        "by what the card calls it.",
    )
    test_seconds: int = Field(30, ge=1, description="Length of the excerpts tested with.")
    licence: str = Field(
        "not stated: it follows from the licences of the music trained on",
        description="Terms of the checkpoint, for its card.",
    )
    remarks: str = Field("", description="What else its card should say.")


def read_options(options: Mapping[str, Any]) -> Options:
    """Return the options of these names and values, or raise `MerbenchError`."""
    try:
        return Options.model_validate(dict(options))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise MerbenchError(
            f"the training option {where} cannot be used: {first['msg']}; options are "
            f"{', '.join(Options.model_fields)}"
        ) from error
