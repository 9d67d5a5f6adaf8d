"""What `tideline package` takes."""

from __future__ import annotations

from pathlib import Path

from tests.support.command_lines import taken
from tests.support.doc_pages import ROOT


def test_a_package_is_made_in_the_checkout_unless_told_where() -> None:
    assert taken("package", "").out == ROOT / "dist" / "tideline-job"
    assert taken("package", "--out /srv/job").out == Path("/srv/job")
