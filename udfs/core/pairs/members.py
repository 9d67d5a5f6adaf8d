"""What belongs to what, for many at once: of each of N wholes its members."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Members(NamedTuple):
    """Members of N wholes, one behind the other."""

    members: NDArray[np.int64]
    starts: NDArray[np.int64]
    """[N]: where those of each begin."""
    sizes: NDArray[np.int64]
    most: int
    """How many one has at most."""

    def expand(self, wholes: NDArray[np.integer[Any]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return all members of some wholes, and for each the place of its whole among these."""
        sizes = self.sizes[wholes]
        if self.most == 1:  # as nearly always: half the steps
            of = np.flatnonzero(sizes)
            return of, self.members[self.starts[wholes[of]]]
        of = np.repeat(np.arange(wholes.size), sizes)
        inside = np.arange(of.size) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        return of, self.members[self.starts[wholes[of]] + inside]


def members_of(whole: NDArray[np.integer[Any]], member: NDArray[np.int64], wholes: int) -> Members:
    """Return the members of `wholes` wholes from pairs of a whole and a member."""
    sizes = np.bincount(whole, minlength=wholes)
    order = np.argsort(whole, kind="stable")
    return Members(member[order], np.cumsum(sizes) - sizes, sizes, int(sizes.max(initial=0)))
