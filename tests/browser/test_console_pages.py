"""Contract: what people see and do in the console, in Chromium: live, for everybody, and closed to others."""

from __future__ import annotations

import json
import subprocess
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.chromium import play
from tests.support.console_world import NAMES, MemoryDeployment
from tests.support.push_verb import MARKUP, past
from tideline.scripts.console.app import STATIC
from tideline.scripts.console.sources import LetterSeen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.support.chromium import Served

    Serve = Callable[..., AbstractContextManager[Served]]

_PAGES = [
    ("health", "health", '[data-test="sentence"]'),
    ("playground", "playground?user=u1", "tr[data-activity]"),
    ("activities", "activities", "tr[data-offer]"),
    ("activity", "activities?id=tea-10", "h2"),
    ("messages", "messages", '[data-test="stopped"]'),
    ("experiments", "experiments", "button:not([disabled])"),
    ("evaluate", "evaluate", "form button"),
    ("runbook", "runbook?alert=TidelineNoJob", '[data-test="runbook"]'),
]
_LETTER = LetterSeen("bad_json", "no JSON object", "clickstream", 0, 17, 1_800_000_000_000, b"u1", b'{"user_id":')


def test_a_click_changes_the_list_within_two_seconds_without_a_reload(served: Serve) -> None:
    """Contract: the reason of the first entry is there, and no request left this machine."""
    deployment = MemoryDeployment()
    with served(deployment, "u*") as console:
        found = play("playground", address=console.page("playground?user=u1"))
    assert found["before"] == list(NAMES)
    assert found["after"] == [NAMES[2], *NAMES[:2]]
    assert found["took"] < 2_000
    assert found["stays"]
    assert "token" not in found["address"]
    assert found["reason"].startswith("WINE: ")
    assert found["verdict"].startswith("No longer known")
    assert "places changed" in found["said"]
    assert json.loads(found["raw"])["i"] == found["after"]
    assert found["sent"] == len(deployment.sent) == 1
    assert found["requests"] == [console.base.split("/")[2]]
    assert found["errors"] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1280])
def test_axe_finds_nothing_serious_and_no_page_is_wider_than_its_window(served: Serve, scheme: str, width: int) -> None:
    """Contract: with everything unfolded, and a record that was refused."""
    options = {"colorScheme": scheme, "viewport": {"width": width, "height": 800}}
    with served(MemoryDeployment(dead=[_LETTER]), "u*") as console:
        found = play("axe", address=console.base, token=console.token, pages=_PAGES, options=options)
    assert set(found["found"]) == {"entry", *(name for name, *_ in _PAGES)}
    for name, page in found["found"].items():
        assert [each for each in page["violations"] if each["impact"] in ("serious", "critical")] == [], name
        assert page["wider"] is None, name
    assert found["errors"] == []


def test_a_keyboard_is_enough(served: Serve) -> None:
    """Contract: every stop shows where it is; a page, a user and a reason are reached without a mouse."""
    with served(MemoryDeployment()) as console:
        found = play("keyboard", address=console.page("health"))
    stops = [each["text"] for each in found["order"]]
    assert stops[0] == "Skip to content"
    assert stops[-1] == "Playground"
    assert all(each["outline"] for each in found["order"])
    assert found["expanded"] == "true"


def test_a_session_that_ends_under_an_open_page_asks_for_the_token_again(served: Serve) -> None:
    """Contract: as after a restart of the console: the page does not stay as it was for ever, and nobody reloads it."""
    with served(MemoryDeployment()) as console:
        found = play("forgotten", address=console.page("health"), token=console.token)
    assert found["address"].endswith("#/health")


@pytest.mark.parametrize("width", [375, 1280])
def test_messages_are_read_stopped_and_explained(served: Serve, width: int) -> None:
    """Contract: figures with their bounds, an activity whose name is markup as text, a stop asked for twice."""
    options = {"viewport": {"width": width, "height": 800}}
    deployment = MemoryDeployment()
    point = next(each for each in past().records if each.sent)
    with served(deployment, "u*") as console:
        found = play("messages", address=console.page("messages"), id=point.push_id, activity=NAMES[0], options=options)
    serious = [each for each in found["seen"]["violations"] if each["impact"] in ("serious", "critical")]
    assert (serious, found["seen"]["wider"]) == ([], None)
    assert " messages were sent and " in found["brought"]
    assert "between" in found["brought"]
    assert set(found["campaigns"]) == {"tea-10", "wine-2", MARKUP}
    assert "owned" not in found["title"]
    assert found["before"] == {}
    assert NAMES[0] in found["stopped"]
    assert set(deployment.stopped) == {""}  # all in the end; the activity was started again
    assert "All messages are stopped" in found["all"]
    assert f"{point.push_id}: {point.user_id}, about" in found["told"]
    assert found["errors"] == []


