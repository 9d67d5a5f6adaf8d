"""Contract: topics that merely have a replay's names are not taken for its own (on a broker: test_drop.py)."""

from __future__ import annotations

import pytest

from tideline.schemas.topics import Topics
from tideline.scripts.replays.belongings import taken, written_there
from tideline.udfs.settings.replay_names import replay_names

_LIVE = Topics()
_EVERY = set(_LIVE.by_role().values())


def test_only_the_three_that_a_replay_may_write_are_looked_at() -> None:
    """Contract: exact names; one that is longer, shorter or of another role is none."""
    names = replay_names("monday", "tideline", "tideline", _LIVE)
    others = {"decisions-monday-2", "decisions-eu-monday", "xdecisions-monday", "clickstream-monday", "decisions"}
    assert written_there(others | _EVERY, names) == {}
    assert written_there({"decisions-monday", *others}, names) == {"decisions": "decisions-monday"}


@pytest.mark.parametrize("role", ["clickstream", "profiles", "activities", "control", "erasures"])
def test_a_deployment_whose_suffix_is_the_name_is_known_by_any_other_topic(role: str) -> None:
    """Contract: --suffix -monday makes topics of the names that a replay monday has, and five more."""
    names, its = replay_names("monday", "tideline", "tideline", _LIVE), _LIVE.with_suffix("-monday").by_role()
    written = {its[each] for each in ("policy", "decisions", "dead_letters")}
    assert not taken(written | _EVERY, _LIVE, names)
    assert taken(written | _EVERY | {its[role]}, _LIVE, names).startswith(f"{its[role]} is there too")


def test_the_live_jobs_own_topics_are_never_a_replays() -> None:
    """Contract: however oddly they were named."""
    live = Topics(policy="decisions-monday", decisions="decisions")
    assert taken(set(), live, replay_names("monday", "t", "g", live)) == "decisions-monday is the live job's"
