"""What can go wrong, and who is meant to deal with it.

* SamovarError
  + ToolError      the model is told and may try again
  + ModelError     the gateway may try again, or another model
    + Unreachable  nothing answers at that address
    + Unusable     it answers, but to this request nothing of use
  + SetupError     the person who runs samovar must act
    + Missing        nothing of that name or number is here
    + SandboxMissing
    + Untrusted      what comes with a repository would rule samovar; nothing of it was read
    + Unwritable   what works may be tried again once there is space, or a way to write
  + Refused        a person, or a rule, said no
"""

import msgspec

from samovar.core.message import Usage

UNREADABLE = (msgspec.DecodeError, UnicodeError, RecursionError)
"""What msgspec raises for text that is no JSON of the form it should have, no UTF-8, or nested too
deep."""


class SamovarError(Exception):
    """Base of every error samovar raises on purpose."""

    exit_code = 1
    """What the process returns when this ends it (see docs/reference/exit-codes.md)."""


class ToolError(SamovarError):
    """A tool, or the parser of an answer, could not do what the model asked; the model is told."""


class ModelError(SamovarError):
    """A model gave no usable answer."""

    exit_code = 3


class Unreachable(ModelError):
    """No server answers; the text names the address and what would help."""


class Unusable(ModelError):
    """The model has nothing of use to say to this request: asked the same, it will say the same."""

    def __init__(self, text: str, usage: Usage | None = None, seconds: float = 0.0) -> None:
        super().__init__(text)
        self.usage, self.seconds = usage or Usage(), seconds
        """What it took all the same."""


class SetupError(SamovarError):
    """The configuration, the input or the machine lacks something; the text says what to do."""

    exit_code = 2


class Missing(SetupError):
    """Nothing of that name or number is here, nor will be by waiting."""


class SandboxMissing(SetupError):
    """Nothing here can hold untrusted code; nothing was run."""

    exit_code = 5


class Untrusted(SetupError):
    """A repository brings settings of its own: somebody must look at them first."""


class Unwritable(SetupError):
    """A file cannot be kept: no space is left, or its folder is read-only; to be tried again."""


class Refused(SamovarError):
    """A person, or a rule a person wrote, said no."""

    exit_code = 4
