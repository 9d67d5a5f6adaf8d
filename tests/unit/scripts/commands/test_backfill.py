"""Contract: the live job behind a backfill has its options, as a submission of its own that has state."""

from __future__ import annotations

import pytest

from tideline.scripts.commands.backfill import Backfilled, live_options, main
from tideline.scripts.parsers.verbs import parser_of


@pytest.mark.parametrize(
    ("options", "of_live"),
    [
        ({}, {}),
        ({"policy": "thompson", "shards": "16"}, {"policy": "thompson", "shards": "16"}),
        ({"epoch": "7"}, {"epoch": "8"}),
        ({"without_state": "begin", "name": "shop"}, {"name": "shop"}),
    ],
)
def test_live_has_the_options_of_its_backfill_a_later_epoch_and_state(
    options: dict[str, str], of_live: dict[str, str]
) -> None:
    assert live_options(options) == of_live


@pytest.mark.parametrize("arguments", [["--latest", "--fresh"], ["--shards"], ["shards", "8"]])
def test_mistakes_end_in_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "tideline backfill [--stack NAME] [--file FILE]" in capsys.readouterr().err


def test_what_is_told_is_what_is_printed() -> None:
    """Contract: by the type of what a backfill returns: a run takes minutes."""
    assert Backfilled.__annotations__.keys() == parser_of("backfill").keys.keys()
