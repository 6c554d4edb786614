//! The machine under a run: operating system, processor, accelerators, container. Read from the system's own files.

use super::{Surroundings, ask};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Instruction sets that decide which kernel a numeric library picks.
const FEATURES: [&str; 22] = [
    "sse4_2",
    "avx",
    "avx2",
    "fma",
    "f16c",
    "avx512f",
    "avx512bw",
    "avx512dq",
    "avx512vl",
    "avx512_vnni",
    "avx512_bf16",
    "avx512_fp16",
    "avx_vnni",
    "amx_tile",
    "amx_int8",
    "amx_bf16",
    "asimd",
    "asimdhp",
    "asimddp",
    "sve",
    "sve2",
    "bf16",
];

/// The operating system.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct System {
    /// `linux`, `macos`, `windows`.
    pub name: String,
    /// Release of the kernel.
    pub kernel: String,
    /// Distribution and its version.
    pub distribution: String,
    /// `x86_64`, `aarch64`.
    pub architecture: String,
}

/// The processor.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Processor {
    /// Its name.
    pub model: String,
    /// Instruction sets that matter to numeric libraries, in order of name.
    pub features: Vec<String>,
}

/// Accelerators.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Accelerators {
    /// Version of the driver.
    pub driver: String,
    /// The devices, in the driver's order.
    pub devices: Vec<Device>,
}

/// One accelerator.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Device {
    /// Model.
    pub model: String,
    /// Serial identity.
    pub uuid: String,
}

/// The container.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Container {
    /// What runs it, as far as it tells.
    pub runtime: String,
    /// Its identity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Name of its image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Digest of its image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_digest: Option<String>,
}

fn read(root: &Path, path: &str) -> Option<String> {
    fs::read_to_string(root.join(path)).ok()
}

/// The operating system below `root`.
pub(super) fn system(root: &Path) -> System {
    let release = read(root, "etc/os-release").unwrap_or_default();
    let field = |name: &str| {
        let value = release.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='))?;
        Some(value.trim_matches(['"', '\'']).to_owned())
    };
    System {
        name: std::env::consts::OS.to_owned(),
        kernel: read(root, "proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned(),
        distribution: field("PRETTY_NAME").unwrap_or_default(),
        architecture: std::env::consts::ARCH.to_owned(),
    }
}

/// The processor below `root`.
pub(super) fn processor(root: &Path) -> Processor {
    let text = read(root, "proc/cpuinfo").unwrap_or_default();
    let field = |names: &[&str]| {
        text.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            names.contains(&name.trim()).then(|| value.trim().to_owned())
        })
    };
    let flags = field(&["flags", "Features"]).unwrap_or_default();
    let mut features: Vec<String> =
        flags.split_whitespace().filter(|flag| FEATURES.contains(flag)).map(str::to_owned).collect();
    features.sort();
    Processor { model: field(&["model name", "CPU part"]).unwrap_or_default(), features }
}

/// The accelerators: from the driver's files, else from its program when one is on the path.
pub(super) fn accelerators(at: &Surroundings<'_>, gaps: &mut Vec<String>) -> Option<Accelerators> {
    let folder = at.system.join("proc/driver/nvidia");
    if folder.is_dir() {
        let version = read(&folder, "version").unwrap_or_default();
        let mut places: Vec<_> = fs::read_dir(folder.join("gpus")).into_iter().flatten().flatten().collect();
        places.sort_by_key(fs::DirEntry::file_name);
        let devices = places.into_iter().filter_map(|place| {
            let text = read(&place.path(), "information")?;
            let field = |name: &str| {
                text.lines().find_map(|line| line.strip_prefix(name)?.trim_start().strip_prefix(':'))
            };
            Some(Device {
                model: field("Model")?.trim().to_owned(),
                uuid: field("GPU UUID").unwrap_or_default().trim().to_owned(),
            })
        });
        return Some(Accelerators {
            driver: driver_version(&version).to_owned(),
            devices: devices.collect(),
        });
    }
    let search = at.variable("PATH");
    let program = crate::run::child::resolve("nvidia-smi".as_ref(), at.directory, search)?;
    let mut command = Command::new(program);
    command.args(["--query-gpu=driver_version,name,uuid", "--format=csv,noheader"]);
    let answer = ask(command).map_err(|reason| gaps.push(format!("accelerators: {reason}"))).ok()?;
    let mut accelerators = Accelerators::default();
    for line in answer.lines() {
        let mut fields = line.splitn(3, ',').map(str::trim);
        let (Some(driver), Some(model), Some(uuid)) = (fields.next(), fields.next(), fields.next()) else {
            continue;
        };
        driver.clone_into(&mut accelerators.driver);
        accelerators.devices.push(Device { model: model.to_owned(), uuid: uuid.to_owned() });
    }
    Some(accelerators)
}

/// `550.54.15` of `NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar  5 …`.
fn driver_version(text: &str) -> &str {
    let is_version = |word: &&str| {
        word.contains('.')
            && word.split('.').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
    };
    text.split_whitespace().find(is_version).unwrap_or_default()
}

