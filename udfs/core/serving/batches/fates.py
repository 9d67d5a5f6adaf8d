"""What became of each record of a batch, counted by partition: each has one fate, so they add up to what was read.

A replay keeps these sums in its state, and a shard's are written beside its lists once all of it is worked off. As
JSON: `{"v":[generation,0,records],"f":1,"p":{"0":{"accepted":3,"late":1}}}`; its head is that of a list (slate.py), so
that more records replace fewer. What is written beside the lists says what they were made by, too: by which policy
topic they were ranked (`"t"`: their tokens name versions of that one), of which users alone
(`"u"`), and without which rules (`"w"`).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from tideline.schemas.errors import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tideline.udfs.core.serving.admission import Admitted
    from tideline.udfs.core.serving.batches.outcome import Outcome
    from tideline.udfs.core.users.history import Merged

Place = TypeVar("Place", bound=Hashable)
Fates = dict[int, Counter[str]]
"""By partition how many records had which fate: `ACCEPTED`, `PASSED_OVER`, or the reason why not."""
ACCEPTED = "accepted"
PASSED_OVER = "passed_over"
"""It is of a user whom a replay was not asked for."""
FATES_FORMAT = 1


class MadeBy(NamedTuple):
    """What the lists of a replay were made by."""

    policy: str | None = None
    """The policy topic by which they were ranked; None: a build that did not say so has made them."""
    users: str = ""
    """Of whom they are, in words; empty: of everybody."""
    without: str = ""
    """Classes of rules that did not hold, with commas."""


_UNSAID = MadeBy()
_SAID = ("t", "u", "w")
"""Key of each."""


def set_aside(admitted: Admitted, merged: Merged, erased: Sequence[int]) -> list[tuple[int, Reason]]:
    """Return the numbers of organic records that are not applied, and of those from before an erasure; and why."""
    of = admitted.numbers
    return [
        *((number, Reason.DUPLICATE) for number in admitted.again),
        *((of[at], Reason.DUPLICATE) for at in merged.duplicates),
        *((of[at], Reason.LATE) for at in merged.late),
        *((number, Reason.ERASED) for number in erased),
    ]


def fates_of(outcome: Outcome, places: Sequence[Place]) -> dict[Place, Counter[str]]:
    """Return by place how many records of a batch were accepted or not, and why not.

    `places` are those of the batch's records, in their order: each one's partition, say.
    """
    reasons = {number: str(reason) for number, reason in outcome.aside}
    reasons |= {each.number: str(each.error.reason) for each in outcome.dead}
    found: dict[Place, Counter[str]] = {}
    for number, place in enumerate(places):
        found.setdefault(place, Counter())[reasons.get(number, ACCEPTED)] += 1
    return found


def encode_fates(fates: Mapping[int, Mapping[str, int]], generation: int, made: MadeBy = _UNSAID) -> bytes:
    """Return sums as bytes, the same for the same sums; with what lists were made by, as far as it is given."""
    records = sum(sum(counts.values()) for counts in fates.values())
    parts = {str(partition): dict(sorted(counts.items())) for partition, counts in sorted(fates.items())}
    said = {key: each for key, each in zip(_SAID, made, strict=True) if each}
    told = {"v": [generation, 0, records], "f": FATES_FORMAT, **said, "p": parts}
    return json.dumps(told, separators=(",", ":")).encode()


def decode_fates(payload: bytes) -> Fates:
    """Return the sums that `encode_fates` made bytes of.

    Raises:
        ValueError: they are of another format.
    """
    told = _told(payload)
    return {int(partition): Counter(counts) for partition, counts in told["p"].items()}


def made_by(payload: bytes) -> MadeBy:
    """Return what the lists beside these sums were made by, as far as they say.

    Raises:
        ValueError: they are of another format.
    """
    told = _told(payload)
    said = {name: told[key] for name, key in zip(MadeBy._fields, _SAID, strict=True) if isinstance(told.get(key), str)}
    return MadeBy(**said)


def _told(payload: bytes) -> dict[str, Any]:
    told = json.loads(payload)
    of = told.get("f") if isinstance(told, dict) else None
    if of != FATES_FORMAT:
        raise ValueError(f"sums of records of format {of!r}")
    found: dict[str, Any] = told
    return found
