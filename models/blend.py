"""What comes next by what came next: the network's probabilities of items mixed with those of training's own sequences.

    P = sum_k w_k P_k,  sum_k w_k = 1

P_k of `PARTS`: the network; the votes of the sequences most like this one (`VectorSessionKnn`); what followed the last
items (`Markov`); the newest item again, the one before it, an older one. Where a part has nothing to say, its weight is
the network's. The network knows what is like what, the sequences know what went with what, which is more where there
are many items and little about each.

The weights are those that make the held-out events likeliest, with the parts fitted on the other events: expectation
maximisation, which finds the one best mixture from any start. It is offline only, as all of the head is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tideline.models.baselines.context import items_before
from tideline.models.baselines.markov import Markov
from tideline.models.baselines.vsknn import VectorSessionKnn
from tideline.models.data import Sequences, owners
from tideline.models.sequences import hashes_of
from tideline.udfs.core.users.features import known_index

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

PARTS = ("network", "sessions", "moves", "newest", "second", "older")
BACK = 20
OLDER_DECAY = 0.8
ROUNDS = 200
"""Of expectation maximisation."""
FEWEST = 300
"""Held-out targets below which the network stays alone."""
NETWORK_MORE = 0.02
"""Share of the targets that the network is credited with beside them: it alone gives every item some probability."""
LEAST = 1e-12
"""Probability of what no part gives any."""


@dataclass(frozen=True, slots=True)
class Past:
    """Training's sequences without anybody's name, the one that ended last at the end."""

    hashes: NDArray[np.uint32]
    """[N] of the items' names, rising."""
    item: NDArray[np.int32]
    """[E] places in `hashes`."""
    starts: NDArray[np.int64]
    """[S + 1]"""

    @classmethod
    def of(cls, data: Sequences, chosen: NDArray[np.bool_], most: int) -> Past:
        """Return the chosen events [E] that have an item, of the sequences that ended last: about `most` events."""
        names = hashes_of(data.item_names)[:-1]
        rows = np.flatnonzero(chosen & (data.item >= 0))
        owner = owners(data)[rows]
        last = np.zeros(data.names.size, np.int64)
        last[owner] = data.ts_ms[rows]  # of equal places the last one stays
        by_end = rows[np.lexsort((rows, owner, last[owner]))][-most:]
        hashes = names[data.item[by_end]]
        known = np.unique(hashes)
        owner = owners(data)[by_end]
        starts = np.flatnonzero(np.concatenate([[True], owner[1:] != owner[:-1]])[: owner.size])
        return cls(known, np.searchsorted(known, hashes).astype(np.int32), np.append(starts, owner.size))

    @classmethod
    def from_head(cls, head: Mapping[str, NDArray[Any]]) -> Past:
        """Return what `to_head` gave."""
        return cls(head["past_hashes"], head["past_item"], head["past_starts"])

    def to_head(self) -> dict[str, NDArray[Any]]:
        """Return it as arrays of head.npz."""
        return {"past_hashes": self.hashes, "past_item": self.item, "past_starts": self.starts}

    def sequences(self) -> Sequences:
        """Return it as training sequences, for baselines: times only say which one ended later."""
        count, size = self.starts.size - 1, self.item.size
        nothing = np.full(size, -1)
        return Sequences(
            starts=self.starts,
            names=np.full(count, "", dtype=object),
            item=self.item.astype(np.int64),
            category=nothing,
            type=np.zeros(size, np.uint8),
            ts_ms=np.repeat(np.arange(count), np.diff(self.starts)),
            price=np.zeros(size, np.float32),
            quantity=np.zeros(size, np.int64),
            item_names=np.full(self.hashes.size, "", dtype=object),
            category_names=np.zeros(0, dtype=object),
        )


class Blend:
    """The parts but the network, fitted on a past."""

    def __init__(self, past: Past) -> None:
        train = past.sequences()
        self.items = past.hashes.size
        self._hashes = past.hashes
        self._sessions, self._moves = VectorSessionKnn(train), Markov(train)

    def told(self, data: Sequences) -> Sequences:
        """Return events with the items' places in the past; -1 for one that it does not have."""
        return replace(data, item=self.places(data.item_names)[data.item])

    def places(self, names: NDArray[np.object_]) -> NDArray[np.int64]:
        """Return the place of each name in the past, -1 where it is not there, and -1 at the end for index -1."""
        found: NDArray[np.int64] = known_index(hashes_of(names), self._hashes) - 1
        return found

    def mixed(
        self, told: Sequences, rows: NDArray[np.int64], weights: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return what all parts but the network give to each item [B, items], and the weight that it has [B]."""
        found, left = np.zeros((rows.size, self.items)), np.ones(rows.size)
        before = items_before(told, rows, BACK)
        for weight, part in zip(weights[1:3].tolist(), self._fitted(told, rows, before), strict=True):
            found += weight * part
            left -= weight * (part.sum(axis=1) > 0.0)
        for weight, shares in zip(weights[3:].tolist(), repeats(before), strict=True):
            row, at = np.nonzero(shares)
            np.add.at(found, (row, before[row, at]), weight * shares[row, at])
            left -= weight * shares.any(axis=1)
        return found, left

    def of_targets(self, told: Sequences, rows: NDArray[np.int64], network: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the probability [B, parts] that each part gives to the event `rows` [B]; `network` is its own [B]."""
        target, before = told.item[rows], items_before(told, rows, BACK)
        found = [network]
        for part in self._fitted(told, rows, before):
            own = np.where(target >= 0, part[np.arange(rows.size), target], 0.0)
            found.append(np.where(part.sum(axis=1) > 0.0, own, network))
        for shares in repeats(before):
            own = (shares * (before == target[:, None])).sum(axis=1)
            found.append(np.where(shares.any(axis=1), own, network))
        return np.stack(found, axis=1)

    def _fitted(
        self, told: Sequences, rows: NDArray[np.int64], before: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the probabilities [B, items] by sessions and by moves; 0 in a row where a part has nothing to say."""
        known = (before >= 0).any(axis=1)[:, None]
        return _shares(self._sessions.votes(told, rows)), self._moves.scores(told, rows) * known


def repeats(before: NDArray[np.int64]) -> tuple[NDArray[np.float64], ...]:
    """Return how likely each event before [B, BACK], newest first, comes again, by newest, second and older."""
    known = (before >= 0).astype(np.float64)
    older = known * OLDER_DECAY ** np.arange(BACK)
    newest, second = np.zeros_like(known), np.zeros_like(known)
    newest[:, 0], second[:, 1] = known[:, 0], known[:, 1]
    older[:, :2] = 0.0
    return newest, second, _shares(older)


def best_weights(chances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weights [parts] of the mixture under which targets with `chances` [B, parts] are likeliest."""
    weights = np.full(chances.shape[1], 1.0 / chances.shape[1])
    for _ in range(ROUNDS):
        credit = chances * weights
        credit /= np.maximum(credit.sum(axis=1, keepdims=True), LEAST)
        weights = credit.sum(axis=0)
        weights[0] += NETWORK_MORE * chances.shape[0]
        weights /= max(float(weights.sum()), LEAST)
    return weights


def _shares(values: NDArray[np.float64]) -> NDArray[np.float64]:
    total = values.sum(axis=1, keepdims=True)
    shares: NDArray[np.float64] = values / np.where(total > 0.0, total, 1.0)
    return shares
