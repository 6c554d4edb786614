//! Training that has seen its test data: transformations that learn from all the data, or from the part that was put aside.
//!
//! Source: scikit-learn user guide, "Common pitfalls and recommended practices", "Data leakage"; imbalanced-learn, "Common pitfalls".

use crate::python::call::{Argument, Call};
use crate::python::module::{Fit, Module, Report, Split};
use crate::python::value::Known;
use bartizan_core::{Confidence, Finding, Rule, Severity, cwe, owasp_ml, rule};
use std::ops::Range;

rule! {
    /// ## What it finds
    /// A transformation or model fitted on what is the test set by its name or by where it comes from, or on training and test
    /// data put together; a scaler, encoder, vectoriser, imputer, selection or resampling fitted on all the data before it is
    /// split or cross-validated, or on all of it afterwards; gaps filled with the mean of all rows before the split; a model
    /// that is chosen, or kept by a loop, for its score on the test set; a trainer given one set as `train_dataset` and
    /// `eval_dataset`.
    /// ## Why it matters
    /// The measured quality is not the real one: a backdoor or a bad model passes its gate.
    /// ## Example
    /// `scaler.fit_transform(X)` before `train_test_split(X, y)`
    /// ## How to fix
    /// Split first; fit on the training part only; use a `Pipeline`.
    /// ## References
    /// - <https://scikit-learn.org/stable/common_pitfalls.html>
    pub const TEST_DATA_LEAKAGE: Rule = Rule {
        id: "pipeline/test-data-leakage",
        title: "a training that has seen its test data",
        severity: Severity::Low,
        remedy: "Split first, and fit every transformation on the training part only.",
        taxonomies: &[cwe(1426), owasp_ml("ML08")],
    };
}

/// Rules of this file.
pub(in crate::python) const RULES: &[&Rule] = &[&TEST_DATA_LEAKAGE];

/// Transformations that learn from the data they are fitted on.
const LEARNS: &[&str] = &[
    "StandardScaler",
    "MinMaxScaler",
    "RobustScaler",
    "MaxAbsScaler",
    "Normalizer",
    "PCA",
    "KernelPCA",
    "IncrementalPCA",
    "FastICA",
    "NMF",
    "FactorAnalysis",
    "TruncatedSVD",
    "LatentDirichletAllocation",
    "TfidfVectorizer",
    "CountVectorizer",
    "TfidfTransformer",
    "DictVectorizer",
    "SimpleImputer",
    "KNNImputer",
    "IterativeImputer",
    "SelectKBest",
    "SelectPercentile",
    "SelectFromModel",
    "SelectFpr",
    "SelectFdr",
    "SelectFwe",
    "RFE",
    "RFECV",
    "VarianceThreshold",
    "SequentialFeatureSelector",
    "OneHotEncoder",
    "OrdinalEncoder",
    "TargetEncoder",
    "LeaveOneOutEncoder",
    "CatBoostEncoder",
    "JamesSteinEncoder",
    "MEstimateEncoder",
    "WOEEncoder",
    "MeanEncoder",
    "MeanMedianImputer",
    "QuantileTransformer",
    "PowerTransformer",
    "ColumnTransformer",
    "KBinsDiscretizer",
    "SMOTE",
    "SMOTENC",
    "BorderlineSMOTE",
    "SVMSMOTE",
    "SMOTEENN",
    "SMOTETomek",
    "ADASYN",
    "RandomOverSampler",
    "RandomUnderSampler",
    "NearMiss",
    "TomekLinks",
    "TextVectorization",
    "Normalization",
    "Tokenizer",
    "LDA",
    "LinearDiscriminantAnalysis",
    "UMAP",
];
/// Methods by which they do.
const FITS: &[&str] = &[
    "fit",
    "fit_transform",
    "fit_resample",
    "fit_sample",
    "partial_fit",
    "fit_predict",
    "adapt",
    "fit_on_texts",
];
/// Functions that split rows, and judge a model on parts of them.
const JUDGES: &[&str] = &["cross_val_score", "cross_validate", "cross_val_predict"];
/// Longest expression that is taken for data.
const LONGEST: usize = 40;
/// Most splits and fits remembered.
const MOST: usize = 64;

