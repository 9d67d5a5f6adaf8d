"""Contract: the operator's command publishes through the gates, rolls back and lists; refused, it changes nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.doc_pages import ROOT
from tideline.scripts.commands import extras, tideline
from tideline.scripts.commands.exits import Exit
from tideline.scripts.commands.extras import EXTRA_OF
from tideline.scripts.parsers.verbs import OF_CHECKOUT, VERBS
from tideline.udfs.settings.build import BUILD_ID

_OF_EXTRAS = (*sorted({*EXTRA_OF} - {"pandas"}), "pytest", "fakeredis", "hypothesis")
"""pyarrow takes pandas where it is there, and does not know one that is made to look as if it were not."""
Captured = pytest.CaptureFixture[str]


def test_an_unknown_verb_is_answered_with_the_nearest(capsys: Captured) -> None:
    assert tideline.main(["modle"]) == 2
    assert "did you mean model?" in capsys.readouterr().err
    assert tideline.main(["zzzz"]) == 2
    assert "there is no verb 'zzzz'; tideline --help tells all" in capsys.readouterr().err


def test_the_version_says_which_sources_run(capsys: Captured) -> None:
    """Contract: the release of setup.cfg, and the build that dead letters carry."""
    assert tideline.main(["--version"]) == 0
    assert capsys.readouterr().out == f"tideline 0.1.0, build {BUILD_ID}\n"


def test_the_overview_tells_every_verb_and_exit_status(capsys: Captured) -> None:
    """Contract: --help goes to standard output with 0; without a verb the same goes to standard error with 2."""
    assert tideline.main(["--help"]) == 0
    told = capsys.readouterr().out
    assert all(f"  {verb.name:12}{verb.meaning}\n" in told for verb in VERBS)
    assert all(f"  {each.value:<12}{each.meaning}\n" in told for each in Exit)
    assert tideline.main([]) == 2
    assert capsys.readouterr() == ("", told)


def test_who_only_talks_to_a_cluster_needs_no_extra() -> None:
    """Contract: each verb but demo, bench and console works with what the wheel brings by itself.

    Those three say in one line what to install.
    """
    code = (
        "import sys, importlib\n"
        f"sys.modules.update(dict.fromkeys({_OF_EXTRAS!r}, None))\n"
        "from tideline.scripts.commands.tideline import main\n"
        "from tideline.scripts.parsers.verbs import OF_CHECKOUT, VERBS\n"
        "for verb in VERBS:\n"
        "    verb.name in ('demo', 'bench', 'console') or importlib.import_module(verb.works_in)\n"
        "sys.exit(main(['demo']))\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert ran.stderr.startswith("demo: ")
    assert "pip install 'tideline[" in ran.stderr
    assert ran.stderr.count("\n") == 1


@pytest.mark.parametrize("verb", OF_CHECKOUT)
def test_what_needs_a_checkout_says_so_where_there_is_none(
    verb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    """Contract: one line and status 1; what a stack lacks in a wheel is no file of some folder that is not there."""
    monkeypatch.setattr(extras, "FLINK_CONF", tmp_path / "flink-conf")
    assert tideline.main([verb]) == Exit.FAILED
    told = capsys.readouterr().err
    assert told == f"{verb}: works in a checkout of Tideline alone, not where its wheel is installed\n"


@pytest.mark.parametrize(
    ("argv", "allowed"),
    [
        (["export", "--out", "x", "--bootstrap", "localhost:abc"], "host:port"),
        (["export", "--out", "x", "--bootstrap", "localhost:99999"], "host:port"),
        (["export", "--out", "x", "--bootstrap", ""], "host:port"),
        (["export", "--out", "x", "--bootstrap", "h:1", "--attribution-days", "nan"], "numbers from 0 to 90"),
        (["experiment", "start", "--id", "x", "--bootstrap", "h:1;h:2"], "host:port"),
        (["experiment", "watch", "--id", "x", "--bootstrap", "h:1", "--every", "-1"], "numbers from 1 to"),
        (["experiment", "status", "--id", "x", "--log", "x", "--guard", "nan"], "numbers from -1 to 0"),
        (["model", "publish", "x", "--data", "x", "--train", "x", "--bootstrap", "h"], "host:port"),
    ],
)
def test_a_bad_address_or_number_is_refused_with_what_is_allowed(
    argv: list[str], allowed: str, capsys: Captured
) -> None:
    """Contract: before anything is read or sent, in a usage line and no traceback."""
    with pytest.raises(SystemExit) as ended:
        tideline.main(argv)
    assert ended.value.code == 2
    assert f"allowed: {allowed}" in capsys.readouterr().err
