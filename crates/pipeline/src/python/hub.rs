//! What is fetched by name from a hub, and how it is pinned: shared by the rules about models, data sets and remote code.

use super::call::{Argument, Call};
use super::value::{Known, Value};

/// A call that fetches something by name.
#[derive(Debug)]
pub(super) struct Fetch<'c, 'a> {
    /// What it fetches: "model", "data set", ….
    pub(super) what: What,
    /// The name.
    pub(super) name: &'c Argument<'a>,
    /// The revision asked for, when one is.
    pub(super) revision: Option<&'c Argument<'a>>,
}

/// What is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// Weights, a tokenizer or a whole repository.
    Model,
    /// A data set.
    Data,
}

/// How a revision pins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Pin {
    /// To a commit.
    Commit,
    /// To the start of a commit's name.
    Abbreviated,
    /// To a tag or branch, which can move.
    Moving(String),
    /// Not at all.
    Absent,
    /// To something not known here.
    Unknown,
}

/// Where the name stands, and what the revision is called, in what loads from the Hugging Face hub.
pub(super) fn fetch<'c, 'a>(call: &'c Call<'a>) -> Option<Fetch<'c, 'a>> {
    let name = call.name();
    let (what, place, keywords): (What, usize, &[&str]) = match (call.path.as_ref(), name) {
        (_, "from_pretrained") if !is_own_format(call) => (
            What::Model,
            0,
            &[
                "pretrained_model_name_or_path",
                "model_name_or_path",
                "repo_id",
                "pretrained_model_name",
                "model_id",
                "model_name",
            ],
        ),
        (_, "load_lora_weights" | "load_textual_inversion" | "load_ip_adapter" | "load_adapter") => (
            What::Model,
            0,
            &[
                "pretrained_model_name_or_path_or_dict",
                "pretrained_model_name_or_path",
                "peft_model_id",
                "model_id",
            ],
        ),
        ("transformers.pipeline", _) => (What::Model, 1, &["model"]),
        (
            "sentence_transformers.SentenceTransformer"
            | "sentence_transformers.CrossEncoder"
            | "sentence_transformers.SparseEncoder",
            _,
        ) => (What::Model, 0, &["model_name_or_path", "model_name"]),
        (_, "snapshot_download" | "hf_hub_download" | "cached_download") if is_hub(call) => {
            let data = call.keyword("repo_type").and_then(|kind| kind.value.as_text()) == Some("dataset");
            (if data { What::Data } else { What::Model }, 0, &["repo_id"])
        }
        ("huggingface_hub.Repository", _) => (What::Model, 1, &["clone_from"]),
        ("huggingface_hub.load_state_dict_from_file", _) => return None,
        (_, "load_dataset" | "load_dataset_builder" | "get_dataset_config_names")
            if call.is_of("datasets") =>
        {
            (What::Data, 0, &["path"])
        }
        ("vllm.LLM" | "vllm.EngineArgs" | "vllm.AsyncEngineArgs" | "tensorrt_llm.LLM", _) => {
            (What::Model, 0, &["model"])
        }
        ("vllm.lora.request.LoRARequest", _) => (What::Model, 2, &["lora_path", "lora_local_path"]),
        ("sglang.Engine" | "sglang.Runtime" | "lmdeploy.pipeline", _) => (What::Model, 0, &["model_path"]),
        (_, "from_model_id") if call.package().starts_with("langchain") => (What::Model, 0, &["model_id"]),
        (_, "from_hparams") if call.is_of("speechbrain") => (What::Model, 0, &["source"]),
        ("transformers.utils.cached_file" | "transformers.utils.hub.cached_file", _) => {
            (What::Model, 0, &["path_or_repo_id"])
        }
        ("InstructorEmbedding.INSTRUCTOR", _) => (What::Model, 0, &["model_name_or_path"]),
        (_, _) if call.is_of("FlagEmbedding") && name.ends_with("Model") => {
            (What::Model, 0, &["model_name_or_path"])
        }
        ("faster_whisper.WhisperModel", _) => (What::Model, 0, &["model_size_or_path"]),
        (
            "open_clip.create_model_and_transforms"
            | "open_clip.create_model"
            | "open_clip.create_model_from_pretrained"
            | "timm.create_model"
            | "llama_index.embeddings.huggingface.HuggingFaceEmbedding",
            _,
        ) => (What::Model, 0, &["model_name"]),
        ("evaluate.load", _) => (What::Model, 0, &["path"]),
        (
            "langchain_huggingface.HuggingFaceEmbeddings"
            | "langchain_community.embeddings.HuggingFaceEmbeddings"
            | "langchain.embeddings.HuggingFaceEmbeddings"
            | "langchain_community.embeddings.HuggingFaceBgeEmbeddings",
            _,
        ) => (What::Model, 0, &["model_name", "model"]),
        (_, "SFTTrainer" | "DPOTrainer" | "GRPOTrainer" | "RewardTrainer" | "KTOTrainer" | "ORPOTrainer")
            if call.is_of("trl") =>
        {
            (What::Model, 0, &["model"])
        }
        (
            _,
            "HuggingFaceLocalGenerator"
            | "HuggingFaceLocalChatGenerator"
            | "SentenceTransformersTextEmbedder"
            | "SentenceTransformersDocumentEmbedder"
            | "TransformersSimilarityRanker",
        ) if call.is_of("haystack") => (What::Model, 0, &["model"]),
        ("keybert.KeyBERT", _) => (What::Model, 0, &["model"]),
        ("bertopic.BERTopic", _) => (What::Model, usize::MAX, &["embedding_model"]),
        (
            "langchain_community.cross_encoders.HuggingFaceCrossEncoder"
            | "langchain_community.embeddings.HuggingFaceInstructEmbeddings",
            _,
        ) => (What::Model, 0, &["model_name"]),
        (_, "from_preset") if call.is_of("keras_nlp") || call.is_of("keras_hub") => {
            (What::Model, 0, &["preset"])
        }
        ("outlines.models.transformers" | "guidance.models.Transformers", _) => (What::Model, 0, &["model"]),
        ("mlx_lm.load", _) => (What::Model, 0, &["path_or_hf_repo"]),
        _ => return None,
    };
    let name = call.any_keyword(keywords).or_else(|| call.positional.get(place))?;
    let revision = call.any_keyword(&["revision", "model_revision", "code_revision"]);
    Some(Fetch { what, name, revision })
}

