"""What a run needs of the operating system, done as each one does it: privilege, signals, locks, private files."""

import sys

if sys.platform == "win32":
    from javert.assessment.windows import (
        ENDING_SIGNALS,
        PRIVATE,
        UNPRIVILEGED,
        default_state_directory,
        make_private_directory,
        others_can_replace_entries,
        others_can_write,
        owned,
        privileged,
        release_for_replacement,
        sync_directory,
        try_lock,
    )
else:
    from javert.assessment.posix import (
        ENDING_SIGNALS,
        PRIVATE,
        UNPRIVILEGED,
        default_state_directory,
        make_private_directory,
        others_can_replace_entries,
        others_can_write,
        owned,
        privileged,
        release_for_replacement,
        sync_directory,
        try_lock,
    )

__all__ = [
    "ENDING_SIGNALS",
    "PRIVATE",
    "UNPRIVILEGED",
    "default_state_directory",
    "make_private_directory",
    "others_can_replace_entries",
    "others_can_write",
    "owned",
    "privileged",
    "release_for_replacement",
    "sync_directory",
    "try_lock",
]
