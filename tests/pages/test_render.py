"""Pages out of templates: what is escaped, what is left out, what must be there."""

from __future__ import annotations

import re

import jinja2
import pytest
from markupsafe import Markup

from merbench import __version__
from merbench.pages.render import Part, page, render

PARTS = [
    Part("first", "First & foremost", Markup("<p>one</p>")),
    Part("none", "Nothing", ""),
    Part("last", "Last", "1 < 2"),
]


def test_a_section_without_content_has_neither_place_nor_link():
    text = page("t", PARTS)
    assert re.findall(r'<section id="([^"]*)"', text) == ["first", "last"]
    assert re.findall(r'<li><a href="([^"]*)"', text) == ["#first", "#last"]
    assert "Nothing" not in text


def test_markup_stands_as_it_is_and_all_else_is_escaped():
    text = page("<b>bold</b>", PARTS, lead="a & b")
    assert "<p>one</p>" in text
    assert "1 &lt; 2" in text
    assert "<title>&lt;b&gt;bold&lt;/b&gt;</title>" in text
    assert '<p class="lead">a &amp; b</p>' in text


def test_the_heading_is_the_title_where_none_is_given():
    assert "<h1>t</h1>" in page("t", PARTS)
    other = page("t", PARTS, heading="h")
    assert "<h1>h</h1>" in other
    assert "<title>t</title>" in other


def test_the_page_above_is_linked_where_there_is_one():
    assert "../index.html" not in page("t", PARTS)
    text = page("t", PARTS, up={"href": "../index.html", "text": "All tables"})
    assert '<a href="../index.html">All tables</a>' in text


def test_a_page_holds_its_style_and_script_and_says_who_wrote_it():
    text = page("t", PARTS)
    assert text.count("<style>") == 1
    assert "--series-1" in text
    assert not re.search(r"<script[^>]+src|<link[^>]+stylesheet|@import", text)
    assert f'content="merbench {__version__}"' in text
    assert text.endswith("</html>\n")


def test_what_a_template_needs_and_is_not_given_is_an_error():
    with pytest.raises(jinja2.UndefinedError, match="facts"):
        render("system")
