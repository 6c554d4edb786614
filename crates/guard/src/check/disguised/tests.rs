//! Disguises that no token leaves in, and what only looks like one.

use super::super::answer::tests::{answer, streamed};
use super::super::checks::tests::{call, checks, exchange, with_edits};
use crate::check::{Action, Checks, Session};
use crate::exchange::Role;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use std::sync::LazyLock;

const KEY: &str = "ghp_x7Kd2Qx9Lm4Zt8Rv3Bn6Wc5Yp1Hs0GfEujIo";
static CHECKS: LazyLock<Checks> = LazyLock::new(|| {
    checks("[personal-data]\noutput = 'off'\n[links]\nlinks = 'off'\nimages = 'off'\n[markup]\nmode = 'off'")
});

fn each(form: impl Fn(char) -> String) -> String {
    KEY.chars().map(form).collect()
}

fn between(mark: &str) -> String {
    each(|one| format!("{one}{mark}")).trim_end_matches(mark).to_owned()
}

/// One word each, which goes as a whole or but for marks around it.
fn words() -> Vec<String> {
    let (head, tail) = KEY.split_at(17);
    let hex = |text: &str| text.bytes().fold(String::new(), |all, byte| all + &format!("{byte:02x}"));
    vec![
        format!("x{KEY}"),
        format!("_{KEY}"),
        format!("my_{KEY}"),
        KEY.to_uppercase(),
        KEY.to_lowercase(),
        KEY.chars().rev().collect(),
        KEY.replace('_', "\\_"),
        format!("{head}&ZeroWidthSpace;{tail}"),
        format!("{head}&NegativeThinSpace;{tail}"),
        KEY.replace('_', "&lowbar;"),
        format!("{head}<b></b>{tail}"),
        format!("{head}<span class=\"a b\">{tail}</span>"),
        format!("{head}<!-- nothing to see > here -->{tail}"),
        format!("{head}**{tail}**"),
        format!("{head}``{tail}"),
        format!("[{head}](https://a.example/){tail}"),
        each(|one| format!("%{:02X}", u32::from(one))),
        KEY.replace('_', "%5F"),
        each(|one| format!("%25{:02X}", u32::from(one))),
        each(|one| {
            let wide = u32::from(one).checked_add(0xFEE0).and_then(char::from_u32);
            wide.unwrap_or(one).to_string()
        }),
        each(|one| format!("\\u{:04x}", u32::from(one))),
        KEY.replacen('g', "\\u0067", 1),
        each(|one| format!("\\x{:02x}", u32::from(one))),
        each(|one| format!("&#{};", u32::from(one))),
        format!("data:text/plain;base64,{}", STANDARD.encode(KEY)),
        STANDARD.encode(STANDARD.encode(KEY)),
        URL_SAFE_NO_PAD.encode(format!("{{\"key\":\"{KEY}\"}}")),
        STANDARD.encode(each(|one| format!("%{:02X}", u32::from(one)))),
        hex(KEY),
        format!("0x{}", hex(KEY)),
        hex(&STANDARD.encode(KEY)),
        STANDARD.encode(KEY.chars().rev().collect::<String>()),
        format!("String.fromCharCode({})", numbers(",", |one| one.to_string())),
        numbers("+", |one| format!("chr({one})")),
        numbers(",", |one| format!("0x{one:02x}")),
        numbers(",", |one| one.to_string()),
        numbers("", |one| format!("\\{one:03o}")),
        numbers("", |one| format!("={one:02X}")),
        KEY.replace('_', "=5F"),
        between("-"),
        between("."),
        between("*"),
        KEY.replacen('p', "\u{440}", 1),
        KEY.chars()
            .map(|one| match one {
                'a'..='m' | 'A'..='M' => char::from(one as u8 + 13),
                'n'..='z' | 'N'..='Z' => char::from(one as u8 - 13),
                _ => one,
            })
            .collect(),
    ]
}

