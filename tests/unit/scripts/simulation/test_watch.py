import pytest

from tests.unit.scripts.simulation.conftest import MemoryLists
from tideline.scripts.simulation.demo_error import DemoError
from tideline.scripts.simulation.watch import PATIENCE_S, POLL_S, Watch


class Time:
    """A clock that only moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds

    def __call__(self) -> float:
        return self.now_s


def payload(as_of_ms: int) -> bytes:
    return b'{"v":[1,%d,3],"m":1,"i":[],"e":[],"k":"t"}' % as_of_ms


def test_it_waits_for_the_newest_event_and_measures_from_its_sending(lists: MemoryLists) -> None:
    time = Time()
    lists.by_user["11"] = payload(1_000)

    def sleep(seconds: float) -> None:
        time.sleep(seconds)
        if time.now_s > 100.25:
            lists.by_user["11"] = payload(2_000)

    watch = Watch(lists, time, sleep)
    watch.sent("11", 1_500)
    time.now_s = 100.2
    watch.sent("11", 2_000)
    watch.wait()
    assert watch.freshness_ms == [pytest.approx(60, abs=POLL_S * 1_000)]


def test_an_event_that_is_not_the_newest_of_its_user_is_not_waited_for(lists: MemoryLists) -> None:
    watch = Watch(lists, Time())
    lists.by_user["11"] = payload(2_000)
    watch.sent("11", 2_000)
    watch.wait()
    watch.sent("11", 1_900)
    watch.wait()
    assert len(watch.freshness_ms) == 1


def test_lists_that_do_not_come_end_the_wait(lists: MemoryLists) -> None:
    time = Time()
    watch = Watch(lists, time, time.sleep)
    watch.sent("11", 2_000)
    with pytest.raises(DemoError, match=r"1 users got no list .* user 11 as of 2000"):
        watch.wait()
    assert PATIENCE_S <= time.now_s - 100 < PATIENCE_S + 1
