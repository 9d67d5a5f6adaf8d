"""What all senders share in Redis: which id is taken, what became of it, what is stopped, who wants no messages.

| key | what it is |
|---|---|
| `PREFIX:push:ID` | the claim of an id: `1`, and once it is known what became of it, a receipt as JSON; two days |
| `PREFIX:push:stopped`, `PREFIX:push:stopped:ACTIVITY` | nothing is sent, of all or of one: who said so, as JSON |
| `PREFIX:push:stops` | a set: the activities that have, or ever had, such a key, and the empty one |
| `PREFIX:push:off:USER` | `NO YES`, the newest moments (epoch ms) at which he withdrew his consent and agreed anew |
| `PREFIX:push:out:USER` | his newest profile's moment, and the channels by which he wants no messages, if any |
| `PREFIX:push:turn`, `PREFIX:push:turn:ACTIVITY` | when the next may go, of all or about one, in us of Redis' clock |
| `PREFIX:push:heard` | by `TOPIC|PARTITION` the offset up to which consent was read |

A claim without a receipt is a message that is being sent, or that was lost when its sender died.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import redis
from redis.exceptions import AuthenticationError, NoPermissionError, RedisClusterException

from tideline.scripts.commands.redis_target import explained

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

KEPT_S = 172_800
"""How long a claim is kept: longer than any record can be read again and still be sent."""
OFF_S = 2_419_200
"""How long it is kept that a user left, as long as the clickstream: nothing decided on before is good by then."""
TAKEN = b"1"
_PATIENCE_S = 30.0
_SCANNED = 1_000
_NOTE = """
local held = redis.call('GET', KEYS[1]) or '0 0'
local no, yes = string.match(held, '^(%d+) (%d+)$')
no, yes = tonumber(no), tonumber(yes)
local at = tonumber(ARGV[2])
if ARGV[1] == 'no' then no = math.max(no, at) else yes = math.max(yes, at) end
local now = string.format('%.0f %.0f', no, yes)
redis.call('SET', KEYS[1], now, 'EX', no >= yes and ARGV[3] or ARGV[4])
"""
"""In any order the same. Who agrees has a key only as long as an older withdrawal may still be read."""
_OUT = """
local held = redis.call('GET', KEYS[1])
if held then
  local at = tonumber(string.match(held, '^%d+'))
  local is_older = at > tonumber(ARGV[1]) or (at == tonumber(ARGV[1]) and #held > #ARGV[1] + #ARGV[2])
  if is_older then return end
end
redis.call('SET', KEYS[1], ARGV[1] .. ARGV[2], 'EX', #ARGV[2] > 0 and ARGV[3] or ARGV[4])
"""
"""The newest profile counts, of one moment the one that opts out of more."""
_TURN = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local step = tonumber(ARGV[1])
local held = tonumber(redis.call('GET', KEYS[1]) or '0')
local at = math.min(held, now + step)
local wait = math.max(at - now, 0)
if wait == 0 then at = math.max(at, now - ARGV[2]) + step end
if at ~= held then redis.call('SET', KEYS[1], string.format('%.0f', at), 'PX', math.ceil((at - now) / 1000) + 1000) end
return wait
"""
"""By the server's own clock: those of senders differ, and a key that is lost holds nobody up.

A place is taken when it is there and never before, so nobody who is gone or waits for long holds one. A time further
off than one's own step is of a lower rate, given by mistake, or of a clock that was set back: it is put right.
"""
_LATE_US = 20_000
"""Who asks so much too late for a place has lost nothing: so much of a second may go on top of a rate."""


class Receipt(NamedTuple):
    """What became of a message, and when."""

    outcome: str
    at_ms: int
    said: str = ""


class Claims:
    """The keys of one deployment; a Redis that does not answer is waited for, half a minute at most."""

    def __init__(self, client: redis.Redis, url: str, prefix: str, patience_s: float = _PATIENCE_S) -> None:
        """Take a client of the Redis at a URL, of which messages tell."""
        self._client, self._url, self._prefix, self._patience_s = client, url, f"{prefix}:push", patience_s

    def claim(self, push_id: str) -> bool:
        """Take an id; False where it was taken before, by whomever.

        Where the answer is lost and it is asked again, the id counts as taken: then nobody sends it.
        """
        return bool(self._asked(lambda: self._client.set(f"{self._prefix}:{push_id}", TAKEN, nx=True, ex=KEPT_S)))

    def give_back(self, push_id: str) -> None:
        """Let an id be claimed again: nothing was sent under it."""
        self._asked(lambda: self._client.delete(f"{self._prefix}:{push_id}"))

    def settle(self, push_id: str, receipt: Receipt) -> None:
        """Keep what became of a claimed id for as long as the claim is kept."""
        value = json.dumps(receipt._asdict())
        self._asked(lambda: self._client.set(f"{self._prefix}:{push_id}", value, xx=True, keepttl=True))

    def receipt(self, push_id: str) -> Receipt | None:
        """Return what became of an id; an empty outcome where it is claimed and nothing is known, None where not."""
        return _read(self._asked(lambda: self._client.get(f"{self._prefix}:{push_id}")))

    def barred(self, user: str, activity_id: str, channel: str | None = None) -> str | None:
        """Return why nothing may be sent to a user so right now: `stopped`, `unsubscribed` or None."""
        names = "stopped", f"stopped:{activity_id}", f"off:{user}", f"out:{user}"
        keys = [f"{self._prefix}:{each}" for each in names]
        everything, one, off, out = self._asked(lambda: self._client.mget(keys))
        if everything is not None or one is not None:
            return "stopped"
        is_out = out is not None and channel is not None and channel.encode() in out.split()[1:]
        return "unsubscribed" if is_out or (off is not None and _is_off(off)) else None

    def turn(self, activity_id: str | None, step_s: float) -> float:
        """Take a place among all senders' messages, or those about one activity, that are a step apart.

        Returns 0 where it is taken; else none is, and there is one in so many seconds, at most a step.
        """
        key = f"{self._prefix}:turn:{activity_id}" if activity_id else f"{self._prefix}:turn"
        step = str(max(round(step_s * 1e6), 1))
        return int(self._asked(lambda: self._client.eval(_TURN, 1, key, step, str(_LATE_US)))) / 1e6

    def stopped(self, activities: Sequence[str]) -> list[bool]:
        """Return of which of some activities nothing may be sent right now."""
        keys = [self._stop_key(None), *map(self._stop_key, activities)]
        everything, *each = self._asked(lambda: self._client.mget(keys))
        return [everything is not None or one is not None for one in each]

    def stop(self, activity_id: str | None, by: str, at_ms: int) -> None:
        """Stop all, or what is about one activity."""
        value = json.dumps({"by": by, "at_ms": at_ms})
        self.list_stops(activity_id or "")
        self._asked(lambda: self._client.set(self._stop_key(activity_id), value))

    def start(self, activity_id: str | None) -> bool:
        """End a stop; False where there was none."""
        return bool(self._asked(lambda: self._client.delete(self._stop_key(activity_id))))

    def list_stops(self, *names: str) -> None:
        """Keep of what there is a stop, or may be; where nothing is kept yet, look through all keys once."""
        known = self._asked(lambda: self._client.scard(f"{self._prefix}:stops"))
        listed = {"", *names} if known else {"", *names, *self._scanned_stops()}
        self._asked(lambda: self._client.sadd(f"{self._prefix}:stops", *sorted(listed)))

    def stops(self) -> dict[str, dict[str, Any]]:
        """Return what is stopped by activity, all under the empty one.

        All keys of the server are looked through only while nobody stopped anything, and no sender began, since what
        is stopped is listed.
        """
        listed = self._asked(lambda: self._client.smembers(f"{self._prefix}:stops"))
        names = sorted(each.decode() for each in listed) if listed else self._scanned_stops()
        values = self._asked(lambda: self._client.mget([self._stop_key(each) for each in names])) if names else []
        return {name: json.loads(value) for name, value in zip(names, values, strict=True) if value is not None}

    def _scanned_stops(self) -> list[str]:
        begin = f"{self._prefix}:stopped"
        return [key.removeprefix(begin).removeprefix(":") for key in self._scanned(f"{begin}*")]

    def note(self, user: str, at_ms: int, *, agrees: bool) -> None:
        """Keep that a user withdrew his consent at a moment, or agreed anew; in any order the newest counts."""
        said = ("yes" if agrees else "no", str(at_ms), str(OFF_S), str(KEPT_S))
        self._asked(lambda: self._client.eval(_NOTE, 1, f"{self._prefix}:off:{user}", *said))

    def note_channels(self, user: str, at_ms: int, out: Sequence[str]) -> None:
        """Keep by which channels a user's profile of a moment wants no messages; in any order the newest counts."""
        said = (str(at_ms), "".join(f" {each}" for each in out), str(OFF_S), str(KEPT_S))
        self._asked(lambda: self._client.eval(_OUT, 1, f"{self._prefix}:out:{user}", *said))

    def is_off(self, user: str) -> bool:
        """Return whether a user has withdrawn his consent, and not agreed since, as far as the topics were read."""
        off = self._asked(lambda: self._client.get(f"{self._prefix}:off:{user}"))
        return off is not None and _is_off(off)

    def heard(self) -> dict[tuple[str, int], int]:
        """Return up to where consent was read, by topic and partition."""
        found: dict[tuple[str, int], int] = {}
        for name, offset in self._asked(lambda: self._client.hgetall(f"{self._prefix}:heard")).items():
            topic, _, number = name.decode().rpartition("|")
            found[topic, int(number)] = int(offset)
        return found

    def hear(self, offsets: Mapping[tuple[str, int], int]) -> None:
        """Keep up to where consent was read."""
        told = {f"{topic}|{number}": offset for (topic, number), offset in offsets.items()}
        if told:
            self._asked(lambda: self._client.hset(f"{self._prefix}:heard", mapping=told))

    def every(self) -> Iterator[tuple[str, Receipt]]:
        """Yield each claimed id of the last two days with what became of it, empty outcomes too."""
        for key in self._scanned(f"{self._prefix}:[0-9]*"):
            receipt = _read(self._value(key))
            if receipt is not None:
                yield key.removeprefix(f"{self._prefix}:"), receipt

    def _value(self, key: str) -> Any:
        return self._asked(lambda: self._client.get(key))

    def _stop_key(self, activity_id: str | None) -> str:
        return f"{self._prefix}:stopped:{activity_id}" if activity_id else f"{self._prefix}:stopped"

    def _scanned(self, pattern: str) -> list[str]:
        return sorted({key.decode() for key in self._asked(lambda: list(self._client.scan_iter(pattern, _SCANNED)))})

    def _asked(self, ask: Callable[[], Any]) -> Any:
        """Return the answer; a login or a right that is refused is no matter of patience."""
        until_s, pause_s = time.monotonic() + self._patience_s, 0.05
        with explained(self._url):
            while True:
                try:
                    return ask()
                except (AuthenticationError, NoPermissionError):
                    raise
                except (redis.ConnectionError, redis.TimeoutError, redis.ReadOnlyError, RedisClusterException):
                    if time.monotonic() > until_s:
                        raise
                    time.sleep(pause_s)
                    pause_s = min(2 * pause_s, 2.0)


def _is_off(value: bytes) -> bool:
    no, _, yes = value.partition(b" ")
    return int(no) >= int(yes) and int(no) > 0


def _read(value: bytes | None) -> Receipt | None:
    if value is None:
        return None
    if value == TAKEN:
        return Receipt("", 0)
    told = json.loads(value)
    return Receipt(told["outcome"], told["at_ms"], told["said"])
