"""Parameters that several models have, described once."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

Scaling: TypeAlias = Annotated[
    Literal["standard", "rank", "scalar", "none"],
    Field(
        description="standard: every feature has zero mean and unit variance on the training "
        "clips. scalar: all features together have, by one mean and one deviation. rank: a "
        "feature's value becomes the share of training clips below it, which tames outliers, and "
        "is brought to the same spread. none: features stay as they are."
    ),
]

Smoothing: TypeAlias = Annotated[
    float,
    Field(
        ge=0,
        description="For quadrants and classes: clips of every class added to those that the "
        "prediction rests on (1: Laplace's rule of succession), so that no class is called "
        "impossible. The order of the classes stays as it is. 0 leaves the classifier's "
        "probabilities alone.",
    ),
]

Probabilities: TypeAlias = Annotated[
    Literal["calibrated", "scores"],
    Field(
        description="For quadrants and classes: what the classifier's scores become. calibrated: "
        "probabilities, by a sigmoid for each class; the likeliest class is not always that of "
        "the highest score. scores: their softmax; the likeliest class is the classifier's own "
        "decision, as papers count accuracy and F1, and how sure it is (KL) means little."
    ),
]

CalibrationFolds: TypeAlias = Annotated[
    int,
    Field(
        ge=2,
        description="With `probabilities: calibrated`: parts that the training clips' groups are "
        "dealt out to, to turn scores into probabilities, each scored by a classifier fitted to "
        "the others; no more of them than the rarest class has groups.",
    ),
]
