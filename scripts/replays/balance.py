"""Whether every record of a range is accounted for, by partition.

in = accepted + duplicates + late + rejected + passed over, which are records of users who were not asked for.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, TypedDict

from tideline.schemas.errors import Reason
from tideline.udfs.core.serving.batches.fates import ACCEPTED, PASSED_OVER

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tideline.scripts.replays.offsets import Span
    from tideline.udfs.core.serving.batches.fates import Fates

Account = TypedDict(
    "Account",
    {
        "from": int,
        "to": int,
        "records": int,
        "accepted": int,
        "duplicates": int,
        "late": int,
        "rejected": dict[str, int],
        "passed_over": int,
    },
)
"""Of one partition: the offsets of its range, how many records these hold, and what became of them."""


def summed(tallies: Iterable[Fates]) -> Fates:
    """Return the fates of all shards together."""
    found: Fates = {}
    for tally in tallies:
        for partition, counts in tally.items():
            found.setdefault(partition, Counter()).update(counts)
    return found


def accounts(ranges: Mapping[int, Span], records: Mapping[int, int], fates: Fates) -> dict[str, Account]:
    """Return what is told of each partition; `records` is how many its offsets hold."""
    return {str(number): _account(ranges[number], records[number], fates.get(number, Counter())) for number in ranges}


def _account(span: Span, records: int, counts: Counter[str]) -> Account:
    apart = (ACCEPTED, PASSED_OVER, Reason.DUPLICATE, Reason.LATE)
    return {
        "from": span.start,
        "to": span.stop,
        "records": records,
        "accepted": counts[ACCEPTED],
        "duplicates": counts[Reason.DUPLICATE],
        "late": counts[Reason.LATE],
        "rejected": {name: count for name, count in sorted(counts.items()) if name not in apart},
        "passed_over": counts[PASSED_OVER],
    }


def counted(account: Account) -> int:
    """Return of how many records it is known what became of them."""
    known = account["accepted"] + account["duplicates"] + account["late"] + account["passed_over"]
    return known + sum(account["rejected"].values())


def described(number: str, account: Account) -> str:
    """Return the line of a partition for people."""
    rejected = ", ".join(f"{name} {count:,}" for name, count in account["rejected"].items())
    passed = f" + {account['passed_over']:,} passed over" if account["passed_over"] else ""
    return (
        f"partition {number}, offsets {account['from']} to {account['to']}: {account['records']:,} records = "
        f"{account['accepted']:,} accepted + {account['duplicates']:,} duplicates + {account['late']:,} late + "
        f"{sum(account['rejected'].values()):,} rejected{f' ({rejected})' if rejected else ''}"
        f"{passed}"
    )


def differences(found: Mapping[str, Account], fates: Fates) -> list[str]:
    """Return a line for each partition whose records are not all accounted for, or that is not of the range."""
    lines = [
        f"partition {number}: {each['records']:,} records, {counted(each):,} accounted for, "
        f"{abs(missing):,} {'missing' if missing > 0 else 'too many'}"
        for number, each in found.items()
        if (missing := each["records"] - counted(each))
    ]
    return lines + [f"partition {number}: not of the range" for number in sorted(fates) if str(number) not in found]
