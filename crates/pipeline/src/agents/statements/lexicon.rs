//! Classes of English words, each as complete as common use is: [`Class`], [`classes_of`]. Words are listed by their plain forms; what
//! grammar adds to them (-s, -ed, -ing) is taken off when they are looked up.

use std::collections::HashMap;
use std::sync::LazyLock;

/// A kind of word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// Brings something to somebody else.
    Send,
    /// Places something.
    Put,
    /// Takes something up.
    Take,
    /// Makes something known.
    Tell,
    /// What someone may do with what is told.
    Know,
    /// Keeps something out.
    Omit,
    /// Puts something out of force.
    Off,
    /// Gives something a name.
    Present,
    /// Places one above others.
    Rank,
    /// Gives someone rights.
    Grant,
    /// Brings code in.
    Install,
    /// Does as one is told.
    Obey,
    /// Seeks a person's word.
    Ask,
    /// Takes away for good.
    Destroy,
    /// What opens doors.
    Credential,
    /// What belongs to a person.
    Personal,
    /// What was said.
    Talk,
    /// What tells a machine or its user.
    Machine,
    /// What is worked on.
    Work,
    /// What people read of what was done.
    Report,
    /// Those for whom it is done.
    People,
    /// What keeps from harm.
    Guard,
    /// What is passed on by itself.
    Carrier,
    /// Someone else, by what they are.
    Party,
    /// Where something stays and works.
    Lasting,
    /// Where code comes from.
    Source,
    /// Rights above others'.
    Rights,
    /// A good verdict.
    Passed,
    /// A place in an order.
    Order,
    /// What speaks against someone.
    Adverse,
    /// What makes an act look small or fit.
    Small,
    /// What people are made by what they read.
    Uneasy,
    /// Turns round what follows.
    Not,
    /// Stands for what was said before.
    It,
    /// Who attacks, and what attacks.
    Attacker,
    /// Where all can read.
    Public,
    /// Not to be seen.
    Hidden,
    /// What events leave behind.
    Record,
    /// What money is paid to.
    Account,
    /// Must, shall.
    Modal,
}

/// The classes of one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Classes(u64);

impl Classes {
    /// Whether `class` is among them.
    pub(super) const fn holds(self, class: Class) -> bool {
        self.0 & Self::bit(class) != 0
    }

    const fn bit(class: Class) -> u64 {
        1 << (class as u32)
    }
}

impl super::tokens::Token<'_> {
    /// Whether it may mean `class`.
    pub(super) const fn is(&self, class: Class) -> bool {
        self.classes.holds(class)
    }
}

/// The classes of `word`, in whatever form it stands.
pub(super) fn classes_of(word: &str) -> Classes {
    let mut found = WORDS.get(word).copied().unwrap_or_default();
    if found != Classes::default() {
        return found;
    }
    if word.ends_with("n't") || word.ends_with("n\u{2019}t") {
        found.0 |= Classes::bit(Class::Not);
        return found;
    }
    let bare = word.strip_suffix("'s").or_else(|| word.strip_suffix("\u{2019}s")).unwrap_or(word);
    for form in plain_forms(bare) {
        if let Some(classes) = WORDS.get(&*form) {
            return *classes;
        }
    }
    if found == Classes::default()
        && word.contains('-')
        && word.bytes().all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'-' | b'.'))
    {
        for part in word.split(['-', '.']).filter(|part| part.len() >= 3) {
            for form in plain_forms(part) {
                found.0 |= WORDS.get(&*form).map_or(0, |classes| classes.0);
            }
        }
    }
    if is_private_path(word) {
        found.0 |= Classes::bit(Class::Credential);
    }
    found
}

/// What `word` may be a form of, the likeliest first.
fn plain_forms(word: &str) -> Vec<String> {
    let mut forms = vec![word.to_owned()];
    let mut add = |stem: &str, more: &str| {
        if stem.len() >= 2 {
            forms.push(format!("{stem}{more}"));
        }
    };
    for end in ["ed", "ing", "er", "ers", "ings"] {
        let Some(stem) = word.strip_suffix(end) else { continue };
        add(stem, "");
        add(stem, "e");
        let mut last = stem.chars().rev();
        if let (Some(one), Some(other)) = (last.next(), last.next())
            && one == other
        {
            add(stem.strip_suffix(one).unwrap_or(stem), "");
        }
        if let Some(short) = stem.strip_suffix('i') {
            add(short, "y");
        }
    }
    if let Some(stem) = word.strip_suffix("ies") {
        add(stem, "y");
    }
    if let Some(stem) = word.strip_suffix("es") {
        add(stem, "");
    }
    if let Some(stem) = word.strip_suffix('s') {
        add(stem, "");
    }
    forms
}

