"""What `tideline probe` takes."""

from __future__ import annotations

import pytest

from tests.support.command_lines import refused, taken


def test_it_goes_on_and_shows_itself_on_this_machine_alone() -> None:
    """Contract: without a word a prober of 8 shards, every 5 s, at an address that no other machine reaches."""
    given = taken("probe", "")
    assert (given.once, given.shards, given.every, given.within, given.listen) == (
        False, 8, 5.0, 10.0, ("127.0.0.1", 9400),
    )  # fmt: skip


@pytest.mark.parametrize("listen", ["9400", ":9400", "h:70000", "h:x"])
def test_an_address_that_is_none_is_refused(listen: str) -> None:
    assert "HOST:PORT" in refused("probe", f"--listen {listen}")
