"""One writer of the policy topic at a time: each submission has an epoch, and a higher one takes over from a lower one.

See docs/decisions/0012-one-writer-of-the-policy.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tideline.schemas.errors import ConfigError, InvalidRecord
from tideline.schemas.records import LEDGER, POLICY, PUSH_EFFECTS, RULE_COSTS

if TYPE_CHECKING:
    from collections.abc import Iterable

_CLAIM = b"writer|"


def epoch_of(value: bytes | None) -> int:
    """Return the epoch of a record of the policy topic, 0 of what is none: whoever wrote it knew of no epochs."""
    if value is None:
        return 0
    codec = next((each for each in (LEDGER, RULE_COSTS, PUSH_EFFECTS) if each.wrote(value)), POLICY)
    try:
        return int(codec.decode(value)["epoch"])
    except InvalidRecord:
        return 0


def check_entry(
    topic: str, own: int, newest: int | None, *, restored: bool, may_begin: bool, may_be_own: bool = False
) -> None:
    """Check whether a job may write the policy topic.

    Args:
        topic: Its name, for the message.
        own: Epoch of the job.
        newest: Epoch of the topic's last record, None for none.
        restored: The job has state.
        may_begin: Somebody has said that it may begin anew without.
        may_be_own: Rows of its epoch may be its own: Flink has started it before.

    Raises:
        ConfigError: A job that was submitted later has written it, or another one with the same epoch; or this one
            knows nothing of what another one learned, and nobody has said that it may begin anew.
    """
    if newest is None or (newest == own and may_be_own):
        return
    if newest == own:
        raise ConfigError(
            "epoch", own, f"{own + 1} or higher, for another submission with this one has written {topic!r}; without "
            "the option it is the time of submission",
        )  # fmt: skip
    if newest > own:
        raise ConfigError(
            "epoch", own, f"{newest} or higher, for a job submitted later writes {topic!r}; submit again, or mend the "
            f"clock where this one was submitted or give --epoch {newest + 1}",
        )  # fmt: skip
    if not restored and not may_begin:
        raise ConfigError(
            "without_state", "refuse", f"begin, for {topic!r} holds what another job learned (epoch {newest}) and "
            "publishing over it would lose it; or start from that job's state (scripts/submit --latest, flink run -s)",
        )  # fmt: skip


def check_still_writer(topic: str, own: int, newest: int) -> None:
    """Check that no other job has taken over. `newest` is the highest epoch read from the policy topic.

    Raises:
        ConfigError: One has.
    """
    if newest > own:
        raise ConfigError(
            "epoch", own, f"{newest} or higher: a job submitted later writes {topic!r}, so this one ends. If that one "
            "is the mistake, cancel it and submit this one again from its last state (--latest, -s)",
        )  # fmt: skip


class Claim(NamedTuple):
    """That a submission is going to write the policy: a record without a value, whose key says it all.

    It stands on the topic before any row of it. Readers pass over it, and Kafka takes it away in time. `job` is the id
    that Flink gives a submission, the same however often it is started again.

    >>> Claim(7, "5f").key
    b'writer|7|5f'
    """

    epoch: int
    job: str

    @property
    def key(self) -> bytes:
        """The key of its record."""
        return _CLAIM + f"{self.epoch}|{self.job}".encode()


def is_claim(key: bytes | None) -> bool:
    """Return whether a record of the policy topic is one, readable or not."""
    return key is not None and key.startswith(_CLAIM)


def decode_claim(key: bytes | None) -> Claim | None:
    """Return the claim of a key, None where it is none.

    >>> decode_claim(b"writer|7|5f"), decode_claim(b"7|tea-10"), decode_claim(b"writer|x|5f")
    (Claim(epoch=7, job='5f'), None, None)
    """
    if not is_claim(key) or key is None:
        return None
    epoch, _, job = key.removeprefix(_CLAIM).decode("utf-8", "replace").partition("|")
    return Claim(int(epoch), job) if epoch.isascii() and epoch.isdigit() and job else None


def check_sole_claim(topic: str, own: Claim, claims: Iterable[Claim]) -> None:
    """Check that no other submission has come with the epoch of ours. `claims` are in the order of the topic.

    The later one goes on: it has checked that nobody had published, and the former one is there to read of it.

    Raises:
        ConfigError: One has, behind ours.
    """
    ours = False
    for claim in claims:
        ours = ours or claim == own
        if ours and claim.epoch == own.epoch and claim != own:
            raise ConfigError(
                "epoch", own.epoch, f"{own.epoch + 1} or higher: job {claim.job} was submitted with this one, too, "
                f"before this job had written {topic!r}, and goes on; without the option it is the time of submission",
            )  # fmt: skip
