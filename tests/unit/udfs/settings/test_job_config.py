"""Contract: options are declared once, checked before submission, and no secret is printed."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest

from tideline.schemas.errors import ConfigError
from tideline.schemas.topics import Topics
from tideline.udfs.core.push.learned.push_settings import read_push
from tideline.udfs.settings.job_config import JobConfig, ReplayConfig, submitted_at
from tideline.udfs.settings.option_sources import describe, load

SECRET = "5e" * 32
KEYS = json.dumps({"1": SECRET})


def test_only_four_options_have_no_default(environ: dict[str, str]) -> None:
    config = load(JobConfig, [], environ)

    assert (config.batch_ms, config.shards, config.policy) == (50, 8, "pairs")
    assert config.topics == Topics()
    assert config.token_keys == {1: bytes.fromhex(SECRET)}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("name", "a b"),
        ("name", "a@b"),
        ("bootstrap", "broker"),
        ("prefix", "{x}"),
        ("start", "latest"),
        ("list_ttl_s", "1"),
        ("redis_deadline_s", "-1"),
        ("shards", "6"),
        ("shards", "2048"),
        ("shards", "8.0"),
        ("parallelism", "16"),
        ("batch_ms", "9"),
        ("batch_ms", "5001"),
        ("list_size", "17"),
        ("policy", "ucb"),
        ("policy", "linucb:alpha=nan"),
        ("policy", "linucb:beta=1"),
        ("exploration", "nan"),
        ("exploration", "0.256"),
        ("half_life_days", "inf"),
        ("generation", "65536"),
        ("encoder", "nowhere"),
        ("provider", "gpu"),
        ("token_key_id", "2"),
        ("topics", '{"clicks": "x"}'),
        ("topics", '{"control": ""}'),
        ("topics", '{"control": "a b"}'),
        ("topics", '{"control": ".."}'),
        ("topics", '{"control": "clickstream"}'),
    ],
)
def test_a_value_that_is_not_allowed_is_refused_by_name(environ: dict[str, str], key: str, value: str) -> None:
    """Contract: the error names key, value and what is allowed."""
    with pytest.raises(ConfigError, match=r"cannot be used; allowed: .+") as refused:
        load(JobConfig, ["--" + key.replace("_", "-"), value], environ)

    assert key in refused.value.key.replace("-", "_").strip("_")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("redis_url", "http://:hidden@h"),
        ("redis_url", "redis://:hidden@h:port"),
        ("token_keys", "[]"),
        ("token_keys", "{}"),
        ("token_keys", KEYS.replace("1", "256", 1)),
        ("token_keys", '{"1": "5e5e"}'),
        ("token_keys", '{"1": "not hex"}'),
        ("token_keys", "5e5e5e"),
        ("kafka_properties", "no equals sign hidden"),
        ("kafka_properties", '{"group.id": "hidden"}'),
    ],
)
def test_a_refused_secret_is_not_repeated(environ: dict[str, str], key: str, value: str) -> None:
    name = f"TIDELINE_{key.upper()}"

    with pytest.raises(ConfigError) as refused:
        load(JobConfig, [], environ | {name: value})

    assert (refused.value.key, refused.value.value) == (name, "***")
    assert "hidden" not in str(refused.value)


def test_a_holdout_has_a_salt_that_outlasts_token_secrets(environ: dict[str, str]) -> None:
    """Contract: made of a secret, who is held out would change when that one is retired; refused, and it says so."""
    holdout = environ | {"TIDELINE_HOLDOUT": "0.1"}
    with pytest.raises(ConfigError, match="salt=None cannot be used; allowed: a text of your own"):
        load(JobConfig, [], holdout)
    assert load(JobConfig, [], holdout | {"TIDELINE_SALT": "ours"}).holdout == 0.1


def test_who_is_never_sent_a_message_is_chosen_by_a_salt_that_outlasts_token_secrets(environ: dict[str, str]) -> None:
    """Contract: as for a holdout; without the option nothing is asked, and nobody is sent anything."""
    push = environ | {"TIDELINE_PUSH": '{"week": 2, "zones": ["UTC"]}'}
    with pytest.raises(ConfigError, match="salt=None cannot be used; allowed: a text of your own"):
        load(JobConfig, [], push)
    assert load(JobConfig, [], push | {"TIDELINE_SALT": "ours"}).push == read_push({"week": 2, "zones": ["UTC"]})
    assert load(JobConfig, [], environ).push is None


def test_an_erasure_is_remembered_for_as_long_as_lists_of_before_may_come_back(environ: dict[str, str]) -> None:
    """Contract: at least `attribution_days`; else a token of before would count once the mark is gone."""
    with pytest.raises(ConfigError, match=r"erased_days=6\.9 cannot be used; allowed: at least attribution_days, 7"):
        load(JobConfig, [], environ | {"TIDELINE_ERASED_DAYS": "6.9"})
    assert load(JobConfig, [], environ | {"TIDELINE_ERASED_DAYS": "7"}).erased_days == 7


def test_a_configuration_travels_to_the_operators(environ: dict[str, str]) -> None:
    """Contract: it can be pickled, for that is how Flink's Python functions get it."""
    config = load(JobConfig, [], environ)

    assert pickle.loads(pickle.dumps(config)) == config  # noqa: S301 - its own bytes


