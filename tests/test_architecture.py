"""The house: arrows between rooms point down only, no module runs in a circle, tests mirror it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
SOURCE, PLUGINS, TESTS = REPOSITORY / "src", REPOSITORY / "plugins", REPOSITORY / "tests"

ROOMS = (
    "__main__",
    "cli",
    "authoring",
    "pytest_plugin",
    "publishing",
    "verification",
    "pages",
    "leaderboard",
    "kept",
    "runs",
    "engines",
    "testing",
    "planning",
    "steps",
    "benchmark",
    "plugins",
    "components",
    "tasks",
    "scoring",
    "evaluation",
)
"""From top to bottom. A module imports from its own room and from rooms below; what is in none of
them is the ground, on which all stand."""

GROUND = len(ROOMS)
FOLDERS_OF_THE_GROUND = {"audio"}
BESIDE = "separation"
"""A tool beside the benchmark, which the command line alone uses."""
FOR_PLUGINS = {
    "audio", "bounds", "components", "csv_text", "delimited", "devices", "digests", "downloads",
    "errors", "evaluation", "home", "identity", "naming", "numerals", "tasks", "threads",
}  # fmt: skip
"""What plugins of ours may import of merbench, beside its public names."""
INSPECTION = "merbench.planning.inspection"
"""And what a dataset's own check calls, to decode its clips as those of every dataset are."""

NO_TEST_NEEDED = {
    "merbench.plugins.hookspecs": "declarations without a line that runs",
}
"""Modules that need no test file, and why. Packages' own files need none either."""


def module_of(path: Path, folder: Path) -> str:
    name = ".".join(path.relative_to(folder).with_suffix("").parts)
    return name.removesuffix(".__init__")


def modules_of(package: Path) -> dict[str, Path]:
    """Return the modules of a package by their names."""
    return {module_of(path, package.parent): path for path in sorted(package.rglob("*.py"))}


MODULES = modules_of(SOURCE / "merbench")
PLUGIN_MODULES = modules_of(PLUGINS / "merbench_plugins")


