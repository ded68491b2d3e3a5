"""A pytest plugin for packages of plugins: the fixture `merbench_check`.

    def test_plugin(merbench_check):
        merbench_check(MyModel)

pytest loads this module wherever merbench is installed, so that nothing is imported here that takes
time: the checks are, when the fixture is first called.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from merbench.components import Component
    from merbench.testing import Result

__all__ = ["merbench_check"]

Check = Callable[..., "list[Result]"]


@pytest.fixture(scope="session")
def merbench_check() -> Check:
    """Return a function that holds a plugin to the contract of its kind.

    Its signature is `merbench_check(plugin, parameters=None)`:

    - `plugin`, a component class, or the name of one that is installed (`crnn`, `model/crnn`);
    - `parameters`, a dict: those that it is built with; by default its defaults, and over them
      the class's `check_parameters`.

    It returns the results of all checks. A check that fails fails the test, and says what was done,
    where in the plugin's file, why it matters and the line to write. Where the plugin cannot work
    here, for want of weights or a package, the test is skipped with the reason.
    """

    def check(
        plugin: type[Component] | str, parameters: Mapping[str, Any] | None = None
    ) -> list[Result]:
        from merbench import testing

        results = testing.check_plugin(plugin, parameters)
        failed = testing.failures(results)
        if failed:
            pytest.fail("\n\n".join(failed), pytrace=False)
        idle = [r.detail for r in results if (r.check, r.status) == ("does its work", "skipped")]
        if idle:
            pytest.skip(idle[0])
        return results

    return check
