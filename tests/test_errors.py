"""Errors are text that any table, file or terminal takes, and cross process boundaries."""

from __future__ import annotations

import importlib
import inspect
import os
import pickle
import pkgutil
from collections.abc import Iterator

import pytest

import merbench
import merbench_plugins
from merbench import AudioError, Clip
from merbench.errors import MerbenchError, TableError, data_fault, printable


class AwkwardError(MerbenchError):
    """An error as a plugin may define it: two arguments, and a text that is neither."""

    def __init__(self, clip: str, *, seconds: float) -> None:
        super().__init__(f"clip {clip} lasts {seconds:g} s")
        self.clip = clip


class WordyError(MerbenchError):
    """An error that composes its text when it is asked."""

    def __init__(self, clip: str) -> None:
        super().__init__()
        self.clip = clip

    def __str__(self) -> str:
        return f"clip {self.clip} is no music"


def every_error() -> list[type[MerbenchError]]:
    for package in (merbench, merbench_plugins):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if "tensorflow" not in module.name:
                importlib.import_module(module.name)

    def below(cls: type[MerbenchError]) -> Iterator[type[MerbenchError]]:
        yield cls
        for sub in cls.__subclasses__():
            yield from below(sub)

    return list(dict.fromkeys(below(MerbenchError)))


def made(cls: type[MerbenchError]) -> MerbenchError:
    """One error of a class, whatever it is made from."""
    if cls.__init__ is Exception.__init__:
        return cls("it is wrong; correct it")
    required = [
        parameter
        for parameter in inspect.signature(cls).parameters.values()
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]
    given = {
        p.name: 1.5 if p.annotation in (float, "float") else f"some-{p.name}" for p in required
    }
    positional = [given[p.name] for p in required if p.kind is not p.KEYWORD_ONLY]
    named = {p.name: given[p.name] for p in required if p.kind is p.KEYWORD_ONLY}
    return cls(*(positional or ["it is wrong; correct it"]), **named)


def test_every_error_survives_a_process_boundary_and_takes_a_place_before_it() -> None:
    classes = every_error()
    assert {TableError, AwkwardError, WordyError} < set(classes)
    for cls in classes:
        error = made(cls)
        again = pickle.loads(pickle.dumps(error))
        assert type(again) is cls
        assert str(again) == str(error), cls
        assert vars(again) == vars(error), cls
        placed = error.within("my-songs")
        assert isinstance(placed, MerbenchError)
        assert str(placed) == f"my-songs: {error}", cls
        assert str(pickle.loads(pickle.dumps(placed))) == str(placed), cls


def test_a_place_keeps_the_class_where_it_can() -> None:
    assert type(TableError("a.csv:3", "wrong").within("x")) is TableError
    assert type(AwkwardError("7", seconds=2).within("x")) is AwkwardError
    assert type(WordyError("7").within("x")) is MerbenchError


def test_a_table_error_says_where_and_what() -> None:
    error = TableError("a.csv:3", "wrong")
    assert (str(error), error.where, error.message) == ("a.csv:3: wrong", "a.csv:3", "wrong")
    with pytest.raises(MerbenchError, match="wrong"):
        raise error


@pytest.mark.parametrize("text", ["plain", "Für Élise", "音楽", "🎵"])
def test_text_stays_as_it_is(text: str) -> None:
    assert printable(text) == text
    assert str(MerbenchError(text)) == text


def test_bytes_that_are_no_utf8_are_spelt_out() -> None:
    name = os.fsdecode(b"caf\xe9.wav")
    error = AudioError(f"{name} is empty")
    assert str(error) == "caf\\udce9.wav is empty"
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_clips_named_by_such_files_can_be_written(tmp_path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9.wav")
    clip = Clip(path.stem, path.stem, (), path)
    assert clip.id == clip.group == "caf\\udce9"
    assert clip.audio == path


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (KeyError("name"), "'name' is missing"),
        (IndexError("list index out of range"), "something in it is shorter than it should be"),
        (TypeError("unhashable"), "a value in it is of another kind than it should be"),
        (AttributeError("items"), "a value in it is of another kind than it should be"),
        (RecursionError(), "it is nested too deeply"),
        (MemoryError(), "it needs more memory than there is"),
        (OverflowError(), "a number in it is too large"),
        (ValueError("no\nJSON"), "no JSON"),
        (ValueError("x" * 1000), f"{'x' * 200}…"),
        (ValueError(), "nothing more is known"),
    ],
)
def test_what_data_bring_about_is_said_in_plain_words(error: Exception, says: str) -> None:
    assert data_fault(error) == says
