"""A worker in a process of its own, to be killed, stopped or hung by a test.

python worker_child.py HOME URL SPEC, where SPEC is JSON: lease, seconds (of work), slots, bell.
A job appends one line to `effects.log` right after it made sure that it is still its own.
Poisonous jobs (text "poison") kill the process.
"""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

from samovar.org.hold import Manner
from samovar.org.seams import Charge, Ended
from samovar.store.bells import open_bell
from samovar.store.store import open_store
from samovar.worker import Worker, run_workers


async def main(home: Path, url: str, spec: dict) -> None:
    async with open_store(home, url, patience=60) as store:
        log = os.open(home / "effects.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT)

        async def ada():
            return ("ada",)

        async def work(job, hold):
            os.write(log, f"begin {job.id} {job.fence} {os.getpid()}\n".encode())
            if job.text == "poison":
                os.kill(os.getpid(), signal.SIGKILL)
            await asyncio.sleep(spec.get("seconds", 0.05))
            if spec.get("charge"):
                charge = Charge(agent=job.agent, amount=7, task=job.id, key=f"job:{job.id}")
                await store.ledger.charge(charge)
            await hold()
            os.write(log, f"effect {job.id} {job.fence} {os.getpid()}\n".encode())
            return Ended(text=f"by {os.getpid()}")

        manner = Manner(lease=spec["lease"], pause=0.0, patience=0.5)
        times = {"manner": manner, "poll": spec.get("poll", 0.2), "grace": 0.2}
        bell = open_bell(spec.get("bell", ""), ada)
        slots = range(spec.get("slots", 1))
        workers = [Worker(store.claims, bell, work, **times) for _ in slots]
        await run_workers(workers)
        await bell.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3])))
