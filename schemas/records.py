"""Avro records in the Confluent wire format: 0x00, schema id as 4 bytes big endian, Avro body.

This is the general path, for every record and every version. Events have a faster one in `tideline.schemas.codec`.
"""

import struct
from collections.abc import Mapping
from io import BytesIO
from typing import Any, NamedTuple

import fastavro
import orjson

from tideline.schemas.errors import InvalidRecord, Reason
from tideline.schemas.registry import Registry, shipped

MAGIC = 0
HEADER_BYTES = 5
MAX_VALUE_BYTES = 65_536
"""A longer value is refused before anything in it is looked at."""


class RecordCodec:
    """Writes the newest version of one record and reads every kept one, resolved to the newest."""

    def __init__(self, registry: Registry, name: str) -> None:
        newest = registry.newest(name)
        self.name = name
        self.header = wire_header(newest.schema_id)
        self._schema = newest.parsed
        self._writer_of = {wire_header(kept.schema_id): kept.parsed for kept in registry.versions_of(name)}

    def encode(self, record: Mapping[str, Any]) -> bytes:
        """Return the wire bytes. Raises ValueError or TypeError where the record does not fit the schema."""
        out = BytesIO()
        out.write(self.header)
        fastavro.schemaless_writer(out, self._schema, record, strict_allow_default=True)
        return out.getvalue()

    def wrote(self, value: bytes) -> bool:
        """Return whether bytes begin as those of a kept version do."""
        return value[:HEADER_BYTES] in self._writer_of

    def decode(self, value: bytes) -> dict[str, Any]:
        """Return the record, fields unknown to its writer filled with their defaults.

        Raises InvalidRecord (EMPTY, TOO_LARGE, BAD_MAGIC, UNKNOWN_SCHEMA, TRUNCATED, BAD_UTF8). Ranges are the
        caller's to check; fastavro counts a negative union or enum index from the end instead of refusing it.
        """
        if not value or len(value) > MAX_VALUE_BYTES:
            raise size_error(value)
        writer = self._writer_of.get(value[:HEADER_BYTES])
        if writer is None:
            raise header_error(value, self.name)
        body = BytesIO(value)
        body.seek(HEADER_BYTES)
        record = self._read(body, writer)
        if body.tell() != len(value):
            raise InvalidRecord(Reason.TRUNCATED, f"{len(value) - body.tell()} bytes left after the {self.name} record")
        return record

    def decode_authored(self, value: bytes, reason: Reason) -> dict[str, Any]:
        """Return a record that people write, as Avro or as a JSON object; JSON gets no defaults.

        Every refusal is an InvalidRecord of the given reason, the parser's own reason at the head of its detail.
        """
        try:
            return self._from_json(value) if value[:1] == b"{" else self.decode(value)
        except InvalidRecord as error:
            raise InvalidRecord(reason, str(error)) from error

    def _from_json(self, value: bytes) -> dict[str, Any]:
        if len(value) > MAX_VALUE_BYTES:
            raise size_error(value)
        try:
            record: dict[str, Any] = orjson.loads(value)
        except orjson.JSONDecodeError as error:
            raise InvalidRecord(Reason.BAD_JSON, f"{self.name}: {error}") from error
        return record

    def _read(self, body: BytesIO, writer: Any) -> dict[str, Any]:
        try:
            # No reader schema where both are the same: resolution costs twice the time. What can be raised was
            # found by damaging a million records.
            record: dict[str, Any] = fastavro.schemaless_reader(
                body, writer, None if writer is self._schema else self._schema
            )
        except UnicodeDecodeError as error:
            raise InvalidRecord(Reason.BAD_UTF8, f"{self.name}: a string is not UTF-8") from error
        except (EOFError, IndexError) as error:
            raise InvalidRecord(Reason.TRUNCATED, f"{self.name}: {type(error).__name__} {error}") from error
        return record


class Origin(NamedTuple):
    """Where a refused record was read."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int


def dead_letter_headers(error: InvalidRecord, origin: Origin, job: str, build: str) -> list[tuple[str, bytes]]:
    """Return the Kafka headers of a dead letter, in the order of `dead_letter.avsc`, as UTF-8 text."""
    texts = {
        "reason": str(error.reason),
        "error": error.detail,
        "source_topic": origin.topic,
        "source_partition": str(origin.partition),
        "source_offset": str(origin.offset),
        "source_timestamp_ms": str(origin.timestamp_ms),
        "job": job,
        "build": build,
    }
    return [(name, text.encode()) for name, text in texts.items()]


def wire_header(schema_id: int) -> bytes:
    """Return the magic byte and the schema id as they stand before an Avro body."""
    return struct.pack(">bI", MAGIC, schema_id)


def size_error(value: bytes | None) -> InvalidRecord:
    """Say why a value of 0 or over MAX_VALUE_BYTES bytes is not parsed."""
    if not value:
        return InvalidRecord(Reason.EMPTY, "the record has no value")
    return InvalidRecord(Reason.TOO_LARGE, f"{len(value)} bytes; allowed: {MAX_VALUE_BYTES}")


def header_error(value: bytes, name: str) -> InvalidRecord:
    """Say why the first bytes of a value are no header of a kept version of the record."""
    if value[0] != MAGIC:
        return InvalidRecord(Reason.BAD_MAGIC, f"first byte 0x{value[0]:02x}; allowed: 0x00 (Avro) or 0x7b (JSON)")
    if len(value) < HEADER_BYTES:
        return InvalidRecord(Reason.TRUNCATED, f"{len(value)} bytes; an Avro value has at least {HEADER_BYTES}")
    schema_id = int.from_bytes(value[1:HEADER_BYTES], "big")
    return InvalidRecord(Reason.UNKNOWN_SCHEMA, f"schema id {schema_id} is no kept version of {name}")


ACTIVITY = RecordCodec(shipped(), "activity")
CONTROL = RecordCodec(shipped(), "control")
POLICY = RecordCodec(shipped(), "policy")
DECISION = RecordCodec(shipped(), "decision")
LEDGER = RecordCodec(shipped(), "ledger")
PROFILE = RecordCodec(shipped(), "profile")
RULE_COSTS = RecordCodec(shipped(), "rule_costs")
ERASURE = RecordCodec(shipped(), "erasure")
PUSH = RecordCodec(shipped(), "push")
PUSH_EFFECTS = RecordCodec(shipped(), "push_effects")
