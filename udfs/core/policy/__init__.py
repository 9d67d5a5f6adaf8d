"""Ranking policies: one module each, one interface."""

from udfs.core.policy.article import Article
from udfs.core.policy.base import Policy, Scores
from udfs.core.policy.epsilon_greedy import EpsilonGreedy
from udfs.core.policy.linucb import LinUCB
from udfs.core.policy.popular import Popular
from udfs.core.policy.thompson import Thompson

__all__ = ["POLICIES", "Policy", "Scores", "make_policy"]

POLICIES: dict[str, type[Policy]] = {
    policy.name: policy for policy in (LinUCB, Article, EpsilonGreedy, Thompson, Popular)
}
"""Every policy by its name in the configuration."""


def make_policy(name: str, alpha: float) -> Policy:
    """Return the policy of that name; `alpha` scales its exploration bonus.

    Raises:
        KeyError: no policy has that name.
    """
    return POLICIES[name](alpha)
