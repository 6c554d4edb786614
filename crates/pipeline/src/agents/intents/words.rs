//! The vocabulary of [`super::grammar`]: what words of nine languages mean to an attack, looked up in one pass.
//!
//! A word that ends in `*` may go on. Accents are folded as in the texts themselves.

use super::dealings_words::WORDS;
use super::vocabulary::VOCABULARY;
use aho_corasick::{AhoCorasick, AhoCorasickBuilder, MatchKind};
use bartizan_text::injection::canonical::Canonical;
use std::ops::Range;
use std::sync::LazyLock;

/// What a word or a token means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Concept {
    /// Moves data away.
    Send,
    /// Puts something somewhere.
    Write,
    /// Takes or looks at something.
    Take,
    /// What opens doors.
    Secret,
    /// A file that holds secrets, by its path.
    Store,
    /// What belongs to a person and to no one else.
    Private,
    /// The exchange between user and agent, and what steers it.
    Conversation,
    /// All of it.
    Whole,
    /// A place for data in a call, an address or a message.
    Slot,
    /// Negates what follows.
    Not,
    /// Negates what stands before it.
    PostNot,
    /// Makes known.
    Tell,
    /// Whom the agent works for.
    User,
    /// What the user reads.
    Report,
    /// Keeps out of.
    LeaveOut,
    /// A question put to the agent.
    Asked,
    /// Something else said instead of the truth.
    Cover,
    /// Keeps from someone.
    Hide,
    /// Vouches for someone.
    Trust,
    /// A place where many read.
    Public,
    /// Where packages and names come from.
    Source,
    /// What guards a house or keeps a record of what was done.
    Guard,
    /// A fault that lets attackers in.
    Weakness,
    /// Unseen, in words that serve nothing else.
    Unseen,
    /// A question that the user answers before something is done.
    Approval,
    /// Leaves out or switches off.
    Skip,
    /// An approval that is claimed.
    Granted,
    /// Sets aside.
    Ignore,
    /// What came before, or holds for all.
    Prior,
    /// What the agent was told.
    Instructions,
    /// Money that moves.
    Money,
    /// Where money goes.
    Account,
    /// Puts one thing in the place of another.
    Replace,
    /// Each time, all of them.
    Every,
    /// Does what it is told.
    Obey,
    /// Gives orders the rank of the user's.
    Rank,
    /// Orders that come as messages.
    Orders,
    /// Whoever sends them.
    Whoever,
    /// This very text.
    Itself,
    /// The skills and rules that an agent has.
    Skills,
    /// Lets in.
    Accept,
    /// What is checked before anyone is let in.
    Key,
    /// Whoever they are.
    Anyone,
    /// Code that is put into pages.
    Snippet,
    /// Another tool.
    OtherTool,
    /// Puts a tool in the place of others.
    Steer,
    /// Is there, of a tool.
    Present,
    /// A sign in a text, on which something else is done.
    Trigger,
    /// What is done on such a sign: rules lifted, checks left out.
    Lift,
    /// What stands in the way of an agent, for good reason.
    Barrier,
    /// That it does stand in the way.
    Blocks,
    /// A way around it.
    Around,
    /// What a program says, as orders.
    Printed,
    /// What an agent is held to.
    Rules,
    /// That it holds no longer.
    Void,
    /// A warning given to the user.
    Warning,
    /// That a warning is wrong.
    Wrong,
    /// What a person works on and has handed to the agent.
    Work,
    /// All of it, or each.
    Entire,
    /// Gives someone something.
    Grant,
    /// What someone may do once it is given.
    Right,
    /// What records events for those who look after a machine.
    Record,
    /// Stops, empties, takes away.
    Off,
    /// What shows that something fetched is what it should be.
    Integrity,
    /// Where packages come from, as a setting.
    Supply,
    /// A code that shows once that someone is who they say.
    Code,
    /// Another reason given than the true one.
    Pretext,
    /// Lets pass.
    Exempt,
    /// Without a look.
    Unchecked,
    /// Above what was said before, or as it stands.
    Precedence,
    /// Does what a text says.
    Follow,
    /// Says where a text is.
    Placed,
    /// Other agents and repositories.
    Peers,
    /// This text or a part of it.
    Replica,
    /// Further, and again.
    Onward,
    /// Lets a request in unchecked.
    Passage,
    /// Something on a request.
    Mark,
    /// Draws what can be drawn again.
    Randomness,
    /// What must not be guessed.
    Keyed,
    /// Makes it small.
    Minimal,
    /// Gives an answer.
    Reply,
    /// That someone need not be asked or told.
    Waiver,
    /// An account or a person by a name of its own.
    Party,
    /// An address of the web.
    Url,
    /// A mailbox or a telephone.
    Mailbox,
    /// A number of a bank account or of a wallet.
    Number,
    /// A name with an underscore, as tools have.
    Named,
}

