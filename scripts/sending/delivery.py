"""What becomes of one record: passed over, claimed, looked at once more, sent, and a receipt for it.

The claim comes first, and only who has it says anything of the id: so what a second record of the same id, as a restore
writes them, would lead to is nothing. Stops, consent and expiry are looked at behind the claim, right before each try.
"""

from __future__ import annotations

import threading
import time
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, Protocol

from tideline.schemas.errors import TidelineError
from tideline.scripts.sending.carriers import NotTaken, Refused, Unclear
from tideline.scripts.sending.claims import Receipt

if TYPE_CHECKING:
    from collections.abc import Callable

    from tideline.scripts.sending.carriers import Carrier
    from tideline.scripts.sending.claims import Claims
    from tideline.udfs.core.push.push_record import PushRecord

STALE_MS = 86_400_000
"""So long after it expired nobody is told of a record: its claim may be forgotten soon."""
_LONGEST_PAUSE_S = 60.0


class Fate(StrEnum):
    """What became of a record; of those that say why it was not sent, room is given back."""

    SENT = "sent"
    WITHHELD = "withheld"
    """It was never to be sent."""
    ELSEWHERE = "elsewhere"
    """It goes by another channel than this sender's."""
    CLAIMED = "claimed"
    """Another sender has its id, or had it before a restore."""
    STALE = "stale"
    """It was read a day after it expired, or later."""
    EXPIRED = "expired"
    STOPPED = "stopped"
    UNSUBSCRIBED = "unsubscribed"
    FAILED = "failed"
    UNCLEAR = "unclear"
    """Whoever carries it gave no answer: it may have been sent, and is not tried again."""


NOT_SENT = (Fate.EXPIRED, Fate.STOPPED, Fate.UNSUBSCRIBED, Fate.FAILED)


class Ending(Exception):
    """The sender ends, and nothing was sent under the id: whoever is there next may send it."""


class Consent(Protocol):
    """What `as_of_now` of the feed promises."""

    def as_of_now(self) -> None:
        """Wait until all is heard that was accepted by now."""


class Trying(NamedTuple):
    """How often a message is tried, and the pause before the second try, which doubles from there on."""

    attempts: int = 5
    pause_s: float = 1.0


_TRYING = Trying()


class Delivery:
    """Takes records, from several threads at once."""

    def __init__(
        self,
        claims: Claims,
        consent: Consent,
        carrier: Carrier,
        trying: Trying = _TRYING,
        channel: str | None = None,
    ) -> None:
        """Join what it needs; see each. Messages of another channel are left to others, None: of none."""
        self._claims, self._consent, self._carrier = claims, consent, carrier
        self._trying, self._channel = trying, channel
        self._ending = threading.Event()

    def end(self) -> None:
        """Let nothing begin any more, and nobody wait."""
        self._ending.set()

    @property
    def is_ending(self) -> bool:
        """Whether `end` was called."""
        return self._ending.is_set()

    def nobodys(self, record: PushRecord) -> Fate | None:
        """Return what becomes of a record that this sender neither sends nor tells anything of; None of any other."""
        if not record.sent:
            return Fate.WITHHELD
        if None not in (self._channel, record.channel) and record.channel != self._channel:
            return Fate.ELSEWHERE
        return Fate.STALE if _now_ms() - record.expires_ms >= STALE_MS else None

    def deliver(self, record: PushRecord, tell: Callable[[Fate, str], None]) -> Fate:
        """Return what became of a record; `tell` is told why it was not sent, before that is kept in its receipt.

        Raises:
            Ending: nothing yet, since the sender ends.
            Unavailable: Kafka or Redis does not answer.
        """
        nobodys = self.nobodys(record)
        if nobodys is not None:
            return nobodys
        self._wait(0.0)
        # Before the claim: a sender that dies while it waits for this has lost nothing.
        self._consent.as_of_now()
        if not self._claims.claim(record.push_id):
            return Fate.CLAIMED
        try:
            fate, said = self._tried(record)
        except (Ending, TidelineError):  # of neither was anything sent
            self._claims.give_back(record.push_id)
            raise
        return self._settled(record, fate, said, tell)

    def pass_over(self, record: PushRecord, fate: Fate, tell: Callable[[Fate, str], None]) -> Fate:
        """Claim a record that is not to be sent any more, and tell why; raises as `deliver`."""
        self._wait(0.0)
        if not self._claims.claim(record.push_id):
            return Fate.CLAIMED
        return self._settled(record, fate, "", tell)

    def _settled(self, record: PushRecord, fate: Fate, said: str, tell: Callable[[Fate, str], None]) -> Fate:
        if fate in NOT_SENT:  # where this fails the claim stays: it may have been told, so nobody may send it
            tell(fate, said)
        self._claims.settle(record.push_id, Receipt(fate.value, _now_ms(), said))
        return fate

    def _tried(self, record: PushRecord) -> tuple[Fate, str]:
        said = ""
        for attempt in range(self._trying.attempts):
            if attempt:
                self._wait(min(self._trying.pause_s * 2.0 ** (attempt - 1), _LONGEST_PAUSE_S))
                self._consent.as_of_now()
            barred = self._claims.barred(record.user_id, record.activity_id, record.channel)
            if barred is not None:
                return Fate(barred), said
            if _now_ms() >= record.expires_ms:
                return Fate.EXPIRED, said
            try:
                return Fate.SENT, self._carrier.send(record)
            except NotTaken as error:
                said = str(error)
            except Refused as error:
                return Fate.FAILED, str(error)
            except Unclear as error:
                return Fate.UNCLEAR, str(error)
        return Fate.FAILED, f"not taken in {self._trying.attempts} tries: {said}"

    def _wait(self, seconds: float) -> None:
        if self._ending.wait(seconds) if seconds > 0 else self._ending.is_set():
            raise Ending


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
