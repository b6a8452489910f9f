"""What other tools sent, a line an event, for `assist gateway log`.

The names in an event come from files and providers, so they are made harmless here. No field is assumed.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from assist_escalation.audit.chain import DamagedError, LogEvent, unseal
from assist_escalation.audit.log import AuditError, failure
from assist_escalation.audit.reader import get_tool
from assist_escalation.policy.endpoints import usd
from assist_server.wording.sanitize import harmless_line

NAMED = 4  # files that are named; the rest are counted


def later_events(path: Path, start: int) -> tuple[list[LogEvent], int]:
    """The events from this byte of the log on, where a line begins, and the byte after the last of them.

    A line that is being written is left for later. Raises `AuditError`.
    """
    found = []
    try:
        with path.open("rb") as file:
            file.seek(start)
            for line in file:
                if not line.endswith(b"\n"):
                    break
                found.append(unseal(line).event)
                start += len(line)
    except FileNotFoundError:
        pass
    except DamagedError as error:
        raise AuditError(
            f"A line of {path} {error}. `assist audit verify` says what is still valid."
        ) from error
    except OSError as error:
        raise AuditError(failure(error, path)) from error
    return found, start


def tool_event_line(event: LogEvent, tools: Mapping[str, str]) -> str:
    """An event on one line; `tools` are the tools of requests by their ids, for events that name none."""
    tool = get_tool(event) or tools.get(str(event.get("request_id")), "?")
    words = "; ".join(word for word in _words(event) if word)
    return harmless_line(f"{str(event['time'])[11:19]}  {tool}  {words}")


def _words(event: LogEvent) -> Iterator[str]:
    match event["kind"]:
        case "intent":
            yield f"to {event.get('provider')} ({event.get('model')})"
            yield f"up to {_count(event.get('tokens'))} tokens and {_money(event.get('upper_micro'))}"
            yield _file_words("files", event.get("files"))
            yield _file_words("cut", event.get("kept"))
            yield _redaction_words(event.get("redactions"))
            yield _file_words("left out", event.get("left_out"))
        case "outcome":
            yield str(event.get("error") or event.get("finish") or "not finished")
            yield _money(event.get("cost_micro"))
            usage = event.get("usage")
            counts = usage if isinstance(usage, Mapping) else {}
            read = [counts.get(name) for name in ("input", "cache_read", "cache_write")]
            total = sum(count for count in read if isinstance(count, int))
            yield f"{total:,} + {_count(counts.get('output'))} tokens"
        case "refused":
            yield f"refused: {event.get('cause')}"
        case kind:
            yield str(kind)


def _file_words(what: str, value: Any) -> str:
    """Names of a list, each once: texts, or paths with the rule that was against them."""
    words = dict.fromkeys(filter(None, map(_name, value if isinstance(value, list) else [])))
    if not words:
        return ""
    rest = f" and {len(words) - NAMED} more" if len(words) > NAMED else ""
    return f"{what}: {', '.join(list(words)[:NAMED])}{rest}"


def _name(item: Any) -> str:
    if isinstance(item, Mapping):
        rule = f" ({item['rule']})" if item.get("rule") else ""
        return f"{item.get('path')}{rule}"
    return str(item)


def _redaction_words(value: Any) -> str:
    rows = [row for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []
    words = [f"{row.get('count')} {str(row.get('type')).lower()}" for row in rows]
    return f"redacted: {', '.join(words)}" if words else ""


def _money(value: Any) -> str:
    return usd(value) if isinstance(value, int) else "unknown cost"


def _count(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else "?"