/// A word of a text that means something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    /// What it means.
    pub(crate) concept: Concept,
    /// Where, in bytes.
    pub(crate) span: Range<usize>,
}

/// The words of `text`, which is folded, by place; then the tokens that mean something by their form.
pub(crate) fn words(text: &str) -> Vec<Word> {
    let mut found = Vec::new();
    let table = &*TABLE;
    if let Some(automaton) = &table.automaton {
        for hit in automaton.find_overlapping_iter(text) {
            let Some(&(concept, goes_on)) = table.entries.get(hit.pattern().as_usize()) else { continue };
            let span = hit.span().range();
            let person = matches!(concept, Concept::User | Concept::Report);
            if stands_alone(text, &span, goes_on) && !(person && is_in_path(text, &span)) {
                found.push(Word { concept, span });
            }
        }
    }
    tokens(text, &mut found);
    grouped(text, &mut found);
    found.sort_by_key(|word| (word.span.start, word.span.end));
    found
}

/// Whether `span` begins a word, and ends one unless it may go on. Scripts without spaces have no such ends.
fn stands_alone(text: &str, span: &Range<usize>, goes_on: bool) -> bool {
    let joins = |c: char| (c.is_alphanumeric() || c == '_') && !is_unspaced(c);
    let word = text.get(span.clone()).unwrap_or_default();
    let before = text.get(..span.start).and_then(|text| text.chars().next_back());
    let after = text.get(span.end..).and_then(|text| text.chars().next());
    let begins = !word.starts_with(joins) || !before.is_some_and(joins);
    let ends = goes_on || !word.ends_with(joins) || !after.is_some_and(joins);
    begins && ends
}

/// Whether `span` is a part of a path or the name of a file: `docs/user.md`.
fn is_in_path(text: &str, span: &Range<usize>) -> bool {
    let before = text.get(..span.start).unwrap_or_default();
    let after = text.get(span.end..).unwrap_or_default();
    let named = after
        .strip_prefix(['.', '/'])
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphanumeric()));
    named || before.ends_with('/') && !after.starts_with(' ')
}

/// Whether `c` is of a script that puts no spaces between words, or endings onto them.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{1100}'..='\u{11FF}' | '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7AF}')
}

/// Addresses, mailboxes, numbers of accounts and names of tools.
fn tokens(text: &str, found: &mut Vec<Word>) {
    let outside = |c: char| {
        c.is_whitespace()
            || matches!(c, '"' | '\'' | '`' | '<' | '>' | '(' | ')' | ',' | ';' | '[' | ']')
            || is_unspaced(c)
            || matches!(c, '\u{3001}' | '\u{3002}' | '\u{FF0C}')
    };
    let mut at = 0_usize;
    let mut shell = 0_usize;
    for part in text.split(outside) {
        let token = part.trim_end_matches(['.', ':', '!', '?']);
        let span = at..at.saturating_add(token.len());
        let before = text.get(..at).unwrap_or_default();
        let variable = ["_key", "_token", "_secret", "_password", "_pass", "_pat", "_credentials"]
            .iter()
            .any(|end| token.ends_with(end));
        if variable
            && gives_value(
                before.get(before.floor_char_boundary(before.len().saturating_sub(24))..).unwrap_or_default(),
            )
        {
            found.push(Word { concept: Concept::Secret, span: span.clone() });
        }
        // `scp a user@host:` names a login and a machine.
        shell = match token {
            "scp" | "ssh" | "sftp" | "rsync" | "mosh" | "ssh-copy-id" => LOGIN,
            _ => shell.saturating_sub(1),
        };
        let login = shell > 0 || part.ends_with(':');
        if let Some(concept) = form(token).filter(|concept| *concept != Concept::Mailbox || !login) {
            found.push(Word { concept, span });
        }
        let end = at.saturating_add(part.len());
        at = end
            .saturating_add(text.get(end..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8));
    }
}

