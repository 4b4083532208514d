"""Moments as results write them."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment(seconds: float) -> datetime:
    """Seconds since the epoch as a date and time in UTC.

    Raises:
        OverflowError: it is before the year 1 or after 9999.
    """
    # datetime.fromtimestamp would ask the C library, and Windows' refuses what was before 1970.
    return _EPOCH + timedelta(seconds=seconds)


def timestamp(seconds: float) -> str:
    """Seconds since the epoch as RFC 3339 in UTC, to the millisecond; errors as of ``moment``."""
    return moment(seconds).isoformat(timespec="milliseconds").replace("+00:00", "Z")
