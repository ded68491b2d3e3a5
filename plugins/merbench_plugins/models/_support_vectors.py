"""scikit-learn's support vector regression, with nothing left to chance."""

from __future__ import annotations

from sklearn.svm import SVR


class SeededSVR(SVR):
    """RBF support vector regression that leaves global random state alone.

    libsvm is given a seed that regression never uses. By default scikit-learn draws it from
    NumPy's global random state, and `SVR` has no parameter to say otherwise.

    Parameters
    ----------
    C, epsilon, gamma
        As `SVR` has them.
    """

    def __init__(self, C: float = 1.0, epsilon: float = 0.1, gamma: float = 1.0) -> None:
        super().__init__(kernel="rbf", C=C, epsilon=epsilon, gamma=gamma)
        self.random_state = 0
