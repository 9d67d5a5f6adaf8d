"""Contract: what flink-conf/deploy says of an image and of Kubernetes agrees with the code and with their schemas."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator
from ruamel.yaml import YAML

from tests.support.doc_pages import ROOT
from tideline.scripts.commands.push_sender import carrier_of
from tideline.scripts.commands.topics import main
from tideline.scripts.parsers.verbs import parse
from tideline.scripts.sending.carriers import Webhook
from tideline.udfs.settings.connection.kafka_security import KAFKA_PROPERTIES, mask_properties
from tideline.udfs.settings.connection.redis_url import REDIS_URL
from tideline.udfs.settings.job_config import JobConfig
from tideline.udfs.settings.option_sources import load

DEPLOY = ROOT / "flink-conf" / "deploy"
_MANIFESTS = DEPLOY / "kubernetes"
_OPERATOR = ROOT / ".tideline" / "jars" / "operator"
# The operator sets them from `resource`, or has its own way to find machines.
_OF_THE_OPERATOR = {
    "jobmanager.memory.process.size",
    "taskmanager.memory.process.size",
    "resourcemanager.standalone.start-up-time",
}


def _read(text: str) -> Any:
    return YAML(typ="safe").load(text)


@cache
def _deployment() -> dict[str, Any]:
    found: dict[str, Any] = _read((_MANIFESTS / "flinkdeployment.yaml").read_text())
    return found


@cache
def _valid() -> Draft7Validator:
    (jar,) = _OPERATOR.glob("flink-kubernetes-operator-api-*.jar")
    definition = _read(zipfile.ZipFile(jar).read("META-INF/fabric8/flinkdeployments.flink.apache.org-v1.yml").decode())
    schema = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    # the schema in Maven Central is older than Flink 2
    schema["properties"]["spec"]["properties"]["flinkVersion"]["enum"].append("v2_3")
    schema["properties"] |= {"apiVersion": {}, "kind": {}, "metadata": {}}
    return Draft7Validator(_closed(schema))


def _closed(schema: Any) -> Any:
    """The schema, as a server takes it that refuses fields it does not know."""
    if isinstance(schema, list):
        return [_closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: _closed(value) for key, value in schema.items() if key not in ("description", "format")}
    if isinstance(made.get("properties"), dict) and not made.get("x-kubernetes-preserve-unknown-fields"):
        made.setdefault("additionalProperties", False)
    if made.pop("x-kubernetes-int-or-string", False):
        made = {"type": ["integer", "string"]}
    return made


def test_the_deployment_is_one_that_the_operator_takes() -> None:
    """Contract: its own schema accepts it, and refuses what a slip of the hand would make of it."""
    assert [error.message for error in _valid().iter_errors(_deployment())] == []
    for path, value in ((("job", "upgradeMode"), "safepoint"), (("podTemplat",), {}), (("taskManager", "replica"), 2)):
        wrong = copy.deepcopy(_deployment())
        place = wrong["spec"]
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value
        assert list(_valid().iter_errors(wrong)), path


def test_the_deployment_has_every_setting_of_ours() -> None:
    """Contract: flinkConfiguration replaces the image's config.yaml, so it has each of its lines, the values alike."""
    ours = _read((ROOT / "flink-conf" / "config.yaml").read_text())
    wanted = {key: value if isinstance(value, str) else json.dumps(value) for key, value in ours.items()}
    theirs = _deployment()["spec"]["flinkConfiguration"]
    assert {key: theirs.get(key) for key in wanted.keys() - _OF_THE_OPERATOR} == {
        key: value for key, value in wanted.items() if key not in _OF_THE_OPERATOR
    }
    for role in ("jobmanager", "taskmanager"):
        resource = _deployment()["spec"]["jobManager" if role == "jobmanager" else "taskManager"]["resource"]
        assert resource["memory"] == ours[f"{role}.memory.process.size"]


def test_the_deployment_keeps_state_and_names_files_that_it_mounts() -> None:
    """Contract: an upgrade goes by savepoint; each file that options name lies under a mount; parallelism agrees."""
    spec = _deployment()["spec"]
    assert spec["job"]["upgradeMode"] == "savepoint"
    mounts = [each["mountPath"] for each in spec["podTemplate"]["spec"]["containers"][0]["volumeMounts"]]
    settings = _read((_MANIFESTS / "settings.yaml").read_text())["data"]
    text = settings["job.toml"] + settings["kafka.properties"] + str(spec["job"]["args"])
    named = {word for word in text.replace('"', " ").replace("'", " ").split() if "/etc/tideline/" in word}
    assert len(named) >= 6
    assert all(any(f"{mount}/" in word for mount in mounts) for word in named)
    assert f"parallelism = {spec['job']['parallelism']}\n" in settings["job.toml"]


