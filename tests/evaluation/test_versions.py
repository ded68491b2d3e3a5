"""Which evaluator scored."""

from __future__ import annotations

from merbench.evaluation import versions


def test_todays_evaluator_gives_the_scores_of_today() -> None:
    assert versions.same_scores(versions.VERSION, versions.source_hash())
    assert not versions.same_scores("0", versions.source_hash())
    assert not versions.same_scores(versions.VERSION, "0" * 64)


def test_every_earlier_source_of_this_version_gives_the_scores_of_today() -> None:
    earlier = versions._EARLIER[versions.VERSION]
    assert all(versions.same_scores(versions.VERSION, source) for source in earlier)
    assert versions.source_hash() not in earlier