/// Libraries whose `from_pretrained` does not speak to a hub, or takes a name from a fixed list.
fn is_own_format(call: &Call<'_>) -> bool {
    call.is_of("allennlp") || call.is_of("torchvision") || call.is_of("boto3") || call.is_of("peft.PeftModel")
}

fn is_hub(call: &Call<'_>) -> bool {
    call.is_of("huggingface_hub")
        || call.path.starts_with("?.")
        || call.is_of("modelscope")
        || call.is_of("diffusers")
        || call.is_of("transformers")
}

/// Peft's adapter stands second.
pub(super) fn adapter<'c, 'a>(call: &'c Call<'a>) -> Option<Fetch<'c, 'a>> {
    if call.name() != "from_pretrained" || !call.is_of("peft.PeftModel") {
        return None;
    }
    let name = call.argument(1, "model_id")?;
    Some(Fetch { what: What::Model, name, revision: call.keyword("revision") })
}

/// How `revision` pins.
pub(super) fn pin(call: &Call<'_>, revision: Option<&Argument<'_>>) -> Pin {
    let Some(revision) = revision else {
        return if call.open { Pin::Unknown } else { Pin::Absent };
    };
    match &revision.value.known {
        Known::Null => Pin::Absent,
        Known::Text(text) if is_commit(text) => Pin::Commit,
        Known::Text(text)
            if text.len() >= 7 && text.len() < 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) =>
        {
            Pin::Abbreviated
        }
        Known::Text(text) => Pin::Moving(text.to_string()),
        _ => Pin::Unknown,
    }
}

/// Whether `text` is the whole name of a commit (SHA-1 or SHA-256).
pub(super) fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// What a name given to a hub loader names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Named {
    /// A repository of the hub.
    Remote(String),
    /// A file or folder of this machine, an object store, or a builder that reads files.
    Local,
    /// Not known.
    Unknown,
}