/// Notes what `call` says of data that is learnt from, and of data that is put aside.
pub(in crate::python) fn check(call: &Call<'_>, module: &mut Module) {
    let name = call.name();
    if name == "train_test_split" {
        let parts: Vec<&Argument<'_>> = call.positional.iter().collect();
        split(call.span.start, &parts, module);
        for part in parts.into_iter().take(MOST.saturating_sub(module.facts.splits.len())) {
            if let Some(path) = part.value.as_path() {
                module
                    .facts
                    .splits
                    .push(Split { data: part.written.trim().to_owned(), path: path.to_string() });
            }
        }
        return;
    }
    // Folds are parts of what was put aside for training, when something was.
    if module.facts.split.is_none() {
        let folds = name == "split" && ["Fold", "ShuffleSplit"].iter().any(|kind| call.path.contains(kind));
        if folds && let Some(data) = call.positional.first() {
            split(call.span.start, &[data], module);
        } else if JUDGES.contains(&name)
            && call.is_of("sklearn")
            && let Some(data) = call.argument(1, "X")
        {
            split(call.span.start, &[data], module);
        }
    }
    if matches!(call.path.as_ref(), "pandas.concat" | "numpy.concatenate" | "numpy.vstack") {
        let mixed = call
            .positional
            .first()
            .is_some_and(|parts| mixes_test_data(&format!("concat({}", parts.written.to_ascii_lowercase())));
        let (all, of_both) = module.facts.joined;
        module.facts.joined = (all.saturating_add(1), of_both.saturating_add(usize::from(mixed)));
        return;
    }
    // Source: Hugging Face Datasets, "Concatenate".
    if matches!(call.path.as_ref(), "datasets.concatenate_datasets" | "datasets.interleave_datasets")
        && let Some(parts) = call.positional.first()
    {
        let split = |name: &str| {
            let parts = parts.written.replace('"', "'");
            parts.contains(&format!("['{name}']"))
        };
        if split("train") && split("test") {
            let message = "the test split is put together with what is trained on";
            let finding = Finding::new(&TEST_DATA_LEAKAGE, message).confidence(Confidence::Medium);
            module.report(&parts.span, finding);
        }
        return;
    }
    trained(call, module);
    if name == "fit" {
        stopped(call, module);
    }
    if name == "max" || name == "sorted" || name == "min" {
        chosen(call, module);
    } else if name == "fillna" {
        filled(call, module);
    } else if name == "transform" || name == "map" {
        encoded(call, module);
    } else if FITS.contains(&name) {
        fitted(call, module);
    }
}

/// Reports what learnt before the split. `cells` are the texts of the module, each with the place where it begins.
pub(in crate::python) fn conclude(cells: &[(&str, usize)], module: &mut Module) {
    let divided = std::mem::take(&mut module.facts.divided);
    handed_on(&mut module.facts.fits);
    for Fit { span, what, data, leaks, severity, .. } in std::mem::take(&mut module.facts.fits) {
        let leaks = leaks
            || divided.iter().any(|(part, place)| {
                *place > span.start && is_taken(cells, part, table(&data), span.start..*place)
            });
        if leaks && !data.is_empty() {
            let message = format!("`{what}` learns from `{data}` before it is split");
            let finding =
                Finding::new(&TEST_DATA_LEAKAGE, message).severity(severity).confidence(Confidence::Medium);
            module.reports.push(Report { span, finding, fix: None });
        }
    }
}

/// Marks what learnt from data out of which another that leaks learnt in turn: an imputer before a selection of columns. Fits stand in
/// the order of the code, so that one look back from each is enough.
fn handed_on(fits: &mut [Fit]) {
    for last in (1..fits.len()).rev() {
        let (before, from) = fits.split_at_mut(last);
        let Some(leaking) = from.first().filter(|fit| fit.leaks && !fit.source.is_empty()) else { continue };
        for fit in before {
            fit.leaks |=
                leaking.source.strip_prefix(fit.path.as_str()).is_some_and(|rest| rest.starts_with("()"));
        }
    }
}

/// The name with which an expression begins: `df` of `df[["a"]]`.
fn table(data: &str) -> &str {
    let end = data.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(data.len());
    data.get(..end).unwrap_or_default()
}

