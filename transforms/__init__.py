"""What happens to a row between a department's file and the release, room by room."""

import os

# Arrow reads this when it is first loaded. Its usual pool takes memory in huge pages that the kernel has to clear: that
# costs rooms that move wide tables a fifth of their processor time. Whoever sets another pool keeps it.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "jemalloc")
