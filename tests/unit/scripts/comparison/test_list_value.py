"""What lists would have earned by the log of others: against worlds in which that is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from tests.support.core_world import DAY_MS, KEYS, NOON_MS, activity, make_ranker, token_for
from tests.support.list_world import NAMES, make_world
from tideline.schemas.codec import encode_event
from tideline.schemas.errors import ConfigError
from tideline.schemas.events import Event, EventType
from tideline.schemas.records import DECISION
from tideline.scripts.analysis.join_log import join
from tideline.scripts.archive.avro_columns import columns_of
from tideline.scripts.comparison import list_value
from tideline.scripts.comparison.fixed_list import FixedList
from tideline.scripts.comparison.list_diff import Pair
from tideline.scripts.comparison.list_value import ListValue, described
from tideline.scripts.simulation.lists import RankedList
from tideline.udfs.core.rewards.attribution_settings import AttributionSettings
from tideline.udfs.core.serving.engine import Records, process

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.list_world import ListWorld

_USERS = 2_400


def _value(folder: Path, world: ListWorld, *, against_log: bool = True, **changes: Any) -> dict[str, Any]:
    """Return what is told of the pairs of a world, whose log has other columns where given."""
    path, columns = folder / "log.parquet", world.columns | changes
    schema = {"feasible": pa.int64(), "propensity": pa.float64()}
    parquet.write_table(pa.table({name: pa.array(each, schema.get(name)) for name, each in columns.items()}), path)
    judge = ListValue(path, KEYS, "reward", against_log=against_log)
    assert list(judge.seen(world.pairs)) == world.pairs
    return judge.told()


@pytest.mark.parametrize("more_updates", [0, 1])
def test_the_truth_is_inside_the_interval(tmp_path: Path, more_updates: int) -> None:
    """Contract: of values and difference, in at least 15 of 18 times,
    whether the lists explore by the same draws as those that were shown or by others."""
    inside = 0
    for seed in range(6):
        world = make_world(seed, _USERS, more_updates=more_updates, shift=0.5)
        found = _value(tmp_path, world)
        assert found["refused"] is None, found["refused"]
        truths = {"now": world.now, "then": world.then, "difference": world.then - world.now}
        for name, truth in truths.items():
            low, high = found[name]["ci95"]
            assert low < found[name]["value"] < high
            inside += low <= truth <= high
        apart = found["then"]["value"] - found["now"]["value"]
        assert found["difference"]["value"] == pytest.approx(apart)
    assert inside >= 15


def test_draws_that_are_taken_for_ranks_show_in_the_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract: were a list judged as if nothing in it was explored, an entry that both lists drew would weigh as much
    as it was unlikely: the log refuses. So the world above tells right from wrong."""
    world = make_world(3, _USERS, shift=0.5)
    made_of = FixedList.of
    monkeypatch.setattr(FixedList, "of", lambda made: _unexplored(made_of(made)))
    assert "the mean weight is" in _value(tmp_path, world)["refused"]


def _unexplored(its: FixedList | None) -> FixedList | None:
    return its and its._replace(explored=0)


def test_two_replays_are_held_against_each_other(tmp_path: Path) -> None:
    """Contract: each by the same log, at the same entries; a list is as good as itself, for certain."""
    world, other = (make_world(5, _USERS, more_updates=at, shift=0.5) for at in (1, 0))
    twins = [Pair(pair.user, each.then, pair.then) for pair, each in zip(world.pairs, other.pairs, strict=True)]
    found = _value(tmp_path, world._replace(pairs=twins), against_log=False)
    assert found["refused"] is None
    assert found["now"]["value"] == pytest.approx(found["then"]["value"])
    assert found["difference"]["value"] == pytest.approx(0.0)
    low, high = found["then"]["ci95"]
    assert low <= world.then <= high
    same = [Pair(pair.user, pair.now, pair.then) for pair in world.pairs]
    against_shown = _value(tmp_path, world._replace(pairs=same), against_log=False)
    assert against_shown["difference"]["ci95"][0] <= world.then - world.now <= against_shown["difference"]["ci95"][1]


