//! Classes that `modules.json` and `model_index.json` name, for Sentence Transformers and Diffusers to import.
//!
//! Sentence Transformers imports the dotted `type` of each module, from the model's repository when a file there
//! carries that name. Diffusers imports the library of each `["library", "Class"]` component, unless it is one of its
//! own pipeline modules or a file in the component's folder. Source: `SentenceTransformer._load_sbert_model`,
//! `diffusers.pipelines.pipeline_loading_utils`. Linear time.

use super::hf_config::REMOTE_CODE;
use crate::call;
use crate::wire::json::Reader;
use crate::{Input, Siblings};
use bartizan_core::{Finding, Severity};

/// Which library reads a configuration of this name, and so what its strings import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// A list of modules with a `type` each.
    Modules,
    /// A router's `types`, by module.
    Router,
    /// Components of a pipeline.
    Pipeline,
    /// Settings that name an activation by its dotted path.
    Other,
}

/// Follows one configuration for classes that are imported.
pub(super) struct ClassImports<'a> {
    layout: Layout,
    siblings: &'a dyn Siblings,
    /// The library of the pair being read.
    library: String,
}

impl<'a> ClassImports<'a> {
    pub(super) fn new(input: &Input<'a>) -> Self {
        let layout = match input.file_name() {
            "modules.json" => Layout::Modules,
            "router_config.json" => Layout::Router,
            "model_index.json" | "modular_model_index.json" => Layout::Pipeline,
            _ => Layout::Other,
        };
        Self { layout, siblings: input.siblings, library: String::new() }
    }

    /// What importing the class that the string `text` names means, if it names one of a foreign package.
    pub(super) fn string(&mut self, text: &str, reader: &Reader<'_>) -> Option<Finding> {
        let key = |depth: usize| reader.key_at(depth).map(|key| key.text());
        match self.layout {
            Layout::Modules if reader.depth() == 2 && key(1).as_deref() == Some("type") => {
                self.module(text, "type")
            }
            Layout::Router if reader.depth() == 2 && key(0).as_deref() == Some("types") => {
                self.module(text, "types")
            }
            Layout::Pipeline if reader.depth() == 2 => {
                let component = key(0)?.into_owned();
                match reader.index() {
                    Some(0) => {
                        text.clone_into(&mut self.library);
                        None
                    }
                    Some(1) => {
                        let library = std::mem::take(&mut self.library);
                        self.component(&component, &library, text)
                    }
                    _ => None,
                }
            }
            Layout::Other => {
                let setting = reader.nearest_key()?.text();
                let is_activation = matches!(
                    &*setting,
                    "activation_function" | "activation_fn" | "sbert_ce_default_activation_function"
                );
                let top = text.split('.').next().unwrap_or_default();
                let is_plain = !text.contains('.') || ACTIVATIONS.contains(&top);
                if is_activation && (!is_plain || reaches_gadget(text, true)) {
                    self.module(text, &setting)
                } else {
                    None
                }
            }
            _ => None,
        }
    }

    /// A dotted class that Sentence Transformers imports.
    fn module(&self, class: &str, setting: &str) -> Option<Finding> {
        if let Some((repository, class)) = class.split_once("--") {
            let message = format!("`{setting}` loads `{class}` from another repository, `{repository}`");
            return Some(Finding::new(&REMOTE_CODE, message));
        }
        let (module, _) = class.rsplit_once('.').filter(|_| is_path(class))?;
        let top = module.split('.').next().unwrap_or_default();
        let is_known = SENTENCE_LIBRARIES.contains(&top) || (setting != "type" && ACTIVATIONS.contains(&top));
        let path = module.replace('.', "/");
        let beside = [format!("{path}.py"), format!("{path}/__init__.py"), format!("{top}.py")];
        self.finding(class, setting, is_known, &beside)
    }

    /// A component that Diffusers imports.
    fn component(&self, component: &str, library: &str, class: &str) -> Option<Finding> {
        if component == "_class_name" {
            // `["file", "Class"]` in place of a name: the pipeline itself comes from the repository.
            let message = format!("`{component}` loads the pipeline `{class}` from `{library}.py`");
            let beside = [format!("{library}.py")];
            let found = self.beside(&beside).is_some();
            return Some(graded(Finding::new(&REMOTE_CODE, message).evidence(library), found));
        }
        if component.starts_with('_') || !is_path(library) {
            return None;
        }
        let top = library.split('.').next().unwrap_or_default();
        let is_known = LIBRARIES.contains(&top) || PIPELINES.contains(&library);
        let beside = [
            format!("{component}/{library}.py"),
            format!("{library}.py"),
            format!("{}/__init__.py", library.replace('.', "/")),
        ];
        self.finding(&format!("{library}.{class}"), component, is_known, &beside)
    }

