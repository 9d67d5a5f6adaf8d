"""Contract: the assets that are committed are those of the sources, so that nobody needs Node to run the console."""

from __future__ import annotations

import hashlib
import json
import re

from tideline.scripts.console.app import STATIC

_WEB = STATIC.with_name("web")
_BUILT = json.loads((STATIC / "build.json").read_text())


def _hash(path: object) -> str:
    return hashlib.sha256((_WEB / str(path)).read_bytes()).hexdigest()


def test_they_were_built_of_these_sources() -> None:
    """Contract: whoever changes a source builds again: `npm ci && npm run build` in scripts/console/web."""
    names = [f"src/{path.name}" for path in (_WEB / "src").iterdir()]
    named = {*names, "build.mjs", "package.json", "package-lock.json"}
    assert _BUILT["sources"] == {name: _hash(name) for name in named}


def test_they_are_what_was_built() -> None:
    there = {path.name for path in STATIC.iterdir()} - {"build.json"}
    assert _BUILT["built"] == {name: hashlib.sha256((STATIC / name).read_bytes()).hexdigest() for name in there}
    assert {"app.js", "app.css", "index.html"} <= there


def test_they_ask_no_other_server() -> None:
    """Contract: no CDN, no font and no image from elsewhere; names of XML and links in comments are no requests."""
    for name in ("app.js", "app.css", "index.html", "icon.svg"):
        urls = set(re.findall(r"(?:https?:)?//[\w.-]+\.[a-z]{2,}[^\s\"'`)]*", (STATIC / name).read_text()))
        assert {url for url in urls if not re.match(r"(https?:)?//(www\.w3\.org|github\.com)/", url)} == set()


def test_the_page_has_no_script_of_its_own() -> None:
    """Contract: the guard's policy forbids inline scripts and styles, so there are none."""
    page = (STATIC / "index.html").read_text()
    assert re.findall(r"<script[^>]*>([^<]*)</script>", page) == [""]
    assert not re.search(r"<style|\son\w+=|\sstyle=", page)
    assert not re.search(r"\beval\(|new Function\(", (STATIC / "app.js").read_text())


def test_versions_are_pinned() -> None:
    given = json.loads((_WEB / "package.json").read_text())
    versions = [*given["dependencies"].values(), *given["devDependencies"].values()]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in versions)
