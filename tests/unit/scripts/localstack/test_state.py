"""Contract: a stack's record is read back as it was written, and a name cannot leave the folder of stacks."""

import threading
from pathlib import Path

import pytest

from tideline.scripts.localstack import state as states
from tideline.scripts.localstack.errors import StackError
from tideline.scripts.localstack.process import Managed
from tideline.scripts.localstack.state import StackState, exclusive, load


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(states, "STACKS", tmp_path)


def managed(name: str, pid: int = 1) -> Managed:
    return Managed(name, pid, "boot:1", Path("/log") / name, 9000)


def empty() -> StackState:
    return StackState("one", "127.0.0.1:1", "redis://127.0.0.1:2/0", "http://127.0.0.1:3")


def test_record_is_read_back_as_written() -> None:
    written = empty().with_process(managed("kafka")).with_taskmanager(managed("taskmanager-1"))
    assert load("one") == written
    assert written.next_taskmanager == 2


def test_process_of_the_same_name_is_replaced_and_can_be_removed() -> None:
    changed = empty().with_process(managed("redis", 1)).with_process(managed("redis", 2))
    assert [process.pid for process in changed.processes] == [2]
    assert changed.without_process("redis").processes == []
    assert load("one") == empty()


def test_absent_record_is_none() -> None:
    assert load("other") is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"name": "one"}', '{"name": "one", "processes": [{"pid": 1}]}'])
def test_broken_record_is_refused_with_its_path(text: str, tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "state.json").write_text(text)
    with pytest.raises(StackError, match=r"state\.json"):
        load("one")


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", ".hidden", "x" * 50, "with blank"])
def test_name_that_is_no_plain_folder_is_refused(name: str) -> None:
    with pytest.raises(StackError, match="stack name"):
        load(name)


def test_lock_keeps_others_out_and_goes_with_the_stack(tmp_path: Path) -> None:
    order: list[str] = []

    def second() -> None:
        with exclusive("one"):
            order.append("second")

    other = threading.Thread(target=second)
    with exclusive("one"):
        other.start()
        other.join(0.2)
        order.append("first")
    other.join(10)
    assert order == ["first", "second"]
    assert list(tmp_path.iterdir()) == []


def test_lock_stays_while_the_stack_is_there(tmp_path: Path) -> None:
    with exclusive("one"):
        empty().save()
    assert (tmp_path / ".one.lock").exists()
