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
