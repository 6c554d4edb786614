//! `bartizan verify`: is a model what somebody trusted has signed?

use crate::arguments::{TextOrJson, VerifyArguments};
use crate::commands::log::timestamps::{self, roots};
use crate::commands::scan_beside::Beside;
use crate::commands::sign::{digest_cache, jobs, remember, signature_file};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::progress::Bar;
use crate::{keyfile, project, settings, terminal};
use bartizan_core::printable;
use bartizan_evidence::keys::{LONGEST_REVOCATION_LIST, RevocationLists, Verifier as _};
use bartizan_evidence::manifest::{Digesting, HashAlgorithm, Progress, Silent};
use bartizan_evidence::oms::{
    Identity, LONGEST_BUNDLE, Signatory, Trust, Verification, VerifyOptions, claimed_digests, verify,
};
use bartizan_evidence::timestamp::{self, Timestamped};
use serde_json::{Value, json};
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal as _, Read as _, Write};
use std::path::Path;
use std::time::{Duration, SystemTime};

/// Runs the command.
///
/// # Errors
/// [`Failure`] when model, signature or key cannot be read.
pub(crate) fn run(arguments: &VerifyArguments) -> Result<Exit, Failure> {
    let trust = trust(arguments)?;
    let mut revoked = RevocationLists::default();
    for path in &arguments.crl {
        let file = project::document("list of revoked certificates", path, LONGEST_REVOCATION_LIST)?;
        revoked.add(&file).map_err(|error| Failure::Certificate { path: path.clone(), error })?;
    }
    let signature = signature_file(&arguments.path, arguments.signature.as_deref());
    let bundle = read_bundle(&signature)?;
    let stamp = match &arguments.timestamp {
        None => None,
        Some(path) => Some(timestamp::verify(
            &crate::commands::log::read("timestamp", path)?,
            timestamp::Content::Message(&bundle),
            &roots(&arguments.timestamp_root)?,
        )),
    };
    let clock = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let stamped = stamp.as_ref().and_then(|stamp| stamp.as_ref().ok());
    let signed_by = stamped.and_then(|stamp| u64::try_from(stamp.time.as_second()).ok());
    let scanned = arguments.scan.scan.then(|| {
        // Algorithm and shards are what the bundle claims. When it lies, the digests are not those that verification asks for.
        let digests = claimed_digests(&bundle).unwrap_or_default();
        let jobs = arguments.reading.jobs;
        Beside::scan(&arguments.path, &arguments.scan, jobs, settings::Trust::Nothing, digests)
    });
    let scanned = scanned.transpose()?;
    let cache = (!arguments.reading.no_cache && scanned.is_none()).then(digest_cache).flatten();
    let bar = io::stderr().is_terminal().then(|| Bar::new(0));
    let options = VerifyOptions {
        trust: &trust,
        revoked: &revoked,
        digesting: Digesting {
            algorithm: HashAlgorithm::Sha256,
            jobs: jobs(arguments.reading.jobs),
            progress: bar.as_ref().map_or(&Silent as &dyn Progress, |bar| bar),
            cache: cache.as_ref(),
            gathered: scanned.as_ref().map(|scanned| &scanned.gathered),
            live: None,
        },
        // The signature was there at the time of its timestamp; whether its certificate was valid then is what counts.
        now: signed_by.map_or(clock, Duration::from_secs),
        signature_file: Some(&signature),
        ignore_paths: &arguments.ignore_path,
        allow_symlinks: arguments.allow_symlinks,
        ignore_unsigned_files: arguments.ignore_unsigned_files,
        allow_unsigned: arguments.allow_unsigned,
    };
    let found = verify(&arguments.path, &bundle, options);
    if let Some(bar) = &bar {
        bar.clear();
    }
    remember(cache.as_ref());
    let found = found.map_err(|error| Failure::Verify { error: Box::new(error) })?;
    let mut reasons: Vec<(&str, String)> =
        found.refusals.iter().map(|refusal| (refusal.kind(), refusal.to_string())).collect();
    if let Some(Err(error)) = &stamp {
        reasons.push(("timestamp", format!("the timestamp is refused: {error}")));
    }
    if arguments.strict {
        let unsigned = found.unsigned.iter().filter(|unsigned| unsigned.hidden.is_none());
        reasons.extend(unsigned.map(|unsigned| {
            ("unsigned", format!("unsigned: `{}` ({})", unsigned.name, unsigned.why.as_str()))
        }));
    }
    let refused = !reasons.is_empty();
    let mut exit = if refused { Exit::Found } else { Exit::Done };
    let mut provenance = Vec::new();
    if let Some(scanned) = &scanned {
        provenance = scanned.provenance()?;
        reasons.extend(scanned.reasons());
        if scanned.is_bad() {
            exit = Exit::Found;
        } else if scanned.is_incomplete() && !refused {
            exit = Exit::Incomplete;
        }
    }
    let mut out = BufWriter::new(io::stdout().lock());
    match arguments.format {
        TextOrJson::Json => write_json(
            &found,
            stamped,
            &reasons,
            exit,
            scanned.as_ref().map(|scanned| (scanned, &provenance)),
            &mut out,
        )?,
        TextOrJson::Text => {
            write_text(&arguments.path, &found, stamped, &reasons, exit, &mut out)?;
            if let Some(scanned) = &scanned {
                write_scan(scanned, &provenance, &mut out)?;
            }
        }
    }
    out.flush()?;
    found.notes.iter().for_each(|note| terminal::remark(note));
    Ok(exit)
}

