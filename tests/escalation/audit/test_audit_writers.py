"""Several writers at once, killed writers, and disks that refuse a write."""

import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from audit_logs import KEY, fill, intent
from rounds import rounds

from assist_escalation.audit.log import TORN, AuditLog
from assist_escalation.audit.reader import entries, events, get_request
from assist_escalation.audit.verifier import verify

WRITER = Path(__file__).parents[1] / "audit_writer.py"


def _writer(*arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, str(WRITER), *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_four_processes_write_one_chain(tmp_path: Path) -> None:
    path = tmp_path / "log"
    writers = [_writer(path, name, 50) for name in "abcd"]
    printed = [writer.communicate()[0].split() for writer in writers]
    assert [writer.returncode for writer in writers] == [0] * 4
    report = verify(path, key=KEY)
    assert (report.ok, report.events) == (True, 200)
    assert {entry.sha256 for entry in entries(path)} == {sha256 for each in printed for sha256 in each}
    assert Counter(get_request(event)[0] for event in events(path)) == dict.fromkeys("abcd", 50)


def test_nothing_that_was_acknowledged_dies_with_its_writer(tmp_path: Path) -> None:
    path, checkpoint, rng = tmp_path / "log", tmp_path / "checkpoint", random.Random(3)
    acknowledged: set[str] = set()
    for number in range(rounds(20, 6)):
        with _writer(path, f"w{number}", 1_000_000, checkpoint) as writer:
            assert writer.stdout
            for _ in range(rng.randrange(4)):
                acknowledged.add(writer.stdout.readline().strip())
            time.sleep(rng.random() * 0.02)
            writer.kill()
            # Lines in the pipe were acknowledged too; the last may be incomplete.
            acknowledged |= {line.strip() for line in writer.stdout if line.endswith("\n")}
        report = verify(path, key=KEY, checkpoint=checkpoint)
        assert report.ok or report.torn == path.stat().st_size - _whole(path)
    AuditLog(path, key=KEY, checkpoint=checkpoint).append("undo", {})
    report = verify(path, key=KEY, checkpoint=checkpoint)
    assert report.ok
    assert len(acknowledged) > rounds(20, 6)
    assert acknowledged <= {entry.sha256 for entry in entries(path)}


def _whole(path: Path) -> int:
    return path.read_bytes().rfind(b"\n") + 1


_TEARING = """
import json, os, resource, signal, sys
from pathlib import Path
from audit_logs import KEY, intent
from assist_escalation.audit.log import AuditLog
path, checkpoint, killed = Path(sys.argv[1]), Path(sys.argv[2]), 0
log = AuditLog(path, key=KEY, checkpoint=checkpoint)
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
for index, more in enumerate(map(int, sys.argv[3:])):
    if not (child := os.fork()):
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        limit = path.read_bytes().rfind(b"\\n") + 1 + more
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        log.append("intent", intent(f"killed-{index}"))
        os._exit(0)
    killed += os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGXFSZ
    if index % 3 == 2:
        print(log.append("intent", intent(f"whole-{index}")))
print(killed)
"""


def test_writers_that_die_in_the_middle_of_a_line_and_of_a_repair(tmp_path: Path) -> None:
    """The system kills each writer at a limit of the file's size. In every third round a writer lives."""
    path, checkpoint, rng = tmp_path / "log", tmp_path / "checkpoint", random.Random(4)
    fill(AuditLog(path, key=KEY, checkpoint=checkpoint), [1])
    cuts = [str(rng.randrange(1, 700)) for _ in range(30)]
    command = [sys.executable, "-c", _TEARING, str(path), str(checkpoint), *cuts]
    ran = subprocess.run(command, capture_output=True, check=True, text=True, cwd=WRITER.parent)
    *acknowledged, killed = ran.stdout.split()
    assert (killed, len(acknowledged)) == ("30", 10)
    report = verify(path, key=KEY, checkpoint=checkpoint)
    assert (report.ok, report.problem, report.marks) == (True, "", 10)
    assert set(acknowledged) <= {entry.sha256 for entry in entries(path)}
    assert [event["kind"] for event in events(path)][2:] == [TORN, "intent"] * 10


_FULL = """
import json, resource, sys
from pathlib import Path
from audit_logs import KEY, intent
from assist_escalation.audit.log import AuditError, AuditLog
path = Path(sys.argv[1])
log, said = AuditLog(path, key=KEY), []
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
for more in map(int, sys.argv[2:]):
    before = path.read_bytes()
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + more, hard))
    try:
        log.append("intent", intent("full"))
    except AuditError as error:
        said.append([str(error), path.read_bytes() == before])
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
print(json.dumps(said))
"""


@pytest.mark.parametrize("torn", [b"", b'{"event":{"actor":"ann"'])
def test_a_full_disk_takes_nothing_and_loses_nothing(tmp_path: Path, torn: bytes) -> None:
    path = tmp_path / "log"
    fill(AuditLog(path, key=KEY), [1])
    with path.open("ab") as file:
        file.write(torn)
    limits = ("0", "1", "10", "300", "700")
    command = [sys.executable, "-c", _FULL, str(path), *limits]
    ran = subprocess.run(command, capture_output=True, check=True, cwd=WRITER.parent)
    said = json.loads(ran.stdout)
    assert len(said) == len(limits)
    for message, same in said:
        assert str(path) in message
        assert "Free some space" in message
        assert same
    AuditLog(path, key=KEY).append("undo", {})
    assert [event["kind"] for event in events(path)] == [
        "intent",
        "outcome",
        *([TORN] if torn else []),
        "undo",
    ]
    assert verify(path, key=KEY).ok


@pytest.fixture
def anybodys() -> Iterator[Path]:
    """A folder that other accounts can reach, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


_READ_ONLY = """
import os, sys
from pathlib import Path
from audit_logs import KEY, intent
from assist_escalation.audit.log import AuditError, AuditLog
from assist_escalation.audit.verifier import verify
path = Path(sys.argv[1])
if not os.geteuid():
    os.setuid(65534)
try:
    AuditLog(path, key=KEY).append("intent", intent("r1"))
except AuditError as error:
    print(error)
print(verify(path, key=KEY).events)
"""


def test_a_log_that_cannot_be_written_can_be_read(anybodys: Path) -> None:
    path = anybodys / "log"
    AuditLog(path, key=KEY).append("intent", intent("r0"))
    path.chmod(0o444)
    path.with_name("log.lock").chmod(0o444)
    anybodys.chmod(0o555)
    before = path.read_bytes()
    command = [sys.executable, "-c", _READ_ONLY, str(path)]
    ran = subprocess.run(command, capture_output=True, check=True, text=True, cwd=WRITER.parent)
    message, count = ran.stdout.splitlines()
    assert str(path) in message
    assert "Make it writable" in message
    assert count == "1"
    assert path.read_bytes() == before
