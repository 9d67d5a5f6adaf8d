"""The Complete Journey as sequences."""

from pathlib import Path

import numpy as np

from tideline.models.data import owners, read
from tideline.models.prepare import completejourney, completejourney_sequences
from tideline.schemas.events import EventType


def test_completejourney_sequences_are_the_clickstream_split_at_a_day(tmp_path: Path) -> None:
    arguments = ["--out", str(tmp_path), "--from", "2017-03-01", "--split", "2017-03-04", "--until", "2017-03-05"]
    assert completejourney_sequences.main(arguments) == 0
    cols = completejourney.columns()
    edges_ms = [completejourney_sequences.day_ms(f"2017-03-0{day}") for day in (1, 4, 5)]
    for name, begins, ends in (("train", edges_ms[0], edges_ms[1]), ("test", edges_ms[1], edges_ms[2])):
        data = read(tmp_path / f"{name}.parquet")
        rows = np.flatnonzero((cols.ts_ms >= begins) & (cols.ts_ms < ends))
        assert data.item.size == rows.size
        order = np.lexsort((data.ts_ms, owners(data)))
        assert order.tolist() == list(range(rows.size))
        users = data.names[owners(data)].astype(np.int64)
        for user in users[:: rows.size // 7]:
            mine, theirs = users == user, rows[cols.user[rows] == user]
            assert data.ts_ms[mine].tolist() == cols.ts_ms[theirs].tolist()
            assert data.type[mine].tolist() == cols.type[theirs].tolist()
            assert data.quantity[mine].tolist() == cols.quantity[theirs].tolist()
            products = [
                None if kind == EventType.SEARCH else str(product)
                for kind, product in zip(cols.type[theirs], cols.product[theirs], strict=True)
            ]
            assert [None if at < 0 else data.item_names[at] for at in data.item[mine]] == products
