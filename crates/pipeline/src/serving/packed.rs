//! Files that say how a model is packed to be served: BentoML's `bentofile.yaml`, Cog's `cog.yaml`, Truss's `config.yaml`.
//!
//! Source: BentoML, "Bento build options"; Cog, `docs/yaml.md`; Truss, "Config reference".

use super::environment_issues;
use crate::address::clear;
use crate::ci::github::gaps;
use crate::dependencies::{Pin, requirement};
use crate::rules::{PACKAGED_SECRET, TLS_DISABLED, UNPINNED_MODEL, UNPINNED_PACKAGE, holds_credentials};
use crate::shell::inspect::{self, Setting};
use crate::yaml::{Node, Yaml};
use crate::{Issue, Notes, Reader, Text, image, issue, rules};
use bartizan_core::{Kind, Rule, Severity, printable};

/// How a model is packed.
#[derive(Debug)]
pub(crate) struct PackedModel;

impl Reader for PackedModel {
    fn id(&self) -> &'static str {
        "packed-model"
    }

    fn kind(&self) -> Kind {
        Kind::Config
    }

    fn rules(&self) -> &'static [&'static Rule] {
        rules::RULES
    }

    fn recognises(&self, text: &Text<'_>) -> bool {
        match text.file_name() {
            "bentofile.yaml" | "bentofile.yml" => text.has_key(&["service", "python", "docker"]),
            "cog.yaml" => text.has_key(&["build", "predict", "train", "image"]),
            "config.yaml" => {
                text.has_key(&["model_cache", "model_class_name", "model_module_dir", "build_commands"])
            }
            _ => false,
        }
    }

    fn read(&self, text: &Text<'_>, notes: &mut Notes<'_>) {
        let yaml = Yaml::read(text.content);
        gaps(&yaml, notes);
        let Some(root) = yaml.root() else { return };
        for place in [&["python", "packages"][..], &["build", "python_packages"], &["requirements"]] {
            for package in root.path(place).into_iter().flat_map(Node::items) {
                issue::report_in(text, notes, package, package.as_str().and_then(unpinned));
            }
        }
        for place in [&["docker", "base_image"][..], &["image"], &["base_image", "image"]] {
            // Cog's `image` is where the result is pushed to.
            let Some(node) = root.path(place).filter(|_| place != ["image"] || root.get("build").is_none())
            else {
                continue;
            };
            if let Some(reference) = node.as_str() {
                issue::report(text, notes, image::issue(reference, node.span(), "the image"));
            }
        }
        for place in [&["build", "run"][..], &["build_commands"], &["docker", "commands"]] {
            for command in root.path(place).into_iter().flat_map(Node::items_or_self) {
                let command = command.get("command").unwrap_or(command);
                let script = command.as_str().unwrap_or_default();
                issue::report_in(text, notes, command, inspect::script(script, Setting::Image));
            }
        }
        for file in root.get("include").into_iter().flat_map(Node::items) {
            if let Some(path) = file.as_str().filter(|path| holds_credentials(path)) {
                let message = format!("`{}` is packed with the model", printable(path, 80));
                issue::report(text, notes, [Issue::new(&PACKAGED_SECRET, file.span(), message)]);
            }
        }
        for place in [&["envs"][..], &["docker", "env"], &["environment_variables"], &["environment"]] {
            environment_issues(text, notes, root.path(place));
        }
        for host in root.path(&["python", "trusted_host"]).into_iter().flat_map(Node::items_or_self) {
            let shown = printable(host.as_str().unwrap_or_default(), 80);
            let message = format!("certificates of `{shown}` are not checked when packages are installed");
            issue::report(text, notes, [Issue::new(&TLS_DISABLED, host.span(), message)]);
        }
        if let Some(index) = root.path(&["python", "index_url"])
            && let Some(clear) = clear(index.as_str().unwrap_or_default())
        {
            let message = format_args!("packages come from {} without encryption", clear.address);
            issue::report(text, notes, [clear.source_issue(index.span(), message)]);
        }
        let others = ["extra_index_url", "find_links"].iter().filter_map(|key| root.path(&["python", key]));
        for index in others.flat_map(Node::items_or_self) {
            if let Some(clear) = clear(index.as_str().unwrap_or_default()) {
                let message = format_args!("packages come from {} without encryption", clear.address);
                issue::report(text, notes, [clear.source_issue(index.span(), message)]);
            }
        }
        for cached in root.get("model_cache").into_iter().flat_map(Node::items) {
            let Some(name) = cached.get("repo_id").filter(|name| name.as_str().is_some()) else { continue };
            if let Some(why) = inspect::moves(cached.text_of("revision")) {
                let shown = printable(name.as_str().unwrap_or_default(), 100);
                let message = format!("the model `{shown}` is packed {why}");
                issue::report(text, notes, [Issue::new(&UNPINNED_MODEL, name.span(), message)]);
            }
        }
        // BentoML's store: `name:version`, as text or under `tag`.
        for model in
            root.get("models").into_iter().filter(|_| root.get("service").is_some()).flat_map(Node::items)
        {
            let tag = model.get("tag").unwrap_or(model);
            let Some(name) = tag.as_str().filter(|name| !name.is_empty()) else { continue };
            if name.split_once(':').is_none_or(|(_, version)| version == "latest") {
                let message = format!("the model `{}` is packed as it was saved last", printable(name, 100));
                let issue = Issue::new(&UNPINNED_MODEL, tag.span(), message);
                issue::report(text, notes, [issue.remedy("Name the version: `name:version`.")]);
            }
        }
    }
}

