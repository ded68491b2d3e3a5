"""The key of an artifact: the same for the same parts, and another for any other part."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from merbench.steps import artifact_keys
from merbench.steps.artifact_keys import CommonParts, artifact_key, written

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)


def reversed_order(value):
    """Return equal JSON whose mappings were filled in the opposite order."""
    if isinstance(value, dict):
        return {key: reversed_order(value[key]) for key in reversed(value)}
    if isinstance(value, list):
        return [reversed_order(item) for item in value]
    return value


PARTS = st.dictionaries(st.from_regex(r"[a-r][a-z]{0,5}", fullmatch=True), JSON, min_size=1)


@given(parts=PARTS)
def test_a_key_does_not_depend_on_the_order_of_its_parts(parts):
    assert artifact_key("fit", **parts) == artifact_key("fit", **reversed_order(parts))


@given(parts=PARTS, data=st.data())
def test_a_key_depends_on_every_part(parts, data):
    key = artifact_key("fit", **parts)
    changed = data.draw(st.sampled_from(sorted(parts)))
    assert artifact_key("extract", **parts) != key
    assert artifact_key("fit", **parts | {changed: ["another", parts[changed]]}) != key
    assert artifact_key("fit", **{k: v for k, v in parts.items() if k != changed}) != key
    assert artifact_key("fit", **parts, zzz=None) != key


def test_a_key_depends_on_the_schema(monkeypatch):
    before = artifact_key("fit", of="x")
    monkeypatch.setattr(artifact_keys, "SCHEMA", artifact_keys.SCHEMA + 1)
    assert artifact_key("fit", of="x") != before


def test_a_key_of_nan_is_refused():
    with pytest.raises(ValueError, match="JSON"):
        artifact_key("fit", penalty=float("nan"))


@given(parts=PARTS, data=st.data())
def test_a_key_from_common_parts_is_the_key_of_all_of_them(parts, data):
    names = sorted(parts)
    first = names[: data.draw(st.integers(0, len(names)))]
    others = [name for name in names if name not in first and data.draw(st.booleans())]
    rest = [name for name in reversed(names) if name not in (*first, *others)]
    common = CommonParts("fit", *({n: parts[n] for n in some} for some in (first, others)))
    assert common.key(written({n: parts[n] for n in rest})) == artifact_key("fit", **parts)


def test_a_part_that_comes_too_late_is_refused():
    with pytest.raises(ValueError, match='"device":"cpu" comes before "labels":1'):
        CommonParts("fit", {"labels": 1}).key(written({"device": "cpu"}))
