"""One SVG element, escaped."""

from markupsafe import Markup, escape

Value = str | int | float


def element(name: str, attributes: dict[str, Value] | None = None, *inside: str) -> Markup:
    """Return an element; text inside is escaped unless it is Markup already."""
    shown = "".join(f' {k}="{escape(_text(v))}"' for k, v in (attributes or {}).items())
    return Markup(f"<{name}{shown}>{''.join(escape(i) for i in inside)}</{name}>")  # noqa: S704


def drawing(
    size: tuple[int, int], title: str, summary: str, *inside: str, kind: str = "plot"
) -> Markup:
    """Return a whole drawing with its title and its meaning in one sentence.

    The role is `group`, not `img`: a drawing with links inside must stay readable link by link.
    One of another kind than `plot` knows its own size.
    """
    width, height = size
    own: dict[str, Value] = {} if kind == "plot" else {"width": width, "height": height}
    return element(
        "svg",
        {
            **own,
            "viewBox": f"0 0 {width} {height}",
            "role": "group",
            "class": kind,
            "aria-label": f"{title}. {summary}",
        },
        element("title", {}, title),
        element("desc", {}, summary),
        *inside,
    )


def label(x: float, y: float, text: str, anchor: str = "start", kind: str = "") -> Markup:
    """Return a line of text."""
    return element("text", {"x": x, "y": y, "text-anchor": anchor, "class": kind or "label"}, text)


def line(points: list[tuple[float, float]], kind: str) -> Markup:
    """Return a line through points."""
    return element(
        "polyline", {"points": " ".join(f"{_text(x)},{_text(y)}" for x, y in points), "class": kind}
    )


def _text(value: Value) -> str:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)
