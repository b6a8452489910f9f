"""`assist explain`, `ask`, `test`, `refactor`, `fix` and `route` as a user runs them, at a provider on loopback."""

import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import COMMAND, runner
from hostile import HANG, chunk, head, refusal
from vendor import configured, told, vendor

CART = '''\
"""A cart."""

from shop.prices import gross

API = "sk_live_4eC39HqLyjWDarjtT1zdp7dc"


class Cart:
    def __init__(self):
        self.items = []

    def total(self):
        return sum(gross(item) for item in self.items)
'''
PRICES = "def gross(net):\n    return net * 1.2\n"
KEY = "k-0123456789-secret-of-acme"
RENAMED = """\
Both files change.

shop/prices.py
<<<<<<< SEARCH
def gross(net):
=======
def with_tax(net):
>>>>>>> REPLACE

shop/cart.py
<<<<<<< SEARCH
from shop.prices import gross
=======
from shop.prices import with_tax
>>>>>>> REPLACE

shop/cart.py
<<<<<<< SEARCH
        return sum(gross(item) for item in self.items)
=======
        return sum(with_tax(item) for item in self.items)
>>>>>>> REPLACE
"""

Assist = Callable[..., Any]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    root = tmp_path / "space"
    (root / "shop").mkdir(parents=True)
    (root / "shop" / "cart.py").write_text(CART)
    (root / "shop" / "prices.py").write_text(PRICES)
    (root / ".env").write_text("DATABASE_PASSWORD=correct-horse-battery\n")
    return root


@pytest.fixture
def assist(tmp_path: Path, shop: Path, home: dict[str, str]) -> Assist:
    return runner(shop, {**home, "ACME_KEY": KEY})


def audit(tmp_path: Path) -> list[dict[str, Any]]:
    lines = (tmp_path / "data" / "audit.jsonl").read_text().splitlines()
    return [json.loads(line)["event"] for line in lines]


def test_a_question_at_a_provider_is_answered_paid_and_written_down(assist: Assist, tmp_path: Path) -> None:
    with vendor(told("It adds **up**.")) as acme:
        configured(tmp_path / "config", acme.url)
        done = assist("explain", "shop/cart.py:13", "--frontier", "--yes", "--json")
    assert (done.code, done.json["answer"]) == (0, "It adds **up**.")
    assert done.json["route"]["target"] == "frontier"
    assert done.json["tokens"] == {"input": 120, "output": 30}
    assert done.json["cost_usd"] == pytest.approx((120 * 3 + 30 * 15) / 1e6)
    sent = acme.requests[0]
    assert sent.headers["authorization"] == f"Bearer {KEY}"
    assert "def total(self)" in sent.body.decode()
    intent, outcome = audit(tmp_path)
    assert (intent["kind"], outcome["kind"]) == ("intent", "outcome")
    assert intent["payload_sha256"] == done.json["route"]["payload_sha256"]
    assert outcome["cost_micro"] == 810
    assert {span["path"] for span in intent["spans"]} >= {"shop/cart.py"}
    assert KEY not in (tmp_path / "data" / "audit.jsonl").read_text()


def test_secrets_of_files_and_words_stay_and_come_back_in_the_answer(assist: Assist, tmp_path: Path) -> None:
    with vendor(told("fine")) as acme:
        configured(tmp_path / "config", acme.url)
        done = assist("explain", "shop/cart.py", "--frontier", "--yes", "--json")
        asked = assist(
            "ask", "is correct-horse-battery used in shop/cart.py?", "--frontier", "--yes", "--json"
        )
    assert (done.code, asked.code) == (0, 0)
    for request in acme.requests:
        assert "sk_live_4eC39HqLyjWDarjtT1zdp7dc" not in request.body.decode()
        assert "correct-horse-battery" not in request.body.decode()
    assert sum(each["count"] for each in done.json["route"]["redactions"]) >= 1
    assert "__SECRET_" in acme.requests[0].body.decode()


def test_nothing_is_sent_without_consent_and_none_can_be_given_in_a_pipe(
    assist: Assist, tmp_path: Path
) -> None:
    with vendor(told("no")) as acme:
        configured(tmp_path / "config", acme.url, mode="ask")
        done = assist("explain", "shop/cart.py:13", "--frontier")
        assert (done.code, acme.connections) == (3, 0)
        assert acme.url.removeprefix("http://").removesuffix("/v1") in done.err
        assert "shop/cart.py" in done.err
        assert "Cost" in done.err


