"""Scores protocol identification against captures that carry one labelled line a flow (``labels.jsonl``)."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from javert.model.telemetry import Encryption
from javert.protocols.interface import Protocol, Verdict
from javert.sensors.capture import read_capture

UNJUDGED = frozenset({"other", "unknown"})
NOT_IN_LABELS = frozenset({"xmpp"})
"""What Javert names and labels call ``other``."""
Ends = tuple[str, frozenset[str]]


class Label(NamedTuple):
    """What is known of one flow; ``scored`` are those seen from their first payload on, each once."""

    capture: str
    ends: Ends
    protocol: str
    encrypted: str
    scored: bool


class Answer(NamedTuple):
    """What a tool said of one flow; "unknown" where it named nothing."""

    protocol: str
    encrypted: str


NOTHING = Answer("unknown", "unknown")


def read_labels(directory: Path) -> dict[str, list[Label]]:
    """The labels by capture."""
    labels: dict[str, list[Label]] = defaultdict(list)
    with (directory / "labels.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            ends = (row["transport"], frozenset((row["client"], row["server"])))
            scored = bool(row["complete"]) and not row.get("duplicate")
            labels[row["capture"]].append(Label(row["capture"], ends, row["protocol"], row["encrypted"], scored))
    return labels


def encrypted(verdict: Verdict) -> str:
    """A verdict in the words of the labels: what asked for TLS and never began it crossed readable."""
    if verdict.protocol is Protocol.UNKNOWN:
        return "unknown"
    return {Encryption.FULL: "yes", Encryption.UPGRADED: "upgraded"}.get(verdict.encryption, "no")


def end(address: str, port: int) -> str:
    """``address`` and ``port`` as the labels write them."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def javert(capture: Path) -> dict[Ends, Answer]:
    """Javert's answers for one capture; of several flows between the same ends, the one it knows most about."""
    found: dict[Ends, Answer] = {}
    with capture.open("rb") as stream:
        for flow in read_capture(stream):
            client = end(flow.client_address, flow.client_port)
            server = end(flow.server_address, flow.server_port)
            ends = (str(flow.transport), frozenset((client, server)))
            answer = Answer(str(flow.verdict.protocol), encrypted(flow.verdict))
            found[ends] = better(found.get(ends, NOTHING), answer)
    return found


def better(old: Answer, new: Answer) -> Answer:
    """The more telling of two answers about the same ends: a named protocol, then an encrypted one."""
    rank = {"unknown": 0, "no": 1, "yes": 2, "upgraded": 2}
    return new if rank[new.encrypted] > rank[old.encrypted] else old


class Score:
    """Counts answers against labels."""

    def __init__(self) -> None:
        self.labelled: Counter[str] = Counter()
        self.right: Counter[str] = Counter()
        self.named: Counter[str] = Counter()
        self.cleartext: Counter[str] = Counter()
        self.cleartext_right: Counter[str] = Counter()
        self.wrong_cleartext: list[Label] = []
        self.missed: list[Label] = []
        self.mistaken: list[tuple[Label, Answer]] = []

    def add(self, labels: Iterable[Label], answers: dict[Ends, Answer]) -> None:
        """Count one capture."""
        for label in labels:
            answer = answers.get(label.ends, NOTHING)
            if label.encrypted in ("yes", "upgraded") and answer.encrypted == "no":
                self.wrong_cleartext.append(label)
            if label.protocol == "unknown" or not label.scored:
                continue
            if label.protocol == "other" and answer.protocol in NOT_IN_LABELS:
                continue
            right = answer.protocol == label.protocol
            if answer.protocol != "unknown":
                self.named[answer.protocol] += 1
                if not right:
                    self.mistaken.append((label, answer))
            if label.protocol in UNJUDGED:
                continue
            self.labelled[label.protocol] += 1
            self.right[label.protocol] += right
            if not right:
                self.missed.append(label)
            if label.encrypted == "no":
                self.cleartext[label.protocol] += 1
                self.cleartext_right[label.protocol] += right and answer.encrypted == "no"

    def recall(self, protocol: str) -> float:
        """Share of the flows of ``protocol`` that were named so."""
        return self.right[protocol] / self.labelled[protocol]

    def precision(self, protocol: str) -> float:
        """Share of the flows named ``protocol`` that are."""
        return self.right[protocol] / self.named[protocol] if self.named[protocol] else 1.0

    def cleartext_recall(self, protocol: str) -> float:
        """Share of the cleartext flows of ``protocol`` that were named so and called cleartext."""
        return self.cleartext_right[protocol] / self.cleartext[protocol] if self.cleartext[protocol] else 1.0

    def overall(self, *, cleartext: bool) -> tuple[float, float]:
        """Precision and recall over all protocols, or of "this flow is this protocol in cleartext"."""
        right = sum((self.cleartext_right if cleartext else self.right).values())
        labelled = sum((self.cleartext if cleartext else self.labelled).values())
        mistaken = len([None for label, answer in self.mistaken if not cleartext or answer.encrypted == "no"])
        mistaken += len(self.wrong_cleartext) if cleartext else 0
        return right / max(1, right + mistaken), right / max(1, labelled)


def captures(directory: Path, labels: dict[str, list[Label]]) -> Iterator[tuple[Path, list[Label]]]:
    """Every capture that has labels, with them."""
    for name in sorted(labels):
        yield directory / name, labels[name]
