"""How the result of a call stands in a conversation, where there is no role for it."""


def returned(tool: str, text: str) -> str:
    """Return what the next message of the user says of a call."""
    return f"Result of {tool}:\n{text}"
