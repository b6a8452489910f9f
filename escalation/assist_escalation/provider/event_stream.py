"""Splits the bytes of a stream into events or lines of JSON, within limits that no real answer reaches.

This module knows bytes and lines. It does not know what an event means or where the bytes come from, and
trusts neither: whatever arrives, it holds at most one event and a little more.
"""

import re

from assist_escalation.provider.failures import Fault

# One token on a line takes 200 to 400 bytes at the large providers; hidden reasoning may add more.
BYTES_PER_TOKEN = 1024
SLACK_BYTES = 1 << 20
# Servers that do not really stream send the whole answer in one line: 131,072 tokens are about half this.
LINE_BYTES = 1 << 20
# Bytes of an answer that is no event stream: enough to read an error object.
FOREIGN_BYTES = 1 << 16

_LINE_END = re.compile(rb"\r\n|\n|\r")


class EventStreamParser:
    """Turns the lines of one stream into events.

    `done`: the provider ended the stream as its protocol says, and nothing after that is read. `foreign`
    holds bytes that are no event, until the first event.
    """

    def __init__(self, max_output: int) -> None:
        self.done = False
        self.received = 0
        self.foreign = bytearray()
        self._most = SLACK_BYTES + max_output * BYTES_PER_TOKEN
        self._line = bytearray()
        self._data: list[str] = []
        self._data_size = 0
        self._skip_newline = False
        self._began = False

    def feed(self, chunk: bytes) -> list[str]:
        """The data of the events that these bytes complete. Raises `Fault` if a limit is exceeded."""
        self.received += len(chunk)
        if self.received > self._most:
            raise Fault("too-large", f"the answer is longer than {self._most} bytes")
        events: list[str] = []
        if self._skip_newline and chunk:
            chunk = chunk.removeprefix(b"\n")  # the second half of a line end
            self._skip_newline = False
        head, *rest = _LINE_END.split(chunk)
        self._extend(head)
        for piece in rest:
            self._end_line(events)
            if self.done:
                return events
            self._extend(piece)
        self._skip_newline = self._skip_newline or chunk.endswith(b"\r")
        return events

    def finish(self) -> list[str]:
        """The data of a last event without an empty line after it, which many servers leave out."""
        events: list[str] = []
        if not self.done:
            self._end_line(events)
            self._end_event(events)
        return events

    def _extend(self, piece: bytes) -> None:
        self._line += piece
        if len(self._line) > LINE_BYTES:
            raise Fault("too-large", f"the answer has a line longer than {LINE_BYTES} bytes")

    def _end_line(self, events: list[str]) -> None:
        raw = bytes(self._line)
        self._line.clear()
        line = _utf8(raw)
        if not line:
            self._end_event(events)
            return
        name, _, value = line.removeprefix("\ufeff").partition(":")
        if name == "data":
            self._began = True
            self.foreign.clear()
            self._data.append(value.removeprefix(" "))
            self._data_size += len(raw)
            if self._data_size > LINE_BYTES:
                raise Fault("too-large", f"the answer has an event longer than {LINE_BYTES} bytes")
        elif name not in ("", "event", "id", "retry") and not self._began:
            self.foreign += raw + b"\n"
            if len(self.foreign) > FOREIGN_BYTES:
                raise Fault("bad-reply", "the answer is no stream of events")

    def _end_event(self, events: list[str]) -> None:
        if not self._data:
            return
        data = "\n".join(self._data)
        self._data.clear()
        self._data_size = 0
        if data.strip() == "[DONE]":
            self.done = True
        else:
            events.append(data)


class JsonLinesParser:
    """Turns a stream of JSON documents, one on each line, into their texts. It never knows the end itself."""

    done = False
    foreign = b""

    def __init__(self, max_output: int) -> None:
        self._most = SLACK_BYTES + max_output * BYTES_PER_TOKEN
        self._received = 0
        self._line = bytearray()

    def feed(self, chunk: bytes) -> list[str]:
        """The lines that these bytes complete. Raises `Fault` if a limit is exceeded."""
        self._received += len(chunk)
        if self._received > self._most:
            raise Fault("too-large", f"the answer is longer than {self._most} bytes")
        *lines, rest = (bytes(self._line) + chunk).split(b"\n")
        self._line = bytearray(rest)
        return [_utf8(line) for line in lines if line.strip()]

    def finish(self) -> list[str]:
        """A last line without an end."""
        return [_utf8(bytes(self._line))] if self._line.strip() else []


def _utf8(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Fault("bad-reply", "the answer is not UTF-8") from None
