"""From impressions, clicks, conversions and dismissals to rewards, each counted once, in whatever order they come.

A decision token proves what was shown and in which context, so the first event of an entry (a place of a list) makes
its impression, a click before its impression too: it implies one. Masks and flags then keep every kind of reward from
counting twice. A conversion has the worth that was reported last: a later report replaces an earlier one, by the
difference. Everything counts at the time of the list, which its token says, so sums by time do not depend on the order
of arrival, nor on what a visitor says the time is. An impression weighs what its place weighed when it was first heard
of, in a cascade what the clicks above it say. What has no token is a claim (claims.py).
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from udfs.core.claims import assign, take, worth
from udfs.core.decision_token import MAX_SLOTS, check_slot, verify
from udfs.core.errors import InvalidEvent
from udfs.core.events import Event, EventType
from udfs.core.feedback import Feedback
from udfs.core.hashing import activity_hash, hash64
from udfs.core.join import Join
from udfs.core.marks import entry_of, mark_dismissal, mark_impression, trim
from udfs.core.shown_state import (
    ASSUMED,
    CLICKED,
    CONVERSION,
    CONVERTED,
    NO_VALUE,
    PURCHASE,
    REPORTED,
    TOLD,
    Claim,
    Reward,
    ShownList,
    decode_shown,
    encode_shown,
    worth_of,
)
from udfs.core.slot_tags import slot_tag

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from udfs.core.activity import Cap
    from udfs.core.decision_token import Token, TokenKeys
    from udfs.core.slot_tags import SlotTags

MAX_LISTS = 32
"""Lists of a user of which impressions are remembered, the newest; what comes of an older one is late."""
MAX_REWARDS = 64
"""Clicked or converted entries of a user that are remembered; inside the window as long as there are no more."""
_SPARE_REWARDS = 8
"""So many are kept though their attribution window is over."""
WORTH_LIMIT = 10_000.0


class Attributing(NamedTuple):
    """Whose tokens count, how long an entry can be rewarded, what items are about, what places weigh."""

    keys: TokenKeys
    window_ms: int
    reward_value: Mapping[str, float]
    """Worth of a conversion that reports none, by activity id: the catalogue."""
    names: Mapping[int, str]
    """Ids of the same activities by activity_hash."""
    wanted: Mapping[int, frozenset[int]]
    """By activity_hash of an item, those of the activities that name it."""
    caps: Mapping[int, tuple[int, int]]
    """(most impressions, window_ms) of a user, by activity_hash, where there is a cap."""
    worth_limit: float = WORTH_LIMIT
    """Largest worth of one conversion, either side of 0; what is reported beyond it is cut and counted."""
    overlooked: tuple[int, ...] = (0,) * MAX_SLOTS
    """By place, the hundredths by which an impression there counts less than a whole one."""
    cascade: Cascade | None = None
    """Weighs impressions below a click in the place of `overlooked`."""

    @classmethod
    def of(
        cls,
        keys: TokenKeys,
        window_ms: int,
        reward_value: Mapping[str, float],
        activities_of_item: Mapping[str, Sequence[str]],
        caps: Mapping[str, Cap] | None = None,
    ) -> Attributing:
        """Return the settings for a catalogue given by ids."""
        wanted = {activity_hash(item): frozenset(map(activity_hash, ids)) for item, ids in activities_of_item.items()}
        names = {activity_hash(name): name for name in reward_value}
        limits = {activity_hash(name): (cap.max_shown, cap.window_ms) for name, cap in (caps or {}).items()}
        return cls(keys, window_ms, reward_value, names, wanted, limits)


class Cascade(NamedTuple):
    """A list is read from the top until a click, and on from there by some (Guo, Liu and Wang 2009)."""

    overlooked: int
    """The hundredths by which an impression below its list's first click counts less than a whole one."""
    tags: SlotTags
    """Names a list's activities; an impression of one that is gone keeps the weight it has."""


class ShownDecision(NamedTuple):
    """A first impression: its token, the activity and slot, when and to whom. Becomes a decision record."""

    user: str
    activity_id: str
    slot: int
    shown_ms: int
    token: Token


class Attributed(NamedTuple):
    """Outcome for one user: what is remembered of him now, what was learned, what was shown, the fate of each event."""

    shown: bytes
    feedback: list[Feedback]
    decisions: list[ShownDecision]
    refused: list[tuple[int, InvalidEvent]]
    applied: int
    """Facts that were new: the same in the end for any order of the same events."""
    newest_ms: int
    """Time of the newest event that fits a list, 0 for none."""
    joined: Counter[Join]
    """How many events had which outcome; refused ones have none."""


