from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from merbench import MerbenchError
from merbench.evaluation import ranking
from merbench.evaluation.paired_scores import Scores
from merbench.evaluation.ranking import Bootstrap, bootstrap

relaxed = settings(deadline=None, max_examples=30)


def made(
    seed: int, *, cells: int = 4, folds: int = 3, clips: int = 40, groups: int = 12, digits: int = 6
) -> Scores:
    """Folds of unequal size; cell i has i / 10 nats more than the first."""
    rng = np.random.default_rng(seed)
    fold, clip = [], []
    for j in range(folds):
        size = int(rng.integers(1, clips + 1))
        fold += [j] * size
        clip += rng.choice(clips, size, replace=False).tolist()
    names = [f"c{i:03}" for i in clip]
    kl = rng.gamma(2, 0.3, clips)[clip] + rng.gamma(1, 0.1, (cells, len(clip)))
    kl = (kl + np.arange(cells)[:, None] / 10).round(digits)
    group = [f"g{i % groups}" for i in clip]
    return Scores(
        tuple(f"cell{i}" for i in range(cells)), fold, names, group, dict.fromkeys(fold, 30), kl
    )


def plain_draws(scores: Scores, seed: int, repeats: int) -> tuple[np.ndarray, np.ndarray]:
    """Means and medians of every draw, each clip written out as often as it is drawn."""
    n = len(scores.groups)
    drawn = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=repeats)
    means, medians = [], []
    for counts in drawn:
        folds = [
            np.repeat(scores.kl[:, part], counts[scores.group_index[part]], axis=1)
            for part in scores.fold_slices
        ]
        there = [fold for fold in folds if fold.shape[1]]
        means.append(np.mean([fold.mean(axis=1) for fold in there], axis=0))
        medians.append(np.mean([np.median(fold, axis=1) for fold in there], axis=0))
    return np.array(means).T, np.array(medians).T


@pytest.mark.parametrize("digits", [1, 6])
@pytest.mark.parametrize("groups", [1, 2, 12, 40])
@pytest.mark.parametrize("clips", [1, 5, 40])
def test_bootstrap_is_what_writing_every_draw_out_gives(
    groups: int, clips: int, digits: int
) -> None:
    scores = made(groups + clips, groups=groups, clips=clips, digits=digits)
    means, medians = plain_draws(scores, 7, 60)
    found = bootstrap(scores, seed=7, repeats=60)
    tails = [0.025, 0.975]
    expected = np.quantile(means, tails, axis=1)
    np.testing.assert_allclose([found.mean_low, found.mean_high], expected, rtol=1e-12)
    expected = np.quantile(medians, tails, axis=1)
    np.testing.assert_allclose([found.median_low, found.median_high], expected, rtol=1e-12)


def test_medians_are_found_however_narrow_the_first_look(monkeypatch: pytest.MonkeyPatch) -> None:
    scores = made(3, clips=300, groups=5)
    before = bootstrap(scores, repeats=40)
    monkeypatch.setattr(ranking, "_FIRST_WINDOW", 0.0)
    after = bootstrap(scores, repeats=40)
    np.testing.assert_array_equal(before.median_low, after.median_low)
    np.testing.assert_array_equal(before.median_high, after.median_high)


def test_many_draws_of_large_folds_do_not_overflow() -> None:
    n = 20_000
    kl = np.random.default_rng(0).gamma(2, 0.3, (1, n))
    clip = np.char.mod("%05d", np.arange(n))
    scores = Scores(("a",), np.zeros(n), clip, clip, {0: n}, kl)
    found = bootstrap(scores, repeats=50)
    assert found.median_low < np.median(kl) < found.median_high
    assert found.median_high - found.median_low < 0.05


def test_chance_comes_from_the_seed_alone() -> None:
    one, again, other = (bootstrap(made(1), seed=seed, repeats=100) for seed in (1, 1, 2))
    for field in fields(Bootstrap):
        name = field.name
        np.testing.assert_array_equal(getattr(one, name), getattr(again, name))
    assert one.mean_low.tolist() != other.mean_low.tolist()


@relaxed
@given(st.integers(0, 1000), st.permutations(range(4)))
def test_order_of_cells_and_rows_does_not_matter(seed: int, order: list[int]) -> None:
    s = made(seed)
    rows = np.random.default_rng(seed).permutation(len(s.fold))
    shuffled = Scores(
        s.names, s.fold[rows], s.clip[rows], s.group[rows], s.n_train, s.kl[order][:, rows]
    )
    one, other = bootstrap(s, repeats=50), bootstrap(shuffled, repeats=50)
    for field in fields(Bootstrap):
        expected = getattr(one, field.name)[order]
        np.testing.assert_allclose(getattr(other, field.name), expected, rtol=1e-12)


@relaxed
@given(st.integers(0, 1000))
def test_intervals_hold_together(seed: int) -> None:
    scores = made(seed)
    found, narrow = bootstrap(scores, repeats=200), bootstrap(scores, repeats=200, level=0.5)
    assert (found.mean_low <= narrow.mean_low).all()
    assert (narrow.mean_low <= narrow.mean_high).all()
    assert (narrow.mean_high <= found.mean_high).all()
    assert (found.median_low <= found.median_high).all()
    assert (found.rank_low >= 1).all()
    assert (found.rank_low <= found.rank_high).all()
    assert (found.rank_high <= 4).all()


def test_mean_interval_is_near_the_normal_one_where_clips_are_independent() -> None:
    rng = np.random.default_rng(0)
    clip = np.char.mod("%04d", np.arange(2000))
    kl = rng.gamma(2, 0.3, (1, 2000))
    found = bootstrap(Scores(("a",), np.zeros(2000), clip, clip, {0: 1}, kl), repeats=4000)
    half = 1.96 * kl.std() / np.sqrt(2000)
    assert found.mean_high - found.mean_low == pytest.approx(2 * half, rel=0.06)
    # Ten copies of each clip's score are no news: only groups count.
    group = np.char.mod("%03d", np.arange(2000) % 200)
    copied = kl[:, np.arange(2000) % 200]
    grouped = bootstrap(Scores(("a",), np.zeros(2000), clip, group, {0: 1}, copied), repeats=4000)
    half = 1.96 * copied.std() / np.sqrt(200)
    assert grouped.mean_high - grouped.mean_low == pytest.approx(2 * half, rel=0.06)


def test_ranks_of_clear_and_of_equal_cells() -> None:
    rng = np.random.default_rng(0)
    base = rng.gamma(2, 0.3, 100)
    kl = np.stack([base + 1, base, base, base + 2 + rng.normal(0, 0.01, 100)])
    clip = np.char.mod("%02d", np.arange(100))
    found = bootstrap(Scores(tuple("abcd"), np.zeros(100), clip, clip, {0: 9}, kl), repeats=200)
    assert found.rank_low.tolist() == found.rank_high.tolist() == [3, 1, 1, 4]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [({"repeats": 0}, "at least 1 repeat"), ({"level": 1.0}, "between 0 and 1")],
)
def test_a_bootstrap_that_is_none_is_refused(wrong: dict, message: str) -> None:
    with pytest.raises(MerbenchError, match=message):
        bootstrap(made(0), **wrong)
