//! Reading files of dependencies: which reader a file name has, and [`read`].

mod conda;
mod json;
mod requirements;
mod toml;
mod yarn;

pub(crate) use requirements::requirement;

use super::Dependencies;
use crate::Text;

/// The dependencies that `text` names, `None` when its name is that of no such file.
pub fn read(text: &Text<'_>) -> Option<Dependencies> {
    Some(sort(text)?(text))
}

/// Reads `text` as a requirements file, whatever it is called.
pub(super) fn requirements(text: &Text<'_>) -> Dependencies {
    requirements::read(text)
}

/// Whether its name is that of a file of dependencies.
pub(super) fn is_manifest(text: &Text<'_>) -> bool {
    sort(text).is_some()
}

type Read = fn(&Text<'_>) -> Dependencies;

fn sort(text: &Text<'_>) -> Option<Read> {
    let name = text.file_name().to_ascii_lowercase();
    Some(match name.as_str() {
        "pyproject.toml" => toml::pyproject,
        "pipfile" => toml::pipfile,
        "pixi.toml" => toml::pixi,
        "uv.toml" => toml::uv_settings,
        "pip.conf" | "pip.ini" => requirements::pip_conf,
        "cargo.toml" => toml::cargo,
        "poetry.lock" | "uv.lock" | "pdm.lock" => toml::python_lock,
        "cargo.lock" => toml::cargo_lock,
        "package.json" => json::package,
        "package-lock.json" | "npm-shrinkwrap.json" => json::package_lock,
        "pipfile.lock" => json::pipfile_lock,
        "pnpm-lock.yaml" => json::pnpm_lock,
        "yarn.lock" => yarn::lock,
        "setup.cfg" => requirements::setup_cfg,
        "environment.yml" | "environment.yaml" | "conda.yml" | "conda.yaml" => conda::environment,
        _ => {
            let extension = text.extension();
            let written = matches!(extension, "txt" | "in" | "lock" | "pip" | "req");
            let listed = written && text.name.to_ascii_lowercase().contains("requirements/");
            let named = name.contains("requirements") || name.contains("constraints");
            let is_list = written && (listed || named || requirements::is_list(text));
            return is_list.then_some(requirements::read as Read);
        }
    })
}
