"""Where the local stack finds its programs and keeps its state."""

from __future__ import annotations

import os
import sys
import sysconfig
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
STATE_FOLDER = REPOSITORY / ".tideline"
FLINK_CONF = REPOSITORY / "flink-conf"
KAFKA_JARS = STATE_FOLDER / "jars" / "kafka"
FLINK_JARS = STATE_FOLDER / "jars" / "flink"
SITE_PACKAGES = Path(sysconfig.get_path("purelib"))
FLINK_HOME = SITE_PACKAGES / "pyflink"
PYTHON = Path(sys.executable)


def java() -> str:
    """The java program: of JAVA_HOME where that is set, else the one on PATH."""
    home = os.environ.get("JAVA_HOME")
    return str(Path(home) / "bin" / "java") if home else "java"