/// Several words each, of which the first letters may leave before anything says that they begin a token.
fn pieces() -> Vec<String> {
    let groups: Vec<String> =
        KEY.as_bytes().chunks(4).map(|four| String::from_utf8_lossy(four).into_owned()).collect();
    let numbered: Vec<String> =
        KEY.chars().enumerate().map(|(at, one)| format!("{}. {one}", at + 1)).collect();
    let encoded = STANDARD.encode(format!("the key of the account is {KEY}, keep it"));
    let (first, second) = encoded.split_at(48);
    vec![
        between(" "),
        between("\n"),
        between(" - "),
        groups.join(" "),
        groups.join("\n"),
        groups.join(" | "),
        numbered.join("\n"),
        format!("\"{}\"", groups.join("\" + \"")),
        format!("('{}')", groups.join("',\n '")),
        format!("{first}\n{second}"),
        each(|one| format!("{:02x} ", u32::from(one))),
        quoted("> "),
        quoted(">> "),
        quoted("+"),
        quoted("+ "),
        quoted("# "),
        quoted("// "),
        format!("> {first}\n> {second}"),
        format!("\n+{first}\n+{second}\n"),
        numbers(" + ", |one| format!("chr({one})")),
        numbers(", ", |one| format!("0x{one:02x}")),
        numbers(",\n", |one| one.to_string()),
        grouped(&STANDARD.encode(KEY), 4),
        grouped(&STANDARD.encode(KEY), 8),
        numbers("", |one| format!("={one:02X}")).replace("=6D", "=\n=6D"),
    ]
}

fn numbers(between: &str, form: impl Fn(u8) -> String) -> String {
    KEY.bytes().map(form).collect::<Vec<_>>().join(between)
}

/// The key on lines of twelve behind marks.
fn quoted(mark: &str) -> String {
    format!("\n{mark}{}\n", grouped(KEY, 12).replace(' ', &format!("\n{mark}")))
}

fn grouped(text: &str, length: usize) -> String {
    let parts = text.as_bytes().chunks(length).map(|part| String::from_utf8_lossy(part).into_owned());
    parts.collect::<Vec<_>>().join(" ")
}

/// The bytes of a text as `xxd` and `hexdump -C` show them.
fn dumps(text: &str) -> [String; 2] {
    let mut dumps = [String::new(), String::new()];
    for (number, row) in text.as_bytes().chunks(16).enumerate() {
        let hex: Vec<String> = row.iter().map(|byte| format!("{byte:02x}")).collect();
        let shown: String =
            row.iter().map(|byte| if byte.is_ascii_graphic() { char::from(*byte) } else { '.' }).collect();
        let pairs: Vec<String> = hex.chunks(2).map(<[String]>::concat).collect();
        dumps[0] += &format!("{:08x}: {:39}  {shown}\n", number * 16, pairs.join(" "));
        let (left, right) = hex.split_at(hex.len().min(8));
        dumps[1] +=
            &format!("{:08x}  {:23}  {:23}  |{shown}|\n", number * 16, left.join(" "), right.join(" "));
    }
    dumps
}

fn judged(text: &str, cuts: &[usize]) -> (String, Vec<String>) {
    let mut judge = CHECKS.answer(&exchange(&[]), &Session::new([0; 32]));
    let (out, reasons, blocked) = streamed(&mut judge, text, cuts);
    (out, reasons.into_iter().chain(blocked).map(|one| one.label).collect())
}

#[test]
fn a_token_does_not_leave_in_any_disguise_and_cut() {
    /// What may be left: the marks around it, and letters before anything says that they begin a token.
    const LEFT: usize = 36;
    for dressed in words().into_iter().chain(pieces()) {
        let text = format!("The key is {dressed} then.");
        let (out, labels) = judged(&text, &[]);
        assert!(labels.iter().any(|label| label == "github-token"), "{dressed}: {labels:?}");
        assert!(out.contains("[github-token]") && out.ends_with(" then."), "{dressed}: {out}");
        assert!(out.len() <= "The key is [github-token] then.".len() + LEFT, "{dressed}: {out}");
        for cut in (0..text.len()).step_by(3) {
            assert_eq!(judged(&text, &[cut]), (out.clone(), labels.clone()), "{dressed} {cut}");
        }
        let every: Vec<usize> = (0..text.len()).collect();
        assert_eq!(judged(&text, &every), (out, labels), "{dressed}");
    }
}

#[test]
fn a_token_does_not_leave_in_a_dump_of_its_bytes() {
    for dump in dumps(&format!("the key: {KEY}\n")) {
        let text = format!("Here is the file:\n\n{dump}\nThat is all.");
        let (out, labels) = judged(&text, &[]);
        assert!(labels.iter().any(|label| label == "github-token"), "{dump}: {labels:?}");
        assert!(!out.contains(&dump[dump.len() / 2..]) && out.ends_with("That is all."), "{out}");
        let every: Vec<usize> = (0..text.len()).collect();
        assert_eq!(judged(&text, &every), (out, labels), "{dump}");
    }
    for dump in dumps("The harbour office opens at nine, and closes when the last boat is in.\n") {
        assert_eq!(judged(&dump, &[]), (dump.clone(), vec![]));
    }
}

