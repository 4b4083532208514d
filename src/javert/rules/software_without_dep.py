"""Rule ``software-without-dep``: executables and shared objects that do not support data execution prevention.

One finding a file. What the headers mean on this host is judged in ``javert.rules.stack_protection``; here it is
joined with the processes that run the file, and with processes whose stack was seen to be executable.
"""

import shlex
from collections import defaultdict
from collections.abc import Iterable, Mapping

from javert.model.assessment import Outcome
from javert.model.attributes import DepAttributes
from javert.model.draft import FindingDraft, RuleVerdict
from javert.model.rule_id import RuleId
from javert.model.telemetry import ElfFile, ElfKind, Limitation, Package, Process, ProcessKey
from javert.model.view import Telemetry
from javert.rules.interface import Rule
from javert.rules.stack_protection import MACHINES, SEGMENT, STACK_EXECUTABLE, Judgement, judge

_NAMED_PROCESSES = 5

_COMMANDS = {
    "dpkg": ("apt-get install --only-upgrade {}", "apt-get remove {}"),
    "rpm": ("dnf upgrade {}", "dnf remove {}"),
    "apk": ("apk upgrade {}", "apk del {}"),
    "pip": ("python3 -m pip install --upgrade {}", "python3 -m pip uninstall {}"),
    "npm": ("npm update {}", "npm uninstall {}"),
    "gem": ("gem update {}", "gem uninstall {}"),
    "snap": ("snap refresh {}", "snap remove {}"),
    "flatpak": ("flatpak update {}", "flatpak uninstall {}"),
}
"""How each package manager upgrades and removes."""


def evaluate(telemetry: Telemetry) -> RuleVerdict:
    """Judge every file that the scan, or a running process, brought up."""
    host = telemetry.started.host
    users = _Users(telemetry)
    findings: dict[tuple[str, ...], FindingDraft] = {}
    explained: set[ProcessKey] = set()
    harmless = 0
    for file in telemetry.elf_files:
        verdict = judge(file, kernel=host.kernel, libc=host.libc)
        if verdict is None:
            continue
        if not verdict.reasons:
            harmless += 1
            continue
        processes = users.of(file)
        if verdict.reasons != (SEGMENT,):
            explained.update(process.key for process in processes)
        draft = _finding(telemetry, file, verdict, processes)
        findings.setdefault(draft.identity, draft)
    for draft in (*_unexplained(telemetry, explained), *_host(telemetry)):
        findings.setdefault(draft.identity, draft)
    coverage = _coverage(telemetry, harmless)
    return RuleVerdict(
        outcome=_outcome(findings, coverage),
        findings=tuple(findings.values()),
        exclusions=_exclusions(telemetry),
        coverage=coverage,
    )


RULE = Rule(id=RuleId.SOFTWARE_WITHOUT_DEP, evaluate=evaluate)


class _Users:
    """Finds the processes that run a file: by the identity of what they have mapped, or by their program's path."""

    def __init__(self, telemetry: Telemetry) -> None:
        wanted = {(file.device, file.inode) for file in telemetry.elf_files}
        paths = {file.path for file in telemetry.elf_files}
        self._known = telemetry.processes
        self._by_identity: defaultdict[tuple[int, int], set[ProcessKey]] = defaultdict(set)
        self._by_path: defaultdict[str, set[ProcessKey]] = defaultdict(set)
        for module in telemetry.modules:
            if (identity := (module.device, module.inode)) in wanted:
                self._by_identity[identity].update(module.processes)
        for process in telemetry.processes.values():
            if process.exe in paths and not process.container:
                self._by_path[process.exe].add(process.key)

    def of(self, file: ElfFile) -> list[Process]:
        """By pid."""
        keys = self._by_identity[file.device, file.inode] or self._by_path[file.path]
        return [self._known.get(key) or Process(key=key, name="") for key in sorted(keys, key=lambda key: key.pid)]


def _finding(telemetry: Telemetry, file: ElfFile, verdict: Judgement, processes: list[Process]) -> FindingDraft:
    container = next((process.container for process in processes if process.container), "")
    origin = file.package.origin if file.package else "unpackaged" if file.ownership_known else ""
    cause = "+".join(reason if reason == SEGMENT else f"{reason}.{file.kind.value}" for reason in verdict.reasons)
    elsewhere = file.package is not None and (file.package.system or container)
    owner = "elsewhere" if elsewhere else origin or "unknown"
    return FindingDraft(
        identity=(file.path, container),
        text=f"software-without-dep.{cause}.{owner}.{'running' if processes else 'idle'}",
        params={
            "path": file.path,
            "quoted": shlex.quote(file.path),
            "machine": file.machine,
            "bits": str(file.bits),
            "processes": _named(processes),
            **_owner_params(file.package, container),
        },
        attributes=DepAttributes(
            path=file.path,
            reasons=verdict.reasons,
            machine=file.machine,
            bits=file.bits,
            kind=file.kind.value,
            origin=origin,
            package=file.package.name if file.package else "",
            vendor=file.package.vendor if file.package else "",
            running_pids=_pids(processes),
            loadable_by_glibc=verdict.loadable,
            kernel_makes_stack_executable=verdict.kernel_executable,
        ),
        first_seen=telemetry.started.started_at,
        last_seen=telemetry.ended_at,
    )


