"""Contract: options are declared once, checked before submission, and no secret is printed."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest

from tideline.jobs.config import main
from tideline.schemas.errors import ConfigError
from tideline.schemas.topics import Topics
from tideline.udfs.settings.job_config import JobConfig, ReplayConfig, submitted_at
from tideline.udfs.settings.option_page import page
from tideline.udfs.settings.option_sources import describe, load
from tideline.udfs.settings.options import options_of
from tideline.udfs.settings.restart import EFFECTS

SECRET = "5e" * 32
KEYS = json.dumps({"1": SECRET})


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "manifest.json").write_text("{}")
    return {
        "TIDELINE_BOOTSTRAP": "broker:9092",
        "TIDELINE_REDIS_URL": "redis://:hidden@cache:6379/0",
        "TIDELINE_TOKEN_KEYS": KEYS,
        "TIDELINE_ENCODER": str(tmp_path),
    }


def write(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


def test_only_four_options_have_no_default(environ: dict[str, str]) -> None:
    config = load(JobConfig, [], environ)

    assert (config.batch_ms, config.shards, config.policy) == (100, 8, "linucb")
    assert config.topics == Topics()
    assert config.token_keys == {1: bytes.fromhex(SECRET)}


def test_flags_win_over_the_environment_and_that_over_the_file(environ: dict[str, str], tmp_path: Path) -> None:
    """Contract: file < environment < flags, option by option."""
    path = write(tmp_path / "job.toml", 'batch_ms = 20\nexploration = 0.1\nsalt = "s"\n[topics]\ncontrol = "orders"\n')

    given = environ | {"TIDELINE_BATCH_MS": "30", "TIDELINE_EXPLORATION": "0.2"}
    config = load(JobConfig, ["--config", path, "--batch-ms", "40"], given)

    assert (config.batch_ms, config.exploration, config.salt) == (40, 0.2, "s")
    assert config.topics == Topics(control="orders")


@pytest.mark.parametrize("missing", ["BOOTSTRAP", "REDIS_URL", "TOKEN_KEYS", "ENCODER"])
def test_a_needed_option_that_is_missing_is_named(environ: dict[str, str], missing: str) -> None:
    del environ[f"TIDELINE_{missing}"]

    with pytest.raises(ConfigError, match=f"{missing.lower()}=None cannot be used.*no default"):
        load(JobConfig, [], environ)


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


@pytest.mark.parametrize(
    ("toml", "allowed"),
    [
        ("batch_mss = 3", "perhaps batch_ms was meant"),
        ("zzz = 3", "one of name, bootstrap"),
        ("batch_ms = true", "whole numbers"),
        ("batch_ms = 50.5", "whole numbers"),
        ("exploration = [1]", "numbers from"),
        ("policy = 1", "or policy:parameter=value"),
        ("batch_ms = ", "a readable TOML file"),
        ("redis_url = 6379", "a redis://"),
        ('redis_ur = "redis://:hidden@h"', "perhaps redis_url was meant"),
        ('redis_url = "redis://:hidden@h"', "TIDELINE_REDIS_URL"),
        ('redis_url = "redis://h?password=hidden"', "TIDELINE_REDIS_URL"),
        (f'[token_keys]\n1 = "{SECRET}"', "TIDELINE_TOKEN_KEYS"),
        ('[kafka_properties]\n"ssl.key.password" = "hidden"', "TIDELINE_KAFKA_PROPERTIES"),
    ],
)
def test_a_file_with_a_mistake_or_a_secret_is_refused(
    environ: dict[str, str], tmp_path: Path, toml: str, allowed: str
) -> None:
    """Contract: secrets come from the environment or a file of their own, never from what is shared."""
    with pytest.raises(ConfigError, match=allowed) as refused:
        load(JobConfig, ["--config", write(tmp_path / "job.toml", toml)], environ)

    assert "hidden" not in str(refused.value)


def test_secrets_are_read_from_files_of_their_own(environ: dict[str, str], tmp_path: Path) -> None:
    del environ["TIDELINE_REDIS_URL"], environ["TIDELINE_TOKEN_KEYS"]
    keys = write(tmp_path / "keys.json", KEYS + "\n")
    url = write(tmp_path / "url", "rediss://u:p@h\n")
    kafka = write(tmp_path / "client.properties", "security.protocol=SSL\n# comment\nssl.key.password = a=b\n")
    toml = write(tmp_path / "job.toml", f'redis_url_file = "{url}"\nkafka_properties_file = "{kafka}"')

    config = load(JobConfig, ["--config", toml, "--token-keys-file", keys], environ)

    assert config.redis_url == "rediss://u:p@h"
    assert config.token_keys == {1: bytes.fromhex(SECRET)}
    assert config.kafka_properties == {"security.protocol": "SSL", "ssl.key.password": "a=b"}


def test_a_secret_and_its_file_together_are_refused(environ: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="one of TIDELINE_REDIS_URL and TIDELINE_REDIS_URL_FILE"):
        load(JobConfig, [], environ | {"TIDELINE_REDIS_URL_FILE": "url"})


def test_a_secret_file_that_is_missing_is_named(environ: dict[str, str]) -> None:
    del environ["TIDELINE_TOKEN_KEYS"]

    with pytest.raises(ConfigError, match="--token-keys-file='nowhere' cannot be used; allowed: a readable text file"):
        load(JobConfig, ["--token-keys-file", "nowhere"], environ)


def test_a_secret_in_a_wrong_place_is_not_repeated(environ: dict[str, str]) -> None:
    """Contract: neither a mistyped flag nor a secret in place of its file's name is printed."""
    for argument in ("--redis-ur=redis://:hidden@h", "--redis-url-file=redis://:hidden@h"):
        with pytest.raises(ConfigError) as refused:
            load(JobConfig, [argument], environ)
        assert "hidden" not in str(refused.value)


