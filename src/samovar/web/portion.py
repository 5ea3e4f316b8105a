"""Long lists in portions: the Link of an answer leads to what follows (RFC 8288)."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar
from urllib.parse import quote, urlencode

from litestar import Request, Response
from litestar.datastructures import ResponseHeader
from litestar.params import QueryParameter

from samovar.core.errors import Missing

Row = TypeVar("Row")
Mark = Callable[[Row], str | int]
"""What `after` calls a row."""
Limit = Annotated[int, QueryParameter(ge=1, le=1000, description="Rows of an answer, at most.")]
_AFTER = "The last row one has; the Link of an answer gives it."
AfterName = Annotated[str, QueryParameter(max_length=400, description=_AFTER)]
AfterId = Annotated[int, QueryParameter(ge=0, le=2**53, description=_AFTER)]
AfterEntry = Annotated[int, QueryParameter(ge=-1, le=10**9, description=_AFTER)]
LINK = ResponseHeader(
    name="Link",
    description='Where more follows: `<PATH>; rel="next"`, the address of the next portion.',
    documentation_only=True,
    required=False,
)


def portion(
    request: Request[Any, Any, Any], rows: Sequence[Row], limit: int, mark: Mark[Row]
) -> Response[Sequence[Row]]:
    """Answer the first of some rows; where there are more than `limit`, with a link to the others.

    One row beyond the limit is enough to tell.
    """
    shown = rows[:limit]
    if len(rows) <= limit:
        return Response(shown)
    asked = {**request.query_params.dict(), "after": [mark(shown[-1])]}
    address = f"{quote(request.scope['path'])}?{urlencode(sorted(asked.items()), doseq=True)}"
    return Response(shown, headers={"link": f'<{address}>; rel="next"'})


def following(rows: Sequence[Row], after: str, mark: Mark[Row]) -> Sequence[Row]:
    """Return the rows after the one of that mark; all of them when it is empty.

    Raises Missing when it is none of them, any more.
    """
    if not after:
        return rows
    place = next((n for n, row in enumerate(rows, 1) if mark(row) == after), None)
    if place is None:
        raise Missing(f"the list has no {after[:60]!r} to go on after: begin it anew")
    return rows[place:]
