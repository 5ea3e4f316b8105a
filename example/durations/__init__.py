"""Durations as people write them."""

from durations.parsing import DurationError, parse
from durations.writing import format_seconds

__all__ = ["DurationError", "format_seconds", "parse"]
