"""What an agent asks its teammates in the middle of a task or a chat: messages in its outbox.

They are read in a later tick, and answered, if at all, by messages to the agent's own turns.
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from samovar.org.outbox import OutboxEntry, post
from samovar.org.roster import Roster
from samovar.org.seams import Hold, Job
from samovar.org.standing import present
from samovar.tools.ask import Send


@dataclass(frozen=True)
class Letters:
    """The letters of one agent while it works on one task, or talks to a person."""

    home: Path
    job: Job
    roster: Roster
    hold: Hold

    def mates(self) -> dict[str, Send]:
        """Return who can be asked: those who hear the agent, and whom it hears."""
        agent = self.job.agent
        heard = self.roster.readers.get(agent, frozenset())
        both = heard & self.roster.reads.get(agent, frozenset())
        return {name: partial(self._send, name) for name in sorted(both - {agent})}

    async def _send(self, mate: str, question: str, /) -> None:
        # First the lease: whoever lost the task writes nothing more.
        await self.hold()
        entry = OutboxEntry(
            sender=self.job.agent,
            tick=present(self.home) + 1,
            seq=0,
            to=(mate,),
            text=question,
            job=self.job.id,
            repo=self.job.repo,
            run=self.job.run,
        )
        post(self.home, self.job.agent, entry)
