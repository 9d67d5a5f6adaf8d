"""What `tideline person` takes."""

from __future__ import annotations

from pathlib import Path

from tests.support.command_lines import refused, taken


def test_user_and_folder_must_be_named() -> None:
    given = taken("person", "u1 --export here")
    assert (given.user, given.export) == ("u1", Path("here"))
    assert "--export" in refused("person", "u1")
