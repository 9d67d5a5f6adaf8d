"""Users who are nobody: one in each shard, whose lists tell whether the shard works."""

from __future__ import annotations

from itertools import count

from tideline.schemas.fields import CANARY_PREFIX
from tideline.udfs.core.flink_hash import hash_code


def canaries(shards: int) -> list[str]:
    """Return a user id for each shard, in their order: the same for ever, given their number.

    >>> canaries(2)
    ['tideline-probe-00000', 'tideline-probe-00002']
    """
    found: dict[int, str] = {}
    for number in count():
        user = f"{CANARY_PREFIX}{number:05}"
        # what jobs/inputs.py asks Flink for
        found.setdefault(hash_code(user.encode()) % shards, user)
        if len(found) == shards:
            return [found[shard] for shard in range(shards)]
    raise AssertionError("unreachable")
