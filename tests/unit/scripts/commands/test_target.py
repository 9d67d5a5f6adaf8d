"""Contract: every command that talks to Kafka finds it by the same options, and refuses them in the same words."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from tideline.schemas.errors import ConfigError
from tideline.schemas.topics import Topics
from tideline.scripts.commands import tideline
from tideline.scripts.commands.target import read_target
from tideline.scripts.localstack import StackError
from tideline.scripts.parsers.verb_parser import add_target

LOGIN = 'security.protocol=SASL_SSL\nsasl.jaas.config=M required username="u" password="hidden-word";\n'
Captured = pytest.CaptureFixture[str]
COMMANDS = [
    ["topics"],
    ["control", "republish", "id=x"],
    ["export", "--out", "x.parquet"],
    ["experiment", "start", "--id", "x"],
    ["experiment", "watch", "--id", "x"],
    ["experiment", "stop", "--id", "x"],
    ["model", "rollback"],
]


def parsed(*argv: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_target(parser)
    return parser.parse_args(argv)


def test_a_cluster_is_an_address_and_a_file_of_javas_words(tmp_path: Path) -> None:
    """Contract: the login does not show in what is printed of a target."""
    path = tmp_path / "client.properties"
    path.write_text(LOGIN)
    found = read_target(parsed("--bootstrap", "a:1,b:2", "--config", str(path), "--suffix=-x"))
    assert (found.cluster.bootstrap, found.stack) == ("a:1,b:2", None)
    assert found.cluster.properties["security.protocol"] == "SASL_SSL"
    assert found.topics == Topics().with_suffix("-x")
    assert "hidden-word" not in repr(found)


def test_names_by_role_are_those_of_the_jobs_option() -> None:
    found = read_target(parsed("--bootstrap", "a:1", "--topics", '{"control": "shop-control"}'))
    assert found.topics == Topics(control="shop-control")


def test_the_environment_logs_in_as_it_does_for_the_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract: only on a cluster; a local stack says its login itself."""
    path = tmp_path / "client.properties"
    path.write_text(LOGIN)
    monkeypatch.setenv("TIDELINE_KAFKA_PROPERTIES_FILE", str(path))
    assert "sasl.jaas.config" in read_target(parsed("--bootstrap", "a:1")).cluster.properties
    with pytest.raises(StackError, match="'nobody' is not up"):
        read_target(parsed("--stack", "nobody"))


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize(
    ("argv", "allowed"),
    [
        (["--bootstrap", "h"], "'h'; allowed: host:port"),
        (["--bootstrap", "h:1", "--stack", "demo"], "not allowed with argument"),
        (["--topics", '{"clicks": "x"}'], "allowed: a table of names by role (clickstream"),
        (["--topics", '{"control": "a b"}'], "allowed: names of 1 to 249 letters"),
        (["--suffix", "a b"], "allowed: up to 100 letters"),
    ],
)
def test_a_wrong_option_ends_in_usage(command: list[str], argv: list[str], allowed: str, capsys: Captured) -> None:
    """Contract: exit status 2, before anything is asked."""
    with pytest.raises(SystemExit) as ended:
        tideline.main([*command, *argv])
    assert ended.value.code == 2
    assert allowed in capsys.readouterr().err


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_file_that_cannot_be_used_is_said_in_one_line(command: list[str], tmp_path: Path, capsys: Captured) -> None:
    """Contract: key, value and what is allowed, without the password; exit status 1."""
    path = tmp_path / "client.properties"
    path.write_text(f"{LOGIN}ssl.truststore.type=PEM\nssl.truststore.location={tmp_path}/nowhere.pem\n")
    assert tideline.main([*command, "--bootstrap", "h:1", "--config", str(path)]) == 1
    told = capsys.readouterr().err
    assert "ssl.truststore.location=" in told
    assert "allowed: a PEM file" in told
    assert told.count("\n") == 1
    assert "hidden-word" not in told


def test_a_login_for_a_local_stack_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"--config=.*only with --bootstrap"):
        read_target(parsed("--stack", "demo", "--config", "x.properties"))
