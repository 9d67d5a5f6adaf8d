"""What a policy's text may say, and what a wrong one is told."""

from __future__ import annotations

import pytest

from tideline.schemas.errors import ConfigError
from tideline.udfs.core.policies.by_name import POLICIES, describe_policies, make_policy


@pytest.mark.parametrize(
    ("text", "key", "allowed"),
    [
        ("best", "policy", r"linucb \(alpha=0.7 \(0 to 10\), ridge="),
        ("linucb:beta=1", "policy.linucb.beta", "alpha=0.7"),
        ("linucb:alpha=0.1,alpha=0.2", "policy.linucb.alpha", "each once"),
        ("linucb:alpha=11", "policy.linucb.alpha", "numbers from 0 to 10"),
        ("thompson:ridge=0.5", "policy.thompson.ridge", "numbers from 1 to 1e\\+06"),
        ("kl_ucb:c=nan", "policy.kl_ucb.c", "numbers from 0 to 10"),
        ("popular:alpha=1", "policy.popular.alpha", "no parameters"),
    ],
)
def test_a_wrong_policy_names_key_value_and_what_is_allowed(text: str, key: str, allowed: str) -> None:
    with pytest.raises(ConfigError, match=allowed) as caught:
        make_policy(text)
    assert caught.value.key == key
    assert str(caught.value.value) in text


def test_every_parameter_is_set_and_described() -> None:
    for name, policy in POLICIES.items():
        given = {each: (of.low + of.high) / 2 for each, of in policy.parameters.items()}
        text = f"{name}:{','.join(f'{each}={value}' for each, value in given.items())}"
        assert make_policy(text).values == given
        assert all(f"{each}={of.default:g}" in describe_policies() for each, of in policy.parameters.items())
