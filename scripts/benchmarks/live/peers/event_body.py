"""What the jobs share that take one event of one user at a time: his state after it, and his list.

Encoder, ranker, token and list format are the live job's, called for one event at a time, or where a peer hands over
several lists at once, for those. They are spared what the live job does besides: validation, deduplication, order,
rules, caps, attribution, decision log and learning; and h is kept in the state, so that the encoder is stepped once an
event in place of encoding 31.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np

from tideline.models.encoder import Encoder
from tideline.schemas.events import FIRST_ACTIVITY_TYPE, Event
from tideline.udfs.core.catalogue.activity import Activity, decode_activity
from tideline.udfs.core.catalogue.catalogue import Catalogue, open_at
from tideline.udfs.core.counter_random import decision_seeds
from tideline.udfs.core.hashing import hash32, hashes64
from tideline.udfs.core.lists.activity_tags import ActivityTags
from tideline.udfs.core.lists.decision_token import mint, verify
from tideline.udfs.core.lists.ranked_lists import ListHeads, MadeBy, RankedLists
from tideline.udfs.core.lists.slate import payloads
from tideline.udfs.core.pairs.affinity import content_of
from tideline.udfs.core.pairs.pairs_of import strangers_pairs
from tideline.udfs.core.policies.base import Contexts
from tideline.udfs.core.policies.cold_start import coefficients
from tideline.udfs.core.policies.policy_table import PolicyTable
from tideline.udfs.core.ranking.list_form import ListForm
from tideline.udfs.core.ranking.ranking import rank
from tideline.udfs.core.users.features import step_inputs
from tideline.udfs.core.users.interest import quantise, stranger_x
from tideline.udfs.core.users.user_state import HISTORY
from tideline.udfs.io.kafka_cluster import KafkaCluster
from tideline.udfs.io.topic_reader import read_topic
from tideline.udfs.settings.rank_settings import rank_settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tideline.udfs.settings.job_config import JobConfig


def known_activities(config: JobConfig) -> list[Activity]:
    """Return the activities that the job's topic has now."""
    records = read_topic(KafkaCluster(config.bootstrap), config.topics.activities)
    found = [decode_activity(key, value) for _, key, value, _ in records]
    return [each for each in found if isinstance(each, Activity)]


class EventBody:
    """One event of one user in, his list out."""

    def __init__(self, config: JobConfig, activities: Iterable[Activity]) -> None:
        """Load the encoder; the activities are those that can be ranked."""
        self._settings = rank_settings(config)
        self._encoder = Encoder.load(config.encoder, "cpu")
        self._catalogue = Catalogue.of(activities)
        self._pairs = strangers_pairs(content_of(self._catalogue.activities))
        names = [each.activity_id for each in self._catalogue.activities]
        self._tags = ActivityTags.of(names, self._settings.keys)
        self._known = coefficients(PolicyTable(), self._catalogue, self._encoder.version, self._settings.weights)

    def stranger(self) -> SimpleNamespace:
        """Return what is kept of a user before his first event; of a class that every worker can unpickle."""
        h, x = np.zeros((1, self._encoder.hidden), np.float32), stranger_x()[None, :]
        return SimpleNamespace(events=[], h=h, x=x, as_of_ms=0, seq=0)

    def after(self, user: SimpleNamespace | None, event: Event) -> SimpleNamespace:
        """Return the user after an event of his, changed in place; None: it is his first."""
        user = user or self.stranger()
        if event.type >= FIRST_ACTIVITY_TYPE:
            verify(event.token or "", event.user_id, self._settings.keys)
        else:
            self._encode(user, event)
        user.as_of_ms = max(user.as_of_ms, event.ts_ms)
        user.seq += 1
        return user

    def _encode(self, user: SimpleNamespace, event: Event) -> None:
        before_ms = user.events[-1].ts_ms if user.events else event.ts_ms
        user.events = [*user.events, event][-HISTORY:]
        inputs = step_inputs(
            self._encoder.vocabulary,
            np.array([hash32(event.item_id) if event.item_id else 0], np.uint32),
            np.array([hash32(event.category) if event.category else 0], np.uint32),
            np.array([event.type], np.uint8),
            np.array([event.ts_ms - before_ms]),
            np.array([event.price or 0.0], np.float32),
            np.array([event.quantity or 0], np.float32),
        )
        user.h, x = self._encoder.step(inputs, user.h)
        user.x = quantise(x)

    def lists(self, names: Sequence[str], users: Sequence[SimpleNamespace]) -> list[bytes]:
        """Return the list of each user as he is, with what his version, token and ranking need of him."""
        settings, encoder, count = self._settings, self._encoder.version, len(names)
        x = np.concatenate([user.x for user in users])
        as_of_ms, seq = np.array([user.as_of_ms for user in users]), np.array([user.seq for user in users])
        mask = open_at(self._catalogue, as_of_ms)
        seeds = decision_seeds(hashes64(names), as_of_ms, seq, settings.salt)
        exploration = settings.exploration_permille / 1000
        # To work out what users and activities share is left out.
        contexts = Contexts(x, np.repeat(self._pairs[None, :], count, axis=0))
        ranked = rank(settings.policy, self._known, contexts, mask, seeds, ListForm(settings.list_size, exploration))
        lists = RankedLists(
            ListHeads(users=list(names), as_of_ms=as_of_ms, seq=seq, arms=np.zeros(count, np.int64)),
            MadeBy(
                generation=settings.generation,
                encoder=encoder,
                policy=0,
                exploration_permille=settings.exploration_permille,
            ),
            eligible=ranked.eligible,
            explored=ranked.explored,
            x=x,
            order=ranked.order,
            tags=self._tags.current,
            pairs=self._pairs[ranked.order],
        )
        return payloads(self._catalogue, lists, mint(lists, settings.keys))
