"""What is known of an activity before anybody saw it."""

from __future__ import annotations

import numpy as np

from tests.support.core_world import activity
from tideline.udfs.core.catalogue.activity_features import features_of

ACTIVITIES = [
    activity(f"a{number}", kind=kind, categories=names)
    for number, (kind, names) in enumerate(
        [("coupon", ("tea",)), ("coupon", ("tea", "milk")), ("banner", ("wine",)), ("event", ()), ("coupon", ("milk",))]
    )
]


def test_features_are_alike_where_activities_are() -> None:
    """Contract: same kind and categories, same features; norm at most 1 with its constant; names alone count."""
    tea, both, wine, _, milk = (features_of(each).astype(float) / 127.0 for each in ACTIVITIES)
    again = features_of(activity("other", kind="coupon", categories=("tea",), title="x")) / 127.0
    assert (tea == again).all()
    assert all(np.linalg.norm(each) <= 1.0 and each[0] == 90 / 127 for each in (tea, both, wine, milk))
    assert both @ tea > wine @ tea
    assert both @ milk > wine @ milk