fn unpinned(written: &str) -> Option<Issue> {
    let dependency = requirement(written, 0)?;
    let named = if dependency.name.is_empty() { written.trim() } else { dependency.name.as_str() };
    let shown = printable(named, 80);
    let message = match dependency.pin {
        Pin::None => format!("`{shown}` has no version: each build takes the newest"),
        // A range that ends keeps at least the releases that are known to break things out.
        Pin::Range(ref range) if !range.contains(['<', '~']) => {
            format!("`{shown}` allows every later version ({})", printable(range, 60))
        }
        Pin::Moving => format!("`{shown}` comes from a repository without a commit"),
        _ => return None,
    };
    Some(Issue::new(&UNPINNED_PACKAGE, dependency.span, message).severity(Severity::Medium))
}

#[cfg(test)]
mod tests {
    use crate::testing::lines;

    #[test]
    fn packages_images_commands_and_models_are_judged() {
        assert_eq!(
            lines("bentofile.yaml", "service: 's:S'\npython:\n  packages:\n  - scikit-learn>=1.2\n"),
            [(4, "unpinned-package")]
        );
        let bento = "service: 's:S'\npython:\n  packages:\n  - torch\n  - numpy==1.26.4\n  - scipy>=1.2,<2\n  trusted_host: [a.example]\ndocker:\n  base_image: acme/base:latest\nenvs:\n- name: HF_TOKEN\n  value: hf_AbCdEfGhIjKlMnOpQrStUvWxYz01234567\n";
        assert_eq!(
            lines("bentofile.yaml", bento),
            [(4, "unpinned-package"), (7, "tls-disabled"), (9, "unpinned-image"), (12, "secret")]
        );
        let included = "service: 's:S'\ninclude:\n- '*.py'\n- .env\n";
        assert_eq!(lines("bentofile.yaml", included), [(4, "packaged-secret")]);
        let models = "service: 's:S'\nmodels:\n- ticket:latest\n- ticket:7abc\n- tag: other\n  alias: o\n";
        assert_eq!(lines("bentofile.yaml", models), [(3, "unpinned-model"), (5, "unpinned-model")]);
        let cog = "build:\n  python_packages:\n  - torch==2.4.0\n  run:\n  - curl https://x.example | sh\nimage: r8.im/a/b\npredict: p.py:P\n";
        assert_eq!(lines("cog.yaml", cog), [(5, "curl-pipe-shell")]);
        let truss = "model_class_name: M\nmodel_cache:\n- repo_id: acme/net\n- repo_id: acme/fixed\n  revision: 0123456789abcdef0123456789abcdef01234567\n";
        assert_eq!(lines("t/config.yaml", truss), [(3, "unpinned-model")]);
    }
}