/// The container: what the runtime leaves behind in its files, and hints in variables.
pub(super) fn container(at: &Surroundings<'_>) -> Option<Container> {
    let mut container = Container::default();
    let variable = |name: &str| at.variable(name).map(|value| value.to_string_lossy().into_owned());
    if let Some(text) = read(at.system, "run/.containerenv") {
        let field = |name: &str| {
            let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='))?;
            Some(value.trim_matches('"').to_owned()).filter(|value| !value.is_empty())
        };
        "podman".clone_into(&mut container.runtime);
        container.id = field("id");
        container.image = field("image");
        container.image_digest = field("imageid").map(|id| format!("sha256:{id}"));
    } else if at.system.join(".dockerenv").exists() {
        "docker".clone_into(&mut container.runtime);
    }
    let groups = read(at.system, "proc/self/cgroup").unwrap_or_default();
    let mounts = read(at.system, "proc/self/mountinfo").unwrap_or_default();
    // A mount of the whole disk names other containers' folders too: only what is mounted over our own files counts.
    let own = ["/etc/hostname", "/etc/hosts", "/etc/resolv.conf"];
    let own_mounts = mounts.lines().filter(|line| {
        let mut fields = line.split(' ').skip(3);
        let (_, point) = (fields.next(), fields.next());
        point.is_some_and(|point| own.contains(&point))
    });
    if container.id.is_none() {
        container.id = groups.lines().chain(own_mounts).find_map(|line| {
            let mut parts = line.split(['/', ':', '-', '.', ' ']);
            parts
                .find(|part| part.len() == 64 && part.bytes().all(|byte| byte.is_ascii_hexdigit()))
                .map(str::to_owned)
        });
    }
    if container.runtime.is_empty() {
        let known = [("kubepods", "kubernetes"), ("docker", "docker"), ("libpod", "podman"), ("lxc", "lxc")];
        let found = known.iter().find(|(word, _)| groups.contains(word)).map(|(_, name)| *name);
        let in_cluster = variable("KUBERNETES_SERVICE_HOST").map(|_| "kubernetes");
        if let Some(name) = in_cluster.or(found) {
            name.clone_into(&mut container.runtime);
        }
    }
    container.image = container.image.or_else(|| variable("CONTAINER_IMAGE"));
    container.image_digest = container.image_digest.or_else(|| variable("CONTAINER_IMAGE_DIGEST"));
    (container != Container::default()).then_some(container)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsString;

    fn write(root: &Path, path: &str, text: &str) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn at<'a>(root: &'a Path, variables: &'a [(OsString, OsString)]) -> Surroundings<'a> {
        Surroundings { command: &[], program: root, directory: root, variables, allowed: &[], system: root }
    }

    #[test]
    fn system_and_processor_are_read() {
        let root = tempfile::tempdir().unwrap();
        write(
            root.path(),
            "proc/cpuinfo",
            "processor : 0\nmodel name\t: Some CPU\nflags\t\t: fpu avx2 fma sse4_2\n\n",
        );
        write(root.path(), "etc/os-release", "NAME=x\nPRETTY_NAME=\"Some Linux 1\"\n");
        write(root.path(), "proc/sys/kernel/osrelease", "6.1.0\n");
        assert_eq!(processor(root.path()).features, ["avx2", "fma", "sse4_2"]);
        assert_eq!(system(root.path()).distribution, "Some Linux 1");
        assert_eq!(system(root.path()).kernel, "6.1.0");
    }

    #[test]
    fn accelerators_are_read_from_the_driver() {
        let root = tempfile::tempdir().unwrap();
        let line =
            "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar  5 22:23:56 UTC 2024\n";
        write(root.path(), "proc/driver/nvidia/version", line);
        let gpu = "Model: \t\t Some GPU\nIRQ:   1\nGPU UUID: \t GPU-1234\n";
        write(root.path(), "proc/driver/nvidia/gpus/0000:01:00.0/information", gpu);
        let found = accelerators(&at(root.path(), &[]), &mut Vec::new()).unwrap();
        assert_eq!(found.driver, "550.54.15");
        assert_eq!(found.devices, [Device { model: "Some GPU".to_owned(), uuid: "GPU-1234".to_owned() }]);
    }

    #[test]
    fn a_container_is_recognised_and_a_plain_machine_is_none() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(container(&at(root.path(), &[])), None);
        let id = "ab".repeat(32);
        write(root.path(), "proc/self/cgroup", &format!("0::/system.slice/docker-{id}.scope\n"));
        let found = container(&at(root.path(), &[])).unwrap();
        assert_eq!((found.runtime.as_str(), found.id.as_deref()), ("docker", Some(id.as_str())));
        write(
            root.path(),
            "run/.containerenv",
            "engine=\"podman-5\"\nid=\"1\"\nimage=\"i\"\nimageid=\"2\"\n",
        );
        assert_eq!(container(&at(root.path(), &[])).unwrap().image_digest.as_deref(), Some("sha256:2"));
    }

    #[test]
    fn another_containers_folder_on_a_mounted_disk_is_not_ours() {
        let root = tempfile::tempdir().unwrap();
        let id = "ab".repeat(32);
        let mount = |point: &str| {
            format!("1 2 8:1 /var/lib/docker/containers/{id}/x {point} rw - ext4 /dev/sda rw\n")
        };
        write(root.path(), "proc/self/mountinfo", &mount("/mnt/backup"));
        assert_eq!(container(&at(root.path(), &[])), None);
        write(root.path(), "proc/self/mountinfo", &mount("/etc/hostname"));
        assert_eq!(container(&at(root.path(), &[])).unwrap().id, Some(id));
    }
}
