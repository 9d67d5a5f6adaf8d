"""Through whom messages go: a file of JSON lines, a webhook, a mail server. Any other one is a class with `send`.

A carrier says how a try ended in one of four ways: a receipt, `NotTaken` (nothing was taken: it may be tried again),
`Refused` (it will never be taken) and `Unclear` (it may have been taken: it must not be tried again). When in doubt it
is `Unclear`: who gets a message twice is worse off than who gets none.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import os
import smtplib
import time
from email.message import EmailMessage
from email.utils import format_datetime, localtime
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from tideline.schemas.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tideline.udfs.core.push.push_record import PushRecord

_TRY_AGAIN = (429, 503)
"""Statuses of HTTP that say that nothing was taken."""
_SHOWN = 200


class NotTaken(Exception):
    """Nothing was taken, and a later try may go well."""


class Refused(Exception):
    """It was not taken, and never will be."""


class Unclear(Exception):
    """It may have been taken."""


class Carrier(Protocol):
    """Whoever brings a message to its user; called by several threads at once."""

    def send(self, record: PushRecord) -> str:
        """Hand a message over and return what is said of it, a receipt.

        Raises:
            NotTaken, Refused, Unclear: it was not, for good or not; or that is not known.
        """


def document(record: PushRecord) -> dict[str, object]:
    """Return what a carrier needs of a record."""
    return {
        "push_id": record.push_id,
        "user_id": record.user_id,
        "activity_id": record.activity_id,
        "channel": record.channel,
        "item_id": record.item_id,
        "also": list(record.also),
        "expires_ms": record.expires_ms,
    }


class LogLines:
    """Appends each message to a file as a line of JSON, with the time; several processes may share the file."""

    def __init__(self, path: Path) -> None:
        """Open it.

        Raises:
            ConfigError: it cannot be appended to.
        """
        try:
            self._file = os.open(path, os.O_APPEND | os.O_CREAT | os.O_WRONLY, 0o600)
        except OSError as error:
            raise ConfigError("--to-log", str(path), f"a file that can be appended to ({error.strerror})") from error

    def send(self, record: PushRecord) -> str:
        """Write the line at once."""
        line = json.dumps(document(record) | {"at_ms": time.time_ns() // 1_000_000}).encode() + b"\n"
        if os.write(self._file, line) != len(line):
            raise Unclear("the line was written in part")
        return "logged"


class Webhook:
    """Posts each message as JSON, signed, with its id as the key of idempotency.

    Header `Tideline-Signature`: `t=SECONDS,v1=HEX`, HEX the HMAC-SHA256 with the secret over `SECONDS.BODY`.
    2xx is a receipt; 429 and 503 say that nothing was taken; any other 3xx and 4xx refuses it; all else is unclear.
    """

    def __init__(self, url: str, secret: bytes, within_s: float = 10.0) -> None:
        """Take a URL of http or https.

        Raises:
            ConfigError: it is none.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigError("--webhook", url, "http://HOST[:PORT]/PATH or https://...")
        self._kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._host, self._port, self._within_s, self._secret = parts.hostname, parts.port, within_s, secret
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    def send(self, record: PushRecord) -> str:
        """Post it over a connection of its own."""
        body = json.dumps(document(record)).encode()
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": record.push_id,
            "Tideline-Signature": signature(self._secret, body, int(time.time())),
        }
        connection = self._kind(self._host, self._port, timeout=self._within_s)
        try:
            try:
                connection.connect()
            except OSError as error:
                raise NotTaken(f"no connection: {_word(error)}") from error
            try:
                connection.request("POST", self._path, body, headers)
                answer = connection.getresponse()
                said = f"{answer.status} {answer.read(_SHOWN).decode('utf-8', 'replace')}".strip()
            except (OSError, http.client.HTTPException) as error:
                raise Unclear(f"no answer: {_word(error)}") from error
        finally:
            connection.close()
        if answer.status in _TRY_AGAIN:
            raise NotTaken(said)
        if 300 <= answer.status < 500:
            raise Refused(said)
        if not 200 <= answer.status < 300:
            raise Unclear(said)
        return said


def signature(secret: bytes, body: bytes, at_s: int) -> str:
    """Return the header that signs a body.

    >>> signature(b"secret", b"{}", 1700000000)[:20]
    't=1700000000,v1=b856'
    """
    return f"t={at_s},v1={hmac.new(secret, b'%d.%b' % (at_s, body), hashlib.sha256).hexdigest()}"


class Mail:
    """Hands each message to a mail server, which need not be far: it is one's own relay that delivers and tries again.

    Until the text is sent nothing is taken; once it is, only the server's answer says whether it was.
    """

    def __init__(self, host: str, port: int, sender: str, to: str, within_s: float = 10.0) -> None:
        """Take the server, whom mails are from, and the address of a user, `{user_id}` standing for his id."""
        self._host, self._port, self._sender, self._to, self._within_s = host, port, sender, to, within_s

    def send(self, record: PushRecord) -> str:
        """Send it over a connection of its own."""
        to = self._to.replace("{user_id}", record.user_id)
        text = self._text(record, to)
        try:
            server = smtplib.SMTP(self._host, self._port, timeout=self._within_s)
        except (OSError, smtplib.SMTPException) as error:
            raise NotTaken(f"no connection: {_word(error)}") from error
        try:
            for step in (server.ehlo, lambda: server.mail(self._sender), lambda: server.rcpt(to)):
                _take(step)
            return self._handed_over(server, text)
        finally:
            server.close()

    def _handed_over(self, server: smtplib.SMTP, text: bytes) -> str:
        try:
            return _answered(*server.data(text))
        except smtplib.SMTPDataError as error:  # it was not even asked for
            return _answered(error.smtp_code, error.smtp_error)
        except (OSError, smtplib.SMTPException) as error:
            raise Unclear(f"no answer: {_word(error)}") from error

    def _text(self, record: PushRecord, to: str) -> bytes:
        mail = EmailMessage()
        try:
            mail["From"], mail["To"], mail["Subject"] = self._sender, to, record.activity_id
        except (ValueError, IndexError) as error:
            raise Refused(f"no address: {_word(error)}") from error
        mail["Date"] = format_datetime(localtime())
        mail["Message-ID"] = f"<{record.push_id}@tideline>"
        item = [] if record.item_id is None else [f"item: {record.item_id}"]
        mail.set_content("\n".join([record.activity_id, *item, *record.also]) + "\n")
        return mail.as_bytes()


def _take(step: Callable[[], tuple[int, bytes]]) -> None:
    try:
        _answered(*step())
    except (OSError, smtplib.SMTPException) as error:
        raise NotTaken(f"the server went away: {_word(error)}") from error


def _answered(code: int, text: bytes | str) -> str:
    said = f"{code} {text.decode('utf-8', 'replace') if isinstance(text, bytes) else text}"[:_SHOWN]
    if 200 <= code < 300:
        return said
    if 400 <= code < 500:
        raise NotTaken(said)
    raise Refused(said)


def _word(error: Exception) -> str:
    return str(error).partition("\n")[0] or type(error).__name__
