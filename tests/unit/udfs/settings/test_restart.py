"""Contract: of every option it is said what a change does to state, and what would destroy state is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.option_walk import refused, steps
from tideline.schemas.errors import ConfigError
from tideline.udfs.settings.job_config import JobConfig
from tideline.udfs.settings.option_sources import load
from tideline.udfs.settings.options import options_of
from tideline.udfs.settings.restart import EFFECTS, kept_options, refuse_changes

CHANGED: dict[str, str] = {
    "topics": '{"clickstream": "other"}',
    "shards": "16",
    "generation": "6",
    "name": "other",
    "group_id": "other",
    "prefix": "other",
    "parallelism": "4",
    "half_life_days": "56",
    "policy": "thompson",
    "weight_click": "2",
    "attribution_days": "30",
    "batch_ms": "200",
    "publish_ms": "4000",
    "list_size": "5",
}


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    return environ | {"TIDELINE_GENERATION": "5"}


def test_of_every_option_it_is_said_what_a_change_does() -> None:
    """Contract: none is missing and none is too many; a new option needs its line in udfs/settings/restart.py."""
    assert EFFECTS.keys() == options_of(JobConfig).keys()


def test_every_option_is_walked_through_on_the_stack() -> None:
    """Contract: none is forgotten; what is refused there is what the table says, and each keeps or migrates once."""
    walked = steps("broker:9092", "redis://cache", "t")
    kept = [key for options in walked.values() for key in options]
    assert sorted({*kept, *refused("t")}) == sorted(EFFECTS)
    assert len(kept) == len({*kept})
    assert refused("t").keys() - {*kept} == {key for key, effect in EFFECTS.items() if effect.refused}
    for key in (*walked["half-life"], *walked["encoder"]):
        assert EFFECTS[key].words.startswith("migrates")


@pytest.mark.parametrize("key", [*CHANGED])
def test_a_changed_option_is_refused_where_the_table_says_so(environ: dict[str, str], key: str) -> None:
    """Contract: the refusal names key, value and what is allowed; all else is taken."""
    before = kept_options(load(JobConfig, [], environ))
    after = load(JobConfig, [f"--{key.replace('_', '-')}={CHANGED[key]}"], environ)

    if EFFECTS[key].words.startswith("refused"):
        with pytest.raises(ConfigError, match=rf"{key}=.* cannot be used; allowed: .*--fresh"):
            refuse_changes(before, after)
    else:
        refuse_changes(before, after)


def test_a_topic_that_an_older_build_did_not_know_changes_nothing(environ: dict[str, str]) -> None:
    """Contract: state of before it was there is gone on from; no other name of before may change."""
    before = kept_options(load(JobConfig, [], environ))
    older = json.loads(before["topics"])
    del older["push"]
    refuse_changes(before | {"topics": json.dumps(older)}, load(JobConfig, [], environ))
    with pytest.raises(ConfigError, match="topics="):
        refuse_changes(before | {"topics": json.dumps(older | {"policy": "p"})}, load(JobConfig, [], environ))


def test_a_lower_generation_is_refused(environ: dict[str, str]) -> None:
    """Contract: no list would ever be written with it."""
    before = kept_options(load(JobConfig, [], environ))

    with pytest.raises(ConfigError, match="generation=4 cannot be used; allowed: 5 or higher"):
        refuse_changes(before, load(JobConfig, ["--generation", "4"], environ))


def test_what_is_kept_beside_state_holds_no_secret(environ: dict[str, str]) -> None:
    kept: dict[str, Any] = kept_options(load(JobConfig, [], environ))

    assert kept.keys() == {"topics", "shards", "generation"}


def placed(*placements: tuple[str, int]) -> str:
    return json.dumps([{"name": name, "number": number, "size": 3} for name, number in placements])


@pytest.mark.parametrize(
    "after",
    [placed(("cart", 2)), placed(), placed(("hero", 1), ("cart", 2)), placed(("cart", 5)), placed(("basket", 5))],
)
def test_placements_may_come_go_and_get_new_numbers(environ: dict[str, str], after: str) -> None:
    """Contract: what came of a placement that is gone goes on counting for activities, and for no other placement."""
    before = kept_options(load(JobConfig, ["--placements", placed(("cart", 2))], environ))
    refuse_changes(before, load(JobConfig, ["--placements", after], environ))


@pytest.mark.parametrize(
    ("after", "at"),
    [
        (placed(("basket", 2)), 0),
        (placed(("hero", 2), ("cart", 1)), 0),
        (placed(("a", 1), ("b", 2)), 1),
        (placed(("cart", 4), ("b", 2)), 1),
    ],
)
def test_a_number_never_goes_to_another_placement(environ: dict[str, str], after: str, at: int) -> None:
    """Contract: lists of the former one may still come back; also where there were none in between."""
    before = kept_options(load(JobConfig, ["--placements", placed(("cart", 2))], environ))
    allowed = rf"placements\[{at}\]\.number=2 cannot be used; allowed: another number than that of cart"
    with pytest.raises(ConfigError, match=allowed):
        refuse_changes(before, load(JobConfig, ["--placements", after], environ))
    assert "placements" not in kept_options(load(JobConfig, [], environ))
