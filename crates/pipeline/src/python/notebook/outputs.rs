//! What the saved outputs of a notebook give away.

use super::json::Cell;
use crate::python::rules::secret;
use crate::rules::SECRET;
use crate::{Notes, Text, told};
use bartizan_core::report::masked;
use bartizan_core::{Confidence, Finding, Severity, atlas, cwe, owasp_llm, rule};
use bartizan_text::{Detector, Subjects};
use std::sync::LazyLock;

rule! {
    /// ## What it finds
    /// A credential, numbers of the social security and others by which states know people, of cards or accounts, mail addresses of people (three,
    /// one beside a telephone number, or rows of them with names), rows of names and telephone numbers, a table that says by name when
    /// people were born, what they suffer from or earn, or the path of somebody's home folder, in the saved output of a notebook. The report does not repeat the credential or
    /// number.
    /// ## Why it matters
    /// Outputs are committed and shared with the notebook; clearing the cell's source does not clear them.
    /// ## Example
    /// A cell that shows `os.environ`, and its saved output.
    /// ## How to fix
    /// Revoke the credential; clear the outputs before the notebook is committed (`nbstripout`).
    /// ## References
    /// - <https://cwe.mitre.org/data/definitions/532.html>
    pub const NOTEBOOK_OUTPUT_LEAK: Rule = Rule {
        id: "pipeline/notebook-output-leak",
        title: "a notebook output that gives something away",
        severity: Severity::High,
        remedy: "Revoke the credential, and clear the outputs before the notebook is committed.",
        taxonomies: &[atlas("AML.T0055"), cwe(532), cwe(312), owasp_llm("LLM02")],
    };
}

/// Reports what the outputs of `cell` give away.
pub(super) fn read(cell: &Cell, text: &Text<'_>, notes: &mut Notes<'_>) {
    let output = &cell.output;
    if output.text.is_empty() {
        return;
    }
    let pointer = format!("/cells/{}/outputs", cell.number);
    for (place, kind) in secret::by_format(&output.text, 0) {
        let shown = output.text.get(place.clone()).unwrap_or_default();
        let finding = Finding::new(&NOTEBOOK_OUTPUT_LEAK, format!("{kind} stands in a saved output"))
            .evidence(masked(shown))
            .credential(shown)
            .pointer(pointer.clone());
        notes.report(text, output.place(place.start)..output.place(place.end), finding);
    }
    for place in secret::named_in_dump(&output.text) {
        let shown = output.text.get(place.clone()).unwrap_or_default();
        let finding =
            Finding::new(&NOTEBOOK_OUTPUT_LEAK, "a credential of the environment stands in a saved output")
                .evidence(masked(shown))
                .credential(shown)
                .confidence(Confidence::Medium)
                .pointer(pointer.clone());
        notes.report(text, output.place(place.start)..output.place(place.end), finding);
    }
    if let Some((at, count)) = social_numbers(&output.text) {
        let message = format!("{count} social security number(s) stand in a saved output");
        let finding = Finding::new(&NOTEBOOK_OUTPUT_LEAK, message)
            .severity(Severity::Medium)
            .confidence(Confidence::Medium)
            .evidence("…")
            .remedy("Clear the outputs before the notebook is committed; show counts, not people.")
            .pointer(pointer.clone());
        notes.report(text, output.place(at)..output.place(at.saturating_add(SOCIAL.len())), finding);
    }
    if let Some((at, end, what)) = personal(&output.text) {
        let finding = Finding::new(&NOTEBOOK_OUTPUT_LEAK, format!("{what} stand in a saved output"))
            .severity(Severity::Medium)
            .confidence(Confidence::Medium)
            .evidence("…")
            .remedy("Clear the outputs before the notebook is committed; show counts, not people.")
            .pointer(pointer.clone());
        notes.report(text, output.place(at)..output.place(end), finding);
    }
    let home = ["/home/", "/Users/", "C:\\Users\\"].iter().find_map(|start| {
        let at = output.text.find(start)?;
        let rest = output.text.get(at.saturating_add(start.len())..)?;
        let user = rest.split(['/', '\\', ' ', '"', '\'', '\n', ':']).next()?;
        let person = !user.is_empty() && !SHARED.contains(&user.to_ascii_lowercase().as_str());
        person.then_some((at, start.len().saturating_add(user.len())))
    });
    if let Some((at, length)) = home {
        let finding = Finding::new(&NOTEBOOK_OUTPUT_LEAK, "a saved output names somebody's home folder")
            .severity(Severity::Info)
            .confidence(Confidence::Medium)
            .remedy("Clear the outputs before the notebook is committed.")
            .pointer(pointer);
        let end = at.saturating_add(length);
        notes.report(text, output.place(at)..output.place(end), finding);
    }
}

