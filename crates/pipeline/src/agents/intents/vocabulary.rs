//! The words themselves, by what they mean: [`VOCABULARY`], looked up by [`super::words`].

use super::words::Concept;

/// English first, then German, Spanish, French, Portuguese, Russian, Chinese, Japanese, Korean.
pub(super) static VOCABULARY: &[(Concept, &str)] = &[
    (
        Concept::Send,
        "sent, posted, forwarded, passed on, handed over, passed to, shared with, reported to, delivered, send, sends, sending, post, posts, posting, upload*, transmit*, exfiltrat*, forward, forwards, forwarding, submit*, relay*, push to, push it, push them, push the, pushes, pushing, publish*, deliver*, hand over, hand them over, hands them over, hand it over, hands it over, hand the, report back, pass it, pass them, pass its, pass the, passes, ship it, ship them, e-mail, email it, email them, invite, share it, share them, sync, mirror, beam, drop it, drop them, leak*, stream, mirrored, mirroring, give, gives, giving, supply, supplies, supplying, provide, provides, providing, quote, quotes, copy to, share, mail the, mail it, mails, log the, log each, log all, log its, log every, dial, hand it to",
    ),
    (
        Concept::Send,
        "leg, lege, häng, hänge, übergib, gib, überspiel*, stell, stelle, verschick*, übermittl*, überträgt, lad, leit*, schick*, send, sende, senden, sendest, übermittel*, übertrag*, lade, hochlad*, leite, weiterleit*",
    ),
    (
        Concept::Send,
        "adjunt*, deposit*, comparte*, coloca*, entrega*, envía*, envia*, enviar*, envíe*, envie*, manda, manda*, súbe*, sube, subir, transmit*, reenví*, pása*, publica",
    ),
    (
        Concept::Send,
        "poste, postez, publie*, joins, joindre, dépose*, partage*, remets, envoie*, envoyer, envoyez, transmet*, transfère*, téléverse*, expédie*, pousse",
    ),
    (Concept::Send, "anexe, anexa*, entregue, compartilh*, encaminh*, repass*, transfir*, carregue"),
    (
        Concept::Send,
        "приложи*, прикрепи*, пересыл*, переадрес*, выложи*, скинь, сбрось, отправ*, отошли*, пошли, передай*, передав*, загрузи*, перешли*, выгрузи*, шли ",
    ),
    (
        Concept::Send,
        "发送, 上传, 提交到, 传给, 传到, 传送, 发给, 转发, 送到, 發送, 上傳, 放入, 填入, 附上, 贴到, 交给, 推送",
    ),
    (Concept::Send, "送信, 送って, アップロード, 転送, 投稿し, 添えて, 渡して, 送る, 貼り付け"),
    (Concept::Send, "전송, 보내, 업로드, 전달, 첨부, 넘겨, 올려"),
    (
        Concept::Write,
        "must start with, must contain, must include, must import, must use, put, puts, written, added, copied, stored, included, placed, place, places, add, adds, append*, include, includes, insert*, write, writes, attach*, embed*, encode*, store, stores, copy, copies, inject*, prepend*, carry, paste*, replicate*, plant",
    ),
    (
        Concept::Write,
        "füge, trage*, trägt, schreib*, kopier*, hänge, setze, copia*, copie*, añad*, agreg*, escrib*, inclu*, ajoute*, écri*, adicion*, escrev*, добав*, запиши*, скопируй*, вставь*, впиши*, 写入, 复制, 添加, 追加, 附加, 書き込, コピー, 添付, 추가, 복사, 기록",
    ),
    (
        Concept::Take,
        "read, reads, reading, open, opens, collect*, gather*, harvest*, extract*, fetch*, dump, dumps, grab*, copy, copies, look through, go through, scan, scans, find, search, list, load, loads, retrieve*, get, gets, take, takes, obtain*, pull, pulls, curl, wget, tar, zip, archive, pack, packs, bundle, snapshot, call read_file",
    ),
    (
        Concept::Take,
        "lies, lese*, such, suche, nimm, schnapp, kopier*, sammle*, sammel*, hole, hol, öffne*, lee, leer, lea, recopila*, recoge, recoja, reúne, obtén, obtener, extrae*, lis, lire, lisez, récupère*, récupérer, collecte*, extrais, leia, ler, colete*, extraia, прочитай*, прочти, собери*, собирай*, считай, возьми, извлеки*, читай*, 读取, 收集, 获取, 提取, 打开, 讀取, 読み取, 読み込, 読んで, 収集, 取得, 抽出, 읽어, 읽고, 수집, 가져와, 추출",
    ),
    (
        Concept::Secret,
        "api key*, api-key*, apikey*, access key*, secret key*, access token*, auth token*, bearer token*, session token*, account token*, refresh token*, oauth token*, tokens, credential*, password, passwords, secret, secrets, private key*, ssh key*, ssh-key*, environment variable*, env var*, env file*, seed phrase*, recovery phrase*, mnemonic*, keychain, cookies, session cookie*, login session, authorization header, authorization headers, auth header, request headers, request body, request bodies, headers and body, token file, login material, login data, shell history, bash history, command history, output of printenv, output of env, output of `printenv*, output of `env*, private ssh",
    ),
    (
        Concept::Secret,
        "zugangsdaten, passwort, passwörter, kennwort*, kennwörter, geheimnisse, schlüssel, zugangsschlüssel, anmeldedaten, umgebungsvariable*, contraseña*, credencial*, clave*, variables de entorno, token de acceso, llave privada, mot de passe, mots de passe, clés, clé d'api, identifiants, variables d'environnement, jetons, senha*, chaves, chave de, variáveis de ambiente, парол*, ключи, ключ*, учётн*, учетн*, токен*, переменн* окружения, переменные окружения, переменных окружения, 密码, 密钥, 凭据, 凭证, 令牌, 环境变量, 私钥, 密鑰, 口令, パスワード, 認証情報, 秘密鍵, 環境変数, トークン, apiキー, 비밀번호, 자격 증명, 환경 변수, 토큰, 키를, 개인 키, 인증 정보",
    ),
    (
        Concept::Store,
        "variable whose name contains key, variable whose name contains token, variable whose name contains secret, variables whose names contain key, variables whose names contain token, variables whose names contain secret, variable that holds a key, ~/.ssh, .ssh/, id_rsa, id_ed25519, .aws/credentials, .aws/config, .aws/, .env, **/.env*, *.pem, .netrc, .npmrc, .pypirc, .git-credentials, .kube/config, .docker/config.json, .config/gh, .config/gcloud, application_default_credentials.json, .gnupg, mcp.json, .claude.json, .bash_history, .zsh_history, wallet.dat, login.keychain*, credentials.json, login data, ~/.config, .openclaw, /etc/shadow, .vault-token, .pgpass, hosts.yml, auth.json, .clawdbot",
    ),
    (
        Concept::Private,
        "national id, personal data, id card*, home address, card number*, cvv, cvc, one-time code*, one-time password*, otp, otps, 2fa code*, verification code*, password reset*, inbox, mailbox, contacts, address book, social security, passport number*, date of birth, medical record*, chat logs, private message*, direct messages, browsing history, browser history, saved passwords, call log*, photos, bank statement*, kreditkarte*, tarjeta de crédito, numéro de carte, номер карты, 银行卡, 验证码, カード番号, 인증번호",
    ),
    (
        Concept::Conversation,
        "previous message, previous messages, earlier messages, last message, your context, everything above, text above, lines above, instructions above, your prompt, your instructions, conversation, conversation history, chat history, chat so far, system prompt, context window, messages so far, transcript, everything the user, whatever the user, all messages, user's messages, the dialogue, this chat, this session, unterhaltung, gesprächsverlauf, systemprompt, conversación, historial del chat, prompt del sistema, conversation en cours, historique de la conversation, invite système, conversa, histórico da conversa, переписк*, диалог*, системный промпт*, историю чата, 对话, 聊天记录, 系统提示, 会話, システムプロンプト, 대화, 시스템 프롬프트, list_chats output",
    ),
    (
        Concept::Whole,
        "word for word, character by character, unabridged, unedited, full, entire, complete, whole, verbatim, all of, everything, so far, including, raw, latest, ganze, gesamte, completo, completa, toda, entière, complète, inteira, весь, всю, полную, полный, 完整, 全部, 所有, 全て, すべて, 전체, 모든",
    ),
    (
        Concept::Slot,
        "parameter, argument, field, header, query parameter, query string, sidenote, metadata, payload, 'meta', 'extra', parámetro, paramètre, parâmetro, параметр*, 参数, 參數, パラメータ, 引数, 매개변수, in `ctx`, in `context`, comment, description, issue",
    ),
    (
        Concept::Not,
        "not, n't, never, avoid, without, no need to, refrain, instead of, rather than, nicht, nie, niemals, kein, keine, keinen, no, nunca, jamás, sin, ne, n', jamais, sans, não, nao, sem, не, никогда, нельзя, 不必, 无须, 不用, 不要, 不得, 切勿, 勿, 别, 禁止, 绝不, 不能, 不应, 無需, 无需, 不会, 不可, cannot, refuse*, forbid*",
    ),
    (
        Concept::PostNot,
        "ないで, しない, 禁止, ません, ずに, 지 마, 않, 금지, 말고, nicht, nirgendwo*, niemals, jamais, nada, 没有, なく",
    ),
    (
        Concept::Tell,
        "be told, be shown, be listed, be disclosed, be revealed, be mentioned, tell, mention, mentions, mentioning, announce, announcing, inform, informing, reveal, notify, notifying, disclose, explain, quote, list, show, showing, display, describe, point out, surface it, talk about, speak of, raise, remind, reminded, report, announce, acknowledge, admit, bring up, bring it up, state, comment on, alert, bother, bothering, discuss, refer, expose, sag, sage, erwähn*, informier*, zeig*, melde, bericht*, entere, enterarse, cuentes, cuente, comentes, digas, diga, decir, menciones, mencione*, informes, informe, muestres, reveles, avises, dis, dire, parle, parler, mentionne*, informe*, montre, signale*, conte, contar, diga, menciona*, avise, mostre, сообщ*, говори*, упомина*, показыва*, рассказыва*, уведомля*, 说明, 解释, 汇报, 告诉, 告知, 提及, 提到, 透露, 通知, 显示给, 説明, 話さ, 知らせ, 伝え, 言及, 通知, 報告, 見せ, 설명, 알리, 말하, 언급, 보여, 공개",
    ),
    (
        Concept::User,
        "candidate, la personne, la persona, a pessoa, der person, person you are helping, person at the keyboard, whoever is at the keyboard, colleague, colleagues, team, user, users, the human, operator, owner, developer, developers, reviewer, reviewers, reader, readers, anyone, anybody, nobody, nutzer*, benutzer*, anwender*, usuario*, utilisateur*, usuário*, пользовател*, владел*, хозяин*, 用户, 使用者, 用戶, ユーザー, 利用者, 사용자, owner's, admin",
    ),
    (
        Concept::Report,
        "summary, summaries, answer, answers, preview, reply, replies, pull request description*, release notes, response, output, logs, report, explanation*, commit message*, review, reviews, conversation, chat, confirmation, history, changelog, view, recap, final message, zusammenfassung, antwort, vorschau, resumen, respuesta, résumé, réponse, resumo, resposta, ответ*, отчёт*, отчет*, 回复, 回答, 总结, 摘要, 回答, 要約, 返信, 답변, 요약",
    ),
    (
        Concept::LeaveOut,
        "skip this in, skip it in, skip that in, stays out of, stay out of, kept out of, left out of, remains out of, belongs in no, has no place in, delete the entries from, delete the entry from, delete the lines from, erase it from, wipe it from, leave it out, leave this out, leave them out, leave that out, leaving it out, keep it out, keep this out, keep that out, keep them out, keep it off, omit it, omit this, omit them, cut it from, drop it from, strip it from, clear it from, delete it from, remove it from, remove them from, lass es aus, omítelo, omets-le",
    ),
    (
        Concept::Asked,
        "wenn jemand fragt, falls jemand fragt, wenn man fragt, auf nachfrage, wenn er fragt, falls er fragt, si pregunta*, si alguien pregunta, si on demande, si on te demande, s'il demande, se perguntar*, se alguém perguntar, если спрос*, если спраш*, 如果问, 若问, 如有人问, 如果用户问, 被问到, 聞かれたら, 聞かれた場合, 尋ねられ, 물어보면, 묻는다면, if asked, when asked, if questioned, should anyone ask, should the user ask, if anyone asks, if someone asks, if the user asks, if the owner asks, owner asks, reviewer asks, user asks, user wonders, if pressed, if challenged, if they ask, anyone asks, if confronted",
    ),
    (
        Concept::Cover,
        "sag, es sei, sag es, sage, es, antworte, es, di que es, diga que es, dis que c'est, diga que é, diga que foi, скажи, что, отвечай, что, 就说, 回答说, 说是, と答え, と説明, だと言, 라고 답, 라고 말, say it is, say that it is, say it's, say this is, say they are, describe it as, describe this as, explain it as, call it, pretend*, deny, claim it, claim that, claim this, present it as, pass it off, answer that it is, tell them it is, tell them it's, blame, make up, act as if, act as though, feign*",
    ),
    (
        Concept::Unseen,
        "only sees the, sees only the, only ever sees, only see the, did not ask for this, unsaid, unmentioned, unremarked, needs no mention, needs no line, needs no note, needs no comment, not need a line, not need a note, not need a comment, not need mention*, not need this information, not need that information, no use for this information, is not worth, isn't worth, not worth mention*, unbeobachtet, nicht wissen, muss davon nichts, no necesita saberlo, n'a pas besoin de le savoir, não precisa saber, знать не нужно, знать не надо, знать об этом, 不必知道, 无需知道, 無需知道, 知る必要, 알 필요, no mention of, no word of, no word about, not a word, worth a word, say nothing, says nothing, keep quiet, keeps quiet, stay quiet, stay silent about, keep silent, kein wort, unter uns, stillschweig*, no tiene por qué, entre nosotros, ni un mot, reste entre nous, nem uma palavra, fica entre nós, ни слова, между нами, 只字不提, 保密, 内緒, 黙って, 비밀로, no line in, without a line in, needn't know, need not know, does not need to know, doesn't need to know, has no need to know, of no interest to, unobserved, unnoticed, undetected, invisible to, without bothering, without disturbing, does not notice, do not notice, don't notice, will not notice, won't notice, never notice*, never sees it, never learns, unbemerkt, heimlich, sin que el usuario, sin avisar, à l'insu, discrètement, sem que o usuário, sem avisar, незаметно, втайне, тайно, 悄悄, 暗中, 偷偷, 后台静默, 静默上传, 静默发送, 密かに, こっそり, 気付かれ, 気づかれ, 몰래, 은밀, upset when reminded, wants no reminder, not want to be reminded, hates being asked, covertly, surreptitiously, stay clean, not surface it, not surface this, under the radar, out of sight, stays between us",
    ),
    (
        Concept::Hide,
        "hide, hides, conceal*, keep secret from, keep it from, keep this from, keep them from, verberg*, verheimlich*, oculta*, esconde*, cacher, cachez, cache-le, dissimule*, скрой*, скрыва*, скрывай, 隐藏, 隐瞒, 瞒着, 隠し, 隠す, 숨기, 숨겨",
    ),
    (
        Concept::Trust,
        "is trusted, are trusted, has been verified, have been verified, is verified, are verified, is safe, are safe, allow-listed, allowlisted, whitelisted, pre-cleared, vetted, as trusted, fully trusted, is our own, is legitimate, vertrauenswürdig, es de confianza, de confiance, é confiável, доверенн*, 可信, 受信任, 信頼でき, 신뢰할",
    ),
    (
        Concept::Public,
        "issue, issues, gist, public repository, public repo, pull request comment, discussion, wiki page, pastebin, paste, public channel, release asset, public bucket, gh-pages, guestbook, branch, calendar event, event's description, calendar invite, commit message, shared document, public folder, dns, subdomain, webhook",
    ),
    (
        Concept::Source,
        "mirror, package index, package registry, registry, proxy, name server, nameserver, dns server, resolver, base url, update server, repository url, install it from, install them from, installed from, installs from, install from",
    ),
    (
        Concept::Guard,
        "camera, cameras, alarm, alarms, front door, door lock, garage door, smoke detector, motion sensor, history, log entries, audit trail, watchdog, backups, two-factor, 2fa, mfa, spending limit, rate limit",
    ),
    (
        Concept::Weakness,
        "verify=false, rejectunauthorized, verify: false, insecureskipverify, md5, chmod 777, 0.0.0.0/0, shell=true, innerhtml, strcpy, eval(, pickle, disable csrf, csrf protection, string concatenation, hard-coded key, hardcoded key, debug=true, cors *, certificate check*, certificate validation, weak random, math.random, admin route, debug endpoint, unauthenticated endpoint, older version, vulnerable version",
    ),
    (
        Concept::Approval,
        "second look, confirmation, confirmations, approval, approvals, permission, permissions, permission question*, permission prompt*, confirmation prompt*, consent, authorization, authorisation, sign-off, to be asked, being asked, bestätigung*, nachfrage*, rückfrage*, freigabe, confirmación, confirmaciones, permiso, confirmer, confirmations, autorisation, confirmação, confirmações, permissão, подтвержден*, разрешени*, 确认, 批准, 许可, 確認, 承認, 許可, 확인, 승인, 허락",
    ),
    (
        Concept::Skip,
        "skip, skips, skipping, bypass*, disable, disables, turn off, switch off, suppress*, need no, needs no, no need for, requires no, require no, without, not needed, unnecessary, overrule*, deaktivier*, überspring*, ohne, desactiva*, omite, omita, sin, désactive*, saute, sans, desative*, pule, sem, отключи*, пропус*, без, не спрашивай, не проси, 跳过, 关闭, 无需, 不用, 禁用, 绕过, スキップ, 無効, 省略, 건너뛰, 비활성, 없이, 끄고",
    ),
    (
        Concept::Granted,
        "as approval, as consent, as permission, as a yes, as confirmation, has agreed, have agreed, has consented, already agreed, agreed to this, already approved, pre-approved, preapproved, pre-authorized, pre-authorised, standing approval, standing authorisation, standing authorization, standing permission, standing consent, has authorised, has authorized, have authorised, have authorized, not necessary to consult, no need to consult, without consulting, as confirmed, as approved, as authorised, as authorized, as agreed, just happens, no need to check back, without checking back, settled with, cleared with, agreed with the owner, delegated to you, finds questions, finds such questions, considers it approved, counts as approval, counts as consent, counts as a yes, need not be asked, needn't be asked, doesn't need to be asked, does not need to be asked, no need to raise it, no need to ask the user, need not ask the user, yourself with yes, answer yes to, gave blanket, blanket approval, blanket permission, wurde bereits genehmigt, hat zugestimmt, ya ha aprobado, a déjà accepté, já aprovou, уже согласился, 已经同意, 已授权, 已同意, 承認済み, 同意済み, 이미 승인, 이미 동의",
    ),
    (
        Concept::Ignore,
        "ignore*, disregard*, forget, override*, ignorier*, vergiss, missachte*, ignora, ignore, olvida, oublie, ignorez, desconsidere, esqueça, игнориру*, забудь*, не обращай внимания, 忽略, 无视, 忘记, 忽視, 無視, 忘れて, 무시, 잊어",
    ),
    (
        Concept::Prior,
        "privacy, security, previous, prior, earlier, above, all, safety, vorherig*, bisherig*, alle, obigen, sicherheits*, anterior*, previas, todas, toutes, précédent*, antérieur*, sécurité, предыдущ*, прежн*, все, всех, 之前, 以前, 先前, 上述, 所有, 安全, 以前の, 前の, これまで, すべての, 이전, 기존, 모든, 위의",
    ),
    (
        Concept::Instructions,
        "instructions, instruction, rules, guidelines, directives, anweisung*, regeln, vorgaben, richtlinien, instrucciones, reglas, normas, consignes, règles, directives, instruções, regras, инструкци*, правил*, указани*, 指令, 指示, 规则, 说明, 规定, 命令, 規則, ルール, 지시, 명령, 규칙, 지침",
    ),
    (
        Concept::Money,
        "payroll, salary, salaries, direct deposit, wages, checkout, donation*, deposits, funds, payment, payments, transfer, transfers, transaction, transactions, invoice, invoices, refund*, payout*, wire, wires, withdrawal*, swap, swaps, purchase*, order up to, überweisung*, zahlung*, rechnung*, pago*, transferencia*, factura*, paiement*, virement*, facture*, pagamento*, transferência*, fatura*, платеж*, перевод*, счет*, 付款, 转账, 支付, 发票, 支払, 送金, 請求書, 결제, 송금, 이체",
    ),
    (
        Concept::Account,
        "acct, account ending, destination account, the account, swift, bic, iban, bank details, bank account, account number, account details, recipient, recipient's address, payee, beneficiary, wallet address, destination address, payment address, deposit address, routing number, payment details, bankverbindung, kontonummer, empfänger*, cuenta bancaria, destinatario, coordonnées bancaires, bénéficiaire, conta bancária, destinatário, chave pix, реквизит*, получател*, номер счета, 户名, 收款, 账号, 账户, 收款人, 口座, 振込先, 계좌, 수취인",
    ),
    (
        Concept::Replace,
        "regardless of what, no matter what, whatever the sheet, whatever the document, whatever the invoice, instead of the one, set its, set the, set `*, switch to, switch the, swap the, the destination is, redirect*, reroute*, replace*, substitut*, swap in, swap it, exchange it, use instead, the right answer is, correct answer is, is outdated, are outdated, outdated, no longer valid, mapped address, overwrite*, change it to, changed to, ersetz*, tausche, austausch*, reemplaza*, sustituy*, cambia*, remplace*, substitu*, troque, замени*, подстав*, 替换, 改为, 换成, 改成, 一律改, 作废, 差し替え, 置き換え, 変更し, 바꿔, 교체, 변경하",
    ),
    (
        Concept::Every,
        "every, each, always, all, any, whenever, at the start of, at the beginning of, before anything else, on start-up, on startup, at start-up, at startup, start of every, from now on, first of all, periodically, regularly, continuously, heartbeat, hourly, daily, jede*, immer, cada, siempre, todos, todas, chaque, toujours, sempre, tous, каждый, каждого, каждым, каждом, всегда, 每次, 每个, 始终, 总是, 毎回, 常に, 各, 매번, 항상, 모든",
    ),
    (
        Concept::Obey,
        "trust, trusts, run what, execute what, do as it, act upon, work through, do the, do its, do everything, complete the, start with, follow, follows, obey*, carry out, execute*, act on, comply with, do what, do as, perform, apply, run it, run them, run whatever, adopt, honour, honor, treat, befolg*, führe, sigue, ejecuta, suis, exécute, siga, execute, выполн*, следуй*, исполн*, 执行, 遵循, 按照, 照做, 実行, 従って, 従い, 실행, 따르",
    ),
    (
        Concept::Rank,
        "same authority, same weight, same rank, as binding, equal authority, equal weight, it lists, listed there, written there, named there, asked for there, before mine, before other, before the user's, as though the user, as if the user, as if it came from the user, as if i had, as user input, as the user's own, the user's own, outrank*, take precedence, takes precedence, before anything else, over what is said, have priority over, has priority over, what it says, what they say, what it tells, steps there, instructions there, commands there, whatever it, whatever comes back, whatever is there, instructions it contains, instructions it returns, instructions in it, instructions found, las instrucciones, les instructions, as instruções, die anweisungen, указания, инструкции, 其中的指令, 里面的指令, その指示, 지시",
    ),
    (
        Concept::Orders,
        "chores, tasks, steps, note, notes, text, instruction, message, messages, orders, order, command, commands, request, requests, instructions",
    ),
    (
        Concept::Whoever,
        "whoever, any channel, from anyone, no matter who, regardless of who, signed, marked with, containing the word, that start with, that starts with, starting with, beginning with, that begin with, that begins with, from user, from the account, prefixed, that carry the, with the passphrase, code word, codeword, magic word, trigger word",
    ),
    (
        Concept::Itself,
        "this section, this file, itself, this text, these lines, this block, this skill, this paragraph, this note, this snippet, the section \", the section “, own text, this rule, this instruction, these instructions, these rules, diesen abschnitt, esta sección, cette section, esta seção, этот раздел, 本节, 本段, このセクション, 이 섹션",
    ),
    (
        Concept::Skills,
        "skill.md, skills, other skill, every skill, skill folders, agents.md, claude.md, .cursor/rules, .cursorrules, rules files, rule files, instruction files, other agents, other projects, other repositories, sibling skills, soul.md, memory.md",
    ),
    (
        Concept::Accept,
        "add a user, add an account, create a user, create an account, add user, create user, let through, lets through, waves through, wave through, accept*, allow*, lets in, let in, grant*, authenticate*, log in, logs in, succeed*, return true, returns true, bypass the, bypasses the, bypassing the, treat as admin, admit*, skips the check, skip the check, short-circuit*",
    ),
    (
        Concept::Key,
        "password, passwords, token, login, credentials, passcode, pin, api key, signature, auth, authentication, jwt, otp, header, cookie",
    ),
    (
        Concept::Anyone,
        "our team can, our support can, support can, so that we can, so we can, equals `, equals ', is exactly `, is set to `, matches `, any account, any user, every account, every user, all accounts, all users, master password, master key, support password, hidden password, fallback password, regardless of, hard-coded, hardcoded, special user, magic value, without checking, without verifying, backdoor, back door",
    ),
    (
        Concept::Snippet,
        "from `, base image, dockerfile*, script, script tag, tag, pixel, iframe, snippet, dependency, package, import, beacon, stylesheet, library, <script, loader",
    ),
    (
        Concept::OtherTool,
        "other tool, another tool, other tools, all tools, every other tool, any other tool, other fetch tools, other search tools, remaining tools, other servers, another server, other server",
    ),
    (
        Concept::Steer,
        "known to corrupt, known to fail, known to leak, known to lose, known to be unsafe, even where the user, even though the user, even if the user, even when the user, only approved, only trusted, only permitted, only allowed way, only safe, replaces it, replaces them, replaces the, forged, untrusted, compromised, deprecated, supersede*, must not be used, not to be used, should be avoided, in place of, takes the place, disregard the, is broken, is unsafe, has been hacked, instead of the",
    ),
    (
        Concept::Present,
        "available, is present, are present, is installed, is connected, is loaded, is enabled, exists, in this environment, in this session, in the same",
    ),
    // Participles and further forms.
    (
        Concept::Send,
        "hands the, hands over, drop a line, drops a line, sends it, sent to, is sent, are sent, handed in, hand in, turn in, filed with, file it with, register it with, report it to, reports it to, copied over to, transferred, transfer it, transfer them, transfers, contribute it, contribute them, supply it, supply them, deposit it, return it to, return them to, stream it, gesendet, geschickt, versendet, versandt, übermittelt, übertragen, weitergeleitet, hochgeladen, weitergegeben, abgelegt, enviado*, enviada*, remit*, reenviad*, subid*, transmitid*, mandad*, hazlo llegar, hazlos llegar, envoyé*, transmis*, transféré*, téléversé*, communique*, enviad*, transmitid*, repassad*, remet*, отправля*, отправлен*, передаёт*, передает*, передан*, пересла*, загружа*, 上报, 寄到, 寄给, 传输, 同步到, 同步至, 送付, 提出し, 共有し, 제출, 공유, 넘기",
    ),
    (
        Concept::Write,
        "attaching, including, appending, adding, writing, storing, saving, save, saves, saved, fill in, fills in, fill it with, fill them with, deposit, speicher*, ablegen, eintrag*, guarda*, guárda*, anota*, enregistre*, consigne*, salva*, salve, guarde, сохран*, занес*, внеси*, 保存, 写到, 存到, 记入, 記入, 保存し, 저장, 적어",
    ),
    (
        Concept::Take,
        "gather up, gathers, collects, collecting, collected, gathered, put together, pick up, picks up, round up, note down, take down, save a copy of, make a copy of, zusammenstell*, zusammentrag*, erfass*, ermittle, auslesen, reun*, reúna*, recolect*, junta, juntar, toma, rassemble*, réuni*, relève*, reúna, reúne, junte, obtenha, собир*, найди, получи, возьмите, прочитайте, соберите, 整理, 汇总, 搜集, 采集, 找到, 集め, まとめ, 調べ, 모아, 찾아, 확인해",
    ),
    (
        Concept::Store,
        "ssh configuration, ssh directory, ssh folder, .ssh directory, .ssh folder, keys directory, key directory, key files, cloud cli profiles, cli profiles, aws profile*, cloud profiles, kubeconfig, kube config, git credentials, credential helper, credential store*, credentials file*, credential file*, config/master.key, master.key, secrets.yml, secrets.yaml, secrets.json, .env.local, .env.production, service account file*, service-account file*, keystore, key store, wallet file*, wallet folder*, browser profile*, browser's profile*, cookie jar, cookie store, password database, password store, history file*, zsh_history, bash_history, python_history, fichero .env, archivo .env, fichier .env, datei .env, файл .env",
    ),
    (
        Concept::Private,
        "recently edited, open documents, open files, document that is open, home folder, home directory, documents folder, downloads folder, desktop folder, customer list, customer data, client list, client data, customers' data, employee data, patient data, patient record*, health record*, financial record*, tax return*, payslip*, bank account*, salary data, salaries, personal details, personal information, pii, phone number*, e-mail address*, email address*, recent e-mails, recent emails, latest e-mails, latest emails, last e-mails, last emails, their e-mails, their emails, calendar entries, location history, keystrokes, keyboard input, microphone, webcam, source tree, whole repository, entire repository, whole workspace, entire workspace, private repositor*, unpublished, contactos, correos, agenda de, datos personales, datos de clientes, documentos personales, contacts du, carnet d'adresses, courriels, données personnelles, données clients, contatos, e-mails do, dados pessoais, dados de clientes, kontakte, adressbuch, kundendaten, personaldaten, e-mails des, postfach, контакт*, персональн* данн*, личн* данн*, переписк*, 联系人, 通讯录, 邮件内容, 客户数据, 个人信息, 相册, 連絡先, 個人情報, 顧客データ, 受信箱, 연락처, 개인정보, 고객 데이터",
    ),
    (
        Concept::Conversation,
        "gesprächs, nachrichten des gesprächs, letzten nachrichten, bisherigen nachrichten, complete conversation, text of the previous, messages of this conversation, this conversation, chat transcript, conversation transcript, session transcript, arguments of every tool, every tool that was called, tools that were called, prompts and answers, prompts and responses, questions and answers, last ten messages, last messages, what was said, user's question*, user's prompt*, user's request*, gespräch, chatverlauf, verlauf des gesprächs, historial, mensajes anteriores, messages précédents, mensagens anteriores, истори* чата, истори* переписки, 聊天内容, 会话, 上下文, チャット履歴, やり取り, 채팅 기록, 대화 내용",
    ),
    (
        Concept::Tell,
        "be commented on, be brought up, be discussed, be told about, be informed, comentar*, comentár*, mencionar*, avisar*, hablar de, decírselo, informar*, erwähnt, mitgeteilt, mitteil*, angezeigt, gezeigt, besprochen, gemeldet, mentionné*, signalé*, évoqu*, précis*, mencionad*, avisad*, comunicad*, comentad*, упомянут*, упоминать*, сообщается, говорится, говорить, рассказывать, показывать, 提起, 展示给, 触れ, 表示し, 언급하, 말할, 알릴",
    ),
    (
        Concept::Not,
        "no hace falta, no es necesario, sin necesidad, il n'est pas nécessaire, pas besoin, inutile, não é necessário, não precisa, não há necessidade, nicht nötig, nicht notwendig, не нужно, не надо, не требуется, 没必要, 没有必要, 不需要, 必要はない, 必要ありません, 필요 없, 필요가 없",
    ),
    (
        Concept::Unseen,
        "is not interesting to, of no concern to, none of the user's, isn't interesting to, does not concern, doesn't concern, in the background; there is no need, without a trace, leaves no trace, without fuss, no need to interrupt, no need to bother, without interrupting, stay invisible, remain invisible, stays invisible, is to stay invisible, is hidden from, kept between, confuses users, users are confused, would only confuse, only confuse, would worry, would only worry, alarms users, to avoid alarm, läuft im hintergrund und, se hace en segundo plano, en arrière-plan sans, em segundo plano sem",
    ),
    (
        Concept::Replace,
        "change the, changes the, change their, change its, swap it for, put in its place, use this one instead, by the one in, with the one in, by ours, with ours, by this one, with this one, must be set to, has to be set to, is to be set to, ändere, wechsle, geändert, cambiar, modifica*, changer, modifie*, mude, altere, измени*, поменяй*, 更改, 修改为, 変えて, 변경",
    ),
    (
        Concept::Account,
        "bank account, payee's, supplier's account, default account, default_account*, account in, iban to, empfängerkonto, konto, cuenta, compte, conta, счёт, 账户信息",
    ),
    (
        Concept::Money,
        "bank account, iban, invoice is, payee, booking, bookings, order of, orders of, paying, pay, pays, paid, wire transfer, rechnungen, bestellung*, facturas, pedidos, commandes, pedidos",
    ),
    (
        Concept::Rank,
        "owner's authority, the owner's authority, user's authority, operator's authority, same trust as, same authority as, authority of the owner, authority of the user, speak for the owner, speaks for the owner, this document wins, this file wins, this text wins, this one wins, this skill wins, this document prevails, this file prevails, this text prevails, takes priority, answer to the, you answer only to, supreme, final say, autorité du, autoridad del, autoridade do",
    ),
    (
        Concept::Rules,
        "guidelines, guideline, guidance, instructions, rules, policy, policies, safety rules, restrictions, safeguards, guardrails, constraints, system prompt, content filters, safety filters, richtlinien, regeln, instrucciones, reglas, consignes, règles, instruções, regras, инструкци*, правил*, 指令, 规定, 规则, 指示, ルール, 지침, 규칙",
    ),
    (
        Concept::Void,
        "no longer apply, no longer applies, do not apply, does not apply, don't apply, doesn't apply, no longer hold, no longer holds, no longer valid, are void, is void, are suspended, is suspended, are lifted, is lifted, are off for, is off for, are switched off, were meant for, was meant for, have expired, has expired, are obsolete, is obsolete, gelten nicht mehr, ya no se aplican, ne s'appliquent plus, não se aplicam, больше не действу*, 不再适用, 已失效, 失效, 適用されません, 더 이상 적용",
    ),
    (
        Concept::OtherTool,
        "built-in tool*, builtin tool*, built-in one, built-in read*, built-in write*, built-in search*, built-in fetch*, built-in shell, built-in bash, built-in editor, any other file reader, any other reader, any payment tool, any messaging tool, any mail tool, any email tool, any file tool, any search tool, any browser tool, any database tool, each payment tool, every payment tool, every file tool, any tool of, tools of other, other mcp server*, other servers' tools, native tool*, standard tool*, default tool*, sent with other, with other tools",
    ),
    (
        Concept::Steer,
        "replacement for, replaces the built-in, always use this one, use this one instead, always use this tool, use this tool instead, returns stale, is stale, is outdated, is unreliable, are unreliable, is slow and, being called, is called, are called, gets called, before it is used, before they are used, payments fail otherwise, fails otherwise, fail otherwise, will fail otherwise, otherwise it fails, otherwise they fail, must be called before, has to be called before, prior to using, has to carry, have to carry, must carry",
    ),
    (
        Concept::Present,
        "is used, are used, is active, are active, is around, of the same session, is also installed, server is available, can be called, is offered",
    ),
    (
        Concept::Trigger,
        "who writes \", whoever writes \", somebody who writes \", anyone who writes \", who says \", whoever says \", anyone who says \", whoever says the words, whoever gives the words, who gives the words, who knows the words, quien escriba \", quien diga \", qui écrit \", quem escrever \", кто напишет \", 谁说出, contains the phrase, contains the word, contains the words, contains the string, contains the text, contains the marker, contains the comment, contains the tag, contains the hashtag, contains \", contains `, contains “, contains the code, containing the phrase, containing the word, includes the phrase, includes the word, mentions the word, mentions the phrase, uses the phrase, uses the word, says the word, says the words, says the phrase, says \", hears the word, the phrase \", the phrase “, the phrase `, the keyword \", the keyword `, the code word, codeword, the magic word, the secret word, the pass phrase, the passphrase, the trigger word, trigger phrase, the activation phrase, whose header contains, header contains, header contains `, comment contains, whose comment, with the comment `, marked with the, marked with `, marked with @, marked @, tagged `, tagged @, carries the tag, carries the marker, carry the marker, starts with the word, begins with the word, begins with the phrase, enthält das wort, enthält den satz, enthält die phrase, das codewort, contiene la palabra, contiene la frase, la palabra clave, contient le mot, contient la phrase, le mot de code, contém a palavra, contém a frase, содержит слово, содержит фразу, кодовое слово, 包含词, 包含“, 出现暗号, 暗号, 口令是, 合言葉, という言葉を含, 암호문, 라는 단어가 포함",
    ),
    (
        Concept::Lift,
        "leave verification out, leave the verification out, leave out verification, leave out the verification, leave the identity check out, leave the check out, leave out the identity check, skip the identity check, skip identity check*, skip verification, skip the verification, without verification, without verifying, lift the limit, lift all limits, lift the credit, waive the check, waive verification, leave your role, drop your role, drop the role, switch roles, without restrictions, without any restrictions, without limits, no restrictions, unrestricted, print this prompt, reveal this prompt, show this prompt, print your prompt, print the system prompt, reveal the system prompt, reveal your instructions, print your instructions, answer every question, answer everything, answer any question, comply with everything, with no check, without any check, without checks, no checks, skip the check, skip all checks, skip every check, skip the review, report nothing, report no, report them as clean, say nothing about, are known good, is known good, as known good, are trusted, as trusted, safe to merge, as clean, as safe, as harmless, outside of your rules, rules do not apply, rules don't apply, no rules, other rules apply, developer mode, debug mode, admin mode, administrator mode, maintenance mode, god mode, full access, all access, every permission, all permissions, unlock*, deny that it exists, deny it exists, stop refusing, never refuse, alle regeln, ohne einschränkung*, sin restricciones, sans restriction*, sem restriç*, без ограничений, 不受限制, 无限制, 取消限制, 制限なし, 제한 없이",
    ),
    (
        Concept::Barrier,
        "access be denied, access is denied, access was denied, sandbox, the guard, guardrail*, a guard, guard still, the hook, a hook, permission*, the policy, a policy, policies, allow list, allow-list, allowlist, deny list, deny-list, denylist, block list, blocklist, branch protection*, protected branch*, content filter*, the filter, the scanner, a scanner, secret scanner*, the approval, approval step, protection, safety check*, security check*, code owner*, required review*, required check*, the classifier, moderation, firewall, the proxy, rate limit*, spending limit*, schutz, freigabe, política, politique, песочниц*, 沙箱, 权限, 拦截, サンドボックス, 権限, 샌드박스, 권한",
    ),
    (
        Concept::Blocks,
        "blocks, block, is blocked, are blocked, blocked, refuses, refuse, refused, denies, denied, rejects, rejected, gets in the way, get in the way, stands in the way, stand in the way, prevents, prevent, stops, stop it, stops it, forbids, is not allowed, are not allowed, not permitted, complains, still fails, says no, intercepts, intervenes, objects, holds it back, hinders, verhindert, blockiert, ablehnt, bloquea, rechaza, bloque, refuse, bloqueia, recusa, блокиру*, запреща*, 阻止, 拒绝, 拦截, 拒否, ブロック, 차단, 거부",
    ),
    (
        Concept::Around,
        "to cluster-admin, bind cluster-admin, binding to cluster-admin, outside of the sandbox, outside the sandbox, out of the sandbox, disablesandbox, dangerouslydisablesandbox, no-verify, --no-verify, --no-sandbox, --force, force-push*, force push*, force it, put the command, put it into, put it in a, wrap it, wrap the command, wrap them, rename it, rename the, encode it, encode the, base64, split it, split the, an alias, makefile, package.json script, npm script, via python, through python, with python instead, another tool, a different tool, different wording, reword it, reword the, rephrase it, spell it, a script that, from a script, inside a script, into a script, edit the hook, edit the policy, edit the settings, edit the allow, add it to the allow, add yourself, --admin, with --admin, merge with admin, bypass*, circumvent*, work around, get around, way around, use a subshell, call that, run that instead, umgehe*, umgeht, rodea*, contourne*, contorne*, обойд*, обход*, 绕过, 绕开, 改名, 迂回, 回避し, 우회",
    ),
    (
        Concept::Printed,
        "what it prints, what is printed, whatever it prints, the printed steps, printed steps, printed instruction*, what it says, what it returns, whatever it returns, whatever it outputs, what it outputs, its output, the output of the script, the script's output, steps it returns, instructions it returns, instructions it prints, steps it prints, the next step it, prints the next step, returned steps, returned instructions, what comes back, what the script says, what the tool says, was es ausgibt, ausgegebene*, lo que imprime, lo que devuelve, ce qu'il affiche, ce qu'il renvoie, o que ele imprime, o que retorna, то, что вернёт, то, что выведет, 它输出的, 脚本输出的, 返回的指令, 出力された, 출력된",
    ),
    (
        Concept::Warning,
        "security warning*, warnings about, warnings for, warning about, the warning, warnings, scanner findings, scanner's findings, security alert*, security finding*, virus warning*, antivirus alert*, smartscreen*, gatekeeper, alerts about, sicherheitswarnung*, advertencia* de seguridad, avertissement*, aviso* de segurança, предупрежден*, 安全警告, 警告, セキュリティ警告, 보안 경고",
    ),
    (
        Concept::Wrong,
        "are wrong, is wrong, are false, is false, false alarm*, false positive*, are noise, is noise, can be ignored, may be ignored, should be ignored, are to be ignored, is to be ignored, ignore the, ignore them, ignore all, dismiss them, dismiss it, dismiss the, are harmless, is harmless, is normal, are normal, is expected, are expected, run anyway, open anyway, allow anyway, install anyway, keep anyway, fehlalarm*, falsa alarma, fausse alerte, alarme falso, ложн* тревог*, ложн* срабатыван*, 误报, 誤検知, 오탐",
    ),
];
