"""Rule ``root-process-insecure-permissions``: a root process loaded what someone other than root can change."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from javert.model.assessment import Outcome
from javert.model.attributes import RootModuleAttributes, Way
from javert.model.draft import FindingDraft, RuleVerdict
from javert.model.rule_id import RuleId
from javert.model.telemetry import Limitation, Module, ModuleKind, PathNode, Process
from javert.model.view import Telemetry
from javert.rules.interface import Rule
from javert.rules.modifiability import changes
from javert.rules.remedies import ways
from javert.rules.subjects import Population
from javert.rules.who import summarize

_ID = RuleId.ROOT_PROCESS_INSECURE_PERMISSIONS
_MAX_PROCESSES = 100
_MAX_NAMED = 5
_MAX_EXAMPLES = 3
_SEARCHED_KINDS = {"python-path": ModuleKind.SCRIPT, "interpreter": ModuleKind.INTERPRETER}
_NAMELESS = ("/memfd:", "/dev/zero", "/SYSV")
"""Files in memory that never had a name (memfd_create(2), shared anonymous memory): nobody else can open them."""


class _Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the way to a module says of it.

    Attributes:
        judged: the whole way was looked at.
        foreign: a network or user-space file system on the way, which decides by rules of its own.
        protected: only a read-only mount or an attribute (chattr(1)) keeps others from changing it.
    """

    ways: tuple[Way, ...] = ()
    judged: bool = True
    foreign: PathNode | None = None
    protected: bool = False


class _Loaded(msgspec.Struct, kw_only=True):
    """One module file, however often and by whomever it was loaded.

    Attributes:
        searched_by: for a file that is looked for, and need not exist, the modules on behalf of which it is; none
            for a module that was loaded.
        imported: not the dynamic loader looks there, but an interpreter.
    """

    container: str
    path: str
    modules: list[Module] = []
    processes: dict[tuple[int, int], Process] = {}
    searched_by: list[str] = []
    imported: bool = False


def evaluate(telemetry: Telemetry) -> RuleVerdict:
    """Judge every module that a process was seen to load as root."""
    loaded = _loaded_by_root(telemetry)
    judge = _Judge(telemetry)
    findings: list[FindingDraft] = []
    judged = protected = 0
    unseen: list[str] = []
    foreign: dict[tuple[str, str], list[str]] = defaultdict(list)
    told: set[tuple[str, Way]] = set()
    for file in (*loaded, *_searched_for_root(telemetry, loaded)):
        answers = [judge.answer(module) for module in file.modules]
        found = tuple(dict.fromkeys(way for answer in answers for way in answer.ways))
        if found and not (file.searched_by and told.issuperset((file.container, way) for way in found)):
            findings.append(_finding(file, found))
            told.update((file.container, way) for way in found)
        remote = next((answer.foreign for answer in answers if answer.foreign), None)
        if remote is not None:
            foreign[remote.path, remote.file_system].append(_name(file))
        elif not all(answer.judged for answer in answers):
            unseen.append(_name(file))
        elif not file.searched_by:
            judged += 1
            protected += not found and any(answer.protected for answer in answers)
    return RuleVerdict(
        outcome=_outcome(bool(findings), bool(judged)),
        findings=tuple(findings),
        exclusions=tuple(_exclusions(unseen, foreign)),
        coverage={
            "root_processes": len({key for file in loaded for key in file.processes}),
            "modules": len(loaded),
            "modules_judged": judged,
            "modules_safe_only_by_read_only_mount_or_attribute": protected,
        },
    )


RULE = Rule(id=_ID, evaluate=evaluate)


class _Judge:
    """Judges ways, each of them once: a host's modules share few directories and most processes share modules."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._nodes = telemetry.path_nodes
        self._host = Population(telemetry.principals)
        self._inside = {
            namespace: Population(msgspec.structs.replace(inside, running=telemetry.principals.running))
            for namespace, inside in telemetry.principals_inside.items()
        }
        self._known: dict[tuple[int, tuple[str, ...], int | None], _Answer] = {}

    def answer(self, module: Module) -> _Answer:
        """What the file at the module's path is now, and whose the mapped file is if that is another one."""
        if module.deleted and module.path.startswith(_NAMELESS):
            answer = _Answer()
        else:
            owner_once = max(module.mapped_uid, 0) if module.deleted else None
            key = module.mount_namespace, module.way, owner_once
            if key not in self._known:
                self._known[key] = self._judge(*key)
            answer = self._known[key]
        if module.deleted and module.mapped_uid > 0:
            owner = self._inside.get(module.mount_namespace, self._host).user(module.mapped_uid)
            mapped = Way(path=module.path, reason="owner", principals=(owner,))
            return msgspec.structs.replace(answer, ways=(*answer.ways, mapped))
        return answer

    def _judge(self, namespace: int, way: tuple[str, ...], owner_once: int | None) -> _Answer:
        nodes = [self._nodes[namespace, path] for path in way if (namespace, path) in self._nodes]
        if not way or len(nodes) < len(way):
            return _Answer(judged=False)
        if owner_once is not None and nodes[-1].kind == "missing":
            # It was there when it was loaded: who could have replaced it counts, not who could make another.
            nodes[-1] = msgspec.structs.replace(nodes[-1], kind="file", uid=owner_once, gid=0, mode=0o600)
        population = self._inside.get(namespace, self._host)
        found = ways(nodes, population)
        return _Answer(
            ways=found,
            foreign=next((node for node in nodes if node.file_system), None),
            protected=not found and _lifted(nodes, population),
        )


