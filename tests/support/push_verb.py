"""`tideline push` in front of a made-up past, for consoles in tests: `python -m tests.support.push_verb push status`.

Messages bring purchases in three days' time and two in a hundred do not go out; one activity has a name that is markup.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import numpy as np

from tests.support.push_log import DAY_MS, HOUR_MS, push_record
from tideline.scripts.analysis.push_log import Bought, PushHistory
from tideline.scripts.commands.push import explanation_of, plan_of, status_of
from tideline.scripts.sending.claims import Receipt
from tideline.udfs.core.push.push_user import push_id

if TYPE_CHECKING:
    from tideline.udfs.core.push.push_record import PushRecord

COMMAND = [sys.executable, "-m", "tests.support.push_verb"]
MARKUP = "<img src=x onerror=document.title='owned'>"
_ACTIVITIES = ("tea-10", "wine-2", MARKUP)
_USERS, _DAYS = 900, 7
_NOON_MS = 1_795_694_400_000
_STOPPED = 0.02


def past() -> PushHistory:
    """Return a week and the days after it."""
    random = np.random.default_rng(16)
    records: list[PushRecord] = []
    bought: dict[str, list[Bought]] = {}
    not_sent: dict[str, str] = {}
    for day in range(_DAYS):
        for number in range(_USERS):
            user, at_ms = f"u{number}", _NOON_MS + day * DAY_MS + int(random.normal(6, 3)) * HOUR_MS + number
            sent = bool(random.random() < 0.5)
            made = push_record(user)._replace(push_id=push_id(user, at_ms // DAY_MS, 0), chance=128, sent=sent)
            name = _ACTIVITIES[int(random.choice(3, p=[0.5, 0.4, 0.1]))]
            records.append(made._replace(due_ms=at_ms, told_ms=at_ms, expires_ms=at_ms + HOUR_MS, activity_id=name))
            if random.random() < (0.12 if sent else 0.04):
                bought.setdefault(user, []).append(Bought(at_ms + HOUR_MS, float(random.integers(5, 40))))
            if sent and random.random() < _STOPPED:
                not_sent[records[-1].push_id] = str(random.choice(["expired", "failed", "stopped"]))
    newest_ms = _NOON_MS + (_DAYS + 4) * DAY_MS
    return PushHistory(sorted(records, key=lambda each: each.told_ms), not_sent, {"u3": newest_ms}, bought, newest_ms)


def main(argv: list[str]) -> int:
    """Print what the verb prints with --json."""
    history, verb = past(), argv[1]
    if verb == "status":
        told = status_of(history, 72 * HOUR_MS, 0.0) | {"lost": 1, "unclear": 2, "stopped": {}}
    elif verb == "plan":
        told = plan_of(history, 14)
    else:
        found = [each for each in history.records if each.push_id == argv[-1]]
        if not found:
            print("push: there is no such id", file=sys.stderr)
            return 1
        told = explanation_of(history, found[0], Receipt("sent", found[0].told_ms, "250 to ann@shop"), is_off=False)
    print(json.dumps(told))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
