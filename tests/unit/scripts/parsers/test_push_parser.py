"""What `tideline push` takes."""

from __future__ import annotations

import pytest

from tideline.scripts.parsers.verbs import parse


def test_a_stop_is_of_all_unless_an_activity_is_named() -> None:
    """Contract: nobody stops all by leaving a word out of anything but the activity; horizon as the job's own."""
    assert parse("push", ["stop"]).activity is None
    assert parse("push", ["stop", "--activity", "tea"]).activity == "tea"
    assert parse("push", ["status"]).horizon == 72.0
    for wrong in ([], ["stop", "tea"], ["judge"], ["explain"], ["plan", "--days", "0"]):
        with pytest.raises(SystemExit):
            parse("push", wrong)
