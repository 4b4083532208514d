"""What the memory of running processes shows beyond what their files ask for.

Three things are told apart. An executable stack, or readable memory that is executable throughout (the personality
READ_IMPLIES_EXEC, personality(2)), that no file of the process explains: the process, or what started it, took the
protection away. Memory that is both writable and executable in a process whose program has no PT_GNU_STACK although
the kernel protects its stack: glibc takes the missing header for a wish and gives the stacks of further threads
execute permission (``DEFAULT_STACK_PERMS``, nptl/allocatestack.c). And such memory otherwise: just-in-time
compilers make it, and are no finding.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set

import msgspec

from javert.model.attributes import DepAttributes
from javert.model.draft import FindingDraft
from javert.model.rule_id import RuleId
from javert.model.telemetry import ElfKind, Limitation, Process, ProcessKey
from javert.model.view import Telemetry
from javert.rules.just_in_time import compiler, of_whole_programs
from javert.rules.stack_protection import STACK_EXECUTABLE

READ_IMPLIES_EXEC = "read-implies-exec"

_EXAMPLES = 5


class CodeMemory(msgspec.Struct, frozen=True, kw_only=True):
    """Processes with memory of no file that is both writable and executable, and what explains it.

    Attributes:
        compiled: those of a known just-in-time compiler.
        threads: those whose program has no stack header, so that glibc makes the stacks of threads so; a library
            that compiles something now and then is no reason to think that it was that.
        unexplained: the others.
    """

    compiled: frozenset[ProcessKey]
    threads: frozenset[ProcessKey]
    unexplained: frozenset[ProcessKey]


def code_memory(telemetry: Telemetry, *, without_header: Set[ProcessKey], explained: Set[ProcessKey]) -> CodeMemory:
    """Tell apart the processes that were seen with such memory.

    Args:
        telemetry: of the run.
        without_header: processes whose program has no PT_GNU_STACK, and whose stack the kernel protects and glibc
            those of its threads not.
        explained: processes with an executable stack, of which glibc makes the other stacks like the first.
    """
    seen = {
        key
        for key, process in telemetry.processes.items()
        if process.code_memory and not (process.executable_stack or process.read_implies_exec or key in explained)
    }
    mapped: defaultdict[ProcessKey, set[str]] = defaultdict(set)
    for module in telemetry.modules:
        for key in seen.intersection(module.processes):
            mapped[key].add(module.path)
    compilers = {key: compiler((*mapped[key], telemetry.processes[key].exe)) for key in seen}
    threads = {key for key in seen & without_header if not of_whole_programs(compilers[key])}
    compiled = {key for key in seen - threads if compilers[key]}
    return CodeMemory(
        compiled=frozenset(compiled), threads=frozenset(threads), unexplained=frozenset(seen - compiled - threads)
    )


def unexplained_protection(
    telemetry: Telemetry, *, stack: Set[ProcessKey], everything: Set[ProcessKey]
) -> Iterator[FindingDraft]:
    """Programs that ran with an executable stack, or with executable memory, that none of their files asks for.

    Args:
        telemetry: of the run.
        stack: processes with a file that asks for an executable stack.
        everything: those whose file has the kernel set READ_IMPLIES_EXEC.
    """
    groups: defaultdict[tuple[str, str, str], list[Process]] = defaultdict(list)
    for process in telemetry.processes.values():
        cause = ""
        if process.read_implies_exec and process.key not in everything:
            cause = READ_IMPLIES_EXEC
        elif process.executable_stack and process.key not in stack:
            cause = STACK_EXECUTABLE
        if cause:
            groups[process.exe or process.name, process.container, cause].append(process)
    for (path, container, cause), processes in groups.items():
        suffix = "live" if cause == STACK_EXECUTABLE else cause
        yield FindingDraft(
            identity=(path, container, suffix),
            text=f"software-without-dep.{suffix}",
            params={"path": path, "processes": named(processes)},
            attributes=DepAttributes(
                path=path,
                reasons=(cause,),
                machine="",
                bits=0,
                kind=ElfKind.EXECUTABLE.value,
                origin="",
                package="",
                vendor="",
                running_pids=pids(processes),
                loadable_by_glibc=True,
                kernel_makes_stack_executable=False,
            ),
            first_seen=telemetry.started.started_at,
            last_seen=telemetry.ended_at,
        )


def not_told_apart(processes: Mapping[ProcessKey, Process], memory: CodeMemory) -> tuple[Limitation, ...]:
    """The exclusion for memory of which it cannot be said whether a compiler made it."""
    if not memory.unexplained:
        return ()
    names = sorted({processes[key].name or "?" for key in memory.unexplained})
    more = len(names) - _EXAMPLES
    examples = ", ".join(names[:_EXAMPLES]) + (f", … (+{more})" if more > 0 else "")
    return (
        Limitation(
            code="code-memory-unexplained",
            rules=(RuleId.SOFTWARE_WITHOUT_DEP,),
            params={"count": str(len(pids(processes[key] for key in memory.unexplained))), "examples": examples},
        ),
    )


def named(processes: Iterable[Process]) -> str:
    """Some of the processes for people, by pid."""
    ordered = sorted(processes, key=lambda process: process.key.pid)
    names = [f"{process.name or '?'} ({process.key.pid})" for process in ordered[:_EXAMPLES]]
    more = len(ordered) - len(names)
    return ", ".join(names) + (f", … (+{more})" if more else "")


def pids(processes: Iterable[Process]) -> tuple[int, ...]:
    """Each once: a process that became another program is two here, and one to the operator."""
    return tuple(sorted({process.key.pid for process in processes}))
