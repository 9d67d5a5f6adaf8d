"""All that was learned, in memory: what a publication costs is then what has changed, not what is known.

Every number kept beside the sums is a function of them alone: whole numbers added up, or solved anew where the sums
they are of have changed. So a learner that was restarted publishes the same bytes.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tideline.udfs.core.learning.change import ratios, tells, verdict
from tideline.udfs.core.learning.intake import Refusal, admit, may_be_wrong, take
from tideline.udfs.core.learning.learning import (
    BUCKET,
    BUCKETS_PER_HALF_LIFE,
    NO_SUMS,
    as_rows,
    forget,
    increments,
    merge,
)
from tideline.udfs.core.learning.solving import NUMBERS, Counts, counts_of, weighed, whole_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from numpy.typing import NDArray

    from tideline.udfs.core.learning.change import Changes
    from tideline.udfs.core.learning.learning import Forgetting

_NOTHING = np.zeros(NUMBERS, np.int64)
GONE = "~"
"""Stands for all deleted activities together in a name "encoder|activity"; no activity can be called so."""


class Learned(NamedTuple):
    """What feedback has changed: the rows that count by name, what was set aside, and names that were forgotten."""

    rows: dict[str, NDArray[Any]]
    refused: Counter[Refusal]
    forgotten: list[str]


class Retired(NamedTuple):
    """Names that were dropped, and what the deleted now come to, by name "encoder|~"."""

    names: list[str]
    together: dict[str, NDArray[Any]]


class Knowledge:
    """Sums by name "encoder|activity", what they come to, and where clicks have changed."""

    def __init__(self, sums: Mapping[str, NDArray[Any]], forgetting: Forgetting, newest: int | None = None) -> None:
        self.forgetting, self.newest = forgetting, newest or 0
        self._begun = newest is not None
        self.sums: dict[str, NDArray[Any]] = {}
        self._whole: dict[str, NDArray[np.int64]] = {}
        self._names: dict[str, dict[int, str]] = {}
        """By activity, its name under each encoder."""
        self._totals: dict[int, NDArray[Any]] = {}
        self._ratios: dict[str, float] = {}
        self._gone: dict[int, NDArray[Any]] = {}
        """By encoder, what is known of deleted activities, as one."""
        kept = {name: forget(each, forgetting, self.newest) for name, each in sums.items()}
        for encoder in sorted({encoder_of(name) for name in kept}):
            self._totals[encoder] = merge(each for name, each in kept.items() if encoder_of(name) == encoder)
        self._gone = {encoder_of(name): kept.pop(name) for name in list(kept) if activity_of(name) == GONE}
        for name, each in kept.items():
            self._put(name, each)
        self._compare(kept)

    def learn(self, ids: Sequence[str], rows: NDArray[Any]) -> Learned:
        """Add the feedback that can be right."""
        rows, newest, refused = admit(ids, rows, self.forgetting, self.newest if self._begun else None)
        forgotten = self._grow_old(newest)
        found = self._add(ids, rows, refused)
        self._compare(found)
        return Learned(found, +refused, [name for name in forgotten if name not in self.sums])

    def _add(self, ids: Sequence[str], rows: NDArray[Any], refused: Counter[Refusal]) -> dict[str, NDArray[Any]]:
        owners = rows["encoder"].astype(np.int64) * len(ids) + rows["activity"]
        order = np.argsort(owners, kind="stable")
        rows, owners = rows[order], owners[order]
        first = np.flatnonzero(np.diff(owners, prepend=-1))
        parts = np.split(rows, first[1:]) if rows.size else []
        names = [f"{owner // len(ids)}|{ids[owner % len(ids)]}" for owner in owners[first].tolist()]
        doubtful = may_be_wrong(rows, first)
        plain = np.repeat(~doubtful, np.diff(first, append=rows.size))
        those, news = increments(rows[plain], owners[plain], self.forgetting, self.newest)
        gained = dict(zip(owners[first][~doubtful].tolist(), _split(those, news), strict=True))
        found = {}
        for name, owner, mine in zip(names, owners[first].tolist(), parts, strict=True):
            before = self.sums.get(name, NO_SUMS)
            if owner in gained:
                self._put(name, _plus(before, gained[owner]))
                found[name] = mine
                continue
            added = take(before, mine, self.forgetting, self.newest)
            refused += added.refused
            if added.rows.size:
                self._put(name, added.sums)
                found[name] = added.rows
        for encoder in {encoder_of(name) for name in found}:
            kept = np.concatenate([each for name, each in found.items() if encoder_of(name) == encoder])
            _, more = increments(kept, np.zeros(kept.size, np.int64), self.forgetting, self.newest)
            self._totals[encoder] = merge([self._totals.get(encoder, NO_SUMS), more])
        return found

    def _put(self, name: str, sums: NDArray[Any]) -> None:
        self.sums[name] = sums
        self._whole[name] = whole_of(sums)
        self._names.setdefault(activity_of(name), {})[encoder_of(name)] = name

    def _drop(self, name: str) -> None:
        del self.sums[name], self._whole[name]
        self._ratios.pop(name, None)
        names = self._names[activity_of(name)]
        del names[encoder_of(name)]
        if not names:
            del self._names[activity_of(name)]

    def retire(self, listed: AbstractSet[str], window_ms: int) -> Retired:
        """Put what is known of activities that are not listed together, where no feedback of their lists can come.

        That is when all of a name is older than `window_ms` seen from the newest bucket: by the time of feedback alone.
        What all activities come to stays the same to the bit, and a row that comes later still finds its way there.
        """
        oldest = self.newest - -(-window_ms * BUCKETS_PER_HALF_LIFE // self.forgetting.unit_ms)
        gone = sorted(self._names.keys() - listed)
        every = [name for activity in gone for name in self._names[activity].values()]
        names = [name for name in every if not (self.sums[name]["bucket"] >= oldest).any()]
        encoders = sorted({encoder_of(name) for name in names})
        for encoder in encoders:
            those = [self.sums[name] for name in names if encoder_of(name) == encoder]
            self._gone[encoder] = merge([self._gone.get(encoder, NO_SUMS), *those])
        for name in names:
            self._drop(name)
        return Retired(names, {f"{encoder}|{GONE}": self._gone[encoder] for encoder in encoders})

    def _grow_old(self, newest: int) -> list[str]:
        """Forget what is too old seen from a new bucket; return the names of which nothing is left."""
        if self._begun and newest == self.newest:
            return []
        self.newest, self._begun = newest, True
        self._totals = {encoder: forget(each, self.forgetting, newest) for encoder, each in self._totals.items()}
        self._gone = {encoder: forget(each, self.forgetting, newest) for encoder, each in self._gone.items()}
        gone = []
        for name, each in list(self.sums.items()):
            kept = forget(each, self.forgetting, newest)
            if kept.size:
                self._put(name, kept)
                continue
            gone.append(name)
            self._drop(name)
        self._ratios = {}
        self._compare(self.sums)
        return gone

    def _compare(self, names: Iterable[str]) -> None:
        """Ask the sums of some names anew whether clicks have changed."""
        some = [name for name in names if tells(self.sums[name], self.forgetting, self.newest)]
        self._ratios.update(
            zip(some, ratios([self.sums[name] for name in some], self.forgetting, self.newest), strict=True)
        )

    def changes(self) -> Changes:
        """Return where clicks have changed."""
        return verdict(self._ratios, self.forgetting)

    def encoders(self) -> list[int]:
        """Return the encoder versions of which something is known."""
        return sorted(self._totals)

    def in_use(self) -> list[int]:
        """Return the encoder versions that lists were made with of late."""
        return [encoder for encoder in self.encoders() if (self._totals[encoder]["bucket"] >= self.newest - 1).any()]

    def activities(self) -> list[str]:
        """Return the ids of which something is known under any encoder, rising."""
        return sorted(self._names)

    def impressions(self) -> Counter[str]:
        """Return the impressions by activity, in hundredths."""
        found: Counter[str] = Counter()
        for name, whole in self._whole.items():
            found[activity_of(name)] += int(whole[1])
        return found

    def together(self, encoder: int, forgetting: Forgetting) -> tuple[NDArray[np.float64], Counts]:
        """Return what all activities come to under an encoder, and count under all others."""
        others = merge(each for other, each in self._totals.items() if other != encoder)
        own, theirs = weighed([self._totals.get(encoder, NO_SUMS), others], forgetting, self.newest)
        return own, counts_of(theirs)

    def weighed(self, encoder: int, activities: Sequence[str], changed: Changes) -> tuple[NDArray[np.float64], Counts]:
        """Return the numbers of some activities under an encoder [K, NUMBERS], and their counts under all others."""
        own = np.empty((len(activities), NUMBERS))
        others = np.empty((len(activities), NUMBERS))
        fading = []
        for at, activity in enumerate(activities):
            if changed.weighing(f"{encoder}|{activity}").fading and self.forgetting.half_life_ms:
                fading.append(at)
                continue
            names = self._names.get(activity, {})
            own[at] = self._whole.get(f"{encoder}|{activity}", _NOTHING)
            others[at] = sum((self._whole[name] for key, name in names.items() if key != encoder), start=_NOTHING)
        if fading:
            names_of = [self._names.get(activities[at], {}) for at in fading]
            mine = [self.sums.get(f"{encoder}|{activities[at]}", NO_SUMS) for at in fading]
            others_of = [[self.sums[name] for key, name in names.items() if key != encoder] for names in names_of]
            theirs = [merge(parts) if parts else NO_SUMS for parts in others_of]
            own[fading] = weighed(mine, self.forgetting, self.newest)
            others[fading] = weighed(theirs, self.forgetting, self.newest)
        return own, counts_of(others)


def encoder_of(name: str) -> int:
    """Return the encoder version in a name "encoder|activity"."""
    return int(name.split("|", 1)[0])


def activity_of(name: str) -> str:
    """Return the activity id in a name "encoder|activity"."""
    return name.split("|", 1)[1]


def _split(owners: NDArray[np.int64], sums: NDArray[Any]) -> list[NDArray[Any]]:
    first = np.flatnonzero(np.diff(owners, prepend=-1))
    return np.split(sums, first[1:]) if owners.size else []


def _plus(before: NDArray[Any], news: NDArray[Any]) -> NDArray[Any]:
    """Return the sum of two sums; most often the news are of the newest bucket alone."""
    if news.size == 1 and before.size and before["bucket"][-1] == news["bucket"][0]:
        found = before.copy()
        as_rows(found)[-1, 1:] += as_rows(news)[0, 1:]
        return found
    if before.size and before["bucket"][-1] < news["bucket"][0]:
        return np.concatenate([as_rows(before), as_rows(news)]).view(BUCKET)[:, 0]
    return merge([before, news])
