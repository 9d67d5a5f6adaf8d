"""Where options come from: file, environment, flags, files of secrets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tideline.schemas.errors import ConfigError
from tideline.schemas.topics import Topics
from tideline.udfs.settings.job_config import JobConfig
from tideline.udfs.settings.option_sources import describe, load

SECRET = "5e" * 32
KEYS = json.dumps({"1": SECRET})


def write(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


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
