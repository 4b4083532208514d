"""Texts of the rule ``insecure-server-protocol``."""

from itertools import product

from javert.catalogue.clients import joined
from javert.catalogue.lookup import Text
from javert.catalogue.protocols import PROTOCOLS

_RULE = "insecure-server-protocol"

_SNMP = Text(
    "It answers requests with a community string, which is a password in the clear.",
    "コミュニティ名 (平文のパスワード) を含むリクエストに応答しています。",
)
_VERDICTS: dict[str, Text] = {
    "cleartext-only": Text(
        "Clients talk to it in the clear, and no encryption was seen to be offered.",
        "クライアントは平文で通信しており、暗号化の提示は確認されませんでした。",
    ),
    "tls-optional": Text(
        "It offers encryption, but accepts sessions in the clear as well.",
        "暗号化を提示していますが、平文のセッションも受け付けています。",
    ),
    "redirect-only": Text(
        "Every answer seen only sent the client on to https; the first request still crosses the network in the clear.",
        "確認されたすべての応答は https へのリダイレクトでしたが、最初のリクエストは平文で送信されます。",
    ),
    "snmp-v1": _SNMP,
    "snmp-v2c": _SNMP,
}
_OWNERS: dict[str, Text] = {
    "process": Text(
        "{exe}, run by user {user} (pid {pid}), serves {protocol} at {where}; {connections} connections came during "
        "the run.",
        "ユーザー {user} が実行する {exe} (pid {pid}) が {where} で {protocol} を提供しています。評価中に {connections} 件の"
        "接続がありました。",
    ),
    "unknown": Text(
        "A process that could not be told serves {protocol} at {where}; {connections} connections came during the run.",
        "特定できなかったプロセスが {where} で {protocol} を提供しています。評価中に {connections} 件の接続がありました。",
    ),
    "captured": Text(
        "The service at {where} speaks {protocol}; connections to it in the capture: {connections}.",
        "{where} のサービスが {protocol} で通信しています。キャプチャーには {connections} 件の接続が含まれています。",
    ),
}
_TITLES: dict[str, Text] = {
    "process": Text(
        "{process} serves {protocol} without encryption at {where}",
        "{process} が {where} で暗号化されない {protocol} を提供しています",
    ),
    "unknown": Text(
        "{protocol} is served without encryption at {where}",
        "{where} で暗号化されない {protocol} が提供されています",
    ),
    "captured": Text(
        "{protocol} is served without encryption at {where}",
        "{where} で暗号化されない {protocol} が提供されています",
    ),
}
_CREDENTIALS: dict[str, tuple[Text, Text]] = {
    "exposed": (
        Text(
            "A credential of a client crossed the network readable.",
            "クライアントの認証情報が読み取り可能な状態で流れました。",
        ),
        Text(
            "Then have the credentials that were used changed.", "その後、使用された認証情報を変更させてください。"
        ),
    ),
    "unproven": (Text("", ""), Text("", "")),
}
_REDIRECT_FIX = Text(
    "Send HSTS (Strict-Transport-Security) over https so that browsers stop asking in the clear; close the port if "
    "nobody needs the redirect.",
    "ブラウザーが平文でアクセスしないように、https で HSTS (Strict-Transport-Security) を送信してください。リダイレクトが"
    "不要であればポートを閉じてください。",
)


def _findings() -> dict[str, Text]:
    texts: dict[str, Text] = {}
    for (protocol, known), (verdict, why), (owner, what), (exposed, (lost, afterwards)) in product(
        PROTOCOLS.items(), _VERDICTS.items(), _OWNERS.items(), _CREDENTIALS.items()
    ):
        key = f"finding.{_RULE}.{protocol}.{verdict}.{owner}.{exposed}"
        fix = _REDIRECT_FIX if verdict == "redirect-only" else known.server
        texts[f"{key}.title"] = _named(_TITLES[owner], known.name)
        texts[f"{key}.description"] = joined(_named(what, known.name), why, lost)
        texts[f"{key}.recommendation"] = joined(fix, afterwards)
    return texts


def _named(text: Text, protocol: str) -> Text:
    return Text(*(part.replace("{protocol}", protocol) for part in text))


TEXTS: dict[str, Text] = {
    f"rule.{_RULE}.name": Text("Insecure server protocols", "安全でないサーバープロトコル"),
    f"rule.{_RULE}.summary": Text(
        "A service on this host accepts a protocol without encryption.",
        "このホスト上のサービスが、暗号化されないプロトコルを受け付けています。",
    ),
    f"rule.{_RULE}.why": Text(
        "What clients send to it, passwords included, can be read on the way, and its answers can be forged.",
        "クライアントが送信する内容はパスワードを含めて経路上で読み取られ、応答も偽造される可能性があります。",
    ),
    f"rule.{_RULE}.how": Text(
        "The first bytes of incoming connections are read in memory and told apart by what they say, never by the "
        "port. A service is reported if a session in the clear came; sessions that upgrade to TLS are not. A service "
        "to which nobody connected during the run is not judged.",
        "着信した接続の最初のデータをメモリ上で読み取り、ポート番号ではなく内容から判定します。平文のセッションがあった"
        "サービスを報告し、TLS に移行したセッションは対象外です。評価中に接続のなかったサービスは判定されません。",
    ),
    f"rule.{_RULE}.fix": Text(
        "Require TLS in the service, or bind it to loopback if only this host uses it.",
        "サービスで TLS を必須にするか、このホストだけが使用する場合はループバックにバインドしてください。",
    ),
    **_findings(),
    "limitation.services-not-judged.title": Text(
        "What {count} listening TCP ports speak was not seen",
        "{count} 個のリッスンする TCP ポートのプロトコルを確認できなかった",
    ),
    "limitation.services-not-judged.description": Text(
        "Nothing readable came to them during the run, so whether they accept a protocol without encryption is not "
        "known: {where}.",
        "評価中に判読できる通信がなかったため、暗号化されないプロトコルを受け付けるかどうかは不明です: {where}。",
    ),
    "limitation.services-not-judged.recommendation": Text(
        "Watch for longer, at a time when they are used.", "それらが使用される時間帯に、より長く監視してください。"
    ),
}
