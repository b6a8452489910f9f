"""A writer in its own process: `LOG NAME COUNT [CHECKPOINT]`. It prints the sha256 of each line.

Every third event is large, so that a kill has a chance to hit a write.
"""

import sys
from pathlib import Path

from audit_logs import intent

from assist_escalation.audit.log import AuditLog

path, name, number = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
log = AuditLog(path, key=b"k" * 32, checkpoint=Path(sys.argv[4]) if len(sys.argv) > 4 else None)
for index in range(number):
    content = "x" * 400_000 if index % 3 == 2 and len(sys.argv) > 4 else ""
    print(log.append("intent", intent(f"{name}-{index}", content=content)), flush=True)
