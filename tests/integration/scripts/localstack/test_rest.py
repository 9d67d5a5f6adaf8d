"""What Flink's REST interface is asked."""

import pytest

from tideline.scripts.localstack import Stack, StackError

pytestmark = [pytest.mark.integration, pytest.mark.slow]


def test_job_that_no_slot_is_free_for_is_refused_with_what_to_do(stack: Stack) -> None:
    """Contract: one slot more than there are is refused, however many of them are being freed just now."""
    there_are = stack.rest.get("/overview")["slots-total"]
    stack.rest.wait_slots(0)
    with pytest.raises(StackError, match=rf"^\d+ slots are free, {there_are + 1} needed; scripts/stack add"):
        stack.rest.wait_slots(there_are + 1, timeout_s=0.5)
