"""The money of a run holds for all its processes together, and for those that were killed."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from assist_escalation.budget.ledger import BudgetError
from assist_evaluation.candidates.run_budget import RunBudget

# 64 processes that begin at once, forked from one that has imported all, which takes half a second.
CHILDREN = """
import os, sys
from types import SimpleNamespace
from pathlib import Path
from assist_escalation.budget.ledger import BudgetError
from assist_evaluation.candidates.run_budget import RunBudget

def run(number):
    prompt = SimpleNamespace(command="fix")
    budget = RunBudget(Path(sys.argv[1]), 100_000)
    for at in range(4):
        request = SimpleNamespace(id=f"{number}-{at}", prompt=prompt)
        asked = SimpleNamespace(request=request, provider="p", endpoint=SimpleNamespace(model="m"), upper_micro=2_500)
        try:
            budget.reserve(asked)
        except BudgetError:
            os.write(1, b"refused\\n")
            continue
        os.write(1, b"sent\\n")
        if at == 1 and number % 3 == 0:
            os._exit(9)  # killed before it settles: what was reserved stays spent
        budget.settle(asked, 2_500)

start, go = os.pipe()
children = []
for number in range(64):
    child = os.fork()
    if child == 0:
        os.close(go)
        os.read(start, 1)  # until all are there
        run(number)
        os._exit(0)
    children.append(child)
os.close(go)
for child in children:
    assert os.waitpid(child, 0)[1] in (0, 9 << 8)
"""


def asked(name: str, micro: int) -> Any:
    request = SimpleNamespace(id=name, prompt=SimpleNamespace(command="fix"))
    return SimpleNamespace(
        request=request, provider="p", endpoint=SimpleNamespace(model="m"), upper_micro=micro
    )


@pytest.mark.slow
def test_64_processes_never_spend_more_than_the_run_may(tmp_path: Path) -> None:
    """Each request may cost 2,500 with a retry as much again, and 100,000 may be spent: 20 to 39 are sent."""
    command = [sys.executable, "-c", CHILDREN, str(tmp_path)]
    said = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=100, check=True).stdout
    sent = said.count("sent")
    assert sent * 2_500 <= 100_000
    assert sent >= 20
    assert RunBudget(tmp_path, 100_000).left_micro() <= 100_000 - sent * 2_500


def test_a_request_with_its_retry_must_fit(tmp_path: Path) -> None:
    budget = RunBudget(tmp_path, 10_000)
    budget.reserve(asked("a", 4_000))
    with pytest.raises(BudgetError, match=r"--max-usd"):
        budget.reserve(asked("b", 2_000))
    budget.settle(asked("a", 4_000), 100)
    assert budget.left_micro() == 9_900
    budget.reserve(asked("b", 4_000))


def test_what_a_failed_request_cost_is_not_known_so_all_of_it_counts(tmp_path: Path) -> None:
    budget = RunBudget(tmp_path, 10_000)
    budget.reserve(asked("a", 4_000))
    budget.settle(asked("a", 4_000), None)
    assert budget.left_micro() == 2_000


def test_no_money_means_no_request(tmp_path: Path) -> None:
    with pytest.raises(BudgetError):
        RunBudget(tmp_path, 0).reserve(asked("a", 1))
