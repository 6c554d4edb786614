//! `bartizan scan`: gather the settings, let the libraries walk, sweep and triage, write the report.

use crate::arguments::{FixMode, Resolve, ScanArguments, ScanOptions};
use crate::commands::db::Known;
use crate::commands::scan_beside::{DigestingInspector, keep_reported};
use crate::commands::scan_inspector::WholeInspector;
use crate::commands::scan_parts::Parts;
use crate::commands::scan_resolve::Resolver;
use crate::commands::scan_statement::{Selection, Stated};
use crate::commands::{scan_fix, scan_media, scan_statement};
use crate::exit::Exit;
use crate::failure::{Failure, nearest};
use crate::progress::Bar;
use crate::settings::{Origin, Settings, Trust};
use crate::terminal;
use bartizan_core::baseline::Baseline;
use bartizan_core::render::{Format, table};
use bartizan_core::report::{Report, Tool};
use bartizan_core::suppress::Suppressions;
use bartizan_core::sweep::{Examined, Inspector, NoProgress, Progress, Sweep, SystemTime, Time as _};
use bartizan_core::triage::{RuleSelection, SelectionError, Times, Triage};
use bartizan_core::walk::{Content, Entry, Walk, walk};
use bartizan_core::{Rule, Severity, Source};
use bartizan_evidence::manifest::Gathered;
use bartizan_model::names::{ModelLists, lists};
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::path::{Path, PathBuf};

/// This program, as reports name it.
pub(crate) const TOOL: Tool = Tool { name: "bartizan", version: env!("CARGO_PKG_VERSION") };

/// Every rule that a scan can report, by id.
pub(crate) fn all_rules() -> Vec<&'static Rule> {
    let mut rules = bartizan_model::registry::rules();
    rules.extend(bartizan_pipeline::registry::rules());
    rules.extend(bartizan_data::quick::RULES);
    rules.extend(bartizan_core::RULES);
    rules.sort_by_key(|rule| rule.id);
    rules
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] when the scan cannot begin or its report cannot be written.
pub(crate) fn run(arguments: &ScanArguments, matches: Option<&clap::ArgMatches>) -> Result<Exit, Failure> {
    let here = std::env::current_dir().unwrap_or_default();
    let trust = if arguments.no_config { Trust::Nothing } else { Trust::Folder };
    let settings = Settings::gather(&arguments.options, matches, &here, trust)?;
    let triage = triage(&settings, trust)?;
    // Tables that nearly every text needs are made while folders are listed. Where no thread is to be had, they are made when they are needed.
    let _ = std::thread::Builder::new().spawn(bartizan_text::prepare);
    let walk = entries(arguments, &settings)?;
    let again = || scan(&settings, &triage, &walk, arguments.attest);
    let mut scanned = again();
    if let Some(mode) = arguments.fix {
        scanned = mended(scanned, arguments, mode, &settings, &walk, again)?;
    }
    let Scanned { report, whole } = scanned;
    if let Some(path) = &arguments.write_baseline {
        write_whole(path, |out| Baseline::write(&report, out))?;
    }
    match write_report(&settings, &report) {
        // Whoever read our output has seen enough; the verdict stands all the same.
        Err(failure) if failure.is_broken_pipe() => {}
        written => written?,
    }
    if let Some(whole) = &whole {
        let unshown = whole.findings.len().saturating_sub(report.findings.len());
        let selection = Selection::of(&settings, walk.excluded);
        let (parts, media) = (Parts::of(whole, &walk), scan_media::media(whole, &walk));
        scan_statement::attest(&Stated { report: whole, parts, media, selection }, unshown, arguments)?;
    }
    if !settings.quiet {
        remarks(&settings, arguments, &walk, &report);
    }
    Ok(Exit::of(&report, settings.fail_on))
}

/// What a scan gave.
struct Scanned {
    /// What was asked for.
    report: Report,
    /// Everything that was found, for a statement; none where none is made.
    whole: Option<Report>,
}

