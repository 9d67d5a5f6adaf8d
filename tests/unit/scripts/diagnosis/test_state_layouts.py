"""The matrix of upgrades: each version of each state that was ever written, restored by the operators of this build."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from pyflink.common import Types
from pyflink.datastream.state import ValueStateDescriptor

from tests.support.doc_pages import ROOT
from tests.support.flink_states import MemoryContext
from tests.support.opened_learner import Opened, Seen
from tests.support.push_rows import told_rows
from tests.unit.udfs.operators.kept.test_tallies import REPLAY
from tests.unit.udfs.operators.kept.test_user_states import World, in_one
from tests.unit.udfs.operators.test_subtask import context as context_of
from tideline.schemas.errors import ConfigError
from tideline.scripts.diagnosis.state_layouts import LAYOUTS, Layout
from tideline.udfs.core.budgets.ledger import encode_ledger
from tideline.udfs.core.budgets.standing import Standing
from tideline.udfs.core.budgets.terms import encode_terms
from tideline.udfs.core.learning.learning import Decay, encode_sums
from tideline.udfs.core.lists.list_block import decode_block
from tideline.udfs.core.policies.arm_key import COSTS_KEY, ArmKey
from tideline.udfs.core.push.learned.push_feedback import encode_push_rows
from tideline.udfs.core.push.learned.push_learning import NO_PUSH_SUMS, encode_push_sums
from tideline.udfs.core.pushing.part.former_part import parted
from tideline.udfs.core.pushing.part.push_part import PUSH_MARK, decode_part, encode_part
from tideline.udfs.core.rewards.feedback import encode_feedback
from tideline.udfs.core.rule_costs.days import decode_costs, encode_costs
from tideline.udfs.core.serving.batches.fates import decode_fates, encode_fates
from tideline.udfs.core.users.user_state import decode_states, encode_states
from tideline.udfs.operators.kept.opening_rolls import OpeningRolls
from tideline.udfs.operators.kept.shard_keys import ShardKeys
from tideline.udfs.operators.kept.tallies import Tallies

if TYPE_CHECKING:
    from collections.abc import Callable

GOLDEN = ROOT / "tests" / "golden"
HALF_LIFE = str(4_000 / 86_400_000)
"""Days: that of the golden sums."""
_TOLD = Standing(70_000, -3, True, 60_000, 1_700_000_000_000, 4_200, 300, 7, -1)
_SINCE: dict[int, dict[str, Any]] = {
    2: {"impressions": 90, "busiest_hour": 40, "sold": 2},
    3: {"shares": (11, 100, 12, 156)},
}
"""Fields that a version of a standing has and the one before it had not."""


def bytes_of(layout: Layout, version: int) -> bytes:
    """What a build wrote whose version this was."""
    path = GOLDEN / f"{layout.name}_v{version}.bin"
    if path.exists() or layout.name != "feedback":
        return path.read_bytes()
    return bytes([version]) + (GOLDEN / f"feedback_v{layout.written}.bin").read_bytes()[1:]


def of_user(content: bytes, _: MemoryContext) -> bytes:
    """Restore a user; return what is kept of him then."""
    world = World()
    world.values["ann"] = content
    (state,) = world.open().load(["ann"], in_one)
    assert not world.malformed
    assert state is not None
    hidden = state[2] if state[0] < 0xE0 else 0
    return encode_states(decode_states([state], hidden))[0]


def of_profile(content: bytes, memory: MemoryContext) -> bytes:
    """The same of a profile, in the state of a user of whom nothing else is known."""
    (nothing,) = encode_states(decode_states([None], 0))
    return of_user(nothing[:5] + bytes([len(content)]) + nothing[6:] + content, memory)[len(nothing) :]


def of_part(content: bytes, _: MemoryContext) -> bytes:
    """The same of what is kept for pushes, in front of a state of which nothing else is known."""
    world = World()
    world.values["ann"] = content
    (state,) = world.open().load(["ann"], in_one)
    assert not world.malformed
    assert state is not None
    return encode_part(decode_part(parted(state)[0]))


def of_roll(content: bytes, memory: MemoryContext) -> bytes:
    """Restore how far a shard is with telling its users, and let it be written again."""
    rolls = OpeningRolls(cast("Any", memory), 80, 8)
    state = memory.values["openings"]
    state.update(content)
    rolls.least_ms(3)
    rolls._put(3, rolls._rolls[3])  # type: ignore[arg-type]
    return bytes(state.value())


def of_tally(content: bytes, memory: MemoryContext) -> bytes:
    """Restore what became of the records of a shard of a replay, tell it, and keep what was told."""
    memory.get_state(ValueStateDescriptor("tally", Types.PICKLED_BYTE_ARRAY())).update(content)
    _, (told,), _ = decode_block(
        Tallies(cast("Any", memory), ShardKeys(lambda _: None), replace(REPLAY, generation=3)).told(5)
    )
    return encode_fates(decode_fates(bytes(told)), 3)


def learner_of(memory: MemoryContext, name: str, key: str, content: bytes) -> Any:
    """Restore a learner with one value in one of its maps."""
    operator = Opened(memory, "--half-life-days", HALF_LIFE)
    memory.maps[name].put(key, content)
    return operator._kept.learner


def of_sums(content: bytes, memory: MemoryContext) -> bytes:
    """Restore what is learned of an activity."""
    learner = learner_of(memory, "sums", "1|a", content)
    return encode_sums(learner.sums[ArmKey(1, "a")], learner._settings.decay)


def of_feedback(content: bytes, memory: MemoryContext) -> bytes:
    """Take feedback in that was on its way; it is learned as what it was made of."""
    Opened(memory).feed([content])
    plain = MemoryContext()
    Opened(plain).feed([encode_feedback(Seen().feedback()[:3])])
    assert memory.maps["sums"].values == plain.maps["sums"].values
    return content


def of_ledger(content: bytes, memory: MemoryContext) -> bytes:
    """Restore what an activity has had."""
    ledgers = learner_of(memory, "ledgers", "a", content).ledgers
    return encode_ledger(ledgers._ledgers["a"], ledgers._lags["a"])


def of_costs(content: bytes, memory: MemoryContext) -> bytes:
    """Restore what rules cost, and let it be published with that of the next day."""
    operator = Opened(memory, "--least-clicks", "0.9")  # without it nobody reads fronts, and they are left out
    memory.values["rule_costs"].update(content)
    (first,) = decode_costs(bytes_of(_named("rule_costs"), 1))
    later = encode_costs([first._replace(day=first.day + 1)])
    kept, _ = decode_costs(operator.feed([later])[COSTS_KEY])
    assert encode_costs([kept]) == encode_costs(decode_costs(content))
    return content


def of_standing(content: bytes, memory: MemoryContext) -> bytes:
    """Restore where an activity stands; the fields its version had not are what they are by default."""
    learner = learner_of(memory, "standings", "a", content)
    known: Standing = learner.ledgers._told._told["a"]
    version = next(each for each in (1, 2, 3) if content == bytes_of(_named("standing"), each))
    told = _TOLD
    for each in range(2, version + 1):
        told = told._replace(**_SINCE[each])
    assert known == told
    return content


def of_pushes(content: bytes, memory: MemoryContext) -> bytes:
    """Restore what is learned of messages."""
    pushes = Opened(memory, "--half-life-days", "1")._pushes
    memory.values["pushes"].update(content)
    return encode_push_sums(pushes.sums, Decay(86_400_000))


def of_effects(content: bytes, memory: MemoryContext) -> bytes:
    """The same of what came of them, which stands behind what a state of no hours begins with."""
    head = encode_push_sums(NO_PUSH_SUMS, Decay(0))[:13]
    pushes = Opened(memory, "--half-life-days", "4")._pushes
    memory.values["pushes"].update(head + content)
    return encode_push_sums(pushes.sums, Decay(4 * 86_400_000))[13:]


def of_push_feedback(content: bytes, memory: MemoryContext) -> bytes:
    """Take in decision points that were on their way."""
    Opened(memory).feed([content])
    plain = MemoryContext()
    Opened(plain).feed([encode_push_rows(told_rows(3, 11))])
    assert memory.values["pushes"].value() == plain.values["pushes"].value()
    return content


def _named(name: str) -> Layout:
    return next(each for each in LAYOUTS if each.name == name)


RESTORED: dict[str, Callable[[bytes, MemoryContext], bytes]] = {
    "user": of_user,
    "profile_state": of_profile,
    "erased_mark": of_user,
    "push_part": of_part,
    "roll": of_roll,
    "tally": of_tally,
    "sums": of_sums,
    "feedback": of_feedback,
    "ledger": of_ledger,
    "terms": lambda content, memory: encode_terms(learner_of(memory, "terms", "a", content).ledgers._terms["a"]),
    "variant_sums": lambda content, memory: learner_of(memory, "variants", "a", content).ledgers.variant_sums("a"),
    "standing": of_standing,
    "rule_costs": of_costs,
    "push_sums": of_pushes,
    "effect_sums": of_effects,
    "push_feedback": of_push_feedback,
}


def ending(memory: MemoryContext, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Put a Java task around the states; return what it is told of a job that is to end for good."""
    told: list[object] = []
    bridge = ModuleType("pemja")
    bridge.findClass = lambda _: lambda made_of: made_of  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pemja", bridge)
    vars(memory).update(vars(context_of(environment=SimpleNamespace(failExternally=told.append))))
    return told