fn trust(arguments: &VerifyArguments) -> Result<Trust, Failure> {
    if let (Some(identity), Some(issuer)) = (&arguments.identity, &arguments.issuer) {
        let trust_root = arguments.trust_root.as_deref().map(|path| {
            std::fs::read_to_string(path).map_err(|error| Failure::Read {
                what: "trust root",
                path: path.to_owned(),
                error,
            })
        });
        let expected = Identity { identity: identity.clone(), issuer: issuer.clone() };
        return Ok(Trust::Identity { expected, trust_root: trust_root.transpose()? });
    }
    if !arguments.certificate_chain.is_empty() {
        let roots = roots(&arguments.certificate_chain)?;
        return Ok(Trust::Roots(roots));
    }
    if arguments.key.is_empty() {
        return Err(Failure::NobodyBelieved);
    }
    let keys: Result<Vec<_>, Failure> = arguments.key.iter().map(|path| keyfile::public_key(path)).collect();
    Ok(Trust::Keys(keys?))
}

fn read_bundle(path: &Path) -> Result<Vec<u8>, Failure> {
    let failure = |error| Failure::Read { what: "signature", path: path.to_owned(), error };
    let mut bundle = Vec::new();
    let file = File::open(path).map_err(failure)?;
    file.take(LONGEST_BUNDLE as u64 + 1).read_to_end(&mut bundle).map_err(failure)?;
    Ok(bundle)
}

fn write_json(
    found: &Verification,
    stamped: Option<&Timestamped>,
    reasons: &[(&str, String)],
    exit: Exit,
    scanned: Option<(&Beside, &Vec<Value>)>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let kinds: Vec<Value> =
        reasons.iter().map(|(kind, message)| json!({"kind": kind, "message": message})).collect();
    let details: Vec<Value> = found
        .unsigned
        .iter()
        .map(|each| json!({"path": each.name, "why": each.why.as_str(), "hidden": each.hidden}))
        .collect();
    let mut value = json!({
        "schema": "bartizan.verify/1",
        "verdict": verdict(exit),
        "signer": found.signer.as_ref().map(signer),
        "timestamp": stamped.map(timestamps::json),
        "reasons": reasons.iter().map(|(_, message)| message).collect::<Vec<_>>(),
        "unsigned": found.unsigned.iter().map(|each| &each.name).collect::<Vec<_>>(),
        "statement": found.statement,
        "refusals": kinds,
        "unsigned_details": details,
        "notes": found.notes,
        "files": found.files,
        "bytes": found.bytes,
    });
    if let (Some((scanned, provenance)), Some(fields)) = (scanned, value.as_object_mut()) {
        fields.insert("scan".to_owned(), scanned.json()?);
        fields.insert("provenance".to_owned(), json!(provenance));
    }
    serde_json::to_writer_pretty(&mut *out, &value)?;
    writeln!(out)
}