def test_a_log_is_read_in_any_stretches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract: the same is told; of the log nothing is kept but who was shown lists of which moments, once each."""
    world = make_world(1, 600, shift=0.3)
    whole = _value(tmp_path, world)
    monkeypatch.setattr(list_value, "AT_ONCE", 701)
    assert _value(tmp_path, world) == whole
    assert whole["rows"] > 0
    shown = ListValue(tmp_path / "log.parquet", KEYS, "reward", against_log=True)._shown
    assert shown.user.size == shown.as_of_ms.size <= 600 < len(world.columns["user"])


def test_it_is_refused_with_the_reason(tmp_path: Path) -> None:
    """Contract: nobody came back, nothing came of it yet, no propensity, a list rule, too few, too unlike, unknown."""
    world = make_world(1, 600, shift=0.3)
    none = [None] * len(world.columns["user"])
    assert "the effective sample size is" in _value(tmp_path, world)["refused"]
    assert "nothing came of 2,400 entries yet" in _value(tmp_path, world, reward=[0] * len(none))["refused"]
    assert "no row has a propensity" in _value(tmp_path, world, propensity=none)["refused"]
    assert "a list rule had a say" in _value(tmp_path, world, feasible=[3, *none[1:]])["refused"]
    few = _value(tmp_path, world._replace(pairs=world.pairs[:100]))
    assert "400 rows are too few" in few["refused"]
    assert few["now"] is not None
    assert (few["then"], few["difference"]) == (None, None)
    later = [Pair(each.user, each.now, _moved(each.then)) for each in world.pairs]
    nobody = _value(tmp_path, world._replace(pairs=later))
    assert "no list of the moment" in nobody["refused"]
    assert nobody["left_out"] == {"users who were shown lists of other moments alone": 600}
    apart = [Pair(each.user, _moved(each.now), each.then) for each in world.pairs]
    found = _value(tmp_path, world._replace(pairs=apart), against_log=False)
    assert found["left_out"] == {"users whose two lists are of different moments": 600}
    bad = [Pair(each.user, each.now, each.then._replace(token="?")) for each in world.pairs]
    assert _value(tmp_path, world._replace(pairs=bad))["left_out"] == {"users of whom a token cannot be read": 600}
    names = [f"new-{name}" for name in NAMES]
    new = [Pair(each.user, each.now, each.then._replace(activities=tuple(names[:4]))) for each in world.pairs]
    assert "arms that the log never shows" in _value(tmp_path, world._replace(pairs=new))["refused"]


def _moved(made: RankedList) -> RankedList:
    generation, as_of_ms, seq = made.version
    return made._replace(version=(generation, as_of_ms + 1, seq))


def test_lists_of_a_policy_that_may_have_learned_from_the_answer_are_told(tmp_path: Path) -> None:
    """Contract: where theirs is later than that of the list that was shown."""
    world = make_world(2, _USERS, shift=0.5)
    found = _value(tmp_path, world, policy_version=[4] * len(world.columns["user"]))
    assert "judged by a later version of the policy" in found["warnings"][0]


def test_people_read_values_intervals_and_what_was_left_out(tmp_path: Path) -> None:
    lines = described(_value(tmp_path, make_world(4, _USERS, shift=0.5)))
    assert lines[0].startswith("expected reward of each of ")
    assert [line.split()[0] for line in lines[1:4]] == ["now", "then", "then"]
    assert all("95 %" in line for line in lines[1:4])
    assert "effective sample size" in lines[4]
    assert "where exploration hides who would stand there" in lines[5]
    few = described(_value(tmp_path, make_world(4, 100)))
    assert few[1].startswith("  now ")
    assert few[2].startswith("expected value of the lists: the log cannot answer this: ")


@pytest.mark.parametrize("name", ["decision_id", "propensity", "feasible", "reward"])
def test_a_file_that_is_no_export_is_refused(tmp_path: Path, name: str) -> None:
    """Contract: by the column that it lacks, or as none that can be read."""
    path = tmp_path / "log.parquet"
    columns = make_world(1, 10).columns
    parquet.write_table(pa.table({key: each for key, each in columns.items() if key != name}), path)
    with pytest.raises(ConfigError, match=f"no column {name}"):
        ListValue(path, KEYS, "reward", against_log=True)
    path.write_text("decision_id,user\n")
    with pytest.raises(ConfigError, match="a Parquet file of `tideline export`"):
        ListValue(path, KEYS, "reward", against_log=True)


@pytest.mark.parametrize(
    ("name", "odd"),
    [("position", None), ("position", -1), ("position", "x"), ("decision_id", [1]), ("user", 1.5), ("propensity", 2.0),
     ("reward", "much"), ("action", None), ("policy_version", "new"), ("x_0", None)],
)  # fmt: skip
def test_what_no_export_holds_is_named(tmp_path: Path, name: str, odd: Any) -> None:
    """Contract: as a column with what is allowed in it, whatever a spreadsheet or a script has made of the file."""
    world = make_world(1, 40)
    changed: dict[str, Any] = {name: [odd] * len(world.columns["user"])}
    with pytest.raises(ConfigError, match=name):
        _value(tmp_path, world, **changed)


def test_a_version_that_is_not_told_is_no_reason_to_doubt(tmp_path: Path) -> None:
    world = make_world(1, 400)
    assert _value(tmp_path, world, policy_version=[None] * len(world.columns["user"]))["warnings"] == []
    assert len(_value(tmp_path, world, policy_version=[1] * len(world.columns["user"]))["warnings"]) == 1


def test_ids_of_placements_and_of_others_are_no_moments(tmp_path: Path) -> None:
    """Contract: their rows are not judged, whatever stands in them."""
    world = make_world(1, 50)
    for odd in ("{}/1.5.1.3", "{}", "x{}/1.5.1", "{}/1.99999999999999999999.1"):
        ids = [odd.format(user) for user in world.columns["user"]]
        assert "no list of the moment" in _value(tmp_path, world, decision_id=ids)["refused"]


def test_a_log_as_it_is_exported_is_understood(tmp_path: Path) -> None:
    """Contract: decisions that the job writes, joined as `tideline export` joins them; any column may be the reward."""
    names, users = ["a", "b", "c"], ["u", "v"]
    tokens = {user: token_for(user, names) for user in users}
    shown = [
        Event(f"{user}{at}", user, EventType.IMPRESSION, NOON_MS + 1, activity_id=name, token=tokens[user], position=at)
        for user in users
        for at, name in enumerate(names)
    ]
    clicked = shown[0]._replace(event_id="click", type=EventType.CLICK, ts_ms=NOON_MS + 2)
    records = Records([each.user_id.encode() for each in shown], list(map(encode_event, shown)), [2**50] * len(shown))
    ranker = make_ranker([activity(name) for name in names])
    outcome = process(records, lambda asked: [None] * len(asked), ranker)
    settings = AttributionSettings.of(KEYS, DAY_MS, dict.fromkeys(names, 1.0), {})
    decisions = columns_of(DECISION, [record for _, record in outcome.decisions])
    parquet.write_table(join(decisions, [*shown, clicked], settings, {}), tmp_path / "log.parquet")
    judge = ListValue(tmp_path / "log.parquet", KEYS, "click", against_log=True)
    rest = ((NOON_MS + 1,) * 3, (None,) * 3)
    made = {user: RankedList((1, NOON_MS, 1), tuple(names), rest[0], tokens[user], rest[1]) for user in users}
    assert len(list(judge.seen(Pair(user, each, each) for user, each in made.items()))) == 2
    found = judge.told()
    assert "6 rows are too few" in found["refused"]
    assert (found["rows"], found["users"], found["reward"]) == (4, 2, "click")
    assert found["now"]["value"] == pytest.approx(1 / 4)
    assert sum(found["left_out"].values()) == 2
