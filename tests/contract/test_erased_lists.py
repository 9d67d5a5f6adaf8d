"""Contract: what an erased user had is gone at once, and nothing of before his erasure is ever written again.

The same suite runs on the lists in memory that other tests use and on a real server.
"""

from __future__ import annotations

import json
import random
import re
from importlib import resources

import pytest

from tests.support.list_stores import TTL_MS, Memory, Real, payload
from tideline.udfs.core.lists.erased_list import erased_list
from tideline.udfs.core.lists.list_version import ListVersion, parse_version
from tideline.udfs.io.list_store import ListStore, WriteCounts

ERASED_MS = 1_700_000_000_000
_STUB = erased_list(ListVersion(1, ERASED_MS, 8))


def _carrying(list_: bytes, erased_ms: int = ERASED_MS) -> bytes:
    """Return a list with its user's erasure behind its version."""
    return list_.replace(b"]", b'],"x":%d' % erased_ms, 1)


def test_an_erased_user_gets_no_list_from_before_his_erasure(lists: Memory | Real) -> None:
    """Contract: t at or before the erasure is refused, whatever the generation; later activity makes a list again."""
    store = lists.writer()
    store.write([b"u"], [payload(1, ERASED_MS - 5, 7)])

    assert store.write([b"u"], [_STUB]) == WriteCounts(written=1, same=0, older=0, erased=0)
    assert lists.read(b"u") == _STUB
    counts = store.write([b"u", b"other"], [payload(9, ERASED_MS, 9)] * 2)
    assert counts == WriteCounts(written=1, same=0, older=0, erased=1)
    assert lists.read(b"u") == _STUB

    assert store.write([b"u"], [payload(1, ERASED_MS + 1, 1)]).written == 1


def test_his_later_lists_carry_on_up_to_when_he_was_erased(lists: Memory | Real) -> None:
    """Contract: so no replacement forgets the erasure; all else of a list is the bytes that were given."""
    store = lists.writer()
    later = [payload(1, ERASED_MS + at, 9 + at) for at in (1, 2, 3)]
    store.write([b"u"] * 4, [_STUB, *later])

    assert lists.read(b"u") == _carrying(later[-1])
    assert store.write([b"u"], [later[-1]]).same == 1
    assert store.write([b"u"], [payload(7, ERASED_MS, 99)]).erased == 1
    assert lists.read(b"u") == _carrying(later[-1])


def test_the_list_of_an_erasure_is_the_same_however_often_it_is_written(lists: Memory | Real) -> None:
    """Contract: told twice, it is one; an earlier erasure told later changes nothing; a later one counts."""
    store = lists.writer()
    earlier, later = (erased_list(ListVersion(1, ERASED_MS + by, 9)) for by in (-9, 9))
    store.write([b"u"], [_STUB])

    assert store.write([b"u"], [_STUB]).same == 1
    assert store.write([b"u"], [earlier]).erased == 1
    assert store.write([b"u"], [payload(1, ERASED_MS + 5, 9)]).written == 1
    assert store.write([b"u"], [_STUB]).older == 1
    assert store.write([b"u"], [later]).written == 1
    assert lists.read(b"u") == later


def test_a_list_of_a_higher_generation_is_erased_too_and_no_version_goes_back(lists: Memory | Real) -> None:
    """Contract: a reader who compares versions takes the erased list for the newer one."""
    store = lists.writer()
    store.write([b"u"], [payload(5, ERASED_MS - 1, 3)])

    assert store.write([b"u"], [_STUB]).written == 1
    found = lists.read(b"u") or b""
    assert parse_version(found) == ListVersion(5, ERASED_MS, 8)
    assert json.loads(found)["x"] == ERASED_MS
    assert json.loads(found)["i"] == []


def test_a_list_of_after_the_erasure_stays(lists: Memory | Real) -> None:
    """Contract: who came back before the erasure was written keeps what he has done since."""
    store = lists.writer()
    since = payload(1, ERASED_MS + 1, 1)
    store.write([b"u"], [since])

    assert store.write([b"u"], [_STUB]).older == 1
    assert lists.read(b"u") == since


@pytest.mark.parametrize("seed", range(8))
def test_in_any_order_no_list_of_before_is_there_in_the_end(lists: Memory | Real, seed: int) -> None:
    """Contract: whoever writes late; and once the erasure is there, versions only rise."""
    order = [payload(g, ERASED_MS + at, 5) for g in (1, 2) for at in (-2, -1, 0, 1, 2)] + [_STUB] * 2
    random.Random(seed).shuffle(order)
    store, known, newest = lists.writer(), False, ListVersion(0, 0, 0)

    for each in order:
        store.write([b"u"], [each])
        found = parse_version(lists.read(b"u") or b"")
        assert found >= newest
        newest, known = found, known or each == _STUB
        assert not known or found.as_of_ms >= ERASED_MS


def test_lists_of_others_in_one_batch_keep_their_bytes(lists: Memory | Real) -> None:
    """Contract: nobody else's list differs by a byte."""
    users = [b"u%d" % number for number in range(300)]
    own = [payload(1, ERASED_MS - number, number) for number in range(300)]
    store = lists.writer()
    store.write(users, own)
    stubs = [erased_list(ListVersion(1, ERASED_MS, 500 + number)) for number in range(100)]

    assert store.write(users[::3], stubs).written == 100
    kept = [(user, each) for at, (user, each) in enumerate(zip(users, own, strict=True)) if at % 3]
    assert [lists.read(user) for user, _ in kept] == [each for _, each in kept]


@pytest.mark.parametrize("stored", ["soon", "", '{"v":[1,5,1],"x":"9"}', '{"v":[1,5,1],"x":1e13,"i":[]}'])
def test_what_says_no_time_of_an_erasure_keeps_nothing_out(real: Real, stored: str) -> None:
    """Contract: strange bytes under a user's key give way to his next list."""
    real.client.set(f"{real.prefix}:list:u", stored)

    assert real.writer().write([b"u"], [payload(1, 6, 1)]).written == 1


def test_the_greatest_numbers_are_still_read(real: Real) -> None:
    """Contract: what is read of a stored list is long enough for every version and erasure."""
    most = ListVersion(2**53 - 1, 2**53 - 3, 2**53 - 1)
    store = real.writer()
    store.write([b"u"], [erased_list(most)])

    assert store.write([b"u"], [payload(2**53 - 1, 2**53 - 3, 2**53 - 1)]).erased == 1
    assert store.write([b"u"], [payload(2**53 - 1, 2**53 - 2, 1)]).written == 1
    assert json.loads(real.read(b"u") or b"")["x"] == most.as_of_ms


def test_the_script_needs_nothing_that_managed_servers_refuse() -> None:
    """Contract: no unpack, whose name and limit differ between servers, and no key that is not declared."""
    script = resources.files("tideline.udfs.io").joinpath("write_lists.lua").read_text()
    assert "unpack" not in script
    assert set(re.findall(r"call\('\w+', (\S+?),", script)) == {"KEYS[n]"}


def test_a_login_for_lists_alone_suffices(real: Real) -> None:
    """Contract: the script touches no key but the lists' own, so a server that refuses undeclared keys takes it."""
    rights = ["+eval", "+getrange", "+set"]
    keys = [f"{real.prefix}:list:*"]
    real.client.acl_setuser("lists", enabled=True, passwords=["+p"], commands=rights, keys=keys, reset=True)
    store = ListStore(real.url.replace("//", "//lists:p@"), real.prefix, TTL_MS, deadline_s=0.0)

    assert store.write([b"u", b"w"], [payload(1, 1, 1), _STUB]).written == 2
    store.close()
