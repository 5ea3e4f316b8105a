"""Run the model server until Ctrl-C, or until the model behind it keeps dying."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress

import uvicorn
from litestar import Litestar

from samovar.core.errors import SetupError
from samovar.models.serve.keeper import Keeper

_GRACE = 3
"""Seconds that answers in flight get at the end."""


async def serve(
    application: Litestar,
    listening: socket.socket,
    keeper: Keeper | None,
    tell: Callable[[], None],
) -> None:
    """Answer on a socket. Raises SetupError when the embedded server does not stay alive."""
    config = uvicorn.Config(
        application,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=_GRACE,
        ws="none",
    )
    server = uvicorn.Server(config)
    keeping = asyncio.ensure_future(_keep(keeper, tell))
    serving = asyncio.ensure_future(server.serve([listening]))
    try:
        await asyncio.wait({keeping, serving}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        # Also when we are cancelled: a server that is let go leaves its connections open.
        server.should_exit = True
        await serving
        if not keeping.done():
            keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping


async def _keep(keeper: Keeper | None, tell: Callable[[], None]) -> None:
    """Say once that answers can be had, then watch."""
    if keeper is None:
        tell()
        await asyncio.Event().wait()
        return
    running = asyncio.ensure_future(keeper.run())
    ready = asyncio.ensure_future(keeper.ready.wait())
    try:
        await asyncio.wait({running, ready}, return_when=asyncio.FIRST_COMPLETED)
        if keeper.ready.is_set():
            tell()
        await running
    finally:
        ready.cancel()
        running.cancel()
        await asyncio.gather(running, ready, return_exceptions=True)


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket. Raises SetupError when the port cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except (OSError, OverflowError) as error:
        raise SetupError(
            f"cannot listen at {host}:{port} ({error}): choose another --port"
        ) from error
