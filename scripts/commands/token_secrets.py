"""The job's token secrets as a command finds them: a local stack's, or from the environment."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from tideline.schemas.errors import ConfigError
from tideline.scripts.commands.submit import token_keys
from tideline.udfs.core.lists.token_keys import TokenKeys
from tideline.udfs.settings.job_config import JobConfig
from tideline.udfs.settings.options import MASK, options_of

if TYPE_CHECKING:
    from tideline.scripts.commands.target import Target
    from tideline.scripts.localstack import Stack

SECRETS = options_of(JobConfig)["token_keys"]


def read_token_keys(target: Target) -> TokenKeys | None:
    """Return the secrets, None where the environment names none.

    Raises:
        ConfigError: they are named and cannot be used.
    """
    return keys_of(target.stack) if target.stack else named_token_keys()


def keys_of(stack: Stack) -> TokenKeys:
    """Return the secrets of a local stack."""
    return _read(json.dumps(token_keys(stack)))


def named_token_keys() -> TokenKeys | None:
    """Return the secrets that the environment names, None for none; raises as `read_token_keys`."""
    text = _secret()
    return None if text is None else _read(text)


def _read(text: str) -> TokenKeys:
    try:
        secrets: dict[int, bytes] = SECRETS.kind.read(text)
    except (TypeError, ValueError) as error:
        raise ConfigError(SECRETS.environment, MASK, SECRETS.kind.allowed) from error
    return TokenKeys(secrets, min(secrets))


def _secret() -> str | None:
    if SECRETS.environment in os.environ:
        return os.environ[SECRETS.environment]
    path = os.environ.get(f"{SECRETS.environment}_FILE")
    if path is None:
        return None
    try:
        return Path(path).read_text()
    except OSError as error:
        raise ConfigError(f"{SECRETS.environment}_FILE", path, "a file that can be read") from error
