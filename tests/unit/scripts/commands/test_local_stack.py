"""Contract: `tideline stack` tells what runs and what does not, from its record and from the processes themselves."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tideline.scripts.commands.local_stack import main
from tideline.scripts.localstack import state as states
from tideline.scripts.localstack.process import Managed, start_mark
from tideline.scripts.localstack.state import StackState, load
from tideline.scripts.parsers.verbs import parser_of

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(states, "STACKS", tmp_path)


def recorded(*processes: Managed) -> None:
    """Write the record of a stack of these processes."""
    state = StackState("one", "127.0.0.1:1", "redis://:secret@127.0.0.1:2/0", "http://127.0.0.1:3")
    state.save()
    for process in processes:
        state = state.with_process(process)


def running(name: str = "kafka") -> Managed:
    """Return this very process, which runs."""
    return Managed(name, os.getpid(), start_mark(os.getpid()) or "", Path("/log"), 9000)


def ended(name: str = "redis") -> Managed:
    """Return a process that had this pid in another life of the machine."""
    return Managed(name, os.getpid(), "former:1", Path("/log"))


def test_a_stack_of_which_all_runs_is_done_and_one_with_a_part_that_ended_is_not(capsys: Captured) -> None:
    """Contract: exit status 1 where a part is not up, and the part is named; a pid that is another's now is none."""
    recorded(running())
    assert main(["status", "--name", "one"]) == 0
    assert f"kafka            pid {os.getpid()} runs" in capsys.readouterr().out
    recorded(running(), ended())
    assert main(["status", "--name", "one"]) == 1
    told = capsys.readouterr().out
    assert f"redis            pid {os.getpid()} IS NOT RUNNING" in told
    assert f"kafka            pid {os.getpid()} runs" in told


@pytest.mark.parametrize("as_json", [[], ["--json"]])
def test_the_password_of_a_redis_is_not_printed(as_json: list[str], capsys: Captured) -> None:
    """Contract: not in words and not in JSON; where the server is, is told."""
    recorded(running())
    main(["status", "--name", "one", *as_json])
    told = capsys.readouterr().out
    assert "127.0.0.1:2/0" in told
    assert "secret" not in told


def test_the_json_has_the_keys_that_help_names(capsys: Captured) -> None:
    """Contract: one line, and each process with its pid and whether it lives."""
    recorded(running(), ended())
    main(["status", "--name", "one", "--json"])
    told = capsys.readouterr().out
    assert told.count("\n") == 1
    found = json.loads(told)
    assert found.keys() == parser_of("stack").sub_verbs()["status"].keys.keys()
    assert {name: part["alive"] for name, part in found["processes"].items()} == {"kafka": True, "redis": False}


@pytest.mark.parametrize("verb", ["status", "add", "watch"])
def test_a_stack_that_is_not_up_is_said_in_one_line(verb: str, capsys: Captured) -> None:
    """Contract: exit status 1, with the command that brings it up."""
    assert main([verb, "--name", "nowhere"]) == 1
    told = capsys.readouterr().err.splitlines()[-1]
    assert told == "stack: stack 'nowhere' is not up; start it with: scripts/stack up --name nowhere"


def test_taking_down_what_is_not_up_is_no_failure(capsys: Captured, tmp_path: Path) -> None:
    """Contract: `down` may be called twice; it says whether there was anything, and leaves no folder behind."""
    recorded()
    for told in ("[stack] one is down\n", "[stack] one was not up\n"):
        assert main(["down", "--name", "one"]) == 0
        assert capsys.readouterr().err == told
        assert load("one") is None
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("other", [["--kafka", "127.0.0.1:1"], ["--redis-url", "redis://127.0.0.1:1"]])
def test_logins_are_for_servers_of_the_stack_s_own(other: list[str], capsys: Captured) -> None:
    """Contract: nothing is started where somebody else's broker or Redis would have to be given logins."""
    assert main(["up", "--name", "one", "--secure", *other]) == 1
    assert "leave out their addresses, or --secure" in capsys.readouterr().err
    assert load("one") is None


@pytest.mark.parametrize("other", [["--secure"], ["--kafka", "127.0.0.1:1"], ["--redis-url", "redis://127.0.0.1:1"]])
def test_a_redis_cluster_is_of_a_stack_that_starts_all_it_needs(other: list[str], capsys: Captured) -> None:
    """Contract: what cannot be had together is said before anything starts."""
    assert main(["up", "--name", "one", "--redis-cluster", "3", *other]) == 1
    assert "leave out --secure, --redis-url and --kafka" in capsys.readouterr().err
    assert load("one") is None


def test_a_stack_without_logins_is_not_taken_for_one_with(capsys: Captured) -> None:
    """Contract: who asks for logins gets them, or is told that the stack that is up has none."""
    recorded(running())
    assert main(["up", "--name", "one", "--secure"]) == 1
    assert "'one' is up without logins" in capsys.readouterr().err
