"""One writer of the policy topic at a time: each submission has an epoch, and a higher one takes over from a lower one.

See docs/decisions/0012-one-writer-of-the-policy.md.
"""

from __future__ import annotations

from tideline.schemas.errors import ConfigError, InvalidRecord
from tideline.schemas.records import LEDGER, POLICY, RULE_COSTS


def epoch_of(value: bytes | None) -> int:
    """Return the epoch of a record of the policy topic, 0 of what is none: whoever wrote it knew of no epochs."""
    if value is None:
        return 0
    codec = next((each for each in (LEDGER, RULE_COSTS) if value.startswith(each.header)), POLICY)
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
