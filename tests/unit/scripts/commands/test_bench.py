"""The command line of benchmarks."""

from __future__ import annotations

import json

import pytest

from tideline.scripts.commands.bench import main


def test_a_figure_is_one_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["publish", "--known", "10", "--changed", "2", "--repeats", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["known"] == 10


@pytest.mark.parametrize("argv", [[], ["unknown"], ["throughput", "--events", "5"]])
def test_a_mistake_ends_in_usage(argv: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(argv)
    assert ended.value.code == 2


def test_an_encoder_that_is_none_is_refused_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["encoder", "--model", "nowhere"]) == 1
    assert capsys.readouterr().err.startswith("bench: ")
