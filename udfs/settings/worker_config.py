"""A job's configuration on its way to the workers: what came from a file of secrets stays in that file."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any, Generic, TypeVar

from tideline.schemas.errors import ConfigError
from tideline.udfs.settings.option_sources import Loaded, read_secret_file
from tideline.udfs.settings.options import options_of

_Config = TypeVar("_Config")
# Flink's own clients get these as text; passwords in them are references, see kafka_references.py.
_TEXT_OF_THE_JOB = "kafka_properties"


class WorkerConfig(Generic[_Config]):
    """What an operator keeps of its configuration until it is opened.

    An operator is pickled into the job graph, which Flink's high availability stores and whoever reaches its REST
    interface can ask for. An option that was given by a file of its own is a path there; the file must lie at the same
    path on every worker.
    """

    def __init__(self, loaded: Loaded[_Config]) -> None:
        config = loaded.config
        self._kind = type(config)
        # not resolved: a mounted secret is a link that points elsewhere after each change
        self._files = {key: str(Path(path).absolute()) for key, path in _files(loaded).items()}
        names = (field.name for field in fields(config))  # type: ignore[arg-type]
        self._plain = {name: getattr(config, name) for name in names if name not in self._files}

    def opened(self) -> _Config:
        """Return the whole configuration, its secrets read from their files as they are now.

        Raises:
            ConfigError: A file is not on this machine, or what it holds is not allowed.
        """
        return self._kind(**self._plain, **{key: self._read(key, path) for key, path in self._files.items()})

    def _read(self, key: str, path: str) -> Any:
        spelled, kind = f"{key}_file on this worker", options_of(self._kind)[key].kind
        content = read_secret_file(spelled, path)
        try:
            return kind.read(content)
        except (TypeError, ValueError):
            raise ConfigError(spelled, path, kind.allowed) from None


def travelling_secrets(loaded: Loaded[Any]) -> list[str]:
    """Return the options with a secret that is no file's of its own on each worker: it becomes part of the job."""
    options, files = options_of(type(loaded.config)).items(), _files(loaded)
    return [key for key, each in options if key not in files and each.secret(getattr(loaded.config, key))]


def _files(loaded: Loaded[Any]) -> dict[str, str]:
    return {key: path for key, path in loaded.files.items() if key != _TEXT_OF_THE_JOB}