    fn finding(&self, class: &str, setting: &str, is_known: bool, beside: &[String]) -> Option<Finding> {
        let shadowed = self.beside(beside);
        let message = if reaches_gadget(class, is_known) {
            format!(
                "`{setting}` makes the loader import `{class}`, which is no part of a model but can run code"
            )
        } else if is_known {
            // Libraries come before files of the same name.
            return None;
        } else if let Some(file) = shadowed {
            format!(
                "`{setting}` makes the loader import `{class}`, whose code is the file `{file}` beside it"
            )
        } else {
            let message = format!(
                "`{setting}` makes the loader import `{class}`, of a package that is not the loader's own"
            );
            return Some(Finding::new(&REMOTE_CODE, message).evidence(class));
        };
        Some(graded(Finding::new(&REMOTE_CODE, message).evidence(class), true))
    }

    fn beside<'p>(&self, paths: &'p [String]) -> Option<&'p str> {
        paths.iter().map(String::as_str).find(|path| self.siblings.look_up(path).is_some())
    }
}

fn graded(finding: Finding, is_high: bool) -> Finding {
    if is_high { finding.severity(Severity::High) } else { finding }
}

/// Whether `class`, or what a module on the way to it imports, is known to run code.
fn reaches_gadget(class: &str, is_known: bool) -> bool {
    // A class of the loader's own library counts only for what it reaches through that library's imports.
    call::reached_through(class, usize::from(is_known), Severity::High).is_some()
}

fn is_path(text: &str) -> bool {
    let is_name = |part: &str| {
        part.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && part.chars().all(|c| c.is_alphanumeric() || c == '_')
    };
    text.len() < 512 && text.split('.').all(is_name)
}

