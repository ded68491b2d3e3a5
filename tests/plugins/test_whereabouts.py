"""Where in a plugin something was raised."""

from __future__ import annotations

from pathlib import Path

import pytest
from plugin_files import write

from merbench.plugins import importing, whereabouts


@pytest.fixture
def raised(tmp_path: Path) -> BaseException:
    (tmp_path / "odd").mkdir()
    write(tmp_path / "odd" / "__init__.py", "from .inner import trip\n")
    write(tmp_path / "odd" / "inner.py", "import json\n\ndef trip():\n    json.loads('{')\n")
    module = importing.import_file(tmp_path / "odd")
    with pytest.raises(ValueError) as caught:
        module.trip()
    return caught.value


def test_the_innermost_line_of_the_plugin_is_named(raised: BaseException, tmp_path: Path) -> None:
    assert whereabouts.place(raised) == f" at {tmp_path / 'odd' / 'inner.py'}:4"


def test_what_goes_into_a_record_names_no_folder_of_the_machine(raised: BaseException) -> None:
    assert whereabouts.place(raised, short=True) == " at odd/inner.py:4"


def test_what_no_plugin_raised_has_no_place() -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        _ = 1 / 0
    assert whereabouts.place(caught.value) == ""
    assert whereabouts.place(caught.value, __name__.partition(".")[0]).startswith(
        f" at {__file__}:"
    )


def test_installed_plugins_are_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whereabouts, "_foreign", set())
    assert not whereabouts.is_foreign("somebodys.models")
    whereabouts.note_foreign("somebodys")
    assert whereabouts.is_foreign("somebodys.models")
