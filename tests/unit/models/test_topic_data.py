"""Training from the clickstream against the online job on the same records."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet as pq

from tests.support.core_world import NOON_MS, make_ranker
from tests.unit.models.conftest import ARTEFACTS
from tideline.models.encoder import Encoder
from tideline.models.scorer import Scorer
from tideline.models.sequences import event_inputs, window_inputs, windows
from tideline.models.tables import Table
from tideline.models.topic_data import ARCHIVE_COLUMNS, Record, archive_records, load, sequences_of
from tideline.schemas.codec import encode_event
from tideline.schemas.errors import ConfigError
from tideline.schemas.events import Event, EventType
from tideline.scripts.diagnosis.canaries import canaries
from tideline.udfs.core.hashing import hash32
from tideline.udfs.core.policies.policy_start import TopicRecord
from tideline.udfs.core.serving.engine import Records, process
from tideline.udfs.core.users.features import StepInputs, step_inputs
from tideline.udfs.core.users.interest import quantise
from tideline.udfs.core.users.user_state import HISTORY, UserBatch, decode_states
from tideline.udfs.io.archive_files import write_range

ENCODER = Encoder.load(ARTEFACTS / "demo-1", "cpu")
USERS = {f"user-{number}": count for number, count in enumerate((1, 2, 15, 16, 17, 31, 32, 33, 48, 70))}


def stories() -> dict[str, list[Event]]:
    """Each user's organic events, some of one moment, with prices and quantities that a history must round."""
    rng = np.random.default_rng(9)
    found = {}
    for user, count in USERS.items():
        ts_ms, events = NOON_MS, []
        for number in range(count):
            ts_ms += int(rng.choice([0, 900, 60_000, 86_400_000])) + (
                number == count - 1
            )  # the last is after all others
            kind = int(rng.integers(0, 4))
            item = None if kind == EventType.SEARCH else f"item-{rng.integers(0, 9)}"
            price = None if number % 5 == 0 else float(rng.choice([0.1, 1.00048828125001, 777.77, 9e8]))
            category = str(rng.choice(["GRAPES", "BACON", "nothing known"]))
            events.append(Event(f"{user}-{number}", user, kind, ts_ms, item, category, price, number * 30 % 900))
        found[user] = events
    return found


def records_of(stories: dict[str, list[Event]]) -> list[Record]:
    """The events as a topic may hold them: users mixed, some twice, a little out of order, with others in between."""
    rng = np.random.default_rng(5)
    found: list[tuple[float, Record]] = []
    for user, events in stories.items():
        for number, event in enumerate(events):
            record = (user.encode(), encode_event(event, as_json=number % 3 == 0), event.ts_ms)
            copies = 1 + (number % 6 == 0)
            found += [(event.ts_ms + rng.uniform(0, 100_000_000), record) for _ in range(copies)]
        shown = Event(f"{user}-shown", user, EventType.IMPRESSION, NOON_MS, activity_id="a")
        found.append((NOON_MS, (user.encode(), encode_event(shown), NOON_MS)))
    found.append((NOON_MS, (b"user-1", b"{not json", NOON_MS)))
    found.append((NOON_MS, (None, encode_event(stories["user-1"][0]), NOON_MS)))
    return [record for _, record in sorted(found, key=lambda entry: entry[0])]


def online(records: list[Record]) -> tuple[list[str], UserBatch]:
    """The states that the engine has after these records, in batches of 40."""
    ranker = make_ranker(encoder=ENCODER)
    states: dict[str, bytes] = {}
    for start in range(0, len(records), 40):
        keys, values, times_ms = (list(column) for column in zip(*records[start : start + 40], strict=True))
        outcome = process(Records(keys, values, times_ms), lambda users: [states.get(user) for user in users], ranker)
        assert not outcome.counts["late"]
        states.update(zip(outcome.users, outcome.states, strict=True))
    users = sorted(states)
    return users, decode_states([states[user] for user in users], ENCODER.hidden)


