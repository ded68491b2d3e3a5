"""What a failed check teaches: where in the author's file, why it matters, the line to write.

What a check found (`detail`) is told from what is to be learnt of it: the same fault, such as a
waveform that was changed, is found by several checks.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

from merbench.components import Component
from merbench.plugins.registry import KINDS, WORK
from merbench.testing.contract import Result


class Lesson(NamedTuple):
    """What is to be learnt of a fault."""

    why: str
    write: str
    method: str = ""
    """The method whose line is shown; by default the one that does the kind's work."""


_WORK = {KINDS[kind]: method for kind, method in WORK.items()}

_OF_ESTIMATORS = ("__init__", "fit", "predict")
"""Methods of a model's estimator: where its class has none of its own, the class is shown."""

_STATE = "What draws from a global generator differs with whatever ran before it in the process."
_SHAPE = "One table is made of all clips, so that each must fill the same columns."
_GIVEN = "What it is given is shared with other systems, which would then see the changed numbers."
_ROWS = "Every test clip has one row, with a column for each number of its label."
_PREDICTED = "return predicted   # (clips, columns of Y), no NaN"
_DECODED = "Separators and extractors are given what decode() returns, and hear nothing else."
_DECODES = "return waveform, sample_rate   # float32 of shape (channels, samples), and Hz"
_NO_NAN = "return numpy.nan_to_num(result)   # or avoid dividing by 0"
_FINITE = "One number that is not finite spoils every score that it enters."

BY_FAULT: tuple[tuple[str, Lesson], ...] = (
    ("global random state", Lesson(
        _STATE, "rng = numpy.random.default_rng(seed)   # or random_state=seed, a torch.Generator",
    )),
    ("changed the waveform", Lesson(_GIVEN, "waveform = waveform.copy()")),
    ("changed a waveform", Lesson(_GIVEN, "waveforms = [w.copy() for w in waveforms]")),
    ("changed the vector", Lesson(_GIVEN, "waveform = waveform.copy()")),
    ("changed the labels", Lesson(_GIVEN, "Y = Y.copy()", "fit")),
    ("changed the features it was given in `predict`", Lesson(
        _GIVEN, "X = X.copy()", "predict",
    )),
    ("changed the features", Lesson(_GIVEN, "X = X.copy()", "fit")),
    ("changed the groups", Lesson(_GIVEN, "groups = groups.copy()", "fit")),
    ("changed the list of clips", Lesson(_GIVEN, "clips = list(clips)")),
    ("its predictions are not finite", Lesson(_FINITE, _NO_NAN, "predict")),
    ("it predicted the shape", Lesson(_ROWS, _PREDICTED, "predict")),
    ("its predictions are", Lesson(_ROWS, _PREDICTED, "predict")),
    ("are not finite", Lesson(_FINITE, _NO_NAN)),
    ("is not finite", Lesson(_FINITE, _NO_NAN)),
    ("NaN or infinite", Lesson(_FINITE, _NO_NAN)),
    ("its rows are no probabilities", Lesson(
        "Of classes, KL is the divergence of two distributions: rows that sum to 1.",
        "return scores / scores.sum(axis=1, keepdims=True)", "predict",
    )),
    ("decode() of", Lesson(_DECODED, _DECODES, "decode")),
    ("its sample rate is", Lesson(_DECODED, _DECODES, "decode")),
    ("audio must have shape", Lesson(_DECODED, _DECODES, "decode")),
    ("a global", Lesson(_STATE, "rng = numpy.random.default_rng(seed)")),
)  # fmt: skip
"""Lessons by what is said of a fault, whichever check finds it."""

_TWICE = "A result that cannot be had again cannot be verified, and a cached one may be another's."
_SILENT = "Real music begins, ends and pauses in silence, and collections have silent files."
_SHORT = "Collections have clips of a second and of odd lengths; one that fails is a failed row."

