"""`merbench schema`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def test_it_is_printed_or_written(call: Any) -> None:
    printed = call("schema").json
    assert printed["properties"]["models"]["items"] == {"$ref": "#/$defs/model"}
    assert "wrote s.json" in call("schema", "--out", "s.json").stdout
    assert json.loads(Path("s.json").read_text()) == printed
    assert "cannot be written" in call("schema", "--out", "no/such/folder.json").error


def test_it_knows_the_plugins_of_a_file_that_is_being_written(call: Any, tmp_path: Path) -> None:
    for folder, name in (("plugins", "beside"), ("elsewhere", "named")):
        (tmp_path / "study" / folder).mkdir(parents=True)
        text = f"""
from merbench import Model, hookimpl
from merbench_plugins.models.ridge import Ridge

class Mine(Ridge):
    "Mine."
    name = "{name}-ridge"

@hookimpl
def merbench_models():
    yield Mine
"""
        (tmp_path / "study" / folder / f"{name}.py").write_text(text)
    (tmp_path / "study/mine.yaml").write_text("plugins: [elsewhere/named.py]\nmodels:\n")
    text = call("schema", tmp_path / "study/mine.yaml").stdout
    assert '"beside-ridge"' in text
    assert '"named-ridge"' in text
    assert '"beside-ridge"' not in call("schema").stdout
