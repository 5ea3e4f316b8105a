"""What outlasts a conversation: notes, the state of a project, skills and patterns."""
