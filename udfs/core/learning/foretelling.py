"""What arms' clicks say of a change, kept while their newest bucket grows.

What foretells the clicks of a bucket is solved from those before it, so it stays as it is until one of these changes:
a publication solves nothing for arms that have earned in their newest bucket alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tideline.udfs.core.learning.change_detection import foretold, foretold_again, ratios, tells

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from tideline.udfs.core.learning.change_detection import Foretold, Ratios
    from tideline.udfs.core.learning.learning import Decay
    from tideline.udfs.core.policies.arm_key import ArmKey


class Foretelling:
    """Log likelihood ratios by arm, a function of the sums alone."""

    def __init__(self, decay: Decay) -> None:
        """Nothing was compared yet."""
        self._decay = decay
        self.ratios: dict[ArmKey, Ratios] = {}
        self._kept: dict[ArmKey, Foretold] = {}

    def begin_anew(self) -> None:
        """Know nothing of any arm: the newest bucket of all is another."""
        self.ratios, self._kept = {}, {}

    def drop(self, arm: ArmKey) -> None:
        """Know nothing of an arm."""
        self.ratios.pop(arm, None)
        self._kept.pop(arm, None)

    def solve_again(self, arm: ArmKey) -> None:
        """Solve anew for an arm whose sums have changed in more than the last bucket, once it is compared."""
        self._kept.pop(arm, None)

    def compare(self, arms: Iterable[ArmKey], sums: Mapping[ArmKey, NDArray[Any]], newest: int) -> None:
        """Ask the sums of some arms anew whether clicks have changed; no bucket of theirs is behind the newest."""
        arms = list(arms)
        some = [arm for arm in arms if tells(sums[arm], self._decay, newest)]
        for arm in set(arms).difference(some):  # what told was taken back
            self.drop(arm)
        solved = [arm for arm in some if arm in self._kept and sums[arm].size > 1]
        anew = [arm for arm in some if arm not in self._kept]
        found = foretold_again([self._kept[arm] for arm in solved], [sums[arm] for arm in solved], newest)
        self._kept.update(zip(solved, found, strict=True))
        self._kept.update(zip(anew, foretold([sums[arm] for arm in anew], self._decay, newest), strict=True))
        every = [sums[arm] for arm in some]
        self.ratios.update(zip(some, ratios(every, [self._kept[arm] for arm in some]), strict=True))
