"""The hands of agents: tasks that are worked on with the tools of a resume."""