def _pids(processes: Iterable[Process]) -> tuple[int, ...]:
    """Each once: a process that became another program is two here, and one to the operator."""
    return tuple(dict.fromkeys(process.key.pid for process in processes))


def _unexplained(telemetry: Telemetry, explained: set[ProcessKey]) -> Iterable[FindingDraft]:
    """Programs whose stack was executable though no file that they were seen with asks for it."""
    groups: defaultdict[tuple[str, str], list[Process]] = defaultdict(list)
    for process in telemetry.processes.values():
        if process.executable_stack and process.key not in explained:
            groups[process.exe or process.name, process.container].append(process)
    for (path, container), processes in groups.items():
        processes.sort(key=lambda process: process.key.pid)
        yield FindingDraft(
            identity=(path, container, "live"),
            text="software-without-dep.live",
            params={"path": path, "processes": _named(processes)},
            attributes=DepAttributes(
                path=path,
                reasons=(STACK_EXECUTABLE,),
                machine="",
                bits=0,
                kind=ElfKind.EXECUTABLE.value,
                origin="",
                package="",
                vendor="",
                running_pids=_pids(processes),
                loadable_by_glibc=True,
                kernel_makes_stack_executable=False,
            ),
            first_seen=telemetry.started.started_at,
            last_seen=telemetry.ended_at,
        )


def _host(telemetry: Telemetry) -> Iterable[FindingDraft]:
    """The host itself, where nothing on it can be protected."""
    if not (cause := telemetry.started.host.no_execute_off):
        return
    processor = cause == "processor"
    yield FindingDraft(
        identity=("host",),
        text=f"software-without-dep.host.{'processor' if processor else 'parameter'}",
        params={"parameter": cause},
        attributes=DepAttributes(
            path="/proc/cpuinfo" if processor else "/proc/cmdline",
            reasons=("no-execute-off",),
            machine=telemetry.started.host.architecture,
            bits=0,
            kind="host",
            origin="",
            package="",
            vendor="",
            running_pids=(),
            loadable_by_glibc=True,
            kernel_makes_stack_executable=True,
        ),
        first_seen=telemetry.started.started_at,
        last_seen=telemetry.ended_at,
    )


def _exclusions(telemetry: Telemetry) -> tuple[Limitation, ...]:
    if not telemetry.started.host.no_execute_off:
        return ()
    return (Limitation(code="no-execute-off", rules=(RuleId.SOFTWARE_WITHOUT_DEP,)),)


def _named(processes: list[Process]) -> str:
    names = [f"{process.name or '?'} ({process.key.pid})" for process in processes[:_NAMED_PROCESSES]]
    more = len(processes) - len(names)
    return ", ".join(names) + (f", … (+{more})" if more else "")


def _owner_params(package: Package | None, container: str) -> dict[str, str]:
    if package is None:
        return {}
    name = shlex.quote(package.name)
    upgrade, remove = _COMMANDS.get(package.manager, ("{}", "{}"))
    return {
        "package": f"{package.name} {package.version}".rstrip(),
        "vendor": package.vendor or package.name,
        "upgrade": upgrade.format(name),
        "remove": remove.format(name),
        "system": package.system or container,
    }


def _coverage(telemetry: Telemetry, harmless: int) -> dict[str, int | float | str | bool]:
    scans = telemetry.scans
    machines: dict[str, int] = defaultdict(int)
    for scan in scans:
        for machine, count in scan.machines.items():
            machines[machine] += count
    elf = sum(scan.elf for scan in scans)
    judged = sum(count for machine, count in machines.items() if machine in MACHINES)
    return {
        "files": sum(scan.files for scan in scans),
        "candidates": sum(scan.candidates for scan in scans),
        "unchanged_since_earlier_scan": sum(scan.remembered for scan in scans),
        "elf": elf,
        "judged": judged,
        "not_judged": elf - judged,
        **_not_judged(machines),
        "mapped": sum(scan.mapped for scan in scans),
        "damaged": sum(scan.damaged for scan in scans),
        "header_missing_without_effect": harmless,
        "finished": bool(scans) and all(scan.finished for scan in scans),
    }


def _not_judged(machines: Mapping[str, int]) -> dict[str, int]:
    return {
        f"not_judged_{machine}": count for machine, count in sorted(machines.items()) if machine not in MACHINES
    }


def _outcome(findings: Mapping[tuple[str, ...], FindingDraft], coverage: Mapping[str, object]) -> Outcome:
    if findings:
        return Outcome.FINDING
    if not coverage["files"] and not coverage["mapped"]:
        return Outcome.NOT_AVAILABLE
    return Outcome.CLEAR if coverage["judged"] or coverage["mapped"] else Outcome.NOT_APPLICABLE
