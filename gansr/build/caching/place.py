"""Where the raw cache is."""

import os
from pathlib import Path

VARIABLE = "GANSR_CACHE"


def cache_folder(asked: Path | None = None) -> Path:
    """The folder that was asked for, or that of GANSR_CACHE in the environment, or the user's folder for caches."""
    if asked is not None:
        return asked.expanduser().absolute()
    if named := os.environ.get(VARIABLE):
        return Path(named).expanduser().absolute()
    caches = os.environ.get("XDG_CACHE_HOME") or (os.environ.get("LOCALAPPDATA") if os.name == "nt" else None)
    return (Path(caches) if caches else Path.home() / ".cache") / "gansr"
