"""The life of a run, from CREATED to COMPLETED."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import msgspec

from javert import __version__
from javert.assessment.collection import Collection
from javert.assessment.interruption import Interruption
from javert.assessment.lock import sole_run
from javert.assessment.port_history import earlier_silence, remember_silence
from javert.assessment.run_directory import RunDirectory, create_state_directory, new_run_id
from javert.assessment.system import privileged
from javert.catalogue.lookup import Language
from javert.errors import CanceledError, RunDirectoryError
from javert.model.assessment import Assessment, RunState
from javert.model.rule_id import RuleId
from javert.model.telemetry import AnyRecord, FileScan, Limitation, RunEnded, RunStarted
from javert.model.view import assemble
from javert.rules.evaluation import evaluate
from javert.sensors import clock, suite
from javert.sensors.interface import ProbeChoice, Sensor, SensorOptions


class RunOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator asked for.

    Attributes:
        duration_s: how long to collect, seconds.
        scan_roots: where the file scan looks; empty means every local file system.
        scan_skip: files and directories that the file scan leaves out.
        one_file_system: the file scan stays on the file systems of its roots.
        probes: which services are asked what they accept; None for none.
        run_directory: None means a new one in the state directory.
    """

    rules: tuple[RuleId, ...]
    duration_s: float
    language: Language
    scan_roots: tuple[str, ...] = ()
    scan_skip: tuple[str, ...] = ()
    one_file_system: bool = False
    probes: ProbeChoice | None = None
    run_directory: Path | None = None


class Observer(Protocol):
    """Is told how the run goes on, to show it."""

    def entered(self, state: RunState, directory: Path) -> None:
        """The run, kept in ``directory``, is now in ``state``."""

    def collecting(self, left_s: float) -> None:
        """Collection goes on for ``left_s`` seconds; told four times a second."""

    def scanned(self, files: int, finished: bool) -> None:
        """The file scan has come by ``files`` files, and may be done; told now and then."""

    def finishing(self, interrupted: bool) -> None:
        """Sensors take their last look, which can last a minute if the file scan is not done."""


class CompletedRun(msgspec.Struct, frozen=True, kw_only=True):
    """What a run came to.

    Attributes:
        failure: why the run directory could not be written to the end; None if it could.
    """

    assessment: Assessment
    directory: Path
    failure: OSError | None


def assess(
    options: RunOptions,
    observer: Observer,
    build: Callable[[SensorOptions], tuple[Sensor, ...]] | None = None,
) -> CompletedRun:
    """Watch this host for a while and judge what was seen.

    A signal that ends a run (``system.ENDING_SIGNALS``) ends collection early, and what was seen is judged; a
    second one ends the run at once.

    Args:
        options: what was asked for.
        observer: is told how the run goes on.
        build: gives the sensors; None means ``javert.sensors.suite.build``. This is where tests put their own.

    Raises:
        AlreadyRunningError: another Javert assesses this host.
        RunDirectoryError: the run directory cannot be made or written at all.
        CanceledError: a second signal came; the journal holds what was seen.
    """
    state_directory = create_state_directory()
    with sole_run(state_directory / "lock"), Interruption() as interruption:
        clock.begin()
        started_at = clock.now()
        run_id = new_run_id(started_at)
        directory = RunDirectory(options.run_directory or state_directory / "runs" / run_id)
        try:
            life = _Life(options, state_directory, directory, observer)
            return life.live(run_id, started_at, build or suite.build, interruption)
        except KeyboardInterrupt:
            directory.set_state(RunState.CANCELED)
            raise CanceledError(
                f"ended at once; what was seen until then is kept: javert evaluate {directory.path}"
            ) from None
        except BaseException:
            directory.set_state(RunState.FAILED)
            raise
        finally:
            directory.journal.close()


