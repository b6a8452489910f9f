"""What is known of the records: sums of what left, and the names of repositories."""

from collections import Counter
from pathlib import Path
from typing import Any

from config_files import write

from assist_evaluation.usage import departures
from assist_evaluation.usage.departures import DepartureKey
from assist_evaluation.usage.usage_sums import repository_names
from assist_server.config.config import load
from assist_server.threads.thread import new_thread
from assist_server.threads.thread_files import thread_files
from assist_server.workspace.folders import make_key

KEY = DepartureKey("2026-01-31", "ask", "acme", "models.example")


def intent(request: str) -> dict[str, Any]:
    return {
        "kind": "intent",
        "request_id": request,
        "time": "2026-01-31T12:00:00Z",
        "command": KEY.command,
        "provider": KEY.provider,
        "host": KEY.host,
    }


def outcome(request: str) -> dict[str, Any]:
    usage = {"input": 1, "cache_read": 0, "cache_write": 0, "output": 2}
    return {"kind": "outcome", "request_id": request, "cost_micro": 5, "usage": usage}


def test_intents_that_never_ended_count_and_do_not_pile_up() -> None:
    log = [intent("first"), *(intent(str(number)) for number in range(departures.MAX_OPEN))]
    log += [outcome("first"), outcome(str(departures.MAX_OPEN - 1))]
    found = departures.departures(log)
    assert found.keys() == {KEY}
    assert +found[KEY] == Counter(requests=departures.MAX_OPEN + 1, cost_micro=5, input=1, output=2)


def test_a_repository_has_the_name_of_its_top_wherever_one_works_in_it(tmp_path: Path) -> None:
    for each in (".git/objects", ".git/refs", "crate/src"):
        (tmp_path / "shop" / each).mkdir(parents=True)
    (tmp_path / "shop" / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    config = load(write(tmp_path, ""))
    top = (tmp_path / "shop").resolve()
    thread_files(config).save(new_thread(str(top / "crate")))
    names = repository_names(config, tmp_path)
    assert names[make_key(str(top))] == "shop"
    assert names[make_key(str(top / "crate"))] == "crate"
