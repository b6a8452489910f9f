"""Who takes standard input reads it alone: a library that looks at it meanwhile waits for nothing."""

import subprocess
import sys

PROGRAM = """
import os, sys, threading
from assist_context.standard_input import take_standard_input
source = take_standard_input()
print(source.readline(), flush=True)
reading = threading.Thread(target=lambda: print(source.read(), flush=True))
reading.start()
print(os.read(0, 1), sys.stdin.read(), flush=True)
import numpy
print("loaded", flush=True)
reading.join()
"""


def test_a_library_can_be_loaded_while_a_thread_waits_for_standard_input() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write("first\n")
        process.stdin.flush()
        assert [process.stdout.readline() for _ in range(3)] == ["b'first\\n'\n", "b'' \n", "loaded\n"]
        process.stdin.write("rest")
        process.stdin.close()
        assert process.stdout.read() == "b'rest'\n"