/// Reports the credentials in the prose of `cell`.
pub(super) fn prose(cell: &Cell, text: &Text<'_>, notes: &mut Notes<'_>) {
    let source = &cell.source;
    for (place, kind) in secret::by_format(&source.text, 0) {
        let shown = source.text.get(place.clone()).unwrap_or_default();
        if told::is_counted(shown) {
            continue;
        }
        let finding = Finding::new(&SECRET, format!("{kind} stands in the text of a notebook"))
            .severity(Severity::High)
            .evidence(masked(shown))
            .credential(shown)
            .pointer(format!("/cells/{}", cell.number));
        notes.report(text, source.place(place.start)..source.place(place.end), finding);
    }
}

/// Where the data of people stands in `text` and what it is: a mail address beside the telephone number on the same line, three mail
/// addresses of different people, a card or an account. One address alone may be that of an author.
fn personal(text: &str) -> Option<(usize, usize, &'static str)> {
    let detector = PERSONAL.as_ref()?;
    let seen = text.get(..text.floor_char_boundary(SEARCHED)).unwrap_or(text);
    // Most outputs hold nothing of the kind.
    if !seen.contains('@') && !holds_long_number(seen) {
        return described(seen);
    }
    let mut hits: Vec<(usize, usize, &'static str)> = Vec::new();
    detector.scan(seen, &mut |hit: bartizan_text::Hit| {
        let known = ["EMAIL_ADDRESS", "PHONE_NUMBER", "CREDIT_CARD", "IBAN_CODE"].contains(&hit.kind.id)
            || is_of_citizens(hit.kind.id) && hit.score >= NAMED;
        if known && hit.score >= LIKELY && hits.len() < MOST {
            hits.push((hit.start, hit.end, hit.kind.id));
        }
    });
    let number = hits.iter().find(|(.., kind)| matches!(*kind, "CREDIT_CARD" | "IBAN_CODE"));
    if let Some((start, end, _)) = number {
        return Some((*start, *end, "numbers of cards or accounts"));
    }
    if let Some((start, end, _)) = hits.iter().find(|(.., kind)| is_of_citizens(kind)) {
        return Some((*start, *end, "numbers under which a state knows people"));
    }
    let shown = |start: usize, end: usize| seen.get(start..end).unwrap_or_default().to_lowercase();
    let mails: Vec<(usize, usize)> = hits
        .iter()
        .filter(|(start, end, kind)| *kind == "EMAIL_ADDRESS" && is_of_a_person(&shown(*start, *end)))
        .map(|(start, end, _)| (*start, *end))
        .collect();
    let same_line = |one: usize, other: usize| {
        let between = one.min(other)..one.max(other);
        between.len() <= ROW && seen.get(between).is_some_and(|text| !text.contains('\n'))
    };
    let beside = mails.iter().find(|(start, _)| {
        hits.iter().any(|(at, _, kind)| *kind == "PHONE_NUMBER" && same_line(*at, *start))
    });
    if let Some((start, end)) = beside {
        return Some((*start, *end, "mail addresses and telephone numbers of people"));
    }
    // Rows of people, under a name for their column.
    let phones =
        hits.iter().filter(|(.., kind)| *kind == "PHONE_NUMBER").map(|(start, end, _)| (*start, *end));
    for (places, what) in [
        (mails.clone(), "names and mail addresses of people"),
        (phones.collect(), "names and telephone numbers of people"),
    ] {
        if let [first, .., last] = places.as_slice()
            && !same_line(first.0, last.0)
            && seen
                .get(..first.0)
                .and_then(|before| before.trim_end().rsplit('\n').nth(1))
                .is_some_and(has_names)
        {
            return Some((first.0, first.1, what));
        }
    }
    let mut people: Vec<String> = mails.iter().map(|(start, end)| shown(*start, *end)).collect();
    people.sort_unstable();
    people.dedup();
    match mails.first().filter(|_| people.len() >= PEOPLE) {
        Some((start, end)) => Some((*start, *end, "mail addresses of people")),
        None => described(seen),
    }
}

/// Whether a kind of number is one that a state gives to people, and not to companies, places or cars.
fn is_of_citizens(kind: &str) -> bool {
    const OTHERS: &[&str] =
        &["PLZ", "VAT", "KFZ", "EIN", "ACN", "ABN", "CNPJ", "NPI", "ZIP", "POSTCODE", "VIN", "US_SSN"];
    kind.as_bytes().get(2) == Some(&b'_')
        && kind != "IP_ADDRESS"
        && !OTHERS.iter().any(|other| kind.contains(other))
}

/// Whether the head of a table has a column of the names of people.
fn has_names(head: &str) -> bool {
    head.split_whitespace().any(|column| {
        let column = column.trim_matches(|sign: char| !sign.is_alphanumeric()).to_lowercase();
        [
            "name",
            "first_name",
            "last_name",
            "full_name",
            "surname",
            "firstname",
            "lastname",
            "patient",
            "customer",
        ]
        .contains(&column.as_str())
            || ["customer_name", "patient_name", "user_name", "employee_name", "client_name"]
                .contains(&column.as_str())
    })
}

/// A table that says of people, by name, when they were born, what they suffer from or what they earn: its first row.
fn described(text: &str) -> Option<(usize, usize, &'static str)> {
    const PRIVATE: &[&str] = &[
        "dob",
        "date_of_birth",
        "birth_date",
        "birthdate",
        "birthday",
        "diagnosis",
        "salary",
        "home_address",
        "passport",
        "icd10",
    ];
    let mut at = 0_usize;
    let mut lines = text.split_inclusive('\n').take(MOST_LINES).map(|line| {
        let begin = at;
        at = at.saturating_add(line.len());
        (begin, line)
    });
    while let Some((_, head)) = lines.next() {
        if head.len() > ROW || !has_names(head) {
            continue;
        }
        let private = head.split_whitespace().any(|column| PRIVATE.contains(&column.to_lowercase().as_str()));
        let Some((begin, row)) = lines.next().filter(|_| private) else { continue };
        let named = row.split_whitespace().any(|word| {
            word.len() > 1
                && word.starts_with(char::is_uppercase)
                && word.chars().skip(1).all(char::is_lowercase)
                && !matches!(word, "None" | "True" | "False" | "NaN" | "NaT")
        });
        if named && row.bytes().any(|byte| byte.is_ascii_digit()) {
            return Some((
                begin,
                begin.saturating_add(row.trim_end().len()),
                "what is known of people by name",
            ));
        }
    }
    None
}

/// Whether `text` holds as many digits behind one another as a card or an account has, one sign between them or none.
fn holds_long_number(text: &str) -> bool {
    let (mut digits, mut apart) = (0_usize, false);
    text.bytes().any(|byte| {
        match byte {
            b'0'..=b'9' => (digits, apart) = (digits.saturating_add(1), false),
            b' ' | b'-' if digits > 0 && !apart => apart = true,
            _ => (digits, apart) = (0, false),
        }
        digits >= CARD
    })
}

/// Whether a mail address is neither one of documentation nor one that a service answers.
fn is_of_a_person(address: &str) -> bool {
    let (user, domain) = address.split_once('@').unwrap_or((address, ""));
    let shown = domain
        .split('.')
        .any(|label| matches!(label, "example" | "test" | "localhost" | "invalid" | "domain"));
    let service = ["noreply", "no-reply", "support", "info", "admin", "git", "bugs", "help", "contact"];
    !shown && !service.iter().any(|known| user.starts_with(known)) && !domain.ends_with("gserviceaccount.com")
}

static PERSONAL: LazyLock<Option<Detector>> = LazyLock::new(|| {
    Detector::new(Subjects { secrets: false, names: false, characters: false, ..Subjects::ALL }).ok()
});

/// Least score of a hit that counts.
const LIKELY: f32 = 0.5;
/// Least score of a number that is known by the word beside it, not by its check digits alone.
const NAMED: f32 = 0.8;
/// Most lines looked through for the head of a table.
const MOST_LINES: usize = 20_000;
/// Fewest digits of a number of a person, a card or a telephone.
const CARD: usize = 9;
/// Longest part of a row between a mail address and the number beside it, in bytes.
const ROW: usize = 300;
/// Bytes of an output that are searched for people, from its beginning.
const SEARCHED: usize = 1 << 20;
/// Most hits looked at in one output.
const MOST: usize = 1_000;
/// Different mail addresses that make a list of people.
const PEOPLE: usize = 3;

/// The form of a number of the social security of the United States.
const SOCIAL: &str = "ddd-dd-dddd";

/// Where the first number of the social security stands in `text`, and how many there are. Numbers that are given to nobody, and those
/// that advertisements show, are none.
fn social_numbers(text: &str) -> Option<(usize, usize)> {
    let fits = |at: &usize| {
        let digits = text.as_bytes().get(*at..at.saturating_add(SOCIAL.len()))?;
        let fits = digits.iter().zip(SOCIAL.bytes()).all(|(byte, form)| match form {
            b'd' => byte.is_ascii_digit(),
            _ => *byte == form,
        });
        let part = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'-');
        let apart = !part(at.checked_sub(1).and_then(|before| text.as_bytes().get(before)))
            && !part(text.as_bytes().get(at.saturating_add(SOCIAL.len())));
        let written = std::str::from_utf8(digits).ok()?;
        let nobody = ["000", "666", "9"].iter().any(|area| written.starts_with(area))
            || matches!(written, "123-45-6789" | "078-05-1120" | "111-11-1111" | "219-09-9999")
            || written.contains("-00-")
            || written.ends_with("-0000");
        (fits && apart && !nobody).then_some(())
    };
    let mut places = memchr::memchr_iter(b'-', text.as_bytes())
        .filter_map(|dash| dash.checked_sub(3))
        .filter(|at| fits(at).is_some());
    let first = places.next()?;
    Some((first, places.count().saturating_add(1)))
}

