"""Refused requests in the audit log: what an event holds, how many a day has, and a log that cannot be written."""

from contextlib import aclosing
from pathlib import Path

import pytest
from gates import KEY, SCOPE, allowed, parts, request, spans

from assist_escalation.audit.log import AuditLog
from assist_escalation.audit.reader import Filter, events
from assist_escalation.audit.verifier import verify
from assist_escalation.budget.ledger import Scope
from assist_escalation.egress.exchange import MAX_A_DAY, RefusedRequest, record_refusal
from assist_escalation.egress.questions import send
from assist_escalation.errors import RefusedError
from assist_escalation.gate.prepare import prepare

SECRET = "ghp_0123456789abcdefghijABCDEFGHIJ012345"
ASKED = RefusedRequest("r1", SCOPE, "explain", f"acme {SECRET}")
DAY = 86_400.0


def test_an_event_holds_the_cause_and_no_secret(tmp_path: Path) -> None:
    path = tmp_path / "log"
    record_refusal(AuditLog(path), ASKED, "policy")
    (event,) = events(path, Filter(kind="refused"))
    assert (event["request_id"], event["cause"], event["command"]) == ("r1", "policy", "explain")
    assert (event["actor"], event["repo"]) == (SCOPE.user, SCOPE.repo)
    assert SECRET not in path.read_text()


def test_a_loop_of_refusals_does_not_fill_the_disk(tmp_path: Path) -> None:
    path, now = tmp_path / "log", [0.0]
    audit = AuditLog(path, clock=lambda: now[0])
    for day in range(2):
        now[0] = day * DAY
        for _ in range(MAX_A_DAY + 20):
            record_refusal(audit, ASKED, "budget")
    found = list(events(path))
    assert len(found) == 2 * MAX_A_DAY
    assert [at for at, each in enumerate(found, 1) if each.get("last_today")] == [MAX_A_DAY, 2 * MAX_A_DAY]
    assert verify(path).ok


@pytest.mark.parametrize("letter", ["a", "é", "\U0001f600"])
def test_long_names_do_not_hide_refusals_from_the_count(tmp_path: Path, letter: str) -> None:
    path = tmp_path / "log"
    audit = AuditLog(path, clock=lambda: 0.0)
    asked = RefusedRequest("r1", Scope("/" + letter * 4_000, letter * 300), "explain", letter * 300)
    for _ in range(MAX_A_DAY + 5):
        record_refusal(audit, asked, "budget")
    found = list(events(path))
    assert len(found) == MAX_A_DAY
    assert found[0]["repo"].startswith(f"/{letter * 9}")
    assert found[0]["repo"].endswith("...")


@pytest.mark.parametrize("content", [None, b"damaged\n"])
async def test_a_log_that_cannot_be_written_leaves_the_refusal_as_it_is(
    tmp_path: Path, content: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    made = parts(tmp_path, {"ACME_KEY": ""})
    log = tmp_path / "audit.jsonl"
    if content is None:
        log.mkdir()
    else:
        log.write_bytes(content)
    prepared = prepare(request(allowed("http://127.0.0.1:9/v1", tmp_path), spans(tmp_path)), made)
    with pytest.raises(RefusedError, match="ACME_KEY") as caught:
        async with aclosing(send(prepared, made, {"cause": "asked_frontier", "features": {}})) as stream:
            await anext(stream)
    assert caught.value.cause == "no_key"
    assert "is not in the audit log" in caplog.text
    assert KEY not in caplog.text
