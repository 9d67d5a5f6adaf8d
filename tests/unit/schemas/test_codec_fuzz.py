import random
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tideline.schemas.codec import decode_event
from tideline.schemas.errors import InvalidRecord
from tideline.schemas.events import Event
from tideline.schemas.records import ACTIVITY, CONTROL, DECISION, POLICY, RecordCodec
from tideline.udfs.core.catalogue.activity import Activity, Cap, Rule, decode_activity, encode_activity
from tideline.udfs.core.control.control import Control, Republish, decode_control, encode_control

_NOW_MS = 1_700_000_000_000
_MAX_CPU_S = 0.05
_AVRO = (Path(__file__).parents[2] / "golden" / "clickstream_v1.bin").read_bytes()
_JSON = b'{"event_id":"e-1","user_id":"u-1","type":"view","ts_ms":1700000000000,"price":59.9,"item_id":"\\u00fc"}'
_ACTIVITY = encode_activity(
    Activity(
        "a-1",
        "coupon",
        "10 % off",
        1_700_000_000_000,
        1_800_000_000_000,
        rule=Rule(1, 2, ("shoes",)),
        cap=Cap(3, 60_000),
        labels={"a": "b"},
    )
)
_CONTROL = encode_control(Control(Republish("r-1"), 1_700_000_000_000))
_HEADER = _AVRO[:5]

_hostile = st.sampled_from((b"\xff", b"\x80", b"\x01", b"\x7f", b"\x00"))


def _only_invalid_event(decode: Callable[[], object]) -> bool:
    """Return whether it decoded; any exception but InvalidRecord and any slow call fails the test."""
    # The best of three: a garbage collection that falls into one call is not its cost.
    for _ in range(3):
        started_s = time.thread_time()
        try:
            decode()
            accepted = True
        except InvalidRecord:
            accepted = False
        if time.thread_time() - started_s < _MAX_CPU_S:
            return accepted
    raise AssertionError(f"three calls took over {_MAX_CPU_S} s each")


@given(st.none() | st.binary(max_size=64), st.binary(max_size=200), st.sampled_from((b"", b"{", _HEADER)))
@settings(deadline=None, max_examples=500)
def test_any_bytes_are_an_event_or_an_invalid_event(key: bytes | None, value: bytes, head: bytes) -> None:
    """Contract: no input can make the decoder raise anything but InvalidRecord."""
    _only_invalid_event(lambda: decode_event(key, head + value, _NOW_MS))


@given(_hostile, st.integers(0, len(_AVRO) - 1), st.integers(1, 65_000))
@settings(deadline=None, max_examples=200)
def test_long_runs_of_hostile_bytes_cost_no_time(byte: bytes, at: int, count: int) -> None:
    """Contract: at most 50 ms of CPU for any value; endless numbers and huge lengths are cut off early."""
    _only_invalid_event(lambda: decode_event(b"u-1", _AVRO[:at] + byte * count, _NOW_MS))
    _only_invalid_event(lambda: decode_event(b"u-1", b'{"a":' + b"[" * count, _NOW_MS))
    _only_invalid_event(lambda: decode_event(b"u-1", b'{"ts_ms":' + b"9" * count, _NOW_MS))


def test_every_truncation_of_a_valid_event_is_refused() -> None:
    """Contract: a message cut anywhere is never taken for a shorter one."""
    for whole in (_AVRO, _JSON):
        assert isinstance(decode_event(b"u-1", whole, _NOW_MS), Event)
        for size in range(len(whole)):
            assert not _only_invalid_event(partial(decode_event, b"u-1", whole[:size], _NOW_MS))


def test_flipped_bytes_give_an_event_or_an_invalid_event() -> None:
    """Contract: one to four damaged bytes in a valid message never crash the worker."""
    rng = random.Random(7)
    for _ in range(20_000):
        damaged = bytearray(rng.choice((_AVRO, _JSON)))
        for _ in range(rng.randint(1, 4)):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        _only_invalid_event(partial(decode_event, b"u-1", bytes(damaged), _NOW_MS))


def test_damaged_records_of_the_other_topics_raise_nothing_but_invalid_event() -> None:
    """Contract: fastavro's own exceptions (EOFError, IndexError, ...) stay inside the codec."""
    rng = random.Random(11)
    for _ in range(10_000):
        base = rng.choice((_ACTIVITY, _CONTROL))
        damaged = bytearray(base[: rng.randrange(6, len(base) + 1)])
        for _ in range(rng.randint(1, 3)):
            at = rng.randrange(len(damaged))
            damaged[at : at + 1] = bytes([rng.randrange(256)]) * rng.choice((1, 1, 12))
        value = bytes(damaged)
        _only_invalid_event(partial(decode_activity, b"a-1", value))
        _only_invalid_event(partial(decode_control, value))


@given(st.sampled_from((ACTIVITY, CONTROL, POLICY, DECISION)), st.binary(max_size=300))
@settings(deadline=None, max_examples=500)
def test_any_bytes_behind_a_valid_header_are_a_record_or_an_invalid_event(codec: RecordCodec, body: bytes) -> None:
    """Contract: the general path is as closed as the fast one."""
    _only_invalid_event(lambda: codec.decode(codec.header + body))