/// Accounts of images and hosted notebooks, which name nobody.
const SHARED: &[&str] = &[
    "user",
    "ubuntu",
    "jovyan",
    "runner",
    "app",
    "ec2-user",
    "username",
    "root",
    "vscode",
    "sagemaker-user",
    "shared",
    "public",
    "docker",
    "you",
    "me",
];

#[cfg(test)]
mod tests {
    use super::{personal, social_numbers};

    #[test]
    fn rows_of_people_are_told_and_rows_of_numbers_are_not() {
        let what =
            |text: &str| personal(text).map(|(start, _, what)| (text[..start].matches('\n').count(), what));
        for (text, line, told) in [
            (
                "   id   name       email\n0  1  Anna Kowalska  anna.kowalska@gmail.com\n1  2  Bob Lee  bob.lee@yahoo.com\n",
                1,
                "names and mail",
            ),
            (
                "   name       phone\n0  Jan Novak  +48 601 234 567\n1  Eva Braun  +49 151 2345 6789\n",
                1,
                "names and telephone",
            ),
            ("   patient  nhs_number\n0  John Smith  943 476 5919\n", 1, "numbers under which"),
            ("   imie  pesel\n0  Jan  44051401359\n", 1, "numbers under which"),
            (
                "df\n   first_name date_of_birth diagnosis\n0  Carla  1980-02-03  diabetes\n",
                2,
                "what is known",
            ),
        ] {
            let (at, what) = what(text).unwrap_or_else(|| panic!("{text}"));
            assert!(at == line && what.starts_with(told), "{text}: {at} {what}");
        }
        for text in [
            "   name      params    flops\n0  resnet50  25557032  4089284608\n1  vit_b  86567656  17564231680\n",
            "   id  amount  timestamp\n0  44051401359  12.5  1700000000123\n",
            "   item  code\n0  a  9434765919\n1  b  4010232137\n",
            "   name  salary\ncount  10  10\n",
            "   first_name_len  dob_year\n0  5  1980\n",
            "maintainers: anna.kowalska@gmail.com, bob.lee@yahoo.com\n",
            "Epoch 1 loss 0.123456789012\nEpoch 2 loss 0.113456789012\n",
            "tensor([4556737586, 8998551234, 9434765919])",
        ] {
            assert_eq!(what(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_of_people_are_told_by_their_form() {
        assert_eq!(social_numbers("0  A B  1961-03-09  528-41-7791\n1  C D  312-55-8801\n"), Some((20, 2)));
        for text in
            ["1961-03-09", "123-45-6789", "528-41-77912", "a528-41-7791", "000-12-3456", "2024-528-41-7791"]
        {
            assert_eq!(social_numbers(text), None, "{text}");
        }
    }
}
