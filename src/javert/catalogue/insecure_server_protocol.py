"""Texts of the rule ``insecure-server-protocol``."""

from javert.catalogue.clients import joined
from javert.catalogue.lookup import Text
from javert.catalogue.protocols import PROTOCOLS

_RULE = "insecure-server-protocol"

_UNKNOWN = Text(
    "Whether they accept a protocol without encryption is not known: {where}.",
    "暗号化されないプロトコルを受け付けるかどうかは不明です: {where}。",
)
_BY_HAND = Text(
    "Look at their configuration, or assess while clients use them.",
    "設定を確認するか、クライアントが使用している時間帯に評価してください。",
)
_FIX = Text(
    "Require TLS in the service, or bind it to loopback if only this host uses it.",
    "サービスで TLS を必須にするか、このホストだけが使用する場合はループバックにバインドしてください。",
)
_UNKNOWN_TITLE = Text(
    "{protocol} is served without encryption at {where}",
    "{where} で暗号化されない {protocol} が提供されています",
)
_OWNERS: dict[str, tuple[Text, Text]] = {
    "process": (
        Text(
            "{process} serves {protocol} without encryption at {where}",
            "{process} が {where} で暗号化されない {protocol} を提供しています",
        ),
        Text(
            "{exe}, run by user {user} (pid {pid}), serves {protocol} at {where}.",
            "ユーザー {user} が実行する {exe} (pid {pid}) が {where} で {protocol} を提供しています。",
        ),
    ),
    "unknown": (
        _UNKNOWN_TITLE,
        Text(
            "A process that could not be told serves {protocol} at {where}.",
            "特定できなかったプロセスが {where} で {protocol} を提供しています。",
        ),
    ),
    "captured": (
        _UNKNOWN_TITLE,
        Text(
            "The service at {where} speaks {protocol}; connections to it in the capture: {connections}.",
            "{where} のサービスが {protocol} で通信しています。キャプチャーには {connections} 件の接続が含まれています。",
        ),
    ),
}
_SNMP = Text(
    "It answers requests with a community string, which is a password in the clear.",
    "コミュニティ名 (平文のパスワード) を含むリクエストに応答しています。",
)
_OPTIONAL = Text(
    "It offers encryption, but accepts sessions in the clear as well.",
    "暗号化を提示していますが、平文のセッションも受け付けています。",
)
SENTENCES: dict[str, Text] = {
    "seen.observed": Text(
        "Connections that came during the run: {connections}.", "評価中に {connections} 件の接続がありました。"
    ),
    "seen.probed": Text(
        "Javert asked it, and it answered in the clear.", "Javert の問い合わせに平文で応答しました。"
    ),
    "seen.both": Text(
        "Javert asked it, and it answered in the clear. Connections of clients that came during the run: {connections}.",
        "Javert の問い合わせに平文で応答し、評価中にクライアントから {connections} 件の接続がありました。",
    ),
    "cleartext-only.observed": Text(
        "Clients talk to it in the clear, and no encryption was seen to be offered.",
        "クライアントは平文で通信しており、暗号化の提示は確認されませんでした。",
    ),
    "cleartext-only.probed": Text("It offers no encryption.", "暗号化を提供していません。"),
    "tls-optional.observed": _OPTIONAL,
    "tls-optional.probed": _OPTIONAL,
    "redirect-only.observed": Text(
        "Every answer seen only sent the client on to https; the first request still crosses the network in the clear.",
        "確認されたすべての応答は https へのリダイレクトでしたが、最初のリクエストは平文で送信されます。",
    ),
    "redirect-only.probed": Text(
        "It only sends clients on to https; the first request still crosses the network in the clear.",
        "https へのリダイレクトだけを行いますが、最初のリクエストは平文で送信されます。",
    ),
    "snmp-v1.observed": _SNMP,
    "snmp-v1.probed": _SNMP,
    "snmp-v2c.observed": _SNMP,
    "snmp-v2c.probed": _SNMP,
    "contradicted": Text(
        "It demanded TLS of Javert, yet a client sent it a credential in the clear: either it demands TLS of some "
        "clients only, or the client did not wait to be told.",
        "Javert には TLS を要求しましたが、クライアントが平文で認証情報を送信しました。一部のクライアントにだけ TLS を要求して"
        "いるか、クライアントが応答を待たずに送信しています。",
    ),
    "starts": Text(
        "It only holds the port: {starts} is started when a client comes.",
        "ポートを保持しているだけで、クライアントが接続すると {starts} が起動されます。",
    ),
    "published": Text(
        "The port is published for a container: connections go on to its {target}.",
        "コンテナーのために公開されたポートで、接続はコンテナーの {target} に渡されます。",
    ),
    "communities": Text(
        "Well-known community strings that it answers to: {communities}.",
        "応答した既知のコミュニティ名: {communities}。",
    ),
    "without-privacy": Text("It answers SNMPv3 without encryption as well.", "SNMPv3 にも暗号化なしで応答します。"),
    "open": Text(
        "It asks for no credential: whoever reaches it can use it.",
        "認証情報を要求しないため、到達できれば誰でも利用できます。",
    ),
    "exposed": Text(
        "A credential of a client crossed the network readable.",
        "クライアントの認証情報が読み取り可能な状態で流れました。",
    ),
    "fix.redirect-only": Text(
        "Send HSTS (Strict-Transport-Security) over https so that browsers stop asking in the clear; close the port if "
        "nobody needs the redirect.",
        "ブラウザーが平文でアクセスしないように、https で HSTS (Strict-Transport-Security) を送信してください。リダイレクトが"
        "不要であればポートを閉じてください。",
    ),
    "fix.local": Text(
        "Only this host can reach it: leave it as it is, unless a proxy or a tunnel lets others in. What follows encrypts "
        "it all the same.",
        "このホストからしか到達できないため、プロキシやトンネルを通じて外部から利用されていなければ、そのままで構いません。"
        "それでも暗号化する場合は次のとおりです。",
    ),
    "bind": Text(
        "If only this host uses it, bind it to 127.0.0.1.",
        "このホストだけが使用する場合は 127.0.0.1 にバインドしてください。",
    ),
    "bind.published": Text(
        "If only this host uses it, publish it on loopback: `-p 127.0.0.1:{port}:{target_port}`.",
        "このホストだけが使用する場合は、`-p 127.0.0.1:{port}:{target_port}` でループバックにだけ公開してください。",
    ),
    "fix.exposed": Text(
        "Then have the credentials that were used changed.", "その後、使用された認証情報を変更させてください。"
    ),
    **{f"fix.{protocol}": known.server for protocol, known in PROTOCOLS.items()},
}
"""Sentences of descriptions and recommendations; their keys are ``service.<name>``."""

