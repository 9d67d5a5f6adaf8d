"""The page of options."""

from __future__ import annotations

import pytest

from tideline.udfs.settings.job_config import JobConfig, ReplayConfig
from tideline.udfs.settings.option_page import page
from tideline.udfs.settings.option_sources import load
from tideline.udfs.settings.options import options_of
from tideline.udfs.settings.restart import EFFECTS


def test_every_option_is_on_the_page_and_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    """Contract: the documentation is made from the declarations, so it cannot lack one."""
    documented = page(JobConfig, ReplayConfig, {key: effect.words for key, effect in EFFECTS.items()})
    with pytest.raises(SystemExit):
        load(ReplayConfig, ["--help"], {})
    usage = capsys.readouterr().out

    for option in options_of(ReplayConfig).values():
        assert f"### `{option.key}`\n" in documented
        assert option.flag in usage
