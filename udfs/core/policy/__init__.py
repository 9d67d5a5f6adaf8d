"""Ranking policies: one module each, one interface."""

from udfs.core.errors import ConfigError
from udfs.core.policy.article import Article
from udfs.core.policy.base import Policy, Scores
from udfs.core.policy.epsilon_greedy import EpsilonGreedy
from udfs.core.policy.kl_ucb import KLUCB
from udfs.core.policy.linucb import LinUCB
from udfs.core.policy.linucb_hybrid import LinUCBHybrid
from udfs.core.policy.parameters import describe_parameters, read_parameters
from udfs.core.policy.popular import Popular
from udfs.core.policy.softmax import Softmax
from udfs.core.policy.thompson import Thompson
from udfs.core.policy.ucb1_tuned import UCB1Tuned
from udfs.core.policy.ucb_v import UCBV

__all__ = ["POLICIES", "Policy", "Scores", "describe_policies", "make_policy"]

POLICIES: dict[str, type[Policy]] = {
    policy.name: policy
    for policy in (
        LinUCBHybrid,
        LinUCB,
        Thompson,
        EpsilonGreedy,
        Softmax,
        Article,
        KLUCB,
        UCBV,
        UCB1Tuned,
        Popular,
    )
}
"""Every policy by its name in the configuration."""


def make_policy(text: str) -> Policy:
    """Return the policy of a text such as "linucb" or "linucb:alpha=0.2,ridge=10".

    Raises:
        ConfigError: there is no such policy or parameter, or its value is out of range.
    """
    name, _, given = text.partition(":")
    policy = POLICIES.get(name.strip())
    if policy is None:
        raise ConfigError("policy", text, describe_policies())
    return policy(**read_parameters(f"policy.{policy.name}", given, policy.parameters))


def describe_policies() -> str:
    """Return every policy with its parameters, their defaults and ranges, in words."""
    each = (f"{name} ({describe_parameters(policy.parameters)})" for name, policy in POLICIES.items())
    return f"a policy, or policy:parameter=value,...: {'; '.join(each)}"