def test_a_dry_run_says_what_would_be_sent_and_opens_no_socket(assist: Assist, tmp_path: Path) -> None:
    with vendor(told("no")) as acme:
        configured(tmp_path / "config", acme.url)
        dry = assist("route", "explain", "shop/cart.py:13", "--frontier", "--json")
        same = assist("explain", "shop/cart.py:13", "--frontier", "--dry-run")
    assert (dry.code, same.code, acme.connections) == (0, 0, 0)
    assert dry.json["target"] == "frontier"
    assert dry.json.keys() >= {
        "target", "cause", "p_local", "threshold", "provider", "host", "files", "redactions", "tokens",
        "cost_upper_usd", "budget_left_usd", "payload_sha256",
    }  # fmt: skip
    assert "shop/cart.py" in same.out
    assert max(map(len, same.out.splitlines())) <= 100
    assert not (tmp_path / "data" / "audit.jsonl").exists()


REFUSED = [
    ("", "never", "mode_never"),
    ("max_cost_usd_per_request = 0.0001", "auto", "request_limit"),
    ('always_local = ["explain"]', "auto", "always_local"),
]


@pytest.mark.parametrize(("more", "mode", "cause"), REFUSED)
def test_what_policy_or_budget_forbid_is_refused_with_its_own_exit_code(
    assist: Assist, tmp_path: Path, more: str, mode: str, cause: str
) -> None:
    with vendor(told("no")) as acme:
        configured(tmp_path / "config", acme.url, mode=mode, more=more)
        done = assist("explain", "shop/cart.py:13", "--frontier", "--yes")
        dry = assist("route", "explain", "shop/cart.py:13", "--frontier", "--json")
    assert (done.code, acme.connections) == (3, 0)
    assert (dry.json["target"], dry.json["cause"]) == ("refused", cause)
    assert dry.json["why"].casefold() in done.err.casefold()


def test_a_repository_can_forbid_and_nothing_leaves_before_it_is_accepted(
    assist: Assist, tmp_path: Path, shop: Path
) -> None:
    (shop / ".assist.toml").write_text('[egress]\ndeny = ["shop/**"]\n')
    with vendor(told("no")) as acme:
        configured(tmp_path / "config", acme.url)
        new = assist("explain", "shop/cart.py:13", "--frontier", "--yes")
        assert assist("config", "trust", "--yes").code == 0
        denied = assist("explain", "shop/cart.py:13", "--frontier", "--yes")
    assert (new.code, denied.code, acme.connections) == (3, 3, 0)
    assert "assist config trust" in new.err
    assert "shop/cart.py" in denied.err


def test_a_refactoring_over_two_files_is_shown_made_and_undone(
    assist: Assist, tmp_path: Path, shop: Path
) -> None:
    with vendor(told(RENAMED)) as acme:
        configured(tmp_path / "config", acme.url)
        shown = assist("refactor", "gross", "rename it to with_tax", "--frontier", "--yes")
    assert shown.code == 0
    assert "+def with_tax(net):" in shown.out
    assert (shop / "shop" / "prices.py").read_text() == PRICES.replace("gross", "with_tax")
    assert (shop / "shop" / "cart.py").read_text() == CART.replace("gross", "with_tax")
    assert audit(tmp_path)[-1]["kind"] == "edit"
    assert assist("undo", "--yes").code == 0
    assert (shop / "shop" / "cart.py").read_text() == CART
    assert (shop / "shop" / "prices.py").read_text() == PRICES
    assert "with_tax" in acme.requests[0].body.decode()


def test_an_edit_that_fits_nowhere_changes_nothing_and_says_where(
    assist: Assist, tmp_path: Path, shop: Path
) -> None:
    wrong = RENAMED.replace(
        "        return sum(gross(item) for item in self.items)",
        "        return sum(gross(i) for i in self.items)",
    )
    with vendor(told(wrong)) as acme:
        configured(tmp_path / "config", acme.url)
        done = assist("refactor", "gross", "rename it to with_tax", "--frontier", "--yes")
    assert done.code == 1
    assert "Nothing was changed" in done.err
    assert (shop / "shop" / "prices.py").read_text() == PRICES


