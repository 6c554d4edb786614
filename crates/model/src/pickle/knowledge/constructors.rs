//! Classes that are safe to make without running their constructor, as NEWOBJ does, but not to call with anything:
//! the constructor evaluates, downloads or opens what it is given.
//!
//! Source: the constructors of the named classes. Serialisers write NEWOBJ for them; a call of the class is somebody's
//! own doing, so that what it is given decides.

use super::safe::CLASSES;
use Constructor::{Compiles, Evaluates, Loads, Reads};

/// What a constructor does with its arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Constructor {
    /// Evaluates strings of a configuration as Python source.
    Evaluates,
    /// Compiles and runs source made from an object it is given.
    Compiles,
    /// Loads a model, and the pickles or code in it, by name, path or address.
    Loads,
    /// Opens a file or an address.
    Reads,
}

impl Constructor {
    /// What it does, as a verb phrase that follows the name.
    pub fn why(self) -> &'static str {
        match self {
            Self::Evaluates => "evaluates strings of its configuration as Python source",
            Self::Compiles => "compiles and runs the source it makes of its arguments",
            Self::Loads => "loads the model that its argument names",
            Self::Reads => "opens the file or address that its argument names",
        }
    }
}

/// What the constructor of the class `name` of `module` does, when it does more than fill in attributes.
pub fn constructor(module: &str, name: &str) -> Option<Constructor> {
    let last = name.rsplit('.').next().unwrap_or_default();
    if last.ends_with("GraphModule") {
        return Some(Compiles);
    }
    let found = TABLE.iter().find(|(package, names, _)| {
        let below = module.strip_prefix(package);
        let is_home = below.is_some_and(|below| below.is_empty() || below.starts_with('.'));
        is_home && names.iter().any(|&listed| listed == CLASSES || listed == last)
    });
    found.map(|&(_, _, constructor)| constructor)
}

/// Package, classes in and below it, what their constructors do. First match wins.
static TABLE: &[(&str, &[&str], Constructor)] = &[
    // `parse_model` evaluates the module names and arguments of the configuration.
    ("models.yolo", &[CLASSES], Evaluates),
    ("ultralytics.nn.tasks", &[CLASSES], Evaluates),
    // Renders its description of the arguments into source.
    ("torch_geometric.nn", &["Sequential"], Evaluates),
    ("torch_geometric.nn", &["SentenceTransformer", "LLM", "VisionTransformer"], Loads),
    ("ultralytics.models", &[CLASSES], Loads),
    ("ultralytics.nn.modules", &["TorchVision"], Loads),
    ("sentence_transformers", &[CLASSES], Loads),
    ("flair.embeddings", &[CLASSES], Loads),
    ("keybert", &[CLASSES], Loads),
    ("bertopic", &[CLASSES], Loads),
    ("torchmetrics", &["BERTScore", "CLIPImageQualityAssessment", "CLIPScore", "InfoLM"], Loads),
    (
        "trl.trainer",
        &["SFTTrainer", "DPOTrainer", "GRPOTrainer", "RewardTrainer", "KTOTrainer", "ORPOTrainer"],
        Loads,
    ),
    // The vocabulary file is a pickle.
    ("pytorch_transformers", &["TransfoXLCorpus", "TransfoXLTokenizer"], Loads),
    ("pytorch_pretrained_bert", &["TransfoXLCorpus", "TransfoXLTokenizer"], Loads),
    (
        "transformers.models",
        &["TransfoXLCorpus", "TransfoXLTokenizer", "RagRetriever", "LegacyIndex", "CustomHFIndex"],
        Loads,
    ),
    ("nltk.tag.perceptron", &["PerceptronTagger"], Loads),
    ("keras.layers", &["TFSMLayer"], Loads),
    ("keras.layers", &[CLASSES], Reads),
    ("gensim", &["Similarity", "Shard"], Loads),
    ("gensim", &[CLASSES], Reads),
    ("torchtext.vocab", &[CLASSES], Reads),
    ("pytorch_transformers", &[CLASSES], Reads),
    ("pytorch_pretrained_bert", &[CLASSES], Reads),
    ("torchaudio.models", &[CLASSES], Reads),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constructors_are_found_in_and_below_their_package() {
        assert_eq!(constructor("models.yolo", "Model"), Some(Evaluates));
        assert_eq!(constructor("torch_geometric.nn.sequential", "Sequential"), Some(Evaluates));
        assert_eq!(
            constructor("torch.ao.quantization.fx.graph_module", "ObservedGraphModule"),
            Some(Compiles)
        );
        assert_eq!(constructor("torch.nn.modules.container", "Sequential"), None);
        assert_eq!(constructor("models.yolov", "Model"), None);
    }
}
