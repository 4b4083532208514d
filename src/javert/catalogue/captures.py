"""Texts of limitations that reading a capture tells of."""

from javert.catalogue.lookup import Text

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
