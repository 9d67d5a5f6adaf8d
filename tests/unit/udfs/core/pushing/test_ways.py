"""By which channel messages go."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.support.push_job import DAY_MS, HOUR_MS, MIDNIGHT_MS, PushJob, push_world
from tideline.udfs.core.profiles.kept_profile import keep
from tideline.udfs.core.profiles.profile_record import Consent, OptOuts, Profile, encode_profile
from tideline.udfs.core.push.learned.push_settings import read_push
from tideline.udfs.core.push.push_user import push_id
from tideline.udfs.core.pushing.ways import Channels, Message, Way, channel_shares, channels_of
from tideline.udfs.operators.batch_rows import PROFILES

USERS = [f"u{number}" for number in range(120)]
USUAL = {"week": 14, "zones": ["UTC"]}
SETTINGS = read_push(USUAL | {"channels": {"sms": 1, "app": 3, "email": 4}})
SALT = 77


def channels(**parameters: float) -> Channels:
    """Return the channels of a deployment with one activity of these parameters."""
    found = channels_of([replace(push_world().offers.activities["p1"], parameters=parameters)], SETTINGS)
    assert found is not None
    return found


def ways(drawn: Channels, count: int, kept: bytes = b"", salt: int = SALT) -> list[Way]:
    """Return how so many messages about the activity go, all to users of a kept profile."""
    messages = [Message(push_id(f"u{at}", 20_000, 0), "p1", kept) for at in range(count)]
    return drawn.ways_of(messages, salt)


def opted_out(user: str, *names: str) -> Profile:
    groups = tuple(f"channel:{name}" for name in names)
    return Profile(user, MIDNIGHT_MS, consent=Consent(push=True), opt_outs=OptOuts(groups=groups))


def job_of(**parameters: float) -> PushJob:
    """Return a job at seven whose users agreed to messages, every second one to none by e-mail."""
    job = PushJob(push_world(SETTINGS, **parameters), now_ms=MIDNIGHT_MS + 7 * HOUR_MS)
    job.visit(USERS)
    profiles = [opted_out(user, *(["email"] if number % 2 else [])) for number, user in enumerate(USERS)]
    job.take(PROFILES, USERS, [encode_profile(each) for each in profiles])
    return job


def test_ids_are_shared_out_as_is_stated_and_the_share_is_told() -> None:
    """Contract: of 20,000 ids each share within four standard errors; what is 0 gets none."""
    drawn = channels(push_channel_email=0.5, push_channel_app=1.5, push_channel_sms=0.0)
    found = ways(drawn, 20_000)
    assert {each.channel: each.share for each in found} == {"app": 0.75, "email": 0.25}
    share = np.mean([each.channel == "email" for each in found])
    assert abs(share - 0.25) < 4 * np.sqrt(0.25 * 0.75 / 20_000)
    again = ways(drawn, 20_000, salt=SALT + 1)
    both = np.mean([one.channel == other.channel == "email" for one, other in zip(found, again, strict=True)])
    assert abs(both - 0.0625) < 0.01, "another deployment draws otherwise"


def test_who_wants_nothing_by_a_channel_is_drawn_among_the_others() -> None:
    """Contract: in their proportion, and with the probability that it was; a group of that name is how he says so."""
    drawn = channels()
    kept = keep(opted_out("u", "email"))
    found = ways(drawn, 8_000, kept)
    assert {each.channel: each.share for each in found} == {"app": 0.75, "sms": 0.25}
    assert abs(np.mean([each.channel == "sms" for each in found]) - 0.25) < 0.02
    whole = ways(drawn, 2_000)
    assert {each.channel: each.share for each in whole} == {"app": 0.375, "email": 0.5, "sms": 0.125}


def test_whom_no_channel_of_an_activity_reaches_is_not_told_of_it() -> None:
    """Contract: the channel that is left for one activity may be none of another's."""
    acts = [replace(push_world().offers.activities["p1"], activity_id=name) for name in ("all", "mail", "fax")]
    acts[1] = replace(acts[1], parameters={"push_channel_email": 1.0})
    acts[2] = replace(acts[2], parameters={"push_channel_letter": 1.0})
    found = channels_of(acts, SETTINGS)
    assert found is not None
    profiles = [b"", keep(opted_out("u", "email")), keep(opted_out("u", "app", "email", "sms"))]
    assert found.reach(profiles).tolist() == [[True, True, False], [True, False, False], [False, False, False]]
    assert channels_of(acts, read_push(USUAL)) is None


@pytest.mark.parametrize("seed", range(20))
def test_shares_add_up_to_all_and_leave_nobody_out(seed: int) -> None:
    random = np.random.default_rng(seed)
    weights = np.where(random.random(6) < 0.3, 0.0, random.exponential(1.0, 6) ** 6) + np.eye(6)[0]
    shares = np.array(channel_shares(tuple(weights.tolist())))
    assert shares.sum() == 256
    assert ((shares > 0) == (weights > 0)).all()
    assert np.abs(shares / 256 - weights / weights.sum()).max() < 6 / 256


def test_a_job_names_the_channel_of_each_message_sent_or_withheld_alike() -> None:
    """Contract: whether a point sends says nothing of its channel, so each channel's lift can be told."""
    job = job_of()
    told = [each for day in range(1, 15) for each in job.until(MIDNIGHT_MS + day * DAY_MS)]
    odd = [each for each in told if USERS.index(each.user_id) % 2]
    even = [each for each in told if not USERS.index(each.user_id) % 2]
    assert min(len(odd), len(even)) > 500
    assert {(each.channel, each.variant_share) for each in odd} == {("app", 0.75), ("sms", 0.25)}
    assert {(each.channel, each.variant_share) for each in even} == {("app", 0.375), ("email", 0.5), ("sms", 0.125)}
    for sent in (True, False):
        some = [each for each in even if each.sent is sent]
        spread = np.sqrt(0.25 / len(some))
        assert abs(np.mean([each.channel == "email" for each in some]) - 0.5) < 4 * spread


def test_a_message_goes_the_same_way_after_a_restore() -> None:
    """Contract: the id decides, and says nothing of when or where it was drawn."""
    job = job_of()
    again = PushJob(job.ranker, job.saved(), job.now_ms)
    told = {each.push_id: each.channel for each in job.until(MIDNIGHT_MS + DAY_MS)}
    assert {each.push_id: each.channel for each in again.until(MIDNIGHT_MS + DAY_MS)} == told
    assert set(told.values()) == {"app", "email", "sms"}
    other = job_of(push_must=1.0)
    late = {each.push_id: each.channel for each in other.until(MIDNIGHT_MS + DAY_MS)}
    both = told.keys() & late.keys()
    assert len(both) > 80
    assert all(told[each] == late[each] for each in both)


def test_an_activity_that_goes_by_another_channel_alone_is_told_to_nobody() -> None:
    """Contract: not even where it must be sent; the deployment has no sender for it."""
    job = job_of(push_channel_letter=1.0, push_must=1.0)
    assert job.until(MIDNIGHT_MS + DAY_MS) == []
    assert job.counts["pushes_nothing"] > 80