def test_the_settings_are_ones_that_the_job_takes(tmp_path: Any) -> None:
    """Contract: job.toml and kafka.properties are read as written, with the secrets where they are said to lie."""
    settings = _read((_MANIFESTS / "settings.yaml").read_text())["data"]
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "redis.url").write_text("rediss://tideline:word@redis:6379/0")
    (tmp_path / "secret" / "token_keys.json").write_text(json.dumps({"1": "5e" * 32}))
    (tmp_path / "secret" / "kafka.properties").write_text("password=word")
    (tmp_path / "settings").mkdir()
    here = {name: text.replace("/etc/tideline", str(tmp_path)) for name, text in settings.items()}
    here["job.toml"] = here["job.toml"].replace("/opt/tideline/job/encoders", str(ROOT / "models" / "artefacts"))
    for name, text in here.items():
        (tmp_path / "settings" / name).write_text(text)
    config = load(JobConfig, ["--config", str(tmp_path / "settings" / "job.toml")], {})
    assert (config.parallelism, config.shards, config.redis_url) == (2, 16, "rediss://tideline:word@redis:6379/0")
    assert "***" not in mask_properties(config.kafka_properties), "no secret is in the ConfigMap"
    assert KAFKA_PROPERTIES.read(here["kafka.properties"]) == config.kafka_properties
    assert REDIS_URL.read(config.redis_url) == config.redis_url


def test_topics_and_login_are_those_of_the_code(capsys: pytest.CaptureFixture[str]) -> None:
    """Contract: `scripts/tideline topics --strimzi kafka --partitions 16` prints kubernetes/topics.yaml."""
    assert main(["--strimzi", "kafka", "--partitions", "16"]) == 0
    assert capsys.readouterr().out == (_MANIFESTS / "topics.yaml").read_text()


def test_the_network_is_closed_but_for_those_who_need_it() -> None:
    """Contract: each port that config.yaml opens to others has its one visitor; all else is refused."""
    policy = _read((_MANIFESTS / "networkpolicy.yaml").read_text())["spec"]
    assert policy["policyTypes"] == ["Ingress"]
    assert [each.get("ports", [{}])[0].get("port") for each in policy["ingress"]] == [None, 8081, 9249]
    assert policy["podSelector"] == {"matchLabels": {"app": _deployment()["metadata"]["name"]}}


def test_senders_are_started_by_a_line_that_they_take_and_end_gracefully(tmp_path: Path) -> None:
    """Contract: each option is one of push_sender, each file lies under a mount; its port is the one that is open."""
    deployment, policy = YAML(typ="safe").load_all((_MANIFESTS / "sender.yaml").read_text())
    pod = deployment["spec"]["template"]
    (container,) = pod["spec"]["containers"]
    mount = container["volumeMounts"][0]["mountPath"]
    (tmp_path / "hook.secret").write_text("s3cret")
    given = parse("push_sender", [each.replace(mount, str(tmp_path)) for each in container["args"]])
    assert isinstance(carrier_of(given), Webhook)
    assert {given.config.parent, given.redis_url_file.parent, given.secret_file.parent} == {tmp_path}
    ports = [each["containerPort"] for each in container["ports"]]
    assert ports == [given.listen[1]] == [each["port"] for each in policy["spec"]["ingress"][0]["ports"]]
    labels = pod["metadata"]["labels"]
    assert labels == deployment["spec"]["selector"]["matchLabels"] == policy["spec"]["podSelector"]["matchLabels"]
    assert f"EXPOSE {ports[0]}\n" in (DEPLOY / "Dockerfile.sender").read_text()
    tries_s = sum(min(given.pause * 2.0**attempt, 60.0) for attempt in range(given.attempts - 1))
    assert pod["spec"]["terminationGracePeriodSeconds"] > tries_s


@pytest.mark.parametrize("name", ["Dockerfile", "Dockerfile.sender"])
def test_the_dockerfile_has_no_fault_that_hadolint_knows(tmp_path: Any, name: str) -> None:
    """Contract: the linter finds nothing, and would find a step that is made as nobody should."""
    linter = str(Path(sys.executable).with_name("hadolint"))
    assert subprocess.run([linter, str(DEPLOY / name)], check=False).returncode == 0
    wrong = tmp_path / "Dockerfile"
    wrong.write_text((DEPLOY / name).read_text().replace("USER 9999", "USER root"))
    assert subprocess.run([linter, str(wrong)], capture_output=True, check=False).returncode == 1


@pytest.mark.parametrize("argv", [["help"], []])
def test_a_container_without_a_command_says_what_it_takes(argv: list[str]) -> None:
    """Contract: the entry point starts nothing by itself."""
    ran = subprocess.run([DEPLOY / "entrypoint.sh", *argv], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (0, "usage: jobmanager | standalone-job ARGS | taskmanager | COMMAND\n")


def test_a_command_of_the_operator_is_run_as_it_is() -> None:
    """Contract: its exit status is the container's."""
    ran = subprocess.run([DEPLOY / "entrypoint.sh", "bash", "-c", "exit 7"], check=False)
    assert ran.returncode == 7


def test_settings_of_a_container_are_added_once_however_often_it_starts(tmp_path: Path) -> None:
    """Contract: the image's settings, then those of FLINK_PROPERTIES; YAML takes no key twice."""
    (tmp_path / "config.image.yaml").write_text("a: 1\n")
    environ = {"PATH": os.environ["PATH"], "FLINK_CONF_DIR": str(tmp_path), "FLINK_PROPERTIES": "b: 2\nc: 3\n"}
    for _ in range(2):
        subprocess.run([DEPLOY / "entrypoint.sh"], env=environ, check=True, capture_output=True)
    assert _read((tmp_path / "config.yaml").read_text()) == {"a": 1, "b": 2, "c": 3}
