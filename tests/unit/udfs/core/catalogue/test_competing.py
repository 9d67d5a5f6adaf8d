"""Variants as a marketer states them."""

from __future__ import annotations

import pytest

from tests.support.wrong_activities import GOOD
from tideline.schemas.errors import InvalidRecord, Reason
from tideline.schemas.fields import Fields
from tideline.udfs.core.catalogue.competing import (
    MAX_VARIANTS,
    Competing,
    Variant,
    read_competing,
    variant_mark,
    variant_of_mark,
)

_PAIR = [{"id": "red", "labels": {"creative": "cow"}}, {"id": "blue", "parameters": {"discount": 2}}]


def read(**stated: object) -> Competing:
    fields = {"variants": [], "split": "even", "objective": "click"} | stated
    return read_competing(Fields({**GOOD, **fields}, Reason.BAD_ACTIVITY))


def test_variants_are_read_with_what_differs() -> None:
    found = read(variants=_PAIR, objective="revenue")
    assert found.variants == (Variant("red", labels={"creative": "cow"}), Variant("blue", {"discount": 2.0}))
    assert (found.split, found.objective) == ("even", "revenue")
    assert len(read(variants=[{"id": f"n{at}"} for at in range(MAX_VARIANTS)]).variants) == MAX_VARIANTS
    assert read() == Competing()


def test_a_mark_names_a_variant_of_its_activity_and_no_other() -> None:
    """Contract: the low half of a stable hash, never 0; a variant that is gone is named by nothing."""
    variants = read(variants=_PAIR).variants
    mark = variant_mark("c08-0042", "blue")
    assert 0 < mark < 65_536
    assert variant_of_mark("c08-0042", variants, mark) == "blue"
    assert variant_of_mark("c08-0042", variants[:1], mark) == ""
    assert variant_of_mark("c08-0043", variants, mark) == ""


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ({"variants": [{"id": "red"}]}, "variants=.*2 to 8, or none"),
        ({"variants": [{"id": "red"}, {"id": "red"}]}, r"variants\[1\].id='red'; allowed: each once"),
        ({"variants": [{"id": "v5"}, {"id": "v1760"}]}, r"variants\[1\].id='v1760'; allowed: another id"),
        ({"split": "odd"}, "split='odd'; allowed: even, earn"),
        ({"split": "earn"}, "split='earn'; allowed: even without variants"),
        ({"variants": _PAIR, "split": "earn", "objective": "margin"}, "split='earn'; allowed: even beside objective"),
        ({"objective": "margin"}, "objective='margin'; allowed: click without variants"),
    ],
)
def test_what_cannot_compete_is_refused(stated: dict[str, object], said: str) -> None:
    with pytest.raises(InvalidRecord, match=said):
        read(**stated)
