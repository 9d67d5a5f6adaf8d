"""Variants of an activity as a marketer states them: what competes, how users are split between them, and by what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from tideline.udfs.core.hashing import hash32

if TYPE_CHECKING:
    from tideline.schemas.fields import Fields

MIN_VARIANTS, MAX_VARIANTS = 2, 8
EARN = "earn"
SPLITS = ("even", EARN)
OBJECTIVES = ("click", "conversion", "revenue", "margin")
_NAMES = ("id", "parameters", "labels")
_DEFAULTS: dict[str, object] = {"parameters": {}, "labels": {}}


@dataclass(frozen=True, slots=True)
class Variant:
    """One form of an activity: what differs from the others, for the page that shows it and for reports."""

    id: str
    parameters: Mapping[str, float] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)


class Competing(NamedTuple):
    """What an activity states of its variants; without any the other two say nothing."""

    variants: tuple[Variant, ...] = ()
    split: str = SPLITS[0]
    objective: str = OBJECTIVES[0]


@lru_cache(maxsize=1 << 12)
def variant_mark(activity_id: str, variant: str) -> int:
    """Return the number by which tokens know a variant of an activity, 1..65535; 0 is none.

    >>> variant_mark("tea-10", "red") == variant_mark("tea-11", "red")
    False
    """
    return hash32(f"{activity_id}#{variant}") & 0xFFFF or 1


def variant_of_mark(activity_id: str, variants: tuple[Variant, ...], mark: int) -> str:
    """Return the id of the variant that a token names, empty where the activity has none of that mark today."""
    return next((each.id for each in variants if variant_mark(activity_id, each.id) == mark), "")


def read_competing(fields: Fields) -> Competing:
    """Return what a record states; raises InvalidField where it cannot hold."""
    activity_id = fields.identifier("activity_id")
    split, objective = fields.choice("split", SPLITS), fields.choice("objective", OBJECTIVES)
    found: list[Variant] = []
    place: dict[int, int] = {}
    for at, each in enumerate(fields.records("variants", MAX_VARIANTS, _DEFAULTS, _NAMES)):
        variant = Variant(each.identifier("id"), each.number_map("parameters"), each.text_map("labels"))
        former = place.setdefault(variant_mark(activity_id, variant.id), at)
        if former != at:
            allowed = "each once" if found[former].id == variant.id else "another id: tokens cannot tell the two apart"
            fields.refuse_inside(f"variants[{at}].id", variant.id, f"{allowed}; see variants[{former}]")
        found.append(variant)
    if 0 < len(found) < MIN_VARIANTS:
        fields.refuse("variants", f"{MIN_VARIANTS} to {MAX_VARIANTS}, or none: one alone competes with nothing")
    if not found and (split, objective) != (SPLITS[0], OBJECTIVES[0]):
        name = "objective" if split == SPLITS[0] else "split"
        fields.refuse(name, f"{Competing()._asdict()[name]} without variants: it says how they compete")
    if split == EARN and objective != OBJECTIVES[0]:
        fields.refuse("split", f"{SPLITS[0]} beside objective={objective}: shares that earn follow clicks")
    return Competing(tuple(found), split, objective)
