"""Contract: a stack's logins lie in files of their owner alone. On real servers: tests/integration/secured."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tideline.scripts.commands.submit import configuration
from tideline.scripts.localstack import state as states
from tideline.scripts.localstack.paths import REPOSITORY
from tideline.scripts.localstack.secured import Secured, make
from tideline.scripts.localstack.state import StackState, load


@pytest.fixture
def secured(tmp_path: Path) -> Secured:
    """What is made before anything runs."""
    return make(tmp_path / "one", 9093, 6380)


def test_files_are_their_owner_s_and_the_options_name_no_secret(secured: Secured) -> None:
    """Contract: one folder, closed; what is printed for other commands are paths and addresses."""
    folder = Path(secured.folder)
    password = (folder / "password").read_text()
    assert folder.stat().st_mode & 0o077 == 0
    assert password in secured.redis_file("tideline").read_text()
    assert password not in secured.options
    assert secured.options.split()[::2] == ["--bootstrap", "--config", "--redis-url-file"]


def test_two_stacks_have_nothing_in_common(secured: Secured, tmp_path: Path) -> None:
    other = make(tmp_path / "two", 9093, 6380)
    for name in ("password", "kafka-ca.pem", "redis-server.pem"):
        assert (Path(other.folder) / name).read_bytes() != (Path(secured.folder) / name).read_bytes()


def test_the_record_of_a_stack_keeps_them(secured: Secured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract: another process finds the stack with its logins; its record, which holds an address, is closed too."""
    monkeypatch.setattr(states, "STACKS", tmp_path)
    StackState("one", "127.0.0.1:1", "rediss://x", "http://127.0.0.1:3", secured=secured).save()
    found = load("one")
    assert found is not None
    assert found.secured == secured
    assert (tmp_path / "one" / "state.json").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(("kind", "login"), [("live", "tideline"), ("replay", "replay")])
def test_a_job_is_submitted_with_the_stack_s_logins(
    kind: str, login: str, secured: Secured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Contract: the listener with TLS, the job's files; what the shell says of another deployment does not count."""
    secured.job_properties.write_text("security.protocol=SASL_SSL\n")
    monkeypatch.setenv("TIDELINE_REDIS_URL", "redis://elsewhere:6379/0")
    monkeypatch.setenv("TIDELINE_KAFKA_PROPERTIES_FILE", str(tmp_path / "absent"))
    stack: Any = SimpleNamespace(secured=secured, root=tmp_path, kafka_bootstrap="127.0.0.1:1")
    options = {"encoder": str(REPOSITORY / "models" / "artefacts" / "demo-1")}
    if kind == "replay":
        options |= {"name": "x", "from_ms": "1", "to_ms": "2"}
    config = configuration(cast("Any", stack), kind, options)
    assert config.bootstrap == "127.0.0.1:9093"
    assert config.redis_url == secured.redis_file(login).read_text()
    assert config.kafka_properties == {"security.protocol": "SASL_SSL"}
