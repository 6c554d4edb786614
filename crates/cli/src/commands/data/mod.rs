//! `bartizan data`: what does not belong in a dataset.

mod anomalies;
mod budget;
mod canary;
mod crowd;
mod duplicates;
mod engine;
mod engine_rows;
mod engine_statement;
mod features;
mod labels;
mod leaks;
mod matrix;
mod odd_texts;
mod poison;
mod preference;
mod quarantine;
mod redaction;
mod rows;
mod sources;
mod suspects;

use crate::arguments::{DataArguments, DataCommand};
use crate::exit::Exit;
use crate::failure::Failure;

/// Runs the command.
///
/// # Errors
/// [`Failure`] when the dataset cannot be read to its end, or the output not be written.
pub(crate) fn run(arguments: &DataArguments) -> Result<Exit, Failure> {
    crate::unfinished::remove_on_signals();
    match &arguments.command {
        DataCommand::Poison(poison) => poison::run(poison),
        DataCommand::Leaks(leaks) => leaks::run(leaks),
        DataCommand::Labels(labels) => labels::run(labels),
        DataCommand::Duplicates(duplicates) => duplicates::run(duplicates),
        DataCommand::Contamination(contamination) => duplicates::contamination(contamination),
        DataCommand::Canary(canary) => canary::run(canary),
        DataCommand::Anomalies(anomalies) => anomalies::run(anomalies),
        DataCommand::Sources(sources) => sources::run(sources),
        DataCommand::Quarantine(quarantine) => quarantine::run(quarantine),
        DataCommand::Profile(passed) => engine::run("profile", &passed.arguments),
        DataCommand::Learn(passed) => engine::run("learn", &passed.arguments),
        DataCommand::Check(passed) => engine::run("check", &passed.arguments),
        DataCommand::Drift(passed) => engine::run("drift", &passed.arguments),
    }
}
