"""Who may order that a user is erased."""

from __future__ import annotations

import pytest

from tests.support.core_world import KEYS, NOON_MS, token_for
from tideline.schemas.codec import decode_event, encode_event
from tideline.schemas.errors import InvalidRecord, Reason
from tideline.schemas.events import Event, EventType
from tideline.udfs.core.erasure.erase_order import check_order, erase_order
from tideline.udfs.core.lists.token_keys import TokenKeys

OWN = erase_order("u", NOON_MS, KEYS)


@pytest.mark.parametrize("token", [None, token_for("u", ["a"])])
@pytest.mark.parametrize("as_json", [True, False])
def test_an_order_of_ours_comes_through_kafka_and_is_obeyed(token: str | None, as_json: bool) -> None:
    """Contract: Avro and JSON; one made again is the same record, so that retries are harmless."""
    order = erase_order("u", NOON_MS, KEYS, token)
    read = decode_event(b"u", encode_event(order, as_json), NOON_MS)
    check_order(read, KEYS)
    assert (read, read.type) == (erase_order("u", NOON_MS, KEYS, token), EventType.ERASE)


def test_one_signed_with_a_former_secret_is_obeyed() -> None:
    """Contract: as tokens are, until the secret is retired."""
    former = erase_order("u", NOON_MS, TokenKeys(KEYS.secrets, 2))
    check_order(former, KEYS)
    with pytest.raises(InvalidRecord):
        check_order(former, TokenKeys({1: KEYS.secrets[1]}, 1))


@pytest.mark.parametrize(
    "forged",
    [
        OWN._replace(user_id="somebody else"),
        OWN._replace(ts_ms=NOON_MS + 1),
        OWN._replace(token=token_for("u", ["a"])),
        erase_order("u", NOON_MS, KEYS, token_for("u", ["a"]))._replace(token=None),
        OWN._replace(event_id=OWN.event_id[:-1]),
        OWN._replace(event_id=OWN.event_id.replace("-1-", "-2-")),
        OWN._replace(event_id=OWN.event_id.replace("-1-", "-9-")),
        *(OWN._replace(event_id=text) for text in ("e1", "erase", "erase-1-", "erase--", "erase-²-a", "erase-1-ä")),
        erase_order("u", NOON_MS, TokenKeys({1: b"x" * 32}, 1)),
    ],
)
def test_nobody_else_erases_a_user(forged: Event) -> None:
    """Contract: neither a visitor's own words, nor an order for another user, moment or list, nor a foreign secret."""
    with pytest.raises(InvalidRecord) as refused:
        check_order(forged, KEYS)
    assert refused.value.reason is Reason.FOREIGN_TOKEN
    assert forged.user_id not in refused.value.detail.split()
