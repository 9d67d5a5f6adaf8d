"""The order to erase a user: an event of type `erase` whose `event_id` is its signature.

Its `event_id` is `erase-KEYID-MAC`, the MAC a BLAKE2b-128 with a token secret of the deployment over user, `ts_ms` and
token. So nobody erases somebody else, whatever a page may send: who has the secrets may, as for decision tokens.
With the token of one of his lists the order takes back what was learned of that list; without one it erases the user.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

from tideline.schemas.errors import InvalidRecord, Reason
from tideline.schemas.events import Event, EventType

if TYPE_CHECKING:
    from tideline.udfs.core.lists.token_keys import TokenKeys

_BEGIN = "erase"
_MAC_BYTES = 16


def erase_order(user: str, ts_ms: int, keys: TokenKeys, token: str | None = None) -> Event:
    """Return the signed order to erase a user up to a moment, or to take back what one of his lists taught.

    >>> from tideline.udfs.core.lists.token_keys import TokenKeys
    >>> erase_order("u42", 1700000000000, TokenKeys({7: b"s" * 32}, 7)).event_id[:8]
    'erase-7-'
    """
    mac = _mac(keys.secrets[keys.current], user, ts_ms, token)
    return Event(f"{_BEGIN}-{keys.current}-{mac}", user, EventType.ERASE, ts_ms, token=token)


def check_order(event: Event, keys: TokenKeys) -> None:
    """Refuse an order that none of our secrets has signed.

    Raises:
        InvalidRecord: FOREIGN_TOKEN.
    """
    begin, _, rest = event.event_id.partition("-")
    key_id, _, mac = rest.partition("-")
    secret = keys.secrets.get(int(key_id)) if key_id.isdecimal() and key_id.isascii() else None
    own = "" if secret is None else _mac(secret, event.user_id, event.ts_ms, event.token)
    if begin != _BEGIN or not own or not hmac.compare_digest(mac.encode(), own.encode()):
        raise InvalidRecord(Reason.FOREIGN_TOKEN, "event_id is no signature of ours over user, ts_ms and token")


def _mac(secret: bytes, user: str, ts_ms: int, token: str | None) -> str:
    mac = hashlib.blake2b(key=secret[:64], digest_size=_MAC_BYTES, person=b"erase order")
    for part in (user.encode(), b"%d" % ts_ms, (token or "").encode()):
        mac.update(len(part).to_bytes(4, "big") + part)
    return mac.hexdigest()
