"""Prints the options of the live job and of a replay.

`python -m tideline.jobs.config --markdown` prints docs/configuration.md; with a job's options what the job would use.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from tideline.schemas.errors import ConfigError
from tideline.udfs.settings.job_config import JobConfig, ReplayConfig
from tideline.udfs.settings.option_page import page
from tideline.udfs.settings.option_sources import describe, load
from tideline.udfs.settings.restart import EFFECTS


def main(argv: Sequence[str]) -> int:
    """Prints the documentation of the options (`--markdown`) or a live job's configuration; 2 if it cannot be used."""
    if list(argv) == ["--markdown"]:
        print(page(JobConfig, ReplayConfig, {key: effect.words for key, effect in EFFECTS.items()}), end="")
        return 0
    try:
        config = load(JobConfig, argv, os.environ)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    print("\n".join(describe(config)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
