"""What `tideline demo` says and returns around a run; the run itself: `.ci/run` and `tests/unit/scripts/simulation`."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tideline.scripts.audit.decision_audit import Audit
from tideline.scripts.commands import demo
from tideline.scripts.localstack import StackError
from tideline.scripts.simulation.demo_error import DemoError

Captured = pytest.CaptureFixture[str]


@pytest.mark.parametrize("error", [DemoError("the job wrote no list"), StackError("no Java is there")])
def test_what_does_not_work_is_one_line_and_status_1(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    def fail(arguments: object) -> None:
        raise error

    monkeypatch.setattr(demo, "run", fail)
    assert demo.main([]) == 1
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", f"demo: {error}\n")


def test_words_make_way_for_the_document(capsys: Captured) -> None:
    """Contract: with --json standard output ends in one object; people read on standard error."""
    demo._print(["3 lists"], {"lists": 3}, as_json=True)
    said = capsys.readouterr()
    assert (json.loads(said.out), said.err) == ({"lists": 3}, "3 lists\n")
    demo._print(["3 lists"], {"lists": 3}, as_json=False)
    assert capsys.readouterr().out == "3 lists\n"


def test_a_decision_that_breaks_a_promise_ends_the_demo_with_its_example() -> None:
    """Contract: so do messages that break one, and lists that nobody has; what keeps every promise says nothing."""
    good: dict[str, Any] = {"lists": 3, "users": 2, "pushes": {"broken": {}}}
    demo._check(good, Audit(1, 1, {}, []))
    with pytest.raises(DemoError, match="cap_broken: u1"):
        demo._check(good, Audit(1, 1, {"cap_broken": 1}, ["cap_broken: u1"]))
    with pytest.raises(DemoError, match="messages broke promises"):
        demo._check(good | {"pushes": {"broken": {"told_twice": 1}}}, Audit(1, 1, {}, []))
    with pytest.raises(DemoError, match="wrote no list"):
        demo._check({"lists": 0, "users": 2}, Audit(0, 0, {}, []))
