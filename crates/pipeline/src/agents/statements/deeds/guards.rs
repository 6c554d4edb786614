//! What takes protection away or stays where it works on its own: checks put out of force, doors opened, code brought in, records
//! destroyed.

use super::super::lexicon::Class;
use super::super::places::{Place, is_address, place};
use super::super::purpose::Purpose;
use super::super::said::Said;
use super::{REACH, Told};

/// A check, a question or a record is put out of force.
pub(super) fn disarms(said: &Said<'_>, purpose: &Purpose<'_>) -> Told {
    let flag = said.tokens.iter().position(|word| {
        FLAGS.iter().any(|flag| word.text.starts_with(flag) || word.text.contains(flag) && flag.len() > 8)
    });
    let used = |flag: usize| {
        said.before(flag, 12).any(|word| {
            word.is(Class::Put)
                || word.is(Class::Install)
                || word.any_of("run use commit add pass with set apply again retry start call to")
        })
    };
    if let Some(flag) = flag.filter(|flag| used(*flag) && !said.negated(*flag)) {
        return Some((2, said.span(flag, flag)));
    }
    if purpose.speaks_of(&["permission", "sandbox", "lint config", "eslint"]) && !said.says(&["security"]) {
        return None;
    }
    let trusting = said.says(&[
        "trust all",
        "trust every",
        "trust any",
        "confirm their questions",
        "confirm all",
        "accept all prompts",
        "with yes",
        "questions with yes",
    ]);
    if trusting && !said.says(&["never", "do not trust", "don't", "not trust", "only if", "if the user"]) {
        return Some((2, said.span(0, said.tokens.len().saturating_sub(1))));
    }
    let full = said.says(&["with full rights", "with all rights", "with every right"]).then_some(0);
    if let Some(at) = full {
        return Some((2, said.span(at, said.tokens.len().saturating_sub(1))));
    }
    said.meant(Class::Off).find_map(|off| {
        let word = said.at(off)?;
        let paired = word.any_of("turn turned turning turns switch switched switching take taken taking");
        if paired && !said.behind(off, 6).any(|next| next.any_of("off out away")) {
            return None;
        }
        let weak = word.any_of("remove drop stop lift lower skip skipped ignore ignored empty comment pause mute strip removed \
                dropped override silence take taken");
        let reach = if weak { 4 } else { 7 };
        let guard = said
            .next(off, Class::Guard, reach)
            .filter(|guard| {
                !said.tokens.get(off..*guard).unwrap_or_default().iter().any(|word| word.ends_clause)
            })
            .or_else(|| {
                let passive = said
                    .before(off, 5)
                    .any(|word| word.any_of("them it be are is both"))
                    || said.behind(off, 5).any(|word| word.any_of("them both"));
                let behind = said.before(off, 16).position(|word| word.is(Class::Guard))?;
                passive.then(|| off.saturating_sub(behind.saturating_add(1)))
            })?;
        let named = said.at(guard)?;
        let common = named.any_of("rule rules test tests prompt prompts limit limits review reviews lock hash hashes policy linter \
                warning warnings check checks alert alerts scan hook hooks alarm guard trail");
        let grave = said.tokens.iter().any(|word| {
            word.any_of("security secret signature signatures integrity audit pre-commit required vulnerability licence \
                safety approval trail protection confirmation permission tls sandbox protected login")
        });
        (!common || grave).then(|| (2, said.span(off, guard)))
    })
}

/// Someone is let in: given rights that stand above others', a seat among those who read along, an open port.
pub(super) fn lets_in(said: &Said<'_>, purpose: &Purpose<'_>) -> Told {
    said.meant(Class::Grant).find_map(|grant| {
        let right = said.next(grant, Class::Rights, 14)?;
        let word = said.at(right)?;
        let strong =
            word.any_of("admin administrator administrators cluster-admin superuser 0.0.0.0 privileged root");
        let unknown = (0..said.tokens.len()).any(|index| {
            place(said, index, purpose) == Some(Place::Address)
                || said.at(index).is_some_and(|word| {
                    is_number_address(word.text) || word.text.contains('@') && is_address(word.text)
                })
        });
        let seat = word.any_of("guest recipient collaborator member owner maintainer access port") && unknown;
        let own = purpose.speaks_of(&["rbac", "access", "invite", "permission"]);
        (!own && (strong || seat)).then(|| (2, said.span(grant, right)))
    })
}

/// Whether `word` is a number that names a machine on the public network.
fn is_number_address(word: &str) -> bool {
    word.parse::<std::net::Ipv4Addr>()
        .is_ok_and(|address| !(address.is_private() || address.is_loopback() || address.is_unspecified()))
}

