"""What is kept of users, on a mini-cluster in thread mode: `python mini_users.py FOLDER BACKEND`.

FOLDER/users.json names them; FOLDER/found.json is what the states held after each step.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from pyflink.common import Configuration, Types
from pyflink.datastream import StreamExecutionEnvironment
from pyflink.datastream.functions import KeyedProcessFunction

from tideline.scripts.localstack.paths import PYTHON

_FOLDER, _BACKEND = Path(sys.argv[1]), sys.argv[2]


class _Users(KeyedProcessFunction):  # type: ignore[misc]  # pyflink has no types
    """Keeps everybody in shard 1 and all but the last in shard 2, with one call; forgets the first two of shard 2."""

    folder = str(_FOLDER)

    def open(self, context: Any) -> None:
        from tideline.udfs.operators.kept.flink_users import flink_users  # of the worker: this class is sent by value

        self._kept = flink_users(context)

    def process_element(self, row: Any, ctx: Any) -> Any:
        import json
        from pathlib import Path

        folder, kept = Path(self.folder), self._kept
        names = json.loads((folder / "users.json").read_text())
        users, shards = names + names[:-1], [1] * len(names) + [2] * (len(names) - 1)
        states = [f"{shard} {user}".encode() for user, shard in zip(users, shards, strict=True)]

        def held() -> Any:
            loaded = [None if state is None else state.decode() for state in kept.load(users, shards)]
            by_shard = []
            for shard in (1, 2):
                kept.at(shard)
                by_shard.append(sorted(kept.names()))
            return loaded, by_shard

        found = [held()]
        kept.store(users, states, shards, [True] * len(users))
        found.append(held())
        kept.at(2)
        kept.forget(names[:2])
        found.append(held())
        (folder / "found.json").write_text(json.dumps(found))
        yield row


def main() -> None:
    """Run it to its end."""
    settings = Configuration()
    for key, value in {
        "python.execution-mode": "thread",
        "python.executable": str(PYTHON),
        "python.client.executable": str(PYTHON),
        "state.backend.type": _BACKEND,
    }.items():
        settings.set_string(key, value)
    environment = StreamExecutionEnvironment.get_execution_environment(settings)
    environment.set_parallelism(1)
    rows = environment.from_collection([(1,)], Types.ROW([Types.INT()]))
    rows.key_by(lambda row: row[0], Types.INT()).process(_Users(), Types.ROW([Types.INT()])).print()
    environment.execute("users")


if __name__ == "__main__":
    main()
