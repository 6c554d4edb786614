//! Owners on public model hubs that people know and others imitate.

/// Their names as they write them, in no order.
#[rustfmt::skip] // many to a line: a list to look things up in
pub(super) const OWNERS: &[&str] = &[
    "01-ai", "adept", "ai21labs", "AI4Bharat", "AIDC-AI", "Alibaba-NLP", "allenai", "amazon", "anthropic", "apple",
    "argilla", "aubmindlab", "autogluon", "BAAI", "baichuan-inc", "baidu", "bartowski", "bigcode",
    "bigscience", "black-forest-labs", "ByteDance", "ByteDance-Seed", "CohereForAI", "CohereLabs", "CompVis",
    "cross-encoder", "databricks", "dbmdz", "deepseek-ai", "deepset", "defog", "diffusers", "distilbert",
    "EleutherAI", "facebook", "FacebookAI", "fastai", "flair", "ggml-org", "google", "google-bert", "google-t5",
    "Groq", "h2oai", "Helsinki-NLP", "huggingface", "HuggingFaceFW", "HuggingFaceH4", "HuggingFaceM4",
    "HuggingFaceTB", "huggyllama", "ibm", "ibm-granite", "InstantX", "Intel", "intfloat", "internlm", "jinaai",
    "jonatasgrosman", "keras", "kandinsky-community", "KoboldAI", "laion", "lightonai", "LiquidAI", "lllyasviel",
    "lmms-lab", "lmstudio-community", "lmsys", "meta-llama", "microsoft", "mistralai", "mixedbread-ai", "MiniMaxAI",
    "mlx-community", "moonshotai", "mosaicml", "mradermacher", "naver", "NbAiLab", "neuralmagic", "nomic-ai",
    "NousResearch", "nvidia", "onnx-community", "onnxmodelzoo", "openai", "openai-community", "openbmb",
    "OpenAssistant", "openchat", "OpenGVLab", "openlm-research", "openvino", "ostris", "PaddlePaddle",
    "ProsusAI", "pyannote", "PygmalionAI", "pytorch", "Qualcomm", "qualcomm", "Qwen", "RedHatAI", "replit",
    "runwayml", "RWKV", "Salesforce", "sentence-transformers", "Snowflake", "speechbrain", "stabilityai",
    "stepfun-ai", "suno", "teknium", "tencent", "tensorflow", "TheBloke", "THUDM", "tiiuae", "timm", "TinyLlama",
    "togethercomputer", "tohoku-nlp", "uer", "ultralytics", "unsloth", "upstage", "vikhyatk", "WizardLM",
    "WizardLMTeam", "xai-org", "Xenova", "xlnet", "zai-org",
];
