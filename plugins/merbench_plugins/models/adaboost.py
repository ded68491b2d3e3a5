"""Adaptive boosting."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from merbench import Cost, Estimator, FeatureKind, Model, Task
from merbench_plugins.models._parameters import Smoothing
from merbench_plugins.papers import SAMME


class AdaBoost(Model):
    """AdaBoost: small trees in turn, each on the clips that those before it got wrong.

    scikit-learn's: SAMME over stumps for classes (Zhu et al., Multi-class AdaBoost, Statistics
    and Its Interface 2, 2009), AdaBoost.R2 over trees of three cuts for each of the four columns
    of `va` (Drucker, Improving regressors using boosting techniques, ICML 1997). Shares of votes
    enter as weighted copies of a clip. SAMME's probabilities lie close to 1/4 each, because
    scikit-learn derives them from a vote of all trees.

    `algorithm: samme.r` is the same paper's other one, what "AdaBoost" was in scikit-learn until
    release 1.6 took it out, and so in Chang (2024). It is written anew here and gives the
    probabilities of scikit-learn 1.5.
    """

    name = "adaboost"
    citation, paper = SAMME
    inputs = FeatureKind.VECTOR
    tasks = frozenset(Task)
    source_modules = (
        "merbench_plugins.models._checked",
        "merbench_plugins.models._classification",
        "merbench_plugins.models._samme_r",
    )
    typical_cost = Cost(seconds=60)

    algorithm: Literal["samme", "samme.r"] = Field(
        "samme",
        description="For quadrants and classes: samme: each tree votes for one class. samme.r: it "
        "votes for every class by the logarithm of its probability.",
    )

    n_estimators: int = Field(50, ge=1, description="Number of trees at most.")
    learning_rate: float = Field(
        1.0, gt=0, description="What each tree's say is multiplied by; smaller needs more trees."
    )
    max_depth: int | None = Field(
        None,
        ge=1,
        description="Cuts from root to leaf of a tree at most. By default scikit-learn's: 1 for "
        "`quadrant`, 3 for `va`.",
    )
    smoothing: Smoothing = 1.0

    def estimator(self, *, task: Task, seed: int, device: str) -> Estimator:
        """Return the ensemble; the seed decides between equal cuts, and `va`'s resampling."""
        from sklearn.ensemble import AdaBoostClassifier, AdaBoostRegressor
        from sklearn.multioutput import MultiOutputRegressor
        from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

        from merbench_plugins.models._checked import CheckedRegressor
        from merbench_plugins.models._classification import SharesClassifier
        from merbench_plugins.models._samme_r import RealAdaBoostClassifier

        settings: dict[str, Any] = {
            "n_estimators": self.n_estimators,
            "learning_rate": self.learning_rate,
            "random_state": seed % 2**32,
        }
        if task is Task.VA:
            tree = DecisionTreeRegressor(max_depth=self.max_depth or 3)
            return CheckedRegressor(MultiOutputRegressor(AdaBoostRegressor(tree, **settings)))
        stump = DecisionTreeClassifier(max_depth=self.max_depth or 1)
        boosting = RealAdaBoostClassifier if self.algorithm == "samme.r" else AdaBoostClassifier
        return SharesClassifier(boosting(stump, **settings), smoothing=self.smoothing)