def test_a_topic_gives_the_histories_that_the_job_has(tmp_path: Path) -> None:
    """Contract: no skew: the newest 31 events of each user are those of the online state, field by field."""
    records = records_of(stories())
    data = sequences_of(records)
    users, batch = online(records)
    assert sorted(data.names.tolist()) == users
    item_hashes = np.array([*map(hash32, data.item_names), 0], np.uint32)[data.item]
    category_hashes = np.array([*map(hash32, data.category_names), 0], np.uint32)[data.category]
    for at, user in enumerate(users):
        sequence = data.names.tolist().index(user)
        rows = np.arange(data.starts[sequence], data.starts[sequence + 1])
        assert rows.size == USERS[user] == batch.header["accepted"][at]
        rows = rows[-HISTORY:]
        history = batch.history[at, HISTORY - rows.size :]
        for name, found in (
            ("ts_ms", data.ts_ms),
            ("item", item_hashes),
            ("category", category_hashes),
            ("type", data.type),
            ("quantity", data.quantity),
            ("price", data.price),
        ):
            assert history[name].tolist() == found[rows].tolist(), name


def test_windows_of_training_are_what_the_encoder_is_given_online() -> None:
    """Contract: no skew: one feature code, so the last window of training equals the online one bit for bit."""
    given = stories()
    data = sequences_of(records_of(given))
    users, batch = online(records_of({user: events[:-1] for user, events in given.items()}))
    inputs, pieces = event_inputs(data, ENCODER.vocabulary), windows(data.starts)
    for at, user in enumerate(users):
        last = data.starts[data.names.tolist().index(user) + 1] - 1
        length = int(batch.header["accepted"][at])
        if not length:
            continue
        length = length if length < 16 else 16 + length % 16
        history = batch.history[at, HISTORY - length :]
        served = step_inputs(
            ENCODER.vocabulary,
            np.ascontiguousarray(history["item"]),
            np.ascontiguousarray(history["category"]),
            np.ascontiguousarray(history["type"]),
            np.diff(history["ts_ms"], prepend=history["ts_ms"][:1]),
            history["price"].astype(np.float32),
            history["quantity"].astype(np.float32),
        )
        window = np.flatnonzero((pieces.first <= last - 1) & (pieces.first + pieces.steps == last))
        piece = window[pieces.first[window] == last - length]
        assert piece.size == 1
        trained = window_inputs(inputs, pieces.rows(piece))
        for name in StepInputs.__slots__:
            assert getattr(trained, name)[0].tobytes() == getattr(served, name).tobytes(), name


def test_what_is_evaluated_is_the_h_and_x_that_the_job_has() -> None:
    """Contract: no skew: scoring offline starts from the very h and x of the online state."""
    given = stories()
    data = sequences_of(records_of(given))
    users, batch = online(records_of({user: events[:-1] for user, events in given.items()}))
    place = {user: at for at, user in enumerate(users)}
    known = [s for s, user in enumerate(data.names) if USERS[user] > 1]
    h, x = Scorer(ENCODER, {}).encode(data, data.starts[1:][known] - 1)
    rows = [place[data.names[s]] for s in known]
    assert h.tobytes() == batch.h[rows].tobytes()
    assert quantise(x).tobytes() == batch.header["x"][rows].tobytes()


def test_an_archive_of_a_topic_reads_as_the_topic(tmp_path: Path) -> None:
    records = records_of(stories())
    path = tmp_path / "archive.parquet"
    columns = zip(*records, strict=True)
    pq.write_table(pa.table(dict(zip(ARCHIVE_COLUMNS, map(list, columns), strict=True))), path, row_group_size=50)
    assert list(archive_records(Table(path, "--data"))) == records
    pq.write_table(pa.table({"key": [b"a"]}), path)
    with pytest.raises(ConfigError, match="missing: value, timestamp_ms"):
        list(archive_records(Table(path, "--data")))


def test_a_file_of_sequences_may_have_a_column_of_values(tmp_path: Path) -> None:
    """Contract: an archive is a file with all of an archive's columns, however else they are called."""
    path = tmp_path / "train.parquet"
    columns = {"sequence_id": ["a", "b"], "item_id": ["x", "y"], "ts_ms": [1, 2], "value": [1.0, 2.0]}
    pq.write_table(pa.table(columns), path)
    assert load(str(path)).item_names.tolist() == ["x", "y"]


def test_a_file_is_read_by_what_it_is(tmp_path: Path) -> None:
    """Contract: an archive is told from a file of sequences by its columns."""
    records = records_of(stories())
    archive, file = tmp_path / "archive.parquet", tmp_path / "file.csv"
    pq.write_table(pa.table(dict(zip(ARCHIVE_COLUMNS, map(list, zip(*records, strict=True)), strict=True))), archive)
    file.write_text("sequence_id,item_id,ts_ms\na,i,5\n")
    assert load(str(archive)).names.size == len(USERS)
    assert load(str(file)).names.tolist() == ["a"]
    for bad in (tmp_path / "none.parquet", tmp_path / "none.csv"):
        with pytest.raises(ConfigError, match="none"):
            load(str(bad))


