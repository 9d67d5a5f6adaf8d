"""The page that documents every option: docs/configuration.md is what `page` returns."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING

from tideline.udfs.settings.options import Option, options_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_WIDTH = 120
_INTRO = """# Configuration

<!-- scripts/tideline config --markdown > docs/configuration.md; a test compares. -->

Options come from a TOML file (`--config FILE`), the environment and flags; later ones win. Option `batch_ms` is
`batch_ms = 50` in the file, `TIDELINE_BATCH_MS` in the environment and `--batch-ms 50` as a flag.
Secrets come only from the environment or from a file of their own (`redis_url_file`, `TIDELINE_REDIS_URL_FILE`).

Everything is checked before anything is submitted, and printed with secrets masked. A Redis URL is read as redis-py
reads it: percent-encode `/ # ? @ %` in a password. A `.properties` file is read as Java reads it.

"On restart" says what a changed value does when the job goes on from its state; [operate.md](operate.md) says how
to restart, and how to reach Kafka and Redis with TLS and a login. This prints what a job would use, and where each
value comes from; what the job would refuse, or needs and has not, ends it with exit status 1:

```
scripts/tideline config --bootstrap KAFKA:9092 --encoder models/artefacts/demo-1
```
"""


def page(live: type, replay: type, effects: Mapping[str, str]) -> str:
    """Return the page as Markdown: every option of the live job, then what a replay takes beside them.

    `effects` says of each option of the live job what a change does on a restart from state.
    """
    known = options_of(live)
    more = [option for key, option in options_of(replay).items() if option != known.get(key)]
    parts = [_INTRO, "## Options of the live job\n"]
    parts += [_entry(option, effects[option.key]) for option in known.values()]
    parts += ["## Options of a replay\n", "A replay takes those above and these; no state outlives it.\n"]
    parts += [_entry(option, None) for option in more]
    return "\n".join(parts)


def _entry(option: Option, effect: str | None) -> str:
    facts = [f"default: {option.default_text}", f"allowed: {option.kind.allowed}"]
    if option.mask:
        facts.append(f"or from a file: `{option.key}_file`")
    if effect:
        facts.append(f"on restart: {effect}")
    lines = [_wrapped(f"{option.doc}."), "", *(_wrapped(f"- {fact}", "  ") for fact in facts)]
    return f"### `{option.key}`\n\n" + "\n".join(lines) + "\n"


def _wrapped(text: str, indent: str = "") -> str:
    return fill(text, _WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