def test_without_a_yes_an_edit_is_only_shown(assist: Assist, tmp_path: Path, shop: Path) -> None:
    with vendor(told(RENAMED)) as acme:
        configured(tmp_path / "config", acme.url)
        done = assist("refactor", "gross", "rename it to with_tax", "--frontier", "--json")
    assert done.code == 0
    assert done.json["edit"]["applied"] is False
    assert sorted(done.json["edit"]["files"]) == ["shop/cart.py", "shop/prices.py"]
    assert (shop / "shop" / "prices.py").read_text() == PRICES


def test_tests_are_put_into_a_new_file_and_run(assist: Assist, tmp_path: Path, shop: Path) -> None:
    answer = (
        "```python\nfrom shop.prices import gross\n\n\ndef test_gross():\n    assert gross(10) == 12\n```\n"
    )
    (shop / "tests").mkdir()
    (shop / "tests" / "test_other.py").write_text("def test_other():\n    assert True\n")
    with vendor(told(answer)) as acme:
        configured(tmp_path / "config", acme.url)
        done = assist("test", "gross", "--frontier", "--yes")
    assert done.code == 0
    assert (shop / "tests" / "test_prices.py").read_text().startswith("from shop.prices import gross\n")
    assert "tests/test_prices.py" in acme.requests[0].body.decode()


def test_a_file_outside_of_the_workspace_is_asked_about_where_it_is(
    assist: Assist, tmp_path: Path, shop: Path
) -> None:
    with vendor(told("fine")) as acme:
        configured(tmp_path / "config", acme.url)
        done = assist("explain", str(shop / "shop" / "cart.py"), "--workspace", "shop", "--frontier", "--yes")
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        far = assist(
            "explain", str(shop / "shop" / "cart.py"), "--workspace", str(elsewhere), "--frontier", "--yes"
        )
    assert (done.code, far.code) == (0, 0)
    assert "def total(self)" in acme.requests[1].body.decode()


def test_a_provider_that_fails_is_said_and_what_was_sent_is_paid(assist: Assist, tmp_path: Path) -> None:
    with vendor(refusal(500)) as acme:
        configured(tmp_path / "config", acme.url)
        done = assist("explain", "shop/cart.py:13", "--frontier", "--yes")
    assert done.code == 1
    assert "acme" in done.err
    kinds = [event["kind"] for event in audit(tmp_path)]
    assert kinds == ["intent", "outcome"]
    assert audit(tmp_path)[1]["error"] == "server"


def test_offline_no_socket_is_opened_whatever_is_asked(
    tmp_path: Path, shop: Path, assist_without_sockets: Assist
) -> None:
    with vendor(told("no")) as acme:
        configured(tmp_path / "config", acme.url)
        done = assist_without_sockets(
            "explain", "shop/cart.py:13", "--frontier", "--yes", "--offline", "--workspace", str(shop)
        )
    assert (done.code, acme.connections) == (3, 0)
    assert "offline" in done.err


def test_an_answer_cannot_command_the_terminal(assist: Assist, tmp_path: Path) -> None:
    with vendor(told("safe \x1b]52;c;cm0gLXJmIH4=\x07 [link](https://x.example)\x1b[2J end")) as acme:
        configured(tmp_path / "config", acme.url)
        done = assist("explain", "shop/cart.py:13", "--frontier", "--yes")
    assert done.code == 0
    assert "\x1b" not in done.out
    assert "end" in done.out


@pytest.mark.parametrize("words", [("explain",), ("refactor", "x.py"), ("ask", ""), ("explain", "gone.py:3")])
def test_wrong_usage_says_what_to_write(assist: Assist, words: tuple[str, ...]) -> None:
    done = assist(*words)
    assert done.code in (1, 2)
    assert done.err.startswith("assist: ")


def test_control_c_stops_the_stream_and_what_came_is_paid(
    tmp_path: Path, shop: Path, home: dict[str, str]
) -> None:
    with vendor([head(), chunk("half an answer"), HANG]) as acme:
        configured(tmp_path / "config", acme.url)
        process = subprocess.Popen(
            [*COMMAND, "explain", "shop/cart.py:13", "--frontier", "--yes"],
            cwd=shop,
            env={**os.environ, **home, "ACME_KEY": KEY},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdout is not None
        assert process.stdout.read(len("half an answer")) == b"half an answer"
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert b"Traceback" not in err
    intent, outcome = audit(tmp_path)
    assert (intent["request_id"], outcome["finish"]) == (outcome["request_id"], "cancelled")
    assert outcome["cost_micro"] > 0