def imports(path: Path, modules: Mapping[str, Path] = MODULES) -> Iterator[tuple[str, int]]:
    """Yield every module of a package that a file imports, wherever in it, with the line."""
    package = next(iter(modules)).split(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == package:
                    yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: write relative imports whole"
            if (node.module or "").split(".")[0] == package:
                for alias in node.names:
                    whole = f"{node.module}.{alias.name}"
                    yield (whole if whole in modules else str(node.module)), node.lineno


def room(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def floor(module: str) -> int:
    return ROOMS.index(room(module)) if room(module) in ROOMS else GROUND


@pytest.mark.parametrize("module", [name for name in MODULES if name != "merbench"])
def test_arrows_point_down(module: str) -> None:
    # The tool beside the benchmark stands on plugins and all below them.
    own = ROOMS.index("plugins") if room(module) == BESIDE else floor(module)
    up = [
        f"line {line}: {other}"
        for other, line in imports(MODULES[module])
        if floor(other) < own
        or (room(other) == BESIDE and room(module) not in ("cli", BESIDE))
        or (room(module) == "evaluation" and room(other) not in ("evaluation", "errors"))
    ]
    assert not up, f"{module} imports from above: {'; '.join(up)}"


def test_every_folder_is_a_room_or_ground() -> None:
    folders = {room(module) for module, path in MODULES.items() if path.name == "__init__.py"}
    unknown = folders - {"", BESIDE, *ROOMS, *FOLDERS_OF_THE_GROUND}
    assert not unknown, f"say where {unknown} stand: in ROOMS, or among the ground's folders"


@pytest.mark.parametrize("module", PLUGIN_MODULES)
def test_a_plugin_imports_what_plugins_may(module: str) -> None:
    others = {
        f"line {line}: {other}"
        for other, line in imports(PLUGIN_MODULES[module], MODULES)
        if other not in ("merbench", INSPECTION) and room(other) not in FOR_PLUGINS
    }
    assert not others, f"{module} imports {'; '.join(sorted(others))}"


@pytest.mark.parametrize("modules", [MODULES, PLUGIN_MODULES], ids=["framework", "plugins"])
def test_no_circles(modules: dict[str, Path]) -> None:
    arrows = {
        module: {other for other, _ in imports(path, modules) if other != module}
        for module, path in modules.items()
    }
    # A package's own file gathers what its modules offer; it is no step of a circle by itself.
    packages = {module for module, path in modules.items() if path.name == "__init__.py"}
    done: set[str] = set()

    def walk(module: str, way: tuple[str, ...]) -> None:
        assert module not in way, f"a circle: {' -> '.join((*way[way.index(module) :], module))}"
        if module in done:
            return
        for other in sorted(arrows[module] - packages):
            walk(other, (*way, module))
        done.add(module)

    for module in modules:
        walk(module, ())


def own_test_file(path: Path, folder: Path, tests: Path) -> Path:
    """The test file of a module: in the same place and with its name, without its underscore."""
    return tests / path.relative_to(folder).with_name(f"test_{path.stem.removeprefix('_')}.py")


def without_a_test_file(folder: Path, tests: Path) -> set[str]:
    """Return the modules of a folder that have no test file.

    A module whose name starts with an underscore may be tested with a module beside it that
    imports it, and for which it was written.
    """
    found = set()
    for path in sorted(folder.rglob("*.py")):
        if path.name == "__init__.py" or own_test_file(path, folder, tests).is_file():
            continue
        module = ".".join((folder.name, *path.relative_to(folder).with_suffix("").parts))
        tested = (
            other.read_text(encoding="utf-8")
            for other in path.parent.glob("*.py")
            if path.name.startswith("_") and own_test_file(other, folder, tests).is_file()
        )
        if not any(module in text for text in tested):
            found.add(module)
    return found


def test_every_module_has_a_test_file() -> None:
    found = without_a_test_file(SOURCE / "merbench", TESTS)
    found |= without_a_test_file(PLUGINS / "merbench_plugins", TESTS / "merbench_plugins")
    missing = sorted(found - NO_TEST_NEEDED.keys())
    assert not missing, f"write a test file, in the same place, for {', '.join(missing)}"


OF_SEVERAL = {
    "register": "every module of commands adds its own to the program by it",
    "write": "audio.write stands beside audio.read; pages.site.write is what docs/reports.md shows",
}
"""Names that stand in several modules of the framework, and why."""

OF_SEVERAL_PLUGINS = {
    # The hooks, which plugins implement.
    "merbench_augmentations", "merbench_datasets", "merbench_features", "merbench_models",
    "merbench_separators",
    # A component and the network within it, and steps that several plugins have of their own: a
    # changed name changes the source hash of a plugin, and so makes all that it computed anew.
    "Batches", "Model", "Musicnn", "OpenL3", "Recipe", "SampleCnn", "ShortChunkCnn", "Table",
    "count_parameters", "load", "load_network", "log_mel", "loss", "open_network", "read",
    "render", "shown", "si_sdr", "text_of", "train", "validate", "variables",
}  # fmt: skip
"""Names of plugins' modules that stand elsewhere too. A new one gets a name of its own."""


def public_names(modules: Mapping[str, Path]) -> dict[str, set[str]]:
    """Return the public functions and classes of modules: by name, the modules that define them."""
    found: dict[str, set[str]] = {}
    for module, path in modules.items():
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name[0] != "_":
                found.setdefault(node.name, set()).add(module)
    return found


def test_one_name_is_one_thing() -> None:
    ours, plugins = public_names(MODULES), public_names(PLUGIN_MODULES)
    twice = {name: sorted(where) for name, where in ours.items() if len(where) > 1}
    assert twice.keys() <= OF_SEVERAL.keys(), twice
    everywhere = {name: where | ours.get(name, set()) for name, where in plugins.items()}
    twice = {name: sorted(where) for name, where in everywhere.items() if len(where) > 1}
    assert twice.keys() <= OF_SEVERAL_PLUGINS, twice
    assert OF_SEVERAL.keys() <= ours.keys(), "leave out names that are gone"
    assert twice.keys() == OF_SEVERAL_PLUGINS, "leave out names that stand alone by now"


def test_the_framework_names_no_plugin_package() -> None:
    for module, path in MODULES.items():
        assert "merbench_plugins" not in path.read_text(encoding="utf-8"), module


COMPUTING = ("merbench.evaluation.", "scipy.", "sklearn.", "statistics.")
STATISTICS = {
    "average", "corrcoef", "cov", "histogram", "mean", "median", "nanmean", "nanmedian",
    "percentile", "quantile", "std", "var",
}  # fmt: skip


@pytest.mark.parametrize("module", [name for name in MODULES if room(name) == "pages"])
def test_pages_only_draw(module: str) -> None:
    """What a page shows is derived in `leaderboard`, where it can be verified and tested."""
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            assert not f"{name}.".startswith(COMPUTING), name
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            # An excerpt's channels are averaged to be heard: no statistic.
            banned = {*STATISTICS} - ({"mean"} if module.endswith(".excerpts") else set())
            assert node.func.attr not in banned, f"line {node.lineno}: {node.func.attr}"