BY_CHECK: dict[str, Lesson] = {
    "has a summary": Lesson(
        "The first line of the docstring is what lists and leaderboards call the plugin.",
        '"""What it is, in one line."""', "class",
    ),
    "documents its parameters": Lesson(
        "Users meet a parameter in `merbench plugins show`, and nowhere else.",
        'k: int = Field(5, ge=1, description="Number of neighbours.")', "class",
    ),
    "is told its device": Lesson(
        "Who does not take the device that it is told cannot be kept off another's GPU.",
        "def {method}(self, …, *, device):",
    ),
    "can be built": Lesson(
        "A benchmark that names the plugin without parameters builds it with the defaults.",
        "check_parameters = {…}   # or a default for each field", "class",
    ),
    "refuses unknown parameters": Lesson(
        "A misspelt parameter that is taken and ignored gives a result that is not what it says.",
        'model_config = ConfigDict(extra="forbid")', "class",
    ),
    "has a stable identity": Lesson(
        "Identity is part of every key in the store: what changes it computes everything anew.",
        "values: tuple[str, ...] = ()   # no sets of objects, no times, no chance", "class",
    ),
    "pickles": Lesson(
        "Work is done in other processes, to which the plugin travels as a pickle.",
        "# define the class at the top level of its module", "class",
    ),
    "does its work": Lesson(
        "A run asks `ready()` before any work, and leaves out what does not answer.",
        'raise MerbenchError("what is missing, and what gets it")', "ready",
    ),
    "yields its stems, in shape and finite": Lesson(
        "Stems are stacked, joined and compared with the clip: each must be as long as it.",
        "return dict(zip(self.stems, arrays[..., : waveform.shape[1]]))",
    ),
    "separates mono": Lesson(
        "Many collections are mono: (1, samples).",
        "stereo = numpy.repeat(waveform, 2, axis=0) if len(waveform) == 1 else waveform",
    ),
    "separates silence": Lesson(
        _SILENT, "scale = max(float(numpy.abs(waveform).max()), 1e-8)   # before dividing by it",
    ),
    "separates short clips and odd lengths": Lesson(
        _SHORT, "padded = numpy.pad(waveform, ((0, 0), (0, missing)))   # and cut afterwards",
    ),
    "is deterministic": Lesson(_TWICE, "torch.Generator().manual_seed(0)   # or no chance at all"),
    "gives finite arrays of its kind's shape": Lesson(
        _SHAPE, "return array.astype(numpy.float32)   # as `kind` says: (d,), (bins, frames), …",
    ),
    "extracts from silence": Lesson(_SILENT, "numpy.log(power + 1e-10)"),
    "meets a clip too short with a feature or a clear error": Lesson(
        _SHORT, 'raise MerbenchError("the clip is too short; it needs 0.1 s")',
    ),
    "hears a difference": Lesson(
        "A feature that is the same for all music can tell nothing apart.",
        "return features_of(waveform)   # and not of a constant",
    ),
    "extracts from several clips at once as from each alone": Lesson(
        "Which clips come together is chance; results must not depend on it.",
        "network.eval()   # no statistics over the batch; pad, and mask what was padded",
        "extract_many",
    ),
    "keeps to the frame rate that it states": Lesson(
        "Models cut seconds by it.", "return sample_rate / self.hop_length", "frame_rate",
    ),
    "tells clips apart": Lesson(
        "A feature that is the same for all clips can tell nothing apart.", "return waveform[0]",
    ),
    "keeps channels and stays finite": Lesson(
        "A copy goes the way of its clip, through the same separator and features.",
        "return changed.reshape(len(waveform), -1)",
    ),
    "augments mono": Lesson("Many collections are mono: (1, samples).", "for channel in waveform:"),
    "augments silence": Lesson(
        _SILENT, "level = max(float(numpy.abs(waveform).max()), 1e-8)   # before dividing by it",
    ),
    "augments short clips and odd lengths": Lesson(_SHORT, "n = min(n, waveform.shape[1])"),
    "changes the clip": Lesson(
        "Copies that equal their clips cost time and teach a model nothing.",
        "amount = rng.uniform(low, high)   # used below",
    ),
    "does not clip": Lesson(
        "Decoded audio goes above 1.0, and cutting it there is a distortion of its own.",
        "# no numpy.clip, no conversion to 16 bits",
    ),
    "is deterministic under a seed": Lesson(
        _TWICE, "…(random_state=seed)   # hand it on to whatever draws",
    ),
    "leaves an input to augmented copies": Lesson(
        "Where no input hears the copies, they are the clips again.",
        "originals_only = (False, True)   # one entry an input", "class",
    ),
    "predicts finite rows": Lesson(
        _ROWS, _PREDICTED, "predict",
    ),
    "meets clips of a single group with predictions or a clear error": Lesson(
        "A dataset may have one artist alone in training, and an inner split then has nothing to "
        "split by.",
        "if len(numpy.unique(groups)) < 2: …   # train without an inner split", "fit",
    ),
    "is no worse than a constant on easy data": Lesson(
        "What loses to a constant on easy data has a mistake, most often of scale, columns or "
        "too short a training.",
        "check_parameters = {'epochs': 50}   # or predict on [0, 1], in the order of Y's columns",
        "fit",
    ),
    "predicts deviations above 0": Lesson(
        "A standard deviation of 0 or below has no distribution, and KL is infinite.",
        "predicted[:, 2:] = numpy.maximum(predicted[:, 2:], 1e-3)", "predict",
    ),
    "takes shares of votes": Lesson(
        "Labels of classes are shares of raters' votes, not always one class.",
        "sample_weight=…, y=Y.argmax(axis=1)   # or a loss that takes probabilities", "fit",
    ),
    "knows that a class is absent": Lesson(
        "A fold may lack a class; the columns must still be those of the label.",
        "full = numpy.zeros((len(X), Y.shape[1])); full[:, self.classes_] = probabilities",
        "predict",
    ),
    "meets a single class with it or a clear error": Lesson(
        "A small fold may have one class alone.",
        "if len(numpy.unique(Y.argmax(axis=1))) == 1: …   # predict it", "fit",
    ),
    "predicts each clip by itself": Lesson(
        "Test clips are unknown to one another: what is learnt of them together leaks.",
        "network.eval()   # and no scaling by the clips that are predicted", "predict",
    ),
    "clones": Lesson(
        "Searches and wrappers clone an estimator: scikit-learn builds it anew from parameters.",
        "class Mine(sklearn.base.BaseEstimator):   # whose __init__ keeps each parameter as given",
        "__init__",
    ),
    "refuses bad labels": Lesson(
        "What fits labels that belong to other clips gives numbers that mean nothing.",
        "X, Y = sklearn.utils.check_X_y(X, Y, multi_output=True)", "fit",
    ),
    "refuses NaN features": Lesson(
        "A NaN that is taken in silence is a clip that was never heard.",
        "X = sklearn.utils.check_array(X)", "fit",
    ),
    "says what is missing from an empty folder": Lesson(
        "A wrong `root` is the commonest mistake of all.",
        'raise MerbenchError(f"{path} is missing; set the root to the folder that has it")',
    ),
    "checks an empty folder": Lesson(
        "`merbench data check` must not call a folder sound that holds nothing.",
        'return [Finding("error", str(root), "labels.csv is missing")]', "check",
    ),
    "yields sound clips": Lesson(
        "Labels on [0, 1], ids that differ and groups decide what every split and score means.",
        "Clip(id, group, label, audio)   # label: one number a column of the task",
    ),
    "splits clips into sound folds": Lesson(
        "A clip, or an artist, on both sides is recognised, and the score is too good.",
        "Split(fold, train, test)   # positions; no clip and no group on both sides",
    ),
    "meets clips of one group with folds or a clear error": Lesson(
        "Some datasets name no groups, or one.",
        'raise MerbenchError("clips of one group cannot be split")',
    ),
    "does steps, and says how each ended": Lesson(
        "A step that fails is a row with its reason, and the run goes on.",
        "return pool.submit(worker.run, worker.sent(step), Store(self.folder))",
    ),
}  # fmt: skip
"""Lessons by the name of the check, without the task in brackets."""


