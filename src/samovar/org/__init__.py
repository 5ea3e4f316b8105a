"""The organisation: agents with resumes, outboxes, ticks, credits and queues."""