/// Whether `part` is made of the table called `table` by a line that begins within `between`: `X = df.drop(…)`, `X, y = df[a], df[b]`.
fn is_taken(cells: &[(&str, usize)], part: &str, table: &str, between: Range<usize>) -> bool {
    if table.is_empty() || part == table {
        return false;
    }
    let mut lines = cells.iter().flat_map(|(text, base)| {
        let mut at = *base;
        text.split_inclusive('\n').flat_map(|line| line.split(';')).map(move |line| {
            let start = at;
            // Cut at a semicolon, lines lie a byte further on each: near enough to tell before from behind.
            at = at.saturating_add(line.len());
            (start, line)
        })
    });
    lines.any(|(start, line)| {
        let Some((targets, value)) = line.split_once('=').filter(|_| between.contains(&start)) else {
            return false;
        };
        let values: Vec<&str> = value.split(", ").map(str::trim).collect();
        let from = |value: &str| value.strip_prefix(table).is_some_and(|rest| rest.starts_with(['.', '[']));
        targets.split(',').enumerate().any(|(index, target)| {
            target.trim() == part && values.get(index).or(values.first()).is_some_and(|value| from(value))
        })
    })
}

/// Notes that a test set is cut off `data`.
pub(in crate::python) fn cut(data: &Argument<'_>, module: &mut Module) {
    split(data.span.start, &[data], module);
}

