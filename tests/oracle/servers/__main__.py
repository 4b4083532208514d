"""``python -m tests.oracle.servers`` prints the table of servers; with ``--write`` it puts it into the docs."""

import sys

from tests.oracle.servers.documentation import DOCUMENT, rendered, table

if sys.argv[1:] == ["--write"]:
    DOCUMENT.write_text(rendered(DOCUMENT.read_text()))
else:
    print(table(), end="")
