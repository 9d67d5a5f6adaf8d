"""All that was learned, in memory: what a publication costs is then what has changed, not what is known.

Every number kept beside the sums is a function of them alone: whole numbers added up, or solved anew where the sums
they are of have changed. So a learner that was restarted publishes the same bytes.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tideline.udfs.core.learning.change_detection import verdict
from tideline.udfs.core.learning.foretelling import Foretelling
from tideline.udfs.core.learning.intake import Refusal, admit, may_be_wrong, take
from tideline.udfs.core.learning.learning import (
    BUCKET,
    BUCKETS_PER_HALF_LIFE,
    NO_SUMS,
    NUMBERS,
    as_rows,
    forget,
    increments,
    merge,
    without_nothing,
)
from tideline.udfs.core.learning.sharing.pair_parts import Arms, PairParts
from tideline.udfs.core.learning.solving import Counts, counts_of, decayed_numbers, whole_of
from tideline.udfs.core.policies.arm_key import GONE_ID, ArmKey
from tideline.udfs.core.rewards.feedback import TAKEN_BACK

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from numpy.typing import NDArray

    from tideline.udfs.core.learning.change_detection import Changes
    from tideline.udfs.core.learning.learning import Decay
    from tideline.udfs.core.pairs.pair_solving import SharedPairs

_NOTHING = np.zeros(NUMBERS, np.int64)


class Learned(NamedTuple):
    """What feedback has changed: the rows that count by arm, what was set aside, and arms that were forgotten."""

    rows: dict[ArmKey, NDArray[Any]]
    refused: Counter[Refusal]
    forgotten: list[ArmKey]


class Retired(NamedTuple):
    """Arms that were dropped, and what the deleted ones of an encoder now come to, as the arm GONE_ID."""

    arms: list[ArmKey]
    together: dict[ArmKey, NDArray[Any]]


class Knowledge:
    """Sums by arm, what they come to, and where clicks have changed."""

    def __init__(self, sums: Mapping[ArmKey, NDArray[Any]], decay: Decay, newest: int | None = None) -> None:
        # Of a half-life that was changed and changed back, sums may be newer than the newest bucket that was kept.
        last = max((int(each["bucket"][-1]) for each in sums.values() if each.size), default=0)
        self.decay, self.newest = decay, 0 if newest is None else max(newest, last)
        self._begun = newest is not None
        self.sums: dict[ArmKey, NDArray[Any]] = {}
        self._whole: dict[ArmKey, NDArray[np.int64]] = {}
        self._arms: dict[str, dict[int, ArmKey]] = {}
        """By activity, its arm under each encoder."""
        self._totals: dict[int, NDArray[Any]] = {}
        self._foretelling = Foretelling(decay)
        self._pairs = PairParts()
        self._gone: dict[int, NDArray[Any]] = {}
        """By encoder, what is known of deleted activities, as one."""
        kept = {arm: forget(each, decay, self.newest) for arm, each in sums.items()}
        for encoder in sorted({arm.encoder for arm in kept}):
            self._totals[encoder] = merge(each for arm, each in kept.items() if arm.encoder == encoder)
        self._gone = {arm.encoder: kept.pop(arm) for arm in list(kept) if arm.activity_id == GONE_ID}
        for arm, each in kept.items():
            self._put(arm, each)
        self._foretelling.compare(kept, self.sums, self.newest)

    def learn(self, ids: Sequence[str], rows: NDArray[Any]) -> Learned:
        """Add the feedback that can be right."""
        rows, newest, refused = admit(ids, rows, self.decay, self.newest if self._begun else None)
        forgotten = self._grow_old(newest)
        before = set(self.sums)
        found = self._add(ids, rows, refused)
        self._foretelling.compare((arm for arm in found if arm in self.sums), self.sums, self.newest)
        forgotten += sorted(before - self.sums.keys())
        return Learned(found, +refused, [arm for arm in forgotten if arm not in self.sums])

    def _add(self, ids: Sequence[str], rows: NDArray[Any], refused: Counter[Refusal]) -> dict[ArmKey, NDArray[Any]]:
        owners = rows["encoder"].astype(np.int64) * len(ids) + rows["activity"]
        order = np.argsort(owners, kind="stable")
        rows, owners = rows[order], owners[order]
        first = np.flatnonzero(np.diff(owners, prepend=-1))
        parts = np.split(rows, first[1:]) if rows.size else []
        arms = [ArmKey(owner // len(ids), ids[owner % len(ids)]) for owner in owners[first].tolist()]
        doubtful = may_be_wrong(rows, first)
        plain = np.repeat(~doubtful, np.diff(first, append=rows.size))
        those, news = increments(rows[plain], owners[plain], self.decay, self.newest)
        gained = dict(zip(owners[first][~doubtful].tolist(), _split(those, as_rows(news)), strict=True))
        encoders = those // len(ids)
        more = {encoder: [_sums(as_rows(news)[encoders == encoder])] for encoder in set(encoders.tolist())}
        found = {}
        for arm, owner, mine in zip(arms, owners[first].tolist(), parts, strict=True):
            if owner in gained:
                self._gain(arm, gained[owner])
                found[arm] = mine
                continue
            added = take(self.sums.get(arm, NO_SUMS), mine, self.decay, self.newest)
            refused += added.refused
            if added.rows.size:
                found[arm] = added.rows
                alone = increments(added.rows, np.zeros(added.rows.size, np.int64), self.decay, self.newest)[1]
                more.setdefault(arm.encoder, []).append(alone)
                if added.sums.size:
                    self._put(arm, added.sums)
                elif arm in self.sums:
                    self._drop(arm)
        takes_back = bool((rows["unlearned"] == TAKEN_BACK).any())
        takes_back = takes_back and any((each["unlearned"] == TAKEN_BACK).any() for each in found.values())
        for encoder, sums in more.items():
            self._totals[encoder] = merge([self._totals.get(encoder, NO_SUMS), *sums])
            if takes_back:
                self._totals[encoder] = without_nothing(self._totals[encoder])
                if not self._totals[encoder].size:
                    del self._totals[encoder]
        return found

    def _gain(self, arm: ArmKey, news: NDArray[np.int64]) -> None:
        """Add increments by rising bucket, as rows of numbers; most often they are of the newest bucket alone."""
        before = self.sums.get(arm)
        if before is None or not before.size or len(news) > 1 or before["bucket"][-1] != news[0, 0]:
            self._put(arm, _plus(NO_SUMS if before is None else before, news))
            return
        numbers = as_rows(before).copy()
        numbers[-1, 1:] += news[0, 1:]
        self.sums[arm] = _sums(numbers)
        whole = self._whole[arm].copy()
        whole[1:] += news[0, 1:]
        self._whole[arm] = whole

    def _put(self, arm: ArmKey, sums: NDArray[Any]) -> None:
        self.sums[arm] = sums
        self._whole[arm] = whole_of(sums)
        self._foretelling.solve_again(arm)
        self._arms.setdefault(arm.activity_id, {})[arm.encoder] = arm

    def _drop(self, arm: ArmKey) -> None:
        del self.sums[arm], self._whole[arm]
        self._foretelling.drop(arm)
        arms = self._arms[arm.activity_id]
        del arms[arm.encoder]
        if not arms:
            del self._arms[arm.activity_id]

    def retire(self, listed: AbstractSet[str], window_ms: int) -> Retired:
        """Put what is known of activities that are not listed together, where no feedback of their lists can come.

        That is when all of an arm is older than `window_ms` seen from the newest bucket: by the time of feedback alone.
        What all activities come to stays the same to the bit, and a row that comes later still finds its way there.
        """
        oldest = self.newest - -(-window_ms * BUCKETS_PER_HALF_LIFE // self.decay.unit_ms)
        gone = sorted(self._arms.keys() - listed)
        every = [arm for activity in gone for arm in self._arms[activity].values()]
        arms = [arm for arm in every if not (self.sums[arm]["bucket"] >= oldest).any()]
        encoders = sorted({arm.encoder for arm in arms})
        for encoder in encoders:
            those = [self.sums[arm] for arm in arms if arm.encoder == encoder]
            self._gone[encoder] = merge([self._gone.get(encoder, NO_SUMS), *those])
        for arm in arms:
            self._drop(arm)
        return Retired(arms, {ArmKey(encoder, GONE_ID): self._gone[encoder] for encoder in encoders})

    def _grow_old(self, newest: int) -> list[ArmKey]:
        """Forget what is too old seen from a new bucket; return the arms of which nothing is left."""
        if self._begun and newest == self.newest:
            return []
        self.newest, self._begun = newest, True
        self._totals = {encoder: forget(each, self.decay, newest) for encoder, each in self._totals.items()}
        self._gone = {encoder: forget(each, self.decay, newest) for encoder, each in self._gone.items()}
        gone = []
        for arm, each in list(self.sums.items()):
            kept = forget(each, self.decay, newest)
            if kept.size:
                self._put(arm, kept)
                continue
            gone.append(arm)
            self._drop(arm)
        self._foretelling.begin_anew()
        self._foretelling.compare(self.sums, self.sums, newest)
        return gone

    def changes(self) -> Changes:
        """Return where clicks have changed."""
        return verdict(self._foretelling.ratios, self.decay)

    def encoders(self) -> list[int]:
        """Return the encoder versions of which something is known."""
        return sorted(self._totals)

    def in_use(self) -> list[int]:
        """Return the encoder versions that lists were made with of late."""
        return [encoder for encoder in self.encoders() if (self._totals[encoder]["bucket"] >= self.newest - 1).any()]

    def activities(self) -> list[str]:
        """Return the ids of which something is known under any encoder, rising."""
        return sorted(self._arms)

    def impressions(self) -> Counter[str]:
        """Return the impressions by activity, in hundredths."""
        found: Counter[str] = Counter()
        for arm, whole in self._whole.items():
            found[arm.activity_id] += int(whole[1])
        return found

    def together(self, encoder: int, decay: Decay) -> tuple[NDArray[np.float64], Counts]:
        """Return what all activities come to under an encoder, and count under all others."""
        others = merge(each for other, each in self._totals.items() if other != encoder)
        own, theirs = decayed_numbers([self._totals.get(encoder, NO_SUMS), others], decay, self.newest)
        return own, counts_of(theirs)

    def solve_shared(self, changed: Changes) -> SharedPairs:
        """Return what all pairs share, from every arm under every encoder and what is known of deleted activities."""
        sums = self.sums | {ArmKey(encoder, GONE_ID): each for encoder, each in self._gone.items() if each.size}
        arms = sorted(sums)
        impressions = np.array([int(self._whole_of(arm)[1]) for arm in arms], np.int64)
        fading = {arm: how for arm in filter(changed.may_fade, arms) if (how := changed.weighing(arm)).fading}
        every = Arms(arms, [sums[arm] for arm in arms], impressions, fading.keys())

        def numbers_of(some: Sequence[ArmKey]) -> NDArray[np.float64]:
            found = np.array([self._whole_of(arm) for arm in some], np.float64).reshape(len(some), NUMBERS)
            late = [at for at, arm in enumerate(some) if arm in fading]
            found[late] = self._faded([sums[some[at]] for at in late], [fading[some[at]] for at in late])
            return found

        total = decayed_numbers([merge(self._totals.values())], changed.weighing(), self.newest)[0]
        return self._pairs.shared(every, numbers_of, counts_of(total))

    def _whole_of(self, arm: ArmKey) -> NDArray[np.int64]:
        return whole_of(self._gone[arm.encoder]) if arm.activity_id == GONE_ID else self._whole[arm]

    def decayed_numbers(
        self, encoder: int, activities: Sequence[str], changed: Changes
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the numbers of some activities under an encoder, and those under all others, [K, NUMBERS] each."""
        own = np.empty((len(activities), NUMBERS))
        others = np.zeros((len(activities), NUMBERS))
        fading, how = [], []
        for at, activity in enumerate(activities):
            arm = ArmKey(encoder, activity)
            if changed.may_fade(arm) and (weighing := changed.weighing(arm)).fading:
                fading.append(at)
                how.append(weighing)
                continue
            arms = self._arms.get(activity, {})
            own[at] = self._whole.get(arm, _NOTHING)
            if len(arms) > (encoder in arms):
                others[at] = sum((self._whole[each] for key, each in arms.items() if key != encoder), start=_NOTHING)
        if fading:
            arms_of = [self._arms.get(activities[at], {}) for at in fading]
            mine = [self.sums.get(ArmKey(encoder, activities[at]), NO_SUMS) for at in fading]
            others_of = [[self.sums[arm] for key, arm in arms.items() if key != encoder] for arms in arms_of]
            theirs = [merge(parts) if parts else NO_SUMS for parts in others_of]
            own[fading], others[fading] = self._faded(mine, how), self._faded(theirs, how)
        return own, others

    def _faded(self, every: Sequence[NDArray[Any]], how: Sequence[Decay]) -> NDArray[np.float64]:
        """Return the numbers of each of some sums, weighed as it is said for each [K, NUMBERS]."""
        found = np.empty((len(every), NUMBERS))
        for decay in sorted(set(how)):
            those = [at for at, each in enumerate(how) if each == decay]
            found[those] = decayed_numbers([every[at] for at in those], decay, self.newest)
        return found


def _split(owners: NDArray[np.int64], sums: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    first = np.flatnonzero(np.diff(owners, prepend=-1))
    return np.split(sums, first[1:]) if owners.size else []


def _plus(before: NDArray[Any], news: NDArray[np.int64]) -> NDArray[Any]:
    """Return the sum of sums and increments."""
    if before.size and before["bucket"][-1] < news[0, 0]:
        return _sums(np.concatenate([as_rows(before), news]))
    return merge([before, _sums(news)])


def _sums(numbers: NDArray[np.int64]) -> NDArray[Any]:
    return numbers.view(BUCKET)[:, 0]
