"""Where plugins can be had, and what they say of themselves."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from merbench import Model
from merbench.plugins import provenance as module
from merbench.plugins.provenance import about, address, provenance


@pytest.fixture(autouse=True)
def forget():
    anew()
    yield
    anew()


def anew() -> None:
    """Forget what is known of modules and checkouts."""
    module._of_module.cache_clear()
    module._checkout.cache_clear()
    module._remote.cache_clear()


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://github.com/a/b.git", "https://github.com/a/b"),
        ("https://me:secret@github.com/a/b", "https://github.com/a/b"),
        ("git@github.com:a/b.git", "https://github.com/a/b"),
        ("ssh://git@gitlab.com/a/b.git", "https://gitlab.com/a/b"),
        ("/home/me/b", ""),
        ("file:///home/me/b", ""),
        ("https://buildserver/b", ""),
        ("javascript:alert(1)//x.y", ""),
        ("", ""),
    ],
)
def test_an_address_shows_no_password_and_no_machine(url: str, shown: str):
    assert address(url) == shown


def plugin_class(file: Path, name: str) -> type[Model]:
    made = ModuleType(name)
    made.__file__ = str(file)
    sys.modules[name] = made
    return type("Own", (Model,), {"__module__": name, "name": "own", "__doc__": "Own."})


def git(folder: Path, *arguments: str) -> str:
    named = ("-c", "user.name=x", "-c", "user.email=x@example.org")
    done = subprocess.run(
        ["git", "-C", str(folder), *named, *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_a_plugin_file_in_a_checkout_has_its_commit(tmp_path: Path):
    file = tmp_path / "own.py"
    file.write_text("# a plugin\n")
    cls = plugin_class(file, "own_plugin_in_a_checkout")
    try:
        assert provenance(cls) == module.Provenance()
        git(tmp_path, "init", "-q")
        git(tmp_path, "add", "own.py")
        git(tmp_path, "commit", "-qm", "first")
        git(tmp_path, "remote", "add", "origin", "git@github.com:someone/plugins.git")
        anew()
        found = provenance(cls)
        assert found.commit == git(tmp_path, "rev-parse", "HEAD")
        assert found.repository == "https://github.com/someone/plugins"
        assert not found.changed
        file.write_text("# edited\n")
        anew()
        assert provenance(cls).changed
    finally:
        del sys.modules[cls.__module__]


def test_one_file_of_a_folder_may_be_kept_and_another_not(tmp_path: Path):
    for name in ("kept", "other"):
        (tmp_path / f"{name}.py").write_text("# a plugin\n")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "kept.py")
    try:
        kept, other = (plugin_class(tmp_path / f"{n}.py", f"own_{n}") for n in ("kept", "other"))
        assert provenance(kept) == module.Provenance(), "nothing is committed yet"
        git(tmp_path, "commit", "-qm", "first")
        anew()
        assert provenance(kept).commit
        assert provenance(kept).changed, "a file beside it is new"
        assert provenance(other) == module.Provenance()
    finally:
        for name in ("own_kept", "own_other"):
            del sys.modules[name]


def test_what_git_ignores_is_not_kept_by_it(tmp_path: Path):
    folder = tmp_path / "own plugins"
    folder.mkdir()
    for name in ("kept.py", "kept.p", "ignored/other.py"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("# a plugin\n")
    (tmp_path / ".gitignore").write_text("kept.p\nignored/\n")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".gitignore", "own plugins/kept.py")
    git(tmp_path, "commit", "-qm", "first")
    kept, other = folder / "kept.py", folder / "ignored" / "other.py"
    classes = [plugin_class(file, f"own_{file.stem}") for file in (kept, other)]
    try:
        found = [provenance(cls) for cls in classes]
    finally:
        for cls in classes:
            del sys.modules[cls.__module__]
    assert found[0].commit
    assert not found[0].changed
    assert found[1] == module.Provenance()


class Installed:
    """A distribution as importlib.metadata gives it."""

    version = "1.2"

    def __init__(self, **texts: str) -> None:
        from email.message import Message

        self.metadata = Message()
        self.metadata["Name"] = "their-plugins"
        self.metadata["Project-URL"] = "Documentation, https://docs.example.org"
        self.metadata["Project-URL"] = "Source Code, https://git.example.org/their/plugins.git"
        self.texts = texts

    def read_text(self, name: str) -> str | None:
        return self.texts.get(name)


def test_an_installed_plugin_has_its_distribution_and_commit(monkeypatch, tmp_path: Path):
    direct = '{"url": "https://git.example.org/x", "vcs_info": {"vcs": "git", "commit_id": "abc"}}'
    installed = Installed(**{"direct_url.json": direct})
    known = {"their_plugins_here": installed}
    monkeypatch.setattr(module, "_distributions", lambda: known)
    cls = plugin_class(tmp_path / "x.py", "their_plugins_here")
    assert provenance(cls) == module.Provenance(
        "their-plugins", "1.2", "https://git.example.org/their/plugins", "abc"
    )
    del sys.modules[cls.__module__]


def test_the_plugins_that_come_with_merbench_are_those_of_its_distribution():
    from merbench.plugins import discovery

    ridge = discovery.load_plugins([]).get("model", "ridge").cls
    assert provenance(ridge).distribution == "merbench"
    assert about(ridge)[0]


def test_a_docstring_is_kept_without_its_sections():
    class Documented(Model):
        """What it is.

        A paragraph (Someone 2020).

        Parameters
        ----------
        x
            Something.
        """

        name = "documented"

    assert about(Documented) == ("What it is.", "A paragraph (Someone 2020).")

    class Bare(Model):
        name = "bare"

    assert about(Bare) == ("", "")
