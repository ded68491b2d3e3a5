"""The sections of a page, in their order. A new one is a function, and a line in `SECTIONS`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from merbench.pages.about_sections import (
    about_section,
    how_to_submit_section,
    sources_section,
    submissions_section,
)
from merbench.pages.board_sections import (
    findings_section,
    leaderboard_section,
    reported_section,
    systems_section,
    tables_section,
    variants_section,
)
from merbench.pages.difference_sections import differences_section
from merbench.pages.figure_sections import (
    accuracy_section,
    clips_section,
    cost_section,
    datasets_section,
)
from merbench.pages.render import Part
from merbench.pages.separator_sections import separators_section, stems_section
from merbench.pages.view import View

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["SECTIONS", "page_sections"]

SECTIONS: tuple[tuple[str, str, Callable[[View], Markup | None]], ...] = (
    ("findings", "Findings", findings_section),
    ("tables", "Tables", tables_section),
    ("leaderboard", "Leaderboard", leaderboard_section),
    ("variants", "Variants of a model", variants_section),
    ("accuracy", "Test accuracy", accuracy_section),
    ("data", "Clips by their features", clips_section),
    ("differences", "Paired differences", differences_section),
    ("datasets", "Over several datasets", datasets_section),
    ("separators", "Separators, fold by fold", separators_section),
    ("separation", "Separation", stems_section),
    ("cost", "Cost", cost_section),
    ("systems", "Systems", systems_section),
    ("sources", "Datasets", sources_section),
    ("reported", "Reported elsewhere", reported_section),
    ("submissions", "Submissions", submissions_section),
    ("submit", "How to submit", how_to_submit_section),
    ("about", "About this run", about_section),
)
"""Id, title, and what makes it: None leaves a section out. A page shows them in this order."""


def page_sections(view: View) -> list[Part]:
    """Make the sections of a page that have something to show."""
    made = ((name, title, make(view)) for name, title, make in SECTIONS)
    return [Part(name, title, html) for name, title, html in made if html is not None]
