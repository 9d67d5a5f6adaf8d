"""Contract: what a JobManager says of its cluster is compared with what a job needs."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import metadata
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import TYPE_CHECKING, Any

from tideline.scripts.diagnosis.finding import Finding, State
from tideline.scripts.diagnosis.flink_checks import check

if TYPE_CHECKING:
    from collections.abc import Iterator

_OVERVIEW = {
    "taskmanagers": 1,
    "slots-available": 0,
    "slots-total": 1,
    "flink-version": metadata.version("apache-flink"),
}
_JOBS = [
    {"name": "tideline", "state": "FAILED", "start-time": 1},
    {"name": "tideline", "state": "RUNNING", "start-time": 2},
]


@contextmanager
def _job_manager(overview: dict[str, Any], jobs: list[dict[str, Any]], date: str | None = None) -> Iterator[str]:
    """Answer as Flink's REST interface does."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(overview if self.path == "/overview" else {"jobs": jobs}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def date_time_string(self, timestamp: float | None = None) -> str:
            return date or super().date_time_string(timestamp)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_a_cluster_that_runs_the_job_is_well() -> None:
    """Contract: no slot need be free where a job has it, and of several jobs of a name the newest counts."""
    with _job_manager(_OVERVIEW, _JOBS) as url:
        findings = {finding.subject: finding for finding in check(url)}
    assert {finding.state for finding in findings.values()} == {State.OK}
    assert findings["jobs"].found == "tideline RUNNING"


def test_what_is_wrong_with_a_cluster_is_told_with_what_to_do() -> None:
    other = _OVERVIEW | {"taskmanagers": 0, "flink-version": "1.20.1"}
    with _job_manager(other, _JOBS[:1], "Sun, 06 Nov 1994 08:49:37 GMT") as url:
        findings = {finding.subject: finding for finding in check(url)}
    assert {name: finding.state for name, finding in findings.items()} == dict.fromkeys(
        ("flink", "slots", "jobs", "clock of Flink"), State.WRONG
    )
    assert all(finding.to_do for finding in findings.values())


def test_a_job_manager_that_does_not_answer_is_said() -> None:
    for url in (
        "http://127.0.0.1:1",
        "file:///etc/passwd",
        "h:1",
        "http://h:port",
        "http://a b",
        "http://u:geheim@h:1",
    ):
        (found,) = check(url)
        assert (found.subject, found.state) == ("flink", State.WRONG)
        assert "geheim" not in found.found


def test_a_server_that_is_not_flink_is_said() -> None:
    """Contract: no answer of another server ends the doctor, JSON or not."""
    for body in ("{}", "[]", "null", '{"flink-version": 1, "jobs": 5}', "[" * 100_000):
        (found,) = _answered(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}")
        assert (found.subject, found.state) == ("flink", State.WRONG)
    (found,) = _answered("-ERR unknown command\r\n")
    assert (found.subject, found.state) == ("flink", State.WRONG)


def _answered(reply: str) -> list[Finding]:
    """Check a server that answers everything with this."""

    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            self.request.recv(4096)
            self.wfile.write(reply.encode())

    with ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            return list(check(f"http://127.0.0.1:{server.server_address[1]}"))
        finally:
            server.shutdown()
            thread.join()
