"""What `tideline experiment status` says of an exported log."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv

from tideline.schemas.errors import ConfigError
from tideline.scripts.commands.experiment import arm_rates, main, report, worse
from tideline.scripts.parsers.verbs import parser_of
from tideline.udfs.core.experiments.lift import rate_of


def table(users: int = 300) -> pa.Table:
    """Each user sees one entry and clicks every third; each sixth buys, and only the first half are past the window."""
    at = range(users)
    return pa.table(
        {
            "user": [f"{user:016x}" for user in at],
            "experiment": ["spring"] * users,
            "arm": [("baseline", "wild")[user % 2] for user in at],
            "click": [int(user % 3 == 0) for user in at],
            "conversion": [int(user % 6 == 0 and user < users // 2) for user in at],
            "revenue": [0.5 * (user % 6 == 0) for user in at],
            "mature": [user < users // 2 for user in at],
        }
    )


def log(folder: Path, rows: pa.Table | None = None) -> Path:
    path = folder / "log.csv"
    csv.write_csv(table() if rows is None else rows, path)
    return path


def test_each_rate_is_told_of_all_and_of_mature_impressions(tmp_path: Path) -> None:
    """Contract: what had no time to come lowers the one rate and not the other."""
    found = report(arm_rates(log(tmp_path), "spring"), "baseline", -0.1)
    assert found.keys() == {"ctr", "cvr", "revenue", "ctr_mature", "cvr_mature", "revenue_mature"}
    assert (found["cvr"]["baseline"]["value"], found["cvr_mature"]["baseline"]["value"]) == (
        pytest.approx(25 / 150, abs=1e-6),
        pytest.approx(25 / 75, abs=1e-6),
    )
    assert [found[name]["wild"]["users"] for name in ("cvr", "cvr_mature")] == [150, 75]


def test_an_arm_of_few_users_without_a_click_is_not_certainly_worse() -> None:
    """Contract: no click of 120 where one of 1,000 is usual; nothing loses more than everything."""
    who = [*range(100_000), *range(100_000, 100_120)]
    click = [float(user % 1000 == 0 and user < 100_000) for user in who]
    usual, none = (
        rate_of(np.array(who[part]), np.array(click[part]), np.ones(len(who[part])))
        for part in (slice(100_000), slice(100_000, None))
    )
    (entry,) = [each["wild"] for each in report({"ctr": {"baseline": usual, "wild": none}}, "baseline", -0.1).values()]
    assert entry["verdict"] == "continue"
    assert entry["lift_anytime95"][0] == -1.0
    assert entry["lift_anytime95"][1] > 0.0


def test_rates_are_unknown_while_nothing_is_mature(tmp_path: Path) -> None:
    young = table().drop_columns("mature").append_column("mature", pa.array([False] * 300))
    found = report(arm_rates(log(tmp_path, young), "spring"), "baseline", -0.1)
    assert found["ctr_mature"]["wild"]["value"] is None
    assert found["ctr_mature"]["wild"]["verdict"] == "continue"


def test_an_experiment_the_log_does_not_have_is_refused_with_those_it_has(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="an experiment of this log: spring"):
        arm_rates(log(tmp_path), "autumn")


def test_who_watches_an_experiment_that_has_shown_nothing_yet_waits(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Contract: it says what it looks for and ends nothing; once there is something, it says how that does."""
    asked = parser_of("experiment").parse_args(["watch", "--id", "autumn"])
    assert worse(log(tmp_path), asked) == []
    assert "nothing is known yet: id='autumn'" in capsys.readouterr().err

    asked.id = "spring"
    assert worse(log(tmp_path), asked) == []
    assert "wild" in capsys.readouterr().out


def test_a_file_that_is_no_log_is_refused_by_file_and_column(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Contract: exit status 1 and one line; CSV is read as Parquet is."""
    for name, text in (("a.csv", "experiment,arm\nspring,baseline\n"), ("b.parquet", "PAR1"), ("c.csv", "")):
        (tmp_path / name).write_text(text)
        assert main(["status", "--log", str(tmp_path / name), "--id", "spring"]) == 1
        said = capsys.readouterr().err
        assert name in said
        assert said.count("\n") == 1
    assert main(["status", "--log", str(log(tmp_path)), "--id", "spring"]) == 0
    assert "baseline" in capsys.readouterr().out


def test_few_users_cannot_say_how_an_arm_does(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Contract: exit status 3 while the verdict on every arm is to go on, and the figures all the same."""
    path = str(log(tmp_path, table(60)))
    assert main(["status", "--log", path, "--id", "spring", "--json"]) == 3
    found = json.loads(capsys.readouterr().out)
    assert {each["wild"]["verdict"] for each in found.values()} == {"continue"}
    assert found.keys() == parser_of("experiment").sub_verbs()["status"].keys.keys()
