"""What is measured: ways to work on a task, all with the same model and the same counting."""

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from samovar.app import App, Wish
from samovar.bench.raw import raw, raw_best5, raw_retry8
from samovar.bench.sets import Exercise, Mode
from samovar.bench.work import Job, Made
from samovar.boot import Choice, Desk, home_of
from samovar.core.errors import SetupError
from samovar.core.event import Asked, Closed
from samovar.core.message import Reply, Request
from samovar.core.seams import Model
from samovar.core.state import replay
from samovar.flow.work import finished
from samovar.repo import git
from samovar.settings import load
