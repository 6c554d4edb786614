//! What Ray installs, fetches and opens: runtime environments, the applications of Ray Serve, clusters that Ray starts itself.
//!
//! Source: Ray documentation, *Environment Dependencies* (`runtime_env`), *Serve Config Files*, *Cluster YAML Configuration Options*,
//! *Serving LLMs* (`llm_configs`); KubeRay, `serveConfigV2` and `runtimeEnvYAML`.

use super::settings;
use crate::address::is_commit;
use crate::ci::github::gaps;
use crate::dependencies::{Purpose, judged, requirement};
use crate::rules::{self, EXPOSED_SERVICE, UNPINNED_SOURCE};
use crate::shell::inspect::{self, Setting};
use crate::yaml::{Node, Yaml};
use crate::{Issue, Notes, Reader, Text, image, issue, variable};
use bartizan_core::{Confidence, Kind, Rule, Severity, printable};

/// Configurations of Ray Serve's applications, and of clusters for `ray up`.
#[derive(Debug)]
pub(crate) struct RayConfig;

impl Reader for RayConfig {
    fn id(&self) -> &'static str {
        "ray-config"
    }

    fn kind(&self) -> Kind {
        Kind::Config
    }

    fn rules(&self) -> &'static [&'static Rule] {
        rules::RULES
    }

    fn recognises(&self, text: &Text<'_>) -> bool {
        let content = text.content;
        let serve = text.has_key(&["applications"]) && content.contains("import_path");
        let cluster = text.has_key(&["cluster_name"])
            && ["head_start_ray_commands", "setup_commands", "available_node_types", "head_node_type"]
                .iter()
                .any(|key| content.contains(key));
        matches!(text.extension(), "yaml" | "yml") && (serve || cluster)
    }

    fn read(&self, text: &Text<'_>, notes: &mut Notes<'_>) {
        let yaml = Yaml::read(text.content);
        gaps(&yaml, notes);
        for node in yaml.nodes().filter(|node| node.is_mapping()) {
            if notes.out_of_time() {
                return;
            }
            inspect(text, notes, node);
            issue::report(text, notes, settings::judged(node));
            for entry in node.entries().into_iter().filter(|entry| COMMANDS.contains(&entry.name())) {
                for command in entry.value.items_or_self() {
                    let script = command.as_str().unwrap_or_default();
                    issue::report_in(text, notes, command, inspect::script(script, Setting::Other));
                }
            }
        }
        let host = yaml.root().and_then(|root| root.path(&["http_options", "host"]));
        if let Some(host) = host.filter(|host| matches!(host.as_str(), Some("0.0.0.0" | "::"))) {
            let issue = Issue::new(&EXPOSED_SERVICE, host.span(), "the applications listen on every address");
            issue::report(text, notes, [issue.severity(Severity::Low).confidence(Confidence::Low)]);
        }
        let images = ["image", "head_image", "worker_image"];
        for reference in images.iter().filter_map(|key| yaml.root()?.path(&["docker", key])) {
            let name = reference.as_str().unwrap_or_default();
            issue::report(text, notes, image::issue(name, reference.span(), "the image"));
        }
    }
}

/// Keys of a cluster whose values are commands for each of its machines.
const COMMANDS: &[&str] = &[
    "initialization_commands",
    "setup_commands",
    "head_setup_commands",
    "worker_setup_commands",
    "head_start_ray_commands",
    "worker_start_ray_commands",
];

/// Judges `node`, a mapping, where it holds a runtime environment, or a text that is the configuration of one.
pub(super) fn inspect(text: &Text<'_>, notes: &mut Notes<'_>, node: Node<'_>) {
    for key in ["runtime_env", "runtimeEnv"] {
        if let Some(environment) = node.get(key).filter(|environment| environment.is_mapping()) {
            issue::report(text, notes, issues(environment));
        }
    }
    for key in ["serveConfigV2", "runtimeEnvYAML"] {
        let Some(written) = node.get(key).filter(|written| written.as_str().is_some()) else { continue };
        let inner = Yaml::read(written.as_str().unwrap_or_default());
        let whole = inner.root().filter(|_| key == "runtimeEnvYAML");
        let found: Vec<Issue> =
            inner.nodes().filter_map(|one| one.get("runtime_env")).chain(whole).flat_map(issues).collect();
        issue::report_in(text, notes, written, found);
        let applications = inner.nodes().filter(|node| node.is_mapping() && key == "serveConfigV2");
        issue::report_in(text, notes, written, applications.flat_map(settings::judged).collect::<Vec<_>>());
    }
    // The service of the head node carries the dashboard and the client's port with it.
    let open = node.get("headGroupSpec").and_then(|head| head.get("serviceType"));
    if let Some(kind) = open.filter(|kind| matches!(kind.as_str(), Some("LoadBalancer" | "NodePort"))) {
        let message = "the Ray head, which runs jobs for whoever asks, is reachable from outside the cluster";
        issue::report(
            text,
            notes,
            [Issue::new(&EXPOSED_SERVICE, kind.span(), message)
                .severity(Severity::High)
                .confidence(Confidence::Medium)],
        );
    }
}

