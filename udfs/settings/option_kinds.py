"""What options of the job's own kinds hold: secrets of tokens, a policy, offsets, an archive, some users, rules."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tideline.schemas.errors import ConfigError
from tideline.udfs.core.policies.by_name import describe_policies, make_policy
from tideline.udfs.core.rule_costs.lifted import LIFTABLE, Lifted, read_lifted
from tideline.udfs.core.serving.past.some_users import MAX_NAMED, SomeUsers
from tideline.udfs.settings.options import MASK, Kind, table

if TYPE_CHECKING:
    from collections.abc import Mapping

    Offsets = Mapping[int, int]

_SECRET_BYTES = 32
_ONE_IN = re.compile(r"1/([2-9]|[1-9][0-9]{1,5})")


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


def check_range(times: tuple[int | None, int | None], offsets: tuple[Offsets | None, Offsets | None]) -> None:
    """Check that a range has two ends of one kind, in their order.

    Raises:
        ConfigError: It has not.
    """
    (from_ms, to_ms), (from_offsets, to_offsets) = times, offsets
    if (from_ms is None) != (to_ms is None):
        raise ConfigError("from_ms, to_ms", times, "both or neither")
    if (from_offsets is None) != (to_offsets is None):
        raise ConfigError("from_offsets, to_offsets", offsets, "both or neither")
    if (from_ms is None) == (from_offsets is None):
        raise ConfigError("from_ms, from_offsets", (from_ms, from_offsets), "exactly one kind of range")
    if from_ms is not None and to_ms is not None and from_ms >= to_ms:
        raise ConfigError("to_ms", to_ms, f"later than from_ms, {from_ms}")
    begin, end = from_offsets or {}, to_offsets or {}
    if begin.keys() != end.keys() or any(begin[partition] > end[partition] for partition in begin):
        raise ConfigError("to_offsets", end, f"the partitions of from_offsets, none before its start: {begin}")


def _read_archive(raw: Any) -> Path:
    if not isinstance(raw, str) or not any(Path(raw).glob("topic=*")):
        raise ValueError
    return Path(raw).resolve()


def _read_lifted(raw: Any) -> Lifted:
    if not isinstance(raw, str):
        raise TypeError
    return read_lifted(raw)


def _read_users(raw: Any) -> SomeUsers:
    if not isinstance(raw, str):
        raise TypeError
    if part := _ONE_IN.fullmatch(raw):
        return SomeUsers(int(part[1]))
    try:
        told = Path(raw[1:]).read_text(encoding="utf-8").split("\n") if raw.startswith("@") else raw.split(",")
    except OSError as error:
        raise ValueError from error
    named = frozenset(each.removesuffix("\r") for each in told) - {""}
    if not 0 < len(named) <= MAX_NAMED:
        raise ValueError
    return SomeUsers(named=named)


TOKEN_KEYS = table('{"id": "hex"}: ids from 0 to 255, secrets of 32 bytes or more', json.loads, _check_token_keys)
POLICY = Kind(describe_policies(), _read_policy)
LIFTED = Kind(f"{', '.join(LIFTABLE)}, several with commas; draws are `--exploration 0`", _read_lifted)
OFFSETS = table('a table {"partition": offset}', json.loads, _check_offsets)
ARCHIVE = Kind("a folder as `tideline archive` writes it, each worker's too", _read_archive)
USERS = Kind(
    f"ids with commas, @FILE with one in each line, up to {MAX_NAMED:,}, or a sample such as 1/16", _read_users
)
