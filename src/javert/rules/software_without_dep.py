"""Rule ``software-without-dep``: executables and shared objects that do not support data execution prevention.

One finding a file. What the headers mean on this host is judged in ``javert.rules.stack_protection``; here it is
joined with the processes that run the file, and with processes whose stack was seen to be executable.
"""

import re
import shlex
from collections import defaultdict
from collections.abc import Iterable, Mapping

from javert.model.assessment import Outcome
from javert.model.attributes import DepAttributes
from javert.model.draft import FindingDraft, RuleVerdict
from javert.model.rule_id import RuleId
from javert.model.telemetry import ElfFile, Limitation, Package, Process, ProcessKey, StackHeader
from javert.model.view import Telemetry
from javert.rules.interface import Rule
from javert.rules.live_memory import CodeMemory, code_memory, named, not_told_apart, pids, unexplained_protection
from javert.rules.stack_protection import HEADER_MISSING, MACHINES, SEGMENT, Judgement, judge, threads_unprotected

_IN_LAYER = re.compile(r"/(?:overlay2?/[0-9a-z]+/diff|snapshots/\d+/fs)(/.*)$", re.DOTALL)
"""A path in a layer of Docker, Podman or containerd, and what it is for those who see the layer."""

_KERNELS_OWN = re.compile(r"^(?:/usr)?/lib/modules/[^/]+/vdso/[^/]+$")
"""Copies of the object that the kernel maps out of its own image (vdso(7)); they are there for debuggers."""

_COMMANDS = {
    "dpkg": ("apt-get install --only-upgrade {}", "apt-get remove {}"),
    "rpm": ("dnf upgrade {}", "rpm --erase {}"),
    "rpm of SUSE": ("zypper update {}", "rpm --erase {}"),
    "apk": ("apk upgrade {}", "apk del {}"),
    "pip": ("{python} -m pip install --upgrade {}", "{python} -m pip uninstall {}"),
    "npm": ("npm --prefix {tree} update {}", "npm --prefix {tree} uninstall {}"),
    "npm for all": ("npm --global --prefix {tree} update {}", "npm --global --prefix {tree} uninstall {}"),
    "gem": ("gem install --install-dir {tree} {}", "gem uninstall --install-dir {tree} {}"),
    "snap": ("snap refresh {}", "snap remove {}"),
    "flatpak": ("flatpak update {}", "flatpak uninstall {}"),
}
"""How each package manager upgrades and removes."""

_TREES = {
    "pip": re.compile(r"^(.*?)(?:/lib(?:64)?/python[^/]*)?/(?:site|dist)-packages/", re.DOTALL),
    "npm": re.compile(r"^(.*?)/node_modules/", re.DOTALL),
    "npm for all": re.compile(r"^(.*?)/lib/node_modules/", re.DOTALL),
    "gem": re.compile(r"^(.*)/(?:gems|extensions/[^/]+/[^/]+)/[^/]+/", re.DOTALL),
}
"""Where each manager of a language keeps a file: the directory that its command has to be told."""