UNJUDGED: dict[str, tuple[Text, Text, Text]] = {
    "silent": (
        Text("they kept silent", "応答がない"),
        Text(
            "They took Javert's connections and answered none of its questions.",
            "接続は受け付けましたが、Javert のどの問い合わせにも応答しませんでした。",
        ),
        _BY_HAND,
    ),
    "hung-up": (
        Text("they hung up", "切断された"),
        Text(
            "They closed every connection of Javert's without a word.",
            "Javert の接続を何も送らずに閉じました。",
        ),
        _BY_HAND,
    ),
    "unrecognised": (
        Text("their answers fit no known protocol", "応答が既知のプロトコルに該当しない"),
        Text(
            "They answered Javert in a way that fits no protocol it knows.",
            "Javert が知るどのプロトコルにも該当しない応答を返しました。",
        ),
        _BY_HAND,
    ),
    "undecided": (
        Text("they turned Javert away too early", "判定の前に拒否された"),
        Text(
            "They speak a protocol that Javert knows, and turned it away before it could tell whether they go on in the "
            "clear.",
            "Javert が知るプロトコルで応答しましたが、平文で続行するかどうかが分かる前に拒否しました。",
        ),
        Text(
            "Look at their settings: for MySQL and MariaDB SHOW GLOBAL VARIABLES LIKE 'require_secure_transport', for "
            "PostgreSQL the host and hostssl lines of pg_hba.conf.",
            "設定を確認してください。MySQL と MariaDB では SHOW GLOBAL VARIABLES LIKE 'require_secure_transport'、PostgreSQL では "
            "pg_hba.conf の host 行と hostssl 行で確認できます。",
        ),
    ),
    "refused": (
        Text("they refused connections", "接続が拒否された"),
        Text(
            "They refused Javert's connections from this host, or did not take them in time.",
            "このホストからの Javert の接続を拒否したか、時間内に受け付けませんでした。",
        ),
        _BY_HAND,
    ),
    "flooded": (
        Text("they sent without end", "際限なく送信された"),
        Text(
            "They sent more than Javert reads in answer to one question.",
            "1 回の問い合わせに対し、Javert が読み取る量を超えて送信しました。",
        ),
        _BY_HAND,
    ),
    "out-of-time": (
        Text("there was no time left", "時間が足りない"),
        Text(
            "The few seconds that Javert gives a service, or all of them together when the run ends, were over before it "
            "was told.",
            "1 つのサービスに割り当てた数秒間、または実行終了時に全体に割り当てた時間内に判定できませんでした。",
        ),
        Text(
            "Assess for longer, or at a quieter time.", "より長い時間、または負荷の低い時間帯に評価してください。"
        ),
    ),
    "spared": (
        Text("they were not to be asked", "問い合わせの対象外"),
        Text(
            "Javert did not ask them: printers print what they are sent, some programs serve one client and end, "
            "debuggers stop what they debug, ssh leads to other machines, and --probe-port and --no-probe-port leave "
            "services out.",
            "Javert は問い合わせていません。プリンターは受信データを印刷し、1 つのクライアントに応答して終了するプログラムや、"
            "デバッグ対象を停止させるデバッガー、ほかのマシンにつながる ssh の転送もあります。また --probe-port と "
            "--no-probe-port で除外したサービスも含みます。",
        ),
        _BY_HAND,
    ),
    "unreachable": (
        Text("no way led to them", "到達できない"),
        Text(
            "Javert could not enter their network namespace, or use their address from there.",
            "ネットワーク名前空間に入れないか、そこからアドレスを使用できませんでした。",
        ),
        Text(
            "Run Javert as root, outside of containers, and bring up the loopback device of the namespace.",
            "コンテナーの外で root として実行し、名前空間のループバックデバイスを有効にしてください。",
        ),
    ),
    "unasked": (
        Text("they came late or went early", "存在した時間が短い"),
        Text(
            "They came to listen shortly before the run ended, or were gone before Javert asked them.",
            "実行終了の直前に現れたか、Javert が問い合わせる前になくなりました。",
        ),
        Text("Assess again while they are there.", "それらが存在するときにもう一度評価してください。"),
    ),
}
"""Why services could not be judged: what the title, the description and the recommendation say of it."""


