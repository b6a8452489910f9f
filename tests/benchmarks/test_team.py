"""The capacity model of a team's server: its arithmetic, and the virtual run that checks it."""

import pytest

from assist_evaluation.statistics import percentile
from bench.team.capacity import SHARE, Demand, Machine, developers, waiting

MACHINE = Machine("m", reads=10_000, writes=2_000, at_once=16)


def test_the_arithmetic() -> None:
    demand = Demand(requests=1_000, read=100_000, written=20_000)
    assert developers(demand, MACHINE) == pytest.approx(SHARE * 3600 / (100_000 / 10_000 + 20_000 / 2_000))


def test_ten_times_the_tokens_is_a_tenth_of_the_developers() -> None:
    little, much = Demand(1_000, 50_000, 10_000), Demand(1_000, 500_000, 100_000)
    assert developers(little, MACHINE) == pytest.approx(10 * developers(much, MACHINE))


def test_at_the_busiest_share_few_requests_wait_and_above_it_many_do() -> None:
    costs = [(20, 8)] * 9 + [(1_400, 20)]
    read, written = (sum(each[at] for each in costs) / len(costs) for at in (0, 1))
    demand = Demand(2_000, 2_000 * read, 2_000 * written)
    count = int(developers(demand, MACHINE))
    alone = max(read / 10_000 + written * 16 / 2_000 for read, written in costs)
    assert percentile(waiting(costs, demand, MACHINE, count), 0.95) <= 2 * alone
    assert percentile(waiting(costs, demand, MACHINE, 2 * count), 0.95) > 5 * alone
