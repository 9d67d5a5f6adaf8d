"""Which bytes in the state of a job this build goes on from, and which it refuses: the page docs/upgrades.md.

Former versions have files in tests/golden, of what the build of its time wrote; a test restores each by the operators
themselves and compares with what is said here.
"""

from __future__ import annotations

from typing import NamedTuple

from tideline.schemas.registry import shipped
from tideline.udfs.core.budgets.ledger import LEDGER_VERSION
from tideline.udfs.core.budgets.terms import TERMS_VERSION
from tideline.udfs.core.learning.learning import SUMS_VERSION
from tideline.udfs.core.profiles.kept_profile import PROFILE_VERSION
from tideline.udfs.core.push.effect_sums import EFFECT_SUMS_VERSION
from tideline.udfs.core.push.learned.push_feedback import PUSH_FEEDBACK_LAYOUT
from tideline.udfs.core.push.learned.push_learning import PUSH_SUMS_VERSION
from tideline.udfs.core.pushing.part.push_part import PUSH_PART_VERSION
from tideline.udfs.core.rewards.feedback import FEEDBACK_LAYOUT
from tideline.udfs.core.serving.batches.fates import FATES_FORMAT
from tideline.udfs.core.serving.renewal.roll import ROLL_VERSION
from tideline.udfs.core.users.user_state import STATE_VERSION
from tideline.udfs.core.variants.variant_sums import VARIANT_SUMS_VERSION


class Layout(NamedTuple):
    """Bytes that a job keeps: what they say, where, the versions that were ever written and those that are read."""

    name: str
    """Of its files in tests/golden, before `_vN`."""
    says: str
    kept: str
    written: int
    read: tuple[int, ...]

    @property
    def refused(self) -> tuple[int, ...]:
        """Former versions that end the job."""
        return tuple(version for version in range(1, self.written) if version not in self.read)


_RANKER, _LEARNER = "interest_rank", "learner"


def _own(name: str, says: str, kept: str, version: int) -> Layout:
    """Of bytes with a version of their own: only the newest is read."""
    return Layout(name, says, kept, version, (version,))


def _avro(name: str, record: str, says: str, kept: str) -> Layout:
    """Of an Avro record: every version that was ever written is read."""
    versions = tuple(each.version for each in shipped().versions_of(record))
    return Layout(name, says, kept, versions[-1], versions)


LAYOUTS = (
    _own("user", "a user", f"{_RANKER}: users", STATE_VERSION),
    _own("profile_state", "a user's profile, in his state", f"{_RANKER}: users", PROFILE_VERSION),
    _own("erased_mark", "up to when a user was erased", f"{_RANKER}: users", 1),
    Layout(
        "push_part",
        "what is kept of a user for pushes, before his state",
        f"{_RANKER}: users",
        PUSH_PART_VERSION,
        (1, 2),
    ),
    _own("roll", "how far users are told of an opening", f"{_RANKER}: openings", ROLL_VERSION),
    _own("tally", "what became of a replay's records", f"{_RANKER}: tally", FATES_FORMAT),
    _own("sums", "what is learned of an activity", f"{_LEARNER}: sums", SUMS_VERSION),
    _own("feedback", "what was on its way to the learner", "the window before it", FEEDBACK_LAYOUT),
    _own("ledger", "what a limit or a floor has had", f"{_LEARNER}: ledgers", LEDGER_VERSION),
    _own("terms", "what an activity may have and is owed", f"{_LEARNER}: terms", TERMS_VERSION),
    _own("variant_sums", "what came of each variant", f"{_LEARNER}: variants", VARIANT_SUMS_VERSION),
    _own("push_sums", "what is learned of messages", f"{_LEARNER}: pushes", PUSH_SUMS_VERSION),
    _own("effect_sums", "what came of them, inside it", f"{_LEARNER}: pushes", EFFECT_SUMS_VERSION),
    _own("push_feedback", "what of them was on its way", "the window before it", PUSH_FEEDBACK_LAYOUT),
    _avro("standing", "ledger", "where an activity stands, as last told", f"{_LEARNER}: standings"),
    _avro("rule_costs", "rule_costs", "what rules cost, by day", f"{_LEARNER}: rule_costs"),
)

_PAGE = """\
# Upgrades: which state this build goes on from

<!-- scripts/tideline doctor --states > docs/upgrades.md; a test compares. -->

A job goes on from a savepoint or checkpoint of another build where every part of the table says so. The
[changelog](../CHANGELOG.md) sums it up for each release: *State: compatible* (all is read), *migrates* (a former
version is read and written anew) or *resets* (something is refused, or Flink finds other operators in the state).

| what it says | where | this build writes | goes on from | refuses |
|---|---|---|---|---|
{rows}

A test restores every version of this table by the operators of this build, from bytes that the build of its time wrote
(of feedback, which only waits for seconds, the number alone is of its time): what is read is written again byte for
byte, what is refused ends the job. State of Flink's own operators (offsets, windows) belongs to ids that Flink makes of
the graph; `tests/golden/operators.txt` has them, and a build that changes one says *resets*.

## What a refusal looks like

The job is FAILED, once and without restarts: as it starts, where the formats of users are others (state that does not
say its formats yet: at the first record of a user whom it has), else at the first record that needs what is refused.
One line is the cause, in Flink's page, in `GET /jobs/ID/exceptions` and in the log of a TaskManager:

```
state='user state of version 5' cannot be used; allowed: version 6, as this build writes it; go on with the build that
wrote the state, or begin without (--fresh)
```

Where operators differ, Flink refuses ("Cannot map checkpoint/savepoint state"; its own check, not tried here).
Never give Flink `--allowNonRestoredState`: it would leave out users, sums or offsets and say nothing.

## What to do

1. Nothing was written, to the state or to Redis: submit the former build with `-s` of the same savepoint, and lists go
   on.
2. Read in the changelog what the new build does instead. A version between the two may read the one and write the
   other: go over it.
3. Else begin anew at an hour of little traffic: `scripts/tideline backfill --then-live --fresh` makes users, and
   what was learned, of what `clickstream` still holds (28 days), so lists are about them from the first one on. Give
   `--generation` one more than before, so that each new list replaces the old one.
"""


def page() -> str:
    """Return the page of docs as Markdown."""
    rows = [
        f"| {each.says} | {each.kept} | {each.written} | {_those(each.read)} | {_those(each.refused) or 'none'} |"
        for each in LAYOUTS
    ]
    return _PAGE.format(rows="\n".join(rows))


def _those(versions: tuple[int, ...]) -> str:
    """Return versions as people write them.

    >>> _those((1, 2, 3, 4)), _those((6,)), _those((1, 3)), _those(())
    ('1 to 4', '6', '1, 3', '')
    """
    if len(versions) > 2 and versions[-1] - versions[0] == len(versions) - 1:
        return f"{versions[0]} to {versions[-1]}"
    return ", ".join(map(str, versions))
