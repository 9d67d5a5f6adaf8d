"""The job's options behind a verb's own."""

from __future__ import annotations

import argparse

import pytest

from tideline.scripts.parsers.job_options import options_from


def test_both_ways_to_write_an_option_are_read() -> None:
    """Contract: `--flag value` and `--flag=value` by key; a value may begin with a hyphen or hold an equals sign."""
    rest = ["--batch-ms", "50", "--redis-url=redis://h/?db=1", "--salt", "-3"]
    found = options_from(argparse.ArgumentParser(), rest)
    assert found == {"batch_ms": "50", "redis_url": "redis://h/?db=1", "salt": "-3"}


@pytest.mark.parametrize(("rest", "named"), [(["--salt"], "--salt"), (["5", "--salt"], "5")])
def test_anything_else_ends_with_usage(rest: list[str], named: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Contract: status 2, and the word that is no option with a value."""
    with pytest.raises(SystemExit) as ended:
        options_from(argparse.ArgumentParser(), rest)
    assert ended.value.code == 2
    assert f"not so: {named}\n" in capsys.readouterr().err


def test_a_refused_option_does_not_show_its_value(capsys: pytest.CaptureFixture[str]) -> None:
    """Contract: what stands behind the equals sign may be a secret."""
    with pytest.raises(SystemExit):
        options_from(argparse.ArgumentParser(), ["-url=hidden", "x"])
    assert "hidden" not in capsys.readouterr().err