def test_who_only_reads_is_shown_no_switch(served: Serve) -> None:
    with served(MemoryDeployment()) as console:
        found = play("unswitched", address=console.page("messages"))
    assert found["buttons"] == ["Read it now", "Explain it"]
    assert "tideline push stop" in found["text"]


def test_writes_are_refused_by_default(served: Serve) -> None:
    deployment = MemoryDeployment()
    with served(deployment) as console, _evil(console.base) as evil:
        found = play("attacked", address=console.page("health"), evil=evil)
    assert found["own"] == 403
    assert not deployment.sent


def test_a_page_of_another_site_does_and_reads_nothing(served: Serve) -> None:
    """Contract: though the browser has an operator's session and the console writes; forms, fetches, scripts."""
    deployment = MemoryDeployment()
    with served(deployment, "*") as console, _evil(console.base) as evil:
        found = play("attacked", address=console.page("health"), evil=evil)
    assert found["own"] == 202  # so it was there to be had
    assert [event.category for event in deployment.sent] == ["TEA"]
    assert found["other"]["read"] == []
    assert set(found["other"]["tried"]) == {"form", "fetch", "plain", "live", "script", "frame", "image"}


def test_what_is_committed_is_what_the_sources_build(tmp_path: Path) -> None:
    """Contract: byte for byte, with the packages of the lock."""
    web = STATIC.with_name("web")
    assert (web / "node_modules").is_dir(), "scripts/setup --browser fetches what builds the console"
    subprocess.run(["node", "build.mjs", tmp_path / "out"], cwd=web, check=True, capture_output=True)
    built = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    assert built == {path.name: path.read_bytes() for path in STATIC.iterdir()}


_EVIL = """<!doctype html><iframe name="sink"></iframe><script type="module">
const base = BASE;
const event = JSON.stringify({ user: "u1", category: "EVIL" });
const tried = [], read = [];
const attempt = async (name, act) => {
  tried.push(name);
  try { const got = await act(); if (got) read.push(name); } catch { /* refused */ }
};
const headers = { "Content-Type": "application/json", "X-Tideline": "1" };
const post = (more) => fetch(`${base}api/events`, { method: "POST", body: event, credentials: "include", ...more });
await attempt("fetch", async () => (await post({ headers })).ok);
await attempt("plain", async () => (await post({ mode: "no-cors", headers: { "Content-Type": "text/plain" } })).ok);
await attempt("live", () => new Promise((yes, no) => {
  const source = new EventSource(`${base}api/live?topic=health`, { withCredentials: true });
  source.onmessage = () => yes(true);
  source.onerror = () => { source.close(); no(); };
}));
const loads = (element, attributes) => new Promise((yes, no) => {
  Object.assign(element, attributes, { onload: () => yes(true), onerror: no });
  document.body.append(element);
});
await attempt("script", () => loads(document.createElement("script"), { src: `${base}api/health` }));
await attempt("image", () => loads(document.createElement("img"), { src: `${base}static/icon.svg` }));
await attempt("frame", async () => {
  const frame = document.createElement("iframe");
  await loads(frame, { src: base });
  return frame.contentDocument?.getElementById("app");
});
await attempt("form", async () => {
  const form = document.createElement("form");
  Object.assign(form, { action: `${base}api/events`, method: "POST", enctype: "text/plain", target: "sink" });
  const field = document.createElement("input");
  Object.assign(field, { name: event.slice(0, -1) + ',"x":"', value: '"}' });
  form.append(field);
  document.body.append(form);
  form.submit();
  await new Promise((done) => setTimeout(done, 1000));
  return false;
});
window.done = { tried, read };
</script>"""


@contextmanager
def _evil(base: str) -> Iterator[str]:
    """Serve a page of another site, `localhost`, that tries what it can."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = _EVIL.replace("BASE", json.dumps(base)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_words: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://localhost:{server.server_address[1]}/"
        finally:
            server.shutdown()
            thread.join()
