"""Contract: a run in which nothing was checked is not a success."""

from pathlib import Path

import pytest

from tideline.scripts.commands.run_tests import Counts, count, main, summary

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
