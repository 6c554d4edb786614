//! What Ray installs and fetches on every node before it runs: its runtime environments.
//!
//! Source: Ray documentation, *Environment Dependencies* (`runtime_env`); KubeRay, `serveConfigV2` and `runtimeEnvYAML`.

use crate::address::is_commit;
use crate::dependencies::{Purpose, judged, requirement};
use crate::rules::UNPINNED_SOURCE;
use crate::yaml::{Node, Yaml};
use crate::{Issue, Notes, Text, issue};
use bartizan_core::printable;

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
    let code = ["working_dir", "py_modules"].into_iter().filter_map(|key| environment.get(key));
    for source in code.flat_map(Node::items_or_self) {
        let Some(address) = source.as_str().filter(|address| moves(address)) else { continue };
        let message =
            format!("every node runs the code that `{}` holds when it starts", printable(address, 100));
        found.push(Issue::new(&UNPINNED_SOURCE, source.span(), message));
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
