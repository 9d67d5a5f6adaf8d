"""Contract: a JobManager that is still starting is one that is not there yet; any other refusal is an error."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from tideline.scripts.localstack.errors import StackError
from tideline.scripts.localstack.rest import FlinkRest

if TYPE_CHECKING:
    from collections.abc import Iterator

_CURRENT = "0.Source__clickstream[1].KafkaSourceReader.topic.shop_clicks.partition.{}.currentOffset"
_METRICS = "/jobs/j/vertices/v/metrics"
ANSWERS = {
    "/jobs/j": (200, b'{"vertices": [{"name": "Source: clickstream[1]", "id": "v"}, {"name": "rank", "id": "w"}]}'),
    _METRICS: (200, json.dumps([{"id": _CURRENT.format(at)} for at in (0, 3)] + [{"id": "0.busy"}]).encode()),
    f"{_METRICS}?get={quote(_CURRENT.format(0) + ',' + _CURRENT.format(3))}": (
        200,
        json.dumps([{"id": _CURRENT.format(0), "value": "-1"}, {"id": _CURRENT.format(3), "value": "41"}]).encode(),
    ),
    "/starting": (503, b'{"errors":["Service temporarily unavailable due to an ongoing leader election."]}'),
    "/half": (
        404,
        b'{"errors":["RestHandlerException: Cannot connect to ResourceManager right now. Please try to refresh."]}',
    ),
    "/never": (404, b'{"errors":["Not found: /never"]}'),
}


class JobManager(BaseHTTPRequestHandler):
    """Says what Flink's REST server says."""

    def do_GET(self) -> None:
        status, body = ANSWERS[self.path]
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing on standard error."""


@pytest.fixture
def rest() -> Iterator[FlinkRest]:
    """The client of a server on a free port."""
    with HTTPServer(("127.0.0.1", 0), JobManager) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield FlinkRest(f"http://127.0.0.1:{server.server_port}")
        server.shutdown()
        serving.join()


@pytest.mark.parametrize("path", ["/starting", "/half"])
def test_what_is_still_starting_is_waited_for(rest: FlinkRest, path: str) -> None:
    """Contract: whoever waits for a cluster takes it as a refused connection, and asks again."""
    with pytest.raises(ConnectionError):
        rest.get(path)


def test_what_is_not_there_is_an_error(rest: FlinkRest) -> None:
    """Contract: it says path, status and Flink's words."""
    with pytest.raises(StackError, match=r"GET /never .*: 404 .*Not found"):
        rest.get("/never")


def test_a_topic_whose_name_has_a_dot_is_found(rest: FlinkRest) -> None:
    """Contract: Flink writes _ for the dot; a partition of which nothing was read is left out."""
    assert rest.positions("j", "shop.clicks") == {3: 42}
    assert rest.positions("j", "shop.click") == {}
