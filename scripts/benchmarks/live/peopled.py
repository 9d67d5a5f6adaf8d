"""The live job with users in its state before its first record; submitted in place of it from a folder of its own.

A million histories come from 31 million events, half an hour of them; here they are copies of some, which lie in a file
beside this one (`full_states`). One subtask.
"""

from __future__ import annotations

import sys
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tideline.jobs.topology
from tideline.jobs.interest_job import main
from tideline.jobs.shards import shard_keys
from tideline.udfs.core.flink_hash import hash_code
from tideline.udfs.operators.interest_rank import InterestRank
from tideline.udfs.operators.kept.flink_users import unpacked
from tideline.udfs.operators.subtask import was_restored

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyflink.datastream.functions import RuntimeContext

STATES = "states.bin"
"""How many users shall be there and how many states follow (4 bytes each), then as `unpacked` reads them."""
_AT_ONCE = 2_000


def people(folder: Path) -> Iterator[tuple[list[str], list[bytes]]]:
    """Yield names and states of all users, some at a time; the names are those of the traffic."""
    raw = (folder / STATES).read_bytes()
    users, count = (int.from_bytes(raw[at : at + 4], "little") for at in (0, 4))
    states = cycle(state for state in unpacked(raw[8:], count) if state is not None)
    for first in range(0, users, _AT_ONCE):
        # As traffic.user_name has it; a cluster has nothing of `scripts`.
        names = [f"user-{number:07d}" for number in range(first, min(first + _AT_ONCE, users))]
        yield names, list(islice(states, len(names)))


class PeopledRank(InterestRank):
    """The ranking operator, which knows its users before they come."""

    folder = Path(__file__).resolve().parent

    def open(self, context: RuntimeContext) -> None:
        """Open, then take them in; a restored one has them."""
        super().open(context)
        if was_restored(context):
            return
        shards = shard_keys(self._config.shards)
        kept: Any = self._states._kept  # noqa: SLF001 - the states themselves, not what is held of them
        for names, states in people(self.folder):
            of_names = [shards[hash_code(name.encode()) % len(shards)] for name in names]
            kept.store(names, states, of_names, [True] * len(names))


if __name__ == "__main__":
    topology: Any = tideline.jobs.topology
    topology.InterestRank = PeopledRank
    sys.exit(main(sys.argv[1:]))