def evaluate(telemetry: Telemetry) -> RuleVerdict:
    """Judge every file that the scan, or a running process, brought up, and what running processes show."""
    host = telemetry.started.host
    users = _Users(telemetry)
    findings: dict[tuple[str, ...], FindingDraft] = {}
    headerless: list[tuple[ElfFile, list[Process]]] = []
    harmless = 0
    stack: set[ProcessKey] = set()
    everything: set[ProcessKey] = set()
    shown = _as_containers_show_them(telemetry.elf_files)
    copies = {(copy.device, copy.inode) for several in shown.values() for copy in several}
    for file in telemetry.elf_files:
        if (file.device, file.inode) in copies:
            continue
        processes = users.of(file, *shown[file.device, file.inode])
        libc = host.libc if _is_hosts(file, processes) else ""
        verdict = judge(file, kernel=host.kernel, libc=libc)
        if verdict is None:
            continue
        if not verdict.reasons or (_KERNELS_OWN.match(file.path) and not processes):
            harmless += file.stack is StackHeader.MISSING
            if threads_unprotected(file, libc=libc):
                headerless.append((file, processes))
            continue
        if verdict.reasons != (SEGMENT,):
            stack.update(process.key for process in processes)
        if verdict.kernel_executable:
            everything.update(process.key for process in processes)
        draft = _finding(telemetry, file, verdict, processes)
        findings.setdefault(draft.identity, draft)
    memory = code_memory(
        telemetry, without_header={each.key for _, processes in headerless for each in processes}, explained=stack
    )
    for draft in (
        *_threads(telemetry, headerless, memory),
        *unexplained_protection(telemetry, stack=stack, everything=everything),
        *_host(telemetry),
    ):
        findings.setdefault(draft.identity, draft)
    coverage = _coverage(telemetry, harmless, memory)
    return RuleVerdict(
        outcome=_outcome(findings, coverage),
        findings=tuple(findings.values()),
        exclusions=(*_exclusions(telemetry), *not_told_apart(telemetry.processes, memory)),
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

    def of(self, file: ElfFile, *copies: ElfFile) -> list[Process]:
        """Those of the file and of what else it is called, by pid."""
        keys = self._by_identity[file.device, file.inode] or self._by_path[file.path]
        keys = keys.union(*(self._by_identity[copy.device, copy.inode] for copy in copies))
        return [self._known.get(key) or Process(key=key, name="") for key in sorted(keys, key=lambda key: key.pid)]


def _as_containers_show_them(files: Iterable[ElfFile]) -> defaultdict[tuple[int, int], list[ElfFile]]:
    """For each file in an image's layer, by device and inode, the records of the same file seen from containers.

    An overlay shows a file with the layer's inode number, and a device number of its own (Linux,
    filesystems/overlayfs.rst, "Inode properties").
    """
    layers = {(file.inode, match[1]): file for file in files if (match := _IN_LAYER.search(file.path))}
    shown: defaultdict[tuple[int, int], list[ElfFile]] = defaultdict(list)
    for file in files:
        layer = layers.get((file.inode, file.path))
        if layer is not None and layer.device != file.device:
            shown[layer.device, layer.inode].append(file)
    return shown


def _threads(
    telemetry: Telemetry, headerless: Iterable[tuple[ElfFile, list[Process]]], memory: CodeMemory
) -> Iterable[FindingDraft]:
    """Programs without the header whose stack the kernel protects, but not glibc those of their threads."""
    for file, processes in headerless:
        seen = [process for process in processes if process.key in memory.threads]
        if seen:
            verdict = Judgement((HEADER_MISSING,), kernel_executable=False, loadable=True)
            yield _finding(telemetry, file, verdict, seen, cause="threads")


def _finding(
    telemetry: Telemetry, file: ElfFile, verdict: Judgement, processes: list[Process], cause: str = ""
) -> FindingDraft:
    layer = _IN_LAYER.search(file.path)
    running_in = next((process.container for process in processes if process.container), "")
    container = file.container or ("" if layer else running_in)
    image = file.image or (file.path[: layer.start(1)] if layer else "")
    origin = file.package.origin if file.package else "unpackaged" if file.ownership_known else ""
    cause = cause or "+".join(
        reason if reason == SEGMENT else f"{reason}.{file.kind.value}" for reason in verdict.reasons
    )
    owner = _owner(file, image, container, origin)
    return FindingDraft(
        identity=(file.path, container, "elsewhere") if file.elsewhere else (file.path, container),
        text=f"software-without-dep.{cause}.{owner}.{'running' if processes else 'idle'}",
        params={
            "path": file.path,
            "quoted": shlex.quote(file.path),
            "machine": file.machine,
            "bits": str(file.bits),
            "processes": named(processes),
            "image": image,
            "container": container,
            **_owner_params(file, container),
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
            running_pids=pids(processes),
            loadable_by_glibc=verdict.loadable,
            kernel_makes_stack_executable=verdict.kernel_executable,
            image=file.image,
            container=container,
        ),
        first_seen=telemetry.started.started_at,
        last_seen=telemetry.ended_at,
    )


def _is_hosts(file: ElfFile, processes: Iterable[Process]) -> bool:
    """Whether the host's own C library loads it: a container or a system below a directory may have another."""
    elsewhere = (
        file.image or file.container or _IN_LAYER.search(file.path) or (file.package and file.package.system)
    )
    return not elsewhere and not any(process.container for process in processes)


def _owner(file: ElfFile, image: str, container: str, origin: str) -> str:
    """Which of the catalogue's owners it has: who is to deal with it, and where."""
    if image and not container:
        return "image-package" if file.package else "image"
    if file.package is not None:
        own = "replaced" if file.elsewhere else "tree" if file.package.manager in _TREES else origin
        return "elsewhere" if file.package.system or container else own
    if file.elsewhere and origin and not container:
        return "not-here"
    return "container" if container and origin else origin or "unknown"


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


def _owner_params(file: ElfFile, container: str) -> dict[str, str]:
    package = file.package
    if package is None:
        return {}
    name = f"{package.name}:{package.architecture}" if package.architecture else package.name
    manager, where = _manager(package, file.path)
    upgrade, remove = _COMMANDS.get(manager, ("{}", "{}"))
    values = {"tree": shlex.quote(where), "python": shlex.quote(_python(where))}
    return {
        "package": f"{name} {package.version}".rstrip(),
        "vendor": package.vendor or package.name,
        "manager": package.manager,
        "tree": where,
        "upgrade": upgrade.format(shlex.quote(name), **values),
        "remove": remove.format(shlex.quote(name), **values),
        "system": container or package.system,
    }


def _manager(package: Package, path: str) -> tuple[str, str]:
    """Which row of ``_COMMANDS`` speaks of the package, and the directory in which its manager keeps it."""
    manager = package.manager
    if manager == "rpm" and "suse" in package.vendor.casefold():
        return "rpm of SUSE", ""
    if manager == "npm" and (match := _TREES["npm for all"].match(path)):
        return "npm for all", match[1]
    pattern = _TREES.get(manager)
    match = pattern.match(path) if pattern else None
    return manager, match[1] if match else ""


def _python(prefix: str) -> str:
    """The interpreter of an environment; users' own packages belong to the system's."""
    shared = prefix in ("", "/usr", "/usr/local", "/usr/lib", "/usr/lib/python3") or prefix.endswith("/.local")
    return "python3" if shared else f"{prefix}/bin/python3"


def _coverage(telemetry: Telemetry, harmless: int, memory: CodeMemory) -> dict[str, int | float | str | bool]:
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
        "processes_with_just_in_time_compiler": len(memory.compiled),
        "processes_with_unexplained_code_memory": len(memory.unexplained),
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