class _Life:
    def __init__(
        self, options: RunOptions, state_directory: Path, directory: RunDirectory, observer: Observer
    ) -> None:
        self._state_directory = state_directory
        self._options = options
        self._directory = directory
        self._journal = directory.journal
        self._observer = observer

    def live(
        self,
        run_id: str,
        started_at: float,
        build: Callable[[SensorOptions], tuple[Sensor, ...]],
        interruption: Interruption,
    ) -> CompletedRun:
        options = self._options
        self._enter(RunState.CREATED)
        beginning = _beginning(options, run_id, started_at)
        self._journal.append(beginning)
        earlier = earlier_silence(self._state_directory, beginning.host.hostname)
        if earlier and RuleId.UNUSED_LISTENING_TCP_PORT in options.rules:
            self._journal.append(earlier)
        self._journal.sync()
        if self._journal.failure:
            raise _unwritable(self._directory.path, self._journal.failure)
        self._enter(RunState.COLLECTING_DATA)
        sensors = build(
            SensorOptions(
                rules=options.rules,
                scan_roots=options.scan_roots,
                scan_skip=options.scan_skip,
                one_file_system=options.one_file_system,
                planned_s=options.duration_s,
                probes=options.probes,
                state_directory=str(self._state_directory),
            )
        )
        ended = self._collect(sensors, interruption)
        self._enter(RunState.DATA_COLLECTED)
        self._journal.append(ended)
        self._journal.finish()
        self._enter(RunState.EVALUATING_RULES)
        records: list[AnyRecord] = list(self._journal.records())
        failure = self._journal.failure or self._directory.failure
        if failure:
            records.append(_storage_limitation(self._directory.path, failure))
        telemetry = assemble(records)
        if RuleId.UNUSED_LISTENING_TCP_PORT in options.rules:
            try:
                remember_silence(self._state_directory, telemetry)
            except OSError as error:
                telemetry = assemble((*records, _history_limitation(self._state_directory, error)))
        assessment = evaluate(telemetry, options.language)
        self._directory.store(assessment)
        self._enter(assessment.run.state)
        return CompletedRun(
            assessment=assessment,
            directory=self._directory.path,
            failure=failure or self._directory.failure,
        )

    def _collect(self, sensors: tuple[Sensor, ...], interruption: Interruption) -> RunEnded:
        def emit(record: AnyRecord) -> None:
            self._journal.append(record)
            if isinstance(record, FileScan):
                self._observer.scanned(record.files, record.finished)

        collection = Collection(sensors, emit)

        def may_go_on(left_s: float) -> bool:
            self._observer.collecting(left_s)
            return not interruption.requested and self._journal.failure is None

        try:
            asleep_s = clock.asleep_s()
            collection.start(interruption)
            collection.watch(self._options.duration_s, may_go_on)
            ended = RunEnded(
                ended_at=clock.now(),
                interrupted=interruption.requested,
                asleep_s=round(clock.asleep_s() - asleep_s, 3),
            )
            self._observer.finishing(ended.interrupted)
        except Exception:
            collection.stop()
            raise
        collection.stop()
        return ended

    def _enter(self, state: RunState) -> None:
        self._directory.set_state(state)
        self._observer.entered(state, self._directory.path)


def _beginning(options: RunOptions, run_id: str, started_at: float) -> RunStarted:
    return RunStarted(
        run_id=run_id,
        javert_version=__version__,
        started_at=started_at,
        planned_s=options.duration_s,
        host=suite.describe_host(),
        rules=options.rules,
        scan_roots=options.scan_roots,
        privileged=privileged(),
        probing=options.probes is not None and RuleId.INSECURE_SERVER_PROTOCOL in options.rules,
    )


def _unwritable(directory: Path, failure: OSError) -> RunDirectoryError:
    return RunDirectoryError(
        f"cannot write to the run directory {directory}: {failure.strerror}; "
        "make room there, or keep the run elsewhere with --run-dir DIR"
    )


def _storage_limitation(directory: Path, failure: OSError) -> Limitation:
    reason = failure.strerror or type(failure).__name__
    return Limitation(code="journal-unwritable", rules=(), scope=str(directory), params={"reason": reason})


def _history_limitation(state_directory: Path, failure: OSError) -> Limitation:
    return Limitation(
        code="port-history-unwritable",
        rules=(RuleId.UNUSED_LISTENING_TCP_PORT,),
        scope=str(state_directory),
        params={"reason": failure.strerror or type(failure).__name__},
    )
