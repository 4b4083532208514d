"""Texts that the two client rules share, put together for each protocol and what was seen of its use."""

from itertools import product

from javert.catalogue.lookup import Text
from javert.catalogue.protocols import PROTOCOLS

_SEEN: dict[str, Text] = {
    "none": Text(
        "What they exchanged could be read by anybody on the way.",
        "やり取りした内容は、経路上の誰でも読み取れます。",
    ),
    "offered-not-used": Text(
        "The server offered encryption, and the client did not use it.",
        "サーバーは暗号化を提示しましたが、クライアントは使用しませんでした。",
    ),
    "refused": Text(
        "The client asked for encryption, the server declined, and the client went on in the clear.",
        "クライアントは暗号化を要求しましたが、サーバーが拒否し、平文のまま続行されました。",
    ),
    "unknown": Text(
        "What they exchanged could be read by anybody on the way.",
        "やり取りした内容は、経路上の誰でも読み取れます。",
    ),
    "port": Text(
        "The session's first bytes were not seen (it was open before the run, or payload could not be read): the "
        "protocol is told by the port number only.",
        "セッションの最初のデータは確認できなかったため (評価の開始前から開いていたか、ペイロードを読み取れませんでし"
        "た)、プロトコルはポート番号だけから判断しています。",
    ),
}
_GONE: tuple[Text, Text] = (
    Text(
        "A process that is gone spoke {protocol} to {remotes}, without encryption",
        "すでに終了したプロセスが {remotes} と暗号化されない {protocol} で通信していました",
    ),
    Text(
        "A connection from before the run spoke {protocol} to {remotes}; its process had ended before it could be told.",
        "評価の開始前から開いていた接続が {remotes} と {protocol} で通信していましたが、プロセスは特定する前に終了していました。",
    ),
)
_CREDENTIALS: dict[str, tuple[Text, Text]] = {
    "exposed": (
        Text(
            "A credential crossed the network readable.", "認証情報が読み取り可能な状態でネットワークを流れました。"
        ),
        Text("Then change that credential.", "その後、その認証情報を変更してください。"),
    ),
    "unproven": (Text("", ""), Text("", "")),
}


def findings(
    rule: str, protocols: frozenset[str], process: tuple[Text, Text], captured: tuple[Text, Text]
) -> dict[str, Text]:
    """The texts of one rule's findings: ``finding.<rule>.<protocol>.<seen>.<exposed|unproven>``.

    With ``.captured`` behind it the key is that of a finding in a capture, which knows the client's address instead
    of a process; with ``.gone`` that of a process that nothing is known of.

    Args:
        rule: the rule's id.
        protocols: the protocols it can report.
        process: title of every finding and the description's first sentence; ``{protocol}`` becomes the protocol's
            name, other values stay to be filled in.
        captured: the same two for captures.
    """
    texts: dict[str, Text] = {}
    variants = (("", *process), (".captured", *captured), (".gone", *_GONE))
    for protocol, (seen, how), (exposed, (lost, afterwards)), (suffix, heading, fact) in product(
        sorted(protocols), _SEEN.items(), _CREDENTIALS.items(), variants
    ):
        known = PROTOCOLS[protocol]
        key = f"finding.{rule}.{protocol}.{seen}.{exposed}{suffix}"
        texts[f"{key}.title"] = _named(heading, known.name)
        texts[f"{key}.description"] = joined(_named(fact, known.name), how, lost)
        texts[f"{key}.recommendation"] = joined(known.client, afterwards)
    return texts


def _named(text: Text, protocol: str) -> Text:
    return Text(*(part.replace("{protocol}", protocol) for part in text))


def joined(*parts: Text) -> Text:
    """Sentences one after another, in each language as it is written."""
    return Text(" ".join(part.en for part in parts if part.en), "".join(part.ja for part in parts))
