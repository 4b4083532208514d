"""From which address of this host to which a service is asked."""

from ipaddress import ip_address
from typing import NamedTuple

from javert.formats.addresses import is_loopback, is_unspecified

_LOOPBACK, _APART, _LOOPBACK_IPV6 = "127.0.0.1", "127.0.0.2", "::1"


class Route(NamedTuple):
    """Where a connection comes from and where it goes; both addresses are this host's own."""

    source: str
    target: str

    @property
    def ipv6(self) -> bool:
        """Whether it goes over IPv6."""
        return ":" in self.target


def routes(
    address: str,
    *,
    dual_stack: bool,
    others: tuple[str, ...],
    from_its_own_address: bool = False,
    from_localhost: bool = False,
) -> tuple[Route, ...]:
    """The ways to a service, the one to try first first.

    Args:
        address: where it listens; "0.0.0.0" and "::" mean every address.
        dual_stack: it listens on "::" and takes IPv4 too.
        others: the addresses of its network namespace.
        from_its_own_address: come from the address that it listens on. Else from another one where there is one:
            many servers trust a client on their own address, and what they demand of others is the question.
        from_localhost: come from 127.0.0.1 or ::1, and from nowhere else.
    """
    found: list[Route] = []
    for target in _targets(address, dual_stack, others):
        if from_localhost:
            found.append(Route(_LOOPBACK_IPV6 if ":" in target else _LOOPBACK, target))
            continue
        if not from_its_own_address:
            found.extend(Route(source, target) for source in _apart(target, others))
        found.append(Route(target, target))
    return tuple(found)


def _targets(address: str, dual_stack: bool, others: tuple[str, ...]) -> tuple[str, ...]:
    if not is_unspecified(address):
        return (address,)
    ipv4 = [_LOOPBACK] if address == "0.0.0.0" or dual_stack else []  # noqa: S104 - compared with, not bound
    ipv6 = [_LOOPBACK_IPV6] if address == "::" else []
    # A namespace whose loopback interface is down may still be reached by another of its addresses.
    rest = [one for one in others if not is_loopback(one) and (":" in one) == (address == "::")]
    return (*ipv4, *ipv6, *rest[:1])


def _apart(target: str, others: tuple[str, ...]) -> tuple[str, ...]:
    if ":" not in target:
        return (_LOOPBACK if target == _APART else _APART,)
    fitting = [one for one in others if ":" in one and one not in (target, _LOOPBACK_IPV6)]
    return tuple(one for one in fitting if not ip_address(one).is_link_local)[:1]
