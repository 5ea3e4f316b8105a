"""Opening what stands on a database that may come later than we do."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import TypeVar

from samovar.cli.end import say
from samovar.org.seams import StoreAway

AGAIN = 2.0
"""Seconds between two looks for a database that is not there yet."""

T = TypeVar("T")


async def opened(stack: AsyncExitStack, open: Callable[[], AbstractAsyncContextManager[T]]) -> T:
    """Open a team or an outpost; a database that is not there yet is waited for, said once."""
    told = False
    while True:
        try:
            return await stack.enter_async_context(open())
        except StoreAway as error:
            if not told:
                say(f"samovar: {error}; waiting for it")
            told = True
        await asyncio.sleep(AGAIN)
