"""The job's options behind a verb's own: what stands there, and their flags for completion.

Their declarations import too much to be asked at each start of a shell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence


LIVE_FLAGS = (
    "--name", "--bootstrap", "--kafka-properties", "--kafka-properties-file", "--topics", "--group-id", "--start",
    "--without-state", "--epoch", "--prefix", "--redis-url", "--redis-url-file", "--list-ttl-s", "--refresh-per-s",
    "--redis-deadline-s", "--parallelism", "--shards", "--batch-ms", "--list-size", "--list-rules", "--placements",
    "--policy", "--exploration", "--holdout", "--salt", "--weight-click", "--weight-conversion", "--weight-revenue",
    "--weight-cost", "--least-clicks", "--push", "--half-life-days", "--publish-ms", "--worth-limit",
    "--attribution-days", "--erased-days", "--generation", "--encoder", "--provider", "--token-keys",
    "--token-keys-file", "--token-key-id",
)  # fmt: skip
"""Of the live job, in the order of their declaration."""
REPLAY_FLAGS = (
    "--from-ms",
    "--to-ms",
    "--from-offsets",
    "--to-offsets",
    "--makes",
    "--world",
    "--archive",
    "--users",
    "--without",
    "--records-per-s",
    "--policy-pin",
)
"""What a replay takes beside them."""


def options_from(parser: argparse.ArgumentParser, rest: Sequence[str]) -> dict[str, str]:
    """Return the job's options by key, from `--flag value` and `--flag=value`; ends with usage for anything else."""
    options: dict[str, str] = {}
    parts = [part for text in rest for part in (text.split("=", 1) if text.startswith("--") else [text])]
    for flag, value in zip(parts[::2], [*parts[1::2], None], strict=False):
        if not flag.startswith("--") or value is None:
            parser.error(f"options are --name VALUE; not so: {flag.partition('=')[0]}")
        options[flag.removeprefix("--").replace("-", "_")] = value
    return options
