"""What `tideline rollback` takes."""

from __future__ import annotations

from tests.support.command_lines import refused, taken


def test_nothing_is_done_unless_it_is_said() -> None:
    assert not taken("rollback", "monday").yes
    assert taken("rollback", "monday --yes --prefix shop").prefix == "shop"
    assert "1 to 64 letters" in refused("rollback", "''")
