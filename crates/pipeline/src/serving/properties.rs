//! Settings of model servers as `key=value` lines: TorchServe's `config.properties`, and what ConfigMaps hold of it.

use crate::rules::{EXPOSED_SERVICE, NO_AUTHENTICATION, REMOTE_CODE, UNPINNED_MODEL, UNPINNED_PACKAGE};
use crate::shell::inspect;
use crate::{Issue, Notes, Reader, Text, issue, rules};
use bartizan_core::{Kind, Rule, Severity};

/// TorchServe's `config.properties`.
#[derive(Debug)]
pub(crate) struct TorchServeConfig;

impl Reader for TorchServeConfig {
    fn id(&self) -> &'static str {
        "torchserve-config"
    }

    fn kind(&self) -> Kind {
        Kind::Config
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[
            &rules::EXPOSED_SERVICE,
            &rules::NO_AUTHENTICATION,
            &rules::UNPINNED_PACKAGE,
            &rules::REMOTE_CODE,
            &rules::UNPINNED_MODEL,
        ]
    }

    fn recognises(&self, text: &Text<'_>) -> bool {
        text.extension() == "properties"
            && ["inference_address", "management_address", "model_store", "enable_envvars_config", "option."]
                .iter()
                .any(|key| text.content.contains(key))
    }

    fn read(&self, text: &Text<'_>, notes: &mut Notes<'_>) {
        issue::report(text, notes, issues(text.content));
    }
}

/// What the lines of `text` open; spans are those of `text`.
pub(super) fn issues(text: &str) -> Vec<Issue> {
    let mut issues = Vec::new();
    let mut at = 0usize;
    for line in text.split_inclusive('\n') {
        let start = at;
        at = at.saturating_add(line.len());
        let body = line.trim();
        if body.starts_with(['#', '!']) {
            continue;
        }
        let Some((key, value)) = body.split_once('=') else { continue };
        let (key, value) = (key.trim(), value.trim().trim_matches(['"', '\'']));
        let indent = line.len().saturating_sub(line.trim_start().len());
        let span = start.saturating_add(indent)..start.saturating_add(indent).saturating_add(body.len());
        let everyone = value.contains("0.0.0.0") || value.contains("[::]");
        match key {
            "management_address" if everyone => issues.push(Issue::new(
                &EXPOSED_SERVICE,
                span,
                "the management interface, which registers models, listens to everyone",
            )),
            "metrics_address" if everyone => issues.push(
                Issue::new(&EXPOSED_SERVICE, span, "the metrics listen to everyone").severity(Severity::Low),
            ),
            "disable_token_authorization" if value.eq_ignore_ascii_case("true") => {
                issues.push(Issue::new(&NO_AUTHENTICATION, span, "token authorization is switched off"));
            }
            "allowed_urls" if value.contains(".*") => {
                issues.push(Issue::new(&EXPOSED_SERVICE, span, "models may be registered from any address"));
            }
            "install_py_dep_per_model" if value.eq_ignore_ascii_case("true") => issues.push(Issue::new(
                &UNPINNED_PACKAGE,
                span,
                "each model's archive may install whatever packages it names when it is loaded",
            )),
            // Source: DJL Serving, "LMI configurations" (`serving.properties`).
            "option.trust_remote_code" if value.eq_ignore_ascii_case("true") => {
                issues.push(Issue::new(&REMOTE_CODE, span, "the model's repository runs code of its own"));
            }
            "option.model_id" if inspect::is_repository(value) && !text.contains("option.revision") => {
                let message = format!("the model `{value}` is served as it is today");
                issues.push(Issue::new(&UNPINNED_MODEL, span, message));
            }
            "c.NotebookApp.token" | "c.ServerApp.token" | "c.NotebookApp.password" if value.is_empty() => {
                issues.push(Issue::new(&NO_AUTHENTICATION, span, "the notebook server asks for no token"));
            }
            _ => {}
        }
    }
    issues
}

#[cfg(test)]
mod tests {
    use crate::testing::lines;

    #[test]
    fn options_of_djl_serving_are_judged() {
        let text = "engine=Python\noption.model_id=acme/net-7b\noption.trust_remote_code=true\n";
        assert_eq!(lines("serving.properties", text), [(2, "unpinned-model"), (3, "remote-code")]);
        let fine = "engine=Python\noption.model_id=/opt/ml/model\noption.trust_remote_code=false\n";
        assert_eq!(lines("serving.properties", fine), []);
    }
}
