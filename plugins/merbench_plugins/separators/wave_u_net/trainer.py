"""One training: its steps, what is validated and saved on the way, and how it is resumed."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from copy import deepcopy
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch
from torch import Tensor

from merbench import threads
from merbench.errors import MerbenchError
from merbench_plugins.separators.wave_u_net.configuration import (
    OriginalConfiguration,
    from_mapping,
)
from merbench_plugins.separators.wave_u_net.excerpts import (
    Augmentations,
    Batch,
    Batches,
    Excerpts,
    Validation,
)
from merbench_plugins.separators.wave_u_net.export import export, summary_of
from merbench_plugins.separators.wave_u_net.multitracks import Prepared, Progress
from merbench_plugins.separators.wave_u_net.options import Options
from merbench_plugins.separators.wave_u_net.scoring import validate
from merbench_plugins.separators.wave_u_net.song import SongNetwork
from merbench_plugins.separators.wave_u_net.trainable import (
    Trainable,
    excerpt_frames,
    loss,
    new_network,
    read_weights,
    resized,
)

__all__ = ["STATE", "Trainer", "device_named"]

STATE = "state.pt"
"""Name of the file that a training is resumed from."""

_GREATEST_GRADIENT = 1.0
_LAST_SHARE = 0.01
_REPORT_SECONDS = 10.0
_DTYPES = {"float16": torch.float16, "bfloat16": torch.bfloat16, "float32": torch.float32}


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
        configuration: Trainable,
        tracks: Sequence[Prepared],
        held_out: Sequence[Prepared],
        out: Path,
        options: Options,
    ) -> None:
        self.configuration = configuration
        self.options = options
        self.out = out
        self.device = device_named(options.device)
        self.music = {"training": summary_of(tracks), "validation": summary_of(held_out)}
        rate = configuration.sample_rate
        how = Augmentations(remix=options.remix, pitch=options.pitch, mp3=options.mp3)
        self.frames = excerpt_frames(configuration, options.frames)
        leads: dict[str, float] = dict(options.leads.items())
        excerpts = Excerpts(tracks, self.frames, rate, how, leads)
        self.validation = Validation.excerpts(held_out, options.excerpt_seconds, rate)
        self.batches = Batches(excerpts, options.batch, np.random.default_rng(options.seed))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(options.seed)
            self.network = new_network(configuration).to(self.device)
        if options.start is not None:
            self.network.load_variables(read_weights(options.start.path(), configuration))
        self.average = deepcopy(self.network).requires_grad_(False)
        self.parameters = tuple(self.network.parameters())
        self.optimiser = torch.optim.Adam(self.parameters, lr=options.learning_rate)
        # On a processor every thread has a share of the batch, so that they wait for each other
        # once a step, and not in every operation.
        # Normalisation over a batch needs it whole.
        shared = self.device.type == "cpu" and isinstance(configuration, OriginalConfiguration)
        workers = threads.available() if shared else 1
        self._shares = min(workers, options.batch)
        self._pool = ThreadPoolExecutor(self._shares)
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
        torch.set_num_threads(1 if self._shares > 1 else threads.available())
        self.out.mkdir(parents=True, exist_ok=True)
        clock = time.monotonic
        validated = saved = spoken = last = clock()
        losses: list[float] = []
        cost = 0.0
        try:
            while self.done < 1.0:
                losses.append(self._learn(self.batches.take()))
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
            self.batches.close()
            torch.set_num_threads(threads_before)

    def _learn(self, batch: Batch) -> float:
        """Take one step and return its loss."""
        self.step += 1
        for group in self.optimiser.param_groups:
            group["lr"] = self._rate()
        self.network.train()
        shares = [
            Batch(*(array[i :: self._shares] for array in batch)) for i in range(self._shares)
        ]
        losses, gradients = zip(*self._pool.map(self._gradients, shares), strict=True)
        for parameter, *shared in zip(self.parameters, *gradients, strict=True):
            parameter.grad = torch.stack(shared).mean(dim=0)
        self.scaler.unscale_(self.optimiser)
        strength = torch.nn.utils.clip_grad_norm_(self.parameters, _GREATEST_GRADIENT)
        # One gradient that is not finite would spoil all weights for good.
        if self.scaler.is_enabled() or torch.isfinite(strength):
            self.scaler.step(self.optimiser)
        self.scaler.update()
        # At first the average must not hold on to where chance began.
        decay = min(self.options.averaging, self.step / (self.step + 10))
        with torch.no_grad():
            state = self.network.state_dict()
            for name, kept in self.average.state_dict().items():
                if kept.is_floating_point():
                    kept.lerp_(state[name], 1 - decay)
        return float(np.mean(losses))

    def _gradients(self, batch: Batch) -> tuple[float, tuple[Tensor, ...]]:
        """Return the loss of a share of a batch and its gradients."""
        mix, targets, members = (torch.from_numpy(array).to(self.device) for array in batch)
        cost = loss(
            self.network,
            mix,
            targets,
            members,
            precision=self._mixed_precision(),
            error_weight=self.options.error_weight,
        )
        gradients = torch.autograd.grad(self.scaler.scale(cost), self.parameters)
        return float(cost.detach()), gradients

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
        means = [
            s["si_sdr"] - s["si_sdr_mixture"]
            for name, s in scores.items()
            if "si_sdr" in s and "+" not in name
        ]
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
            "sift": options.sift if teacher else None,
            "training": {
                "steps": self.step,
                "minutes": round(self.seconds / 60, 1),
                "hours_of_excerpts": round(self.step * options.batch * yielded / 3600, 2),
                "device": self.device.type,
                "precision": str(self.dtype).removeprefix("torch."),
                "start": options.start.digest() if options.start is not None else None,
                **options.model_dump(
                    include={
                        "batch",
                        "learning_rate",
                        "warm_up",
                        "averaging",
                        "seed",
                        "remix",
                        "pitch",
                        "mp3",
                        "leads",
                        "error_weight",
                    }
                ),
            },
            "validation": self.history[-1]["stems"],
        }

    def _line(self) -> str:
        last = self.history[-1]
        gains = [
            f"{name} {s['si_sdr'] - s['si_sdr_mixture']:+.2f}"
            for name, s in last["stems"].items()
            if "si_sdr" in s
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
            "rng": json.dumps(self.batches.state),
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
        begun = from_mapping(json.loads(state["configuration"]))
        if not isinstance(begun, Trainable) or (
            resized(begun, self.configuration.num_frames) != self.configuration
        ):
            raise MerbenchError(
                f"{path} is of another network; resume with the configuration it was begun with"
            )
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.scaler.load_state_dict(state["scaler"])
        self.batches.state = json.loads(state["rng"])
        self.step, self.seconds = progress["step"], progress["seconds"]
        self.best, self.worse = progress["best"], progress["worse"]
        self.history = progress["history"]


def device_named(name: str) -> torch.device:
    """Return the device of a name, `auto` being a GPU where there is one, else the processor."""
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
