"""The command that shows and checks the options."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tideline.scripts.commands.show_config import main
from tideline.scripts.parsers.verbs import parser_of
from tideline.udfs.settings.job_config import JobConfig, ReplayConfig
from tideline.udfs.settings.options import options_of

SECRET = "5e" * 32
KEYS = json.dumps({"1": SECRET})
Captured = pytest.CaptureFixture[str]


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A file of options that lacks nothing but the secrets."""
    (tmp_path / "manifest.json").write_text("{}")
    path = tmp_path / "job.toml"
    path.write_text(f'bootstrap = "broker:9092"\nencoder = "{tmp_path}"\nbatch_ms = 50\nshards = 16\n')
    for option in options_of(JobConfig).values():
        monkeypatch.delenv(option.environment, raising=False)
    return str(path)


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDELINE_REDIS_URL", "redis://:hidden@cache:6379/0")
    monkeypatch.setenv("TIDELINE_TOKEN_KEYS", KEYS)


def _rows(capsys: Captured, *argv: str, status: int = 0) -> dict[str, dict[str, Any]]:
    assert main([*argv, "--json"]) == status
    rows: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return {row["key"]: row for row in rows}


def test_each_option_has_its_value_and_where_it_comes_from(
    file: str, secrets: None, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Contract: a flag wins over the environment, that over the file; the place is told in its own words."""
    monkeypatch.setenv("TIDELINE_SHARDS", "32")
    rows = _rows(capsys, "--config", file, "--list-size", "5")

    assert rows.keys() == options_of(JobConfig).keys()
    assert all(row.keys() == parser_of("config").keys.keys() for row in rows.values())
    told = {key: (rows[key]["value"], rows[key]["source"]) for key in ("list_size", "shards", "batch_ms", "policy")}
    assert told == {
        "list_size": ("5", "--list-size"),
        "shards": ("32", "TIDELINE_SHARDS"),
        "batch_ms": ("50", f"batch_ms in {file}"),
        "policy": ("pairs", "default"),
    }
    assert rows["redis_url"]["value"] == "redis://***@cache:6379/0"
    assert main(["--config", file]) == 0
    shown = capsys.readouterr().out
    assert "batch_ms           = 50   # batch_ms in" in shown
    assert SECRET not in shown
    assert "hidden" not in shown


def test_what_is_missing_is_told_all_at_once(file: str, capsys: Captured) -> None:
    """Contract: exit status 1, a line for each; not so where secrets come later, as in a check before a release."""
    assert main(["--config", file]) == 1
    told = capsys.readouterr()
    assert "redis_url          = (must be given)" in told.out
    assert [line.split("=")[0] for line in told.err.splitlines()] == ["config: redis_url", "config: token_keys"]
    rows = _rows(capsys, "--config", file, "--without-secrets")
    assert (rows["token_keys"]["value"], rows["token_keys"]["source"]) == (None, None)


@pytest.mark.parametrize("more", [[], ["--without-secrets"]])
def test_what_the_job_would_refuse_is_told(file: str, secrets: None, more: list[str], capsys: Captured) -> None:
    """Contract: exit status 1 and one line that names the key, its value and what is allowed."""
    for argv, reason in (
        (["--batch-ms", "5"], "--batch-ms='5' cannot be used; allowed: whole numbers from 10 to 5000"),
        (["--parallelism", "32"], "parallelism=32 cannot be used; allowed: at most one subtask a shard, 16 now"),
        (["--bach-ms", "50"], "--bach-ms='***' cannot be used; allowed: perhaps batch_ms was meant"),
        (["--redis-url", "redis://:hidden@cache:6379/0"], "--redis-url='***' cannot be used; allowed: secrets only in"),
        (["--token-key-id", "7"], "token_key_id=7 cannot be used; allowed: an id of token_keys: [1]"),
    ):
        assert main(["--config", file, *more, *argv]) == 1
        told = capsys.readouterr().err
        assert told.startswith(f"config: {reason}")
        assert told.count("\n") == 1


def test_a_replay_has_options_of_its_own(file: str, secrets: None, capsys: Captured) -> None:
    rows = _rows(capsys, "--replay", "--config", file, "--name", "x", "--from-ms", "1", "--to-ms", "2")
    assert rows.keys() == options_of(ReplayConfig).keys()
    assert rows["to_ms"]["source"] == "--to-ms"
    assert main(["--replay", "--config", file, "--name", "x"]) == 1
    assert "exactly one kind of range" in capsys.readouterr().err


def test_the_page_is_printed(capsys: Captured) -> None:
    assert main(["--markdown"]) == 0
    assert "### `policy_pin`" in capsys.readouterr().out
