"""Ranking policies: one module each, one interface."""

from tideline.schemas.errors import ConfigError
from tideline.udfs.core.policies.base import Policy, Scores
from tideline.udfs.core.policies.contextual.chernoff_ucb import ChernoffUCB
from tideline.udfs.core.policies.contextual.epsilon_greedy import EpsilonGreedy
from tideline.udfs.core.policies.contextual.linucb import LinUCB
from tideline.udfs.core.policies.contextual.linucb_hybrid import LinUCBHybrid
from tideline.udfs.core.policies.contextual.pairs import Pairs
from tideline.udfs.core.policies.contextual.softmax import Softmax
from tideline.udfs.core.policies.contextual.thompson import Thompson
from tideline.udfs.core.policies.parameters import describe_parameters, read_parameters
from tideline.udfs.core.policies.rates.kl_ucb import KLUCB
from tideline.udfs.core.policies.rates.popular import Popular
from tideline.udfs.core.policies.rates.ucb1_tuned import UCB1Tuned
from tideline.udfs.core.policies.rates.ucb_v import UCBV

__all__ = ["POLICIES", "Policy", "Scores", "describe_policies", "make_policy"]

POLICIES: dict[str, type[Policy]] = {
    policy.name: policy
    for policy in (
        Pairs,
        LinUCBHybrid,
        LinUCB,
        Thompson,
        EpsilonGreedy,
        Softmax,
        ChernoffUCB,
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

    >>> make_policy("linucb:alpha=0.2").name, make_policy("popular").contextual
    ('linucb', False)
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
