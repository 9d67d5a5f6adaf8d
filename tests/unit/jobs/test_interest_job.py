"""The entry point refuses before anything is submitted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pyflink.datastream import StreamExecutionEnvironment

from tideline.jobs import interest_job
from tideline.jobs.interest_job import main
from tideline.scripts.localstack.paths import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

_ENCODER = REPOSITORY / "models" / "artefacts" / "demo-1"


@pytest.mark.parametrize("argv", [[], ["--bootstrap", "b:1"], ["dead"]])
def test_the_first_argument_says_which_job(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(argv) == 2
    assert "the first argument is `live`, `backfill` or `replay`" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["live", "backfill", "replay"])
def test_a_wrong_option_ends_in_one_line(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Contract: exit status 2 with key, value and what is allowed; nothing was submitted."""
    assert main([kind, "--batch-ms", "5"]) == 2
    said = capsys.readouterr()
    assert said.err == "tideline: --batch-ms='5' cannot be used; allowed: whole numbers from 10 to 5000\n"
    assert said.out == ""


def test_a_secret_that_would_travel_with_the_job_is_warned_of(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Contract: one line each says what to do, without the secret; the submission goes on."""
    monkeypatch.setenv("TIDELINE_REDIS_URL", "redis://:marker@127.0.0.1:1/0")
    monkeypatch.setenv("TIDELINE_TOKEN_KEYS", '{"1": "' + "5e" * 32 + '"}')
    monkeypatch.setenv("TIDELINE_KAFKA_PROPERTIES", "ssl.key.password=marker")
    monkeypatch.setattr(interest_job, "build", lambda _env, _loaded: None)
    monkeypatch.setattr(StreamExecutionEnvironment, "get_execution_environment", _Submitted)
    assert main(["live", "--bootstrap", "127.0.0.1:1", "--encoder", str(_ENCODER)]) == 0
    warned = capsys.readouterr().err.splitlines()
    assert [line.split()[2] for line in warned] == ["kafka_properties", "redis_url", "token_keys"]
    assert all("is a part of the job graph" in line and "marker" not in line for line in warned)


class _Submitted:
    def execute(self, name: str) -> None:
        assert name == "tideline"


class _Prepared:
    def __init__(self) -> None:
        self.began_with: list[str] = []

    def execute(self, name: str) -> None:
        self.began_with.append(name)


@pytest.mark.parametrize(("named", "code", "did"), [("file:///s/1", 0, ["file:///s/1", "tideline"]), ("", 1, [])])
def test_a_job_that_follows_another_begins_with_the_state_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str, code: int, did: list[str]
) -> None:
    """Contract: it is built before, and submitted after that alone; without a state it is not."""
    env = _Prepared()
    file = tmp_path / "state"
    monkeypatch.setattr(interest_job, "build", lambda _env, _loaded: file.write_text(f"{named}\n"))
    # As it is, this needs a JVM: tests/integration has it.
    monkeypatch.setattr(interest_job, "_begin_with", lambda found, state: found.began_with.append(state))
    monkeypatch.setattr(StreamExecutionEnvironment, "get_execution_environment", lambda: env)
    monkeypatch.setenv("TIDELINE_REDIS_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setenv("TIDELINE_TOKEN_KEYS", '{"1": "' + "5e" * 32 + '"}')
    assert main(["after", str(file), "live", "--bootstrap", "127.0.0.1:1", "--encoder", str(_ENCODER)]) == code
    assert env.began_with == did


def test_a_file_that_names_a_state_already_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Contract: it may be the state of another time."""
    (tmp_path / "state").write_text("file:///s/0\n")
    assert main(["after", str(tmp_path / "state"), "live", "--bootstrap", "b:1", "--encoder", str(_ENCODER)]) == 2
    assert "allowed: a file that is not there yet" in capsys.readouterr().err
