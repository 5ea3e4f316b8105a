"""Holding a task while it is worked on: the lease is renewed, the end is recorded."""

import asyncio
from contextlib import suppress
from typing import Any

from samovar.core.errors import ModelError, SamovarError
from samovar.org.seams import Claims, Ended, Job, NoCredit, Overtaken, Work

PAUSE = 30.0
"""Seconds before a task is tried again after a failure."""


async def carry(claims: Claims, job: Job, work: Work, lease: float) -> Ended:
    """Work on a claimed task to its end and record it.

    Raises Overtaken when the task was taken away, ModelError and NoCredit after the task was put
    back, and every other SamovarError after the attempt was counted.
    """

    async def hold() -> None:
        await claims.beat(job, lease)

    working = asyncio.ensure_future(work(job, hold))
    beating = asyncio.ensure_future(_beat(claims, job, lease))
    try:
        await asyncio.wait({working, beating}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            await beating
        ended = await working
    except asyncio.CancelledError:
        await _stop(working)
        await claims.release(job, "the engine was stopped")
        raise
    except Overtaken:
        await _stop(working)
        raise
    except (ModelError, NoCredit) as error:
        await claims.release(job, str(error))
        raise
    except SamovarError as error:
        await claims.fail(job, str(error), PAUSE)
        raise
    finally:
        await _stop(beating)
    await claims.finish(job, ended.state, ended.text)
    return ended


async def _beat(claims: Claims, job: Job, lease: float) -> None:
    """Renew a lease until cancelled. Raises Overtaken."""
    while True:
        await asyncio.sleep(lease / 3)
        await claims.beat(job, lease)


async def _stop(task: asyncio.Future[Any]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError, SamovarError):
        await task
