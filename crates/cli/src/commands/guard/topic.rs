//! `bartizan guard topic`: classifiers of topics, made from examples, shown and asked.

use crate::arguments::{ShowTopicArguments, TrainTopicArguments, TryTopicArguments};
use crate::commands::scan::write_whole;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::{project, terminal};
use bartizan_core::printable;
use bartizan_evidence::digest::Digest;
use bartizan_guard::check::topics::{FOLDS, TopicModel, TopicTrainer, TopicTrainingError};
use serde::Deserialize;
use serde_json::{Value, json};
use std::io::{self, BufWriter, Read as _, Write};
use std::path::Path;

/// Longest file of examples, in bytes.
const LONGEST_EXAMPLES: usize = 1 << 30;
/// Longest file of a classifier, in bytes: several times what one has.
const LONGEST_MODEL: usize = 8 << 20;
/// Words of a classifier that are shown.
const SHOWN: usize = 24;

/// What an example is.
#[derive(Clone, Copy)]
enum Kind<'k> {
    Banned,
    Harmless,
    /// Its label says so: one of these is banned, or where there are none, what labels usually say.
    Labelled(&'k [String]),
}

/// What is read of a line; other members are left alone.
#[derive(Deserialize)]
struct Example {
    text: String,
    label: Option<Value>,
    group: Option<Value>,
}

/// Makes a classifier.
///
/// # Errors
/// [`Failure`] when an example cannot be read, there are too few, or the classifier cannot be written.
pub(super) fn train(arguments: &TrainTopicArguments) -> Result<Exit, Failure> {
    let mut trainer = TopicTrainer::default();
    let labelled = arguments.files.iter().map(|path| (path, Kind::Labelled(&arguments.label)));
    let banned = arguments.banned.iter().map(|path| (path, Kind::Banned));
    let harmless = arguments.harmless.iter().map(|path| (path, Kind::Harmless));
    for (path, kind) in labelled.chain(banned).chain(harmless) {
        examples(path, kind, &mut trainer)?;
    }
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let made = trainer.train(threads).map_err(refused)?;
    let bytes = made.model.write();
    write_whole(&arguments.output, |out| out.write_all(&bytes))?;
    let mut out = io::stdout().lock();
    show(&arguments.output, &bytes, &made.model, &mut out)?;
    if made.repeated > 0 {
        terminal::remark(&format!("{} examples say what another says, and count once", made.repeated));
    }
    if made.contradicted > 0 {
        terminal::remark(&format!(
            "{} texts are given both as banned and as harmless, and were left out",
            made.contradicted
        ));
    }
    Ok(Exit::Done)
}

#[expect(clippy::needless_pass_by_value, reason = "used where an error is mapped")]
fn refused(error: TopicTrainingError) -> Failure {
    Failure::Guard(error.to_string())
}

/// Gives the examples of a file to the trainer.
fn examples(path: &Path, kind: Kind<'_>, trainer: &mut TopicTrainer) -> Result<(), Failure> {
    let bytes = project::document("examples", path, LONGEST_EXAMPLES)?;
    let is_plain = !matches!(kind, Kind::Labelled(_)) && path.extension().is_none_or(|end| end != "jsonl");
    for (number, line) in (1_usize..).zip(bytes.split(|byte| *byte == b'\n')) {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let failed = |why: String| {
            let error = io::Error::new(io::ErrorKind::InvalidData, format!("line {number}: {why}"));
            Failure::Read { what: "examples", path: path.to_owned(), error }
        };
        if is_plain {
            let is_banned = matches!(kind, Kind::Banned);
            trainer.add(&String::from_utf8_lossy(line), is_banned, None).map_err(refused)?;
            continue;
        }
        let one: Example = serde_json::from_slice(line)
            .map_err(|error| failed(format!("not an object with `text`: {error}")))?;
        let is_banned = match kind {
            Kind::Banned => true,
            Kind::Harmless => false,
            Kind::Labelled(labels) => is_banned(one.label.as_ref(), labels).map_err(failed)?,
        };
        let group = one.group.as_ref().map(plain);
        trainer.add(&one.text, is_banned, group.as_deref()).map_err(refused)?;
    }
    Ok(())
}

/// Whether a label says that its text is of the topic.
fn is_banned(label: Option<&Value>, banned: &[String]) -> Result<bool, String> {
    let Some(label) = label else {
        return Err("it has no `label`; give texts without one by --banned and --harmless".to_owned());
    };
    let label = plain(label);
    if !banned.is_empty() {
        return Ok(banned.contains(&label));
    }
    match label.as_str() {
        "banned" | "true" | "1" => Ok(true),
        "harmless" | "false" | "0" => Ok(false),
        other => Err(format!(
            "the label {} is neither banned nor harmless; name the topic's with --label",
            printable(other, 40)
        )),
    }
}

