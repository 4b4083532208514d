"""Texts of limitations that reading a capture tells of."""

from javert.catalogue.lookup import Text

_SPLIT = Text(
    "Split the capture, for instance by time (editcap -i) or by network (tcpdump -r), and replay the parts.",
    "時間 (editcap -i) やネットワーク (tcpdump -r) などでキャプチャーを分割し、それぞれを再生してください。",
)

TEXTS: dict[str, Text] = {
    "limitation.capture-cut.title": Text(
        "The capture breaks off at byte {offset}",
        "キャプチャーがバイト {offset} で途切れている",
    ),
    "limitation.capture-cut.description": Text(
        "The file ends inside a packet that begins at byte {offset}, or the compressed data behind it is damaged. Every "
        "packet before it was read; what came later is missing.",
        "ファイルは、バイト {offset} から始まるパケットの途中で終わっているか、それ以降の圧縮データが壊れています。それより前の"
        "パケットはすべて読み取りましたが、それ以降は含まれていません。",
    ),
    "limitation.capture-cut.recommendation": Text(
        "Copy the capture again from where it was made, or stop the capturing program before copying.",
        "キャプチャーを作成元からもう一度コピーするか、キャプチャーの終了後にコピーしてください。",
    ),
    "limitation.capture-damaged.title": Text(
        "The capture is damaged at byte {offset}",
        "キャプチャーがバイト {offset} で壊れている",
    ),
    "limitation.capture-damaged.description": Text(
        "At byte {offset} stands something that is neither a packet nor another block of the format. Every packet "
        "before it was read; nothing behind it can be trusted.",
        "バイト {offset} の内容は、パケットでも形式上の他のブロックでもありません。それより前のパケットはすべて読み取りましたが、"
        "それ以降は信頼できません。",
    ),
    "limitation.capture-damaged.recommendation": Text(
        "Copy the capture again from where it was made, or repair it, for instance with pcapfix.",
        "キャプチャーを作成元からもう一度コピーするか、pcapfix などで修復してください。",
    ),
    "limitation.capture-without-payload.title": Text(
        "The capture holds nothing to judge",
        "キャプチャーに評価できる内容がない",
    ),
    "limitation.capture-without-payload.description": Text(
        "Of {packets} packets none carries payload of a TCP or UDP flow ({flows} flows without any).",
        "{packets} 個のパケットのいずれにも、TCP または UDP のフローのペイロードが含まれていません (ペイロードのないフロー {flows} 件)。",
    ),
    "limitation.capture-without-payload.recommendation": Text(
        "Capture whole packets on an interface that sees the traffic:\n  tcpdump -i any -s 0 -w traffic.pcap",
        "通信が流れるインターフェイスで、パケット全体をキャプチャーしてください:\n  tcpdump -i any -s 0 -w traffic.pcap",
    ),
    "limitation.capture-flows-unknown.title": Text(
        "What {count} of {flows} flows speak is not known",
        "{flows} 件中 {count} 件のフローのプロトコルが不明",
    ),
    "limitation.capture-flows-unknown.description": Text(
        "They carry payload in which no protocol was recognised: one that Javert does not know, or too little of the "
        "flow is in the capture (its beginning is missing, or packets were cut short). Whether they are encrypted is "
        "not known either.",
        "ペイロードからプロトコルを識別できませんでした。Javert が対応していないプロトコルか、キャプチャーに含まれるデータが不足"
        "しています (フローの先頭がない、またはパケットが切り詰められている)。暗号化の有無も不明です。",
    ),
    "limitation.capture-flows-unknown.recommendation": Text(
        "Look for them in the flows of the report. If their beginnings are missing, capture whole packets, from "
        "before the connections are opened:\n  tcpdump -i any -s 0 -w traffic.pcap",
        "レポートのフローの一覧で確認してください。先頭のデータがない場合は、接続が開かれる前から、パケット全体をキャプチャーして"
        "ください:\n  tcpdump -i any -s 0 -w traffic.pcap",
    ),
    "limitation.capture-many-clients.title": Text(
        "{count} flows in the clear were not judged: too many clients",
        "クライアントが多すぎるため、平文のフロー {count} 件が評価されていない",
    ),
    "limitation.capture-many-clients.description": Text(
        "Clients are told apart up to {bound} times a client used a service in the clear. The flows of further ones are "
        "among the flows of the report, but not in its findings.",
        "クライアントは、平文でサービスを利用した組み合わせ {bound} 件まで区別されます。それ以降のフローは、レポートのフローには含"
        "まれますが、結果には含まれません。",
    ),
    "limitation.capture-many-clients.recommendation": _SPLIT,
    "limitation.capture-many-services.title": Text(
        "{count} flows in the clear were not judged: too many services",
        "サービスが多すぎるため、平文のフロー {count} 件が評価されていない",
    ),
    "limitation.capture-many-services.description": Text(
        "Up to {bound} services that speak in the clear are told apart. The flows of further ones are among the flows of "
        "the report, but not in its findings.",
        "平文で通信するサービスは {bound} 件まで区別されます。それ以降のフローは、レポートのフローには含まれますが、結果には含ま"
        "れません。",
    ),
    "limitation.capture-many-services.recommendation": _SPLIT,
    "limitation.capture-link-type.title": Text(
        "Packets of link type {link_type} cannot be read",
        "リンクタイプ {link_type} のパケットを読み取れない",
    ),
    "limitation.capture-link-type.description": Text(
        "{frames} packets of the capture have a link layer that Javert does not know (number {link_type} at "
        "tcpdump.org/linktypes.html). What they carried was not judged.",
        "キャプチャーのうち {frames} 個のパケットは、Javert が対応していないリンク層のものです (tcpdump.org/linktypes.html の"
        "番号 {link_type})。それらの通信内容は評価されていません。",
    ),
    "limitation.capture-link-type.recommendation": Text(
        "Capture on an Ethernet, loopback or cooked (-i any) interface.",
        "イーサネット、ループバック、または -i any のインターフェイスでキャプチャーしてください。",
    ),
}
