"""Contract: what came from a file of secrets is not in what travels; a worker reads it from the same path."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from tideline.schemas.errors import ConfigError
from tideline.scripts.localstack.paths import REPOSITORY
from tideline.udfs.settings.job_config import JobConfig, ReplayConfig
from tideline.udfs.settings.option_sources import Loaded, load_with_files
from tideline.udfs.settings.worker_config import WorkerConfig, travelling_secrets

_URL, _SECRET = "rediss://job:marker-of-redis@cache:6379/0", "5e" * 32
_COMMON = ["--bootstrap", "b:1", "--encoder", str(REPOSITORY / "models" / "artefacts" / "demo-1")]


@pytest.fixture
def loaded(tmp_path: Path) -> Loaded[JobConfig]:
    (tmp_path / "redis.url").write_text(_URL + "\n")
    (tmp_path / "keys.json").write_text(f'{{"1": "{_SECRET}"}}')
    files = {"TIDELINE_REDIS_URL_FILE": str(tmp_path / "redis.url")}
    return load_with_files(JobConfig, [*_COMMON, "--token-keys-file", str(tmp_path / "keys.json")], files)


def test_the_pickled_configuration_holds_no_secret_and_opens_to_the_same(loaded: Loaded[JobConfig]) -> None:
    """Contract: neither the text of a file nor what is read from it is in the bytes; the opened one is equal."""
    sent = WorkerConfig(loaded)
    for secret in (b"marker-of-redis", _SECRET.encode(), bytes.fromhex(_SECRET)):
        assert secret not in pickle.dumps(sent)
        assert secret in pickle.dumps(loaded.config) or secret == _SECRET.encode()
    assert sent.opened() == loaded.config


def test_what_came_without_a_file_travels_and_is_told(loaded: Loaded[JobConfig], tmp_path: Path) -> None:
    """Contract: the options that would put a secret into the job graph are named, those from files are not."""
    assert travelling_secrets(loaded) == []
    keys = str(tmp_path / "keys.json")
    environ = {
        "TIDELINE_REDIS_URL": _URL,
        "TIDELINE_TOKEN_KEYS": f'{{"1": "{_SECRET}"}}',
        "TIDELINE_KAFKA_PROPERTIES": "ssl.key.password=marker",
    }
    plain = load_with_files(ReplayConfig, [*_COMMON, "--name", "n", "--from-ms", "1", "--to-ms", "2"], environ)
    assert travelling_secrets(plain) == ["kafka_properties", "redis_url", "token_keys"]
    assert b"marker-of-redis" in pickle.dumps(WorkerConfig(plain))
    assert WorkerConfig(plain).opened() == plain.config
    (tmp_path / "kafka").write_text("ssl.key.password=marker")
    flags = [*_COMMON, "--kafka-properties-file", str(tmp_path / "kafka"), "--redis-url-file"]
    from_file = load_with_files(JobConfig, [*flags, str(tmp_path / "redis.url")], {"TIDELINE_TOKEN_KEYS_FILE": keys})
    assert travelling_secrets(from_file) == ["kafka_properties"], "Flink's own clients get it as text"
    (tmp_path / "kafka").unlink()
    assert WorkerConfig(from_file).opened() == from_file.config
    without_login = load_with_files(JobConfig, _COMMON, environ | {"TIDELINE_REDIS_URL": "redis://cache:6379/0"})
    assert "redis_url" not in travelling_secrets(without_login)


def test_a_worker_reads_what_the_file_has_when_it_opens(loaded: Loaded[JobConfig], tmp_path: Path) -> None:
    """Contract: a changed password needs no new submission: it is there at the next start of the operators."""
    sent = WorkerConfig(loaded)
    (tmp_path / "redis.url").write_text("rediss://job:new@cache:6379/0")
    assert sent.opened().redis_url == "rediss://job:new@cache:6379/0"


def test_a_secret_that_is_mounted_as_a_link_is_read_behind_the_link(tmp_path: Path) -> None:
    """Contract: the path that was given is kept, not where its links led at submission (Kubernetes swaps them)."""
    for version in ("old", "new"):
        (tmp_path / version).mkdir()
        (tmp_path / version / "redis.url").write_text(f"rediss://job:{version}@cache:6379/0")
    (tmp_path / "data").symlink_to("old")
    (tmp_path / "redis.url").symlink_to("data/redis.url")
    environ = {"TIDELINE_REDIS_URL_FILE": str(tmp_path / "redis.url"), "TIDELINE_TOKEN_KEYS": f'{{"1": "{_SECRET}"}}'}
    sent = WorkerConfig(load_with_files(JobConfig, _COMMON, environ))
    (tmp_path / "next").symlink_to("new")
    (tmp_path / "next").replace(tmp_path / "data")
    assert sent.opened().redis_url == "rediss://job:new@cache:6379/0"


def test_a_file_that_a_worker_lacks_or_cannot_use_is_named(loaded: Loaded[JobConfig], tmp_path: Path) -> None:
    """Contract: option, path and what is allowed, never what the file holds."""
    sent = WorkerConfig(loaded)
    (tmp_path / "redis.url").write_text("marker-of-redis")
    with pytest.raises(ConfigError, match=r"redis_url_file on this worker='.*redis.url' cannot be used") as refused:
        sent.opened()
    assert "marker-of-redis" not in str(refused.value)
    (tmp_path / "redis.url").unlink()
    with pytest.raises(ConfigError, match=r"redis_url_file on this worker='.*redis.url'.*No such file"):
        sent.opened()


def test_a_relative_path_is_meant_where_it_was_given(
    loaded: Loaded[JobConfig], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Contract: a worker runs in another folder than the one who submits."""
    monkeypatch.chdir(tmp_path)
    environ = {"TIDELINE_REDIS_URL_FILE": "redis.url", "TIDELINE_TOKEN_KEYS_FILE": "keys.json"}
    sent = WorkerConfig(load_with_files(JobConfig, _COMMON, environ))
    monkeypatch.chdir("/")
    assert sent.opened() == loaded.config
