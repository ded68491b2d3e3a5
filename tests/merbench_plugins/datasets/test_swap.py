from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from merbench_plugins.datasets.label_table import LabelError
from merbench_plugins.datasets.swap import SIGNIFICANT, Agreement, agreement, song_means

Songs = dict[str, tuple[float, float]]


def songs(n: int, noise: float = 0.3, seed: int = 0) -> tuple[Songs, Songs]:
    rng = np.random.default_rng(seed)
    truth = rng.multivariate_normal([5, 5], [[1, 0.6], [0.6, 1]], n)
    again = (truth - 5) / 4 + noise * rng.normal(size=(n, 2)) / 4
    return (
        {str(i): (v, a) for i, (v, a) in enumerate(truth)},
        {str(i): (v, a) for i, (v, a) in enumerate(again)},
    )


def test_sign_is_which_columns_covary() -> None:
    static, dynamic = songs(50, noise=1.0)
    s, d = np.array(list(static.values())), np.array(list(dynamic.values()))
    covariance = np.cov(s.T, d.T)[:2, 2:]
    straight_less_crossed = np.trace(covariance) - np.trace(covariance[::-1])
    spread = np.std(s[:, 0] - s[:, 1], ddof=1) * np.std(d[:, 0] - d[:, 1], ddof=1)
    assert agreement(static, dynamic).r == pytest.approx(straight_less_crossed / spread)


@pytest.mark.parametrize("n", [12, 60, 700])
def test_swapped_columns_are_told_from_straight_ones(n: int) -> None:
    static, dynamic = songs(n)
    assert agreement(static, dynamic).straight
    swapped = {song: (a, v) for song, (v, a) in static.items()}
    assert agreement(swapped, dynamic).swapped


def test_unrelated_columns_decide_nothing_more_often_than_they_should() -> None:
    rng = np.random.default_rng(1)
    decided = 0
    for _ in range(1000):
        x, y = rng.normal(size=(2, 30, 2))
        found = agreement({str(i): tuple(p) for i, p in enumerate(x)}, dict(enumerate_text(y)))
        decided += found.swapped or found.straight
    assert decided == pytest.approx(10, abs=10)  # 1 % of 1,000; sd 3.1


def enumerate_text(rows: np.ndarray) -> list[tuple[str, tuple[float, float]]]:
    return [(str(i), (float(v), float(a))) for i, (v, a) in enumerate(rows)]


@pytest.mark.parametrize("n", [0, 1, 3])
def test_too_few_songs_decide_nothing(n: int) -> None:
    found = agreement(*songs(n, noise=0))
    assert found.n == n
    assert not found.swapped
    assert not found.straight


def test_constant_columns_decide_nothing() -> None:
    static = {str(i): (0.5, 0.5) for i in range(20)}
    assert agreement(static, songs(20)[1]).z == 0


def test_only_songs_in_both_count() -> None:
    static, dynamic = songs(40)
    del static["0"], dynamic["39"]
    assert agreement(static, dynamic).n == 38


def test_z_is_fishers() -> None:
    assert Agreement(28, 0.5).z == pytest.approx(0.549306 * 5, rel=1e-5)
    assert Agreement(103, np.tanh(SIGNIFICANT / 10) + 1e-6).straight


def test_song_means_take_lines_of_any_length(tmp_path: Path) -> None:
    path = tmp_path / "valence.csv"
    path.write_text(
        "song_id,sample_15000ms,sample_15500ms\n2,0.1,0.3\n3,0.5,\n4,-1\n5,,\n\n6,1,nan\n"
    )
    assert song_means(path) == pytest.approx({"2": 0.2, "3": 0.5, "4": -1.0, "6": 1.0})
    path.write_text("song_id,sample_15000ms\n2,0.1\n3,high\n")
    with pytest.raises(LabelError, match=r"valence\.csv:3: .*high"):
        song_means(path)
