"""A command hook that writes its input down and decides nothing: `hook_log.py FILE` (one JSON object per line).

Standard library only; started with `-IS`. Hooks run at the same time: one appending write per event keeps lines whole.
"""

import json
import os
import sys

event = json.load(sys.stdin)
file = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
os.write(file, json.dumps(event).encode() + b"\n")
print("{}")
