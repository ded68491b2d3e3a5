from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from merbench import MerbenchError
from merbench.evaluation.ceiling import MIN_RATERS, human_ceiling, label_of
from merbench.evaluation.divergence import gaussian_kl


def panels(seed: int, clips: int, raters: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(0.5, 0.1, (clips, raters, 2)).clip(0, 1)


def test_panel_and_floor_are_what_new_panels_show() -> None:
    n = 30
    one, other = label_of(panels(1, 3000, n)), label_of(panels(2, 3000, n))
    population = np.tile([0.5, 0.5, 0.1, 0.1], (3000, 1))
    ceiling = human_ceiling(list(panels(3, 80, n)))
    assert ceiling.panel.mean() == pytest.approx(gaussian_kl(one, other).kl.mean(), rel=0.12)
    assert ceiling.floor.mean() == pytest.approx(gaussian_kl(one, population).kl.mean(), rel=0.12)


def test_split_half_is_what_two_panels_of_half_the_size_show() -> None:
    one, other = label_of(panels(1, 3000, 15)), label_of(panels(2, 3000, 15))
    ceiling = human_ceiling(list(panels(3, 80, 30)))
    assert ceiling.split_half.mean() == pytest.approx(gaussian_kl(one, other).kl.mean(), rel=0.12)


def test_more_raters_come_closer_and_the_three_keep_their_order() -> None:
    few, many = human_ceiling(list(panels(1, 20, 12))), human_ceiling(list(panels(1, 20, 60)))
    for ceiling in (few, many):
        assert ceiling.split_half.mean() > ceiling.panel.mean() > ceiling.floor.mean() > 0
    assert many.panel.mean() < few.panel.mean() / 3


def test_too_few_raters_have_no_ceiling() -> None:
    ratings = [panels(1, 1, MIN_RATERS - 1)[0], panels(1, 1, MIN_RATERS)[0], np.empty((0, 2))]
    ceiling = human_ceiling(ratings)
    for values in (ceiling.split_half, ceiling.panel, ceiling.floor):
        assert np.isnan(values).tolist() == [True, False, True]


def test_chance_comes_from_the_seed_alone() -> None:
    ratings = list(panels(1, 3, 9))
    np.random.seed(0)  # noqa: NPY002
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    one, again, other = (human_ceiling(ratings, seed=seed) for seed in (1, 1, 2))
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002
    assert one.split_half.tolist() == again.split_half.tolist()
    assert one.panel.tolist() != other.panel.tolist()
    # A clip's number does not depend on the clips after it.
    assert human_ceiling(ratings[:2], seed=1).floor.tolist() == one.floor[:2].tolist()


def test_raters_who_agree_completely_cost_nothing() -> None:
    ceiling = human_ceiling([np.full((10, 2), 0.5)])
    assert ceiling.split_half[0] == ceiling.panel[0] == ceiling.floor[0] == 0


@pytest.mark.parametrize(
    ("ratings", "message"),
    [
        (np.ones((10, 3)), r"clip 1 have shape \(10, 3\)"),
        (np.full((10, 2), -0.5), r"clip 1 are not all on \[0, 1\]"),
        (np.full((10, 2), np.nan), r"clip 1 are not all on \[0, 1\]"),
    ],
)
def test_ratings_that_are_none_are_refused(ratings: np.ndarray, message: str) -> None:
    with pytest.raises(MerbenchError, match=message):
        human_ceiling([panels(1, 1, 10)[0], ratings])


def test_labels_are_made_as_vgmidi_made_its_own(shared: Path) -> None:
    with (shared / "data/vgmidi/rater_means.csv").open() as file:
        raters = defaultdict(list)
        for row in csv.DictReader(file):
            if not row["excluded"]:
                raw = float(row["valence_mean_raw"]), float(row["arousal_mean_raw"])
                raters[row["song_id"]].append([(value + 1) / 2 for value in raw])
    with (shared / "data/vgmidi/annotations.csv").open() as file:
        for row in csv.DictReader(file):
            columns = ("valence_mean", "arousal_mean", "valence_std", "arousal_std")
            label = [float(row[column]) for column in columns]
            np.testing.assert_allclose(label_of(raters[row["song_id"]]), label, atol=1e-6)
