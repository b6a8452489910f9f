"""The words about a team's server: what it is, how it answered, and what is wrong with it."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from assist_escalation.policy.endpoints import ModelServer
from assist_escalation.provider.server_probe import ServerProbe

CACHED_LEAST = 0.5  # of the same prompt sent again; less means that the prefix cache is off


def server_document(name: str, server: ModelServer, probe: ServerProbe | None) -> dict[str, Any]:
    """A server as JSON has it; `probe` is None if it was not asked."""
    return {
        "name": name,
        "kind": server.kind,
        "host": urlsplit(server.base_url).netloc,
        "model": server.model,
        "residency": list(server.residency),
        "reachable": not probe.problem if probe else None,
        "ms": round(probe.ms) if probe else None,
        "again_ms": round(probe.again_ms) if probe else None,
        "cached_share": probe.cached if probe else None,
        "log_probabilities": probe.chances if probe else None,
    }


def server_words(document: dict[str, Any]) -> str:
    """The same in a line.

    >>> words = {"kind": "vllm", "model": "m", "host": "h", "residency": ["internal"], "reachable": None}
    >>> server_words(words)
    'm by vllm at h, may see internal'
    """
    sees = ", ".join(document["residency"]) or "nothing"
    found = f"{document['model']} by {document['kind']} at {document['host']}, may see {sees}"
    if document["reachable"] is None:
        return found
    if not document["reachable"]:
        return f"{found}; it does not answer"
    share = document["cached_share"]
    cached = "cached share unknown" if share is None else f"{share:.0%} of it cached"
    return f"{found}; {document['ms']} ms, the same again {document['again_ms']} ms ({cached})"


def server_warnings(server: ModelServer, probe: ServerProbe) -> Iterator[tuple[str, str]]:
    """What is wrong with a server, each with what to do."""
    if probe.problem:
        remedy = (
            "See its address, model and key in its [servers.NAME] table; until then the local model answers"
        )
        yield f"The team's server does not answer: {probe.problem}", remedy
        return
    if probe.hybrid:
        yield (
            f"{server.model} keeps one state for everything that it reads, so it has to read every prompt "
            "from the start",
            "Serve a model that uses only attention, such as qwen2.5-coder",
        )
    elif probe.cached is not None and probe.cached < CACHED_LEAST:
        yield (
            f"The server had {probe.cached:.0%} of a repeated prompt in its cache",
            "Turn its prefix cache on (vLLM: --enable-prefix-caching), and give it enough slots",
        )
    if not probe.chances:
        yield (
            "The server returns no log probabilities, so assist cannot tell uncertain suggestions from "
            "certain ones",
            "Suggestions have one line at most, and there are none in mode quiet",
        )
