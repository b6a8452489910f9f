"""No window of text takes long: those that repeat the words of the rules are the worst."""

import random
import time

import pytest

from bench.redaction.hostile_windows import hostile_windows, rule_literals, search_window

MOST = 0.5  # seconds of CPU for one window with every rule; 0.2 on a quiet machine

FORMERLY_SLOW = ["-mysql", "mysql-", "mariadb-", "key--", '/pass:"', "_pw=", "creds="]


@pytest.mark.parametrize("unit", FORMERLY_SLOW)
def test_a_window_of_one_unit(unit: str) -> None:
    begin = time.process_time()
    search_window((unit * 4086)[:4086], "code")
    assert time.process_time() - begin <= MOST


@pytest.mark.slow
def test_windows_of_the_rules_own_words() -> None:
    worst = (0.0, "")
    for unit, window in hostile_windows(random.Random(11), len(rule_literals()) * 5 + 200):
        if random.Random(unit).random() > 0.06:  # a sample
            continue
        begin = time.process_time()
        search_window(window, "data")
        worst = max(worst, (time.process_time() - begin, unit))
    assert worst[0] <= MOST, worst
