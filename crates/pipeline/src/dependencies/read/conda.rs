//! Environments of conda, and the requirements of pip inside them.

use super::requirements::requirement;
use crate::Text;
use crate::dependencies::{Dependencies, Dependency, Ecosystem, Pin, Purpose};
use crate::yaml::{Node, Yaml};

/// Reads an `environment.yml`. Its packages are compared with those of Python by name; those without one there match nothing.
pub(super) fn environment(text: &Text<'_>) -> Dependencies {
    let mut found = Dependencies::new(Purpose::Deployment);
    let yaml = Yaml::read(text.content);
    found.stops.extend(yaml.stops.iter().map(|stop| (stop.offset, stop.reason.clone())));
    for channel in yaml.root().and_then(|root| root.get("channels")).into_iter().flat_map(Node::items) {
        super::requirements::index(
            "--index-url",
            channel.as_str().unwrap_or_default(),
            channel.span(),
            &mut found,
        );
    }
    let Some(listed) = yaml.root().and_then(|root| root.get("dependencies")) else { return found };
    for item in listed.items() {
        let span = item.span();
        if let Some(written) = item.as_str() {
            let bare = written.rsplit("::").next().unwrap_or(written).trim();
            let end = bare.find(['=', '<', '>', '!', '~', ' ', '[']).unwrap_or(bare.len());
            let name = bare.get(..end).unwrap_or_default();
            let rest = bare.get(end..).unwrap_or_default().trim();
            // The interpreter and tools of the environment follow its channel.
            if matches!(name, "python" | "pip" | "") {
                continue;
            }
            let version = rest.trim_start_matches('=').split('=').next().unwrap_or_default();
            let pin = if rest.is_empty() {
                Pin::None
            } else if rest.starts_with('=') && !version.contains('*') && version.contains('.') {
                Pin::Exact(version.to_owned())
            } else {
                Pin::Range(rest.to_owned())
            };
            found.dependencies.push(Dependency {
                ecosystem: Ecosystem::PyPi,
                name: as_on_pypi(&Ecosystem::PyPi.normal(name)).to_owned(),
                span,
                pin,
                hashed: true,
            });
            continue;
        }
        for line in item.get("pip").into_iter().flat_map(|pip| pip.items().collect::<Vec<_>>()) {
            let written = line.as_str().unwrap_or_default();
            if written.starts_with('-') {
                super::requirements::option(written, line.span().start, &mut found);
                continue;
            }
            found.dependencies.extend(requirement(written, line.span().start).map(|dependency| Dependency {
                span: line.span(),
                hashed: true,
                ..dependency
            }));
        }
    }
    found
}

/// The name on PyPI of what conda's channels call `name`.
fn as_on_pypi(name: &str) -> &str {
    match name {
        "pytorch" | "pytorch-gpu" | "pytorch-cpu" => "torch",
        "opencv" | "py-opencv" | "libopencv" => "opencv-python",
        "tensorflow-gpu" | "tensorflow-cpu" => "tensorflow",
        "faiss" => "faiss-cpu",
        "py-xgboost" => "xgboost",
        "msgpack-python" => "msgpack",
        "pytables" => "tables",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_channels_of_conda_are_known() {
        let content =
            "channels:\n  - conda-forge\n  - http://conda.example/ch\ndependencies:\n  - pytorch=2.4.0\n";
        let found = environment(&Text::new("environment.yml", content));
        assert_eq!(found.dependencies.first().map(|one| one.name.as_str()), Some("torch"));
        assert_eq!(found.issues.len(), 1);
    }

    #[test]
    fn packages_of_conda_and_of_pip_are_read() {
        let content = "dependencies:\n  - python=3.11\n  - numpy\n  - conda-forge::scipy=1.11.0\n  - pip:\n    - torch==2.1.0\n";
        let found: Vec<(String, Pin)> = environment(&Text::new("environment.yml", content))
            .dependencies
            .into_iter()
            .map(|found| (found.name, found.pin))
            .collect();
        assert_eq!(
            found,
            [
                ("numpy".to_owned(), Pin::None),
                ("scipy".to_owned(), Pin::Exact("1.11.0".to_owned())),
                ("torch".to_owned(), Pin::Exact("2.1.0".to_owned())),
            ]
        );
    }

    #[test]
    fn options_of_pip_among_its_packages_are_judged() {
        let content = "dependencies:\n  - pip:\n    - --trusted-host pypi.acme.dev\n    - --index-url http://pypi.acme.dev/simple\n    - torch==2.1.0\n";
        let found = environment(&Text::new("environment.yml", content));
        assert_eq!((found.issues.len(), found.dependencies.len()), (2, 1));
    }
}
