//! What the names of a Terraform module stand for: [`Known`].
//!
//! A variable is its default unless `terraform.tfvars` or `*.auto.tfvars` beside it says otherwise; a local value is what its block gives.
//! All `.tf` files of a folder are one module, so that those beside the text count as well: at most [`FILES`] of [`FILE_BYTES`] bytes,
//! read when a name is first asked for. Source: Terraform documentation, "Input Variables", "Local Values".

use super::firewall::MODEL_SERVERS;
use super::tree::{Attribute, Body, Value, read};
use crate::Text;
use crate::surroundings::small_file;
use std::cell::OnceCell;
use std::collections::{HashMap, HashSet, VecDeque};
use std::fs;

/// Most files of a module that are looked into.
const FILES: usize = 64;
/// Largest of them, in bytes.
const FILE_BYTES: u64 = 256 << 10;
/// How far names are followed through names.
const DEPTH: u32 = 4;
/// Most texts that one value stands for.
const TEXTS: usize = 64;
/// Most names that one value is followed through.
const NAMES: usize = 1024;

/// The names of the module that a text is part of.
pub(super) struct Known<'t> {
    text: &'t Text<'t>,
    /// Texts by name, `var.x` or `local.x`, of this file, then of those beside it.
    own: HashMap<String, Meaning>,
    beside: OnceCell<HashMap<String, Meaning>>,
    serves: OnceCell<bool>,
}

/// What a name stands for: texts, and further names.
#[derive(Debug, Clone, Default)]
struct Meaning {
    texts: Vec<String>,
    names: Vec<String>,
}

impl<'t> Known<'t> {
    /// The names of `file`, read from `text`, and of what lies beside it.
    pub(super) fn of(text: &'t Text<'t>, file: &Body) -> Self {
        let mut own = HashMap::new();
        declared(file, text.content, &mut own);
        Self { text, own, beside: OnceCell::new(), serves: OnceCell::new() }
    }

    /// The texts that the value of `attribute` holds where nobody says otherwise: those written in it, and those of its names.
    pub(super) fn texts(&self, attribute: &Attribute) -> Vec<String> {
        self.meant(&meaning(attribute, self.text.content))
    }

    /// Whether the text speaks of a server of models.
    pub(super) fn serves_models(&self) -> bool {
        *self.serves.get_or_init(|| {
            let lower = self.text.content.to_ascii_lowercase();
            MODEL_SERVERS.iter().any(|server| lower.contains(server))
        })
    }

    fn meant(&self, meaning: &Meaning) -> Vec<String> {
        let mut texts = meaning.texts.clone();
        let mut pending: VecDeque<(&str, u32)> =
            meaning.names.iter().map(|name| (name.as_str(), 0)).collect();
        // Each once, and the nearest first, so that none is met only where it is followed no further.
        let mut seen: HashSet<&str> = HashSet::new();
        while let Some((name, depth)) = pending.pop_front() {
            if texts.len() >= TEXTS || seen.len() >= NAMES {
                break;
            }
            if !seen.insert(name) {
                continue;
            }
            let Some(found) = self.own.get(name).or_else(|| self.beside().get(name)) else { continue };
            texts.extend(found.texts.iter().cloned());
            if depth < DEPTH {
                pending.extend(found.names.iter().map(|name| (name.as_str(), depth.saturating_add(1))));
            }
        }
        texts.truncate(TEXTS);
        texts
    }

    fn beside(&self) -> &HashMap<String, Meaning> {
        self.beside.get_or_init(|| {
            let mut found = HashMap::new();
            let folder = self
                .text
                .place
                .and_then(|(path, root)| path.parent().filter(|folder| folder.starts_with(root)));
            let Some(listed) = folder.and_then(|folder| fs::read_dir(folder).ok()) else { return found };
            let mut paths: Vec<_> = listed.filter_map(|entry| Some(entry.ok()?.path())).take(4096).collect();
            paths.sort();
            // What is given comes after what is declared, and counts instead.
            paths.sort_by_key(|path| path.extension().is_some_and(|end| end == "tfvars"));
            let of_module = |path: &&std::path::PathBuf| {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                let given = name == "terraform.tfvars" || name.ends_with(".auto.tfvars");
                given || name.ends_with(".tf") || name.ends_with(".tofu")
            };
            for path in paths.iter().filter(of_module).take(FILES) {
                let Some(bytes) = small_file(path, FILE_BYTES) else { continue };
                let content = String::from_utf8_lossy(&bytes);
                let file = read(&content);
                if path.extension().is_some_and(|end| end == "tfvars") {
                    for attribute in &file.attributes {
                        found.insert(format!("var.{}", attribute.name), meaning(attribute, &content));
                    }
                } else {
                    declared(&file, &content, &mut found);
                }
            }
            found
        })
    }
}

