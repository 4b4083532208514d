"""The sensors of a Linux host, each with what takes over where the kernel refuses it."""

from pathlib import Path

from javert.model.rule_id import MODULE_RULES, NETWORK_RULES, RuleId
from javert.probes.plan import conversation
from javert.sensors.fallback import WithFallback
from javert.sensors.interface import Sensor, SensorOptions
from javert.sensors.linux.clock import BootClock
from javert.sensors.linux.command_lines import arguments_of
from javert.sensors.linux.files import FileScanSensor
from javert.sensors.linux.libbpf import cgroup2_mount
from javert.sensors.linux.modules import BpfModuleSensor
from javert.sensors.linux.mysql_settings import demands_tls
from javert.sensors.linux.network import BpfNetworkSensor
from javert.sensors.linux.permissions import PathWalker
from javert.sensors.linux.pid_namespace import is_initial
from javert.sensors.linux.polling_modules import PollingModuleSensor
from javert.sensors.linux.polling_network import PollingNetworkSensor
from javert.sensors.linux.probe_sockets import NamespacedSockets
from javert.sensors.linux.processes import ProcessTable
from javert.sensors.linux.scripts import SCRIPT_RULES, BpfScriptSensor, PollingScriptSensor
from javert.sensors.own_flows import OwnFlows
from javert.sensors.probing import Overheard, ProbingSensor


def linux_sensors(options: SensorOptions) -> tuple[Sensor, ...]:
    """The sensors for the rules that were asked for, in the order in which they start.

    The file scan starts before the modules' sensor and so stops after it: what is mapped is read by the scan.
    """
    rules = frozenset(options.rules)
    clock = BootClock()
    own = OwnFlows()
    table = ProcessTable(cgroup2_mount(Path("/proc/self/mounts").read_text("utf-8", "replace")))
    walker = PathWalker()
    sensors: list[Sensor] = []
    if rules.intersection(NETWORK_RULES):
        network: Sensor = WithFallback(
            BpfNetworkSensor(table, clock, own),
            PollingNetworkSensor(table, own),
            "connections-polled",
            NETWORK_RULES,
            blinds=True,
        )
        if options.probes is not None and RuleId.INSECURE_SERVER_PROTOCOL in rules:
            probes = ProbingSensor(
                NamespacedSockets(),
                own,
                conversation,
                options.planned_s,
                options.probes,
                arguments=arguments_of,
                demands_tls=demands_tls,
            )
            sensors += [Overheard(network, probes), probes]
        else:
            sensors.append(network)
    scan = FileScanSensor(options) if RuleId.SOFTWARE_WITHOUT_DEP in rules else None
    if scan is not None:
        sensors.append(scan)
    if rules.intersection(MODULE_RULES):
        sensors.append(
            WithFallback(
                BpfModuleSensor(table, clock, rules, scan, walker),
                PollingModuleSensor(table, rules, scan, walker),
                "modules-polled",
                (RuleId.ROOT_PROCESS_INSECURE_PERMISSIONS,),
                blinds=not is_initial(),
            )
        )
    if rules.intersection(SCRIPT_RULES):
        sensors.append(
            WithFallback(
                BpfScriptSensor(table, clock, walker),
                PollingScriptSensor(table, walker),
                "scripts-polled",
                SCRIPT_RULES,
                blinds=False,
            )
        )
    return tuple(sensors)