def test_of_an_archive_of_several_topics_the_clickstream_is_read(tmp_path: Path) -> None:
    """Contract: as `tideline archive` writes it; what decisions hold is none of it."""
    records = [TopicRecord(at, key, value, at_ms) for at, (key, value, at_ms) in enumerate(records_of(stories()))]
    half = len(records) // 2
    write_range(tmp_path, "clickstream", (0, 0, half), records[:half])
    write_range(tmp_path, "clickstream", (0, half, len(records)), records[half:])
    write_range(tmp_path, "decisions", (0, 0, 1), [TopicRecord(0, b"other", records[0].value, NOON_MS)])
    found, wanted = load(str(tmp_path)), sequences_of(records_of(stories()))
    assert (found.names.tolist(), found.ts_ms.tolist()) == (wanted.names.tolist(), wanted.ts_ms.tolist())


def test_a_robot_teaches_nothing() -> None:
    many = [Event(f"r{number}", "robot", 0, NOON_MS + number, "i", "c") for number in range(200)]
    one = Event("p", "person", 0, NOON_MS, "i", "c")
    records = [(event.user_id.encode(), encode_event(event), NOON_MS) for event in [*many, one]]
    data = sequences_of(records)
    assert data.names.tolist() == ["robot", "person"]
    robot, person = np.diff(data.starts).tolist()
    assert 20 <= robot < 32
    assert person == 1


def test_a_topic_without_organic_events_is_refused() -> None:
    with pytest.raises(ConfigError, match="organic"):
        sequences_of([])


def test_what_users_did_before_they_were_erased_is_not_learned_from() -> None:
    """Contract: as if they had begun then; an order that takes back one list erases nobody."""
    told = stories()
    user, other = next(iter(told)), list(told)[-1]
    middle_ms = told[other][40].ts_ms
    records = records_of(told)
    orders = [
        Event("erase-1-a", other, EventType.ERASE, middle_ms),
        Event("erase-1-b", user, EventType.ERASE, told[user][-1].ts_ms, token="t"),
    ]
    records += [(order.user_id.encode(), encode_event(order), order.ts_ms) for order in orders]
    plain = {name: events for name, events in told.items() if name != other}
    plain[other] = [event for event in told[other] if event.ts_ms > middle_ms]
    found, expected = sequences_of(records), sequences_of(records_of(plain))
    size = dict(zip(found.names.tolist(), np.diff(found.starts).tolist(), strict=True))
    assert size == dict(zip(expected.names.tolist(), np.diff(expected.starts).tolist(), strict=True))


def test_a_prober_trains_nobody() -> None:
    """Contract: canaries view one thing all year; what is read is what there is without them."""
    records = records_of(stories())
    view = Event("c", canaries(1)[0], EventType.VIEW, NOON_MS, category="tideline-probe")
    own = [(view.user_id.encode(), encode_event(view._replace(event_id=str(at))), NOON_MS) for at in range(5)]
    found, without = sequences_of([*own, *records, *own]), sequences_of(records)
    assert found.names.tolist() == without.names.tolist()
    assert found.category_names.tolist() == without.category_names.tolist()
    np.testing.assert_array_equal(found.item, without.item)


def test_an_archive_is_read_a_part_at_a_time_and_rows_count_from_the_first(tmp_path: Path) -> None:
    """Contract: in whatever parts, the records are the same, and a complaint names the row of the file."""
    records = records_of(stories())
    path = tmp_path / "archive.parquet"
    columns = dict(zip(ARCHIVE_COLUMNS, map(list, zip(*records, strict=True)), strict=True))
    pq.write_table(pa.table(columns), path, row_group_size=50)
    parts = list(Table(path, "--data").batches(("key", "value"), 30))
    assert max(part.rows for part in parts) == 30
    assert [key for part in parts for key in part.binary("key").to_pylist()] == columns["key"]
    columns["timestamp_ms"][70] = -1
    pq.write_table(pa.table(columns), path)
    with pytest.raises(ConfigError, match="row 71 is not"):
        [part.times("timestamp_ms") for part in Table(path, "--data").batches(ARCHIVE_COLUMNS, 30)]
