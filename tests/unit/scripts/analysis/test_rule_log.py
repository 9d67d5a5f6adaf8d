"""What an exported log knows of rules."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from tests.support.core_world import NOON_MS, activity
from tideline.scripts.analysis.rule_log import read_rules, rules_of, with_rules
from tideline.udfs.core.budgets.ledger import HOUR_MS
from tideline.udfs.core.budgets.standing import Standing, encode_standing
from tideline.udfs.core.catalogue.competing import Variant
from tideline.udfs.core.policies.arm_key import COSTS_KEY, LedgerKey
from tideline.udfs.core.policies.policy_start import TopicRecord
from tideline.udfs.core.policies.policy_table import cold_row, encode_row
from tideline.udfs.core.rule_costs.days import encode_costs
from tideline.udfs.core.rule_costs.sums import DayCosts, Prices

KNOWN = {"a": activity("a", budget=20.0, cost=2.0), "b": activity("b", exposure_floor=0.1), "c": activity("c")}


def records(*values: tuple[bytes, bytes | None]) -> list[TopicRecord]:
    return [TopicRecord(at, key, value, NOON_MS + at) for at, (key, value) in enumerate(values)]


def test_the_newest_of_each_is_told_in_units_of_money_and_worth() -> None:
    """Contract: activities that are gone, rows and broken records are left out."""
    costs = [DayCosts(day, day, 1, 1, 0, np.zeros((6, 5), np.int64), {"a": Prices(2, 3, 0, 0)}) for day in (8, 9)]
    found = rules_of(
        records(
            (LedgerKey("a").value, encode_standing("a", Standing(price=1))),
            (b"3|a", encode_row(cold_row(), "a")),
            (LedgerKey("a").value, encode_standing("a", Standing(price=2**23, spent_cents=350, as_of_ms=NOON_MS))),
            (LedgerKey("b").value, encode_standing("b", Standing(offset=2**22, as_of_ms=NOON_MS - 5))),
            (LedgerKey("gone").value, encode_standing("gone", Standing(price=7))),
            (LedgerKey("c").value, b"no record"),
            (COSTS_KEY, encode_costs(costs[:1])),
            (COSTS_KEY, encode_costs(costs)),
            (COSTS_KEY, None),
        ),
        KNOWN,
    )
    assert found is not None
    assert found["as_of_ms"] == NOON_MS
    assert found["activities"].keys() == {"a", "b"}
    assert (found["activities"]["a"]["price"], found["activities"]["a"]["spent"]) == (0.5, 3.5)
    assert (found["activities"]["b"]["offset"], found["activities"]["b"]["budget"]) == (0.25, None)
    assert [(each["day"], each["lists"]) for each in found["days"]] == [(8, 8), (9, 9)]


def test_shares_of_variants_are_no_rule() -> None:
    """Contract: an activity that stands somewhere for them alone is not told of; with a limit beside them it is."""
    varied = activity("a", variants=(Variant("red"), Variant("cow")), split="earn")
    told = records((LedgerKey("a").value, encode_standing("a", Standing(shares=(1, 128, 2, 128)))))
    limited = rules_of(told, {"a": replace(varied, total_cap=9)})
    assert rules_of(told, {"a": varied}) is None
    assert limited is not None
    assert limited["activities"].keys() == {"a"}


def test_what_a_job_still_said_that_was_taken_over_from_does_not_count() -> None:
    """Contract: as for a ranker: behind a record of a higher epoch, of whatever kind, one of a lower says nothing."""
    costs = [DayCosts(day, day, 1, 1, 0, np.zeros((6, 5), np.int64), {}) for day in (8, 9)]
    key = LedgerKey("a").value
    found = rules_of(
        records(
            (key, encode_standing("a", Standing(spent_cents=100, epoch=4))),
            (COSTS_KEY, encode_costs(costs, 5)),
            (key, encode_standing("a", Standing(spent_cents=900, epoch=4))),
            (key, encode_standing("a", Standing(spent_cents=200, epoch=6))),
            (COSTS_KEY, encode_costs(costs[:1], 5)),
        ),
        KNOWN,
    )
    assert found is not None
    assert (found["activities"]["a"]["spent"], len(found["days"])) == (2.0, 2)


@pytest.mark.parametrize(("pacing", "planned"), [("even", 0.25), ("front", 0.3), ("none", None)])
def test_a_plan_is_that_of_the_pacing(pacing: str, planned: float | None) -> None:
    """Contract: the share of the budget that belongs to the time until the standing."""
    known = {"a": activity("a", budget=1.0, cost=1.0, pacing=pacing, starts_ms=100 * HOUR_MS, ends_ms=140 * HOUR_MS)}
    standing = encode_standing("a", Standing(as_of_ms=110 * HOUR_MS))
    found = rules_of(records((LedgerKey("a").value, standing)), known)
    assert found is not None
    assert found["activities"]["a"]["planned"] == pytest.approx(planned)


def test_a_topic_without_rules_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    """Contract: no document, no metadata."""
    assert rules_of(records((b"3|a", encode_row(cold_row(), "a"))), KNOWN) is None
    table = pa.table({"x": [1]})
    assert with_rules(table, None) is table
    parquet.write_table(table, tmp_path / "log.parquet")
    assert read_rules(tmp_path / "log.parquet") is None


def test_a_document_travels_in_the_file(tmp_path: Path) -> None:
    rules = {"as_of_ms": 1, "activities": {}, "days": [{"day": 3}]}
    parquet.write_table(with_rules(pa.table({"x": [1]}), rules), tmp_path / "log.parquet")
    assert read_rules(tmp_path / "log.parquet") == rules


@pytest.mark.parametrize("name", ["log.csv", "none.parquet", "-"])
def test_other_files_know_of_no_rules(tmp_path: Path, name: str) -> None:
    """Contract: a log of another form or writer, one that is not there, standard input."""
    (tmp_path / "log.csv").write_text("x\n1\n")
    assert read_rules(tmp_path / name) is None