/// The verdict in one word.
fn verdict(exit: Exit) -> &'static str {
    match exit {
        Exit::Done => "valid",
        Exit::Incomplete => "incomplete",
        _ => "refused",
    }
}

/// What the scan found, and what is known of who made the model.
fn write_scan(scanned: &Beside, provenance: &[Value], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "scanned    {}", scanned.summary())?;
    if provenance.is_empty() {
        return writeln!(out, "made by    unknown: no provenance statement about these files in the store");
    }
    for statement in provenance.iter().take(MOST_SHOWN) {
        let text = |name: &str| printable(statement.get(name).and_then(Value::as_str).unwrap_or("?"), 400);
        let verified = statement.get("verified") == Some(&Value::Bool(true));
        let signed =
            if verified { "signature verified" } else { "not signed by a key that the store believes" };
        writeln!(
            out,
            "made by    {} ({}, {signed}; {})",
            text("builder"),
            text("subject"),
            text("statement")
        )?;
    }
    Ok(())
}

fn signer(signer: &Signatory) -> Value {
    match signer {
        Signatory::Key(key) => {
            json!({"method": "key", "algorithm": key.algorithm().name(), "key_id": key.key_id()})
        }
        Signatory::Certificate { key, subject, root } => json!({
            "method": "certificate", "algorithm": key.algorithm().name(), "key_id": key.key_id(),
            "subject": subject, "root": root,
        }),
        Signatory::Identity(identity) => {
            json!({"method": "sigstore", "identity": identity.identity, "issuer": identity.issuer})
        }
    }
}

fn write_text(
    path: &Path,
    found: &Verification,
    stamped: Option<&Timestamped>,
    reasons: &[(&str, String)],
    exit: Exit,
    out: &mut dyn Write,
) -> io::Result<()> {
    let who = match &found.signer {
        None => "nobody believed".to_owned(),
        Some(Signatory::Key(key)) => format!("key {}", key.key_id()),
        Some(Signatory::Certificate { subject, root, .. }) => format!("{subject}, vouched for by {root}"),
        Some(Signatory::Identity(identity)) => {
            format!("{}, vouched for by {}", identity.identity, identity.issuer)
        }
    };
    match verdict(exit) {
        "valid" => {
            writeln!(out, "valid      {} ({} files, {} bytes)", path.display(), found.files, found.bytes)?;
        }
        other => writeln!(out, "{other:<10} {}", path.display())?,
    }
    writeln!(out, "signed by  {}", printable(&who, 400))?;
    if let Some(stamp) = stamped {
        let vouched = format!("{} (root {})", stamp.authority, stamp.root);
        writeln!(out, "stamped    {} by {}", stamp.time, printable(&vouched, 400))?;
    }
    for (_, reason) in reasons {
        writeln!(out, "  {}", printable(reason, 2_000))?;
    }
    // What was a reason to refuse is told above.
    let harmless: Vec<_> = found.unsigned.iter().filter(|each| each.hidden.is_none()).collect();
    if !harmless.is_empty() {
        writeln!(out, "{} unsigned file(s):", harmless.len())?;
        for each in harmless.iter().take(MOST_SHOWN) {
            writeln!(out, "  {} ({})", printable(&each.name, 400), each.why.as_str())?;
        }
        if harmless.len() > MOST_SHOWN {
            writeln!(out, "  … and {} more; --format json lists all", harmless.len() - MOST_SHOWN)?;
        }
    }
    Ok(())
}

/// Unsigned files shown to people.
const MOST_SHOWN: usize = 20;
