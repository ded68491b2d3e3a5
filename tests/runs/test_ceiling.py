"""What people reach, where raters are known."""

from __future__ import annotations


def test_the_human_ceiling_is_shown_where_raters_are_known_and_compared_with_nothing(written):
    run, _ = written
    human = run.leaderboard[run.leaderboard["model"].str.startswith("human-ceiling(")]
    assert human["dataset"].tolist() == ["rated", "rated"]
    assert (human["status"] == "ok").all()
    assert (human["kl_mean"] > 0).all()
    assert not run.comparisons["cell_a"].str.startswith("human").any()
    assert not run.comparisons["cell_b"].str.startswith("human").any()
    ceiling = run.predictions[run.predictions["cell"] == human["cell"].iloc[0]]
    assert ceiling["predicted_valence_mean"].isna().all()
