"""The flows of a capture on their way to the report: millions of them must not be in memory."""

import hashlib
import tempfile
from collections.abc import Iterator
from types import TracebackType

from javert.errors import JavertError
from javert.model.assessment import FlowSummary
from javert.model.codec import decode_flow, encode_flow

_IN_MEMORY = 4 << 20
_CHUNK = 1 << 16


class FlowSpool:
    """Flows in a temporary file that has no name, one a line, so that nothing is left behind however Javert ends.

    Used as a context manager. It is filled first and read afterwards, as often as wanted.
    """

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - __exit__ closes it
        self._pending: list[bytes] = []
        self._pending_bytes = 0
        self._digest = hashlib.sha256()
        self._count = 0

    def __enter__(self) -> "FlowSpool":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pending.clear()
        self._file.close()

    def append(self, flow: FlowSummary) -> None:
        """Keep a flow.

        Raises:
            JavertError: there is no room for it.
        """
        line = encode_flow(flow)
        self._pending.append(line)
        self._pending_bytes += len(line)
        self._count += 1
        if self._pending_bytes >= _CHUNK:
            self._write()

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[FlowSummary]:
        self._write()
        self._file.seek(0)
        for line in self._file:
            yield decode_flow(line)

    @property
    def digest(self) -> str:
        """SHA-256 of the flows so far, hexadecimal: the same for the same flows in the same order."""
        self._write()
        return self._digest.hexdigest()

    def _write(self) -> None:
        if not self._pending:
            return
        data = b"\n".join((*self._pending, b""))
        self._pending.clear()
        self._pending_bytes = 0
        self._digest.update(data)
        try:
            self._file.write(data)
        except OSError as error:
            raise JavertError(
                f"cannot keep the flows of the capture in {tempfile.gettempdir()}: {error.strerror}; make room "
                "there, or name another directory in TMPDIR"
            ) from None