/// Mends what `scanned` shows, and scans `again` for as long as that mends more.
fn mended(
    mut scanned: Scanned,
    arguments: &ScanArguments,
    mode: FixMode,
    settings: &Settings,
    walk: &Walk,
    again: impl Fn() -> Scanned,
) -> Result<Scanned, Failure> {
    let mut resolver = Resolver::new(arguments.resolve)?;
    for round in 0..FIX_ROUNDS {
        let limits = &settings.limits;
        let mended = scan_fix::mend(&scanned.report, walk, limits, mode, arguments.diff, &mut resolver)?;
        if round == 0 && mended.unanswered > 0 {
            unanswered(arguments.resolve, mended.unanswered);
        }
        if mended.files == 0 {
            break;
        }
        terminal::passage(&mended.difference);
        let (findings, files) = (mended.findings, mended.files);
        if arguments.diff {
            terminal::remark(&format!("--fix would mend {findings} findings in {files} files"));
            break;
        }
        terminal::remark(&format!("{findings} findings mended in {files} files"));
        scanned = again();
    }
    Ok(scanned)
}

/// Says what could be pinned if it were looked up; what a server does not answer is said where it is asked.
fn unanswered(looked: Option<Resolve>, findings: usize) {
    match looked {
        None => terminal::remark(&format!(
            "{findings} findings can be pinned once it is looked up what their names stand for: --resolve asks registries, \
             git servers and hubs, --resolve=cache what this machine has fetched before"
        )),
        Some(Resolve::Cache) => terminal::remark(&format!(
            "{findings} findings stay unpinned: this machine has not fetched what they name; --resolve asks the network"
        )),
        Some(Resolve::Network) => {}
    }
}

/// How often is mended and scanned again: fixes that touch each other are made one after the other.
const FIX_ROUNDS: usize = 5;

/// A scan with the settings of the project, for commands that need its result.
///
/// # Errors
/// [`Failure`] when the scan cannot begin.
pub(crate) fn plain(path: &Path) -> Result<Report, Failure> {
    let here = std::env::current_dir().unwrap_or_default();
    let settings = Settings::gather(&ScanOptions::default(), None, &here, Trust::Folder)?;
    let triage = triage(&settings, Trust::Folder)?;
    let walk = walk(&[path.to_owned()], &settings.exclude)?;
    Ok(scan(&settings, &triage, &walk, false).report)
}

/// A scan of everything at and below `path`, that hands the bytes of each file to `gather`'s digests as well.
///
/// # Errors
/// [`Failure`] when the scan cannot begin.
pub(crate) fn with_digests(
    path: &Path,
    options: &ScanOptions,
    trust: Trust,
    gather: impl FnOnce(&[&Path]) -> Gathered,
) -> Result<(Report, Gathered, Severity), Failure> {
    let here = std::env::current_dir().unwrap_or_default();
    let settings = Settings::gather(options, None, &here, trust)?;
    let triage = triage(&settings, trust)?;
    // Nothing is left out: a signature speaks for every file.
    let walk = walk(&[path.to_owned()], &[])?;
    let files: BTreeMap<&str, &Path> = walk
        .entries
        .iter()
        .filter_map(|entry| match &entry.content {
            Content::File { path, .. } => Some((entry.uri.as_str(), path.as_path())),
            Content::Bytes(_) | Content::Refused { .. } => None,
        })
        .collect();
    let gathered = gather(&files.values().copied().collect::<Vec<_>>());
    let known = Known::of_user();
    let whole = WholeInspector::new(&settings.limits, &known, settings.require_advisories);
    let inspector = DigestingInspector { inner: &whole, gathered: &gathered };
    let (examined, times) = sweep(&inspector, &settings, &walk);
    let mut report = triage.report(TOOL, times, examined);
    report.advisories = whole.looked_up();
    for subject in &report.subjects {
        if let Some(path) = files.get(subject.uri.as_str()) {
            keep_reported(&gathered, path, subject);
        }
    }
    steered(&settings);
    Ok((report, gathered, settings.fail_on))
}