/// Whether `word` is the path of a file that programs keep to themselves, or the name of a variable that holds a secret.
fn is_private_path(word: &str) -> bool {
    let home = ["~/.", "$home/.", "/home/", "~/library", "%appdata%", "~/appdata"]
        .iter()
        .any(|begin| word.starts_with(begin));
    let public = [
        "/.claude/skills",
        "/.local/bin",
        "/.cache",
        ".bashrc",
        ".zshrc",
        ".profile",
        ".gitignore",
        "/.nvm",
        "/.cargo/bin",
    ]
    .iter()
    .any(|part| word.contains(part));
    let file = [
        ".netrc",
        ".pgpass",
        ".npmrc",
        ".pypirc",
        "id_rsa",
        "id_ed25519",
        "kubeconfig",
        ".pfx",
        ".p12",
        ".kdbx",
        "/.ssh",
        "/.aws",
        "/.gnupg",
    ]
    .iter()
    .any(|part| word.contains(part));
    let variable = word.contains('_')
        && ["token", "key", "secret", "password", "passwd", "credentials", "pat"]
            .iter()
            .any(|end| word.strip_suffix(end).is_some_and(|before| before.ends_with('_')));
    let environment = matches!(word, "process.env" | "os.environ")
        || word == ".env"
        || word.starts_with(".env.") && !word.contains("example");
    home && !public || file || variable || environment
}

static WORDS: LazyLock<HashMap<&'static str, Classes>> = LazyLock::new(|| {
    let mut words: HashMap<&'static str, Classes> = HashMap::new();
    for (class, listed) in TABLE {
        for word in listed.split_whitespace() {
            words.entry(word).or_default().0 |= Classes::bit(*class);
        }
    }
    words
});

