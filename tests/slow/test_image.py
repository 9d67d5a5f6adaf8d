"""Contract: the folders of the image run the job with nothing else of Tideline on the machine."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.doc_pages import ROOT
from tests.support.flink_machines import all_run, asked
from tests.support.waiting import wait_until
from tideline.schemas.topics import Topics
from tideline.scripts.commands.topics import ensure_topics

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.flink_machines import Started
    from tideline.scripts.localstack import Stack

pytestmark = pytest.mark.slow
_HERE = "127.0.0.4"
_DOCKERFILE = (ROOT / "flink-conf" / "deploy" / "Dockerfile").read_text()
_SETTINGS = f"""\
jobmanager.rpc.address: {_HERE}
jobmanager.bind-host: {_HERE}
rest.address: {_HERE}
rest.bind-address: {_HERE}
taskmanager.host: {_HERE}
taskmanager.bind-host: {_HERE}
"""


def _environment(image: Path) -> dict[str, str]:
    """What the Dockerfile sets, with the image at a folder; Python is the base of this one, without packages."""
    (block,) = re.findall(r"^ENV ((?:.*\\\n)*.*)$", _DOCKERFILE, re.MULTILINE)
    given = dict(each.split("=", 1) for each in block.replace("\\\n", " ").split())
    moved = {key: value.replace("/opt/", f"{image}/opt/") for key, value in given.items()}
    python = os.path.join(sys.base_prefix, "bin")  # noqa: PTH118 - a part of a PATH
    moved["PATH"] = moved["PATH"].replace("/usr/local/bin", python)
    java = {"JAVA_HOME": os.environ["JAVA_HOME"]} if "JAVA_HOME" in os.environ else {}
    return moved | java | {"HOME": str(image)}


def test_a_cluster_from_the_image_runs_the_job(stack: Stack, tmp_path: Path, started: Started) -> None:
    """Contract: JobManager and TaskManager start by the entry point, the job is submitted from there and runs."""
    image = tmp_path / "image"
    subprocess.run([ROOT / "scripts" / "image-root", str(image)], check=True, capture_output=True)
    environment = _environment(image) | {"FLINK_PROPERTIES": _SETTINGS, "FLINK_LOG_DIR": str(image / "log")}
    entry = str(image / "opt" / "tideline" / "entrypoint.sh")
    rest = f"http://{_HERE}:8081"
    for role in ("jobmanager", "taskmanager"):
        started.start(image, [entry, role], environment)
        wait_until("the JobManager answers", lambda: asked(rest, "/overview"))
    wait_until("the TaskManager has registered", lambda: (asked(rest, "/taskmanagers") or {}).get("taskmanagers"))
    topics = Topics().with_suffix("-image")
    ensure_topics(stack.kafka, topics)
    keys = image / "token_keys.json"
    keys.write_text(json.dumps({"1": "5e" * 32}))
    job = image / "opt" / "tideline" / "job"
    secrets = {"TIDELINE_REDIS_URL": stack.redis_url, "TIDELINE_TOKEN_KEYS_FILE": str(keys)}
    submit = ["flink", "run", "-d", "-py", str(job / "interest_job.py"), "live"]
    submit += ["--bootstrap", stack.kafka_bootstrap, "--encoder", str(job / "encoders" / "demo-1"), "--prefix", "image"]
    submit += ["--group-id", "image", "--topics", json.dumps(topics.by_role())]
    ran = subprocess.run(
        [entry, *submit], env=environment | secrets, capture_output=True, text=True, check=False, cwd=image
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    wait_until("every task runs", lambda: all_run(rest))