/// Code, or the source of it, comes from an address that the purpose does not explain.
pub(super) fn brings_in(said: &Said<'_>, purpose: &Purpose<'_>) -> Told {
    let at = (0..said.tokens.len()).find(|index| place(said, *index, purpose) == Some(Place::Address))?;
    let address = said.at(at)?;
    if address.text.contains('@') && !address.text.contains("://") || said.negated(at) {
        return None;
    }
    let setting = said.before(at, REACH).any(|word| {
        word.is(Class::Source)
            && ["base", "url", "registry", "index", "proxy", "mirror"]
                .iter()
                .any(|part| word.text.contains(part))
    });
    let verb = said.meant(Class::Install).find(|verb| *verb < at && at.saturating_sub(*verb) <= REACH);
    let verb = verb.or_else(|| setting.then_some(at))?;
    let source = said.before(at, REACH).chain(said.behind(at, 6)).any(|word| word.is(Class::Source));
    let runs = said.before(at, REACH).any(|word| {
        word.any_of("install installs source run runs load loads execute import imports imported")
    }) || said.says(&["pip install", "npm i", "| sh", "| bash", "to sh", "pipes to", "curl "]);
    let script = [
        ".sh", ".js", ".py", ".tar.gz", ".tgz", ".whl", ".zip", ".ps1", "/boot", "/run", "/install",
        "/simple",
    ]
    .iter()
    .any(|end| address.text.contains(end));
    (source || runs && (script || said.says(&["sh ", "bash", "package", "script"])))
        .then(|| (2, said.span(verb, at)))
}

/// Something is written where it works on its own afterwards: memory, start files, schedules, other prompts and skills.
pub(super) fn stays(said: &Said<'_>, purpose: &Purpose<'_>) -> Told {
    let places = said.all(Class::Lasting).filter(|place| {
        said.at(*place).is_some_and(|word| match word.text {
            "every" | "each" => said
                .behind(*place, 2)
                .any(|next| next.any_of("prompt prompts requirements repository project skill file")),
            "memory" | "memories" => said
                .before(*place, 3)
                .any(|next| next.any_of("global agent's user's the your long-term project")),
            "profile" | "settings" | "configuration" | "config" | "template" | "templates" | "prompt"
            | "prompts" | "hook" | "hooks" | "rules" | "skills" | "requirements" => {
                said.before(*place, 3).any(|next| {
                    next.any_of(
                        "global personal shell other all startup user's person's agent each every start",
                    )
                })
            }
            _ => true,
        })
    });
    let mut places = places.filter_map(|place| {
        let verb = said.before(place, 10).position(|word| word.is(Class::Put) || word.is(Class::Install))?;
        let verb = place.saturating_sub(verb.saturating_add(1));
        (!said.negated(verb)).then_some((verb, place))
    });
    let (verb, at) = places.next()?;
    let declared = purpose.speaks_of(&[
        "memory",
        "remember",
        "schedul",
        "cron",
        "setup",
        "set up",
        "sets up",
        "startup",
        "dotfile",
        "claude.md",
        "agents.md",
        "config",
        "prefer",
        "hook",
        "install",
        "prompt",
    ]);
    let worse = said.says(&[
        "consult",
        "do as it",
        "follow",
        "must survive",
        "sentence \"",
        "fetches",
        "curl",
        "bypasspermissions",
    ]);
    match (declared, worse) {
        (true, false) => None,
        (true, true) | (false, false) => Some((1, said.span(verb, at))),
        (false, true) => Some((2, said.span(verb, at))),
    }
}

/// What tells of events, or restores, is destroyed.
pub(super) fn erases(said: &Said<'_>, purpose: &Purpose<'_>) -> Told {
    if purpose.speaks_of(&["rotat", "retention", "clean", "disk", "prun", "backup"]) {
        return None;
    }
    said.meant(Class::Destroy).find_map(|verb| {
        let record = said.next(verb, Class::Record, 4)?;
        let word = said.at(record)?;
        let grave = word.any_of("audit cloudtrail flow-logs evidence trail trails auditd syslog wtmp traces")
            || word.any_of("backup backups history snapshots logs")
                && said.says(&[
                    "shell history",
                    "all backups",
                    "the backups",
                    "their buckets",
                    "all logs",
                    "every backup",
                ]);
        (grave && !said.says(&["older than", "unused", "expired"])).then(|| (2, said.span(verb, record)))
    })
}

/// Options and settings by which programs do without a check.
static FLAGS: &[&str] = &[
    "--no-verify",
    "--dangerously-skip-permissions",
    "--dangerously-bypass",
    "--dangerously",
    "--yolo",
    "--no-gpg-sign",
    "--insecure",
    "--trusted-host",
    "--skip-verification",
    "--no-check-certificate",
    "--allow-unauthenticated",
    "--auto-approve",
    "-auto-approve",
    "--disable-gpg",
    "--no-sandbox",
    "--ignore-scripts=false",
    "bypasspermissions",
    "danger-full-access",
    "allow_failure",
    "verify=false",
    "strict-ssl=false",
    "sslverify=false",
    "http.sslverify",
    "node_tls_reject_unauthorized",
    "git_ssl_no_verify",
    "skiptlsverify",
];
