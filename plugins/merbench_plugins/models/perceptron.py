"""The multi-layer perceptron."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field

from merbench import Cost, Estimator, FeatureKind, Model, Task
from merbench_plugins.models._parameters import Scaling, Smoothing

Units: TypeAlias = Annotated[int, Field(ge=1)]


class Perceptron(Model):
    """Multi-layer perceptron, trained by Adam.

    scikit-learn's: one hidden layer of 100 ReLUs, at most 200 epochs, cross-entropy over the
    classes or squared error of the four columns of `va`, which are standardised on the training
    clips. Shares of votes enter as weighted copies of a clip. `hidden_layers: []` leaves softmax
    regression, or for `va` linear regression.
    """

    name = "mlp"
    inputs = FeatureKind.VECTOR
    tasks = frozenset(Task)
    source_modules = (
        "merbench_plugins.models._checked",
        "merbench_plugins.models._classification",
        "merbench_plugins.models._scaling",
    )
    typical_cost = Cost(seconds=5)

    hidden_layers: tuple[Units, ...] = Field(
        (100,), description="Units of each hidden layer; none: softmax regression."
    )
    solver: Literal["adam", "sgd"] = Field(
        "adam", description="adam, or sgd: stochastic gradient descent at a constant step size."
    )
    alpha: float = Field(1e-4, ge=0, description="Penalty on squared weights.")
    learning_rate: float = Field(1e-3, gt=0, description="Step size.")
    momentum: float = Field(
        0.9,
        ge=0,
        le=1,
        description="Nesterov's momentum of `solver: sgd`; 0 is plain gradient descent. Adam has "
        "its own.",
    )
    batch_size: int | None = Field(
        None, ge=1, description="Examples in a batch; null: 200, or all where there are fewer."
    )
    max_iter: int = Field(200, ge=1, description="Epochs at most.")
    until_settled: bool = Field(
        True,
        description="Whether training ends when the loss has not fallen by 0.0001 for more than "
        "ten epochs (with `early_stopping`: the score has not risen by as much); else after "
        "`max_iter` epochs.",
    )
    early_stopping: bool = Field(
        False,
        description="Whether a tenth of the training clips, drawn by the seed whatever their "
        "group, is kept back, and the epoch kept that does best on them.",
    )
    scaling: Scaling = "standard"
    smoothing: Smoothing = 1.0

    def estimator(self, *, task: Task, seed: int, device: str) -> Estimator:
        """Return the network; all chance in it comes from the seed."""
        from sklearn.compose import TransformedTargetRegressor
        from sklearn.neural_network import MLPClassifier, MLPRegressor
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        from merbench_plugins.models._checked import CheckedRegressor
        from merbench_plugins.models._classification import SharesClassifier
        from merbench_plugins.models._scaling import FeatureScaler

        settings: dict[str, Any] = {
            "hidden_layer_sizes": self.hidden_layers,
            "alpha": self.alpha,
            "learning_rate_init": self.learning_rate,
            "solver": self.solver,
            "momentum": self.momentum,
            "batch_size": "auto" if self.batch_size is None else self.batch_size,
            "max_iter": self.max_iter,
            "early_stopping": self.early_stopping,
            "random_state": seed % 2**32,
        }
        if not self.until_settled:
            settings["n_iter_no_change"] = self.max_iter  # more than there can be
        if task is not Task.VA:
            return SharesClassifier(
                MLPClassifier(**settings), scaling=self.scaling, smoothing=self.smoothing
            )
        regression = make_pipeline(
            FeatureScaler(self.scaling, unit="feature"), MLPRegressor(**settings)
        )
        return CheckedRegressor(
            TransformedTargetRegressor(regression, transformer=StandardScaler())
        )