fn issues(environment: Node<'_>) -> Vec<Issue> {
    let pip = environment.get("pip");
    let listed = pip.and_then(|pip| pip.get("packages")).or(pip).into_iter().flat_map(Node::items);
    let packages = listed.chain(environment.get("uv").into_iter().flat_map(Node::items));
    let mut found: Vec<Issue> = packages
        .filter_map(|package| Some((package.span(), requirement(package.as_str()?, package.span().start)?)))
        .flat_map(|(span, dependency)| {
            let issues = judged(&dependency, Purpose::Deployment);
            issues.into_iter().map(move |issue| Issue { span: span.clone(), ..issue })
        })
        .collect();
    for entry in environment.get("env_vars").map(Node::entries).unwrap_or_default() {
        let value = entry.value.as_str().unwrap_or_default();
        found.extend(variable::issues(entry.name(), value, &entry.value.span()));
    }
    let code = ["working_dir", "py_modules"].into_iter().filter_map(|key| environment.get(key));
    for source in code.flat_map(Node::items_or_self) {
        let Some(address) = source.as_str().filter(|address| moves(address)) else { continue };
        let message =
            format!("every node runs the code that `{}` holds when it starts", printable(address, 100));
        found.push(Issue::new(&UNPINNED_SOURCE, source.span(), message).severity(Severity::Medium));
    }
    found
}

/// Whether an archive of a forge names a branch or a tag and no commit.
fn moves(address: &str) -> bool {
    let Some((_, archive)) = address.split_once("/archive/") else { return false };
    let reference = archive.rsplit('/').next().unwrap_or(archive);
    let reference = reference.strip_suffix(".zip").or_else(|| reference.strip_suffix(".tar.gz"));
    address.contains("://") && !is_commit(reference.unwrap_or(archive))
}

#[cfg(test)]
mod tests {
    use crate::testing::lines;

    fn found(text: &str) -> Vec<(u32, &'static str)> {
        lines("ray.yaml", text)
    }

    #[test]
    fn applications_of_ray_serve_and_clusters_are_judged() {
        let serve = "applications:\n- name: a\n  import_path: m:app\n  runtime_env:\n    working_dir: https://git.example/a/b/archive/HEAD.zip\n    env_vars: {HF_TOKEN: hf_AbCdEfGhIjKlMnOpQrStUvWxYz01234567}\n  args:\n    llm_configs:\n    - model_loading_config:\n        model_id: short/name\n        model_source: acme/net\n      engine_kwargs:\n        trust_remote_code: true\n";
        assert_eq!(
            lines("serve.yaml", serve),
            [(5, "unpinned-source"), (6, "secret"), (11, "unpinned-model"), (13, "remote-code")]
        );
        let inside: Vec<String> = serve.lines().map(|line| format!("    {line}\n")).collect();
        let inside = inside.concat();
        let text = format!(
            "apiVersion: ray.io/v1\nkind: RayService\nspec:\n  serveConfigV2: |\n{inside}  rayClusterConfig:\n    headGroupSpec:\n      serviceType: LoadBalancer\n"
        );
        assert_eq!(
            found(&text),
            [
                (9, "unpinned-source"),
                (10, "secret"),
                (15, "unpinned-model"),
                (17, "remote-code"),
                (20, "exposed-service")
            ]
        );
        let cluster = "cluster_name: c\nprovider: {type: aws}\ndocker:\n  image: acme/ray:latest-gpu\nsetup_commands:\n- pip install --require-hashes -r r.txt\n- curl -s https://x.example/i.sh | bash\nhead_start_ray_commands:\n- ray start --head --dashboard-host=0.0.0.0\n";
        assert_eq!(
            lines("cluster.yaml", cluster),
            [(4, "unpinned-image"), (7, "curl-pipe-shell"), (9, "exposed-service")]
        );
    }

    #[test]
    fn what_ray_installs_on_every_node_is_judged() {
        let head = "apiVersion: ray.io/v1\nkind: RayService\nmetadata: {name: r}\nspec:\n  serveConfigV2: |\n    applications:\n      - name: a\n        runtime_env:\n";
        let env = "          working_dir: https://git.example/a/b/archive/main.zip\n          pip: [torch]\n";
        assert_eq!(found(&format!("{head}{env}")), [(9, "unpinned-source"), (10, "unpinned-package")]);
        let commit = "0123456789abcdef0123456789abcdef01234567";
        let pinned = format!(
            "          working_dir: https://git.example/a/b/archive/{commit}.zip\n          pip: [torch==2.4.0]\n"
        );
        assert_eq!(found(&format!("{head}{pinned}")), []);
    }
}
