"""SNMP of three versions."""

from collections.abc import Callable

import pytest

from javert.model.telemetry import Encryption, Transport
from javert.protocols.interface import Protocol, Verdict

Play = Callable[..., Verdict]

# SEQUENCE, INTEGER version, OCTET STRING "public", GetRequest { id 1, no error, no error, sysDescr.0 }
BODY = "0406 7075626c6963 a019 020101 020100 020100 300e 300c 0608 2b06010201010100 0500"
V1 = bytes.fromhex("3026 020100" + BODY)
V2C = bytes.fromhex("3026 020101" + BODY)


def version3(flags: str) -> bytes:
    # SEQUENCE, INTEGER 3, SEQUENCE { msgID 1, msgMaxSize 65507, msgFlags, USM }, OCTET STRING, …
    return bytes.fromhex(f"3019 020103 300e 020101 020300ffe3 0401{flags} 020103 0400 0402 3000")


@pytest.mark.parametrize(("message", "protocol"), [(V1, Protocol.SNMPV1), (V2C, Protocol.SNMPV2C)])
@pytest.mark.parametrize("transport", list(Transport))
def test_community_versions(verdict_of: Play, message: bytes, protocol: Protocol, transport: Transport) -> None:
    verdict = verdict_of(("C", message), transport=transport)
    assert (verdict.protocol, verdict.encryption) == (protocol, Encryption.NONE)
    assert verdict.credentials_exposed


@pytest.mark.parametrize(
    ("flags", "encryption"), [("04", Encryption.NONE), ("01", Encryption.NONE), ("03", Encryption.FULL)]
)
def test_version_3_is_encrypted_only_with_the_privacy_flag(
    verdict_of: Play, flags: str, encryption: Encryption
) -> None:
    verdict = verdict_of(("C", version3(flags)), transport=Transport.UDP)
    assert (verdict.protocol, verdict.encryption) == (Protocol.SNMPV3, encryption)
    assert not verdict.credentials_exposed


def test_a_discovery_in_the_clear_does_not_hide_the_privacy_that_follows(verdict_of: Play) -> None:
    turns = [("C", version3("04")), ("S", version3("00")), ("C", version3("07"))]
    assert verdict_of(*turns, transport=Transport.UDP).encryption is Encryption.FULL


def test_over_tcp_messages_follow_each_other_without_a_mark(verdict_of: Play) -> None:
    both = version3("04") + version3("07")
    assert verdict_of(("C", both)).encryption is Encryption.FULL
    assert verdict_of(("C", both[: len(both) // 2])).encryption is Encryption.NONE
    assert verdict_of(("C", V2C + V2C), ("S", V2C[:5])).protocol is Protocol.SNMPV2C


@pytest.mark.parametrize(
    "message",
    [
        V1.replace(b"\x02\x01\x00\x04", b"\x02\x01\x07\x04"),  # no such version
        V1[:4] + b"\x00\x60" + V1[6:],  # LDAP's bind where the community should be
        bytes.fromhex("3003020100"),
        b"\x30" * 40,
    ],
)
def test_look_alikes(verdict_of: Play, message: bytes) -> None:
    assert not verdict_of(("C", message), transport=Transport.UDP).protocol.value.startswith("snmp")


def test_a_message_whose_lengths_do_not_add_up_is_none(verdict_of: Play) -> None:
    wrong = V1.replace(b"\xa0\x19", b"\xa0\x09")
    assert verdict_of(("C", wrong), transport=Transport.UDP).protocol is Protocol.UNKNOWN


def test_a_datagram_cut_by_a_short_capture_is_enough(verdict_of: Play) -> None:
    assert verdict_of(("C", V2C[:20]), transport=Transport.UDP).protocol is Protocol.SNMPV2C
