"""A standalone Flink cluster from the pip package, with folders of its own so that the package stays untouched."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tideline.scripts.commands.package import build_package
from tideline.scripts.localstack.errors import StackError
from tideline.scripts.localstack.paths import FLINK_CONF, FLINK_HOME, FLINK_JARS, PYTHON, SITE_PACKAGES, java
from tideline.scripts.localstack.process import Managed, spawn
from tideline.udfs.io.job_log import LOG_FORM

# One thread each for the numeric libraries: the TaskManagers already use every core, and their sums stay the same.
# Two arenas of glibc, not its default of eight a core: 2,158 MB resident after 40 minutes at half load, not 2,222.
_NATIVE = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}


@dataclass(frozen=True)
class _Role:
    """What differs between the two kinds of Flink process."""

    main_class: str
    memory_command: str
    options_key: str


_JOBMANAGER = _Role(
    "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint",
    "GET_JM_RESOURCE_PARAMS",
    "env.java.opts.jobmanager",
)
_TASKMANAGER = _Role(
    "org.apache.flink.runtime.taskexecutor.TaskManagerRunner", "GET_TM_RESOURCE_PARAMS", "env.java.opts.taskmanager"
)


def prepare(root: Path, conf: Path | None, tm_memory: str | None, rpc_port: int, rest_port: int) -> None:
    """Makes the cluster's conf and lib folders.

    Args:
        root: The stack's folder.
        conf: Settings that replace some of flink-conf/config.yaml, or None.
        tm_memory: Process size of a TaskManager such as `2560m`, None for the configured one.
        rpc_port: Port of the JobManager for TaskManagers.
        rest_port: Port of the JobManager for clients.

    Raises:
        StackError: A settings file or a jar is missing.
    """
    _link_jars(root / "lib")
    # Part of the workers' path and not shipped with each job (-pyfs): a TaskManager has one interpreter for all its
    # jobs, and it would go on looking for modules in the first job's folder after that job is gone.
    build_package(root / "job")
    settings = _read(FLINK_CONF / "config.yaml") | (_read(conf) if conf else {})
    settings |= _addresses(rpc_port, rest_port) | _folders(root)
    if tm_memory:
        settings["taskmanager.memory.process.size"] = tm_memory
    target = root / "conf"
    target.mkdir(parents=True, exist_ok=True)
    # A JSON string is a YAML string, whatever characters are in it.
    (target / "config.yaml").write_text("".join(f"{key}: {json.dumps(value)}\n" for key, value in settings.items()))
    for name in ("log4j-console.properties", "log4j-cli.properties"):
        shutil.copy(FLINK_CONF / name, target / name)
    for name in ("checkpoints", "savepoints", "tmp/client"):
        (root / name).mkdir(parents=True, exist_ok=True)


def configured(key: str) -> Any:
    """What flink-conf/config.yaml has for a key."""
    return _read(FLINK_CONF / "config.yaml")[key]


def _read(path: Path) -> dict[str, Any]:
    from ruamel.yaml import YAML  # comes with apache-flink, which who only asks a stack for its ports does not need

    try:
        settings = YAML(typ="safe").load(path)
    except OSError as error:
        raise StackError(f"settings {path}: {error.strerror}") from error
    if not isinstance(settings, dict) or any(isinstance(value, dict) for value in settings.values()):
        raise StackError(f"settings {path}: allowed are lines `full.key.name: value`")
    return settings


def _addresses(rpc_port: int, rest_port: int) -> dict[str, Any]:
    here = "127.0.0.1"
    return {
        "jobmanager.rpc.address": here,
        "jobmanager.rpc.port": rpc_port,
        "jobmanager.bind-host": here,
        "taskmanager.host": here,
        "taskmanager.bind-host": here,
        "rest.address": here,
        "rest.bind-address": here,
        "rest.port": rest_port,
        "rest.bind-port": str(rest_port),
        "python.executable": str(PYTHON),
        "python.client.executable": str(PYTHON),
    }


def _folders(root: Path) -> dict[str, Any]:
    return {
        "execution.checkpointing.dir": (root / "checkpoints").as_uri(),
        "execution.checkpointing.savepoint-dir": (root / "savepoints").as_uri(),
        "io.tmp.dirs": str(root / "tmp" / "client"),
        "web.upload.dir": str(root / "tmp" / "client"),
    }


def _link_jars(lib: Path) -> None:
    """The packaged jars, flink-python (see config.yaml on class loading) and the Kafka connector."""
    jars = [*FLINK_HOME.glob("lib/*.jar"), *FLINK_HOME.glob("opt/flink-python-*.jar"), *FLINK_JARS.glob("*.jar")]
    for needed in ("flink-dist-", "flink-python-", "flink-sql-connector-kafka-"):
        if not any(jar.name.startswith(needed) for jar in jars):
            raise StackError(f"the jar {needed}*.jar is missing; run scripts/setup")
    lib.mkdir(parents=True, exist_ok=True)
    for jar in jars:
        (lib / jar.name).symlink_to(jar)


def environment(root: Path, part: str) -> dict[str, str]:
    """What a Flink command of this stack needs in its environment; `part` names its log and pid folder."""
    inherited = {
        key: value for key, value in os.environ.items() if not key.startswith(("FLINK_", "PYTHON", "JVM_ARGS"))
    }
    folders = {"log": root / "log" / part, "pid": root / "pid" / part}
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
    return inherited | {
        "FLINK_HOME": str(FLINK_HOME),
        "FLINK_CONF_DIR": str(root / "conf"),
        "FLINK_LIB_DIR": str(root / "lib"),
        "FLINK_OPT_DIR": str(FLINK_HOME / "opt"),
        "FLINK_PLUGINS_DIR": str(FLINK_HOME / "plugins"),
        "FLINK_LOG_DIR": str(folders["log"]),
        "FLINK_PID_DIR": str(folders["pid"]),
        "PATH": f"{PYTHON.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "PYTHONPATH": str(root / "job" / "packages"),
    }


def start_jobmanager(root: Path, metrics_port: int) -> Managed:
    """Starts the JobManager; it is not ready yet."""
    return _start(root, "jobmanager", _JOBMANAGER, {}, {}, metrics_port)


def start_taskmanager(root: Path, name: str, metrics_port: int) -> Managed:
    """Starts a TaskManager whose resource id is `name`; it is not registered yet."""
    # An embedded interpreter looks for packages only here: it knows nothing of the virtual environment.
    extra = _NATIVE | {"PYTHONPATH": f"{SITE_PACKAGES}{os.pathsep}{root / 'job' / 'packages'}"}
    return _start(root, name, _TASKMANAGER, {"taskmanager.resource-id": name}, extra, metrics_port)


def _start(
    root: Path, name: str, role: _Role, settings: dict[str, str], extra: dict[str, str], metrics_port: int
) -> Managed:
    """Starts Java with what Flink's own scripts would give it; they take three short-lived JVMs to find that out."""
    conf, scratch = root / "conf", root / "tmp" / name
    # what the one who starts it has for the job is the job's: a worker reads its secrets from files
    whole = environment(root, name)
    inherited = {key: value for key, value in whole.items() if not key.startswith("TIDELINE_") or key == LOG_FORM}
    environ = inherited | extra
    memory, resources = _memory(conf, role)
    configured = _read(conf / "config.yaml")
    argv = [java(), *memory]
    argv += f"{configured['env.java.opts.all']} {configured.get(role.options_key, '')}".split()
    argv += [f"-Dlog.file={environ['FLINK_LOG_DIR']}/{name}.log"]
    argv += [f"-Dlog4j.configurationFile=file:{conf}/log4j-console.properties"]
    argv += ["-classpath", os.pathsep.join(map(str, sorted((root / "lib").glob("*.jar"))))]
    argv += [role.main_class, "--configDir", str(conf), *resources]
    dynamic = settings | {"metrics.reporter.prom.port": str(metrics_port), "io.tmp.dirs": str(scratch)}
    for key, value in dynamic.items():
        argv += ["-D", f"{key}={value}"]
    return spawn(name, argv, environ, scratch, root / "log" / f"{name}.out", metrics_port)


def _memory(conf: Path, role: _Role) -> tuple[list[str], list[str]]:
    """What Flink derives from the configured sizes: options of the JVM, and settings for the process."""
    dist = next(FLINK_HOME.glob("lib/flink-dist-*.jar"))
    quick = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]  # it lives for a second
    classpath = f"{FLINK_HOME}/bin/bash-java-utils.jar{os.pathsep}{dist}"
    tool = ["org.apache.flink.runtime.util.bash.BashJavaUtils", role.memory_command, "--configDir", str(conf)]
    argv = [java(), *quick, "-cp", classpath, *tool]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=300)
    marker = "BASH_JAVA_UTILS_EXEC_RESULT:"
    results = [line.removeprefix(marker).split() for line in done.stdout.splitlines() if line.startswith(marker)]
    if done.returncode or len(results) != 2:
        raise StackError(f"Flink refuses its memory settings\n{(done.stdout + done.stderr)[-2000:]}")
    return results[0], results[1]
