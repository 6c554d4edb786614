//! What is told to unpickle the messages of others: queues, streams, sessions, tables of loaders.

use super::UNSAFE_DESERIALIZATION;
use super::loaders::LOADERS;
use crate::python::call::{Argument, Call};
use crate::python::module::Module;
use crate::python::value::Value;
use bartizan_core::{Confidence, Finding, Severity};
use std::ops::Range;

/// A loader handed to what gives it messages of others: `KafkaConsumer(value_deserializer=pickle.loads)`.
pub(super) fn handed(call: &Call<'_>, module: &mut Module) {
    for (name, given) in call.named.iter().filter(|(name, _)| name.contains("deserializer")) {
        let Some(path) = given.value.as_path() else { continue };
        let Some((_, what)) = LOADERS.iter().find(|(loader, _)| *loader == path.as_ref()) else { continue };
        let message = format!("`{name}` reads what others send with {what}");
        let finding = Finding::new(&UNSAFE_DESERIALIZATION, bartizan_core::printable(&message, 160));
        module.report(&given.span, finding.severity(Severity::High));
    }
}

/// Judges the serialiser that a setting of this name chooses by its path.
///
/// Source: Django documentation, `SESSION_SERIALIZER`: with pickle, whoever learns the secret key runs code.
pub(in crate::python) fn named(name: &str, value: &Value, span: &Range<usize>, module: &mut Module) {
    let chosen = value.as_text().is_some_and(|path| path.rsplit('.').next() == Some("PickleSerializer"));
    if chosen && name.to_ascii_uppercase().ends_with("SERIALIZER") {
        let message = bartizan_core::printable(&format!("`{name}` is one that unpickles"), 120);
        module.report(span, Finding::new(&UNSAFE_DESERIALIZATION, message).severity(Severity::High));
    }
}

/// Judges an entry of a table that is a loader: what is chosen from it by a name is called where its own name is not written.
pub(in crate::python) fn kept(entry: &Value, span: &Range<usize>, module: &mut Module) {
    let Some(path) = entry.as_path() else { return };
    if let Some((_, what)) = LOADERS.iter().find(|(loader, _)| *loader == path.as_ref()) {
        let finding = Finding::new(&UNSAFE_DESERIALIZATION, format!("a table of loaders holds {what}"));
        module.report(span, finding.confidence(Confidence::Medium));
    }
}

/// Whether a task queue is told to accept pickles: Celery's `accept_content`, kombu's `enable_insecure_serializers`.
pub(super) fn takes_pickles(call: &Call<'_>) -> bool {
    let holds = |argument: &Argument<'_>| {
        argument.value.texts().iter().any(|kind| matches!(*kind, "pickle" | "application/x-python-serialize"))
    };
    let named = ["accept_content", "task_serializer", "result_accept_content", "CELERY_ACCEPT_CONTENT"];
    if let Some(setting) = call.path.strip_prefix("set:") {
        let name = setting.rsplit('.').next().unwrap_or(setting);
        return named.contains(&name) && call.positional.first().is_some_and(holds);
    }
    if call.name() == "enable_insecure_serializers" && call.is_of("kombu") {
        return true;
    }
    let celery = call.is_of("celery") || call.path.ends_with("conf.update");
    celery && named.iter().any(|name| call.keyword(name).is_some_and(holds))
}