def attribute(shown: bytes, events: Sequence[tuple[int, Event]], settings: Attributing) -> Attributed:
    """Apply one user's activity events and purchases, (record number, event), to what is remembered of him.

    With a token an event is applied, a duplicate, expired (later than `window_ms` after its list was first on screen)
    or late (of a list older than all MAX_LISTS that are kept); a dismissal is obeyed, by its mark, in any case. Without
    one, impressions and clicks teach nothing; a conversion or purchase is credited to the entry clicked last before it,
    of the same activity or one that names the item, inside the window. An entry converts once; its worth is that of its
    newest report with a value, else of its first purchase, else the activity's reward value.
    """
    ledger = _Ledger(shown, settings)
    for number, event in events:
        if event.token is not None and event.type != EventType.PURCHASE:
            ledger.with_token(number, event, event.token)
        elif event.type == EventType.PURCHASE or event.type == EventType.CONVERSION:
            ledger.claim(event)
        else:
            ledger.joined[Join.WITHOUT_TOKEN] += 1
    return ledger.outcome()


class _Ledger:
    """What is remembered of a user while events are applied to it, and what came of the events."""

    def __init__(self, shown: bytes, settings: Attributing) -> None:
        self._state = decode_shown(shown)
        self._settings = settings
        self._feedback: list[Feedback] = []
        self._decisions: list[ShownDecision] = []
        self._refused: list[tuple[int, InvalidEvent]] = []
        self._touched: list[Reward] = []
        self._claims: list[Claim] = []
        self._reassign = False
        self._applied = self._newest_ms = 0
        self.joined: Counter[Join] = Counter()

    def with_token(self, number: int, event: Event, text: str) -> None:
        """Apply an event that names its list."""
        activity_id = event.activity_id or ""
        try:
            token = verify(text, event.user_id, self._settings.keys)
            tag = slot_tag(activity_id, self._settings.keys.secrets[token.key_id])
            slot = check_slot(token, tag, event.position)
        except InvalidEvent as error:
            self._refused.append((number, error))
            return
        if activity_id not in self._settings.reward_value:
            self.joined[Join.UNKNOWN_ACTIVITY] += 1
            return
        self.joined[self._entry(token, slot, event, activity_id)] += 1

    def claim(self, event: Event) -> None:
        """Take in a purchase of an item that an activity names, or a conversion that does not name its list."""
        is_purchase = event.type == EventType.PURCHASE
        ref = activity_hash((event.item_id if is_purchase else event.activity_id) or "")
        if is_purchase:
            if ref not in self._settings.wanted:
                return
            value = None if event.price is None else event.price * (1 if event.quantity is None else event.quantity)
        else:
            if (event.activity_id or "") not in self._settings.reward_value:
                self.joined[Join.UNKNOWN_ACTIVITY] += 1
                return
            value = event.value
        milli = NO_VALUE if value is None else self._milli(value)
        kind = PURCHASE if is_purchase else CONVERSION
        claim = Claim(hash64(event.event_id), event.ts_ms, ref, milli, kind)
        is_new = take(self._state, claim)
        self._reassign = self._reassign or is_new is not None
        if is_new:
            self._claims.append(claim)
        else:
            self.joined[Join.LATE if is_new is None else Join.DUPLICATE] += 1

    def outcome(self) -> Attributed:
        """Settle what conversions are worth, forget what need not be kept, and return what happened."""
        if self._reassign:
            settings = self._settings
            self._touched += assign(self._state, settings.window_ms, settings.names, settings.wanted)
        for claim in self._claims:
            self.joined[self._fate(claim)] += 1
        for reward in {id(each): each for each in self._touched}.values():
            self._settle(reward)
        self._forget()
        return Attributed(
            encode_shown(self._state),
            self._feedback,
            self._decisions,
            self._refused,
            self._applied,
            self._newest_ms,
            self.joined,
        )

    def _entry(self, token: Token, slot: int, event: Event, activity_id: str) -> Join:
        key = token.generation, token.as_of_ms, token.seq
        lists, reward = self._state.lists, self._state.rewards.get((key, slot))
        known = lists.get(key)
        passed_s = max(event.ts_ms - token.as_of_ms, 0) // 1000
        first_s = passed_s if known is None and reward is None else (known or reward).shown_s  # type: ignore[union-attr]
        shown_s = min(first_s, passed_s, 0xFFFFFFFF)
        if event.ts_ms - token.as_of_ms - 1000 * shown_s > self._settings.window_ms:
            self._obey(event, activity_id)
            return Join.EXPIRED
        if known is None and len(lists) >= MAX_LISTS and key < min(lists):
            outcome = self._of_forgotten_list(reward, event, activity_id)
        else:
            known = known or self._new_list(token)
            known.shown_s = shown_s
            self._see(known, token, slot, event, activity_id)
            outcome = self._apply(known, reward, token, slot, event, activity_id)
        if outcome is not Join.LATE:
            self._newest_ms = max(self._newest_ms, event.ts_ms)
        self._applied += outcome is Join.MATCHED
        return outcome

    def _of_forgotten_list(self, reward: Reward | None, event: Event, activity_id: str) -> Join:
        self._obey(event, activity_id)
        if reward is not None and event.type == EventType.CONVERSION:
            return self._report(reward, event, activity_id)
        return Join.LATE

    def _obey(self, event: Event, activity_id: str) -> None:
        """Mark a dismissal: what somebody does not want to see stays away, though it may be too late to teach."""
        if event.type == EventType.DISMISS:
            self._applied += mark_dismissal(self._state.marks, activity_hash(activity_id), event.ts_ms)
            self._newest_ms = max(self._newest_ms, event.ts_ms)

    def _new_list(self, token: Token) -> ShownList:
        lists, cascade = self._state.lists, self._settings.cascade
        if len(lists) >= MAX_LISTS:
            del lists[min(lists)]
        known = ShownList(token.as_of_ms, 0, token.seq, token.generation)
        known.cascade = 0 if cascade is None else cascade.overlooked
        lists[known.key] = known
        return known

    def _see(self, known: ShownList, token: Token, slot: int, event: Event, activity_id: str) -> None:
        """Count an entry's impression at its first event, and tell its list's rewards when it was first on screen."""
        for reward in self._state.rewards.values():
            if reward.list_key == known.key:
                reward.shown_s = known.shown_s
        is_first = not known.seen >> slot & 1
        activity = activity_hash(activity_id)
        if activity in self._settings.caps:
            mark_impression(self._state.marks, activity, entry_of(known.key, slot), event.ts_ms, is_first)
        if not is_first:
            return
        known.seen |= 1 << slot
        self._decisions.append(ShownDecision(event.user_id, activity_id, slot, event.ts_ms, token))
        self._feed(token, activity_id, impressions=1, overlooked=self._weight(known, slot))

    def _weight(self, known: ShownList, slot: int) -> int:
        if known.cascade:
            return known.cascade if slot > known.first_click else 0
        return self._settings.overlooked[slot]

    def _apply(
        self, known: ShownList, reward: Reward | None, token: Token, slot: int, event: Event, activity_id: str
    ) -> Join:
        bit = 1 << slot
        if event.type == EventType.CONVERSION:
            return self._report(reward or self._new_reward(token, slot, activity_id), event, activity_id)
        if event.type == EventType.CLICK:
            return self._click(known, reward or self._new_reward(token, slot, activity_id), token, event, activity_id)
        if event.type == EventType.DISMISS:
            self._obey(event, activity_id)
            if known.dismissed & bit:
                return Join.DUPLICATE
            known.dismissed |= bit
            self._feed(token, activity_id, dismissals=1)
            return Join.MATCHED
        if known.impressed & bit:
            return Join.DUPLICATE
        known.impressed |= bit
        return Join.MATCHED

    def _new_reward(self, token: Token, slot: int, activity_id: str) -> Reward:
        key = token.generation, token.as_of_ms, token.seq
        reward = Reward(
            as_of_ms=token.as_of_ms,
            shown_s=self._state.lists[key].shown_s,
            seq=token.seq,
            generation=token.generation,
            encoder=token.encoder,
            activity=activity_hash(activity_id),
            slot=slot,
            flags=0,
            clicked_ms=0,
            told_ms=0,
            told_milli=0,
            counted_milli=0,
            x=token.x,
        )
        self._state.rewards[key, slot] = reward
        return reward

    def _click(self, known: ShownList, reward: Reward, token: Token, event: Event, activity_id: str) -> Join:
        is_first = not reward.flags & CLICKED
        if is_first or event.ts_ms < reward.clicked_ms:
            reward.clicked_ms = event.ts_ms
            self._reassign = self._reassign or bool(self._state.claims)
        if not is_first:
            return Join.DUPLICATE
        reward.flags |= CLICKED
        self._feed(token, activity_id, clicks=1)
        former, known.first_click = known.first_click, min(known.first_click, reward.slot)
        if known.cascade and self._settings.cascade is not None:
            self._weigh_below(known, former, token, self._settings.cascade)
        return Join.MATCHED

    def _weigh_below(self, known: ShownList, former: int, token: Token, cascade: Cascade) -> None:
        """Count the impressions anew that stand below a list's first click and did not before."""
        for slot in range(known.first_click + 1, min(former + 1, MAX_SLOTS)):
            name = cascade.tags.name(token.key_id, token.tag_at(slot))
            if known.seen >> slot & 1 and name is not None:
                self._feed(token, name, impressions=-1)
                self._feed(token, name, impressions=1, overlooked=known.cascade)

    def _report(self, reward: Reward, event: Event, activity_id: str) -> Join:
        """Take in a conversion with its token, which may replace what was reported before."""
        if event.value is None:
            source, milli = ASSUMED, self._milli(self._settings.reward_value[activity_id])
        else:
            source, milli = REPORTED, self._milli(event.value)
        is_first, rank = not reward.flags & TOLD, worth_of(source, event.ts_ms, milli)
        reward.flags |= TOLD
        if rank <= reward.told:
            return Join.MATCHED if is_first else Join.DUPLICATE if rank == reward.told else Join.SUPERSEDED
        reward.tell(source, event.ts_ms, milli)
        self._touched.append(reward)
        return Join.MATCHED if is_first else Join.REVISED

    def _fate(self, claim: Claim) -> Join:
        if claim.kind == PURCHASE:
            return Join.UNCLAIMED if claim.holder is None else Join.BOUGHT
        if claim.holder is not None:
            return Join.INFERRED
        clicked = any(each.activity == claim.ref and each.flags & CLICKED for each in self._state.rewards.values())
        return Join.EXPIRED if clicked else Join.DANGLING

    def _settle(self, reward: Reward) -> None:
        """Feed back what a conversion is worth more or less than what was fed before."""
        activity_id = self._settings.names.get(reward.activity)
        if activity_id is None:
            return
        assumed = self._milli(self._settings.reward_value[activity_id])
        milli = worth(reward, self._state.claims.values(), assumed)
        before = reward.flags & CONVERTED > 0
        change = (milli or 0) - reward.counted_milli
        if before != (milli is not None) or change:
            self._feedback.append(
                Feedback(
                    activity_id=activity_id,
                    encoder=reward.encoder,
                    ts_ms=reward.as_of_ms,
                    x=reward.x,
                    conversions=int(milli is not None) - int(before),
                    revenue_milli=change,
                )
            )
        reward.counted_milli = milli or 0
        reward.flags = reward.flags & ~CONVERTED | (CONVERTED if milli is not None else 0)

    def _forget(self) -> None:
        """Drop the oldest rewards that are too many: first those whose window is over, claims on them too."""
        rewards = self._state.rewards
        newest_ms = max([self._newest_ms, *(key[1] for key in self._state.lists)])
        for key in sorted(rewards, key=lambda key: (rewards[key].clicked_ms, key)):
            over = newest_ms - rewards[key].shown_ms > self._settings.window_ms
            if len(rewards) <= _SPARE_REWARDS or not (over or len(rewards) > MAX_REWARDS):
                continue
            if not over:
                self.joined[Join.CROWDED] += 1
            gone = rewards.pop(key)
            for claim in [each for each in self._state.claims.values() if each.holder is gone]:
                del self._state.claims[claim.id]
        trimmed = trim(self._state.marks, self._settings.caps)
        for outcome, times in ((Join.MERGED, trimmed.merged), (Join.CROWDED, trimmed.forgotten)):
            if times:
                self.joined[outcome] += times

    def _milli(self, worth: float) -> int:
        limit = self._settings.worth_limit
        if not -limit <= worth <= limit:
            self.joined[Join.CUT] += 1
        return round(max(-limit, min(limit, worth)) * 1000)

    def _feed(self, token: Token, activity_id: str, overlooked: int = 0, **counts: int) -> None:
        self._feedback.append(
            Feedback(
                activity_id=activity_id,
                encoder=token.encoder,
                ts_ms=token.as_of_ms,
                x=token.x,
                overlooked=overlooked,
                **counts,
            )
        )
