"""The options that a ranker's state was made with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tideline.schemas.errors import ConfigError
from tideline.schemas.topics import Topics
from tideline.udfs.core.profiles.kept_profile import PROFILE_VERSION
from tideline.udfs.core.users.user_state import STATE_VERSION
from tideline.udfs.operators.kept.deployment import Deployment
from tideline.udfs.settings.job_config import JobConfig
from tideline.udfs.settings.restart import kept_options

CONFIG = JobConfig(bootstrap="b:1", redis_url="redis://h", encoder=Path(), token_keys={1: b"k" * 32})


class Context:
    """Broadcast state in memory."""

    def __init__(self) -> None:
        self.entries: dict[str, str] = {}
        self.writes = 0

    def get_broadcast_state(self, descriptor: Any) -> Context:
        """The one state there is."""
        return self

    def get(self, key: str) -> str | None:
        """A kept option."""
        return self.entries.get(key)

    def contains(self, key: str) -> bool:
        """Whether an option was kept."""
        return key in self.entries

    def put(self, key: str, value: str) -> None:
        """Keep an option."""
        self.entries[key] = value
        self.writes += 1


def test_options_are_kept_once_and_the_same_ones_are_taken() -> None:
    """Contract: state without options is that of the first start; each restart of the same job goes on."""
    context, first = Context(), Deployment(CONFIG)
    first.check(context)
    first.keep(context)
    first.keep(context)
    formats = {
        "format of user state": str(STATE_VERSION),
        "format of profiles in user state": str(PROFILE_VERSION),
    }
    assert context.entries == kept_options(CONFIG) | formats
    assert context.writes == len(context.entries)
    Deployment(replace(CONFIG, list_size=5, generation=2)).check(context)


@pytest.mark.parametrize("changed", [replace(CONFIG, shards=16), replace(CONFIG, topics=Topics(clickstream="other"))])
def test_an_option_that_state_hangs_on_may_not_change(changed: JobConfig) -> None:
    context = Context()
    Deployment(CONFIG).keep(context)
    with pytest.raises(ConfigError, match="with which the state was made"):
        Deployment(changed).check(context)


@pytest.mark.parametrize("what", ["user state", "profiles in user state"])
def test_users_of_another_format_are_refused_before_the_first_of_them_comes_by(what: str) -> None:
    """Contract: by its name and both versions; a state that does not say its formats is taken."""
    context = Context()
    Deployment(CONFIG).keep(context)
    former = int(context.entries[f"format of {what}"]) - 1
    context.entries[f"format of {what}"] = str(former)
    with pytest.raises(ConfigError, match=f"state='{what} of version {former}' cannot be used; allowed: version"):
        Deployment(CONFIG).check(context)
    del context.entries[f"format of {what}"]
    Deployment(CONFIG).check(context)
