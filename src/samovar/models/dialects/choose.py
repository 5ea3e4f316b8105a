"""Which dialect a model gets."""

from typing import Literal, get_args

from samovar.core.errors import SetupError
from samovar.models.dialects.action import Action
from samovar.models.dialects.fenced import Fenced
from samovar.models.dialects.hermes import Hermes
from samovar.models.dialects.offered import Speech
from samovar.models.dialects.python import Python
from samovar.models.dialects.rescue import Rescued
from samovar.models.dialects.xml import Xml
from samovar.models.profile import Profile

Name = Literal["action", "hermes", "xml", "json", "python"]
NAMES: tuple[Name, ...] = get_args(Name)


def dialect(name: str) -> Speech:
    """Return the dialect of a name, without rescue. Raises SetupError naming those there are."""
    match name:
        case "action":
            return Action()
        case "hermes":
            return Hermes()
        case "xml":
            return Xml()
        case "json":
            return Fenced()
        case "python":
            return Python()
    raise SetupError(f"there is no dialect {name!r}; use one of: {', '.join(NAMES)}")


def dialect_for(profile: Profile) -> Speech:
    """Return the dialect that fits a model, with rescue.

    What was measured decides. Else a server that obeys a schema gets actions, and a model behind
    any other the JSON block, which all of them have seen most of.
    """
    measured = profile.dialect
    return Rescued(dialect(measured or ("action" if profile.json_schema else "json")))