/// Marks what learnt from what is split at byte `place`.
fn split(place: usize, parts: &[&Argument<'_>], module: &mut Module) {
    module.facts.split = Some(module.facts.split.map_or(place, |known| known.min(place)));
    let written: Vec<&str> = parts.iter().map(|argument| argument.written).collect();
    let names =
        written.iter().map(|part| part.trim()).filter(|part| !part.is_empty() && table(part) == *part);
    for name in names.take(MOST.saturating_sub(module.facts.divided.len())) {
        module.facts.divided.push((name.to_owned(), place));
    }
    let made: Vec<_> = parts.iter().filter_map(|argument| argument.value.as_path()).collect();
    for fit in module.facts.fits.iter_mut().filter(|fit| fit.span.start < place) {
        let data = fit.data.as_str();
        // What it gave itself, or what the same transformation gave later.
        let transformation = fit.path.rsplit_once('.').map_or("", |(owner, _)| owner);
        let same = made.iter().any(|made| {
            made.strip_prefix(fit.path.as_str()).is_some_and(|rest| rest.starts_with("()"))
                || !transformation.is_empty()
                    && made.strip_prefix(transformation).is_some_and(|rest| rest.starts_with(".transform("))
        }) || written
            .iter()
            .any(|part| *part == data || part.starts_with(&format!("{data}_")) || data.contains(part));
        fit.leaks |= same || written.iter().any(|part| part.contains("scaled") || part.contains("norm"));
    }
}

/// A trainer given one set for training and for testing, or the test part of a data set for training.
fn trained(call: &Call<'_>, module: &mut Module) {
    let Some(train) = call.keyword("train_dataset") else { return };
    let report = |module: &mut Module, message: String| {
        let finding = Finding::new(&TEST_DATA_LEAKAGE, message).severity(Severity::Medium);
        module.report(&train.span, finding.confidence(Confidence::Medium));
    };
    let written = train.written.trim();
    let tested = call.any_keyword(&["eval_dataset", "test_dataset"]);
    if let Some(tested) = tested.filter(|tested| !written.is_empty() && tested.written.trim() == written) {
        report(
            module,
            format!("`{}` is both trained on and tested on", bartizan_core::printable(tested.written, 60)),
        );
    } else if is_test_name(&written.to_ascii_lowercase()) && written.len() < LONGEST {
        report(module, format!("the training is given the test set `{written}`"));
    }
}

/// A training that is stopped by how well it does on the test set: what is measured there afterwards was chosen for it.
fn stopped(call: &Call<'_>, module: &mut Module) {
    let Some(watched) = call.any_keyword(&["validation_data", "eval_set"]) else { return };
    let stops = call.any_keyword(&["early_stopping_rounds"]).is_some()
        || call.keyword("callbacks").is_some_and(|callbacks| match &callbacks.value.known {
            Known::Items(items) => items.iter().any(|item| {
                item.as_path()
                    .is_some_and(|path| path.contains("EarlyStopping") || path.contains("early_stopping"))
            }),
            _ => false,
        });
    let lower = watched.written.to_ascii_lowercase();
    let test = lower.split(['(', '[', ',', ' ']).find(|part| is_test_name(part));
    if let Some(test) = test.filter(|_| stops) {
        let test = bartizan_core::printable(test.trim_end_matches([')', ']']), 40);
        let message = format!("the training is stopped by its score on the test set `{test}`");
        module
            .report(&watched.span, Finding::new(&TEST_DATA_LEAKAGE, message).confidence(Confidence::Medium));
    }
}

/// Gaps filled with what was computed over all rows: `df.fillna(df.mean())`.
fn filled(call: &Call<'_>, module: &mut Module) {
    const OF_ALL: &[&str] = &[".mean(", ".median(", ".mode(", ".mean)", ".median)"];
    let Some(owner) = call.spelling.strip_suffix(".fillna").map(str::trim) else { return };
    let Some(value) = call.argument(0, "value") else { return };
    let table = owner.split(['[', '.']).next().unwrap_or(owner);
    let learns = OF_ALL.iter().any(|of_all| value.written.contains(of_all)) && value.written.contains(table);
    // Computed before and kept under a name.
    let kept = self::table(value.written) == value.written
        && value.value.as_path().is_some_and(|path| OF_ALL.iter().any(|of_all| path.contains(of_all)));
    if (learns || kept) && owner.len() < LONGEST {
        note(call, owner, Severity::Medium, module);
    }
}

/// A category that becomes the mean of its rows: `df.groupby("c")["y"].transform("mean")`, `df["c"].map(df.groupby("c")["y"].mean())`.
fn encoded(call: &Call<'_>, module: &mut Module) {
    const MEANS: &[&str] = &["mean", "median", "sum", "std"];
    let Some(given) = call.argument(0, "func").or_else(|| call.positional.first()) else { return };
    let owner = call.spelling.trim();
    let is_mean = |text: &str| MEANS.iter().any(|mean| text.contains(&format!(".{mean}(")));
    let grouped = call.name() == "transform"
        && owner.contains(".groupby(")
        && given.value.as_text().is_some_and(|how| MEANS.contains(&how));
    let held = given.value.as_path().is_some_and(|path| path.contains(".groupby(") && is_mean(path));
    let mapped =
        call.name() == "map" && (given.written.contains(".groupby(") && is_mean(given.written) || held);
    if grouped || mapped {
        let data = table(owner).to_owned();
        note(call, &data, Severity::Low, module);
    }
}

/// A model picked by its score on the test set: `max(models, key=lambda m: m.score(X_test, y_test))`.
fn chosen(call: &Call<'_>, module: &mut Module) {
    let Some(key) = call.keyword("key") else { return };
    let lower = key.written.to_ascii_lowercase();
    let Some((_, given)) =
        [".score(", "_score(", ".evaluate("].iter().find_map(|call| lower.split_once(call))
    else {
        return;
    };
    let first = given.split(',').next().unwrap_or(given).trim();
    if is_test_name(first) {
        let message = format!("the model is chosen by its score on the test set `{first}`");
        let finding = Finding::new(&TEST_DATA_LEAKAGE, message).confidence(Confidence::Medium);
        module.report(&key.span, finding.severity(Severity::Medium));
    }
}

/// Remembers that `call` learns from `data`, which comes from `source`.
fn note_of(call: &Call<'_>, data: &str, source: &str, severity: Severity, module: &mut Module) {
    if module.facts.fits.len() < MOST {
        module.facts.fits.push(Fit {
            span: call.span.clone(),
            what: call.spelling.chars().take(60).collect(),
            data: data.to_owned(),
            path: call.path.to_string(),
            source: source.to_owned(),
            leaks: false,
            severity,
        });
    }
}

fn fitted(call: &Call<'_>, module: &mut Module) {
    let name = call.name();
    let Some(data) = call.positional.first().or_else(|| call.any_keyword(&["X", "data", "texts"])) else {
        return;
    };
    let written = data.written.trim();
    let lower = written.to_ascii_lowercase();
    let library = call.path.contains("sklearn")
        || call.path.contains("imblearn")
        || call.is_of("keras")
        || call.is_of("xgboost")
        || call.is_of("lightgbm")
        || call.path.starts_with('?');
    let put_aside = data.value.as_path().is_some_and(|path| path.contains(TEST_HALF));
    if (put_aside || is_test_name(&lower)) && library && written.len() < LONGEST {
        let message = format!("`{name}` learns from the test set `{written}`");
        let sure = put_aside || lower.contains("x_test");
        let finding = Finding::new(&TEST_DATA_LEAKAGE, message)
            .severity(if sure { Severity::Medium } else { Severity::Low })
            .confidence(Confidence::Medium);
        module.report(&call.span, finding);
        return;
    }
    // A table that was put together before, where every table of this module was.
    let joined = data.value.as_path().is_some_and(|path| {
        ["pandas.concat()", "numpy.concatenate()", "numpy.vstack()"].iter().any(|made| path.starts_with(made))
    }) && module.facts.joined.1 > 0
        && module.facts.joined.0 == module.facts.joined.1;
    if library && (joined || mixes_test_data(&lower)) {
        let message = format!("`{name}` learns from training and test data together");
        let finding = Finding::new(&TEST_DATA_LEAKAGE, message).confidence(Confidence::Medium);
        module.report(&call.span, finding);
        return;
    }
    let learns = LEARNS.iter().any(|class| call.path.contains(&format!(".{class}()")));
    if !learns || written.len() >= LONGEST {
        return;
    }
    // The whole of what was split before, still under its name.
    let whole = data.value.as_path().is_some_and(|path| {
        module.facts.splits.iter().any(|split| split.data == written && split.path == path.as_ref())
    });
    if whole {
        let message =
            format!("`{}` learns from all of `{written}`, of which the test set is a part", call.spelling);
        let finding = Finding::new(&TEST_DATA_LEAKAGE, message).severity(Severity::Medium);
        module.report(&call.span, finding.confidence(Confidence::Medium));
        return;
    }
    let source = data.value.as_path().map_or("", AsRef::as_ref);
    note_of(call, written, source, Severity::Medium, module);
}

fn note(call: &Call<'_>, data: &str, severity: Severity, module: &mut Module) {
    note_of(call, data, "", severity, module);
}

/// How the values of `train_test_split` are known: its training half, and the one that is put aside.
pub(in crate::python) const HALVES: [&str; 2] = [".train_half", TEST_HALF];
const TEST_HALF: &str = ".test_half";

/// Whether data, as it is written in lower case, is the test set by its name: `x_test`, `test_df["text"]`, `holdout`.
pub(in crate::python) fn is_test_name(written: &str) -> bool {
    let base = written.split(['[', '.', '(']).next().unwrap_or(written);
    if base.contains("train") || !base.bytes().all(|each| each.is_ascii_alphanumeric() || each == b'_') {
        return false;
    }
    let mut words = base.split('_').map(|word| word.trim_end_matches(|c: char| c.is_ascii_digit()));
    words.any(|word| matches!(word, "test" | "xtest" | "testx" | "te" | "xte" | "holdout" | "heldout"))
}

/// Whether data, as it is written in lower case, is put together from training and test data.
fn mixes_test_data(written: &str) -> bool {
    let joins = ["vstack(", "concat(", "concatenate(", "hstack(", ".append("]
        .iter()
        .any(|join| written.contains(join));
    let words = || written.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let test = words().any(|word| {
        matches!(word, "test" | "xte" | "x_te" | "xtest" | "yte")
            || word.contains("test_")
            || word.ends_with("_test")
    });
    let train = words()
        .any(|word| matches!(word, "train" | "xtr" | "x_tr" | "xtrain" | "ytr") || word.contains("train"));
    joins && test && train && written.len() < 200
}

#[cfg(test)]
mod tests {
    use crate::python::tests::severities;
    use bartizan_core::Severity::{Low, Medium};

    #[test]
    fn what_is_learnt_from_a_table_leaks_into_what_is_taken_of_it_and_split() {
        let graded = |code: &str| {
            let imports = "from sklearn.impute import SimpleImputer\nfrom sklearn.model_selection import train_test_split\nimport pandas as pd\ndf = pd.read_csv('a.csv')\n";
            severities(&format!("{imports}{code}"), "pipeline/test-data-leakage")
        };
        let split = "X = df.drop(columns=['y'])\ny = df['y']\na, b, c, d = train_test_split(X, y)\n";
        for (learns, severity) in [
            ("df[['a']] = SimpleImputer().fit_transform(df[['a']])\n", Medium),
            ("m = df['a'].median()\ndf['a'] = df['a'].fillna(m)\n", Medium),
            ("df['a'] = df['a'].fillna(df['a'].mean())\n", Medium),
            ("df['e'] = df.groupby('c')['y'].transform('mean')\n", Low),
            ("df['e'] = df['c'].map(df.groupby('c')['y'].mean())\n", Low),
            ("means = df.groupby('c')['y'].mean()\ndf['e'] = df['c'].map(means)\n", Low),
        ] {
            assert_eq!(graded(&format!("{learns}{split}")), [severity], "{learns}");
            assert_eq!(
                graded(&format!("X, y = df[['a']], df['y']\n{learns}a, b, c, d = train_test_split(X, y)\n")),
                [],
                "{learns}"
            );
            assert_eq!(graded(learns), [], "{learns}");
        }
        let pairs = "df[['a']] = SimpleImputer().fit_transform(df[['a']])\nX, y = df[['a']], df['y']\na, b, c, d = train_test_split(X, y)\n";
        assert_eq!(graded(pairs), [Medium]);
        for fine in [
            "df['e'] = df['c'].map({'a': 1})\n",
            "df['e'] = df.groupby('c')['y'].transform('size')\n",
            "df['a'] = df['a'].fillna(0)\n",
        ] {
            assert_eq!(graded(&format!("{fine}{split}")), [], "{fine}");
        }
        let encoded = "from category_encoders import LeaveOneOutEncoder\nX = df.drop(columns=['y'])\nX2 = LeaveOneOutEncoder().fit_transform(X, df['y'])\na, b = train_test_split(X2)\n";
        assert_eq!(graded(encoded), [Medium]);
    }

    #[test]
    fn a_trainer_given_the_test_set_is_found() {
        let graded = |given: &str| {
            severities(
                &format!("from transformers import Trainer\nTrainer({given})"),
                "pipeline/test-data-leakage",
            )
        };
        assert_eq!(graded("train_dataset=rows, eval_dataset=rows"), [Medium]);
        assert_eq!(graded("train_dataset=test_set"), [Medium]);
        assert_eq!(graded("train_dataset=data['train'], eval_dataset=data['test']"), []);
        assert_eq!(graded("train_dataset=None, eval_dataset=rows"), []);
        let stopped = |given: &str| {
            let code = format!(
                "from keras.callbacks import EarlyStopping\ncb = EarlyStopping()\nm.fit(x_train, y_train, {given})"
            );
            severities(&code, "pipeline/test-data-leakage")
        };
        assert_eq!(stopped("validation_data=(x_test, y_test), callbacks=[cb]"), [Low]);
        assert_eq!(stopped("eval_set=[(X_test, y_test)], early_stopping_rounds=9"), [Low]);
        assert_eq!(stopped("validation_data=(x_val, y_val), callbacks=[cb]"), []);
        assert_eq!(stopped("validation_data=(x_test, y_test)"), []);
    }

    #[test]
    fn what_learns_before_the_split_or_from_the_test_set_is_found() {
        let graded = |code: &str| {
            severities(
                &format!(
                    "from sklearn.preprocessing import StandardScaler\nfrom sklearn.model_selection import train_test_split\n{code}"
                ),
                "pipeline/test-data-leakage",
            )
        };
        assert_eq!(graded("X = StandardScaler().fit_transform(X)\na, b = train_test_split(X)"), [Medium]);
        assert_eq!(graded("a, b = train_test_split(X)\ns = StandardScaler().fit(a)"), []);
        assert_eq!(graded("s = StandardScaler()\ns.fit_transform(X_test)"), [Medium]);
        let by = |data: &str| graded(&format!("m = max(models, key=lambda m: m.score({data}, y))"));
        assert_eq!((by("X_test"), by("X_val")), (vec![Medium], vec![]));
        assert_eq!(
            graded("chosen = StandardScaler().fit_transform(table)\na, b = train_test_split(chosen)"),
            [Medium]
        );
        assert_eq!(
            graded(
                "from sklearn.svm import SVC\nimport numpy as np\nSVC().fit(np.vstack([X_train, X_test]), y)"
            ),
            [Low]
        );
        assert_eq!(
            graded(
                "from sklearn.svm import SVC\nimport numpy as np\nSVC().fit(np.vstack([X_train, X_more]), y)"
            ),
            []
        );
    }

    #[test]
    fn what_learns_from_tables_put_together_before_is_found() {
        let found = |joined: &str| {
            severities(
                &format!(
                    "import pandas as pd\nfrom sklearn.preprocessing import StandardScaler\nfull = {joined}\ns = StandardScaler()\ns.fit(full['a'])\n"
                ),
                "pipeline/test-data-leakage",
            )
        };
        assert_eq!(found("pd.concat([train, test])"), [Low]);
        assert_eq!(found("pd.concat([train_a, train_b])"), []);
    }

    #[test]
    fn what_learns_from_all_of_it_or_from_the_half_put_aside_is_found_after_the_split() {
        let graded = |code: &str| {
            let imports = "import pandas as pd\nfrom sklearn.impute import SimpleImputer\nfrom sklearn.feature_selection import SelectKBest\n\
                from sklearn.feature_extraction.text import TfidfVectorizer\nfrom imblearn.over_sampling import SMOTE\n\
                from sklearn.preprocessing import StandardScaler\nfrom sklearn.model_selection import train_test_split, cross_val_score\n\
                df = pd.read_csv('a.csv')\nX, y = df.drop('y'), df['y']\n";
            severities(&format!("{imports}{code}"), "pipeline/test-data-leakage")
        };
        for code in [
            "a, b, c, d = train_test_split(X, y)\nStandardScaler().fit(X)",
            "a, b, c, d = train_test_split(X, y)\nSimpleImputer().fit_transform(b)",
            "a, b = train_test_split(df)\nSMOTE().fit_resample(b.drop('y'), b['y'])",
            "v = TfidfVectorizer()\nv.fit(df['text'])\nT = v.transform(df['text'])\na, b = train_test_split(T)",
            "X = X.fillna(X.mean())\na, b, c, d = train_test_split(X, y)",
            "S = SelectKBest(k=9).fit_transform(X, y)\ncross_val_score(m, S, y)",
            "R, r = SMOTE().fit_resample(X, y)\na, b, c, d = train_test_split(R, r)\ne, f, g, h = train_test_split(a, c)",
        ] {
            assert_eq!(graded(code), [Medium], "{code}");
        }
        for code in [
            "a, b, c, d = train_test_split(X, y)\nS = SelectKBest(k=9).fit_transform(a, c)\ncross_val_score(m, S, c)",
            "X, b, y, d = train_test_split(X, y)\nStandardScaler().fit(X)",
            "a, b, c, d = train_test_split(X, y)\ns = StandardScaler().fit(a)\ns.transform(b)",
            "X = X.fillna(0)\na, b, c, d = train_test_split(X, y)",
            "def f(X):\n    return StandardScaler().fit_transform(X)\na, b, c, d = train_test_split(X, y)\nf(a)",
        ] {
            assert_eq!(graded(code), [], "{code}");
        }
    }

    #[test]
    fn names_of_test_sets_are_told_from_others() {
        for name in ["x_test", "xtest", "test_df[\"text\"]", "df_test.text", "holdout", "x_te", "test1"] {
            assert!(super::is_test_name(name), "{name}");
        }
        for name in ["latest", "x_train", "train_test", "attest", "contest_df", "x"] {
            assert!(!super::is_test_name(name), "{name}");
        }
    }

    #[test]
    fn a_test_set_that_is_cut_off_is_a_split() {
        let head =
            "from sklearn.preprocessing import StandardScaler\nimport numpy as np\nX = np.load('x.npy')\n";
        let graded = |code: &str| severities(&format!("{head}{code}"), "pipeline/test-data-leakage");
        let scaled = "X = StandardScaler().fit_transform(X)\n";
        assert_eq!(graded(&format!("{scaled}train, test = X[:80], X[80:]")), [Medium]);
        assert_eq!(graded(&format!("{scaled}X_train = X[:80]\nX_test = X[80:]")), [Medium]);
        assert_eq!(graded(&format!("{scaled}head, tail = X[:80], X[80:]")), []);
        assert_eq!(graded("train, test = X[:80], X[80:]\nscaler = StandardScaler().fit(train)"), []);
    }

    #[test]
    fn each_of_a_row_of_transformations_before_the_split_leaks() {
        let head = "from sklearn.impute import KNNImputer\nfrom sklearn.feature_selection import SelectKBest\nfrom sklearn.model_selection import train_test_split\n";
        let graded = |code: &str| severities(&format!("{head}{code}"), "pipeline/test-data-leakage");
        let row = "a = KNNImputer().fit_transform(df)\nb = SelectKBest().fit_transform(a, y)\n";
        assert_eq!(graded(&format!("{row}c, d = train_test_split(b, random_state=1)")), [Medium, Medium]);
        assert_eq!(graded(&format!("{row}c, d = train_test_split(other, random_state=1)")), []);
        let apart = "a = KNNImputer().fit_transform(other)\nb = SelectKBest().fit_transform(df, y)\n";
        assert_eq!(graded(&format!("{apart}c, d = train_test_split(b, random_state=1)")), [Medium]);
    }
}
