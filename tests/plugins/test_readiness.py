"""Whether a component can work here, and what is said where it cannot."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from plugin_files import ACTS, IMPORTS, model, write

from merbench.errors import MerbenchError
from merbench.plugins import discovery, readiness


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("act", ACTS)
def test_whatever_ready_does_is_said_of_the_component(tmp_path: Path, act: str) -> None:
    does, expected = ACTS[act]
    body = f"def ready(self):\n    {does}"
    odd = write(tmp_path / "odd.py", model("odd", body) + IMPORTS)
    component = discovery.load_plugins([odd]).build("model", "odd", {})
    with pytest.raises(readiness.NotAskedError) as caught:
        readiness.ready(component)
    assert re.search(f"odd is not ready: .*{expected}", str(caught.value)), caught.value


def test_ready_is_asked_of_a_folders_and_of_a_wrapped_plugin(tmp_path: Path) -> None:
    inner = model("inner", "def ready(self):\n    raise MerbenchError('get the weights')")
    text = inner.replace("import Dataset", "import Dataset, MerbenchError")
    write(tmp_path / "two" / "__init__.py", "from .inner import Given, merbench_models")
    write(tmp_path / "two" / "inner.py", text)
    wrapper = model("wrapper", "model: ModelParameter\ndef ready(self):\n    self.model.ready()")
    write(tmp_path / "wrapper.py", wrapper)
    registry = discovery.load_plugins([tmp_path])
    for name, given in (("inner", {}), ("wrapper", {"model": "inner"})):
        with pytest.raises(MerbenchError, match=r"^get the weights$"):
            readiness.ready(registry.build("model", name, given))


def test_what_is_ready_says_nothing(tmp_path: Path) -> None:
    path = write(tmp_path / "mine.py", model("mine"))
    readiness.ready(discovery.load_plugins([path]).build("model", "mine", {}))