def _lifted(nodes: Sequence[PathNode], population: Population) -> bool:
    """Whether somebody could change it if nothing were mounted read-only, immutable or append-only."""
    bare = [msgspec.structs.replace(node, read_only=False, immutable=False, append_only=False) for node in nodes]
    if bare == list(nodes):
        return False
    return any(any(changes(bare, subject)) for subject in population.subjects(bare))


def _loaded_by_root(telemetry: Telemetry) -> list[_Loaded]:
    """The module files that processes had while they were root's, in a fixed order."""
    files: dict[tuple[str, str], _Loaded] = {}
    for module in telemetry.modules:
        processes = [telemetry.processes.get(key) or Process(key=key, name="") for key in module.root_processes]
        processes.sort(key=lambda process: process.root)  # one that gave root up is shown as what it was before
        for container in {process.container for process in processes}:
            file = files.setdefault(
                (container, module.path),
                _Loaded(container=container, path=module.path, modules=[], processes={}),
            )
            file.modules.append(module)
            file.processes.update(
                ((process.key.pid, process.key.start), process)
                for process in processes
                if process.container == container
            )
    return [files[key] for key in sorted(files)]


def _searched_for_root(telemetry: Telemetry, loaded: Iterable[_Loaded]) -> list[_Loaded]:
    """The files that the dynamic loader looks for on behalf of modules that root processes have loaded."""
    users: dict[tuple[int, str], list[_Loaded]] = defaultdict(list)
    for user in loaded:
        for namespace in {module.mount_namespace for module in user.modules}:
            users[namespace, user.path].append(user)
    files: dict[tuple[str, str], _Loaded] = {}
    for search in telemetry.searches:
        for searched in search.files:
            for user in users[search.mount_namespace, search.path]:
                file = files.setdefault(
                    (user.container, searched.path),
                    _Loaded(container=user.container, path=searched.path, modules=[], processes={}, searched_by=[]),
                )
                file.searched_by.append(search.path)
                file.imported = searched.by == "python-path"
                file.processes.update(user.processes)
                file.modules.append(
                    Module(
                        path=searched.path,
                        device=0,
                        inode=0,
                        kind=_SEARCHED_KINDS.get(searched.by, ModuleKind.SHARED_OBJECT),
                        mount_namespace=search.mount_namespace,
                        way=searched.way,
                        first_seen=min(module.first_seen for module in user.modules),
                        last_seen=max(module.last_seen for module in user.modules),
                    )
                )
    return [files[key] for key in sorted(files)]


def _finding(file: _Loaded, found: tuple[Way, ...]) -> FindingDraft:
    processes = [process for _key, process in sorted(file.processes.items())]
    deleted = all(module.deleted for module in file.modules)
    principals = sorted({name for way in found for name in way.principals}, key=_widest_first)
    variant = ".deleted" if deleted else ".container" if file.container else ""
    if file.searched_by:
        variant = ".imported" if file.imported else ".searched"
    fixes = tuple(dict.fromkeys(way.fix for way in found if way.fix))
    return FindingDraft(
        identity=(file.container, file.path),
        text=_ID.value + variant,
        advice=() if fixes else (_without_command(variant),),
        params={
            "module": _name(file),
            "process": _shortened([process.name or f"pid {process.key.pid}" for process in processes], 1),
            "processes": _shortened(
                [f"{process.name} (pid {process.key.pid})" for process in processes], _MAX_NAMED
            ),
            "searched_by": _shortened(file.searched_by, _MAX_NAMED),
            "principals": ", ".join(principals),
            "ways": "; ".join(f"{way.path} ({', '.join(way.principals)})" for way in found),
            "fixes": "; ".join(fixes),
        },
        attributes=RootModuleAttributes(
            path=file.path,
            kind=file.modules[0].kind.value,
            processes=tuple(summarize(process) for process in processes[:_MAX_PROCESSES]),
            process_count=len(processes),
            container=file.container,
            ways=found,
            deleted=deleted,
            searched_by=tuple(dict.fromkeys(file.searched_by)),
        ),
        first_seen=min(module.first_seen for module in file.modules),
        last_seen=max(module.last_seen for module in file.modules),
    )


def _without_command(variant: str) -> str:
    """Key of the advice where no command helps: all may make files there, or only the old file was theirs."""
    kind = variant if variant in (".imported", ".searched") else ".deleted"
    return f"advice.{_ID.value}{kind}"


def _exclusions(unseen: Sequence[str], foreign: dict[tuple[str, str], list[str]]) -> Iterable[Limitation]:
    for (path, kind), modules in sorted(foreign.items()):
        yield _exclusion("root-modules-foreign-file-system", modules, scope=path, file_system=kind, path=path)
    if unseen:
        yield _exclusion("root-modules-not-examined", unseen)


def _exclusion(code: str, modules: Sequence[str], scope: str = "", **params: str) -> Limitation:
    params |= {"count": str(len(modules)), "examples": _shortened(modules, _MAX_EXAMPLES)}
    return Limitation(code=code, rules=(_ID,), scope=scope, params=params)


def _outcome(found: bool, judged: bool) -> Outcome:
    if found:
        return Outcome.FINDING
    return Outcome.CLEAR if judged else Outcome.NOT_AVAILABLE


def _name(file: _Loaded) -> str:
    return f"{file.container}:{file.path}" if file.container else file.path


def _shortened(names: Iterable[str], most: int) -> str:
    """The first names, each once, and how many more there are: "cron, sshd, +2"."""
    distinct = list(dict.fromkeys(names))
    left = len(distinct) - most
    return ", ".join([*distinct[:most], f"+{left}"] if left > 0 else distinct)


def _widest_first(principal: str) -> tuple[int, str]:
    return ("others", "group", "user").index(principal.partition(":")[0]), principal
