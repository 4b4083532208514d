"""A sensor that hands over to a lesser one where the host refuses it."""

from javert.errors import SensorError
from javert.model.rule_id import RuleId
from javert.model.telemetry import Limitation, SensorReport
from javert.sensors.interface import Emit, Sensor


class WithFallback:
    """Starts ``preferred``; where that is refused, says so in an exclusion and starts ``fallback`` instead.

    Args:
        preferred: the sensor that sees everything.
        fallback: the one that sees less.
        code: catalogue key of the exclusion, which says what the fallback misses; its parameter is ``reason``.
        rules: the rules whose answer is less complete for it.
        blinds: without a finding of the fallback these rules have no answer.
    """

    def __init__(
        self, preferred: Sensor, fallback: Sensor, code: str, rules: tuple[RuleId, ...], *, blinds: bool
    ) -> None:
        self._blinds = blinds
        self._sensor = preferred
        self._fallback = fallback
        self._code = code
        self._rules = rules

    @property
    def name(self) -> str:
        """The name of the sensor that runs."""
        return self._sensor.name

    def start(self, emit: Emit) -> None:
        """Start one of the two. Raises SensorError if both are refused."""
        try:
            self._sensor.start(emit)
        except SensorError as error:
            self._sensor = self._fallback
            emit(Limitation(code=self._code, rules=self._rules, params={"reason": str(error)}, blinds=self._blinds))
            self._sensor.start(emit)

    def poll(self) -> None:
        """Let the one that runs take in what has happened."""
        self._sensor.poll()

    def flush(self) -> None:
        """Let the one that runs emit what changed."""
        self._sensor.flush()

    def stop(self) -> None:
        """Stop the one that runs."""
        self._sensor.stop()

    def report(self) -> SensorReport:
        """What the one that runs did."""
        return self._sensor.report()