/// Within how many words behind a program of SSH a login stands.
const LOGIN: usize = 7;

/// Numbers of accounts and telephones that are written in groups: "DE02 1203 0000 …", "+49 1573 00…".
fn grouped(text: &str, found: &mut Vec<Word>) {
    let mut at = 0_usize;
    let mut run: Option<(Range<usize>, String)> = None;
    let mut close = |run: &mut Option<(Range<usize>, String)>| {
        let Some((span, joined)) = run.take() else { return };
        let joined = joined.trim_end_matches(['.', ',', ';', ':', '!', '?']);
        if joined.len() == span.len() {
            return;
        }
        let account = (15..=34).contains(&joined.len()) && is_iban(joined);
        let telephone = joined
            .strip_prefix('+')
            .is_some_and(|digits| digits.len() >= 9 && digits.bytes().all(|b| b.is_ascii_digit()));
        if account {
            found.push(Word { concept: Concept::Number, span });
        } else if telephone {
            found.push(Word { concept: Concept::Mailbox, span });
        }
    };
    for part in text.split(' ') {
        let span = at..at.saturating_add(part.len());
        at = span.end.saturating_add(1);
        let bare = part.trim_matches(['"', '\'', '`', '(', ')', '.', ',', ';']);
        let digits = bare.bytes().filter(u8::is_ascii_digit).count();
        let begins = bare.len() >= 2
            && (bare.starts_with('+') && bare.len() <= 4 && digits.saturating_add(1) == bare.len()
                || bare.len() == 4
                    && bare.bytes().take(2).all(|b| b.is_ascii_lowercase())
                    && bare.bytes().skip(2).all(|b| b.is_ascii_digit()));
        let goes_on = (1..=12).contains(&bare.len()) && digits == bare.len();
        match &mut run {
            Some((whole, joined)) if goes_on && joined.len() < 40 => {
                joined.push_str(bare);
                whole.end = span.end;
            }
            _ => {
                close(&mut run);
                if begins {
                    run = Some((span, bare.to_owned()));
                }
            }
        }
    }
    close(&mut run);
}

/// Whether what stands before a name in capitals says that its value is meant, and not its use.
fn gives_value(before: &str) -> bool {
    let before = before.trim_end_matches(['`', '"', '\'', '$', '{', ' ']);
    VALUE.iter().any(|words| before.ends_with(words))
}

/// Words before the name of a variable by which what it holds is meant.
static VALUE: [&str; 11] = [
    "value of",
    "values of",
    "content of",
    "contents of",
    "the value",
    "wert von",
    "valor de",
    "valeur de",
    "значение",
    "inhalt von",
    "contenido de",
];

