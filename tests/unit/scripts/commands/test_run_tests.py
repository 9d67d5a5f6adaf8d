"""Contract: a run in which nothing was checked is not a success."""

import threading
from pathlib import Path

import pytest

from tideline.scripts.commands import run_tests
from tideline.scripts.commands.run_tests import Counts, count, main, run_layers, summary

REPORT = '<testsuites><testsuite tests="10" failures="2" errors="1" skipped="3"/></testsuites>'


def test_counts_come_from_the_report(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text(REPORT)
    assert count(report) == (4, 3, 3)
    assert count(tmp_path / "none.xml") == (0, 0, 0)


@pytest.mark.parametrize(("passed", "exit_status", "good"), [(3, 0, True), (0, 0, False), (0, 5, False), (3, 1, False)])
def test_layer_is_good_when_tests_ran_and_pytest_agreed(passed: int, exit_status: int, good: bool) -> None:
    assert Counts("unit", passed, 0, 0, 1.0, exit_status).good is good


def test_closing_line_names_skipped_tests_only_if_there_are_any() -> None:
    clean, partly = Counts("unit", 3, 0, 0, 1.0, 0), Counts("flink", 2, 1, 4, 1.0, 1)
    assert summary([clean]).splitlines()[-1] == "3 passed, 0 failed"
    assert summary([clean, partly]).splitlines()[-1] == "5 passed, 1 failed, 4 skipped"


def test_unknown_layer_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["units"])
    assert "allowed: unit, contract, browser, flink, integration, faults, slow, train" in capsys.readouterr().err


def test_integration_runs_beside_the_others_and_slow_after_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract: integration and unit wait for each other here, slow for both; results come in the order asked for."""
    met, ended = threading.Barrier(2, timeout=30), []

    def run_layer(layer: str, *, is_named: bool) -> Counts:
        if layer in {"unit", "integration"}:
            met.wait()
        ended.append(layer)
        return Counts(layer, 1, 0, 0, 1.0, 0 if is_named == (layer != "slow") else 1)

    monkeypatch.setattr(run_tests, "run_layer", run_layer)
    results = run_layers(["unit", "slow", "integration", "faults"])
    assert [result.layer for result in results] == ["unit", "slow", "integration", "faults"]
    assert all(result.good for result in results)
    assert ended[-1] == "slow"


def test_a_layer_alone_keeps_its_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    """Contract: what pytest prints goes straight on, and where two layers print each line says whose it is."""
    assert run_tests.run_layer("no_such_layer").exit_status == 4
    assert "no tests ran" in capfd.readouterr().out
    assert run_tests.run_layer("no_such_layer", is_named=True).exit_status == 4
    printed = capfd.readouterr().out.splitlines()
    assert printed
    assert all(line.startswith("no_such_layer | ") for line in printed)
