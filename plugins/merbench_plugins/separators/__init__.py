"""First-party separators, on the same hook as anyone's."""

from collections.abc import Iterator

from merbench import hookimpl
