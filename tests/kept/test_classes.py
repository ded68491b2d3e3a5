from __future__ import annotations

import pytest

from merbench.errors import MerbenchError
from merbench.kept.classes import Allowed, lasting_name
from merbench_plugins.models._ridge import ChosenRidge

ALLOWED = Allowed({"merbench_plugins"})


def test_classes_of_the_plugin_and_of_libraries() -> None:
    assert ALLOWED.made(lasting_name(ChosenRidge)) is ChosenRidge
    assert ALLOWED.made("torch.nn.modules.linear:Linear").__name__ == "Linear"
    assert ALLOWED.named("torch.optim.adam:Adam").__name__ == "Adam"


@pytest.mark.parametrize(
    "name",
    [
        "os:system", "builtins:eval", "subprocess:Popen", "posix:system", "pickle:Unpickler",
        "merbench_plugins_evil:X", "merbench_plugins.models._ridge:left_out_errors",
        "merbench_plugins.models._ridge:np", "merbench_plugins.models._ridge:Ridge",
        "merbench_plugins.models._ridge", "merbench_plugins.nowhere:X", "torch.optim.adam:Adam",
        "merbench.steps.store:Store.get", "torch.nn.modules.linear:Linear.__init__", ":", "",
    ],
)  # fmt: skip
def test_everything_else_is_refused(name: str) -> None:
    with pytest.raises(MerbenchError, match="it names"):
        ALLOWED.made(name)


def test_types_in_a_skops_file() -> None:
    names = ["merbench_plugins.models._ridge.ChosenRidge"]
    assert ALLOWED.in_skops(names) == names
    for bad in ("os.system", "merbench_plugins.models._ridge.left_out_errors", "operator.call"):
        with pytest.raises(MerbenchError, match="it names"):
            ALLOWED.in_skops([bad])
