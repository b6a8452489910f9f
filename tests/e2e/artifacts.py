"""Where the editor tests save their screens when they fail."""

import os
from pathlib import Path

ARTIFACTS = Path(os.environ.get("ASSIST_E2E_ARTIFACTS") or Path(__file__).parents[2] / "build/e2e")
