//! What runs, stores or shows a whole value, whatever it is called: judged only where somebody else had a hand in it. Timers that are
//! given text, whole statements to a database, templates, deserialisers that run functions, markup that replaces part of a page.

use super::{Sink, of};
use crate::Issue;
use crate::javascript::origin::{Origin, Origins};
use crate::javascript::program::{Call, Program};
use bartizan_core::{Confidence, Severity};
use std::ops::Range;

/// Judges what `call` hands to such a place; whether anything was found.
pub(super) fn call(
    program: &Program<'_>,
    origins: &Origins<'_, '_>,
    call: &Call,
    issues: &mut Vec<Issue>,
) -> bool {
    let Some((sink, given)) = place(program, call) else { return false };
    let Some(origin) = origins.of_expression(&given) else { return false };
    let mut issue = of(sink, origin, call.name(), program.span(&given));
    if sink == Sink::Sql && origin == Origin::Tool {
        // A statement is what a tool for a database is asked for.
        issue = issue.severity(Severity::Medium).confidence(Confidence::Medium);
    }
    if origins.is_looked_at(&given, given.start) {
        issue = issue.severity(Severity::Low).confidence(Confidence::Low);
    }
    issues.push(issue);
    true
}

/// What `call` hands where.
fn place(program: &Program<'_>, call: &Call) -> Option<(Sink, Range<usize>)> {
    let first = call.arguments.first().cloned();
    let (receiver, name) = (call.receiver(), call.name());
    let owner = receiver.rsplit('.').next().unwrap_or(receiver);
    let whole = matches!(receiver, "" | "window" | "globalThis" | "global");
    match name {
        // Source: HTML living standard, section 8.6, "Timers".
        "setTimeout" | "setInterval" if whole => Some((Sink::Code, first?)),
        "unserialize" | "deserialize" if SERIALIZERS.contains(&receiver) => Some((Sink::Code, first?)),
        "render" | "compile" | "renderString" | "template" if TEMPLATES.contains(&receiver) => {
            Some((Sink::Code, first?))
        }
        "write" | "writeln" if owner == "document" => Some((Sink::Markup, first?)),
        "insertAdjacentHTML" => Some((Sink::Markup, call.arguments.get(1).cloned()?)),
        "createContextualFragment" | "setHTMLUnsafe" | "parseHTMLUnsafe" => Some((Sink::Markup, first?)),
        "html" if matches!(receiver, "$" | "jQuery" | "jquery") => Some((Sink::Markup, first?)),
        _ => statement(program, call).map(|statement| (Sink::Sql, statement)),
    }
}

/// The statement that `call` hands to a database, by the names of the drivers' functions.
fn statement(program: &Program<'_>, call: &Call) -> Option<Range<usize>> {
    let (receiver, name) = (call.receiver(), call.name());
    let owner = receiver.rsplit('.').next().unwrap_or(receiver);
    let first = call.arguments.first()?;
    let asks = match name {
        "$queryRawUnsafe" | "$executeRawUnsafe" => true,
        "query" | "execute" | "raw" | "unsafe" | "queryRaw" | "runQuery" | "exec" | "all" | "prepare" | "each"
        | "run" => is_database(program, owner, name),
        _ => false,
    };
    // `query({ text: …, values })`
    asks.then(|| {
        ["text", "sql"].iter().find_map(|key| program.value(first.start, key)).unwrap_or_else(|| first.clone())
    })
}

/// Whether `owner` is a database by its name, or by that of the function where the program imports a driver.
fn is_database(program: &Program<'_>, owner: &str, name: &str) -> bool {
    let lower = owner.to_ascii_lowercase();
    let named = ["db", "database", "pool", "knex", "sequelize", "prisma", "sqlite", "postgres", "mysql", "pg", "sql"]
        .iter()
        .any(|word| lower == *word || lower.ends_with(word));
    let held = matches!(
        lower.as_str(),
        "client" | "conn" | "connection" | "trx" | "tx" | "datasource" | "queryrunner" | "entitymanager" | "manager"
    );
    let plain = matches!(name, "query" | "execute" | "raw" | "unsafe" | "queryRaw" | "runQuery");
    named || held && plain && program.imports_of(|path| {
        let module = path.split('.').next().unwrap_or(path);
        DRIVERS.iter().any(|driver| module == *driver || module.strip_prefix(driver).is_some_and(|rest| rest.starts_with('/')))
    })
}

/// Modules that speak to databases.
const DRIVERS: &[&str] = &[
    "pg",
    "postgres",
    "mysql",
    "mysql2",
    "mariadb",
    "better-sqlite3",
    "sqlite3",
    "sqlite",
    "mssql",
    "oracledb",
    "typeorm",
    "knex",
    "sequelize",
    "@prisma/client",
    "@neondatabase/serverless",
    "@libsql/client",
    "@duckdb/node-api",
    "duckdb",
    "snowflake-sdk",
    "@google-cloud/bigquery",
];
/// Modules whose deserialisers make functions of what they read.
const SERIALIZERS: &[&str] = &["node-serialize", "serialize-to-js", "funcster", "cryo"];
/// Modules whose templates run code.
const TEMPLATES: &[&str] = &[
    "ejs",
    "pug",
    "jade",
    "nunjucks",
    "lodash",
    "_",
    "underscore",
    "handlebars",
    "Handlebars",
    "dot",
    "doT",
    "eta",
    "squirrelly",
];
