"""A repository, a gateway in front of it, and a provider that keeps all it gets; tools have homes of their own."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from agent_desk import AgentDesk, lost_requests
from frontier import frontier
from planned_provider import planned_provider


@pytest.fixture(scope="session")
def model_url(model_path: Path) -> Iterator[str]:
    with frontier(model_path) as url:
        yield url


@pytest.fixture
def desk(tmp_path: Path, model_url: str) -> Iterator[AgentDesk]:
    with planned_provider(model_url) as provider, lost_requests() as lost:
        yield from _with_gateway(AgentDesk(tmp_path, provider, lost))
        assert not lost.asked, "the tool asked another server than the gateway"


def _with_gateway(desk: AgentDesk) -> Iterator[AgentDesk]:
    desk.make()
    command = [sys.executable, "-P", "-m", "assist_server", "gateway", "--port", "0"]
    with subprocess.Popen(command, env=desk.own, cwd=desk.root, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        try:
            said = process.stderr.readline()
            found = re.search(r"http://127\.0\.0\.1:\d+", said)
            assert found, said
            desk.url = found[0]
            yield desk
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
        finally:
            process.kill()
