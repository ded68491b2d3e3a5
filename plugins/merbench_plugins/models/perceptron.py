"""The multi-layer perceptron."""

from __future__ import annotations

from pydantic import Field

from merbench import Cost, Estimator, FeatureKind, Model, Task
from merbench_plugins.models._parameters import Scaling, Smoothing


class Perceptron(Model):
    """Multi-layer perceptron, trained by Adam.

    scikit-learn's: one hidden layer of 100 ReLUs, at most 200 epochs, cross-entropy over the
    classes or squared error of the four columns of `va`, which are standardised on the training
    clips. Shares of votes enter as weighted copies of a clip.
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

    hidden_layers: tuple[int, ...] = Field((100,), description="Units of each hidden layer.")
    alpha: float = Field(1e-4, ge=0, description="Penalty on squared weights.")
    learning_rate: float = Field(1e-3, gt=0, description="Step size of Adam.")
    max_iter: int = Field(200, ge=1, description="Epochs at most.")
    early_stopping: bool = Field(
        False,
        description="Whether a tenth of the training clips, drawn by the seed, is kept back to "
        "tell when to stop; else training ends when the training loss no longer falls.",
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

        settings = {
            "hidden_layer_sizes": self.hidden_layers,
            "alpha": self.alpha,
            "learning_rate_init": self.learning_rate,
            "max_iter": self.max_iter,
            "early_stopping": self.early_stopping,
            "random_state": seed % 2**32,
        }
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
