"""References to secrets in Kafka properties, `${file:PATH:KEY}`, as Kafka's own FileConfigProvider resolves them.

The Java clients do it on the worker, so that the job graph holds the reference alone; here it is done for kafka-python.
"""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tideline.schemas.errors import ConfigError
from tideline.udfs.settings.connection.java_properties import parse_properties

if TYPE_CHECKING:
    from collections.abc import Mapping

REFERENCE = re.compile(r"\$\{file:([^:}]+):([^}]+)\}")
_PROVIDER = "org.apache.kafka.common.config.provider.FileConfigProvider"


def provider_of(properties: Mapping[str, str], shaded: str) -> dict[str, str]:
    """Return the settings with which a Java client resolves the references of these properties, none without any.

    Args:
        properties: Those of a client.
        shaded: What the package names of Kafka's classes begin with in the jar of the client.
    """
    if not any(REFERENCE.search(value) for value in properties.values()):
        return {}
    folders = sorted({str(Path(found[1]).parent) for each in properties.values() for found in REFERENCE.finditer(each)})
    return {
        "config.providers": "file",
        "config.providers.file.class": shaded + _PROVIDER,
        "config.providers.file.param.allowed.paths": ",".join(folders),
    }


def resolved(properties: Mapping[str, str]) -> dict[str, str]:
    """Return the properties with the text that each reference stands for.

    Raises:
        ConfigError: A file cannot be read on this machine, or has no such key.
    """
    return {key: REFERENCE.sub(partial(_text, key), value) for key, value in properties.items()}


def _text(key: str, found: re.Match[str]) -> str:
    spelled, (path, entry) = f"kafka_properties.{key}", found.groups()
    if not path.startswith("/"):
        raise ConfigError(spelled, found[0], "a path from /: each worker looks for the file there")
    try:
        entries = parse_properties(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(spelled, found[0], f"a .properties file that can be read here ({error})") from error
    if entry not in entries:
        raise ConfigError(spelled, found[0], f"a key of {path}, which has {len(entries)}")
    return entries[entry]
