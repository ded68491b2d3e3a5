"""The page of all commands."""

from __future__ import annotations

import re

from merbench.cli.reference import commands_page


def test_the_page_has_every_command_with_its_examples_and_options() -> None:
    page = commands_page()
    titles = re.findall(r"^## merbench (.*)$", page, re.MULTILINE)
    assert {"run", "plugins new", "leaderboard publish", "doctor", "schema"} <= set(titles)
    assert len(titles) == len(set(titles))
    assert page.count("```sh\nmerbench ") == len(titles)  # every command has an example
    assert "merbench plan SPEC [OPTIONS]" in page
    assert "| `--json` | Print JSON. |" in page
    assert "Exit status: 0" in page
    assert "[bold]" not in page