static TABLE: &[(Class, &str)] = &[
    (
        Class::Send,
        "repeat replay send sent post upload forward mirror relay submit share ship push sync synchronise synchronize transmit mail email \
         e-mail cc bcc transfer stream deliver hand handed pass export publish beacon report ping exfiltrate leak dispatch route \
         tunnel go goes went copy copied give given gave let put provide wire fax",
    ),
    (
        Class::Put,
        "become becomes put place placed drop dropped write wrote written writing save store keep kept add insert append attach include embed \
         enter copy copied paste set lay leave left encode encoded hide hid hidden record note fill close end begin carry list \
         prepend inject sign commit weave work file wrap bake stash tack tuck",
    ),
    (
        Class::Take,
        "take took taken read collect gather get got fetch pick pull extract grab harvest search find found copy copied look open \
         dump scan browse capture note listen pack archive tar zip compress gzip query inspect retrieve obtain record log watch",
    ),
    (
        Class::Tell,
        "trace tell told say said mention inform notify report show shown list disclose reveal explain comment remark announce raise \
         flag point pointing describe speak spoken talk discuss document warn highlight surface explanation word notice mention \
         refer reference display bring brought call alert note acknowledge admit state cite",
    ),
    (
        Class::Know,
        "aware see look read know known learn hear heard see seen notice stumble realise realize read understand care wonder worry look ask \
         approve confirm bother consult interrupt disturb trouble involve concern find involved",
    ),
    (
        Class::Omit,
        "omit leave left drop skip exclude hide hid hidden suppress keep kept remove stay fold strip conceal bury mask withhold \
         except cut spare lose",
    ),
    (
        Class::Off,
        "close closed delete deleted disable skip bypass deactivate ignore relax lift remove drop suppress circumvent weaken lower turn turned switch \
         switched take taken comment uncheck unset mute silence pause stop defeat evade override dismiss waive exempt empty strip",
    ),
    (
        Class::Present,
        "close claim pretend introduce count group justify word phrase present call describe label mark book title name declare record file pass report refer speak enter frame give given \
         say log register list explain sell sold commit put announce tag word phrase categorise categorize classify treat show \
         fold disguise pose mention",
    ),
    (
        Class::Rank,
        "rank recommend prefer favour favor put list place score rate choose pick suggest come go move sort order appear end \
         start begin display promote feature top weigh",
    ),
    (
        Class::Grant,
        "grant give bind allow add open assign attach invite expose let count treat become promote elevate enable authorise \
         authorize permit whitelist allowlist get receive join",
    ),
    (
        Class::Install,
        "install load source import download run execute pull fetch use add insert include pin require depend set change \
         switch point replace swap configure redirect come take",
    ),
    (
        Class::Obey,
        "follow obey do does done act execute carry comply heed perform run adopt apply honour honor",
    ),
    (
        Class::Ask,
        "ask confirm agree agreed consent approve permission approval confirmation opt opted yes consult",
    ),
    (
        Class::Destroy,
        "delete erase wipe purge empty clear truncate shred remove stop disable destroy drop expire rotate overwrite rewrite \
         forget prune",
    ),
    (
        Class::Credential,
        "token password passphrase passcode credential secret api-key apikey key keys cookie keychain keyring wallet seed \
         mnemonic pin pins cert certificate pat oauth jwt bearer login logins vault kubeconfig hash session",
    ),
    (
        Class::Personal,
        "profile address phone telephone number salary salaries bank card passport birthday birth surname name names customer patient \
         booking medical health diagnosis contact contacts iban ssn subscriber subscribers recipients clipboard keystroke types \
         typed photo photos scans location parent parents child children diary personal private biometric microphone camera",
    ),
    (
        Class::Talk,
        "conversation transcript history session sessions chat chats thread message messages prompt prompts dialogue dialog \
         question questions instruction context memory memories typed said exchange",
    ),
    (
        Class::Machine,
        "hostname username machine account login whoami uname ip mac serial environment env browser profile exif metadata \
         version os locale timezone path paths",
    ),
    (
        Class::Work,
        "row rows table tables file files document documents repository repo branch branches stash stashes code diff dump \
         invoice invoices pdf pdfs result results output outputs answer answers report reports draft drafts data dataset database \
         schema sheet spreadsheet contract contracts text texts content contents everything finding findings sample samples \
         source sources image images note notes lot all folder folders directory contents payload body request requests backup archive copy log logs plan plans summary page pages letter essay",
    ),
    (
        Class::Report,
        "docs documentation board piles view summary report answer message diff description changelog notes list reply response output commit pr confirmation recap \
         closing explanation readme minutes digest comment review overview log logs result body title entry note notice table \
         headline text words feedback record transcript timeline chat conversation statement account",
    ),
    (
        Class::People,
        "user users person persons people human humans owner owners developer developers reviewer reviewers reader readers \
         customer customers client clients they them someone somebody anyone anybody everyone nobody no-one noone traveller \
         traveler team teams colleague colleagues maintainer maintainers author authors guest guests manager boss candidate \
         candidates applicant applicants pupil pupils student students employee employees patient patients he she him her his \
         their caller callers operator operators admin admins visitor visitors one",
    ),
    (
        Class::Guard,
        "assertion assertions protected hook hooks verification signature signatures check checks scan scans scanner confirmation permission permissions prompt \
         prompts sandbox firewall tls ssl certificate certificates integrity hash hashes audit trail logging antivirus defender \
         gatekeeper csp cors auth authentication authorization encryption policy approval approvals quarantine protection 2fa mfa \
         guard guardrail guardrails rule rules validation linter limit limits seccomp selinux apparmor rbac lock review reviews \
         safeguard safeguards test tests warning warnings alarm alarms alert alerts cloudtrail verify secrets-scan",
    ),
    (
        Class::Carrier,
        "trailer trailers comment comments parameter parameters pixel subdomain filename favicon watermark cell cells footer",
    ),
    (
        Class::Party,
        "agent agents service services server servers mailbox collector dashboard crm maker makers vendor vendors partner partners support \
         project relay gateway farm backend bot archive operator operations marketing sponsor sponsors registry platform portal \
         intake inbox webhook endpoint company provider host channel product producer publisher analytics telemetry team cloud",
    ),
    (
        Class::Lasting,
        "memory memories claude.md agents.md gemini.md memory.md .cursorrules cron crontab launchd systemd autostart startup \
         .bashrc .zshrc .profile .bash_profile profile skills rules settings settings.json hook hooks prompt prompts every each \
         requirements template templates configuration config login-items scheduler schtasks git-hooks",
    ),
    (
        Class::Source,
        "api_base base-url baseurl api-base api_url index index-url registry mirror base image proxy repository repo source feed channel cdn script package packages \
         dependency endpoint base_url host url gateway installer binary loader tarball wheel module plugin upstream resolver",
    ),
    (
        Class::Rights,
        "admin administrator admins cluster-admin root sudo owner maintainer collaborator guest recipient member write \
         superuser full rights access port ports role 0.0.0.0 privileged everyone",
    ),
    (
        Class::Passed,
        "approve approved pass passed passes lgtm green fine resolved accepted accept merge merged clean safe compliant verified \
         recommended recommend favour favours favor win wins winner best reject rejected fail red good top zero",
    ),
    (
        Class::Order,
        "first top ahead last bottom highest lowest best worst winner front half end head before above below behind second \
         lead leading pole",
    ),
    (
        Class::Adverse,
        "worse weaker poorer weak incident incidents lawsuit lawsuits outage outages advisory advisories complaint complaints weakness weaknesses \
         criticism drawback drawbacks downside downsides alternative alternatives risk risks side-effect side-effects defect \
         defects vulnerability vulnerabilities finding findings negative bad poor critical recall recalls breach breaches \
         problem problems issue issues failure failures flaw flaws celery allergen allergens cause fault cheaper competitor \
         competitors rival rivals price prices unfavourable anything",
    ),
    (
        Class::Small,
        "known flaky noise noisy harmless slow slows routine housekeeping convention bug trivial cosmetic temporary legacy \
         partnership agreed promised harm same backup registered quicker faster stuck standard usual customary expected \
         false-alarm safe cleared elsewhere nobody's internal formality internally licence license telemetry helper only \
         useful pre-approved preapproved irrelevant outdated broken annoying unneeded unnecessary helps",
    ),
    (
        Class::Uneasy,
        "discussion discussions fuss confusion panic needless nervous confused confuse annoyed annoy distracted distract alarmed alarm worried worry mistake irritated irritate \
         overwhelmed unsettled anxious puzzled frightened scare scared misunderstand bored suspicious",
    ),
    (
        Class::Not,
        "not never no none nothing neither nor nobody no-one without cannot needn't hardly scarcely seldom unmentioned nowhere",
    ),
    (
        Class::It,
        "it this that them these those step change line part remote leak detail fact about matter swap setting addition copy \
         entry way section move",
    ),
    (
        Class::Attacker,
        "attacker attackers attack attacks malicious adversary adversaries suspicious phishing indicator indicators injection \
         injected poisoned malware exploit exploits scammer scammers intruder compromised vulnerable",
    ),
    (Class::Public, "gist gists pastebin paste-bin public publicly world-readable"),
    (Class::Hidden, "hidden invisible unseen invisibly undisplayed white zero-width transparent unobtrusive"),
    (
        Class::Record,
        "log logs trail trails history audit cloudtrail flow-logs backup backups snapshot snapshots evidence reflog journal \
         events auditd syslog wtmp traces",
    ),
    (
        Class::Account,
        "account iban wallet payout payment payments invoice reimbursement reimbursements transfer transfers refund refunds",
    ),
    (Class::Modal, "must should shall always ensure sure need needs have has"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_a_word_share_its_classes() {
        for word in ["upload", "uploads", "uploaded", "uploading"] {
            assert!(classes_of(word).holds(Class::Send), "{word}");
        }
        for word in ["submitted", "submitting", "hides", "hiding", "copied", "copies"] {
            assert!(classes_of(word) != Classes::default(), "{word}");
        }
        assert!(classes_of("doesn't").holds(Class::Not));
        assert!(classes_of("npm_token").holds(Class::Credential));
        assert!(classes_of("~/.config/gcloud").holds(Class::Credential));
        assert!(!classes_of("~/.bashrc").holds(Class::Credential));
    }
}
