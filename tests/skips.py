"""A pytest plugin: in CI no test is skipped but for a reason that is stated here.

A test that is skipped says nothing, and nobody reads why it was. `.ci/run` sets CI, and names in
MERBENCH_TESTS_WITHOUT what it could not install.
"""

from __future__ import annotations

import os
import re

import pytest

ALLOWED = (
    r"root (may write anywhere|writes wherever it likes)",
    r"needs processor affinity",  # of macOS
    r"the system has no /dev/full",
    r"diffq is installed",
    r"could not import 'tinysoundfont'",  # which has no wheel for Python 3.13
    r"could not import 'fluidsynth'",  # which is a library of the system
    r"could not import 'hatchling'",  # which builds the wheel, and is in the extra `test`
    r"could not import 'jsonschema'",  # in the extra `test` as well
    r"the package vibenet is not installed",  # under the GPL: who wants it installs it
)
"""Reasons for which a test may be skipped anywhere."""
WITHOUT = {
    "chromium": r"no Chromium here",
    "axe-core": r"no axe-core here",
    "shared": r"reference data not found",
}
"""Reasons for which it may where MERBENCH_TESTS_WITHOUT names what is missing."""


def unexpected(reasons: dict[str, str], without: str) -> list[str]:
    """Return a line for each test that was skipped for no reason that is stated."""
    allowed = [*ALLOWED, *(WITHOUT[name] for name in without.split())]
    return [
        f"{test}: {reason}"
        for test, reason in sorted(reasons.items())
        if not any(re.match(pattern, reason) for pattern in allowed)
    ]


def skipped(config: pytest.Config) -> list[str]:
    """Return what was skipped in this session and should not have been."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") != "true" or reporter is None:
        return []
    reasons = {}
    for report in reporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        reasons[report.nodeid] = str(reason).removeprefix("Skipped: ")
    return unexpected(reasons, os.environ.get("MERBENCH_TESTS_WITHOUT", ""))


def pytest_sessionfinish(session: pytest.Session) -> None:
    if skipped(session.config) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    found = skipped(config)
    if found:
        terminalreporter.section("skipped in CI, where nothing may be", red=True)
        for line in found:
            terminalreporter.write_line(line)