RAISED = Lesson(
    "What a plugin raises in a run is a failed row, whose numbers are missing from every table.",
    "# correct that line; where the clip or the data are at fault: raise MerbenchError(…)",
)
"""Of an error that the check did not ask about."""

ASKS_ABOUT_ERRORS = (
    "can be built", "does its work", "empty folder", "error", "mono", "pickles", "refuses",
    "short", "silence", "single", "unknown",
)  # fmt: skip
"""Words of checks that ask what a plugin makes of input that it may raise at."""


def taught(result: Result, cls: type[Component], estimators: Sequence[type[Any]] = ()) -> Result:
    """Return a failed check with where in the author's file, why it matters, and what to write.

    Parameters
    ----------
    result
        Of a check.
    cls
        The plugin.
    estimators
        Of a model: the author's own classes that its estimators are made of.
    """
    if result.status != "failed":
        return result
    lesson = next((lesson for text, lesson in BY_FAULT if text in result.detail), None)
    raised = re.match(r"\w+(Error|Exception|Exit|Interrupt)\b", result.detail)
    if raised and not any(word in result.check for word in ASKS_ABOUT_ERRORS):
        lesson = lesson or RAISED
    lesson = lesson or BY_CHECK.get(re.sub(r" \([^)]*\)$", "", result.check))
    if lesson is None:
        return result
    work = next((method for base, method in _WORK.items() if issubclass(cls, base)), "")
    named = re.search(r" at (\S+\.py:\d+)", result.detail)
    place = result.place or (named[1] if named else _place(cls, lesson.method or work, estimators))
    return result._replace(
        place=place, why=lesson.why, write=lesson.write.replace("{method}", work)
    )


def _place(cls: type[Component], method: str, estimators: Sequence[type[Any]]) -> str:
    """Return where the author's own method begins, or the class: file:line."""
    work = next((name for base, name in _WORK.items() if issubclass(cls, base)), "")
    candidates: list[Any] = []
    if method not in ("class", work):
        candidates = [vars(part)[method] for part in estimators if method in vars(part)]
        candidates += estimators if method in _OF_ESTIMATORS else ()
    if method != "class":
        candidates += [getattr(cls, method, None), getattr(cls, work, None)]
    for part in (*candidates, cls):
        module = getattr(part, "__module__", "merbench.")
        if part is None or module.startswith("merbench."):
            continue
        try:
            return f"{sys.modules[module].__file__}:{inspect.getsourcelines(part)[1]}"
        except (OSError, TypeError, KeyError):
            continue
    return ""
