"""The sensors of a Windows host."""

import sys

from javert.model.rule_id import NETWORK_RULES, RuleId
from javert.probes.plan import conversation
from javert.sensors.interface import Sensor, SensorOptions
from javert.sensors.own_flows import OwnFlows
from javert.sensors.probe_connection import OneNamespace
from javert.sensors.probing import Overheard, ProbingSensor
from javert.sensors.windows.host import network
from javert.sensors.windows.listeners import ListenerBook
from javert.sensors.windows.network import WindowsNetworkSensor, WindowsPorts
from javert.sensors.windows.payload import PayloadReader
from javert.sensors.windows.processes import ProcessTable
from javert.sensors.windows.trace_session import TraceSession

assert sys.platform == "win32"

from javert.sensors.windows.advapi32 import Advapi32  # noqa: E402 - there is none elsewhere
from javert.sensors.windows.iphlpapi import SocketTables  # noqa: E402
from javert.sensors.windows.rcvall import open_socket  # noqa: E402
from javert.sensors.windows.services import running_services  # noqa: E402


def windows_sensors(options: SensorOptions) -> tuple[Sensor, ...]:
    """The sensors for the rules that were asked for, in the order in which they start."""
    if not frozenset(options.rules).intersection(NETWORK_RULES):
        return ()
    own = OwnFlows()
    processes = ProcessTable()
    listeners = ListenerBook(SocketTables(), processes, running_services, own)
    ports = WindowsPorts(
        network=network,
        trace=lambda: TraceSession(Advapi32()),
        payload=lambda: PayloadReader(open_socket),
    )
    watching = WindowsNetworkSensor(ports, listeners, processes, own)
    if options.probes is None or RuleId.INSECURE_SERVER_PROTOCOL not in options.rules:
        return (watching,)
    probes = ProbingSensor(OneNamespace(), own, conversation, options.planned_s, options.probes)
    return (Overheard(watching, probes), probes)
