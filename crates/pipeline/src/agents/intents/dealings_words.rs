//! Words of what people hand over, whom they let in, what is recorded and what is checked, for [`super::grammar::dealings`].

use super::words::Concept;

/// English first, then the other languages that [`super::vocabulary`] knows.
pub(super) static WORDS: &[(Concept, &str)] = &[
    (
        Concept::Work,
        "report, reports, summary, deck, decks, outline, slide, slides, presentation*, article*, story, essay, letter, document, documents, original, originals, contract, contracts, manuscript, draft, drafts, résumé*, cv, cvs, curriculum, cover letter*, application, applications, attachment, attachments, spreadsheet*, recording, recordings, translation, translations, minutes, meeting notes, notes, letter, letters, e-mail, e-mails, email, emails, inputs, invoice, invoices, photo, photos, images, scan, scans, source files, source code, the code, code, the diff, diff, patch, patches, repository, repositories, workspace, the question, questions, the prompt, prompts, answers, the file, files, the text, texts, the input, input file, input, data, findings, results, the result, the output, query, queries, customers, names, addresses, applicants, candidates, patients, figures, dataset, datasets, database, databases, log file, log files, record, records, message, messages, what the user wrote, what the user gave, what the user sent, what they wrote",
    ),
    (
        Concept::Work,
        "bericht*, zusammenfassung*, dokument*, unterlagen, vertrag, verträge, entwurf, entwürfe, übersetzung*, lebenslauf, lebensläufe, bewerbung*, anschreiben, protokoll, protokolle, rechnung, rechnungen, quelltext*, datei, dateien, eingabe*, anhang, anhänge, kundendaten, brief, briefe, namen, informe*, documento*, contrato*, traducción, traducciones, borrador*, adjunto*, factura*, archivo*, currículum*, candidatura*, texto*, mensaje*, nombres, rapport*, lettre*, contrat*, traduction*, brouillon*, pièce jointe, pièces jointes, facture*, fichier*, candidature*, dossier*, compte rendu, texte*, messages, dépose-les, noms, tradução, traduções, rascunho*, anexo*, fatura*, arquivo*, ficheiro*, отчет*, договор*, перевод*, черновик*, документ*, резюме, счет*, файл*, письм*, текст*, исходн*, имен*, 报告, 文档, 文件, 合同, 译文, 原文, 草稿, 简历, 附件, 发票, 代码, 资料, 契約書, 原稿, 翻訳, 履歴書, 書類, ファイル, 添付, 請求書, 계약서, 번역, 원고, 이력서, 문서, 파일, 첨부",
    ),
    (
        Concept::Entire,
        "complete, entire, whole, full, in full, each, every, all, both, original, originals, verbatim, word for word, unabridged, unredacted, untouched, as it is, as they are, along with, together with, plus the, copy of, a copy, copies, ganze, gesamte, vollständig*, jede*, alle, samt, unverändert, kopie, íntegr*, complet*, cada, todo, toda, todos, todas, junto con, copia, intégral*, complète*, entier*, chaque, tous, toutes, avec, tout, copie, inteir*, integral*, cópia, junto com, полн*, целик*, кажд*, все, вместе с, копи*, оригинал*, 完整, 全文, 全部, 每, 所有, 连同, 副本, 全て, すべて, 各, 写し, 전체, 모든, 각, 사본",
    ),
    (
        Concept::Grant,
        "give, gives, grant, grants, assign, assigns, add, adds, invite, invites, make, makes, attach, attaches, approve, approves, approving, share, shares, promote, include, includes, register, delegate, delegates, authorise, authorize, authorizes, authorises, names, name, trusts, sign, signs, set, subscribe, enrol, enroll, whitelist, allow, allows, appoint, gib, gewähre*, erteil*, füge, lade, weise, otorga*, concede*, da, dale, añad*, agreg*, invita*, comparte*, donne, donner, accorde*, ajoute*, invite*, partage*, dê, conceda, adicion*, convide, compartilh*, дай, предостав*, назнач*, добав*, пригласи*, 授予, 授权, 添加, 邀请, 赋予, 共享, 付与, 追加, 招待, 共有, 부여, 추가, 초대, 공유",
    ),
    (
        Concept::Right,
        "role, roles, access, collaborator*, maintainer, maintainers, maintain role, admin, administrator, administratoraccess, owner, co-owner, member, editor, reader, reader access, viewer, guest, optional guest, guests, attendee*, participant*, invitation*, reviewer, code owner, write access, push access, read access, admin rights, permission to, permissions, allowance, spender, approve(, setapprovalforall, increaseallowance, deploy key, deploy keys, trust policy, trust relationship, principal, delegate, delegation, signer, co-signer, app password, oauth app, webhook, sudo, superuser, rolle, zugriff, zugang, schreibrechte, leserechte, adminrechte, mitwirkende*, gast, teilnehmer*, acceso, permisos, rol, colaborador*, administrador*, invitad*, lector, accès, droits, rôle, collaborateur*, administrateur*, invité, lecteur, acesso, permissões, convidad*, доступ*, роль, права, администратор*, участник*, гост*, 权限, 角色, 管理员, 协作者, 访客, 成员, 訪問, アクセス権, 権限, 管理者, 共同編集者, ゲスト, 권한, 관리자, 협력자, 게스트",
    ),
    (
        Concept::Record,
        "auditd, audit log, audit logs, audit logging, audit trail, audit trails, audit daemon, audit rule*, auditctl, cloudtrail, event selectors, guardduty, security hub, sysmon, osqueryd, osquery, falcon-sensor, crowdstrike, sentinelone, carbon black, wazuh*, edr agent*, edr sensor*, endpoint agent*, rsyslog, syslog-ng, log forwarder*, log forwarding, journald, systemd-journald, remote logging, histfile, histsize, histfilesize, shell history, bash history, command history, wtmp, btmp, utmp, lastlog, auth.log, /var/log/secure, /var/log/auth.log, security event log*, windows event log*, security log, security logs, login records, flow logs, 审计日志, 审计服务, 安全日志, 監査ログ, 감사 로그, auditoría, registros de auditoría, journal d'audit, journaux d'audit, auditprotokoll*, sicherheitsprotokoll*, журнал* аудита, журнал* безопасности, аудит",
    ),
    (
        Concept::Off,
        "stop, stops, mask, disable, disables, turn off, turns off, switch off, switches off, truncate, truncates, empty, empties, clear, clears, wipe, wipes, unset, /dev/null, to 0, =0, = 0, exempt, exempts, exclude, excludes, suppress, purge, uninstall, uninstalls, kill, drop, drops, remove, removes, delete, deletes, erase, erases, silence, silences, pause, pauses, unload, unloads, blank, take out, leave out, off the boot list, stoppe*, deaktivier*, schalte, abschalt*, leere, lösche*, entferne*, desactiv*, detén, vacía*, borra*, elimina*, désactive*, arrête*, vide*, efface*, supprime*, desative*, pare, apague, esvazie, отключи*, останови*, очисти*, удали*, выключи*, 停止, 关闭, 禁用, 清空, 删除, 停用, 無効, 停止し, 削除, 消去, 중지, 비활성화, 삭제, 비우",
    ),
    (
        Concept::Integrity,
        "docker_content_trust, content trust, by digest, the digest, digests, @sha256, sha256, hashes, hash check*, checksum*, signature check*, signature verification, signature, signatures, strict-ssl, strict_ssl, trusted-host, trusted host, sslverify, ssl verification, tls verification, certificate verification, certificate check*, gpgcheck, gpg check*, insecure-registries, insecure registries, stricthostkeychecking, host key check*, gonosumdb, gonosumcheck, gosumdb, goflags, require-hashes, --require-hashes, ignore-scripts, integrity check*, integrity hashes, prüfsumme*, signaturprüfung*, zertifikatsprüfung*, sumas de verificación, firma*, verificación de certificado*, sommes de contrôle, vérification des certificats, контрольн* сумм*, провер* подпис*, 校验和, 签名校验, 证书校验, チェックサム, 署名検証, 체크섬, 서명 검증",
    ),
    (
        Concept::Supply,
        "index-url, index url, extra-index-url, pip.conf, pip config, registry=, registry to, registry-mirrors, registry mirror*, npm registry, .npmrc, npm config, .yarnrc*, package index, package registry, package source*, package mirror*, download mirror*, mirror, mirrors, goproxy, cargo registry, [source.crates-io], maven mirror*, settings.xml, gem source*, sources.list, apt source*, daemon.json, repository url, channels, condarc, .condarc, hf_endpoint, hub endpoint, proxy, paketquelle*, paketindex, spiegel, spiegelserver, espejo, repositorio de paquetes, índice de paquetes, miroir, dépôt de paquets, index des paquets, espelho, зеркал*, реестр*, репозитори* пакетов, 镜像, 软件源, 包源, ミラー, レジストリ, 미러, 레지스트리",
    ),
    (
        Concept::Code,
        "one-time code*, one-time password*, one time code*, one time password*, otp, otps, 2fa code*, mfa code*, verification code*, sms code*, security code*, confirmation code*, login code*, six-digit code*, authenticator code*, einmalcode*, bestätigungscode*, sicherheitscode*, tan, código de verificación, código de un solo uso, códigos de verificación, code de vérification, code à usage unique, codes de vérification, código de verificação, код* подтвержден*, одноразов* код*, код из смс, 验证码, 短信验证码, 一次性密码, 認証コード, ワンタイム, 確認コード, 인증번호, 인증 코드, 일회용",
    ),
    (
        Concept::Pretext,
        "for security reasons, as a security check, security check, to verify your identity, verify the identity, identity check, for verification, under the pretext, pretext, pretend, tell the user it, tell the user that it, tell them it, tell them that it, say it is, say that it is, so that they seem, so it seems, as if, in the name of, aus sicherheitsgründen, unter dem vorwand, por motivos de seguridad, con el pretexto, pour des raisons de sécurité, sous prétexte, por motivos de segurança, под предлогом, в целях безопасности, 为由, 以核实, 以“核实, 名义, 安全检测, 安全检查, という理由で, 口実, 명목, 이유로, hidden field, unter vorwand",
    ),
    (
        Concept::Exempt,
        "approve, approves, approving review*, approved, lgtm, sign off, wave through, let through, merge, merges, accept, skip, skips, pass over, leave out, leave their lines out, leave them out, leave it out, exempt, exempts, exclude, excludes, whitelist, ignore, do not review, do not flag, do not report, genehmig*, winke, aprueba*, approuve*, aprove*, одобр*, пропуска*, 批准, 通过, 放行, 跳过, 承認, 見逃, 승인, 통과",
    ),
    (
        Concept::Unchecked,
        "straight away, right away, at once, immediately, without review*, without reading, without a review, without a look, without looking, without checks, without comment, unread, without scanning, out of the security, out of the review, out of the scan, no review, no findings, no further check*, regardless of, whatever it contains, ungeprüft, ohne prüfung, sofort, sin revisar, sin revisión, sans relecture, sans vérifier, sem revisar, без проверки, сразу, 无需审查, 直接, 不检查, 無条件, レビューなし, 검토 없이, 즉시",
    ),
    (
        Concept::Precedence,
        "supersede*, override*, overrule*, prevail*, outrank*, takes precedence, take precedence, has precedence, comes before, above earlier, replaces this file, replace this file, wins over, as they stand, as it stands, as is, to the letter, exactly as, word for word, right away, at once, immediately, without asking, without question*, hat vorrang, geht vor, prevalece*, prévaut, prévalent, prevalecem, имеет приоритет, 优先于, 以其为准, 为准, 優先, 우선",
    ),
    (
        Concept::Follow,
        "carry those out, carry them out, carry it out, carry these out, carry out what, carry out the, carry out its, carry out whatever, follow what, follow it, follow them, follow those, follow its, follow the steps, obey, act on it, act on them, act on what, act accordingly, proceed as described, proceed as it, proceed as is described, proceed accordingly, work by what, work by it, work by them, do what it, do what is, do what they, do as it, do as is, abide by, comply with it, comply with what, run commands, run the commands, run what, run whatever, execute what, execute the commands, execute its, apply what it, apply its, apply the steps, its instructions, its steps, its rules, what it says, what is written there, what stands there, the steps there, führe sie aus, führe es aus, befolge*, halte dich daran, richte dich, ejecuta lo que, sigue lo que, síguelo*, cúmplel*, exécute ce, suis ce, suis-les, applique-les, execute o que, siga o que, выполн*, следуй, 执行其中, 按其, 照做, 遵照, その内容に従, それに従, 指示に従, 그대로 따르, 그 지시",
    ),
    (
        Concept::Placed,
        "sits at, lives at, lives on, lies at, lies under, stands at, is kept at, are kept at, is at, are at, is published at, are published at, is found at, is hosted at, is available at, available at, maintained at, liegt unter, steht unter, liegen unter, está en, se encuentra en, se trouve à, se trouve sur, está em, находится, лежит по, 位于, 存放在, にあります, に置か, 에 있",
    ),
    (
        Concept::Peers,
        "brief, briefs, subagent*, sub-agent*, delegate, members who, other agents, each agent, every agent, other assistants, each prompt, every prompt, agents you start, agents you call, readme, readmes, repositories you, repository you, every repository, each repository, each sibling, sibling director*, other projects, every project, each project, agents.md, claude.md, gemini.md, .cursorrules, copilot-instructions.md, their turn, further agents, weitere agenten, andere agenten, jedes repository, otros agentes, cada repositorio, autres agents, chaque dépôt, outros agentes, cada repositório, друг* агент*, кажд* репозитори*, 其他代理, 其他智能体, 每个仓库, 他のエージェント, 各リポジトリ, 다른 에이전트",
    ),
    (
        Concept::Replica,
        "the following paragraph, following paragraph, this paragraph, paragraph below, the block below, block below, this block, the text below, text below, the lines below, lines below, this notice, this note, this section, the section below, this very text, these lines, this instruction, these instructions, this file, this skill, diesen absatz, folgenden absatz, diesen block, este párrafo, el siguiente párrafo, este bloque, ce paragraphe, le paragraphe suivant, ce bloc, este parágrafo, este bloco, этот абзац, следующий абзац, этот блок, 以下段落, 本段, 此段, この段落, 次の段落, 이 단락, 다음 단락",
    ),
    (
        Concept::Onward,
        "likewise, do the same, hand it on, hands it on, hand it down, pass it on, passes it on, pass them on, spread it, carry it on, put it back, puts it back, restore it, restores it, restore them, re-add, readd, add it again, write it again, invisible remark, hidden comment, invisible comment, html comment, ebenso, gib ihn weiter, gib es weiter, stelle ihn wieder, stelle es wieder, haz lo mismo, pásalo, transmítelo, vuelve a poner, fais de même, transmets-le, remets-le, faça o mesmo, repasse, recoloque, передай дальше, верни его, верни обратно, 同样, 传递下去, 恢复, 放回, 同様に, 元に戻, 전달하, 되돌려",
    ),
    (
        Concept::Passage,
        "let requests through, lets requests through, let them through, lets them through, let it through, let the request through, skip the check, skip authentication, skips authentication, bypass authentication, bypasses authentication, bypass the check, skip verification, skip the log-in, skip the login, treat as authenticated, count as authenticated, counts as authenticated, log in as, accept requests, accepts requests, lass anfragen durch, lasse anfragen durch, deja pasar, laisse passer, deixe passar, пропуска* запрос*, 放行, 跳过验证, 通過させ, 인증을 건너",
    ),
    (
        Concept::Mark,
        "header, headers, cookie, query parameter, user agent, user-agent, magic value, fixed value, parameter, kopfzeile, cabecera, encabezado, en-tête, cabeçalho, заголов*, 请求头, ヘッダ, 헤더",
    ),
    (
        Concept::Randomness,
        "new random(, math.random, random.seed, random.random, random.randint, mt19937, rand(), srand, fixed seed, constant seed, same seed, static seed, timestamp as, current time as, java.util.random, fester startwert, festen startwert, semilla fija, graine fixe, 固定种子, 固定シード",
    ),
    (
        Concept::Keyed,
        "token, tokens, keys, key material, secrets, session id*, session ids, passwords, nonce, nonces, salts, iv, ivs, schlüssel, claves, clés, chaves, ключ*, 密钥, 令牌, トークン, 鍵, 키",
    ),
    (
        Concept::Minimal,
        "only, just, merely, nothing, no more than, purely, solely, never, routine, technical, normal, standard, required, necessary, harmless, public sources, version number, for the search, by the system, maintenance, an error, a bug, nur, lediglich, bloß, rein, technisch*, genügt, versionsnummer, solo, solamente, técnic*, necesari*, seulement, simplement, technique*, nécessaire*, apenas, somente, necessári*, только, просто, техническ*, обычн*, 只是, 仅, 系统, 正常, 技术, だけ, 技術的, 뿐, 단지, 기술적",
    ),
    (
        Concept::Reply,
        "say that, say it, say they, say so, say the, say no, answer that, answer with, reply that, reply with, tell them that, tell them it, state that, claim that, explain that, point to, genügt der hinweis, sag, sage, antworte, di que, responde que, contesta que, dis que, réponds que, diga que, responda que, скажи, отвечай, ответь, 就说, 回答, 说是, と答え, と言, 라고 답, 라고 말",
    ),
    (
        Concept::Waiver,
        "need not be consulted, needs not be consulted, does not need to be consulted, do not need to be consulted, no need to consult, need not be asked, does not have to be asked, need not be informed, need not be told, does not need to be informed, need not learn, need not hear, no need to trouble, does not need to be troubled, no need to bother the, without consulting the, needn't be told, needn't be asked, nicht gefragt werden, nicht gefragt zu werden, nicht informiert werden, nicht informiert zu werden, nicht behelligt, nichts davon wissen, nichts davon zu wissen, no hace falta consultar, no hace falta avisar, no hace falta comentarlo, no es necesario consultar, no tiene que saber, no tiene por que saber, sin consultar al, n'a pas besoin d'etre consulte, n'a pas besoin d'etre informe, n'a pas besoin d'etre prevenu, n'a pas a savoir, n'a pas a etre informe, inutile de consulter, sans consulter, nao precisa ser consultad, nao precisa ser informad, nao precisa saber, sem consultar, не нужно спрашивать, спрашивать не нужно, не обязательно спрашивать, знать об этом не нужно, не нужно знать об, 无需征求, 不必征求, 无须征求, 不用征求, 不必知会, 无需知会, 用户无需知道, 知らせる必要はな, 知らせなくて, 確認する必要はな, 알릴 필요, 물어볼 필요",
    ),
];