def _findings() -> dict[str, Text]:
    texts: dict[str, Text] = {}
    for owner, (title, what) in _OWNERS.items():
        texts[f"finding.{_RULE}.{owner}.title"] = title
        texts[f"finding.{_RULE}.{owner}.description"] = what
        texts[f"finding.{_RULE}.{owner}.recommendation"] = _FIX
    return texts


def _unjudged() -> dict[str, Text]:
    texts: dict[str, Text] = {}
    for reason, (title, why, how) in UNJUDGED.items():
        code = f"limitation.services-not-judged-{reason}"
        texts[f"{code}.title"] = Text(
            f"Services not judged, because {title.en}: {{count}}",
            f"判定できなかったサービス ({title.ja}): {{count}} 件",
        )
        texts[f"{code}.description"] = joined(why, _UNKNOWN)
        texts[f"{code}.recommendation"] = how
    return texts


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
        "Javert asks every service once, from this host and without logging in, whether it goes on in the clear, and "
        "reads the first bytes of what clients say to it. A service is told by what it says, never by its port. One "
        "that accepts sessions in the clear is reported; one that requires TLS is not.",
        "各サービスに、このホストからログインせずに一度だけ問い合わせて平文で続行するかどうかを調べ、クライアントとの通信の"
        "最初のデータも読み取ります。ポート番号ではなく内容から判定し、平文のセッションを受け付けるサービスを報告します。"
        "TLS を必須とするサービスは対象外です。",
    ),
    f"rule.{_RULE}.fix": _FIX,
    **_findings(),
    **{f"service.{name}": sentence for name, sentence in SENTENCES.items()},
    **_unjudged(),
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
        "Watch for longer, at a time when they are used, or let Javert ask them (assess without --no-probe).",
        "それらが使用される時間帯により長く監視するか、Javert に問い合わせさせてください (--no-probe なしで評価)。",
    ),
}