def test_nothing_printed_holds_a_secret(environ: dict[str, str]) -> None:
    """Contract: neither the printed configuration nor the object's repr shows a password or a key."""
    environ["TIDELINE_KAFKA_PROPERTIES"] = json.dumps(
        {
            "security.protocol": "SASL_SSL",
            "sasl.jaas.config": 'M required username="hidden" password="hidden";',
            "ssl.key.password": "hidden",
        }
    )
    config = load(JobConfig, [], environ)
    printed = "\n".join(describe(config))

    assert "redis_url = redis://***@cache:6379/0" in printed
    assert '"security.protocol": "SASL_SSL"' in printed
    for text in (printed, repr(config)):
        assert "hidden" not in text
        assert SECRET not in text


def test_a_configuration_travels_to_the_operators(environ: dict[str, str]) -> None:
    """Contract: it can be pickled, for that is how Flink's Python functions get it."""
    config = load(JobConfig, [], environ)

    assert pickle.loads(pickle.dumps(config)) == config  # noqa: S301 - its own bytes


@pytest.mark.parametrize(
    "arguments",
    [
        {"from_ms": "5", "to_ms": "9", "policy_pin": "7"},
        {"from_ms": "5", "to_ms": "9", "policy_pin": str(2**48 - 1)},
        {"from_offsets": '{"0": 3, "1": 4}', "to_offsets": '{"0": 3, "1": 9}'},
    ],
)
def test_a_replay_has_one_range_and_keys_of_its_own(environ: dict[str, str], arguments: dict[str, str]) -> None:
    config = load(ReplayConfig, flags({"name": "july", **arguments}), environ)

    assert (config.namespace, config.consumer_group) == ("tideline@july", "tideline@july")
    assert config.output_topics.decisions == "decisions-july"
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
    ],
)
def test_a_replay_without_a_clear_range_is_refused(
    environ: dict[str, str], arguments: dict[str, Any], key: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        load(ReplayConfig, flags({"name": "july", **arguments}), environ)

    assert refused.value.key == key


def test_every_option_is_on_the_page_and_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    """Contract: the documentation is made from the declarations, so it cannot lack one."""
    documented = page(JobConfig, ReplayConfig, {key: effect.words for key, effect in EFFECTS.items()})
    with pytest.raises(SystemExit):
        load(ReplayConfig, ["--help"], {})
    usage = capsys.readouterr().out

    for option in options_of(ReplayConfig).values():
        assert f"### `{option.key}`\n" in documented
        assert option.flag in usage


def test_the_command_prints_the_page_or_the_checked_options(
    environ: dict[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["--markdown"]) == 0
    assert "### `policy_pin`" in capsys.readouterr().out
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert main(["--batch-ms", "50"]) == 0
    assert "batch_ms = 50" in capsys.readouterr().out
    assert main(["--batch-ms", "5"]) == 2
    assert "--batch-ms='5' cannot be used" in capsys.readouterr().err


def flags(arguments: dict[str, Any]) -> list[str]:
    return [f"--{key.replace('_', '-')}={value}" for key, value in arguments.items()]


def test_each_submission_has_a_higher_epoch_unless_it_is_given(environ: dict[str, str]) -> None:
    """Contract: it is in the configuration that every restart of this submission has."""
    config = load(JobConfig, [], environ)
    assert [submitted_at(config, at).epoch for at in (5, 6)] == [5, 6]
    assert submitted_at(load(JobConfig, ["--epoch", "0"], environ), 7).epoch == 0
    assert submitted_at(config, 5).without_state == "refuse"