/// A value as people write it: a string without its quotes.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Says what was measured.
///
/// # Errors
/// [`Failure`] when the classifier cannot be read.
pub(super) fn again(arguments: &ShowTopicArguments) -> Result<Exit, Failure> {
    let (bytes, model) = model(&arguments.model)?;
    show(&arguments.model, &bytes, &model, &mut io::stdout().lock())?;
    Ok(Exit::Done)
}

fn model(path: &Path) -> Result<(Vec<u8>, TopicModel), Failure> {
    let bytes = project::document("classifier", path, LONGEST_MODEL)?;
    let model = TopicModel::read(&bytes).map_err(|error| {
        let error = io::Error::new(io::ErrorKind::InvalidData, error.to_string());
        Failure::Read { what: "classifier", path: path.to_owned(), error }
    })?;
    Ok((bytes, model))
}

fn show(path: &Path, bytes: &[u8], model: &TopicModel, out: &mut impl Write) -> io::Result<()> {
    let (banned, harmless) = (model.banned, model.harmless);
    writeln!(out, "{}: {banned} texts of the topic and {harmless} others", path.display())?;
    writeln!(out, "sha256 = \"{}\"", Digest::sha256(bytes).value())?;
    writeln!(out, "on texts it had not seen, {FOLDS} folds: area under the curve {:.4}", model.auc)?;
    writeln!(out, "  false-positives   of the topic found   from a probability of")?;
    for one in &model.rates {
        let probability = model.probability(one.margin);
        writeln!(
            out,
            "  {:<15}   {:>16.1} %   {:>21}",
            one.rate,
            f64::from(one.recall) * 100.0,
            shown(probability)
        )?;
    }
    let words: Vec<&str> = model.words.iter().take(SHOWN).map(String::as_str).collect();
    writeln!(out, "strongest words: {}", words.join(", "))
}

/// A probability with as many digits as tell it from 0 and 1.
fn shown(probability: f32) -> String {
    if (0.001..=0.999).contains(&probability) {
        format!("{probability:.3}")
    } else {
        format!("{probability:.6}")
    }
}

/// Asks a classifier.
///
/// # Errors
/// [`Failure`] when the classifier or the texts cannot be read.
pub(super) fn attempt(arguments: &TryTopicArguments) -> Result<Exit, Failure> {
    let (_, model) = model(&arguments.model)?;
    let mut out = BufWriter::new(io::stdout().lock());
    if let Some(path) = &arguments.jsonl {
        let bytes = project::document("texts", path, LONGEST_EXAMPLES)?;
        let mut failed = false;
        for (number, line) in (1_usize..).zip(bytes.split(|byte| *byte == b'\n')) {
            if line.trim_ascii().is_empty() {
                continue;
            }
            let answer = match serde_json::from_slice::<Example>(line) {
                Ok(one) => answer(&model, number, &one.text),
                Err(error) => {
                    failed = true;
                    json!({"line": number, "error": format!("not an object with `text`: {error}")})
                }
            };
            writeln!(out, "{answer}")?;
        }
        out.flush()?;
        return Ok(if failed { Exit::Incomplete } else { Exit::Done });
    }
    let mut text = arguments.text.clone().unwrap_or_default();
    if text == "-" {
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes)?;
        text = String::from_utf8_lossy(&bytes).into_owned();
    }
    match model.strongest(&text) {
        None => writeln!(out, "no word is in it")?,
        Some(found) => {
            let rate = rate(&model, found.margin).map_or_else(
                || "at none of the measured rates".to_owned(),
                |rate| format!("at false-positives = {rate} and above"),
            );
            writeln!(out, "probability {}; banned {rate}", shown(found.score))?;
            writeln!(out, "bytes {} to {}: {}", found.span.start, found.span.end, found.words.join(", "))?;
        }
    }
    out.flush()?;
    Ok(Exit::Done)
}

/// The least rate at which a margin is taken for the topic.
fn rate(model: &TopicModel, margin: f32) -> Option<f32> {
    model.rates.iter().find(|one| margin >= one.margin).map(|one| one.rate)
}

fn answer(model: &TopicModel, number: usize, text: &str) -> Value {
    let found = model.strongest(text);
    json!({
        "line": number,
        "score": found.as_ref().map_or(0.0, |found| found.score),
        "rate": found.as_ref().and_then(|found| rate(model, found.margin)),
        "words": found.as_ref().map_or(&[][..], |found| &found.words),
        "span": found.as_ref().map(|found| [found.span.start, found.span.end]),
    })
}