@pytest.mark.parametrize(
    "arguments",
    [
        {"from_ms": "5", "to_ms": "9", "policy_pin": "7"},
        {"from_ms": "5", "to_ms": "9", "policy_pin": str(2**40 - 1)},
        {"from_offsets": '{"0": 3, "1": 4}', "to_offsets": '{"0": 3, "1": 9}'},
    ],
)
def test_a_replay_has_one_range_and_keys_of_its_own(environ: dict[str, str], arguments: dict[str, str]) -> None:
    config = load(ReplayConfig, flags({"name": "july", **arguments}), environ)

    assert (config.namespace, config.consumer_group) == ("tideline@july", "tideline@july")
    assert config.output_topics.decisions == "decisions-july"
    assert config.makes_lists
    assert not load(ReplayConfig, flags({"name": "july", **arguments, "makes": "policy"}), environ).makes_lists
    assert config.topics.clickstream == "clickstream"


@pytest.mark.parametrize(
    ("arguments", "key"),
    [
        ({}, "from_ms, from_offsets"),
        ({"from_ms": 1}, "from_ms, to_ms"),
        ({"from_ms": 2, "to_ms": 2}, "to_ms"),
        ({"from_offsets": '{"0": 1}'}, "from_offsets, to_offsets"),
        ({"from_offsets": '{"0": 2}', "to_offsets": '{"0": 1}'}, "to_offsets"),
        ({"from_offsets": '{"0": 2}', "to_offsets": '{"1": 3}'}, "to_offsets"),
        ({"from_offsets": '{"0": 1.5}', "to_offsets": '{"0": 2}'}, "--from-offsets"),
        ({"from_ms": 1, "to_ms": 2, "from_offsets": '{"0": 1}', "to_offsets": '{"0": 2}'}, "from_ms, from_offsets"),
        ({"from_ms": 1, "to_ms": 2, "makes": "policy", "users": "1/2"}, "users"),
        ({"from_ms": 1, "to_ms": 2, "makes": "policy", "without": "caps"}, "without"),
    ],
)
def test_a_replay_whose_options_contradict_each_other_is_refused(
    environ: dict[str, str], arguments: dict[str, Any], key: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        load(ReplayConfig, flags({"name": "july", **arguments}), environ)

    assert refused.value.key == key


def test_who_is_asked_for_is_printed_by_number_alone(environ: dict[str, str]) -> None:
    """Contract: what a submission prints is kept in logs, and ids of users are none of theirs."""
    given = {"name": "july", "from_ms": 5, "to_ms": 9, "users": "anna,ben"}
    printed = describe(load(ReplayConfig, flags(given), environ))
    assert "users = 2 by name" in printed
    assert "anna" not in "".join(printed)


def flags(arguments: dict[str, Any]) -> list[str]:
    return [f"--{key.replace('_', '-')}={value}" for key, value in arguments.items()]


def test_each_submission_has_a_higher_epoch_unless_it_is_given(environ: dict[str, str]) -> None:
    """Contract: it is in the configuration that every restart of this submission has."""
    config = load(JobConfig, [], environ)
    assert [submitted_at(config, at).epoch for at in (5, 6)] == [5, 6]
    assert submitted_at(load(JobConfig, ["--epoch", "0"], environ), 7).epoch == 0
    assert submitted_at(config, 5).without_state == "refuse"
