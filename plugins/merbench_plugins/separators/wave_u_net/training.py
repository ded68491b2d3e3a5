"""Training a Wave-U-Net on multitracks, rendered MIDI and music that a teacher labelled."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from copy import deepcopy
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, Literal

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from torch import Tensor

from merbench import threads
from merbench.components import CANONICAL_STEMS, Separator
from merbench.errors import MerbenchError
from merbench_plugins.separators.wave_u_net.configuration import (
    Configuration,
    OriginalConfiguration,
)
from merbench_plugins.separators.wave_u_net.excerpts import (
    Augmentations,
    Batch,
    Excerpts,
    Validation,
)
from merbench_plugins.separators.wave_u_net.export import (
    annotate,
    export,
    load,
    summary_of,
    write_music,
)
from merbench_plugins.separators.wave_u_net.multitracks import (
    Part,
    Preparation,
    Prepared,
    Progress,
    find_tracks,
    prepare,
)
from merbench_plugins.separators.wave_u_net.original import LEAK, OriginalWaveUNet
from merbench_plugins.separators.wave_u_net.song import SongNetwork

__all__ = ["Options", "Trainer", "si_sdr", "train"]

STATE = "state.pt"

_SQUARED_FLOOR = 1e-4
_GREATEST_GRADIENT = 1.0
_LAST_SHARE = 0.01
_FIRST_OUTPUT = 0.01
_REPORT_SECONDS = 10.0
_SILENT_POWER = 1e-9
_DTYPES = {"float16": torch.float16, "bfloat16": torch.bfloat16, "float32": torch.float32}


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
    soundfonts: tuple[Path, ...] = Field(
        (), description="Soundfonts to render MIDI with, each file once with each."
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
        "longer, so that less is spent on context when the network is used.",
    )
    batch: int = Field(8, ge=1, description="Excerpts a step.")
    learning_rate: float = Field(1e-3, gt=0, description="Greatest step size of Adam.")
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
    resume: bool = Field(False, description="Go on where training in the same folder stopped.")
    remix: float = Field(0.6, ge=0, le=1, description="Share of excerpts mixed across tracks.")
    pitch: float = Field(2.0, ge=0, le=12, description="Semitones by which music is shifted.")
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


def train(
    configuration: Configuration,
    data: Sequence[Path],
    out: Path,
    options: Mapping[str, Any],
    progress: Progress,
) -> None:
    """Train a network and write its weights, configuration and card.

    Parameters
    ----------
    configuration
        The network's, of the original Wave-U-Net, for bass, drums, other and vocals.
    data
        Folders of music, as `multitracks.find_tracks` takes them.
    out
        Folder to write to: `model.safetensors`, `config.json`, `card.json` and `README.md`, anew
        after every validation with a better score; `state.pt`, to resume from.
    options
        As in `Options`.
    progress
        Called with what is being done and the share that is done, on [0, 1].

    Raises
    ------
    MerbenchError
        The network, an option or the data cannot be used, or there is something in `out` already
        that is not to be resumed.
    """
    chosen = _options(options)
    if not isinstance(configuration, OriginalConfiguration) or (
        configuration.sources != CANONICAL_STEMS
    ):
        raise MerbenchError(
            "only the original Wave-U-Net for bass, drums, other and vocals (variant m6) can be "
            "trained; choose it with --set variant=m6"
        )
    if (out / STATE).exists() and not chosen.resume:
        raise MerbenchError(
            f"{out} holds a training already; go on with it by --resume, or choose another folder"
        )
    how = Preparation(
        configuration.sample_rate,
        chosen.teacher,
        chosen.teacher_stems,
        chosen.soundfonts,
        chosen.midi_seconds,
    )
    kept = chosen.prepared or out / "prepared"
    found = [t for i, root in enumerate(data) for t in find_tracks(root, i)]
    aside = [t for i, root in enumerate(chosen.validation) for t in find_tracks(root, i)]
    tracks = prepare(found, how, kept, progress)
    if aside:
        held_out = prepare(aside, how, kept, progress)
    else:
        tracks, held_out = hold_out(tracks, chosen.validation_share, chosen.seed)
    Trainer(configuration, tracks, held_out, out, chosen).run(progress)
    write_music(out, tracks, configuration.sample_rate)
    tests = {
        title: prepare(find_tracks(root), how, kept, progress)
        for title, root in chosen.tests.items()
    }
    # Said anew, since a resumption may state what was not known when the weights were written.
    scores = _test(out, tests, chosen.test_seconds, progress)
    annotate(out, {"licence": chosen.licence, "remarks": chosen.remarks, "tests": scores})


def _test(
    out: Path, tests: Mapping[str, Sequence[Prepared]], seconds: int, progress: Progress
) -> dict[str, dict[str, dict[str, float]]]:
    """Score the network that was kept on music it has not seen."""
    network = load(out)
    rate = network.network.config.sample_rate
    scores: dict[str, dict[str, dict[str, float]]] = {}
    for title, tracks in tests.items():
        progress(f"testing: {title}", len(scores) / len(tests))
        scores[title] = validate(network, Validation.excerpts(tracks, seconds, rate))
    return scores


def hold_out(
    tracks: Sequence[Prepared], share: float, seed: int
) -> tuple[list[Prepared], list[Prepared]]:
    """Set a share of the groups aside, drawn from the seed."""
    groups = sorted({track.group for track in tracks})
    if len(groups) < 2:
        raise MerbenchError(
            "all music is of one group (track, artist or folder), so that none can be held out for "
            "validation; give more, or name a folder with --validation"
        )
    count = min(len(groups) - 1, max(1, round(share * len(groups))))
    drawn = set(np.random.default_rng(seed).permutation(groups)[:count].tolist())
    kept = [track for track in tracks if track.group not in drawn]
    return kept, [track for track in tracks if track.group in drawn]


class Trainer:
    """One training of one network, which may go on over several processes.

    Parameters
    ----------
    configuration
        The network's.
    tracks, held_out
        Prepared music to train on and to validate with.
    out
        Folder to write to.
    options
        How to train.
    """

    def __init__(
        self,
        configuration: OriginalConfiguration,
        tracks: Sequence[Prepared],
        held_out: Sequence[Prepared],
        out: Path,
        options: Options,
    ) -> None:
        self.configuration = configuration
        self.options = options
        self.out = out
        self.device = _device(options.device)
        self.music = {"training": summary_of(tracks), "validation": summary_of(held_out)}
        rate = configuration.sample_rate
        how = Augmentations(remix=options.remix, pitch=options.pitch)
        self.frames = _resized(configuration, options.frames).frames
        self.excerpts = Excerpts(tracks, self.frames, rate, how)
        self.validation = Validation.excerpts(held_out, options.excerpt_seconds, rate)
        self.rng = np.random.default_rng(options.seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(options.seed)
            self.network = OriginalWaveUNet(configuration, clip=False).to(self.device)
            _initialise(self.network)
        self.average = deepcopy(self.network).requires_grad_(False)
        self.optimiser = torch.optim.Adam(self.network.parameters(), lr=options.learning_rate)
        self.dtype = _dtype(options.precision, self.device)
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=self.dtype == torch.float16)
        self.step = 0
        self.seconds = 0.0
        self.best = -math.inf
        self.worse = 0
        self.history: list[dict[str, Any]] = []
        if options.resume and (out / STATE).exists():
            self._restore()

    @property
    def done(self) -> float:
        """Share of the training that is done, on [0, 1]."""
        options = self.options
        share = max(self.seconds / (60 * options.minutes), self.step / options.steps)
        return 1.0 if self.worse >= options.patience else min(1.0, share)

    def run(self, progress: Progress) -> None:
        """Train until time, steps or patience are over; save, validate and export on the way."""
        threads_before = torch.get_num_threads()
        torch.set_num_threads(threads.available())
        self.out.mkdir(parents=True, exist_ok=True)
        clock = time.monotonic
        validated = saved = spoken = last = clock()
        losses: list[float] = []
        cost = 0.0
        try:
            while self.done < 1.0:
                losses.append(self._learn(self.excerpts.draw(self.options.batch, self.rng)))
                now = clock()
                self.seconds += now - last
                last = now
                due = max(60 * self.options.validate_every, 10 * cost)
                if self.done >= 1.0 or now - validated >= due:
                    self._validate(float(np.mean(losses)))
                    validated, losses = clock(), []
                    cost = validated - now
                    progress(self._line(), self.done)
                # Asked anew: patience may have come to its end.
                if self.done >= 1.0 or now - saved >= 60 * self.options.save_every:
                    self._save()
                    saved = clock()
                if losses and now - spoken >= _REPORT_SECONDS:
                    progress(f"step {self.step}, loss {np.mean(losses[-50:]):.3f}", self.done)
                    spoken = now
        finally:
            torch.set_num_threads(threads_before)

    def _learn(self, batch: Batch) -> float:
        """Take one step and return its loss."""
        self.step += 1
        for group in self.optimiser.param_groups:
            group["lr"] = self._rate()
        mix, targets, members = (torch.from_numpy(array).to(self.device) for array in batch)
        self.network.train()
        with self._mixed_precision():
            estimates = self.network(mix)
        loss = _loss(estimates.float(), mix, targets, members)
        self.optimiser.zero_grad()
        self.scaler.scale(loss).backward()
        self.scaler.unscale_(self.optimiser)
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), _GREATEST_GRADIENT)
        self.scaler.step(self.optimiser)
        self.scaler.update()
        # At first the average must not hold on to where chance began.
        decay = min(self.options.averaging, self.step / (self.step + 10))
        with torch.no_grad():
            for kept, new in zip(self.average.parameters(), self.network.parameters(), strict=True):
                kept.lerp_(new, 1 - decay)
        return float(loss.detach())

    def _rate(self) -> float:
        """Learning rate: up to its greatest in the first steps, then down on half a cosine."""
        falling = _LAST_SHARE + (1 - _LAST_SHARE) * (1 + math.cos(math.pi * self.done)) / 2
        return self.options.learning_rate * min(1.0, self.step / self.options.warm_up) * falling

    def _mixed_precision(self) -> AbstractContextManager[Any]:
        mixed = self.dtype != torch.float32
        return torch.autocast(self.device.type, self.dtype if mixed else None, enabled=mixed)

    def _validate(self, loss: float) -> None:
        """Score the averaged weights; export them where they are the best so far."""
        scores = validate(SongNetwork(self.average.eval()), self.validation)
        means = [s["si_sdr"] - s["si_sdr_mixture"] for name, s in scores.items() if "+" not in name]
        score = float(np.mean(means)) if means else -math.inf
        better = score > self.best or not self.history
        self.worse = 0 if better else self.worse + 1
        self.history.append(
            {
                "step": self.step,
                "minutes": round(self.seconds / 60, 2),
                "learning_rate": self._rate(),
                "loss": loss,
                "score": score,
                "stems": scores,
            }
        )
        if better:
            self.best = score
            export(self.average, self.out, self._card())

    def _card(self) -> dict[str, Any]:
        options = self.options
        yielded = self.frames.output / self.configuration.sample_rate
        teacher = options.teacher
        return {
            "configuration": self.configuration.model_dump(),
            "licence": options.licence,
            "music": self.music,
            "teacher": teacher.identity() if teacher else None,
            "teacher_stems": list(options.teacher_stems) if teacher else None,
            "training": {
                "steps": self.step,
                "minutes": round(self.seconds / 60, 1),
                "hours_of_excerpts": round(self.step * options.batch * yielded / 3600, 2),
                "device": self.device.type,
                "precision": str(self.dtype).removeprefix("torch."),
                **options.model_dump(
                    include={
                        "batch",
                        "learning_rate",
                        "warm_up",
                        "averaging",
                        "seed",
                        "remix",
                        "pitch",
                    }
                ),
            },
            "validation": self.history[-1]["stems"],
        }

    def _line(self) -> str:
        last = self.history[-1]
        gains = [
            f"{name} {s['si_sdr'] - s['si_sdr_mixture']:+.2f}" for name, s in last["stems"].items()
        ]
        return (
            f"step {last['step']}, {last['minutes']:.1f} min, loss {last['loss']:.3f}, "
            f"SI-SDR over the mixture's in dB: {', '.join(gains)}"
        )

    def _save(self) -> None:
        state = {
            "configuration": self.configuration.model_dump_json(),
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "scaler": self.scaler.state_dict(),
            "rng": json.dumps(self.rng.bit_generator.state),
            "progress": json.dumps(
                {
                    "step": self.step,
                    "seconds": self.seconds,
                    "best": self.best,
                    "worse": self.worse,
                    "history": self.history,
                }
            ),
        }
        temporary = self.out / f"{STATE}.{os.getpid()}"
        torch.save(state, temporary)
        temporary.replace(self.out / STATE)

    def _restore(self) -> None:
        path = self.out / STATE
        try:
            state = torch.load(path, map_location=self.device, weights_only=True)
            progress = json.loads(state["progress"])
        except (OSError, RuntimeError, KeyError, ValueError, EOFError, UnpicklingError) as error:
            raise MerbenchError(f"{path} cannot be resumed from ({error}); begin anew") from error
        begun = OriginalConfiguration.model_validate_json(state["configuration"])
        if _resized(begun, self.configuration.num_frames) != self.configuration:
            raise MerbenchError(
                f"{path} is of another network; resume with the configuration it was begun with"
            )
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.scaler.load_state_dict(state["scaler"])
        self.rng.bit_generator.state = json.loads(state["rng"])
        self.step, self.seconds = progress["step"], progress["seconds"]
        self.best, self.worse = progress["best"], progress["worse"]
        self.history = progress["history"]


def _initialise(network: OriginalWaveUNet) -> None:
    """Draw weights with which signals keep their strength from layer to layer (He et al. 2015).

    The outputs begin near silence, so that everything is in the difference.
    """
    for layer in [*network.down, network.bottleneck, *network.up]:
        torch.nn.init.kaiming_normal_(layer.weight, a=LEAK)
        torch.nn.init.zeros_(layer.bias)
    torch.nn.init.normal_(network.output.weight, std=_FIRST_OUTPUT)
    assert network.output.bias is not None
    torch.nn.init.zeros_(network.output.bias)


def _resized(configuration: OriginalConfiguration, frames: int | None) -> OriginalConfiguration:
    """Return a configuration with another length of its chunks."""
    values = configuration.model_dump()
    try:
        return OriginalConfiguration.model_validate(
            values | {"num_frames": frames or configuration.num_frames}
        )
    except ValidationError as error:
        message = error.errors()[0]["msg"]
        raise MerbenchError(f"the training option frames cannot be used: {message}") from error


def _loss(estimates: Tensor, mix: Tensor, targets: Tensor, members: Tensor) -> Tensor:
    """Mean over parts of the error's root mean square, relative to the mixture's.

    Between the squared error, where loud excerpts count alone, and its logarithm, where silent
    parts would.
    """
    parts = (members @ estimates.flatten(2)).view_as(targets)
    power = mix.square().mean(dim=(1, 2))[:, None]
    errors = (parts - targets).square().mean(dim=(2, 3)) / power
    real = members.any(dim=2)
    return torch.sqrt(errors + _SQUARED_FLOOR)[real].mean()


def validate(network: SongNetwork, excerpts: Iterable[Validation]) -> dict[str, dict[str, float]]:
    """Return mean SI-SDR in dB of estimates and of mixtures, by part, and how many they are of.

    A part of several sources is the sum of the estimates, and named with a plus sign between them.
    """
    device = next(network.parameters()).device
    found: dict[str, list[tuple[float, float]]] = {}
    for excerpt in excerpts:
        mix = torch.from_numpy(np.ascontiguousarray(excerpt.mix))
        estimates = network(mix[None].to(device))[0].cpu().numpy()
        for part, target in zip(excerpt.parts, excerpt.targets, strict=True):
            if _is_heard(target, excerpt.mix):
                pair = si_sdr(_sum(estimates, part), target), si_sdr(excerpt.mix, target)
                found.setdefault("+".join(part), []).append(pair)
    scores = {}
    for name, pairs in sorted(found.items()):
        ours, mixture = np.mean(pairs, axis=0)
        scores[name] = {
            "excerpts": len(pairs),
            "si_sdr": float(ours),
            "si_sdr_mixture": float(mixture),
        }
    return scores


def si_sdr(estimate: np.ndarray, target: np.ndarray) -> float:
    """Scale-invariant signal-to-distortion ratio in dB (Le Roux et al. 2019, equation 3)."""
    estimate, target = estimate.astype(np.float64).ravel(), target.astype(np.float64).ravel()
    wanted = (estimate @ target) / (target @ target) * target
    error = estimate - wanted
    return float(10 * np.log10((wanted @ wanted + 1e-20) / (error @ error + 1e-20)))


def _is_heard(target: np.ndarray, mix: np.ndarray) -> bool:
    """Tell whether a part can be scored: neither it nor all the rest is 25 dB below the mixture."""
    least = max(_SILENT_POWER, float(np.mean(mix**2)) * 10**-2.5)
    return min(float(np.mean(target**2)), float(np.mean((mix - target) ** 2))) > least


def _sum(estimates: np.ndarray, part: Part) -> np.ndarray:
    summed: np.ndarray = np.sum([estimates[CANONICAL_STEMS.index(s)] for s in part], axis=0)
    return summed


def _options(options: Mapping[str, Any]) -> Options:
    try:
        return Options.model_validate(dict(options))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise MerbenchError(
            f"the training option {where} cannot be used: {first['msg']}; options are "
            f"{', '.join(Options.model_fields)}"
        ) from error


def _device(name: str) -> torch.device:
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise MerbenchError(f"there is no device {name} here ({error}); try cpu") from error
    return device


def _dtype(precision: str, device: torch.device) -> torch.dtype:
    if precision != "auto":
        return _DTYPES[precision]
    if device.type != "cuda":
        return torch.float32
    return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
