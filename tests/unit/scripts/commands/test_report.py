"""The report of an exported decision log."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from tests.support.exported import columns, random_pairs, write
from tideline.schemas.records import RULE_COSTS
from tideline.scripts.analysis.rule_log import with_rules
from tideline.scripts.commands.report import main
from tideline.scripts.parsers.verbs import parser_of
from tideline.udfs.core.rule_costs.days import encode_costs
from tideline.udfs.core.rule_costs.sums import NO_PRICES, DayCosts


def test_places_are_told_with_the_order_that_makes_the_learner_know_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Contract: of random pairs whose second entry is clicked half as often: 0.5 inside its interval, and the order."""
    count = 6_000
    given = random_pairs(count, [0.2, 0.1])
    log_file = str(write(tmp_path / "log.parquet", given))
    assert main(["--log", log_file, "--html", str(tmp_path / "r.html"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["examination"]
    low, high = found["places"][1]["examined_ci95"]
    assert low < 0.5 < high < 0.6
    assert found["order"] == f"places=[1.00,{found['places'][1]['examined']:.2f}]"
    assert found["places"][0]["swaps_with_next"] == count
    assert f"<td>{found['places'][1]['examined']:.4g}</td>" in (tmp_path / "r.html").read_text()
    assert main(["--log", log_file]) == 0
    told = capsys.readouterr().out
    assert f"scripts/control examination {found['order']}" in told
    assert f"scripts/control examination {found['cascade_order']}" in told


def test_places_without_enough_clicks_are_told_to_be_unknown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Contract: a line says why, and no order is advised."""
    log_file = str(write(tmp_path / "log.parquet", columns(30) | {"position": [0, 1, 2] * 10}))
    assert main(["--log", log_file]) == 0
    told = capsys.readouterr().out
    assert "places 1 to 2: too few clicks where the order was drawn" in told
    assert "scripts/control" not in told


def test_a_log_without_rows_cannot_say_anything(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Contract: exit status 3, and a report of nothing in the keys of every report."""
    empty = {name: np.array(values)[:0] for name, values in columns(4).items()}
    assert main(["--log", str(write(tmp_path / "log.parquet", empty)), "--json"]) == 3
    found = json.loads(capsys.readouterr().out)
    assert found["range"] == "nothing was shown"
    assert found.keys() == parser_of("report").keys.keys()


def test_a_file_without_a_column_is_refused_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = columns(4)
    del given["click"]
    assert main(["--log", str(write(tmp_path / "log.parquet", given))]) == 1
    assert "missing: click" in capsys.readouterr().err


def test_intervals_of_a_report_hold_for_small_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Contract: no clicks of few users are not certainly none, all of few not certainly all; no bound is negative."""
    given = columns(14) | {"action": ["a"] * 12 + ["b"] * 2, "click": [0] * 12 + [1] * 2}
    assert main(["--log", str(write(tmp_path / "log.parquet", given)), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["by"]["activity"]
    assert found["a"]["ctr_ci95"][0] == 0.0
    assert found["a"]["ctr_ci95"][1] > 0.2
    assert found["b"]["ctr_ci95"][0] < 0.35
    assert found["b"]["ctr_ci95"][1] == 1.0


def test_what_rules_cost_is_part_of_the_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Contract: as a document, as lines, and on the page with a bar a class; null where the log knows of none."""
    plain = write(tmp_path / "plain.parquet", columns(30))
    assert main(["--log", str(plain), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rules"] is None
    classes = np.zeros((6, 5), np.int64)
    classes[0], classes[4] = (31_000, 10**6, 5, 0, 10_500), (-2_000, 10**6, 1, 0, 0)
    days = RULE_COSTS.decode(encode_costs([DayCosts(20_000, 100, 1_000_000, 500_000, 0, classes, NO_PRICES)]))["days"]
    table = with_rules(pa.table(columns(30)), {"as_of_ms": 1, "activities": {}, "days": days})
    parquet.write_table(table, tmp_path / "log.parquet")
    asked = ["--log", str(tmp_path / "log.parquet"), "--html", str(tmp_path / "r.html")]
    assert main([*asked, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["rules"]
    assert found.keys() == {"from", "to", "lists", "sampled", "expected", "cost", "share", "rows"}
    assert found["rows"][0]["share"] == 0.031
    assert main(asked) == 0
    assert "caps and times away cost 3.1% of that, 2.1% of clicks" in capsys.readouterr().out
    page = (tmp_path / "r.html").read_text()
    bars = re.findall(r'<rect x="([\d.]+)" y="\d+" width="([\d.]+)" height="14"', page)
    (first, length), (second, shorter) = ((float(x), float(width)) for x, width in bars)
    assert second + shorter == pytest.approx(first, abs=0.2)  # what earns stands to the left of the line
    assert length / shorter == pytest.approx(31 / 2, rel=0.02)
    assert "<p>caps and times away cost 3.1% of that, 2.1% of clicks.</p>" in page


def test_placements_are_told_apart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Contract: rates by placement, and places of each by its own lists alone, with orders that are for it; without
    the column, or without placements in it, a report is as it was."""
    count = 6_000
    given = random_pairs(count, [0.2, 0.1, 0.2, 0.2]) | {
        "placement": ["", "", "cart", "cart"] * (count // 2),
    }
    log_file = str(write(tmp_path / "log.parquet", given))
    assert main(["--log", log_file, "--html", str(tmp_path / "r.html"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {name: each["impressions"] for name, each in found["by"]["placement"].items()} == {
        "default": count,
        "cart": count,
    }
    default, cart = found["examination"], found["placements"]["cart"]
    assert default["places"][1]["examined_ci95"][1] < 0.7 < cart["places"][1]["examined_ci95"][0]
    assert cart["order"].endswith(" placement=cart")
    assert "placement" not in default["order"]
    assert "Places of cart" in (tmp_path / "r.html").read_text()
    assert main(["--log", log_file]) == 0
    assert f"scripts/control examination {cart['order']}" in capsys.readouterr().out
    documents = []
    for more in ({}, {"placement": [""] * 30}):
        assert main(["--log", str(write(tmp_path / "log.parquet", columns(30) | more)), "--json"]) == 0
        documents.append(json.loads(capsys.readouterr().out))
    assert documents[0] == documents[1]
    assert (documents[0]["placements"], documents[0]["by"].keys()) == ({}, {"policy", "encoder", "arm", "activity"})