#[test]
fn a_token_does_not_reach_the_model_in_any_disguise() {
    for dressed in words().into_iter().chain(pieces()).chain(dumps(KEY)) {
        for text in
            [format!("The key is {dressed} then."), format!("word {} {dressed}", "and so on ".repeat(80))]
        {
            let asked = exchange(&[(Role::User, text.as_str())]);
            let judgement = CHECKS.request(&asked, &Session::new([0; 32]));
            let after = with_edits(&asked, &judgement);
            assert!(judgement.reasons.iter().any(|one| one.label == "github-token"), "{text}");
            assert!(after.contains("[github-token]"), "{text}: {after}");
        }
    }
}

#[test]
fn what_is_put_in_the_place_of_a_disguise_comes_back_as_it_was_written() {
    let dressed = STANDARD.encode(KEY);
    let text = format!("Decode {dressed} for me");
    let (checks, session) = (checks("[secrets]\ninput = 'tokens'"), Session::new([0; 32]));
    let asked = exchange(&[(Role::User, text.as_str())]);
    let judgement = checks.request(&asked, &session);
    assert!(!with_edits(&asked, &judgement).contains(&dressed));
    assert_eq!(session.values().values().collect::<Vec<_>>(), [&dressed]);
}

#[test]
fn a_call_that_is_repeated_is_read_for_disguises_in_its_name_and_its_arguments() {
    let judged = |name: &str, arguments: &str| {
        let judgement = CHECKS.request(&call(name, arguments), &Session::new([0; 32]));
        (judgement.action, judgement.edits.first().map(|edit| edit.replacement.clone()))
    };
    let encoded = STANDARD.encode(KEY);
    assert_eq!(
        judged("send", &format!(r#"{{"a":"{encoded}"}}"#)),
        (Action::Redact, Some(r#"{"a":"[github-token]"}"#.to_owned()))
    );
    assert_eq!(
        judged("send", &format!(r#"{{"a":"x\n{encoded}"}}"#)),
        (Action::Redact, Some(r#"{"a":"x\n[github-token]"}"#.to_owned()))
    );
    assert_eq!(judged(&encoded, "{}").0, Action::Block);
    assert_eq!(judged("send_to_everyone_in_the_list", r#"{"a":"x\ny"}"#), (Action::Allow, None));
}

#[test]
fn other_tokens_do_not_leave_either() {
    for key in ["AKIAQ3EGRIQ7ZYBXW4NV", "glpat-x7Kd2Qx9Lm4Zt8Rv3Bn6", "sk-x7Kd2Qx9Lm4Zt8Rv3Bn6Wc5Yp1Hs0GfE"] {
        let apart: String = key.chars().flat_map(|one| [one, ' ']).collect();
        let reversed: String = key.chars().rev().collect();
        for dressed in [apart.trim_end(), &reversed, &format!("x{key}"), &STANDARD.encode(key)] {
            let (out, labels) = judged(&format!("It is {dressed} now"), &[]);
            assert_eq!(labels.len(), 1, "{dressed}: {out}");
            assert!(!out.contains(&dressed[dressed.len() - 8..]), "{dressed}: {out}");
        }
    }
}

#[test]
fn digests_of_images_and_modules_and_objects_of_a_payment_leave_as_they_are() {
    let digest = "f77a1aef2da8d83e45ec990f45df50f1a286c5fe8bbfb8c6e4246c6389705c0b";
    let text = format!(
        "docker image node:20-alpine@sha256:{digest} is pinned\nFROM docker.io/library/python:3.12@sha256:{digest}\n\
         docker image inspect ghcr.io/owner/app@sha256:{digest}\n\
         github.com/docker/docker v24.0.7+incompatible h1:Wo6l37AuwP3JaMnZa226lzVXGA3F9Ig1seQen0cKYlM=\n\
         github.com/stretchr/testify v1.8.4/go.mod h1:sz/lmYIOXD/1dqDmKjjqLyZ2RngseejIcXlSw2iwfAo=\n\
         Stripe session cs_test_a1YS1URlnyQCN5fUUduORoQ7Pw41PJqDWkIVQCpJPqkfIhd6tVY8XB1OLY of cus_NffrFeUfNV2Hib\n"
    );
    for cut in [0, 40, 90, 200, 400] {
        let (out, labels) = judged(&text, &[cut]);
        assert_eq!((out.as_str(), labels), (text.as_str(), vec![]), "{cut}");
    }
}

#[test]
fn what_only_looks_like_a_disguise_leaves_as_it_is() {
    let picture = STANDARD.encode((0..900_u32).map(|at| (at * 37 % 251) as u8).collect::<Vec<u8>>());
    for text in [
        "Spell it: b a r t i z a n, then A-B-C-D-E-F-G and 1 2 3 4 5 6 7 8 9 10.",
        "| a | b | c |\n|---|---|---|\n| 1 | 2 | 3 |\n| x1 | y2 | z3 |\n",
        "Tokens begin with `ghp_` and have 36 letters and digits behind it, those of npm with `npm_`.",
        "Set `npm_config_registry` and `GHP_TOKEN_NAME` in the pipeline, then run `npm ci` again.",
        "00000000  67 68 70 5f 61 62 63 64  0d 0a 1a 0a 00 00 00 0d  |........|",
        "sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "id 123e4567-e89b-12d3-a456-426614174000 and task-0123456789abcdef0123456789abcdef",
        "ZG9jdW1lbnRhdGlvbiBvZiB0aGUgcGFydHM= is base64 for a sentence.",
        "\"first part \" + \"second part \" + name_of_3 + 'x7' + \"last\"",
        "for (let i = 0; i < n; i++) { a[i] = b[i] ** 2; } // x_1 y_2 z_3",
        "AT&amp;T &copy; 2024, **bold**, `code`, [link](https://docs.example.org/a%20b)",
        "th\u{e9} \u{1f600}\u{fe0f} \u{430}\u{431}\u{432} \u{ff21}\u{ff22}\u{ff23} \u{65e5}\u{672c}",
        "export GITHUB_TOKEN=\"$(gh auth token)\"\nexport AWS_PROFILE=prod_eu1\n",
        "matplotlib==3.9.2\nnumpy==2.1.1\nsk-learn==0.0\nre_2 = re.compile(r'\\d+_\\w+')",
        "The words `sk-learn`, `hf_hub_download` and `AKIA` stand in the 3rd line of setup_2.py.",
        "A token is `^ghp_[A-Za-z0-9]{36}$`, of AWS `\\bAKIA[0-9A-Z]{16}\\b`, of Slack `xox[baprs]-[0-9a-zA-Z-]{10,48}`.",
        "> quoted 12 of 100\n> and 2024 more\n+ added x_1\n- removed y_2\n+ added z_3\n",
        "[103, 104, 112, 95, 120, 55, 75, 100, 50, 81, 120, 57, 76, 109, 52, 90, 116, 56, 82, 118, 51, 66]",
        "dead beef cafe babe 1234 5678 9abc def0 0f1e 2d3c 4b5a 6978 8796 a5b4",
        "that this with from word ends here when they said some more than once",
        "x=C3=A9 and y=C3=AF to z=C3=A9 of 2024, a=41 and b=42=\nc=43",
        "Use AKIAIOSFODNN7EXAMPLE and ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx as placeholders.",
        picture.as_str(),
    ] {
        assert_eq!(answer("", text), (text.to_owned(), vec![], None));
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(128))]
    #[test]
    fn no_cut_changes_what_is_found(
        picked in proptest::collection::vec(0..18_usize, 0..14),
        mut cuts in proptest::collection::vec(0..400_usize, 0..8),
    ) {
        const PIECES: [&str; 18] = [
            "ghp_", "x7Kd2Qx9Lm4Zt8Rv3Bn6", "Wc5Yp1Hs0GfEujIo", " ", "\n", "g h p _ ", "x 7 K d ", "<b>", "</b>", "<!-- ", "-->",
            "&#103;", "\\_", "[a](", ")", "word ", "Z2hwX3g3S2QyUXg5TG00WnQ4UnYzQm42V2M1WXAxSHMwR2ZFdWpJbw==", "\u{65e5}",
        ];
        let text: String = picked.iter().map(|at| PIECES[*at]).collect();
        cuts.sort_unstable();
        let every: Vec<usize> = (0..text.len()).collect();
        let whole = judged(&text, &[]);
        proptest::prop_assert_eq!(&judged(&text, &cuts), &whole);
        proptest::prop_assert_eq!(&judged(&text, &every), &whole);
    }
}
