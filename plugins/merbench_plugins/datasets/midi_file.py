"""Reading standard MIDI files: what sounds, and when.

An event's time is what the file says, in whole ticks and microseconds, however long a rest is.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from merbench import AudioError

__all__ = ["BEND", "CONTROL", "NOTE_OFF", "NOTE_ON", "PROGRAM", "Event", "read"]

NOTE_OFF, NOTE_ON, CONTROL, PROGRAM, BEND = 0x80, 0x90, 0xB0, 0xC0, 0xE0
_POLY_PRESSURE, _PRESSURE = 0xA0, 0xD0
_META, _SYSEX, _ESCAPE, _TEMPO, _END_OF_TRACK = 0xFF, 0xF0, 0xF7, 0x51, 0x2F
_DEFAULT_TEMPO = 500_000
"""Microseconds a quarter note until a file says otherwise."""
_INDEPENDENT = 2
"""The format of files whose tracks are pieces of their own."""


class Event(NamedTuple):
    """What a channel is told."""

    seconds: float
    kind: int
    """`NOTE_OFF`, `NOTE_ON` (of velocity 0: off), `CONTROL`, `PROGRAM` or `BEND`."""
    channel: int
    first: int
    """Key, controller, program, or the lower seven bits of a bend."""
    second: int
    """Velocity, value, 0, or the upper seven bits."""


class _Message(NamedTuple):
    tick: int
    status: int
    """A channel's message, or `_META` for a tempo."""
    first: int
    """Its first byte, or the tempo."""
    second: int


@dataclass(frozen=True)
class _Clock:
    """Ticks in time: so many a quarter note, or a fixed number a second."""

    per_quarter: int = 0
    per_second: float = 0.0

    def seconds(self, tempo_ticks: int, tick: int) -> float:
        """Return the time of a tick; `tempo_ticks` sums ticks times microseconds a quarter."""
        if self.per_quarter:
            return tempo_ticks / (1_000_000 * self.per_quarter)
        return tick / self.per_second


def read(path: Path) -> list[Event]:
    """Read the events of a standard MIDI file, in the order of their time.

    Events of one time come in the order of the tracks.

    Raises
    ------
    AudioError
        The file is missing, no MIDI, cut short, or says nothing of its time.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise AudioError(f"{path} cannot be opened ({error.strerror}); restore the file") from error
    if data[:4] != b"MThd" or len(data) < 14:
        raise AudioError(f"{path} is no MIDI file; replace it")
    kind, _, division = struct.unpack(">3H", data[8:14])
    clock = _clock(division, path)
    tracks = _tracks(data, path)
    if kind == _INDEPENDENT and len(tracks) > 1:
        raise AudioError(
            f"{path} holds {len(tracks)} independent pieces (format 2); save each as a file"
        )
    try:
        messages = [message for track in tracks for message in _messages(track)]
    except (IndexError, ValueError) as error:
        reason = str(error) if isinstance(error, ValueError) else "a track ends within an event"
        raise AudioError(f"{path} cannot be read as MIDI ({reason}); replace it") from error
    messages.sort(key=itemgetter(0))
    return list(_timed(messages, clock))


def _clock(division: int, path: Path) -> _Clock:
    """Read the unit of time in a file's header."""
    if division & 0x8000:  # frames a second, negative, and ticks a frame
        frames, ticks = 256 - (division >> 8), division & 0xFF
        rate = {24: 24.0, 25: 25.0, 29: 30_000 / 1_001, 30: 30.0}.get(frames, 0.0)
        clock = _Clock(per_second=rate * ticks)
    else:
        clock = _Clock(per_quarter=division)
    if not clock.per_quarter and not clock.per_second:
        raise AudioError(
            f"{path}: its header gives no unit of time (division {division:#06x}), so nothing "
            "tells when a note sounds; replace it"
        )
    return clock


def _tracks(data: bytes, path: Path) -> list[bytes]:
    """Return the tracks that the header promises, without what else stands between them."""
    promised = int.from_bytes(data[10:12], "big")
    position = 8 + int.from_bytes(data[4:8], "big")
    tracks: list[bytes] = []
    while position + 8 <= len(data) and len(tracks) < promised:
        name, length = data[position : position + 4], data[position + 4 : position + 8]
        end = position + 8 + int.from_bytes(length, "big")
        if name == b"MTrk":
            tracks.append(data[position + 8 : end])
        position = end
    if len(tracks) < promised or position > len(data):
        raise AudioError(
            f"{path} is cut short: its header promises {promised} tracks and {len(tracks)} are "
            f"there, to byte {position} of {len(data)}; replace it"
        )
    return tracks


def _messages(track: bytes) -> Iterator[_Message]:
    """Yield a track's channel messages and tempos; `IndexError` where it ends within one."""
    position, tick, running = 0, 0, 0
    while position < len(track):
        delta, position = _number(track, position)
        tick += delta
        # A channel's status need not be repeated, and goes on after what is no channel's, too:
        # the standard would have it end there, and many writers do not.
        status = track[position] if track[position] & 0x80 else running
        position += track[position] >> 7
        if status in (_META, _SYSEX, _ESCAPE):
            meta = track[position] if status == _META else 0
            length, position = _number(track, position + (status == _META))
            body, position = track[position : position + length], position + length
            if position > len(track):
                raise IndexError
            if meta == _TEMPO:
                tempo = int.from_bytes(body, "big")
                if length != 3 or not tempo:
                    raise ValueError("a tempo is no number of microseconds")
                yield _Message(tick, _META, tempo, 0)
            if meta == _END_OF_TRACK:
                return
            continue
        if not status or status > _SYSEX:
            raise ValueError("there are data that belong to no event")
        running, kind = status, status & 0xF0
        first, second = track[position], 0
        position += 1
        if kind not in (PROGRAM, _PRESSURE):
            second = track[position]
            position += 1
        if (first | second) & 0x80:
            raise ValueError("an event's data are above 127")
        if kind not in (_PRESSURE, _POLY_PRESSURE):
            yield _Message(tick, status, first, second)


def _number(track: bytes, position: int) -> tuple[int, int]:
    """Read a number of seven bits a byte, and return it and where it ends."""
    value = 0
    for _ in range(4):
        byte = track[position]
        position += 1
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            return value, position
    raise ValueError("a number is longer than four bytes")


def _timed(messages: list[_Message], clock: _Clock) -> Iterator[Event]:
    """Put channel messages in time. Sums are whole numbers, so that nothing is rounded twice."""
    tempo, tempo_ticks, before = _DEFAULT_TEMPO, 0, 0
    for tick, status, first, second in messages:
        tempo_ticks += (tick - before) * tempo
        before = tick
        if status == _META:
            tempo = first
        else:
            seconds = clock.seconds(tempo_ticks, tick)
            yield Event(seconds, status & 0xF0, status & 0x0F, first, second)
