"""Contract: of the policy's topic what the deployment ranks by is taken, and nothing else."""

from __future__ import annotations

from tests.support.core_world import NOON_MS
from tideline.scripts.console.learned import Learned
from tideline.udfs.core.policies.policy_start import PolicyStart, TopicRecord
from tideline.udfs.core.policies.policy_table import cold_row, encode_row, row_key


def _record(offset: int, name: str, encoder: int, impressions: float, regression: str = "") -> TopicRecord:
    row = cold_row()._replace(encoder=encoder, impressions=impressions, regression=regression)
    return TopicRecord(offset, row_key(name, row).value, encode_row(row, name), NOON_MS)


def _learned(*records: TopicRecord) -> Learned:
    return Learned.of(PolicyStart(list(records), len(records), NOON_MS, True))


def test_the_newest_row_under_the_newest_encoder_counts() -> None:
    found = _learned(_record(0, "tea", 2, 9.0), _record(1, "tea", 3, 5.0), _record(2, "tea", 3, 7.0))
    row = found.row("tea")
    assert row is not None
    assert (found.encoder, row.impressions, row.version) == (3, 7.0, 2)
    assert found.row("milk") is None


def test_what_is_no_row_of_the_deployment_is_passed_over() -> None:
    other = (
        TopicRecord(4, b"3|tea", b"garbage", NOON_MS),
        TopicRecord(5, None, b"x", NOON_MS),
        TopicRecord(6, b"3|tea", None, 1),
    )
    found = _learned(_record(0, "tea", 3, 7.0), _record(1, "tea", 3, 99.0, "none:ridge=2.0"), *other)
    row = found.row("tea")
    assert row is not None
    assert row.impressions == 7.0


def test_nothing_learned_is_nothing_known() -> None:
    found = _learned()
    assert (found.encoder, found.row("tea"), found.standings.known) == (0, None, {})