/// What to keep of the findings, from the settings and the files they name.
fn triage(settings: &Settings, trust: Trust) -> Result<Triage, Failure> {
    let rules = if settings.rules.is_empty() {
        RuleSelection::default()
    } else {
        let known = all_rules();
        RuleSelection::new(&settings.rules, &known).map_err(|error| {
            let nearest = match &error {
                SelectionError::NoSuchRule { pattern } => nearest(pattern, known.iter().map(|rule| rule.id)),
                SelectionError::Malformed { .. } => None,
            };
            Failure::Rules { error, nearest }
        })?
    };
    let baseline = settings.baseline.as_deref().map(|path| {
        let text = read("baseline", path)?;
        Baseline::parse(&text).map_err(|error| Failure::Baseline { path: path.to_owned(), error })
    });
    let suppressions = match &settings.ignore_file {
        Some(path) => Some(Suppressions::parse(path, &read("ignore file", path)?)?),
        // Only the working directory's own: one inside scanned content would let its author hide from the scan.
        None if trust == Trust::Nothing => None,
        // A pipe of that name would be waited for without end.
        None if fs::metadata(IGNORE_FILE).is_ok_and(|metadata| !metadata.is_file()) => None,
        None => match fs::read_to_string(IGNORE_FILE) {
            Ok(text) => Some(Suppressions::parse(Path::new(IGNORE_FILE), &text)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(Failure::Read { what: "ignore file", path: IGNORE_FILE.into(), error }),
        },
    };
    Ok(Triage {
        min_severity: settings.min_severity,
        min_confidence: settings.min_confidence,
        rules,
        suppressions,
        baseline: baseline.transpose()?,
    })
}

/// What to scan: the files below the paths, and standard input where it is named.
fn entries(arguments: &ScanArguments, settings: &Settings) -> Result<Walk, Failure> {
    let (piped, paths): (Vec<PathBuf>, Vec<PathBuf>) =
        arguments.paths.iter().cloned().partition(|path| path.as_os_str() == "-");
    let mut walk = walk(&paths, &settings.exclude)?;
    // What this very command reads as its baseline or writes quotes the findings; scanned, it would repeat them.
    let own: Vec<PathBuf> = [&settings.output, &settings.baseline, &arguments.write_baseline]
        .into_iter()
        .flatten()
        .filter_map(|path| fs::canonicalize(path).ok())
        .collect();
    walk.entries.retain(|entry| match &entry.content {
        Content::File { path, .. } if !own.is_empty() => {
            !fs::canonicalize(path).is_ok_and(|path| own.contains(&path))
        }
        _ => true,
    });
    if !piped.is_empty() {
        let uri = arguments.stdin_name.clone().unwrap_or_else(|| "-".to_owned());
        let content = read_standard_input(settings)?;
        walk.entries.push(Entry { uri, content });
        walk.entries.sort_by(|a, b| a.uri.cmp(&b.uri));
    }
    Ok(walk)
}

fn read_standard_input(settings: &Settings) -> Result<Content, Failure> {
    match Source::read(io::stdin().lock(), settings.limits.file_bytes) {
        Ok(source) => Ok(Content::Bytes(source.bytes().to_vec())),
        Err(error @ bartizan_core::SourceError::TooLarge { .. }) => {
            let gap = bartizan_core::Gap { member: None, offset: None, reason: error.to_string() };
            Ok(Content::Refused { finding: None, gap: Some(gap) })
        }
        Err(error) => Err(Failure::StandardInput(error)),
    }
}

/// Scans, and keeps `whole`, which no setting of `triage` narrows, where it is wanted.
fn scan(settings: &Settings, triage: &Triage, walk: &Walk, whole: bool) -> Scanned {
    let known = Known::of_user();
    let inspector = WholeInspector::new(&settings.limits, &known, settings.require_advisories);
    let (examined, times) = sweep(&inspector, settings, walk);
    let report = |triage: &Triage, examined| Report {
        advisories: inspector.looked_up(),
        ..triage.report(TOOL, times, examined)
    };
    let whole = whole.then(|| report(&Triage::default(), examined.clone()));
    Scanned { report: report(triage, examined), whole }
}

/// Reads every file of `walk`; what was found is not triaged yet.
fn sweep(inspector: &dyn Inspector, settings: &Settings, walk: &Walk) -> (Vec<Examined>, Times) {
    let started = now();
    let clock = SystemTime.start();
    let bar = (!settings.no_progress && !settings.quiet && io::stderr().is_terminal()).then(|| {
        let sizes = walk.entries.iter().map(|entry| match &entry.content {
            Content::File { size, .. } => *size,
            Content::Bytes(bytes) => bytes.len() as u64,
            Content::Refused { .. } => 0,
        });
        Bar::new(sizes.sum())
    });
    let sweep = Sweep {
        inspector,
        limits: &settings.limits,
        jobs: settings.jobs,
        time: &SystemTime,
        progress: bar.as_ref().map_or(&NoProgress as &dyn Progress, |bar| bar),
    };
    let mut examined = sweep.run(&walk.entries);
    judge_models(&settings.models, &mut examined);
    if let Some(bar) = &bar {
        bar.clear();
    }
    (examined, Times { started, finished: now(), seconds: clock.elapsed().as_secs_f64() })
}

/// Adds what the project's lists of models say against each subject.
fn judge_models(lists: &ModelLists, examined: &mut [Examined]) {
    if lists.is_empty() {
        return;
    }
    for one in examined {
        let subject = lists::Subject {
            uri: &one.subject.uri,
            sha256: one.subject.digest.sha256.as_deref(),
            kind: one.subject.kind,
            names: &one.names,
        };
        if let Some(finding) = lists.judge(&subject) {
            one.add(finding);
        }
    }
}

/// The time of day, in whole seconds, as reports carry it.
pub(crate) fn now() -> jiff::Timestamp {
    let now = jiff::Timestamp::now();
    jiff::Timestamp::from_second(now.as_second()).unwrap_or(now)
}

fn write_report(settings: &Settings, report: &Report) -> Result<(), Failure> {
    let to_terminal = settings.output.is_none() && io::stdout().is_terminal();
    let options = table::Options {
        color: settings.color.is_on(to_terminal),
        width: terminal::width(),
        verbose: settings.verbose,
        quiet: settings.quiet,
        fail_on: settings.fail_on,
    };
    if let Some(path) = &settings.output {
        return write_whole(path, |out| settings.format.write(report, &options, out));
    }
    let mut out = BufWriter::with_capacity(WRITTEN_AT_ONCE, io::stdout().lock());
    settings.format.write(report, &options, &mut out)?;
    out.flush()?;
    Ok(())
}

/// Bytes of a report that are written at once.
const WRITTEN_AT_ONCE: usize = 64 << 10;

/// Writes a file so that it is there whole or not at all.
pub(crate) fn write_whole(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Failure> {
    bartizan_core::write_whole(path, write).map_err(|error| Failure::Write { path: path.to_owned(), error })
}

fn remarks(settings: &Settings, arguments: &ScanArguments, walk: &Walk, report: &Report) {
    for note in &report.notes {
        terminal::remark(note);
    }
    steered(settings);
    if walk.excluded > 0 {
        let them = if walk.excluded == 1 { "file or folder was" } else { "files and folders were" };
        terminal::remark(&format!("{} {them} left out by --exclude", walk.excluded));
    }
    if settings.verbose && walk.git_folders > 0 {
        terminal::remark(&format!("the inside of {} .git folders left out", walk.git_folders));
    }
    if settings.format != Format::Table && walk.entries.is_empty() {
        terminal::remark("no file was scanned");
    }
    let told = |path: &Path, what| terminal::remark(&format!("{what} written to {}", path.display()));
    if let Some(path) = &settings.output {
        told(path, "report");
    }
    if let Some(path) = &arguments.write_baseline {
        told(path, "baseline");
    }
}

/// Says which settings of the configuration file decide what is found: it may have come with what is scanned.
fn steered(settings: &Settings) {
    let decides = |name: &str| {
        let about_output = ["format", "output", "quiet", "verbose", "no-progress", "color", "jobs"];
        !about_output.contains(&name)
    };
    let names: Vec<&str> = settings
        .shown
        .iter()
        .chain(&settings.shown_models)
        .filter(|shown| matches!(shown.origin, Origin::File { .. }) && decides(shown.name))
        .map(|shown| shown.name)
        .collect();
    if let (Some(file), false) = (&settings.file, names.is_empty()) {
        let names = names.join(", ");
        terminal::remark(&format!("{} sets {names}; --no-config leaves it out", file.display()));
    }
}

fn read(what: &'static str, path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| Failure::Read { what, path: path.to_owned(), error })
}

/// The ignore file used without being named, in the working directory.
const IGNORE_FILE: &str = ".bartizan-ignore";
