"""The command line: one module a group of commands; heavy imports happen inside them."""

from __future__ import annotations

import contextlib
import io
import sys

import typer

from merbench.cli import (
    cache,
    compare,
    data,
    display,
    doctor,
    init,
    kept,
    leaderboard,
    output,
    plugins,
    report,
    reproduce,
    run,
    schema,
    score,
    separators,
    verify,
    weights,
)
from merbench.cli import separation as separation  # adds its commands to those of separators
from merbench.downloads import forbidden
from merbench.errors import MerbenchError, reason, text_of

_OBJECTS = 500_000
"""So many new objects, some 50 MB of them, may be there before garbage is looked for."""
STATUSES = (
    "Exit status: 0, all is done and well; 1, it is done, and something in it failed or is wrong; "
    "2, it could not be done, and one sentence says why; 130, Ctrl-C stopped it."
)

app = typer.Typer(
    name="merbench",
    cls=output.Program,
    help=(
        "Compare systems for music emotion recognition: separators, features and models, scored "
        "by one evaluator.\n\nStart with: merbench run demo"
    ),
    no_args_is_help=True,
    epilog=STATUSES,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(shown: bool) -> None:
    if shown:
        from merbench import __version__

        display.say(f"merbench {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    debug: bool = typer.Option(
        False, "--debug", help="Show tracebacks; may stand anywhere in the command."
    ),
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Show the version and leave."
    ),
) -> None:
    pass


init.register(app)
run.register(app)
reproduce.register(app)
compare.register(app)
score.register(app)
verify.register(app)
report.register(app)
kept.register(app)
schema.register(app)
doctor.register(app)
app.add_typer(plugins.app)
app.add_typer(data.app)
app.add_typer(weights.app)
app.add_typer(separators.app)
app.add_typer(leaderboard.app)
app.add_typer(cache.app)


def program() -> None:
    """Be the installed command: `main` in a process that ends with it.

    Python would spend a tenth of a command's time on looking for garbage among the modules that
    are being loaded, and another on taking them down one by one when all is done; and pydantic
    would look through all that is installed for somebody who wants to watch it.
    """
    import atexit
    import gc
    import os

    gc.set_threshold(_OBJECTS)
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    status: object = 0

    def leave() -> None:
        with contextlib.suppress(OSError, ValueError):  # nobody reads on: Python says so its way
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status if isinstance(status, int) else 1)

    # The first to be registered is the last to be called: others' are done when Python is left.
    atexit.register(leave)
    try:
        main()
    except SystemExit as left:
        status = left.code or 0
        raise
    except BaseException:
        status = 1
        raise


def main() -> None:
    """Run the command line; an error is one line and exit status 2, a traceback with --debug."""
    if forbidden():
        from merbench.network import refuse_connections

        refuse_connections()
    for stream in (sys.stdout, sys.stderr):
        # A file's name may hold what no encoding has: it is spelt out, and nothing stops for it.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        app([argument for argument in sys.argv[1:] if argument != "--debug"])
    except Exception as error:
        if display.debugging():
            raise
        if _was_interrupted(error):
            display.say(display.STOPPED, err=True)
            raise SystemExit(130) from None
        display.say(f"error: {_sentence(error)}", err=True)
        raise SystemExit(2) from None


def _was_interrupted(error: BaseException) -> bool:
    """Tell whether Ctrl-C is behind an error: libraries turn it into their own while they load."""
    cause = error.__cause__ or error.__context__
    return isinstance(error, KeyboardInterrupt) or (cause is not None and _was_interrupted(cause))


def _sentence(error: Exception) -> str:
    text = text_of(error)
    if isinstance(error, MerbenchError):
        return text
    if isinstance(error, OSError) and error.strerror:
        where = f" ({error.filename})" if error.filename else ""
        return f"{error.strerror[0].lower()}{error.strerror[1:]}{where}"
    from merbench.plugins import whereabouts

    where = whereabouts.place(error)
    if where:
        return f"a plugin failed{where} ({reason(error)}); correct it, or take it out"
    return f"unexpected {type(error).__name__}: {text}; see where with --debug, and report it"


__all__ = ["app", "main", "program"]
