"""Lets the tests in this folder import the shared modules next to it, and those of the context package's tests."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path += [str(HERE), str(HERE.parent / "context")]
