"""`tideline pareto`: files in, a front and the weights to choose out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.core_world import NOON_MS
from tests.support.ope_files import Captured, write
from tests.support.trade_off import best, trade_off
from tideline.schemas.records import CONTROL
from tideline.scripts.commands import pareto
from tideline.scripts.parsers.verbs import parser_of
from tideline.udfs.core.control.control import SetWeights, decode_control

ROWS = 6_000


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("pareto") / "log.csv", trade_off(ROWS))


def run(captured: Captured, log: Path, *argv: str, status: int = 0) -> dict[str, Any]:
    line = ["--log", str(log), "--policy", "linucb:alpha=0.05", "--exploration", "0", *argv, "--json"]
    assert pareto.main(line) == status
    found: dict[str, Any] = json.loads(captured.readouterr().out)
    return found


def test_the_front_runs_from_what_earns_most_to_what_is_clicked_most(log: Path, capsys: Captured) -> None:
    """Contract: its ends are the truth's within their intervals; the weights chosen keep clicks in truth too."""
    found = run(capsys, log, "--objective", "revenue", "--least", "0.7")
    assert found.keys() == parser_of("pareto").keys.keys()
    dearest, liked = found["front"][0], found["front"][-1]
    for each, (clicks, revenue) in ((dearest, best(0.0, 1.0)), (liked, best(1.0, 0.0))):
        assert each["clicks"]["ci95"][0] <= clicks <= each["clicks"]["ci95"][1]
        assert each["gained"]["ci95"][0] <= revenue <= each["gained"]["ci95"][1]
    assert sum(each["efficient"] for each in found["front"]) >= 5
    weights = [each["weights"] for each in found["front"]]
    assert weights[0] == {"click": 0.0, "conversion": 0.0, "revenue": 1.0, "cost": 0.0}
    assert weights[-1] == {"click": 1.0, "conversion": 0.0, "revenue": 0.0, "cost": 0.0}
    worths = [each["revenue"] for each in weights[1:]]
    assert worths == sorted(worths, reverse=True)
    chosen, kept = found["front"][found["chosen"]], 0.7 * found["today"]["clicks"]
    assert chosen["clicks"]["ci95"][0] >= kept
    clicks, revenue = best(chosen["weights"]["click"], chosen["weights"]["revenue"])
    assert clicks >= kept
    assert revenue > 1.2 * best(1.0, 0.0)[1], "much is gained beside clicks alone"
    able = [each["gained"]["value"] for each in found["front"] if each["clicks"]["ci95"][0] >= kept]
    assert chosen["gained"]["value"] == max(able)


def test_an_order_that_ranks_so_is_one_that_the_job_takes(log: Path, capsys: Captured) -> None:
    """Contract: margin is a share of revenue less what conversions cost, in the words of the command."""
    line = "--policy linucb --objective margin --margin-share 0.5 --least 0.5"
    assert pareto.main(["--log", str(log), *line.split()]) == 0
    *_, last = capsys.readouterr().out.splitlines()
    said, order = last.split(": ")
    assert said == "margin with at least 50% of today's clicks"
    given = parser_of("control").parse_args(order.removeprefix("scripts/control ").split())
    value = CONTROL.encode({"kind": given.kind, "argument": json.dumps(dict(given.argument)), "issued_ms": NOON_MS})
    taken = decode_control(value)
    assert taken is not None
    assert isinstance(taken.command, SetWeights)
    assert taken.command.conversion == 0.0
    assert taken.command.revenue == pytest.approx(0.5 * taken.command.cost, rel=1e-3)


def test_where_no_weights_keep_clicks_none_are_chosen(log: Path, capsys: Captured) -> None:
    """Contract: exit status 3, no order; a small log is not sure of anything."""
    rows = trade_off(1_500)
    found = run(capsys, write(log.parent / "small.csv", rows), "--objective", "conversion", "--least", "1", status=3)
    assert found["refused"] is not None or found["chosen"] is None
    assert (found["order"], found["chosen"]) == (None, None)


def test_a_log_that_cannot_answer_says_so(log: Path, capsys: Captured) -> None:
    """Contract: exit status 3 and the reason; without a click nothing can be weighed against it."""
    plain = [{name: value for name, value in row.items() if name != "propensity"} for row in trade_off(1_200)]
    found = run(capsys, write(log.parent / "blind.csv", plain), "--objective", "revenue", status=3)
    assert "no row has a propensity" in found["refused"]
    assert found["front"] == []
    none = write(log.parent / "none.csv", trade_off(1_200, click=0, conversion=0, revenue=0.0))
    assert pareto.main(["--log", str(none), "--policy", "linucb", "--objective", "revenue"]) == 3
    assert "clicks and revenue above 0" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--policy", "pairs"], "pair of what was shown"),
        (["--policy", "uniform"], "linucb"),
        (["--log", "-"], "read twice"),
        (["--picture", "front.nothing"], "whose name ends in"),
    ],
)
def test_what_cannot_be_judged_is_refused_with_what_is_allowed(
    argv: list[str], said: str, log: Path, capsys: Captured
) -> None:
    given = {"--log": str(log), "--policy": "linucb", "--objective": "revenue"} | {argv[0]: argv[1]}
    assert pareto.main([each for pair in given.items() for each in pair]) == 1
    assert said in capsys.readouterr().err


def test_columns_that_are_missing_or_wrong_are_named(log: Path, capsys: Captured) -> None:
    """Contract: margin needs costs; nothing is guessed of a negative one."""
    rows = trade_off(1_200)
    short = write(
        log.parent / "short.csv", [{name: each for name, each in row.items() if name != "cost"} for row in rows]
    )
    wrong = write(log.parent / "wrong.csv", [row | {"cost": -1} for row in rows])
    for path, said in ((short, "cost"), (wrong, "from 0 on")):
        assert pareto.main(["--log", str(path), "--policy", "linucb", "--objective", "margin"]) == 1
        assert said in capsys.readouterr().err
