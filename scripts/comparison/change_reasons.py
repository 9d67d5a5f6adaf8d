"""Why a user's list would change, as far as the two lists say it themselves, in words."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tideline.schemas.errors import InvalidRecord
from tideline.udfs.core.lists.decision_token import read_unverified

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tideline.scripts.simulation.lists import RankedList
    from tideline.udfs.core.lists.decision_token import Token

_UNTOLD = "made of the same by what the lists say: activities, stops, hours or profiles differ"


def reasons(now: RankedList, then: RankedList) -> list[str]:
    """Return what differs in what two lists were made of; one sentence that says so where nothing that is told does.

    Tokens come from our own Redis and are not verified; of one that cannot be read nothing is said.
    """
    return [*_of_versions(now, then), *_of_tokens(_read(now), _read(then))] or [_UNTOLD]


def _of_versions(now: RankedList, then: RankedList) -> Iterator[str]:
    generation, as_of_ms, seq = (one - other for one, other in zip(now.version, then.version, strict=True))
    if as_of_ms:
        later = timedelta(seconds=round(abs(as_of_ms) / 1000)) or "less than a second"
        yield f"the list {'now' if as_of_ms > 0 else 'then'} is of a moment {later} later"
    if seq:
        more = "1 more update" if abs(seq) == 1 else f"{abs(seq):,} more updates"
        yield f"the list {'now' if seq > 0 else 'then'} counts {more}"
    if generation:
        yield f"generation {now.version[0]} now, {then.version[0]} then"


def _of_tokens(now: Token | None, then: Token | None) -> Iterator[str]:
    if now is None or then is None:
        return
    if now.encoder != then.encoder:
        yield f"encoder {now.encoder} now, {then.encoder} then"
    elif now.x != then.x:
        yield "what is known of the user differs (his context)"
    if now.policy != then.policy:
        yield f"policy version {now.policy} now, {then.policy} then"
    if (now.experiment, now.arm) != (then.experiment, then.arm):
        yield "another arm of an experiment"
    if now.eligible != then.eligible:
        yield f"{now.eligible:,} activities could be shown now, {then.eligible:,} then"
    for name, token in (("now", now), ("then", then)):
        if drawn := token.explored.bit_count():
            yield f"exploration put {drawn} of the entries {name} where they are"


def _read(made: RankedList) -> Token | None:
    try:
        return read_unverified(made.token or "")
    except InvalidRecord:
        return None
