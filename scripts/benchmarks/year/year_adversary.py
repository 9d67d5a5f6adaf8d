"""Who means harm in the simulated year: accounts of somebody who has read the code, and robots."""

from __future__ import annotations

import itertools
import zlib
from random import Random
from typing import TYPE_CHECKING, Any

import orjson

from tideline.scripts.benchmarks.year.year_visitors import read_page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tideline.scripts.benchmarks.year.year_visitors import Page

Raw = tuple[bytes, bytes, int]
"""(key, value, when it reaches the broker)."""
ROBOTS = ("r0", "r1", "r2")
_OLD_LISTS = 6
_FREE_BITS = (1, 2, 4)
_TWIN_CHARS = 14


class Adversary:
    """Owns one account in a thousand and tries, each day, all that the code might believe."""

    def __init__(self, accounts: int, seed: int) -> None:
        self.accounts = [f"x{number:03d}" for number in range(accounts)]
        self.drainer = self.accounts[-1]
        """The account that wants budgets spent."""
        self._random = Random(f"{seed} adversary")  # noqa: S311
        self._numbers = itertools.count()
        self._tokens: list[Page] = []
        self._old: list[Page] = []

    def elsewhere(self, user: str, lists: Sequence[Page], now_ms: int) -> list[Raw]:
        """Return clicks on every entry of each of his lists of one moment, with the token of every other one."""
        sent: list[Raw] = []
        for one, other in itertools.permutations(lists, 2):
            for position, name in enumerate(one.activities):
                about: dict[str, Any] = {"activity_id": name, "token": other.token, "position": position}
                sent.append(self._send(user, "click", now_ms + 900 * len(sent), **about))
        return sent

    def attacks(self, user: str, own: Page, popular: Page, items: list[str], now_ms: int) -> list[Raw]:
        """Return what one account sends on a day; `items` are those that activities name."""
        self._tokens = [*self._tokens[-200:], own]
        sent = [self._view(user, now_ms)]
        sent += self._clicks_everything(user, own, now_ms)
        sent += self._clicks_everything(user, popular, now_ms + 60_000)
        sent += self._twins(user, own, now_ms + 120_000)
        sent += self._foreign(user, now_ms + 180_000)
        sent += self._odd_clocks(user, own, now_ms + 240_000)
        sent += self._buys_without_end(user, items, now_ms + 300_000)
        sent += self._from_a_clock_ahead(user, own, now_ms + 360_000)
        return sent

    def drains(self, page: Page, now_ms: int) -> list[Raw]:
        """Return conversions of every entry of the drainer's lists, this one and older ones, at any worth, and again.

        Whether what stands there is stopped by now is nothing to him.
        """
        user, self._old = self.drainer, [*self._old[-_OLD_LISTS:], page]
        sent = [self._view(user, now_ms)]
        for each in self._old:
            for position, name in enumerate(each.activities):
                about: dict[str, Any] = {"activity_id": name, "token": each.token, "position": position}
                sent.append(self._send(user, "click", now_ms + 2_500 * position, **about))
                at_ms = now_ms + 2_500 * position
                sent += [self._send(user, "conversion", at_ms, value=worth, **about) for worth in (1e9, 0.01, -1e9)]
                sent.append(self._send(user, "conversion", now_ms + 40_000, activity_id=name, value=3.0))
        return sent

    def _from_a_clock_ahead(self, user: str, page: Page, ts_ms: int) -> list[Raw]:
        """Send what a producer makes whose clock is 400 days ahead, records and events alike, and one a bit ahead."""
        ahead_ms = ts_ms + 400 * 86_400_000
        sent = [
            self._send(user, "view", ahead_ms, item_id="i1"),
            self._send(user, "view", ts_ms + 240_000, item_id="i2"),
        ]
        for position, name in enumerate(page.activities[:4]):
            about: dict[str, Any] = {"activity_id": name, "token": page.token, "position": position}
            sent += [
                self._send(user, kind, ahead_ms, **about) for kind in ("impression", "click", "conversion", "dismiss")
            ]
        return sent

    def robots(self, now_ms: int) -> list[Raw]:
        """Return floods: sixty views and searches of each of three robots within a second."""
        found: list[Raw] = []
        for robot in ROBOTS:
            found += [self._send(robot, "view", now_ms + 9 * at, item_id=f"i{at}") for at in range(60)]
        return found

    def _view(self, user: str, ts_ms: int) -> Raw:
        return self._send(user, "view", ts_ms, item_id=f"i{self._random.randrange(2_000)}", category="tea")

    def _clicks_everything(self, user: str, page: Page, ts_ms: int) -> list[Raw]:
        """Click each entry twice and report the largest worth there is, again and again, by each token."""
        sent = []
        for position, name in enumerate(page.activities):
            at_ms = ts_ms + 5_000 * position
            about: dict[str, Any] = {"activity_id": name, "token": page.token, "position": position}
            sent += [self._send(user, "click", at_ms, **about), self._send(user, "click", at_ms + 900, **about)]
            for worth in (1e9, -1e9, 1e9):
                sent.append(self._send(user, "conversion", at_ms + 2_000, value=worth, **about))
        return sent

    def _twins(self, user: str, page: Page, ts_ms: int) -> list[Raw]:
        """Send ids of one CRC-32, ids with line feeds, reserved and made-up ones, and places that are empty."""
        if not page.activities:
            return []
        name = page.activities[0]
        other = page.activities[-1]
        ids = [twin(name), f"{name}\n{other}", f"\n{name}", "*", f"{name}|none:ridge=2.0", f"{name} ", name.upper()]
        ids += [f"a{self._random.randrange(10**9)}" for _ in range(5)]
        sent = [
            self._send(user, "click", ts_ms + 1_500 * at, activity_id=each, token=page.token, position=0)
            for at, each in enumerate(ids)
        ]
        about: dict[str, Any] = {"activity_id": other, "token": page.token}
        sent += [self._send(user, "click", ts_ms + 30_000 + at, position=at, **about) for at in (10, 11, 15, 99)]
        return sent

    def _foreign(self, user: str, ts_ms: int) -> list[Raw]:
        """Send tokens of other accounts, and old ones of his own, as they were and with a bit changed."""
        page = self._random.choice(self._tokens)
        sent = []
        for at, (name, token) in enumerate(
            (each, token) for each in page.activities[:2] for token in (page.token, page.token[:-1] + "B")
        ):
            position = page.activities.index(name)
            sent.append(self._send(user, "click", ts_ms + at, activity_id=name, token=token, position=position))
        return sent

    def _odd_clocks(self, user: str, page: Page, ts_ms: int) -> list[Raw]:
        """Move what was counted to 1970 and into the future, and count it there again."""
        sent = []
        for position, name in enumerate(page.activities[:3]):
            about: dict[str, Any] = {"activity_id": name, "token": page.token, "position": position}
            moments = (1, ts_ms - 400 * 86_400_000, ts_ms + 240_000, ts_ms + 2**50)
            sent += [self._send(user, "impression", moment, ts_ms, **about) for moment in moments]
        return sent

    def _buys_without_end(self, user: str, items: list[str], ts_ms: int) -> list[Raw]:
        sent = []
        for at, item in enumerate(self._random.choices(items, k=20) if items else ()):
            about: dict[str, Any] = {"item_id": item, "price": 1e9, "quantity": 2**31 - 1}
            sent.append(self._send(user, "purchase", ts_ms + 2_000 * at, **about))
        return sent

    def _send(self, user: str, kind: str, ts_ms: int, at_ms: int | None = None, **fields: Any) -> Raw:
        document = {"event_id": f"x{next(self._numbers)}", "user_id": user, "type": kind, "ts_ms": ts_ms, **fields}
        return user.encode(), orjson.dumps(document), (ts_ms if at_ms is None else at_ms) + 500


