"""Lets the tests here share `workspaces`."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
