"""The money of a run holds for all its processes together, and for those that were killed."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from assist_escalation.budget.ledger import BudgetError
from assist_evaluation.candidates.run_budget import RunBudget

CHILD = """
import os, sys
from types import SimpleNamespace
from pathlib import Path
from assist_escalation.budget.ledger import BudgetError
from assist_evaluation.candidates.run_budget import RunBudget
prompt = SimpleNamespace(command="fix")
budget = RunBudget(Path(sys.argv[1]), 100_000)
for at in range(4):
    request = SimpleNamespace(id=f"{os.getpid()}-{at}", prompt=prompt)
    asked = SimpleNamespace(request=request, provider="p", endpoint=SimpleNamespace(model="m"), upper_micro=2_500)
    try:
        budget.reserve(asked)
    except BudgetError:
        print("refused")
        continue
    print("sent", flush=True)
    if at == 1 and os.getpid() % 3 == 0:
        os._exit(9)  # killed before it settles: what was reserved stays spent
    budget.settle(asked, 2_500)
"""


def asked(name: str, micro: int) -> Any:
    request = SimpleNamespace(id=name, prompt=SimpleNamespace(command="fix"))
    return SimpleNamespace(
        request=request, provider="p", endpoint=SimpleNamespace(model="m"), upper_micro=micro
    )


@pytest.mark.slow
def test_64_processes_never_spend_more_than_the_run_may(tmp_path: Path) -> None:
    """Each request may cost 2,500 with a retry as much again, and 100,000 may be spent: 20 to 39 are sent."""
    children = [
        subprocess.Popen([sys.executable, "-c", CHILD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        for _ in range(64)
    ]
    said = [child.communicate(timeout=100)[0] for child in children]
    sent = sum(each.count("sent") for each in said)
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
