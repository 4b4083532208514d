"""Texts of limitations that are not one rule's own: the run, its journal, its sensors."""

from javert.catalogue.lookup import Text

TEXTS: dict[str, Text] = {
    # ------------------------------------------------------------ the run
    "limitation.not-root.title": Text(
        "Javert did not run as root",
        "Javert が root 以外で実行された",
    ),
    "limitation.not-root.description": Text(
        "Without root, the processes of other users, what they have loaded and the traffic of this host can be "
        "seen only in part. Findings are true; what is missing from them proves nothing.",
        "root 権限がないため、他のユーザーのプロセス、それらが読み込んだモジュール、このホストのトラフィックは"
        "一部しか確認できません。報告された結果は事実ですが、報告がないことは安全の証拠になりません。",
    ),
    "limitation.not-root.recommendation": Text(
        "Run it as root:\n  sudo javert assess",
        "root として実行してください:\n  sudo javert assess",
    ),
    "limitation.inside-container.title": Text(
        "Javert ran inside a container",
        "Javert がコンテナー内で実行された",
    ),
    "limitation.inside-container.description": Text(
        "It was started in a PID namespace of its own, as containers have. The processes, sockets and files of that "
        "container could be seen, not those of the host. Findings are true; what is missing from them proves nothing "
        "about the host.",
        "コンテナーのように独立した PID 名前空間の中で実行されました。そのコンテナーのプロセス、ソケット、ファイルだけを確認し、"
        "ホストのものは確認していません。報告された結果は事実ですが、報告がないことはホストの安全の証拠になりません。",
    ),
    "limitation.inside-container.recommendation": Text(
        "Run it on the host itself:\n  sudo javert assess",
        "ホスト上で直接実行してください:\n  sudo javert assess",
    ),
    "limitation.host-asleep.title": Text(
        "The host was suspended for {asleep} during the run",
        "実行中にホストが{asleep}サスペンドしていた",
    ),
    "limitation.host-asleep.description": Text(
        "Nobody could reach its services then. How long ports were silent includes that time, so it is less evidence "
        "than it seems.",
        "その間、サービスには誰も接続できませんでした。ポートへの通信がなかった時間にはこの時間も含まれるため、"
        "見かけほど確かな証拠にはなりません。",
    ),
    "limitation.host-asleep.recommendation": Text(
        "Assess while the host stays awake.",
        "ホストがサスペンドしない状態で評価してください。",
    ),
    "limitation.run-short.title": Text(
        "The host was watched for {watched} only",
        "ホストの監視時間が{watched}しかない",
    ),
    "limitation.run-short.description": Text(
        "In less than 3 minutes little of what a host does can be seen: connections made by timers, clients that "
        "call rarely and processes that start now and then are missed, and a port is called unused more readily.",
        "3 分未満ではホストの動作をごく一部しか確認できません。定期的に行われる接続、まれにしか来ないクライアント、"
        "ときどき起動するプロセスは見逃され、ポートは未使用と判定されやすくなります。",
    ),
    "limitation.run-short.recommendation": Text(
        "Watch for an hour or more, at a time of normal work:\n  javert assess --duration 1h",
        "通常の業務時間帯に 1 時間以上監視してください:\n  javert assess --duration 1h",
    ),
    "limitation.run-interrupted.title": Text(
        "The run was interrupted after {watched} of {planned}",
        "予定された{planned}のうち{watched}で実行が中断された",
    ),
    "limitation.run-interrupted.description": Text(
        "Somebody ended the collection early (Ctrl-C or a signal). What was seen until then was evaluated; what "
        "happened afterwards was not seen.",
        "データの収集が途中で終了しました (Ctrl-C またはシグナル)。それまでに確認された内容は評価されましたが、"
        "その後に起きたことは確認されていません。",
    ),
    "limitation.run-interrupted.recommendation": Text(
        "Let a run reach its end, or choose a shorter --duration.",
        "実行を最後まで完了させるか、より短い --duration を指定してください。",
    ),
    "limitation.run-cut-off.title": Text(
        "The record of the run stops at {last_sign}",
        "実行の記録が {last_sign} で途切れている",
    ),
    "limitation.run-cut-off.description": Text(
        "The record has no end: Javert was killed, the host went down, or the run is still going on. It was meant "
        "to last until {planned_end}. What was recorded until {last_sign} was evaluated; the time after it was not "
        "seen, nor what sensors say only at the end.",
        "記録に終わりがありません。Javert が強制終了されたか、ホストが停止したか、実行がまだ続いています。"
        "実行は {planned_end} まで続く予定でした。{last_sign} までに記録された内容は評価されましたが、"
        "それ以降の時間と、センサーが最後にだけ報告する内容は確認されていません。",
    ),
    "limitation.run-cut-off.recommendation": Text(
        "Run javert assess again to the end. If it was killed for lack of memory, the kernel log says so:\n"
        "  journalctl -k | grep -i oom",
        "javert assess をもう一度、最後まで実行してください。メモリ不足で強制終了された場合はカーネルログに"
        "記録されています:\n  journalctl -k | grep -i oom",
    ),
    # ------------------------------------------------------------ the journal
    "limitation.journal-torn.title": Text(
        "The last record of the run was not written whole",
        "実行の最後の記録が完全に書き込まれていない",
    ),
    "limitation.journal-torn.description": Text(
        "The journal ends in the middle of a record ({bytes} bytes were left out), as after a crash or a loss of "
        "power. Everything before it is whole and was evaluated.",
        "ジャーナルが記録の途中で終わっています ({bytes} バイトを除外)。クラッシュや電源断の後に起こります。"
        "それより前の記録は完全で、すべて評価されました。",
    ),
    "limitation.journal-torn.recommendation": Text(
        "Nothing needs repair; assess the host again to cover what is missing.",
        "修復は不要です。欠けている部分を補うには、ホストをもう一度評価してください。",
    ),
    "limitation.journal-damaged.title": Text(
        "The record of the run is damaged",
        "実行の記録が破損している",
    ),
    "limitation.journal-damaged.description": Text(
        "Lines of the journal that cannot be read: {lines}, the first is line {first}. What they said is not "
        "known, so no rule can say that the host is clear.",
        "ジャーナルの {lines} 行を読み取れません (最初は {first} 行目)。失われた内容が分からないため、"
        "どのルールも問題なしとは判定できません。",
    ),
    "limitation.journal-damaged.recommendation": Text(
        "Assess the host again. A journal is damaged by a failing disk or by somebody who wrote to it.",
        "ホストをもう一度評価してください。ジャーナルの破損は、ディスクの故障または第三者の書き込みによって"
        "起こります。",
    ),
    "limitation.journal-unwritable.title": Text(
        "The run ended early: its journal could not be written",
        "ジャーナルに書き込めないため実行が早く終了した",
    ),
    "limitation.journal-unwritable.description": Text(
        "Writing to the run directory failed after {watched} of {planned} ({reason}). Collection ended there, and "
        "everything seen until then was evaluated.",
        "予定された{planned}のうち{watched}の時点で実行ディレクトリへの書き込みに失敗しました ({reason})。"
        "収集はそこで終了し、それまでに確認された内容はすべて評価されました。",
    ),
    "limitation.journal-unwritable.recommendation": Text(
        "Make room there, or keep the run elsewhere:\n  df -h {scope}\n  javert assess --run-dir DIR",
        "空き容量を確保するか、別の場所に保存してください:\n  df -h {scope}\n  javert assess --run-dir DIR",
    ),
    # ------------------------------------------------------------ sensors
    "limitation.sensor-unavailable.title": Text(
        "The sensor {sensor} could not start",
        "センサー {sensor} を開始できない",
    ),
    "limitation.sensor-unavailable.description": Text(
        "Nothing could be seen by it: {reason}.",
        "このセンサーでは何も確認できませんでした: {reason}。",
    ),
    "limitation.sensor-unavailable.recommendation": Text(
        "Remove the cause named above and assess the host again; as root if it was another user.",
        "上記の原因を取り除き、ホストをもう一度評価してください。"
        "root 以外で実行した場合は root で実行してください。",
    ),
    "limitation.sensor-failed.title": Text(
        "The sensor {sensor} failed during the run",
        "センサー {sensor} が実行中に異常終了した",
    ),
    "limitation.sensor-failed.description": Text(
        "It saw nothing from then on. This is a fault of Javert: {fault}.",
        "それ以降、このセンサーでは何も確認できませんでした。これは Javert の不具合です: {fault}。",
    ),
    "limitation.sensor-failed.recommendation": Text(
        "Report it to the project with the line above; JAVERT_DEBUG=1 javert assess shows more of it.",
        "上記の内容を添えてプロジェクトに報告してください。JAVERT_DEBUG=1 javert assess で詳細を表示できます。",
    ),
    "limitation.events-lost.title": Text(
        "Events of the sensor {sensor} were lost: {lost}",
        "センサー {sensor} のイベントが {lost} 件失われた",
    ),
    "limitation.events-lost.description": Text(
        "The host produced more than the sensor could take in ({records} were taken in). What was lost may hide a "
        "finding.",
        "センサーが処理できる量を超えるイベントが発生しました (処理できたのは {records} 件)。"
        "失われたイベントに、報告されるべき結果が含まれていた可能性があります。",
    ),
    "limitation.events-lost.recommendation": Text(
        "Assess the host again when it is less busy, or give Javert more processor time.",
        "負荷の低い時間帯にもう一度評価するか、Javert により多くの CPU 時間を割り当ててください。",
    ),
    # ------------------------------------------------------------ rules
    "limitation.rule-failed.title": Text(
        "The rule could not be evaluated",
        "ルールを評価できない",
    ),
    "limitation.rule-failed.description": Text(
        "This is a fault of Javert: {fault}. The other rules were evaluated.",
        "これは Javert の不具合です: {fault}。他のルールは評価されました。",
    ),
    "limitation.rule-failed.recommendation": Text(
        "Report it to the project with the line above. The record of the run is kept: once the fault is mended, "
        "javert evaluate RUN_DIR gives the answer without another run.",
        "上記の内容を添えてプロジェクトに報告してください。実行の記録は保存されているため、修正後に "
        "javert evaluate RUN_DIR を実行すれば、再度の収集なしに結果が得られます。",
    ),
    "limitation.rule-not-collected.title": Text(
        "Nothing was collected for the rule in this run",
        "この実行ではルールのためのデータが収集されていない",
    ),
    "limitation.rule-not-collected.description": Text(
        "The run was told to assess other rules only, so its sensors did not look for what this rule needs.",
        "この実行では他のルールだけが指定されたため、このルールに必要なデータは収集されませんでした。",
    ),
    "limitation.rule-not-collected.recommendation": Text(
        "Assess the host again with this rule:\n  javert assess --rule {rule}",
        "このルールを指定してもう一度評価してください:\n  javert assess --rule {rule}",
    ),
    "limitation.undescribed.title": Text(
        "Something could not be looked at ({code})",
        "確認できなかったものがある ({code})",
    ),
    "limitation.undescribed.description": Text(
        "The run recorded a limitation that this version of Javert has no words for.",
        "この実行には、このバージョンの Javert が説明文を持たない制限が記録されています。",
    ),
    "limitation.undescribed.recommendation": Text(
        "Evaluate the run with the version of Javert that recorded it.",
        "記録したバージョンの Javert で評価してください。",
    ),
}
