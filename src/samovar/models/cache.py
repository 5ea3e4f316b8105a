"""Where weights and measurements are kept between runs."""

import os
from pathlib import Path


def folder() -> Path:
    """Return samovar's folder of things that can be had again ($XDG_CACHE_HOME/samovar)."""
    root = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(root) if root else Path.home() / ".cache") / "samovar"
