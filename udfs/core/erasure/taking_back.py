"""What a user's lists taught, taken back: rows of feedback that are the exact opposite of those that were given.

Sums are whole numbers, so what is taken back leaves them as if it had never been given. State knows which entries were
seen, clicked and worth what; in which context and with which pair, the list's token does. Without it only what
conversions were worth can be taken back. A list that was taken back is from then on one that is not learned from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tideline.udfs.core.limits import MAX_POSITIONS
from tideline.udfs.core.rewards.feedback import TAKEN_BACK, Feedback
from tideline.udfs.core.shown.remembered import Remembered
from tideline.udfs.core.shown.shown_state import CLICKED, CONVERTED, UNLEARNED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tideline.udfs.core.lists.activity_tags import ActivityTags
    from tideline.udfs.core.lists.decision_token import Token
    from tideline.udfs.core.rewards.attribution_settings import AttributionSettings
    from tideline.udfs.core.shown.shown_state import Reward, ShownList


def take_back_list(
    shown: bytes, token: Token, tags: ActivityTags, settings: AttributionSettings
) -> tuple[bytes, list[Feedback]]:
    """Return what is remembered of a user and the opposite of what one of his lists taught, by its verified token.

    Nothing of a list that is not kept or not learned from, of an activity that is gone, or of an entry whose reward was
    forgotten. Impressions weigh what their places weigh now: exact unless that was changed by command since.
    """
    state = Remembered(shown)
    page = state.lists.get(token.key)
    if page is None or page.unlearned:
        return shown, []
    names = tags.names_on(token.key_id, token.tags)
    feedback: list[Feedback] = []
    for position in range(min(token.positions(), MAX_POSITIONS)):
        name, bit = names[position], 1 << position
        if name is None or not page.seen & bit:
            continue
        reward = state.reward(page.key, position)
        if page.spent & bit and reward is None:
            continue
        clicked = reward is not None and bool(reward.flags & CLICKED)
        feedback.append(_opposite(page, token, position, name, settings, clicked=clicked))
        if reward is not None:
            if reward.flags & CONVERTED:
                feedback.append(_opposite_worth(reward, name))
            reward.flags |= UNLEARNED
    page.unlearned = True
    return state.encode(), feedback


def take_back_worth(shown: bytes, names: Mapping[int, str]) -> list[Feedback]:
    """Return the opposite of what a user's conversions taught, as far as their lists were not taken back."""
    if not shown:
        return []
    rewards = Remembered(shown).rewards.values()
    counted = [each for each in rewards if each.flags & CONVERTED and not each.flags & UNLEARNED]
    return [_opposite_worth(each, names[each.activity]) for each in counted if each.activity in names]


def _opposite(
    page: ShownList, token: Token, position: int, name: str, settings: AttributionSettings, *, clicked: bool
) -> Feedback:
    if page.cascade:
        discount = page.cascade if position > page.first_click else 0
    else:
        discount = settings.weighing(page.key[-1]).examination_discount[position]
    return Feedback(
        activity_id=name,
        encoder=token.encoder,
        ts_ms=token.version.as_of_ms,
        x=token.x,
        impressions=-1,
        clicks=-int(clicked),
        dismissals=-(page.dismissed >> position & 1),
        examination_discount=discount,
        pair=token.pair_at(position),
        unlearned=TAKEN_BACK,
    )


def _opposite_worth(reward: Reward, name: str) -> Feedback:
    return Feedback(
        activity_id=name,
        encoder=reward.page.encoder,
        ts_ms=reward.page.as_of_ms,
        x=reward.page.x,
        conversions=-1,
        revenue_milli=-reward.counted_milli,
        unlearned=TAKEN_BACK,
    )
