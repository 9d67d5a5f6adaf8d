"""How policy rows are solved: the name under which they are published."""

from __future__ import annotations

from itertools import product

from tideline.udfs.core.policies.regression import Regression, Sharing


def test_every_way_to_solve_has_a_name_of_its_own() -> None:
    """Contract: policy records tell rows apart by it, so two ways never share one."""
    ways = [Regression(ridge, sharing, shared) for ridge, sharing, shared in product((1.0, 2.5), Sharing, (1.0, 0.25))]
    alike = {way.name: way._replace(shared_ridge=0.0) if way.sharing is not Sharing.HYBRID else way for way in ways}
    assert len(alike) == 10
    assert Regression(2.0, Sharing.HYBRID, 0.25).name == "hybrid:ridge=2.0,shared_ridge=0.25"
    assert Regression().name == "prior:ridge=1.0"
