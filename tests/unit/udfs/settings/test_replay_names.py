"""What a replay calls its own."""

from __future__ import annotations

from itertools import product

from tideline.schemas.topics import Topics
from tideline.udfs.settings.replay_names import replay_names


def test_no_two_replays_share_keys_or_a_group() -> None:
    """Contract: whatever prefixes, groups and names are, as long as none holds an @, which options refuse."""
    odd = ("a", "a-b", "b", "a.b", "-b", ".", "..", "a_b", "tideline", "monday", "monday-2")
    found = [replay_names(name, own, own, Topics()) for own, name in product(odd, odd)]
    assert len({each.namespace for each in found}) == len({each.group for each in found}) == len(odd) ** 2
    assert not {each.namespace for each in found} & set(odd)


def test_topics_can_be_anothers() -> None:
    """Contract: what belongings.py is for: Kafka allows no sign that would tell a name's parts apart."""
    eu = replay_names("monday", "t", "g", Topics().with_suffix("-eu"))
    assert eu.topics == replay_names("eu-monday", "t", "g", Topics()).topics
