"""Where tests of editors leave what they showed when they failed."""

import os
from pathlib import Path

ARTIFACTS = Path(os.environ.get("ASSIST_E2E_ARTIFACTS") or Path(__file__).parents[2] / "build/e2e")
