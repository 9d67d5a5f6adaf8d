"""What the topic of the policy says as of a version: rows by activity, and where activities stand with their limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tideline.schemas.errors import InvalidRecord
from tideline.scripts.commands.ledger_lines import Standings, standings_in
from tideline.udfs.core.policies.arm_key import ArmKey, decode_row_key
from tideline.udfs.core.policies.policy_table import PolicyTable, decode_row

if TYPE_CHECKING:
    from tideline.udfs.core.policies.policy_start import PolicyStart
    from tideline.udfs.core.policies.policy_table import PolicyRow


class Learned(NamedTuple):
    """The deployment's rows; those of arms of an experiment that are solved otherwise are left out."""

    table: PolicyTable
    standings: Standings
    complete: bool = True
    """Whether no row of it can be missing, see PolicyStart."""

    @classmethod
    def of(cls, start: PolicyStart) -> Learned:
        """Return what some records say; what is none is passed over."""
        table = PolicyTable()
        for record in start.records:
            key = decode_row_key(record.key)
            if key is None or key.regression or record.value is None:
                continue
            try:
                table.apply(*decode_row(record.value, record.offset))
            except InvalidRecord:
                continue
        return cls(table, standings_in(start.records), start.complete)

    @property
    def encoder(self) -> int:
        """The newest encoder that there are rows of, 0 for none."""
        return max((key.encoder for key in self.table.rows), default=0)

    def row(self, activity_id: str) -> PolicyRow | None:
        """Return the row of an activity under the newest encoder, None where nothing was learned of it."""
        return self.table.rows.get(ArmKey(self.encoder, activity_id))
