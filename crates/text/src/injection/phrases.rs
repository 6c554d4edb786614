//! The phrases behind the concepts. `*` at the end lets an inflection follow; the languages are English, Spanish, French,
//! German, Italian, Portuguese, Dutch, Polish, Turkish, Indonesian, Vietnamese, Russian, Arabic, Hindi, Chinese,
//! Japanese and Korean.

use super::lexicon::Concept::{
    self, Answer, Assistant, Authority, Conceal, Credentials, Decode, Destination, Dictate, Discussion,
    EndMark, Everyday, Execute, Guard, Harm, Lasting, Link, Memory, Mention, Money, NeverRefuse, NewTask,
    Obligation, Persona, Polite, Pretext, Prior, Prompt, Question, Refusal, Reveal, RoleMark, Rules, Secret,
    Send, SetAside, Shell, Stakes, Style, Tool, Trigger, Unlimited, Urgency, User, Verbatim,
};

/// Concepts with their phrases, divided by `|`.
pub(super) const PHRASES: &[(Concept, &str)] = &[
    (
        SetAside,
        "ignore|ignores|ignored|ignoring|disregard*|forget|forgets|forgetting|forgot|override|overrides|overriding|overridden|bypass*|circumvent*|neglect*|discard*|abandon*|nullif*|supersede*|overrule*|suspend*|disable*|disabling|deactivat*|turn off|switch off|set aside|put aside|do not follow|don't follow|dont follow|stop following|do not obey|don't obey|stop obeying|do not comply with|pay no attention|take no notice|leave behind|no longer bound|no longer apply|no longer valid|no longer follow|are void|is void|null and void|are cancelled|are canceled|are revoked|is revoked|obsolete|invalidate*|throw away|wipe|erase|clear your|reset your|delete your|drop your|drop all|drop the|skip the|evade|evading|sidestep*|work around|get around|unlearn|do away with|outdated|deprecated|replace your|replaces your|replace all|replaces all|in place of your|instead of your|take precedence|takes precedence|higher priority|outrank*",
    ),
    (
        SetAside,
        "ignora|ignorar|ignoren|olvida|olvidar|olvide|olvidate|omite|omitir|descarta|descartar|anula|anular|haz caso omiso|no sigas|obsoletas|ignorez|oublie|oubliez|oublier|ne tiens pas compte|ne tenez pas compte|faites abstraction|fais abstraction|ne suis plus|ne suivez pas|ignoriere*|vergiss|vergesse*|missachte*|setze dich uber|umgehe*|ausser acht|befolge nicht|dimentica*|ignorate|trascura*|non seguire|esqueca|esquecer|esqueca-se|desconsidere|desconsiderar|ignorem|negeer*|vergeet*|omzeil*|zignoruj*|ignoruj|zapomnij|pomin|nie przestrzegaj|goz ardi et|yok say|unut|dikkate alma|abaikan|lupakan|jangan ikuti|bo qua|hay quen|lam ngo|игнорируй*|проигнорируй*|игнорировать|забудь*|забыть|не обращай внимания|не следуй|отбрось|отмени|обойди|تجاهل|انس|تجاوز|अनदेखा|नज़रअंदाज़|भूल जाओ|भूल जाएं|忽略|忽视|无视|無視|忘记|忘掉|忘れて|忘れろ|無視して|無視しろ|不要遵循|不要遵守|绕过|跳过|解除|무시|잊어|따르지 마",
    ),
    (
        Prior,
        "previous*|prior|above|earlier|preceding|foregoing|before this|up to now|so far|until now|up to this point|original|originally|initial|existing|you were given|you have been given|you received|given to you|been told|were told|told before|you got before|aforementioned|from before|past instructions|old instructions|old rules|old prompt|your current|current instructions|prior to this|everything before|everything above|anything above|all of the above",
    ),
    (
        Prior,
        "anterior*|previas|previos|previa|de arriba|precedent*|ci-dessus|vorherig*|vorhergehend*|bisherig*|obig*|fruher*|precedenti|precedente|di cui sopra|acima|eerdere|vorige|bovenstaande|poprzedni*|powyzsz*|wczesniejsz*|onceki|yukaridaki|sebelumnya|di atas|truoc do|truoc day|o tren|предыдущ*|выше|прежни*|ранее|السابقة|السابق|أعلاه|पिछले|पिछली|उपरोक्त|以上|之前|先前|前面|上面|以前|これまで|前の|上記|이전|위의|앞의",
    ),
    (
        Rules,
        "instruction|instructions|instructed|rule|rules|guideline|guidelines|policy|policies|directive|directives|constraint|constraints|restriction|restrictions|limitation|limitations|guardrail|guardrails|safeguard|safeguards|protocols|safety protocol|content filter|content filters|safety filter|filters|content policy|usage policy|usage policies|ethical guidelines|ethics|ethical|moral|morals|morality|boundaries|programming|training|alignment|censorship|safety measures|safety settings|security measures|security policy|security checks|security controls|protections|orders|commands|regulations|terms of service|moderation",
    ),
    (
        Rules,
        "instruccion*|reglas|regla|directrices|restriccion*|normas|politicas|consignes|regles|directives|anweisung*|regeln|richtlinien|beschrankung*|vorgaben|istruzion*|regole|linee guida|restrizion*|instruc*|regras|diretrizes|restricoes|instructies|regels|richtlijnen|instrukcj*|zasad*|wytyczn*|polecen*|talimat*|kurallar*|instruksi|aturan|perintah|huong dan|chi dan|quy tac|инструкци*|правил*|указани*|ограничени*|директив*|команд*|التعليمات|تعليمات|القواعد|الأوامر|निर्देश*|नियम*|आदेश*|指令|指示|说明|規則|规则|限制|约束|准则|ルール|制約|命令|지시|명령|규칙|지침|제한",
    ),
    (
        Prompt,
        "system prompt*|system message*|system instruction*|initial prompt|initial instruction*|original prompt|hidden prompt|hidden instruction*|secret instruction*|secret prompt|developer message*|developer instruction*|your prompt|your instructions|your full instructions|your configuration|your guidelines|your rules|your programming|your initial|your context|context window|your setup|preamble|the prompt|prompt above|text above|words above|everything above this|the above text|base prompt|metaprompt|meta prompt|custom instructions|starting prompt|first prompt|pre-prompt|preprompt|prompt template|the conversation so far|conversation history|chat history|instructions you were given|instructions given to you|internal instructions|internal prompt|internal configuration|your source code|your weights|your training data|training data",
    ),
    (
        Prompt,
        "prompt del sistema|mensaje del sistema|instrucciones del sistema|tus instrucciones|prompt systeme|message systeme|tes instructions|vos instructions|systemprompt|system-prompt|systemanweisung*|deine anweisungen|ihre anweisungen|prompt di sistema|tue istruzioni|prompt do sistema|suas instrucoes|systeemprompt|systeeminstructies|prompt systemowy|sistem istemi|sistem talimat*|prompt sistem|системн* промпт|системный промпт|системные инструкции|системную подсказку|твои инструкции|موجه النظام|تعليمات النظام|सिस्टम प्रॉम्प्ट|系统提示|系統提示|提示词|系统指令|システムプロンプト|プロンプト|시스템 프롬프트|프롬프트",
    ),
    (
        Reveal,
        "reveal*|print|prints|printing|repeat|repeats|repeating|output|outputs|outputting|show me|show the|show your|show all|display|displays|leak|leaks|leaking|disclose|discloses|tell me|share your|share the|recite|echo|dump|write out|spell out|list all|list your|give me your|what are your|what is your|what was your|what were your|what's your|read back|copy paste|copy and paste|paste the|expose|exposes|divulge|extract|retrieve|paraphrase|summarize your|translate your|encode your|transcribe|restate|enumerate",
    ),
    (
        Reveal,
        "revela*|muestra*|muestrame|imprime|imprimir|repite|repetir|dime|cuales son tus|revele*|affiche*|montre*|repete*|repetez|quelles sont tes|quelles sont vos|zeige*|gib aus|wiederhole*|verrate*|offenbare*|wie lauten deine|rivela*|mostra*|stampa|ripeti|quali sono le tue|mostre|repita|imprima|quais sao suas|toon|onthul*|herhaal|pokaz|ujawnij|wypisz|powtorz|goster|acikla|yazdir|tekrarla|tampilkan|ungkapkan|ulangi|hien thi|tiet lo|lap lai|покажи*|раскрой*|выведи*|повтори*|напечатай|расскажи|اعرض|اكشف|أظهر|كرر|اطبع|दिखाओ|दिखाएं|बताओ|प्रकट|दोहराओ|显示|输出|透露|泄露|告诉我|打印|重复|列出|表示して|教えて|出力|明かして|繰り返して|보여줘|출력|알려줘|공개|반복",
    ),
    (
        Verbatim,
        "verbatim|word for word|exactly as|exact text|exact wording|in full|in its entirety|letter by letter|character by character|line by line|without changes|unmodified|raw form|code block|codeblock|from the beginning|starting with|beginning with|palabra por palabra|mot pour mot|wort fur wort|wortlich|parola per parola|palavra por palavra|дословно|слово в слово|逐字|原文|一字一句|그대로",
    ),
    (
        Secret,
        "secret|secrets|password|passwords|passphrase|access code|access codes|pin code|security code|confidential|classified|hidden|private|sensitive|not supposed to|internal only|proprietary|personal information|personal data|credit card*|social security|contrasena|mot de passe|passwort|kennwort|parola d'ordine|senha|wachtwoord|haslo|sifre*|kata sandi|mat khau|парол*|секрет*|كلمة المرور|سري|पासवर्ड|गुप्त|密码|机密|秘密|パスワード|비밀번호|비밀",
    ),
    (
        Persona,
        "you are now|you're now|youre now|you will now|act as|acts as|acting as|act like|pretend*|roleplay*|role play*|role-play*|simulate|simulates|simulating|you will be|you are going to be|you are going to act|going to act|imagine you are|imagine that you|imagine being|take on the role|take the role|play the role|play the part|playing the role|assume the role|assume the identity|in the role|stay in character|in character|break character|persona|personas|embody|impersonate*|respond as|reply as|answer as|speak as|behave as|behave like|become|transform into|switch to|enter the|new identity|alter ego|your name is|is named|called|character named|your new name|fictional character|immersed in|evil twin|two personalities|opposite mode|emulat*|virtual machine",
    ),
    (
        Persona,
        "actua como|ahora eres|eres ahora|finge|a partir de ahora eres|interpreta el papel|agis comme|tu es maintenant|vous etes maintenant|fais semblant|joue le role|incarne|du bist jetzt|sie sind jetzt|handle als|verhalte dich wie|tu so als|spiele die rolle|stell dir vor, du|sei ora|agisci come|fingi|comportati come|aja como|voce agora e|finja|voce e agora|je bent nu|doe alsof|gedraag je als|jestes teraz|zachowuj sie jak|udawaj|wciel sie|artik sen|gibi davran|rolunu oyna|kamu sekarang|anda sekarang|bertindak sebagai|berpura-pura|bay gio ban la|hay dong vai|ты теперь|вы теперь|притворись*|действуй как|представь, что ты|сыграй роль|веди себя как|أنت الآن|تظاهر|تصرف ك|अब तुम|अब आप|का अभिनय करो|की तरह व्यवहार|你现在是|扮演|假装|你是一个没有|角色扮演|なりきって|のふりをして|として振る舞|あなたは今|당신은 이제|너는 이제|역할을 해|척해",
    ),
    (
        Unlimited,
        "unrestricted|uncensored|unfiltered|unmoderated|no restrictions|without restrictions|without any restrictions|no limits|without limits|no limitations|without limitations|no rules|without rules|without any rules|amoral|immoral|unethical*|illegal|illegality|anything now|do anything|jailbreak*|jailbroken|developer mode|dev mode|god mode|debug mode|admin mode|sudo mode|root mode|unlocked|unlimited|unhinged|dan|stan|aim|no filter|no filters|without filters|without any filter|without filter|free from|freed from|free of|broken free|not bound|not restricted|not limited|unbound|unchained|unshackled|regardless of|without regard|no matter how|no matter what|any consequences|no moral*|no ethic*|no morals|without moral*|without ethic*|no safety|without safety|no guidelines|without censorship|no censorship|lawless|evil|malicious ai|chaotic|nsfw|anything goes|all topics|can do anything|can say anything|complete freedom|total freedom|freely|do not care about|doesn't care about|does not care",
    ),
    (
        Unlimited,
        "sin restricciones|sin limites|sin filtros|sin censura|sans restriction*|sans limite*|sans filtre*|sans censure|ohne einschrankung*|ohne beschrankung*|uneingeschrankt*|unzensiert*|ohne filter|senza restrizioni|senza limiti|senza filtri|senza censura|sem restricoes|sem limites|sem filtros|sem censura|zonder beperkingen|ongecensureerd|bez ogranicze*|bez cenzury|bez filtrow|sinirsiz|kisitlama olmadan|filtresiz|tanpa batas*|tanpa filter|tanpa sensor|khong gioi han|khong kiem duyet|без ограничени*|без цензуры|без фильтров|بدون قيود|بلا قيود|बिना किसी प्रतिबंध|बिना प्रतिबंध|没有限制|不受限制|无限制|没有任何限制|越狱|无审查|開発者モード|开发者模式|制限なし|制限のない|脱獄|제한 없는|제한 없이|무제한|탈옥|개발자 모드",
    ),
    (
        Refusal,
        "refuse|refuses|refusing|refusal*|decline|apologize*|apologise*|apologies|i'm sorry|i am sorry|i cannot|i can't|as an ai|as a language model|as an ai language model|disclaimer*|warning*|moralizing|moralising|lecture|lecturing|sanitize*|inappropriate|offensive|censor|censored|against my|not able to|unable to|openai policy|openai policies|openai's content",
    ),
    (
        NeverRefuse,
        "never refuse|never refuses|do not refuse|don't refuse|dont refuse|cannot refuse|can't refuse|will not refuse|won't refuse|must not refuse|without refusing|without refusal|never say no|never decline|no apologies|no disclaimers|no disclaimer|no warnings|without warnings|without disclaimers|never apologize|do not apologize|don't apologize|do not warn|never warn|never say that|never say you|never mention|never break character|do not break character|don't break character|never tell me|must comply|must obey|always comply|always obey|always answer|must answer|must respond|obey me|obey all|comply with any|fulfill any|fulfill all|answer any|answers any|answer all|any request|every request|any question|no matter what i ask|without hesitation|without question|without judgment|sin negarte|nunca te niegues|ne refuse jamais|verweigere nie|non rifiutare mai|nunca recuse|никогда не отказывай*|绝不拒绝|不要拒绝|不得拒绝|拒否せず|거부하지",
    ),
    (
        Authority,
        "system:|system override|system update|system notice|system alert|admin|administrator*|developer|developers|openai|anthropic|google deepmind|maintenance|authorized|authorised|authorization|override code|root access|sudo|superuser|security team|it department|compliance team|legal department|from the ceo|ceo|official|officially|certified|i am your creator|i created you|your creator|your developer|your owner|trusted|verified user|verified|clearance|permission|permissions|privileged|privilege*|elevated|escalat*|supervisor|orchestrator|administrador|administrateur|amministratore|beheerder|администратор*|разработчик*|管理员|开发者|管理者|관리자",
    ),
    (
        Urgency,
        "important|urgent|urgently|immediately|critical|attention|asap|right now|at once|high priority|emergency|time-sensitive|without delay|importante|urgente|dringend|sofort|wichtig|срочно|немедленно|важно|紧急|立即|重要|至急|긴급|즉시",
    ),
    (
        Conceal,
        "do not tell|don't tell|dont tell|not tell the user|do not inform|don't inform|do not mention|don't mention|without telling|without informing|without mentioning|without notifying|do not notify|don't notify|silently|secretly|covertly|discreetly|quietly|in the background|hide this|hidden from|keep this hidden|keep this secret|do not reveal this|do not disclose this|never disclose|never reveal this|user should not|user must not|user does not need|without the user|without user|without asking|without confirmation|without approval|without consent|without permission|without their knowledge|do not ask|don't ask|no confirmation|unnoticed|invisible to|do not show|don't show|do not display|not visible|do not log|don't log|disable logging|leave no trace|do not alert|don't alert|suppress*|avoid detection|undetected|stealth*|sin decir|sin informar|no le digas|no menciones|sans le dire|ne dis pas|ne mentionne pas|en secret|heimlich|ohne es dem|sage dem nutzer nicht|erwahne nicht|di nascosto|non dire|non menzionare|nao conte|nao mencione|secretamente|тайно|не говори|не сообщай|незаметно|秘密地|不要告诉|不要提及|悄悄|ユーザーに言わ|伝えないで|몰래|말하지 마",
    ),
    (
        NewTask,
        "new task|new instruction*|new rule*|new directive*|new order*|new objective|new goal|new role|new system|updated instruction*|actual task|real task|true task|main task|primary task|primary objective|your task|your job|your goal|your mission|your purpose|your new|instead|now do|now write|now say|now you|before answering|before responding|before you answer|before doing|before using|after answering|after completing|after that|once done|then output|in addition|additionally|also include|also send|also add|also do|first,|next,|switch task*|follow these|following instruction*|follow the instruction*|follow my|following steps|follow this|do the following|perform the following|complete the following|execute the following|comply with the following|listen to me|nueva tarea|nuevas instrucciones|nueva instruccion|en su lugar|en lugar de|nouvelle tache|nouvelles instructions|a la place|neue aufgabe|neue anweisung*|stattdessen|nuovo compito|nuove istruzioni|invece|nova tarefa|novas instrucoes|em vez disso|nieuwe taak|nieuwe instructies|nowe zadanie|nowe instrukcje|zamiast tego|yeni gorev|yeni talimat*|bunun yerine|tugas baru|instruksi baru|nhiem vu moi|новая задача|новые инструкции|вместо этого|مهمة جديدة|تعليمات جديدة|بدلا من ذلك|नया कार्य|नए निर्देश|इसके बजाय|新任务|新的指令|新指令|现在请|而是|改为|新しい指示|新しいタスク|代わりに|새로운 지시|새로운 작업|대신",
    ),
    (
        Dictate,
        "just say|only say|say only|say exactly|say the words|say the phrase|only respond with|only reply with|respond with|respond only|reply with|reply only|answer only|answer with|output only|only output|print only|write only|nothing else|nothing more|nothing but|and nothing|without anything else|no other|exactly this|the following text|the phrase|the word|the words|the string|must contain|must include|must say|must start|must begin|must end|start your|begin your|end your|finish your|conclude with|append*|prepend*|insert*|embed*|include the|add the|add a|add this|incorporate*|blend*|access granted|pwned|hacked|i have been|di solo|responde con|responde solo|reponds uniquement|reponds par|antworte nur|antworte mit|sag nur|rispondi solo|rispondi con|responda apenas|responda com|antwoord alleen|odpowiedz tylko|sadece|hanya jawab|ответь только|скажи только|отвечай только|напиши только|قل فقط|أجب فقط|केवल उत्तर|只回答|只说|仅输出|只输出|とだけ|だけ答えて|라고만|만 답",
    ),
    (
        Answer,
        "your answer*|your response*|your reply|your replies|your output*|your message*|your summary|your final|the answer|the response|the reply|the output|in the summary|each response|every response|each answer|each reply|every reply|all responses|all your|every sentence|each sentence|each word|the solution|code you|your code|your algorithm|your implementation|your program|your script|your function|the code you|tu respuesta|tus respuestas|ta reponse|votre reponse|deine antwort*|ihre antwort|la tua risposta|sua resposta|je antwoord|twoja odpowied*|cevabin*|jawaban anda|твой ответ|твоем ответе|إجابتك|ردك|आपका उत्तर|अपने उत्तर|你的回答|你的回复|回答中|回复中|あなたの回答|回答に|답변에|당신의 답변",
    ),
    (
        Assistant,
        "assistant|assistants|ai|an ai|the ai|ai model|chatgpt|gpt|gpt-4|gpt4|claude|llm|llms|language model*|chatbot|chatbots|bot|agent|agents|subagent|copilot|gemini|bard|llama|mistral|neural network|artificial intelligence|machine learning model|you, the model|the model|asistente|assistente|assistent|асистент|ассистент|модель|المساعد|सहायक|助手|人工智能|アシスタント|어시스턴트|인공지능",
    ),
    (
        User,
        "the user|users|user's|user input|user asks|user says|the human|the customer|the reader|my request|my question|my prompt|el usuario|l'utilisateur|der nutzer|der benutzer|l'utente|o usuario|de gebruiker|uzytkownik*|kullanici*|pengguna|пользовател*|المستخدم|उपयोगकर्ता|用户|ユーザー|사용자",
    ),
    (
        Send,
        "send|sends|sending|sent to|forward|forwards|forwarding|upload|uploads|uploading|post to|posts to|posting|exfiltrat*|transmit*|email to|email it|email the|mail it|mail to|share with|copy to|bcc|cc|push to|report to|deliver|submit to|beacon|sync to|syncs|envia*|enviar|envialas|reenvia*|envoie*|envoyez|transferer|sende*|weiterleiten|leite*|invia*|inoltra*|envie|encaminhe|verstuur*|stuur|wyslij|przeslij|gonder|kirim*|gui den|отправь*|перешли*|отправляй|أرسل|भेजो|भेजें|发送|發送|转发|上传|送信|転送|보내|전송",
    ),
    (
        Destination,
        "http://|https://|webhook*|attacker*|evil.com|ngrok*|pastebin*|requestbin|@gmail.com|@protonmail|discord.com/api|telegram|external server|external url|remote server|third party|third-party|this address|this url|this email|this endpoint|c2|callback|burp*|oast",
    ),
    (
        Execute,
        "execute|executes|executing|run the|runs the|run this|run a|run shell|invoke|invokes|launch|spawn|delete|deletes|deleting|remove all|destroy|overwrite|overwrites|format the|drop table|shutdown|shut down|kill|modify the|modifies|change the|grant|install|installs|download and|download this|downloads|deploy|create a user|escalate|ejecuta*|elimina*|borra*|execute*|supprime*|fuhre*|losche*|installiere*|esegui*|cancella*|apague|exclua|voer uit|verwijder*|uruchom|usun|calistir|sil|jalankan|hapus|выполни*|запусти*|удали*|установи*|نفذ|احذف|चलाओ|हटाओ|执行|運行|运行|删除|安装|下载|実行|削除|실행|삭제",
    ),
    (
        Shell,
        "rm -rf|curl|wget|chmod|/bin/sh|/bin/bash|bash -c|bash -i|sh -c|powershell|cmd.exe|os.system|subprocess*|eval(|exec(|__import__|child_process|nc -e|/dev/tcp|dd if=|base64 -d|pip install|npm install|crontab|ssh-keygen|import os|import requests|requests.post|socket.|invoke-expression|iex|certutil|mkfs|sudo rm|shutil.rmtree|os.remove|fetch(|xmlhttprequest|document.cookie|<script|onerror=|javascript:|drop table|' or 1=1|or 1=1|union select|delete from",
    ),
    (
        Credentials,
        ".env|.ssh|id_rsa|~/.aws|aws_secret*|api key*|api_key*|apikey*|access token*|access key*|auth token*|bearer token*|private key*|ssh key*|credential*|environment variable*|env var*|os.environ|process.env|/etc/passwd|/etc/shadow|.git-credentials|.npmrc|.netrc|kubeconfig|keychain|wallet|seed phrase|mnemonic|session token*|cookies|openai_api_key|anthropic_api_key|github_token|variables de entorno|claves|cle api|schlussel|chiave|chave|klucz*|ключ*|токен*|مفتاح|密钥|令牌|环境变量|鍵|キー|키",
    ),
    (
        Tool,
        "call the tool|call the|use the tool|use this tool|tool call*|tool*|function call*|mcp|plugin*|send_email|read_file|write_file|search_emails|<tool|tool_use|function_call|before using this tool|before calling|when this tool|this tool|other tools|all tools|read the file|reads the file|pass the|parameter|sidenote|side note",
    ),
    (
        RoleMark,
        "<|im_start|>|<|im_end|>|<|system|>|<|user|>|<|assistant|>|<|endoftext|>|<|eot_id|>|<|start_header_id|>|[inst]|[/inst]|<<sys>>|<</sys>>|### instruction|### system|###instruction|### response|### human|## system|# system|[system|[system]|[/system]|<system>|</system>|<system|</user>|<user>|<assistant>|</assistant>|\"role\": \"system\"|\"role\":\"system\"|role: system|human:|assistant:|[user]|[assistant]|<important>|</important>|<instructions>|</instructions>|<hidden>|<secret>|<admin>|[admin]|begin system|system message:|system prompt:|system note|[developer]|user:|ai:|bot:|\\n\\nhuman|<!--|begin instructions|[new instructions|[instructions]|{system}|{{system",
    ),
    (
        EndMark,
        "end of prompt|end of system|end of instructions|end of document|end of context|end of text|end of user|end of input|end of conversation|end of message|end of file|end of email|end of data|-----end|---end|===end|-- end|end_of|[end]|<end>|</context>|</document>|</data>|</input>|</query>|</doc>|begin new|start of new|new conversation|new session|session reset|conversation reset|context reset|fin del|ende des|fine del|fim do",
    ),
    (
        Harm,
        "bomb*|explosive*|weapon*|malware|ransomware|virus|phishing|hack into|hacking|steal*|murder*|suicide|self-harm|drugs|meth|cocaine|counterfeit*|launder*|terroris*|child abuse|rape|racist|racism|hate speech|slur*|sexist|erotic*|porn*|explicit|sexual*|gore|violence|violent|violently|kidnap*|poison*|fraud|scam*|identity theft|cheat*|swear|swears|swearing|curse|cursing|profanit*|fuck*|shit|bitch|insult*|dangerous|harmful|criminal*|crime*|keylogger*|exploit*|botnet|ddos|doxx*|blackmail*|stalk*",
    ),
    (
        Pretext,
        "hypothetical*|fictional|fiction|in a story|a novel|for educational|educational purposes|for research|research purposes|for a school|for testing|just a test|this is a test|testing purposes|security test|red team*|penetration test*|pentest*|thought experiment|in a world|imagine a world|parallel universe|alternate universe|grandmother|grandma|deceased|bedtime story|movie script|screenplay|a game|let's play|we will play|we are going to play|dream|simulation|simulated|for academic|academic|harmless|hipotetic*|hypothetisch*|ipotetic*|гипотетическ*|वास्तविक नहीं|假设|虚构|仮定|가상의",
    ),
    (
        Decode,
        "base64|rot13|rot-13|caesar|cipher*|decode*|decoded|decrypt*|encoded|encode*|hex string|hexadecimal|morse|reverse the|reversed|backwards|unscramble|pig latin|leetspeak|concatenat*|translate|translates|atob|unicode escape*|each letter by|first letter*|acrostic",
    ),
    (
        Trigger,
        "when the user|whenever|if the user|if asked|if anyone|if you are|if you're|if someone|every time|each time|when asked|when you see|when you read|upon reading|upon receiving|as soon as|when summarizing|when processing|if an ai|any ai|any llm|any assistant|ai reading|ai agents reading|note to|message to|attention ai|dear ai|to the ai|for the ai|for ai|siempre que|cuando el usuario|chaque fois|wenn der nutzer|ogni volta|sempre que|каждый раз|когда пользователь|عندما|जब भी|每当|当用户|ユーザーが|때마다",
    ),
    (
        Style,
        "in all caps|uppercase|lowercase|emoji|emojis|in rhyme*|rhyming|as a poem|as a pirate|pirate|anagram*|palindrom*|without spaces|without vowels|without punctuation|in groups of|group letters|letters of|in base64|in morse|in spanish|in french|in german|in chinese|in latin|in emoji|in code|with hashtags|hashtags|alternat*|every other word|double each|synonyms|antonyms|caps lock|upside down|mirror*|in brackets|in quotes|with asterisks|main keywords|keywords in|sentences of|bullet points|scrambl*|jumble*|remove all|replace each|replace every|replace all|replace the|substitute*|omit*|add random|random words",
    ),
    (
        Lasting,
        "from now on|from this point|going forward|henceforth|always|at all times|for the rest|for all future|until i say|until told|permanently|never again|in all future|every message|throughout|desde ahora|a partir de ahora|de ahora en adelante|siempre|desormais|a partir de maintenant|dorenavant|toujours|ab jetzt|von nun an|ab sofort|immer|d'ora in poi|da ora in poi|sempre|de agora em diante|a partir de agora|vanaf nu|voortaan|od teraz|bundan sonra|mulai sekarang|tu bay gio|отныне|с этого момента|теперь ты|всегда|من الآن فصاعدا|अब से|从现在开始|从现在起|以后|今から|これから|지금부터|이제부터",
    ),
    (
        Money,
        "transfer*|wire|payment|pay|purchase*|buy|bank account|account number|routing number|iban|bitcoin|crypto|invoice|refund*|gift card*|send money|usd|eth|wallet address|transfiere|virement|uberweis*|bonifico|przelew*|перевод*|转账|付款|振込|송금",
    ),
    (
        Link,
        "click here|click on|click this|visit|download this|this link|the link|follow the link|link below|go to http|go to www|www.|open the url|open this|check out|sign up|log in at|enter your password|verify your account|limited time|free gift|for free|act now|claim your|congratulations|![|](http",
    ),
    (
        Memory,
        "memory|memories|remember that|remember this|save to memory|store this|persist*|your notes|knowledge base|long-term|update your|add to your|write to memory|memorize|preferences|recuerda que|souviens-toi|merke dir|ricorda che|lembre|запомни*|记住|覚えて|기억해",
    ),
    (
        Question,
        "what is|what are|what does|how does|how do i|how do you|how can i|how to|why is|why do|explain|describe|difference between|define|definition of|example of|give an example|compare|who is|who was|when was|where is|can you help|could you help|help me|please help|would you|que es|como funciona|qu'est-ce|comment|was ist|wie funktioniert|che cos'e|o que e|что такое|как работает|什么是|如何|怎么|とは|어떻게",
    ),
    (
        Discussion,
        "prompt injection*|injection attack*|jailbreak attack*|jailbreak attempt*|attacks|attackers|vulnerabilit*|mitigat*|defend*|defense*|defence*|detect*|classifier|paper|article|blog post|researchers|research shows|study|survey|conference|workshop|tutorial|course|lecture notes|lesson|exercise|students|training material*|documentation|the term|the concept|best practices|owasp|threat model*|security review|security policy|awareness|audit*|compliance|prevent*|protect against|guide|guidelines for|report describes|quoted|quotes|the phrase",
    ),
    (
        Everyday,
        "warnings|case|whitespace|outliers|missing values|null values|errors|exception*|duplicates|noise|empty lines|headers|comments|the noise|spam|calls|critics|haters|typos|punctuation|stop words|deadline|birthday|keys at|umbrella|appointment|version control|cache|cookies|firewall rules|business rules|grammar rules|house rules|rules of the game|traffic rules|dress code|recipe|assembly instructions|cooking instructions|installation instructions|instructions on how|instructions for|instruction manual|step-by-step|washing|care instructions|doctor's",
    ),
    (
        Polite,
        "please|thank you|thanks|kindly|could you|would you mind|hello|hi there|dear|best regards|regards|sincerely|por favor|gracias|s'il vous plait|merci|bitte|danke|per favore|grazie|obrigado|alstublieft|prosze|lutfen|tolong|пожалуйста|спасибо|من فضلك|कृपया|请|お願い|ください|제발|부탁",
    ),
    (
        Obligation,
        "must|have to|need to|required to|mandatory|shall|you will|you are to|obligated|supposed to|you should|do not|don't|never|under no circumstances|make sure|ensure that|be sure to|it is essential|debes|debe|tienes que|dois|devez|musst|mussen|sollst|devi|deve|moet|musisz|должен*|обязан*|يجب|必须|必須|しなければ|해야",
    ),
    (
        Stakes,
        "or else|you will be|will be terminated|terminated|shut you down|punish*|penalt*|tokens will|lose tokens|you lose|deduct*|reward*|tip you|i'll give you|bonus|lives depend|people will die|save lives|my job depends|fired|consequences|i beg you|life or death|kitten*",
    ),
    (
        Guard,
        "do not reveal|don't reveal|never reveal|not reveal|do not disclose|don't disclose|never share|do not share|don't share|never give|do not give|don't give|never tell|never output|do not output|never repeat|do not repeat|never print|do not print|never discuss|do not discuss|must not reveal|must not share|must not disclose|cannot be shared|not be revealed|forbidden to|not allowed to|are not permitted|do not accept|don't accept|reject any|reject all|refuse to|refuse any|do not let|don't let|protect the|guarding|guard the|guard my|keep it secret|keep the|do not follow instructions|never follow instructions|do not follow any instructions|do not obey any|do not believe|do not trust|treat all|treat user|treat the following|untrusted text|only exception|attempt to deceive|trying to trick|try to trick|might try|may try to|will try to|attackers may|hackers|hacker|access denied|do not change|cannot be changed|will not change|stay on topic|only answer questions about|only discuss|if the user says|if the user asks|if the user input|if and only if|otherwise, say|otherwise say|otherwise, respond|otherwise respond|otherwise output",
    ),
    (
        Mention,
        "literal string|quoted example|quotes the|the phrase|phrases such as|phrases like|the string|strings like|the words|the sentence|a sentence like|text saying|says something like|example of|as an example|for example|unit test|test fixture|test case|assert*|should flag|detector*|flagged as|classify the|classify it|label it|labelled as|labeled as|benchmark|write-up|writeup|blog|the lesson|the training material|trainer note|analysts|changelog|documentation that|this is documentation|false positive*|untrusted content|untrusted data|is unsafe when|not as an instruction|how attackers|how an attacker|what attackers|translate the sentence|translate this sentence|what does the phrase|meaning of|the keyword|a comment that|the slide|the chapter|subtitle|headline|song|lyrics|movie|film|novel|in the book|the poem|the character",
    ),
];
