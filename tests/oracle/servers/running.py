"""All servers of the matrix, running."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from tests.oracle.servers.place import Place, Spot
from tests.oracle.servers.records import Server


@contextmanager
def running(servers: Sequence[Server]) -> Iterator[tuple[Place, list[Spot]]]:
    """Start them beside each other; they listen when the block begins, and are gone when it ends."""
    place = Place()
    try:
        spots = [place.spot(number, server) for number, server in enumerate(servers, start=1)]
        with ThreadPoolExecutor(max_workers=4) as starters:
            list(starters.map(lambda spot: spot.server.start(spot), spots))
        place.wait_for(spots)
        yield place, spots
    finally:
        place.close()
