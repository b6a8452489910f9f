"""What a dry run printed is what is sent and logged, and what was refused is in the log, by the command line."""

from pathlib import Path

from asked_shop import KEY, audit_events
from command_runs import Assist, run_at_terminal
from payload_rule import messages_of
from vendor import configure_provider, provider, scripted_answer

from assist_escalation.gate.prepare import payload_sha256
from assist_escalation.prompts import Messages


def test_what_was_refused_is_shown_by_its_kind(assist: Assist, tmp_path: Path) -> None:
    configure_provider(tmp_path / "config", "http://127.0.0.1:9/v1", more='[egress]\ndeny = ["shop/**"]\n')
    assert assist("explain", "shop/cart.py:13", "--frontier", "--yes").code == 3
    shown = assist("audit", "show", "--kind", "refused", "--json")
    (event,) = shown.json["events"]
    assert (event["cause"], event["command"]) == ("policy", "explain")
    assert "cart.py" not in shown.out


def test_a_dry_run_names_the_payload_that_is_sent_and_logged(assist: Assist, tmp_path: Path) -> None:
    with provider(tmp_path, scripted_answer("fine")) as acme:
        dry = assist("route", "explain", "shop/cart.py", "--frontier", "--show-text", "--json").json
        same = assist("explain", "shop/cart.py", "--frontier", "--dry-run")
        assert (same.code, acme.connections) == (0, 0)
        assert not (tmp_path / "data" / "audit.jsonl").exists()
        assert assist("explain", "shop/cart.py", "--frontier", "--yes").code == 0
    assert dry.keys() >= {
        "target", "cause", "p_local", "threshold", "provider", "host", "files", "redactions", "tokens",
        "cost_upper_usd", "budget_left_usd", "payload_sha256",
    }  # fmt: skip
    assert dry["target"] == "frontier"
    assert "shop/cart.py" in same.out
    assert max(map(len, same.out.splitlines())) <= 100
    body = acme.requests[0].json
    messages = Messages(*(each["content"] for each in body["messages"]))
    digest = payload_sha256(body["model"], messages, body["max_tokens"])
    assert "__SECRET_" in messages.user
    assert messages_of(dry["text"]) == messages
    (token,) = dry["redactions"]
    assert token["places"] == ["shop/cart.py:5"]
    assert digest == dry["payload_sha256"] == audit_events(tmp_path)[0]["payload_sha256"]


def test_the_text_can_be_read_before_it_is_sent(tmp_path: Path, shop: Path, home: dict[str, str]) -> None:
    with provider(tmp_path, scripted_answer("It adds."), mode="ask") as acme:
        arguments = ("explain", "shop/cart.py", "--frontier")
        asked = run_at_terminal(shop, {**home, "ACME_KEY": KEY}, arguments, typed="v\ny\n")
    assert asked.out.split("\n\n")[1] == "It adds.\n"
    _, first, again = asked.err.split("Send this to ")
    shown = first[first.index("# For 127.0.0.1") :]
    sent = acme.requests[0].json["messages"]
    assert messages_of(shown) == Messages(*(each["content"] for each in sent))
    assert "y/N/v" in again
    assert "sk_live" not in asked.err


def test_the_preview_says_where_a_request_goes_and_where_it_would_go(assist: Assist, tmp_path: Path) -> None:
    configure_provider(tmp_path / "config", "http://127.0.0.1:9/v1", more='always_local = ["explain"]')
    told = assist("route", "explain", "shop/cart.py", "--show-text").out
    assert "Goes to" not in told
    assert "Nothing would be sent." in told
    configure_provider(tmp_path / "config", "http://127.0.0.1:9/v1")
    told = assist("route", "explain", "shop/cart.py", "--frontier").out
    assert "Goes to" in told
    assert "(shop/cart.py:5)" in told
