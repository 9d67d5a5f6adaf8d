"""Users as their last days in the clickstream show them."""

from __future__ import annotations

from tests.support.core_world import DAY_MS, NOON_MS
from tideline.schemas.events import Event, EventType
from tideline.scripts.commands.recent_users import users_of
from tideline.udfs.core.catalogue.eligibility.clause_reach import reach_of
from tideline.udfs.core.catalogue.eligibility.rule_form import clauses_of
from tideline.udfs.core.profiles.kept_profile import keep
from tideline.udfs.core.profiles.profile_record import Consent, Profile


def _event(user: str, number: int, ts_ms: int, kind: EventType = EventType.VIEW) -> Event:
    return Event(f"{user}{number}", user, kind, ts_ms, category="tea")


def test_who_came_in_the_last_day_is_taken_with_what_he_did_before() -> None:
    """Contract: as the job's own histories have it, an event that comes twice once; others are left out."""
    events = [_event("a", number, NOON_MS - number * DAY_MS) for number in range(3)]
    events += [_event("b", 0, NOON_MS - 2 * DAY_MS), _event("c", 0, NOON_MS, EventType.PURCHASE), events[1]]

    asked = users_of(events, NOON_MS - DAY_MS + 1, {})

    header = asked.batch.header
    assert (header["accepted"].tolist(), header["purchases"].tolist()) == ([3, 1], [0, 1])
    assert asked.at_ms.tolist() == [NOON_MS, NOON_MS]
    assert asked.users is not None
    assert asked.rows.size == asked.users.size == 2
    assert users_of([], 0, {}).rows.size == 0


def test_whom_a_rule_about_labels_reaches_is_told_by_profiles() -> None:
    """Contract: who is a stranger by his own will has no past that a rule could ask for."""
    profiles = {
        "a": keep(Profile("a", NOON_MS, {"tier": "gold"})),
        "b": keep(Profile("b", NOON_MS, {"tier": "gold"}, consent=Consent(personalise=False))),
    }
    asked = users_of([_event(user, 0, NOON_MS) for user in "abc"], 0, profiles)
    form = '[{"label.tier": {"in": ["gold"]}}, {"category": {"in": ["tea"]}}]'
    reach = reach_of(clauses_of(form, None), {}, asked)
    assert (reach.users, reach.reached) == (3, 1)
    assert [each.meet for each in reach.clauses] == [2, 2]
