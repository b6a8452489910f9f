"""What is said of a machine that the tests do not run on."""

import struct

from assist_completion.inference.physical_cores import fast_cores, physical_cores
from assist_server.local_model.machine import is_translated


def test_only_a_python_that_rosetta_translates_is_called_so() -> None:
    assert is_translated("darwin", lambda name: int(name == b"sysctl.proc_translated"))
    assert not is_translated("darwin", lambda _: 0)
    assert not is_translated("linux", lambda _: 1)


def test_slow_cores_of_windows_do_not_count() -> None:
    rows = [(0, 48, 1, 1)] * 6 + [(0, 48, 0, 0)] * 8
    table = b"".join(struct.pack("<IIBB38x", *row) for row in rows)
    assert fast_cores(table) == 6
    assert fast_cores(table[48 * 6 :]) == 8  # all alike
    assert fast_cores(b"") == 0


def test_there_is_at_least_one_core_and_not_more_than_help() -> None:
    assert 1 <= physical_cores() <= 8
