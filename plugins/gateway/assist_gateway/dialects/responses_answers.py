"""An answer of the dialect of responses on its way to the tool, and what it counts.

Its items are numbered, and each text comes again as a whole at its end, as does all of the answer. A line
about what was kept here becomes an item of its own before them.
"""

import json
from typing import Any

from assist_escalation.egress.exchange import ReadAnswer
from assist_escalation.provider.chat_completion import clean_name, read_event, reported_usage
from assist_escalation.provider.failures import Fault
from assist_gateway.dialects.answers import (
    ReaderContext,
    StreamedCall,
    StreamedText,
    number_of,
    objects,
    tool_name,
)

_ARGUMENTS = ("response.function_call_arguments", "response.custom_tool_call_input")
_ENDS = ("response.completed", "response.incomplete", "response.failed")
_ID = "msg_assist"  # of our own item


class ResponsesAnswer:
    """Reads one answer. `sent` are the bytes of the request."""

    def __init__(self, context: ReaderContext, sent: int) -> None:
        self._context = context
        self._sent = sent
        self._notice = context.notice
        self._shift = 0
        self._number = 0
        self._texts: dict[tuple[int, int], StreamedText] = {}
        self._calls: dict[int, StreamedCall] = {}
        self._numbers: dict[str, int] = {}  # of the calls, by their ids
        self._wrote: list[str] = []
        self._model = ""
        self._finish = ""
        self._usage: dict[str, Any] | None = None

    def event(self, data: str) -> list[str]:
        """The events that the tool gets for one of the provider's, or for the end. Raises `Fault`."""
        if not data:
            return []
        event = read_event(data)
        kind = str(event.get("type"))
        if kind == "error":
            raise Fault("server", "it reported an error in the middle of the answer")
        before = self._change(event, kind)
        return [*(self._event_text(part) for part in before), self._event_text(event)]

    def _change(self, event: dict[str, Any], kind: str) -> list[dict[str, Any]]:
        """Change an event, and give the events that come before it."""
        before: list[dict[str, Any]] = []
        if kind == "response.output_item.added":
            before = self._said_first()
            self._begin_item(event)
        elif kind == "response.output_text.delta":
            event["delta"] = self._text(event).take(self._note(event.get("delta")))
        elif kind == "response.output_text.done":
            before = self._rest(event, self._text(event).end(), "response.output_text.delta")
            event["text"] = self._context.restore(str(event.get("text") or ""))
        elif kind.removesuffix(".delta") in _ARGUMENTS:
            event["delta"] = self._argument(event, self._note(event.get("delta")))
        elif kind.removesuffix(".done") in _ARGUMENTS:
            before = self._end_call(event, kind)
        else:
            self._change_whole(event, kind)
        return before

    def _change_whole(self, event: dict[str, Any], kind: str) -> None:
        """Change an event that holds a part, an item or the answer as a whole."""
        if kind == "response.content_part.done":
            self._part(event.get("part"))
        elif kind == "response.output_item.done":
            self._item(event.get("item"), self._calls.get(number_of(event, "output_index")))
        elif isinstance(event.get("response"), dict):
            self._response(event["response"], ended=kind in _ENDS)
        else:  # reasoning
            self._note(event.get("delta"))

    def whole(self, answer: dict[str, Any]) -> dict[str, Any]:
        """An answer that is not streamed, as the tool gets it."""
        for item in objects(answer, "output"):
            self._note(json.dumps(item))
        self._response(answer, ended=True)
        return answer

    def read(self) -> ReadAnswer:
        """What the answer counts."""
        wrote = "".join(self._wrote)
        said = self._usage
        details = said.get("input_tokens_details") if said else None
        counts = said and {
            "prompt_tokens": said.get("input_tokens"),
            "completion_tokens": said.get("output_tokens"),
            "prompt_tokens_details": details,
        }
        usage = reported_usage(counts, size=self._sent, wrote=0, most=self._context.most)
        return ReadAnswer(wrote, self._finish, self._model, usage)

    def _note(self, piece: Any) -> str:
        text = piece if isinstance(piece, str) else ""
        self._wrote.append(text)
        return text

    def _text(self, event: dict[str, Any]) -> StreamedText:
        key = (number_of(event, "output_index"), number_of(event, "content_index"))
        if key not in self._texts:
            self._texts[key] = StreamedText(self._context)
        return self._texts[key]

    def _rest(self, event: dict[str, Any], rest: str, kind: str) -> list[dict[str, Any]]:
        """An event with what waits of a text or of arguments."""
        kept = {key: value for key, value in event.items() if key not in ("text", "arguments", "input")}
        return [{**kept, "type": kind, "delta": rest}] if rest else []

    def _begin_item(self, event: dict[str, Any]) -> None:
        item = event.get("item")
        if isinstance(item, dict) and item.get("type") in ("function_call", "custom_tool_call"):
            call = StreamedCall(self._context, tool_name(item))
            number = number_of(event, "output_index")
            if number in self._calls:
                call.note_other()
            self._calls[number] = call
            self._numbers.setdefault(str(item.get("id")), number)

    def _argument(self, event: dict[str, Any], piece: str) -> str:
        call = self._calls.get(number_of(event, "output_index"))
        return call.take(piece) if call else piece

    def _end_call(self, event: dict[str, Any], kind: str) -> list[dict[str, Any]]:
        call = self._calls.get(number_of(event, "output_index"))
        name = "arguments" if "arguments" in event else "input"
        raw = str(event.get(name) or "")
        if call is None:
            return []
        call.note(str(event.get("name") or ""))
        number = number_of(event, "output_index")
        if self._numbers.get(str(event.get("item_id")), number) != number:  # readers may go by the id
            call.note_other()
        event[name] = call.restore(raw)
        return self._rest(event, call.end(), kind.removesuffix(".done") + ".delta")

    def _part(self, part: Any) -> None:
        if isinstance(part, dict) and part.get("type") == "output_text":
            part["text"] = self._context.restore(str(part.get("text") or ""))

    def _item(self, item: Any, streamed: StreamedCall | None = None) -> None:
        """Change a whole item, which may have been streamed as a call."""
        if not isinstance(item, dict):
            return
        form = item.get("type")
        if form == "message":
            for part in objects(item, "content"):
                self._part(part)
        elif form == "reasoning":
            self._context.memory.remember_opaque(str(item.get("encrypted_content") or ""))
        elif form in ("function_call", "custom_tool_call"):
            name = "arguments" if "arguments" in item else "input"
            if isinstance(item.get(name), str):
                call = streamed or StreamedCall(self._context, tool_name(item))
                call.note(tool_name(item))
                item[name] = call.restore(item[name])

    def _response(self, response: dict[str, Any], *, ended: bool) -> None:
        """Change the answer as a whole, and note what it counts."""
        self._model = clean_name(response.get("model")) or self._model
        items = objects(response, "output")
        for item in items:
            self._item(item)
        if ended:
            self._usage = response["usage"] if isinstance(response.get("usage"), dict) else None
            self._finish = clean_name(response.get("status")).lower() or "completed"
            if self._notice or self._shift:
                notice = self._notice or self._context.notice
                self._context.memory.remember(notice, "")
                response["output"] = [_own_item(notice), *items]

    def _said_first(self) -> list[dict[str, Any]]:
        """The events of an item of ours ahead of the first one."""
        if not self._notice:
            return []
        text = self._notice
        self._notice = ""
        self._context.memory.remember(text, "")
        place = {"item_id": _ID, "output_index": -1, "content_index": 0}
        part = {"type": "output_text", "text": "", "annotations": []}
        empty = {**_own_item(""), "content": [], "status": "in_progress"}
        self._shift = 1
        return [
            {"type": "response.output_item.added", "output_index": -1, "item": empty},
            {"type": "response.content_part.added", **place, "part": part},
            {"type": "response.output_text.delta", **place, "delta": text, "logprobs": []},
            {"type": "response.output_text.done", **place, "text": text, "logprobs": []},
            {"type": "response.content_part.done", **place, "part": {**part, "text": text}},
            {"type": "response.output_item.done", "output_index": -1, "item": _own_item(text)},
        ]

    def _event_text(self, part: dict[str, Any]) -> str:
        """An event with the number that it has for the tool."""
        if isinstance(part.get("output_index"), int):
            part = {**part, "output_index": part["output_index"] + self._shift}
        part = {**part, "sequence_number": self._number}
        self._number += 1
        return json.dumps(part, ensure_ascii=False)


def _own_item(text: str) -> dict[str, Any]:
    part = {"type": "output_text", "text": text, "annotations": []}
    return {"type": "message", "id": _ID, "role": "assistant", "status": "completed", "content": [part]}
