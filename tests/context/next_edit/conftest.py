"""Lets the tests in this folder import the shared modules next to it, such as `scenario`."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
