from __future__ import annotations

import pytest
from tensorflow_files import message as written_message
from tensorflow_files import number as written_number

from merbench_plugins.checkpoints.protocol_buffers import (
    MalformedError,
    fields,
    integer,
    message,
    varint,
)


def test_fields_are_read_in_order() -> None:
    content = written_number(1, 300) + written_message(2, b"abc") + b"\x1d\x01\x00\x00\x00"
    assert list(fields(content)) == [(1, 300), (2, b"abc"), (3, 1)]
    assert varint(content, 1) == (300, 3)


@pytest.mark.parametrize("content", [b"\x13", written_message(2, b"abc")[:-1]])
def test_what_is_no_message(content: bytes) -> None:
    with pytest.raises(MalformedError):
        list(fields(content))


def test_numbers_and_messages_are_not_confused() -> None:
    assert integer({1: 5}, 1) == 5
    assert integer({1: 5}, 2) == 0
    assert message(b"abc") == b"abc"
    with pytest.raises(MalformedError, match="field 1 of a message is no number"):
        integer({1: b"abc"}, 1)
    with pytest.raises(MalformedError, match="a number in place of a message"):
        message(5)