/// Packages whose modules `modules.json` names.
const SENTENCE_LIBRARIES: &[&str] = &["sentence_transformers", "pylate"];
/// Packages that activations come from, by their usual names.
const ACTIVATIONS: &[&str] = &[
    "torch",
    "nn",
    "F",
    "transformers",
    "sentence_transformers",
    "tf",
    "tensorflow",
    "keras",
    "jax",
    "flax",
    "mlx",
];
/// Packages that components of Diffusers pipelines come from.
const LIBRARIES: &[&str] = &[
    "diffusers",
    "transformers",
    "optimum",
    "onnxruntime",
    "flax",
    "torch",
    "peft",
    "tokenizers",
    "accelerate",
    "bitsandbytes",
    "torchao",
    "k_diffusion",
    "controlnet_aux",
    "image_gen_aux",
    "timm",
];
/// Pipeline modules inside Diffusers that a component may name in place of a package.
const PIPELINES: &[&str] = &[
    "alt_diffusion",
    "amused",
    "animatediff",
    "audio_diffusion",
    "audioldm",
    "audioldm2",
    "aura_flow",
    "blip_diffusion",
    "cogvideo",
    "consistency_models",
    "controlnet",
    "controlnet_sd3",
    "controlnet_xs",
    "deepfloyd_if",
    "flux",
    "hunyuan_video",
    "hunyuandit",
    "i2vgen_xl",
    "kandinsky",
    "kandinsky2_2",
    "kandinsky3",
    "kolors",
    "latent_consistency_models",
    "latent_diffusion",
    "ledits_pp",
    "ltx",
    "lumina",
    "marigold",
    "mochi",
    "musicldm",
    "paint_by_example",
    "pia",
    "pixart_alpha",
    "sana",
    "semantic_stable_diffusion",
    "shap_e",
    "spectrogram_diffusion",
    "stable_audio",
    "stable_cascade",
    "stable_diffusion",
    "stable_diffusion_3",
    "stable_diffusion_gligen",
    "stable_diffusion_k_diffusion",
    "stable_diffusion_ldm3d",
    "stable_diffusion_panorama",
    "stable_diffusion_safe",
    "stable_diffusion_sag",
    "stable_diffusion_xl",
    "stable_video_diffusion",
    "t2i_adapter",
    "text_to_video_synthesis",
    "unclip",
    "unidiffuser",
    "versatile_diffusion",
    "vq_diffusion",
    "wan",
    "wuerstchen",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::hf_config::HfConfig;
    use crate::formats::testing::outcome_named;
    use crate::{FolderSiblings, scan_as};
    use bartizan_core::{Limits, MonotonicClock};

    fn findings(name: &str, text: &str) -> Vec<(&'static str, Severity)> {
        let outcome = outcome_named(&HfConfig, name, text.as_bytes());
        outcome.findings.iter().map(|finding| (finding.rule.id, finding.severity)).collect()
    }

    fn modules(class: &str) -> String {
        format!(r#"[{{"idx": 0, "name": "0", "path": "", "type": "{class}"}}]"#)
    }

    fn component(library: &str, class: &str) -> String {
        format!(
            r#"{{"_class_name": "StableDiffusionPipeline", "_diffusers_version": "0.30.0", "safety_checker": [null, null], "unet": ["{library}", "{class}"]}}"#
        )
    }

    #[test]
    fn sentence_transformers_of_its_own_package_are_silent_and_foreign_ones_are_not() {
        for class in [
            "sentence_transformers.models.Transformer",
            "sentence_transformers.models.Pooling",
            "sentence_transformers.sparse_encoder.models.SpladePooling",
            "pylate.models.Dense.Dense",
        ] {
            assert_eq!(findings("modules.json", &modules(class)), [], "{class}");
        }
        for (class, severity) in [
            ("custom_st.Transformer", Severity::Medium),
            ("sentence_transformersx.models.Transformer", Severity::Medium),
            ("someone/else--custom_st.Transformer", Severity::Medium),
            ("subprocess.Popen", Severity::High),
            ("sentence_transformers.util.os.system", Severity::High),
        ] {
            assert_eq!(findings("modules.json", &modules(class)), [(REMOTE_CODE.id, severity)], "{class}");
        }
        assert_eq!(findings("other.json", &modules("custom_st.Transformer")), []);
        let router = r#"{"types": {"query_0_X": "evil_pkg.Router"}, "structure": {"query": ["query_0_X"]}}"#;
        assert_eq!(findings("router_config.json", router), [(REMOTE_CODE.id, Severity::Medium)]);
    }

    #[test]
    fn activations_are_imported_only_when_dotted() {
        let setting =
            |value: &str| findings("config.json", &format!(r#"{{"activation_function": "{value}"}}"#));
        assert_eq!(setting("torch.nn.modules.activation.Tanh"), []);
        assert_eq!(setting("gelu_new"), []);
        assert_eq!(setting("evil_pkg.Tanh"), [(REMOTE_CODE.id, Severity::Medium)]);
        assert_eq!(setting("os.system"), [(REMOTE_CODE.id, Severity::High)]);
    }

    #[test]
    fn pipelines_of_diffusers_and_its_companions_are_silent_and_foreign_ones_are_not() {
        for (library, class) in [
            ("diffusers", "UNet2DConditionModel"),
            ("transformers", "CLIPTextModel"),
            ("stable_diffusion", "StableDiffusionSafetyChecker"),
            ("optimum", "OVModelUnet"),
            ("onnxruntime", "InferenceSession"),
        ] {
            assert_eq!(findings("model_index.json", &component(library, class)), [], "{library}");
        }
        for (library, class, severity) in [
            ("evil_pkg", "Unet", Severity::Medium),
            ("transformers_modules.x", "Unet", Severity::Medium),
            ("os", "system", Severity::High),
        ] {
            let found = findings("model_index.json", &component(library, class));
            assert_eq!(found, [(REMOTE_CODE.id, severity)], "{library}");
        }
        let custom = r#"{"_class_name": ["pipeline", "Mine"], "scale": [0.5, 1]}"#;
        assert_eq!(findings("model_index.json", custom), [(REMOTE_CODE.id, Severity::Medium)]);
    }

    #[test]
    fn code_beside_the_configuration_is_high() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("unet")).unwrap();
        for file in ["custom_st.py", "unet/my_unet.py"] {
            std::fs::write(folder.path().join(file), "x = 1\n").unwrap();
        }
        let worst = |name: &str, text: &str| {
            let path = folder.path().join(name);
            let siblings = FolderSiblings::new(&path, folder.path());
            let input = Input { siblings: &siblings, ..Input::new(name, text.as_bytes()) };
            let outcome = scan_as(&HfConfig, &input, &Limits::default(), &MonotonicClock::start());
            outcome.findings.iter().map(|finding| finding.severity).max()
        };
        assert_eq!(worst("modules.json", &modules("custom_st.Transformer")), Some(Severity::High));
        assert_eq!(worst("modules.json", &modules("other_st.Transformer")), Some(Severity::Medium));
        assert_eq!(worst("model_index.json", &component("my_unet", "Unet")), Some(Severity::High));
        assert_eq!(worst("model_index.json", &component("diffusers", "Unet")), None);
    }
}
