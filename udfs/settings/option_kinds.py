"""What options of the job's own kinds hold: secrets of tokens, a policy, offsets, an archive."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tideline.udfs.core.policies.by_name import describe_policies, make_policy
from tideline.udfs.settings.options import MASK, Kind, table

if TYPE_CHECKING:
    from collections.abc import Mapping

_SECRET_BYTES = 32


def _check_token_keys(entries: dict[str, Any]) -> dict[int, bytes]:
    keys = {int(key_id): bytes.fromhex(str(secret)) for key_id, secret in entries.items()}
    if not keys or not all(0 <= key_id <= 255 and len(secret) >= _SECRET_BYTES for key_id, secret in keys.items()):
        raise ValueError
    return keys


def mask_token_keys(keys: Mapping[int, bytes]) -> str:
    """Return the ids alone."""
    return json.dumps(dict.fromkeys(keys, MASK))


def _read_policy(raw: Any) -> str:
    if not isinstance(raw, str):
        raise TypeError
    make_policy(raw)
    return raw


def _check_offsets(entries: dict[str, Any]) -> dict[int, int]:
    offsets = {int(partition): int(str(offset)) for partition, offset in entries.items()}
    if not offsets or min(*offsets, *offsets.values()) < 0:
        raise ValueError
    return offsets


def _read_archive(raw: Any) -> Path:
    if not isinstance(raw, str) or not any(Path(raw).glob("topic=*")):
        raise ValueError
    return Path(raw).resolve()


TOKEN_KEYS = table('{"id": "hex"}: ids from 0 to 255, secrets of 32 bytes or more', json.loads, _check_token_keys)
POLICY = Kind(describe_policies(), _read_policy)
OFFSETS = table('a table {"partition": offset}', json.loads, _check_offsets)
ARCHIVE = Kind("a folder as `tideline archive` writes it, each worker's too", _read_archive)