/// Folder names under which people keep what they trained or fetched themselves.
const LOCAL_FOLDERS: &[&str] = &[
    "models",
    "model",
    "checkpoints",
    "checkpoint",
    "ckpt",
    "ckpts",
    "output",
    "outputs",
    "data",
    "dataset",
    "datasets",
    "results",
    "result",
    "saved_models",
    "saved_model",
    "weights",
    "runs",
    "artifacts",
    "tmp",
    "local",
    "pretrained",
    "pretrained_models",
    "assets",
    "exp",
    "experiments",
    "build",
    "dist",
    "logs",
    "cache",
    "resources",
    "trained",
    "trained_models",
    "out",
    "work_dirs",
    "finetuned",
    "tests",
    "test",
    "fixtures",
    "path",
];

/// Builders of `datasets` that read files of one kind.
const FILE_BUILDERS: &[&str] = &[
    "csv",
    "json",
    "parquet",
    "text",
    "arrow",
    "xml",
    "pandas",
    "imagefolder",
    "audiofolder",
    "videofolder",
    "webdataset",
    "generator",
    "sql",
    "hdf5",
    "pdffolder",
];

/// What `value` names.
pub(super) fn named(call: &Call<'_>, value: &Value) -> Named {
    if call.is_true("local_files_only") {
        return Named::Local;
    }
    match &value.known {
        Known::Path(path) if path.starts_with("pathlib.") => return Named::Local,
        _ => {}
    }
    let Some(text) = value.as_pieces() else { return Named::Unknown };
    let whole = matches!(value.known, Known::Text(_));
    let text = text.trim();
    let local_start = ["/", "./", "../", "~", "\\", "file:", "s3:", "gs:", "abfs", "hdfs:", "dbfs:", "$"];
    if text.is_empty()
        || local_start.iter().any(|start| text.starts_with(start))
        || text == "."
        || text == ".."
    {
        return Named::Local;
    }
    if text.as_bytes().get(1) == Some(&b':') || text.contains('\\') {
        return Named::Local;
    }
    if let Some(rest) = text
        .strip_prefix("hf-hub:")
        .or_else(|| text.strip_prefix("hf_hub:"))
        .or_else(|| text.strip_prefix("hf://"))
    {
        return Named::Remote(rest.to_owned());
    }
    let parts: Vec<&str> = text.split('/').collect();
    let first = parts.first().copied().unwrap_or_default();
    if !whole {
        // "org/" followed by something is a name of the hub all the same; a name that begins unknown may be a folder.
        let told = parts.len() == 2 && is_part(first) && !is_local_folder(first);
        return if told { Named::Remote(text.replace(super::value::HOLE, "…")) } else { Named::Unknown };
    }
    // No model has a name of one or two letters; folders that scripts fill have.
    let short = parts.len() == 1 && first.len() < 3;
    if short || parts.len() > 2 || !parts.iter().all(|part| is_part(part)) || is_local_folder(first) {
        return Named::Local;
    }
    let ends = [
        ".bin",
        ".pt",
        ".pth",
        ".ckpt",
        ".json",
        ".csv",
        ".parquet",
        ".py",
        ".txt",
        ".h5",
        ".onnx",
        ".jsonl",
        ".gguf",
        ".arrow",
        ".safetensors",
    ];
    let lower = text.to_ascii_lowercase();
    if ends.iter().any(|end| lower.ends_with(end)) {
        return Named::Local;
    }
    Named::Remote(text.to_owned())
}

/// Whether `path` names a builder of `datasets` that only reads files.
pub(super) fn is_file_builder(path: &str) -> bool {
    FILE_BUILDERS.contains(&path)
}

/// Whether `first` is a folder in which people keep what they made or fetched themselves.
pub(crate) fn is_local_folder(first: &str) -> bool {
    LOCAL_FOLDERS.contains(&first.to_ascii_lowercase().as_str())
}

/// Whether `part` can be the name of an owner or a repository.
fn is_part(part: &str) -> bool {
    !part.is_empty()
        && part.len() <= 96
        && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}
