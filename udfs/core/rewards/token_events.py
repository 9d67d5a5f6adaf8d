"""Events that name their list by its token: what of them is new is fed to the learner, once.

The first event of an entry (a position of a list) makes its impression, a click before its impression too: it implies
one. Masks and flags then keep every kind of reward from counting twice. An impression weighs what its position weighed
when it was first heard of, in a cascade what the clicks above it say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tideline.schemas.errors import InvalidRecord, Reason
from tideline.schemas.events import Event, EventType
from tideline.udfs.core.hashing import activity_hash
from tideline.udfs.core.limits import MAX_POSITIONS
from tideline.udfs.core.lists.activity_tags import activity_tag
from tideline.udfs.core.lists.decision_token import check_position, verify
from tideline.udfs.core.rewards.feedback import Feedback
from tideline.udfs.core.rewards.join import JoinOutcome
from tideline.udfs.core.shown.marks import click_name, entry_of, mark_click, mark_dismissal, mark_impression
from tideline.udfs.core.shown.shown_state import CLICKED, UNLEARNED, Reward, ShownList

if TYPE_CHECKING:
    from tideline.udfs.core.lists.decision_token import Token
    from tideline.udfs.core.rewards.attribution_settings import AttributionSettings, Cascade
    from tideline.udfs.core.rewards.conversions import Conversions
    from tideline.udfs.core.shown.remembered import Remembered
    from tideline.udfs.core.shown.shown_state import ListKey

_MOST_S = 0xFFFFFFFF
_IMPRESSION, _CLICK = int(EventType.IMPRESSION), int(EventType.CLICK)
_CONVERSION, _DISMISS = int(EventType.CONVERSION), int(EventType.DISMISS)
_TAKEN = frozenset((_IMPRESSION, _CLICK, _CONVERSION, _DISMISS))


class ShownDecision(NamedTuple):
    """A first impression: its token, the activity and position, when and to whom. Becomes a decision record."""

    user: str
    activity_id: str
    position: int
    shown_ms: int
    token: Token


class TokenEvents:
    """Takes in one user's events with a token; what came of them is in `feedback` and the other attributes."""

    def __init__(
        self, state: Remembered, settings: AttributionSettings, conversions: Conversions, *, learns: bool
    ) -> None:
        """Work on a state in place; conversions are handed on. `learns`: see `attribute`."""
        self._state, self._settings, self._conversions, self._learns = state, settings, conversions, learns
        self._verified: dict[str, Token] = {}  # what is shown together names one list: 4 us each but for the first
        self.feedback: list[Feedback] = []
        self.decisions: list[ShownDecision] = []
        self.applied = self.newest_ms = 0
        """See Attributed."""

    def take(self, event: Event, text: str) -> JoinOutcome:
        """Apply an event that names its list by a token.

        Raises InvalidRecord: the token cannot be read, is not ours for this user, or had not that activity there; or
        it is of a type that means nothing here.
        """
        if event.type not in _TAKEN:
            raise InvalidRecord(Reason.UNKNOWN_TYPE, f"type={event.type} with a token; allowed: {sorted(_TAKEN)}")
        activity_id = event.activity_id or ""
        token = self._verified.get(text)
        if token is None:
            token = self._verified[text] = verify(text, event.user_id, self._settings.keys)
        tag = activity_tag(activity_id, self._settings.keys.secrets[token.key_id])
        position = check_position(token, tag, event.position)
        if activity_id not in self._settings.reward_value:
            return JoinOutcome.UNKNOWN_ACTIVITY
        outcome = self._entry(token, position, event, activity_id)
        if event.ts_ms > self.newest_ms and outcome is not JoinOutcome.LATE and outcome is not JoinOutcome.EXPIRED:
            self.newest_ms = event.ts_ms
        self.applied += outcome is JoinOutcome.MATCHED
        return outcome

    def _entry(self, token: Token, position: int, event: Event, activity_id: str) -> JoinOutcome:
        key = token.key
        if event.type == _CLICK:
            self._mark_click(key, position, event, activity_id)
        lists, reward = self._state.lists, self._state.reward(key, position)
        if reward is not None and reward.activity != activity_hash(activity_id):
            self._obey(event, activity_id)
            return JoinOutcome.LATE  # of another list with the version of this one
        known = lists.get(key)
        page = known if known is not None or reward is None else reward.page
        passed_s = max(event.ts_ms - token.version.as_of_ms, 0) // 1000
        shown_s = min(passed_s if page is None else page.shown_s, passed_s, _MOST_S)
        if event.ts_ms - token.version.as_of_ms - 1000 * shown_s > self._settings.window_ms:
            self._obey(event, activity_id)
            return JoinOutcome.EXPIRED
        if known is None and len(lists) >= self._settings.max_lists and key < lists.key_at(0):
            return self._of_forgotten_list(reward, event, activity_id)
        known = known or self._new_list(key, self._is_unlearned(token, reward))
        if known.unlearned != token.unlearned:
            token = token._replace(unlearned=known.unlearned)
        if shown_s < known.shown_s:
            self._conversions.holders_may_change()
        known.shown_s = shown_s
        self._see(known, token, position, event, activity_id)
        return self._apply(known, reward, token, position, event, activity_id)

    def _of_forgotten_list(self, reward: Reward | None, event: Event, activity_id: str) -> JoinOutcome:
        self._obey(event, activity_id)
        if reward is not None and event.type == _CONVERSION:
            return self._conversions.report(reward, event, activity_id)
        return JoinOutcome.LATE

    def _obey(self, event: Event, activity_id: str) -> None:
        """Mark a dismissal: what somebody does not want to see stays away, though it may be too late to teach."""
        if event.type == _DISMISS:
            self.applied += mark_dismissal(self._state.marks.dismissed, activity_hash(activity_id), event.ts_ms)
            self.newest_ms = max(self.newest_ms, event.ts_ms)

    def _mark_click(self, key: ListKey, position: int, event: Event, activity_id: str) -> None:
        """Let a click count for caps, though it may be too late to teach."""
        clicks = activity_hash(click_name(activity_id))
        if clicks in self._settings.caps:
            mark_click(self._state.marks, clicks, entry_of(key, position), event.ts_ms)

    def _is_unlearned(self, token: Token, reward: Reward | None) -> bool:
        """Return whether a list that is not kept is not to be learned from: as was settled, where a reward knows."""
        if reward is not None:
            return bool(reward.flags & UNLEARNED)
        return not self._learns if token.popular else token.unlearned

    def _new_list(self, key: ListKey, unlearned: bool) -> ShownList:
        cascade = self._settings.weighing(key[-1]).cascade if key[-1] else self._settings.cascade
        if len(self._state.lists) >= self._settings.max_lists:
            self._state.drop_oldest_list()
        discount = 0 if cascade is None else cascade.examination_discount
        known = ShownList(key, 0, cascade=discount, unlearned=unlearned)
        self._state.add_list(known)
        return known

    def _see(self, known: ShownList, token: Token, position: int, event: Event, activity_id: str) -> None:
        """Count an entry's impression at its first event."""
        is_first = not known.seen >> position & 1
        activity = activity_hash(activity_id)
        if activity in self._settings.caps:
            mark_impression(self._state.marks, activity, entry_of(known.key, position), event.ts_ms, is_first)
        if not is_first:
            return
        known.seen |= 1 << position
        self.decisions.append(ShownDecision(event.user_id, activity_id, position, event.ts_ms, token))
        self._feed(token, position, activity_id, self._weight(known, position), impressions=1)

    def _weight(self, known: ShownList, position: int) -> int:
        if known.cascade:
            return known.cascade if position > known.first_click else 0
        place = known.key[-1]
        settings = self._settings.weighing(place) if place else self._settings
        return settings.examination_discount[position]

    def _apply(
        self, known: ShownList, reward: Reward | None, token: Token, position: int, event: Event, activity_id: str
    ) -> JoinOutcome:
        bit, kind = 1 << position, event.type
        if kind == _IMPRESSION:
            is_first = not known.impressed & bit
            known.impressed |= bit
            return JoinOutcome.MATCHED if is_first else JoinOutcome.DUPLICATE
        if kind == _DISMISS:
            self._obey(event, activity_id)
            return self._dismiss(known, position, token, activity_id)
        if known.spent & bit and reward is None:
            return JoinOutcome.LATE
        reward = reward or self._new_reward(known, token, position, activity_id)
        if kind == _CLICK:
            return self._click(known, reward, token, event, activity_id)
        return self._conversions.report(reward, event, activity_id)

    def _dismiss(self, known: ShownList, position: int, token: Token, activity_id: str) -> JoinOutcome:
        if known.dismissed >> position & 1:
            return JoinOutcome.DUPLICATE
        known.dismissed |= 1 << position
        self._feed(token, position, activity_id, dismissals=1)
        return JoinOutcome.MATCHED

    def _new_reward(self, known: ShownList, token: Token, position: int, activity_id: str) -> Reward:
        rewards = self._state.rewards  # with them the context of a list is read
        if not known.x:
            known.encoder, known.x = token.encoder, token.x
        flags = UNLEARNED if known.unlearned else 0
        reward = rewards[known.key, position] = Reward(known, position, activity_hash(activity_id), flags)
        return reward

    def _click(self, known: ShownList, reward: Reward, token: Token, event: Event, activity_id: str) -> JoinOutcome:
        is_first = not reward.flags & CLICKED
        if is_first or event.ts_ms < reward.clicked_ms:
            reward.clicked_ms = event.ts_ms
            self._conversions.holders_may_change()
        if not is_first:
            return JoinOutcome.DUPLICATE
        reward.flags |= CLICKED
        self._feed(token, reward.position, activity_id, clicks=1)
        former, known.first_click = known.first_click, min(known.first_click, reward.position)
        if known.cascade and (cascade := self._settings.weighing(token.placement).cascade) is not None:
            self._weigh_below(known, former, token, cascade)
        return JoinOutcome.MATCHED

    def _weigh_below(self, known: ShownList, former: int, token: Token, cascade: Cascade) -> None:
        """Count the impressions anew that stand below a list's first click and did not before."""
        for position in range(known.first_click + 1, min(former + 1, MAX_POSITIONS)):
            name = cascade.tags.name(token.key_id, token.tag_at(position))
            if known.seen >> position & 1 and name is not None:
                self._feed(token, position, name, impressions=-1)
                self._feed(token, position, name, known.cascade, impressions=1)

    def _feed(
        self,
        token: Token,
        position: int,
        activity_id: str,
        examination_discount: int = 0,
        *,
        impressions: int = 0,
        clicks: int = 0,
        dismissals: int = 0,
    ) -> None:
        pair, unlearned = token.pair_at(position), int(token.unlearned)
        variant = token.variant_at(position)[0] if token.variants else 0
        told = impressions, clicks, 0, dismissals, 0, examination_discount, pair, unlearned, variant
        self.feedback.append(Feedback(activity_id, token.encoder, token.version.as_of_ms, token.x, *told))
