"""What the lists of one page break together: a placement's own promises, and what may not stand on two of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tideline.scripts.audit.list_audit import Breach
    from tideline.udfs.core.catalogue.activity import Activity
    from tideline.udfs.core.ranking.placements import Placement

DEFAULT = "default"


def breaches_of_placement(
    names: Sequence[str], known: Mapping[str, Activity], placement: Placement
) -> Iterator[Breach]:
    """Yield what a list of a placement breaks by itself: it is too long, or holds what the placement does not take."""
    if len(names) > placement.size:
        yield "placement_too_long", f"{len(names)} of {placement.size} in {placement.name}"
    for name in names:
        activity = known.get(name)
        if activity is None or not (placement.kinds or placement.groups):
            continue
        if activity.kind not in placement.kinds and activity.group not in placement.groups:
            yield "placement_broken", f"{name}, {activity.kind} of {activity.group}, in {placement.name}"


def breaches_of_page(
    lists: Mapping[str, Sequence[str]], known: Mapping[str, Activity], placements: Sequence[Placement]
) -> Iterator[Breach]:
    """Yield what a user's lists of one moment, by placement, hold twice: what is apart, and what has a cap."""
    seen: dict[str, Sequence[str]] = {DEFAULT: lists[DEFAULT]} if DEFAULT in lists else {}
    for placement in placements:
        own = lists.get(placement.name)
        if own is None:
            continue
        for name, before in seen.items():
            both = sorted({*own} & {*before})
            where = f"in {placement.name} and {name}"
            if name in placement.apart_from and both:
                yield "repeated_on_page", f"{both} {where}"
            for each in both:
                if each in known and _is_capped(known[each]):
                    yield "capped_twice_on_page", f"{each} {where}"
        seen[placement.name] = own


def _is_capped(activity: Activity) -> bool:
    own = any(cap.of == "activity" and cap.event == "impression" for cap in activity.caps)
    return own or activity.cap is not None
