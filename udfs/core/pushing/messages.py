"""What users may be told of: activities of the kinds that are pushed, by what each is worth to send.

What sending adds is known of the user, not of the activity. So the best activity by the deployment's policy is worth
all of it, and another one less by what it is expected to earn less.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tideline.udfs.core.catalogue.catalogue import eligible
from tideline.udfs.core.hashing import hashes64
from tideline.udfs.core.pairs.pairs_of import pairs_of
from tideline.udfs.core.policies.base import Contexts
from tideline.udfs.core.policies.cold_start import scaled
from tideline.udfs.core.push.push_choice import Candidate
from tideline.udfs.core.push.push_user import KEPT_DAYS, MOST_PUSHES
from tideline.udfs.core.pushing.ways import channels_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tideline.udfs.core.catalogue.activity import Activity
    from tideline.udfs.core.policies.cold_start import Weights
    from tideline.udfs.core.push.learned.push_settings import PushSettings
    from tideline.udfs.core.pushing.ways import Channels
    from tideline.udfs.core.serving.offers.offers import Offers
    from tideline.udfs.core.serving.ranker_state import RankerState
    from tideline.udfs.core.users.user_state import UserBatch

MOST_CANDIDATES = 20
"""Of those that must not be sent, the best."""
_WORTH_UNIT = 2.0**24
_FOR_EVER = np.iinfo(np.int64).max


class PushOffers(NamedTuple):
    """The activities that are pushed: their numbers in the catalogue, and their terms with a value of 0."""

    numbers: NDArray[np.int64]
    terms: list[Candidate]
    ends_ms: NDArray[np.int64]
    channels: Channels | None = None
    """None where the deployment has none set up."""


class Messages(NamedTuple):
    """What each of N users may be told of, and until when each of that is shown, by its id."""

    candidates: list[list[Candidate]]
    until_ms: list[dict[str, int]]


def push_offers(offers: Offers, settings: PushSettings) -> PushOffers:
    """Return what a deployment pushes of what it offers."""
    some = [(at, each) for at, each in enumerate(offers.catalogue.activities) if settings.takes(each.kind)]
    numbers = np.array([at for at, _ in some], np.int64)
    channels = channels_of([each for _, each in some], settings)
    return PushOffers(numbers, [_terms(each) for _, each in some], offers.catalogue.ends_ms[numbers], channels)


def _terms(activity: Activity) -> Candidate:
    told = activity.parameters
    return Candidate(
        activity.activity_id,
        0,
        round(min(max(told.get("push_priority", 0.0), -1e9), 1e9)),
        must=told.get("push_must", 0.0) > 0.0,
        breaks_quiet=told.get("push_breaks_quiet", 0.0) > 0.0,
        most=round(min(max(told.get("push_most", MOST_PUSHES), 0.0), MOST_PUSHES)),
        days=round(min(max(told.get("push_days", KEPT_DAYS), 1.0), KEPT_DAYS)),
    )


def messages_for(
    ranker: RankerState, pushed: PushOffers, batch: UserBatch, users: Sequence[str], values: Sequence[int]
) -> Messages:
    """Return what the users of a batch may be told of, where sending the best is worth `values`, in 2^-24 worth.

    The batch is as its users may be ranked (`as_told`), its header says the moment of each.
    """
    if not (pushed.terms and users):
        return Messages([[] for _ in users], [{} for _ in users])
    rows, hashes = np.arange(len(users)), hashes64(users)
    may = eligible(ranker.catalogue, batch, rows, hashes)
    may.mask[:, ranker.stopped()] = False
    policy, x = ranker.settings.policy, np.ascontiguousarray(batch.header["x"])
    contexts = Contexts(x, pairs_of(ranker.offers.content, batch, rows))
    mean = policy.score(contexts, ranker.known_by(policy), may.mask.sum(axis=1), hashes).mean[:, pushed.numbers]
    mean = mean * _unscaled(ranker.weights)
    open_ = may.mask[:, pushed.numbers]
    until = np.broadcast_to(pushed.ends_ms, open_.shape)
    if may.until is not None:
        until = np.minimum(until, np.minimum(may.until[:, pushed.numbers], _FOR_EVER // 60_000) * 60_000)
    # Where all activities are over, lists go by an earlier moment, as a clock may be wrong; nobody is told of them.
    open_ = open_ & (until > batch.header["as_of_ms"][:, None])
    if pushed.channels is not None:
        open_ &= pushed.channels.reach(batch.profiles)
    must = np.array([each.must for each in pushed.terms])
    found, until_ms = [], []
    for row in rows.tolist():
        some = _some(mean[row], open_[row], must)
        found.append(_of_user(pushed, mean[row], some, values[row]))
        until_ms.append({pushed.terms[at].activity_id: int(until[row, at]) for at in some})
    return Messages(found, until_ms)


def _unscaled(weights: Weights) -> float:
    """Return the worth of a unit of a score by these weights."""
    return next((given / used for given, used in zip(weights, scaled(weights), strict=True) if used), 0.0)


def _some(mean: NDArray[np.float64], open_: NDArray[np.bool_], must: NDArray[np.bool_]) -> list[int]:
    """Return what a user may be told of, the best first: all that must be sent, and of the rest the best."""
    order = np.flatnonzero(open_)
    order = order[np.argsort(-mean[order], kind="stable")]
    has_to = must[order]
    kept = has_to | (np.cumsum(~has_to) <= MOST_CANDIDATES)
    return [int(at) for at in order[kept].tolist()]


def _of_user(pushed: PushOffers, mean: NDArray[np.float64], some: Sequence[int], value: int) -> list[Candidate]:
    less = np.rint((mean[some[:1]] - mean[some]) * _WORTH_UNIT).astype(np.int64).tolist() if some else []
    told = zip(map(pushed.terms.__getitem__, some), less, strict=True)
    # `_replace` takes 1.6 times as long.
    return [Candidate(each.activity_id, value - off, *each[2:]) for each, off in told]
