//! Names of modules that stand for another: [`canonical`].

/// `path` under the name the rules know it by.
pub(super) fn canonical(path: &str) -> String {
    for (from, to) in NAMES {
        if let Some(rest) = path.strip_prefix(from)
            && (rest.is_empty() || rest.starts_with('.'))
        {
            return format!("{to}{rest}");
        }
    }
    path.to_owned()
}

/// Whether `path` is itself one of the names that stand for another.
pub(super) fn is_renamed(path: &str) -> bool {
    NAMES.iter().any(|(from, _)| *from == path)
}

/// Names of modules that stand for another.
const NAMES: &[(&str, &str)] = &[
    ("tensorflow.keras", "keras"),
    ("tf_keras", "keras"),
    ("tensorflow.compat.v1", "tensorflow"),
    ("tensorflow.compat.v2", "tensorflow"),
    ("sklearn.externals.joblib", "joblib"),
    ("cPickle", "pickle"),
    ("regex", "re"),
    ("_pickle", "pickle"),
    ("pickle5", "pickle"),
    ("pandas.io.pickle", "pandas"),
    ("pandas.io.api", "pandas"),
    ("torch.serialization", "torch"),
    ("numpy.lib.npyio", "numpy"),
    ("cloudpickle.cloudpickle", "cloudpickle"),
    ("dill._dill", "dill"),
    ("keras.src.saving", "keras.saving"),
    ("urllib2", "urllib.request"),
    ("requests.api", "requests"),
    ("airflow.operators.bash_operator", "airflow.operators.bash"),
    ("huggingface_hub.hf_api", "huggingface_hub"),
    ("huggingface_hub.file_download", "huggingface_hub"),
    ("datasets.load", "datasets"),
    ("transformers.pipelines", "transformers"),
    ("yaml.loader", "yaml"),
    ("yaml.cyaml", "yaml"),
    // The same loaders, written in C.
    ("yaml.CLoader", "yaml.Loader"),
    ("yaml.CSafeLoader", "yaml.SafeLoader"),
    ("yaml.CFullLoader", "yaml.FullLoader"),
    ("yaml.CUnsafeLoader", "yaml.UnsafeLoader"),
    ("vllm.engine.arg_utils", "vllm"),
    ("vllm.entrypoints.llm", "vllm"),
    ("tensorflow.python.keras", "keras"),
    ("sentence_transformers.cross_encoder", "sentence_transformers"),
];
