"""Which item a message names."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from tests.support.push_job import DAY_MS, HOUR_MS, MIDNIGHT_MS, PushJob, push_world
from tideline.schemas.events import Event, EventType
from tideline.udfs.core.hashing import hash32
from tideline.udfs.core.profiles.profile_record import Consent, Profile, encode_profile
from tideline.udfs.core.pushing.naming import item_for
from tideline.udfs.operators.batch_rows import PROFILES

USERS = [f"u{number}" for number in range(40)]
ITEMS = ("assam", "oolong", "sencha")


def job_of(items: tuple[str, ...]) -> PushJob:
    """Return a job at seven whose messages are about an activity of these items."""
    ranker = push_world(push_must=1.0)
    told = {name: replace(ranker.offers.activities[name], items=items) for name in ("p1", "p2")}
    return PushJob(ranker.with_activities(told), now_ms=MIDNIGHT_MS + 7 * HOUR_MS)


def acts(job: PushJob, kind: EventType, *items: str) -> None:
    """Let all users do so with these items, one a second."""
    for item in items:
        job.now_ms += 1000
        job.see(*(Event(f"{user}.{job.now_ms}", user, kind, job.now_ms, item, "tea") for user in USERS))


@pytest.mark.parametrize("seed", range(5))
def test_the_item_is_the_one_that_was_bought_most_often_and_last(seed: int) -> None:
    """Contract: as a plain count says; of what the activity has not nothing counts."""
    random = np.random.default_rng(seed)
    names = [f"i{number}" for number in range(8)]
    for _ in range(200):
        bought = random.choice(names, int(random.integers(0, 31))).tolist()
        items = tuple(random.permutation(names)[: int(random.integers(1, 6))].tolist())
        counts = Counter(each for each in bought if each in items)
        most = {each for each, times in counts.items() if times == max(counts.values())}
        wanted = next((each for each in reversed(bought) if each in most), items[0])
        assert item_for(map(hash32, bought), items) == wanted


def test_of_no_items_none_is_named_and_of_two_with_one_hash_the_first() -> None:
    """Contract: CRC-32 of "plumless" and of "buckeroo" are the same."""
    assert item_for([hash32("tea")], ()) is None
    assert hash32("plumless") == hash32("buckeroo")
    assert item_for([hash32("tea"), hash32("buckeroo")], ("tea", "plumless", "buckeroo")) == "plumless"


def test_a_message_names_what_its_user_bought_and_else_what_is_listed_first() -> None:
    """Contract: views say nothing; records of activities without items name none."""
    job = job_of(ITEMS)
    job.agree(USERS)
    acts(job, EventType.VIEW, "assam", "sencha", "sencha")
    assert {each.item_id for each in job.until(MIDNIGHT_MS + DAY_MS)} == {"assam"}
    acts(job, EventType.PURCHASE, "sencha", "oolong", "oolong", "milk", "milk", "milk")
    assert {each.item_id for each in job.until(MIDNIGHT_MS + 2 * DAY_MS)} == {"oolong"}
    bare = job_of(())
    bare.agree(USERS)
    told = bare.until(MIDNIGHT_MS + DAY_MS)
    assert {(each.item_id, each.channel, each.variant_share) for each in told} == {(None, None, None)}
    assert len(told) > 30


def test_who_does_not_agree_to_be_personalised_is_told_of_the_first_item() -> None:
    """Contract: what he bought is not looked at."""
    job = job_of(ITEMS)
    profiles = [Profile(user, job.now_ms, consent=Consent(personalise=False, push=True)) for user in USERS]
    job.take(PROFILES, USERS, [encode_profile(each) for each in profiles])
    acts(job, EventType.PURCHASE, "sencha", "sencha")
    assert {each.item_id for each in job.until(MIDNIGHT_MS + DAY_MS)} == {"assam"}


def test_a_message_of_a_restored_job_names_the_same_item() -> None:
    """Contract: what is kept of the user decides, however it came there."""
    job = job_of(ITEMS)
    job.agree(USERS)
    acts(job, EventType.PURCHASE, "sencha", "oolong", "sencha")
    again = PushJob(job.ranker, job.saved(), job.now_ms)
    told = job.until(MIDNIGHT_MS + DAY_MS)
    assert {each.push_id: each for each in again.until(MIDNIGHT_MS + DAY_MS)} == {each.push_id: each for each in told}
    assert {each.item_id for each in told} == {"sencha"}
