"""Pages out of templates: each holds its style and script, and loads nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from merbench import __version__

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

__all__ = ["Part", "page", "render"]


@dataclass(frozen=True)
class Part:
    """One section of a page."""

    id: str
    title: str
    html: Markup | str


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    return Environment(
        loader=FunctionLoader(lambda name: _file(f"{name}.html")),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )


@cache
def _file(name: str) -> str:
    return (resources.files(__package__) / "templates" / name).read_text(encoding="utf-8")


def render(template: str, **context: Any) -> Markup:
    """Fill a template; what is not markup is escaped."""
    from markupsafe import Markup

    return Markup(_environment().get_template(template).render(context))


def page(
    title: str,
    parts: Sequence[Part],
    *,
    heading: str = "",
    lead: str = "",
    up: Mapping[str, str] | None = None,
) -> str:
    """Return a whole page.

    Parameters
    ----------
    title, heading
        Title that the browser shows, and heading of the page where that differs.
    parts
        Sections; those without content are left out.
    lead
        A paragraph below the heading.
    up
        `href` and `text` of the page above.
    """
    from markupsafe import Markup

    return (
        render(
            "base",
            title=title,
            heading=heading or title,
            lead=lead,
            up=up,
            sections=[part for part in parts if part.html],
            style=Markup(_file("style.css")),
            script=Markup(_file("page.js")),
            version=__version__,
        ).rstrip()
        + "\n"
    )
