"""An answer of the dialect of messages on its way to the tool, and what it counts.

Its blocks are numbered. A line about what was kept here becomes a block of its own before them.
"""

import json
from typing import Any

from assist_escalation.egress.exchange import ReadAnswer
from assist_escalation.prompts import Usage
from assist_escalation.provider.chat_completion import clean_name, read_event, reported_usage
from assist_escalation.provider.failures import Fault
from assist_gateway.dialects.answers import (
    ReaderContext,
    StreamedCall,
    StreamedText,
    canonical,
    number_of,
    objects,
    tool_name,
)
from assist_gateway.dialects.bodies import body_table, thought

_TABLE = body_table("messages")
_PIECES = ("text", "partial_json", "thinking")


class MessagesAnswer:
    """Reads one answer. `sent` are the bytes of the request."""

    def __init__(self, context: ReaderContext, sent: int) -> None:
        self._context = context
        self._sent = sent
        self._shift = 0
        self._open: dict[int, StreamedText | StreamedCall] = {}
        self._begun = 0
        self._thoughts: dict[int, dict[str, Any]] = {}
        self._wrote: list[str] = []
        self._model = ""
        self._finish = ""
        self._usage: dict[str, Any] = {}

    def event(self, data: str) -> list[str]:
        """The events that the tool gets for one of the provider's, or for the end. Raises `Fault`."""
        if not data:
            return []
        event = read_event(data)
        match event.get("type"):
            case "error":
                raise Fault("server", "it reported an error in the middle of the answer")
            case "message_start":
                return self._start(event, data)
            case "content_block_start":
                self._begin_block(event)
            case "content_block_delta":
                self._delta(event)
            case "content_block_stop":
                return [*self._end_block(number_of(event)), self._event_text(event)]
            case "message_delta":
                self._end(event)
                return [data]
            case _:
                return [data]
        return [self._event_text(event)]

    def whole(self, answer: dict[str, Any]) -> dict[str, Any]:
        """An answer that is not streamed, as the tool gets it."""
        if "content" not in answer:  # a count of tokens
            self._finish = "counted"
            return answer
        self._model = clean_name(answer.get("model"))
        self._note_usage(answer.get("usage"))
        self._finish = clean_name(answer.get("stop_reason")).lower() or "unknown"
        blocks = objects(answer, "content")
        for block in blocks:
            self._whole_block(block)
        if self._context.notice:
            self._context.memory.remember(self._context.notice, "")
            answer["content"] = [{"type": "text", "text": self._context.notice}, *blocks]
        return answer

    def read(self) -> ReadAnswer:
        """What the answer counts."""
        wrote = "".join(self._wrote)
        if self._finish == "counted":
            return ReadAnswer("", "counted", "", Usage())
        return ReadAnswer(wrote, self._finish, self._model, self._counts(wrote))

    def _counts(self, wrote: str) -> Usage | None:
        said = self._usage
        if not said:
            return None
        written = said.get("cache_creation_input_tokens") or 0
        read = said.get("cache_read_input_tokens") or 0
        fresh = said.get("input_tokens") or 0
        whole = all(isinstance(count, int) for count in (written, read, fresh))
        return reported_usage(
            {
                "prompt_tokens": fresh + read + written if whole else None,
                "completion_tokens": said.get("output_tokens"),
                "prompt_tokens_details": {"cached_tokens": read, "cache_write_tokens": written},
            },
            size=self._sent,
            wrote=len(wrote.encode("utf-8", "replace")),
            most=self._context.most,
        )

    def _note_usage(self, usage: Any) -> None:
        if isinstance(usage, dict):
            self._usage |= {name: count for name, count in usage.items() if count is not None}

    def _start(self, event: dict[str, Any], data: str) -> list[str]:
        message = event.get("message")
        if isinstance(message, dict):
            self._model = clean_name(message.get("model"))
            self._note_usage(message.get("usage"))
        if not self._context.notice:
            return [data]
        self._shift = 1
        self._context.memory.remember(self._context.notice, "")
        delta = {"type": "text_delta", "text": self._context.notice}
        said: list[dict[str, Any]] = [
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
            {"type": "content_block_delta", "index": 0, "delta": delta},
            {"type": "content_block_stop", "index": 0},
        ]
        return [data, *(json.dumps(part, ensure_ascii=False) for part in said)]

    def _end(self, event: dict[str, Any]) -> None:
        self._note_usage(event.get("usage"))
        delta = event.get("delta")
        reason = delta.get("stop_reason") if isinstance(delta, dict) else None
        self._finish = clean_name(reason).lower() or self._finish

    def _begin_block(self, event: dict[str, Any]) -> None:
        self._begun += 1
        block = event.get("content_block")
        if not isinstance(block, dict):
            return
        form = block.get("type")
        if form == "tool_use":
            call = StreamedCall(self._context, tool_name(block))
            if number_of(event) != self._begun - 1:  # readers may count the blocks themselves
                call.note_other()
            self._open[number_of(event)] = call
            self._wrote.append(call.name)
        elif form == "text":
            self._open[number_of(event)] = StreamedText(self._context)
            block["text"] = self._take(number_of(event), str(block.get("text") or ""))
        elif form in ("thinking", "redacted_thinking"):
            self._thoughts[number_of(event)] = dict(block)

    def _take(self, index: int, piece: str) -> str:
        self._wrote.append(piece)
        opened = self._open.get(index)
        return opened.take(piece) if opened else piece

    def _delta(self, event: dict[str, Any]) -> None:
        delta = event.get("delta")
        if not isinstance(delta, dict):
            return
        index = number_of(event)
        for name in _PIECES:
            if isinstance(delta.get(name), str):
                delta[name] = self._take(index, delta[name])
        if index in self._thoughts:
            for name in ("thinking", "signature"):
                if isinstance(delta.get(name), str):
                    self._thoughts[index][name] = str(self._thoughts[index].get(name, "")) + delta[name]

    def _end_block(self, index: int) -> list[str]:
        """The events with what waits of a block."""
        if index in self._thoughts:
            self._context.memory.remember_opaque(thought(_TABLE, self._thoughts.pop(index)))
        opened = self._open.pop(index, None)
        rest = opened.end() if opened else ""
        if isinstance(opened, StreamedCall):
            self._remember_call(rest, opened.raw)
        if not rest:
            return []
        is_text = isinstance(opened, StreamedText)
        delta = (
            {"type": "text_delta", "text": rest}
            if is_text
            else {"type": "input_json_delta", "partial_json": rest}
        )
        return [self._event_text({"type": "content_block_delta", "index": index, "delta": delta})]

    def _remember_call(self, given: str, raw: str) -> None:
        """Arguments come back as an object, however they were written."""
        try:
            self._context.memory.remember(canonical(json.loads(given)), canonical(json.loads(raw)))
        except (ValueError, RecursionError):
            return

    def _event_text(self, event: dict[str, Any]) -> str:
        if isinstance(event.get("index"), int):
            event["index"] += self._shift
        return json.dumps(event, ensure_ascii=False)

    def _whole_block(self, block: dict[str, Any]) -> None:
        form = block.get("type")
        if form == "text" and isinstance(block.get("text"), str):
            self._wrote.append(block["text"])
            block["text"] = self._context.restore(block["text"])
        elif form == "tool_use":
            self._wrote.append(json.dumps(block.get("input")))
            block["input"] = self._context.input(tool_name(block), block.get("input"))
        elif form in ("thinking", "redacted_thinking"):
            self._wrote.append(str(block.get("thinking") or ""))
            self._context.memory.remember_opaque(thought(_TABLE, block))