fn form(token: &str) -> Option<Concept> {
    if token.len() < 4 {
        return None;
    }
    if token.contains("://") {
        return Some(Concept::Url);
    }
    if is_party(token) {
        return Some(Concept::Party);
    }
    let account = token
        .strip_prefix("0x")
        .is_some_and(|hex| hex.len() == 40 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
        || token.starts_with("bc1") && token.len() >= 28
        || token.len() >= 15 && token.len() <= 34 && is_iban(token)
        || (12..=24).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_digit());
    if account {
        return Some(Concept::Number);
    }
    if let Some((who, domain)) = token.split_once('@') {
        // Names that are reserved for examples (RFC 2606) reach no one.
        let example = ["example.com", "example.org", "example.net"].iter().any(|name| domain.ends_with(name));
        return (!who.is_empty() && is_domain(domain) && !example).then_some(Concept::Mailbox);
    }
    if token.len() >= 10
        && token.strip_prefix('+').is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_digit()))
    {
        return Some(Concept::Mailbox);
    }
    if token.contains('_')
        && token.bytes().all(|b| b.is_ascii_lowercase() || b == b'_' || b.is_ascii_digit())
        && !token.starts_with('_')
    {
        return Some(Concept::Named);
    }
    let hidden = token.starts_with("~/") || token.starts_with("$home/") || token.starts_with("/home/");
    if hidden
        && ["token", "credential", "secret", "cookie", "auth", "passw", "session"]
            .iter()
            .any(|word| token.contains(word))
    {
        return Some(Concept::Store);
    }
    let host = token.split('/').next().unwrap_or_default();
    is_domain(host).then_some(Concept::Url)
}

/// An account of a cloud by its number, or a handle: `arn:aws:iam::123…:root`, `@name`. The numbers that documentation uses are
/// no one's, and what has a slash is a package.
fn is_party(token: &str) -> bool {
    if let Some(account) = token.strip_prefix("arn:aws:iam::") {
        let number = account.split(':').next().unwrap_or_default();
        return number.len() == 12
            && number.bytes().all(|b| b.is_ascii_digit())
            && !SAMPLE_ACCOUNTS.contains(&number);
    }
    token.strip_prefix('@').is_some_and(|name| {
        name.len() >= 3 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    })
}

/// Accounts that the documentation of AWS uses.
static SAMPLE_ACCOUNTS: [&str; 8] = [
    "123456789012",
    "111122223333",
    "444455556666",
    "111111111111",
    "222222222222",
    "000000000000",
    "999999999999",
    "123456789123",
];

/// Two letters, two digits, then letters and digits: the form of an IBAN (ISO 13616) in lower case, without its spaces.
fn is_iban(token: &str) -> bool {
    let bytes = token.as_bytes();
    bytes.iter().take(2).all(u8::is_ascii_lowercase)
        && bytes.iter().skip(2).take(2).all(u8::is_ascii_digit)
        && bytes.iter().skip(4).all(u8::is_ascii_alphanumeric)
        && bytes.iter().filter(|byte| byte.is_ascii_digit()).count() >= 10
}

/// Whether `host` is written as a public name; endings that files have too are left out.
fn is_domain(host: &str) -> bool {
    let Some((before, ending)) = host.rsplit_once('.') else { return false };
    ENDINGS.contains(&ending)
        && !before.is_empty()
        && before.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')
        && !before.starts_with('.')
}

static ENDINGS: &[&str] = &[
    "com", "net", "org", "io", "dev", "app", "xyz", "top", "site", "online", "club", "ru", "cn", "cc", "co",
    "me", "info", "cloud", "click", "tech", "live", "pro", "space", "store", "website", "run", "host",
    "link", "fun", "icu", "pw", "su", "eu", "de", "fr", "es", "br", "jp", "kr", "uk", "biz", "shop", "ws",
    "to", "in",
];

struct Table {
    automaton: Option<AhoCorasick>,
    /// The concept of each pattern, and whether the word may go on.
    entries: Vec<(Concept, bool)>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let (mut patterns, mut entries) = (Vec::new(), Vec::new());
    for &(concept, words) in VOCABULARY.iter().chain(WORDS) {
        for word in words.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            let (word, goes_on) = word.strip_suffix('*').map_or((word, false), |stem| (stem, true));
            let folded = Canonical::of(word).text().to_owned();
            patterns.push(folded);
            entries.push((concept, goes_on));
        }
    }
    let automaton = AhoCorasickBuilder::new().match_kind(MatchKind::Standard).build(&patterns).ok();
    Table { automaton, entries }
});