/// Adds the variables and local values of a file.
fn declared(file: &Body, content: &str, into: &mut HashMap<String, Meaning>) {
    for block in &file.blocks {
        match block.name.as_str() {
            "variable" => {
                let name = block.labels.first().map(String::as_str).unwrap_or_default();
                if let Some(default) = block.body.get("default") {
                    into.insert(format!("var.{name}"), meaning(default, content));
                }
            }
            "locals" => {
                for attribute in &block.body.attributes {
                    into.insert(format!("local.{}", attribute.name), meaning(attribute, content));
                }
            }
            _ => {}
        }
    }
}

/// The texts and names of a value. A condition chooses among them, so that none of its is certain.
fn meaning(attribute: &Attribute, content: &str) -> Meaning {
    let written = content.get(attribute.span.clone()).unwrap_or_default();
    if written.contains('?') {
        return Meaning::default();
    }
    let texts = match &attribute.value {
        Value::Text(text, _) if !text.contains("${") => vec![text.clone()],
        Value::List(items) => items.iter().map(|(text, _)| text.clone()).take(TEXTS).collect(),
        Value::Expression(text) if text.parse::<u32>().is_ok() => vec![text.clone()],
        _ => Vec::new(),
    };
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let names = written
        .split(|c: char| !is_part(c))
        .filter(|word| ["var.", "local."].iter().any(|begin| word.starts_with(begin)));
    Meaning { texts, names: names.take(TEXTS).map(str::to_owned).collect() }
}

#[cfg(test)]
mod tests {
    use crate::{Text, examine};
    use bartizan_core::{Limits, MonotonicClock, Severity};
    use std::path::Path;

    fn graded(content: &str, place: Option<(&Path, &Path)>) -> Vec<Severity> {
        let text = Text::new("main.tf", content).at(place);
        let found = examine(&text, &Limits::default(), &MonotonicClock::start()).findings;
        found.iter().filter(|one| one.rule.id == "pipeline/exposed-service").map(|one| one.severity).collect()
    }

    fn rule(blocks: &str, more: &str) -> String {
        format!(
            "resource \"aws_security_group_rule\" \"a\" {{\n  type = \"ingress\"\n  from_port = var.port\n  to_port = 8888\n  cidr_blocks = {blocks}\n}}\nvariable \"port\" {{\n  default = 8888\n}}\n{more}"
        )
    }

    #[test]
    fn names_are_what_their_defaults_and_local_values_say() {
        let variable = "variable \"any\" {\n  default = \"0.0.0.0/0\"\n}\n";
        let listed =
            "variable \"any\" {\n  type = list(string)\n  default = [\"10.0.0.0/8\", \"0.0.0.0/0\"]\n}\n";
        let local = "locals {\n  any = \"0.0.0.0/0\"\n  all = [local.any]\n}\n";
        for (blocks, more) in [
            ("[var.any]", variable),
            ("[\"${var.any}\"]", variable),
            ("var.any", listed),
            ("concat(var.any, [\"10.0.0.0/8\"])", listed),
            ("[local.any]", local),
            ("local.all", local),
        ] {
            assert_eq!(graded(&rule(blocks, more), None), [Severity::High], "{blocks}");
        }
        for (blocks, more) in [
            ("[var.any]", "variable \"any\" {\n  default = \"10.0.0.0/8\"\n}\n"),
            ("[var.any]", "variable \"any\" {}\n"),
            ("[var.any]", ""),
            ("[var.anyone]", variable),
            ("var.open ? [\"0.0.0.0/0\"] : []", ""),
            ("[local.any]", "locals {\n  any = local.any\n}\n"),
        ] {
            assert_eq!(graded(&rule(blocks, more), None), [], "{blocks}");
        }
    }

    #[test]
    fn names_that_stand_for_each_other_many_times_are_followed_once() {
        let many = |name: &str| vec![name; 64].join(", ");
        let mut more = String::from("locals {\n");
        for (name, next) in [("a", "b"), ("b", "c"), ("c", "d"), ("d", "e"), ("e", "f")] {
            more.push_str(&format!("  {name} = [{}]\n", many(&format!("local.{next}"))));
        }
        more.push_str("}\n");
        let blocks = format!("concat({})", many("local.a"));
        let begin = std::time::Instant::now();
        assert_eq!(graded(&rule(&blocks, &more), None), []);
        assert!(begin.elapsed().as_secs() < 10, "{:?}", begin.elapsed());
        // The shorter way counts, however often the longer one is gone.
        let near = "locals {\n  a = [local.b, local.e]\n  b = local.c\n  c = local.d\n  d = local.e\n  e = local.f\n  f = \"0.0.0.0/0\"\n}\n";
        assert_eq!(graded(&rule("[local.a]", near), None), [Severity::High]);
    }

    #[test]
    fn the_files_of_a_folder_are_one_module() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, content: &str| std::fs::write(folder.path().join(name), content).unwrap();
        let main = folder.path().join("main.tf");
        let content = rule("[var.any]", "");
        write("main.tf", &content);
        write("variables.tf", "variable \"any\" {\n  default = \"0.0.0.0/0\"\n}\n");
        let place = Some((main.as_path(), folder.path()));
        assert_eq!(graded(&content, place), [Severity::High]);
        write("terraform.tfvars", "any = \"10.0.0.0/8\"\n");
        assert_eq!(graded(&content, place), []);
    }
}
