"""The list for users who have none yet: most clicked first, signed for nobody in particular."""

from __future__ import annotations

import numpy as np

from udfs.core.catalogue import open_at
from udfs.core.decision_token import Minting, mint
from udfs.core.interest import stranger_x
from udfs.core.policy import make_policy
from udfs.core.ranking import rank
from udfs.core.slate import payloads
from udfs.core.world import World


class PopularList:
    """Makes the list anew and says so when its order changed."""

    def __init__(self) -> None:
        self._policy = make_policy("popular")
        self._published: tuple[int, ...] | None = None
        self._as_of_ms = 0

    def changed(self, world: World, newest_ms: int) -> bytes:
        """Return the payload as of the newest event time seen so far, empty where its activities are as before.

        Activities with a rule or a cap are for known users only. Its version is (generation, time, policy version).
        """
        self._as_of_ms = max(self._as_of_ms, newest_ms)
        as_of_ms = np.array([self._as_of_ms])
        mask = open_at(world.catalogue, as_of_ms)
        mask &= np.array([not (each.rule or each.cap) for each in world.catalogue.activities], np.bool_)
        if not mask.any():
            return b""
        x = stranger_x()[None, :]
        ranked = rank(self._policy, world.known, x, mask, np.zeros(1, np.uint64), world.list_size, 0.0)
        chosen = tuple(world.catalogue.hashes[ranked.order[0][ranked.order[0] >= 0]].tolist())
        if chosen == self._published:
            return b""
        self._published = chosen
        seq = np.array([world.version + 1])
        token = mint(
            Minting(
                users=[""],
                generation=world.generation,
                as_of_ms=as_of_ms,
                seq=seq,
                encoder=world.encoder.version,
                policy=max(world.version, 0),
                eligible=ranked.eligible,
                exploration_permille=0,
                explored=ranked.explored,
                x=x,
                order=ranked.order,
                tags=world.tags.current,
                arms=np.zeros(1, np.int64),
                popular=True,
            ),
            world.attributing.keys,
        )
        version = world.encoder.version
        return payloads(world.catalogue, ranked.order, world.generation, as_of_ms, seq, version, token)[0]