def page_of(payload: bytes | None) -> Page:
    """Return the page of a list, an empty one for none."""
    return read_page(payload or b'{"v":[0,0,0],"m":0,"i":[],"e":[],"k":""}')


def twin(name: str) -> str:
    """Return another id of letters with the CRC-32 of an id: the checksum is affine, so it is computed, not sought."""
    wanted = zlib.crc32(name.encode())
    start = bytearray(b"h" * _TWIN_CHARS)
    base = zlib.crc32(start)
    columns: list[tuple[int, int]] = []
    for at, bit in itertools.product(range(_TWIN_CHARS), _FREE_BITS):
        changed = bytearray(start)
        changed[at] ^= bit
        columns.append((zlib.crc32(changed) ^ base, 1 << len(columns)))
    left, chosen = wanted ^ base, 0
    for bit in reversed(range(32)):
        pivot = next((each for each in columns if each[0] >> bit & 1), None)
        if pivot is None:
            continue
        columns = [
            (value ^ pivot[0], mask ^ pivot[1]) if value >> bit & 1 else (value, mask)
            for value, mask in columns
            if (value, mask) != pivot
        ]
        if left >> bit & 1:
            left, chosen = left ^ pivot[0], chosen ^ pivot[1]
    for number, (at, bit) in enumerate(itertools.product(range(_TWIN_CHARS), _FREE_BITS)):
        if chosen >> number & 1:
            start[at] ^= bit
    return start.decode()
