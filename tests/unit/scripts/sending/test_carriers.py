"""Carriers against servers that answer as they are told."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.push_log import push_record
from tideline.scripts.localstack.process import free_ports
from tideline.scripts.sending.carriers import LogLines, Mail, NotTaken, Refused, Unclear, Webhook

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRET = b"s3cret"


@contextmanager
def answering(status: int | None) -> Iterator[tuple[str, list[tuple[dict[str, str], bytes]]]]:
    """Yield the URL of a server that answers so, or hangs up without a word, and what it was sent."""
    heard: list[tuple[dict[str, str], bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
            if status is None:
                self.connection.close()
                return
            self.send_response(status)
            self.end_headers()
            self.wfile.write(b"said")

        def log_message(self, format: str, *args: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/hook", heard
        server.shutdown()


def mail_server(replies: dict[str, str]) -> tuple[int, list[str]]:
    """Start a mail server for one mail; replies by the word that they follow, `hang up` ends the connection."""
    listening, heard = socket.create_server(("127.0.0.1", 0)), list[str]()

    def serve() -> None:
        connection, _ = listening.accept()
        listening.close()
        with connection, connection.makefile("rwb", buffering=0) as wire:
            wire.write(replies.get("hello", "220 here").encode() + b"\r\n")
            in_text = False
            while raw := wire.readline():
                line = raw.decode().rstrip("\r\n")
                heard.append(line)
                word = "end" if in_text and line == "." else "" if in_text else line.split()[0].lower()
                if not word:
                    continue
                reply = replies.get(word, "354 go on" if word == "data" else "250 ok")
                if reply == "hang up":
                    return
                wire.write(reply.encode() + b"\r\n")
                in_text = word == "data" and reply.startswith("354")

    threading.Thread(target=serve, daemon=True).start()
    return listening.getsockname()[1], heard


def test_a_log_has_a_line_of_json_for_each_message(tmp_path: Path) -> None:
    """Contract: two senders append to one file."""
    record = push_record(also=("coffee",), item_id="assam", channel="app")
    for each in (record, record._replace(push_id="20000-1-b")):
        LogLines(tmp_path / "sent").send(each)
    first, second = map(json.loads, (tmp_path / "sent").read_text().splitlines())
    assert first | {"at_ms": 0} == {
        "push_id": record.push_id,
        "user_id": "u1",
        "activity_id": "tea",
        "channel": "app",
        "item_id": "assam",
        "also": ["coffee"],
        "expires_ms": record.expires_ms,
        "at_ms": 0,
    }
    assert second["push_id"] == "20000-1-b"


def test_a_webhook_is_signed_and_names_the_id() -> None:
    """Contract: the receiver can check who sent it, when and what, and knows the id if it comes again."""
    record = push_record()
    with answering(202) as (url, heard):
        assert Webhook(url, SECRET).send(record) == "202 said"
    headers, body = heard[0]
    at_s, _, mac = headers["Tideline-Signature"].removeprefix("t=").partition(",v1=")
    assert mac == hmac.new(SECRET, at_s.encode() + b"." + body, hashlib.sha256).hexdigest()
    assert headers["Idempotency-Key"] == record.push_id
    assert json.loads(body)["activity_id"] == "tea"


@pytest.mark.parametrize(
    ("status", "raised"),
    [(429, NotTaken), (503, NotTaken), (400, Refused), (302, Refused), (500, Unclear), (502, Unclear), (None, Unclear)],
)
def test_what_a_webhook_answers_says_whether_it_may_be_tried_again(status: int | None, raised: type[Any]) -> None:
    """Contract: only where the answer says that nothing was taken; silence says nothing."""
    with answering(status) as (url, _), pytest.raises(raised):
        Webhook(url, SECRET, 2.0).send(push_record())


def test_where_nobody_listens_nothing_was_taken() -> None:
    (port,) = free_ports(1)
    with pytest.raises(NotTaken):
        Webhook(f"http://127.0.0.1:{port}/", SECRET).send(push_record())
    with pytest.raises(NotTaken):
        Mail("127.0.0.1", port, "shop@shop.example", "{user_id}@shop.example").send(push_record())


def test_a_mail_goes_to_the_address_of_the_user() -> None:
    record = push_record(item_id="assam", also=("coffee",))
    port, heard = mail_server({"end": "250 queued as 7"})
    said = Mail("127.0.0.1", port, "shop@shop.example", "{user_id}@shop.example").send(record)
    assert said == "250 queued as 7"
    assert "rcpt TO:<u1@shop.example>" in heard
    assert "Subject: tea" in heard
    assert f"Message-ID: <{record.push_id}@tideline>" in heard
    assert heard[heard.index("tea") :][:3] == ["tea", "item: assam", "coffee"]


@pytest.mark.parametrize(
    ("replies", "raised"),
    [
        ({"hello": "421 busy"}, NotTaken),
        ({"mail": "451 later"}, NotTaken),
        ({"rcpt": "550 no such user"}, Refused),
        ({"rcpt": "hang up"}, NotTaken),
        ({"data": "451 later"}, NotTaken),
        ({"end": "452 full"}, NotTaken),
        ({"end": "554 spam"}, Refused),
        ({"end": "hang up"}, Unclear),
    ],
)
def test_what_a_mail_server_says_and_where_it_falls_silent_decides(replies: dict[str, str], raised: type[Any]) -> None:
    """Contract: before the text nothing was taken; behind it only an answer tells."""
    port, _ = mail_server(replies)
    with pytest.raises(raised):
        Mail("127.0.0.1", port, "shop@shop.example", "{user_id}@shop.example", 2.0).send(push_record())


def test_an_id_that_is_no_address_is_refused() -> None:
    """Contract: a line break in an id writes no header."""
    port, heard = mail_server({})
    with pytest.raises(Refused):
        Mail("127.0.0.1", port, "a@b.example", "{user_id}@c.example").send(push_record("u\r\nBcc: all"))
    assert heard == []
