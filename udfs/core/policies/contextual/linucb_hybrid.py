"""LinUCB with a shared part (Li et al. 2010, algorithm 2): the policy of the disjoint one, on other rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from tideline.udfs.core.policies.base import ALPHA, RIDGE
from tideline.udfs.core.policies.contextual.linucb import LinUCB
from tideline.udfs.core.policies.regression import Regression, Sharing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tideline.udfs.core.policies.parameters import Parameter


class LinUCBHybrid(LinUCB):
    """score = z'beta + x'theta + alpha sqrt(s), z the products of context and activity features (hybrid.py).

    For one activity z is linear in x, so mean and s are x'(..) and x'(..)x: its row holds these and is scored as the
    disjoint policy's is. A new activity starts from the shared part.
    """

    name: ClassVar[str] = "linucb_hybrid"
    parameters: ClassVar[Mapping[str, Parameter]] = {
        "alpha": ALPHA._replace(default=0.4),
        "ridge": RIDGE._replace(default=10.0),
        "shared_ridge": RIDGE._replace(default=0.25, low=0.25, doc="the same for the effects that activities share"),
    }

    @property
    def regression(self) -> Regression:
        """See Policy.regression."""
        return Regression(self.values["ridge"], Sharing.HYBRID, self.values["shared_ridge"])