@pytest.mark.parametrize(("layout", "version"), [(each, version) for each in LAYOUTS for version in each.read])
def test_what_is_read_is_written_again_as_it_was(layout: Layout, version: int) -> None:
    """Contract: a job goes on from this state with nothing lost; what is kept for pushes as this build writes it."""
    content = bytes_of(layout, version)
    written = bytes_of(layout, layout.written) if layout.name == "push_part" else content
    assert RESTORED[layout.name](content, MemoryContext()) == written


@pytest.mark.parametrize(
    ("layout", "version"),
    [
        (each, version)
        for each in LAYOUTS
        for version in (*each.refused, each.written + 1)
        if each.name != "erased_mark"  # the version is the first byte, of which there is one
    ],
)
def test_what_is_refused_ends_the_job_with_what_to_do(
    layout: Layout, version: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Contract: a former version, or one of a later build: once and for good, in one line; no traceback of ours."""
    if version in layout.refused:
        content = bytes_of(layout, version)
    elif layout.name in ("standing", "rule_costs"):
        content = b"\0\0\0\3\xe7" + bytes_of(layout, layout.written)[5:]
    elif layout.name == "tally":
        content = bytes_of(layout, layout.written).replace(b'"f":1', b'"f":2')
    elif layout.name == "push_feedback":
        content = bytes([128 + version]) + bytes_of(layout, layout.written)[1:]
    elif layout.name == "push_part":
        content = bytes([PUSH_MARK - layout.written + version]) + bytes_of(layout, layout.written)[1:]
    else:
        content = bytes([version]) + bytes_of(layout, layout.written)[1:]
    memory = MemoryContext()
    told = ending(memory, monkeypatch)
    with pytest.raises(ConfigError) as raised:
        RESTORED[layout.name](content, memory)
    assert "\n" not in str(raised.value)
    assert "go on with the build that wrote the state, or begin without (--fresh)" in str(raised.value)
    if layout.name not in ("user", "profile_state", "push_part"):  # of users the operator says it, for all of them
        assert told == [str(raised.value)]


def test_every_golden_state_is_in_the_matrix() -> None:
    """Contract: no version that was written is left out, and none is named that never was."""
    of = {each.name: {*each.read, *each.refused} for each in LAYOUTS}
    kept: dict[str, set[int]] = {}
    for path in GOLDEN.glob("*_v*.bin"):
        name, version = path.stem.rsplit("_v", 1)
        kept.setdefault(name, set()).add(int(version))
    of["feedback"] = {_named("feedback").written}
    assert {name: kept[name] for name in of} == of
    in_no_state_of_the_job = {
        "activity",
        "clickstream",
        "erased_list",
        "profile",
        "state",
        "push",
        "push_effects",
    }
    assert kept.keys() - of.keys() == in_no_state_of_the_job


def test_the_changelog_names_the_versions_that_are_written() -> None:
    """Contract: the State line of what is unreleased, for each layout that it names."""
    line = next(line for line in (ROOT / "CHANGELOG.md").read_text().splitlines() if line.startswith("State: "))
    said = {words: int(version) for words, version in re.findall(r"([a-z ]+) (\d+)[;)]", line)}
    names = {"user state": "user", "profile state": "profile_state", "sums of variants": "variant_sums"}
    found = {names.get(words.strip(), words.strip()): version for words, version in said.items()}
    assert {name: version for name, version in found.items() if name in {each.name for each in LAYOUTS}} == {
        name: _named(name).written for name in ("user", "profile_state", "sums", "feedback", "variant_sums")
    }
