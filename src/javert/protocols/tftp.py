"""TFTP: requests, and transfers, which go on between new ports.

References: RFC 1350 5 (packets), RFC 2347 (option acknowledgment), RFC 2348 (block size).
"""

import re
from itertools import pairwise

from javert.model.telemetry import Encryption
from javert.protocols.conversation import Conversation, Reading
from javert.protocols.interface import Protocol, Verdict

_READING = Reading(Verdict(protocol=Protocol.TFTP, encryption=Encryption.NONE), final=True)
_REQUEST = re.compile(
    rb"\x00[\x01\x02][^\x01-\x1f]{0,255}?\x00(?:netascii|octet|mail)\x00(?:[ -~]{1,64}\x00[ -~]{1,64}\x00)*", re.I
)
_OPTIONS = re.compile(rb"\x00\x06(?:[A-Za-z]{2,32}\x00[0-9]{1,20}\x00)+\Z")
_ERROR = re.compile(rb"\x00\x05\x00[\x00-\x08][^\x00]*\x00\Z")
_REFUSAL = re.compile(rb"\x00\x05\x00[\x00-\x08][\t -~]{4,256}\x00\Z")


def identify(talk: Conversation) -> Reading | None:
    """A read or write request, or data blocks from one side that the other acknowledges by number.

    Where one side alone was seen, two blocks that follow each other are needed, or an error with a message: a
    request that is refused is answered so, from a new port. Too short: never.
    """
    first = talk.opening or talk.greeting
    if _REQUEST.match(first):
        return _READING
    datagrams = (*talk.client, *talk.server)
    if all(datagram == datagrams[0] for datagram in datagrams) and _REFUSAL.match(datagrams[0]):
        return _READING
    for sender, receiver in ((talk.client, talk.server), (talk.server, talk.client)):
        if _transfer(sender, receiver):
            return _READING
    return None


def _transfer(sender: tuple[bytes, ...], receiver: tuple[bytes, ...]) -> bool:
    options = bool(sender) and _OPTIONS.match(sender[0]) is not None
    blocks = [datagram for datagram in sender if datagram[:2] == b"\x00\x03" and len(datagram) >= 4]
    acknowledgments = [datagram[2:4] for datagram in receiver if datagram[:2] == b"\x00\x04" and len(datagram) == 4]
    if len(blocks) + options < len(sender) - sum(1 for datagram in sender if _ERROR.match(datagram)):
        return False
    if any(datagram[:2] not in (b"\x00\x04", b"\x00\x05", b"\x00\x06") for datagram in receiver):
        return False
    numbers = [datagram[2] << 8 | datagram[3] for datagram in blocks]
    in_order = (
        bool(numbers) and numbers[0] <= 2 and all(0 <= later - earlier <= 1 for earlier, later in pairwise(numbers))
    )
    if not in_order:
        return options and bool(acknowledgments or not receiver)
    size = len(blocks[0])
    if any(len(block) != size for block in blocks[:-1]):
        return False
    if receiver:
        return bool(acknowledgments) and numbers[0] <= int.from_bytes(acknowledgments[-1], "big") + 1
    return numbers[-1] > numbers[0] and size >= 12
