//! Gadgets that unpickle further bytes or files, where none of this scan's checks look.

use super::{ALL, Gadgets};
use crate::pickle::knowledge::GadgetClass::NestedPickle;
use bartizan_core::Severity::{self, Critical, High, Low, Medium};

const fn unpickles(
    severity: Severity,
    module: &'static str,
    names: &'static [&'static str],
    why: &'static str,
) -> Gadgets {
    Gadgets::new(NestedPickle, severity, module, names, why)
}

const BYTES: &str = "unpickles its argument";
const FILE: &str = "unpickles the file or stream its argument names";

#[rustfmt::skip] // one name per line would be pages of scrolling
pub(super) static GADGETS: &[Gadgets] = &[
    unpickles(Critical, "pickle", &[
        "Unpickler", "_Unpickler", "_Unpickler.find_class", "_Unpickler.load", "Unpickler.find_class", "Unpickler.load", "_load", "_loads", "load", "loads",
    ], BYTES),
    unpickles(Medium, "pickle", &["_getattribute", "whichmodule"], "fetches attributes by name"),
    unpickles(Low, "pickle", &["Pickler", "_Pickler", "_dump", "_dumps", "dump", "dumps"], "writes objects as a pickle"),
    unpickles(High, "pickle", &["decode_long", "_test", "_main"], "is internal to the unpickler"),
    unpickles(High, "pickletools", &[ALL], "reads further pickles"),
    unpickles(Critical, "_compat_pickle", &[ALL], "changes what names mean to the unpickler"),
    unpickles(High, "copyreg", &["add_extension", "clear_extension_cache", "constructor", "pickle", "remove_extension", "_extension_registry", "_inverted_registry", "_extension_cache", "dispatch_table"], "changes what the unpickler calls"),
    unpickles(Critical, "shelve", &[ALL], FILE),
    unpickles(Critical, "dill", &["Unpickler", "load", "load_module", "load_module_asdict", "load_session", "loads", "copy", "source"], BYTES),
    unpickles(Critical, "dill._dill", &["Unpickler", "load", "loads"], BYTES),
    unpickles(Critical, "dill.session", &[ALL], FILE),
    unpickles(Critical, "cloudpickle", &["load", "loads", "Unpickler"], BYTES),
    unpickles(Critical, "cloudpickle.cloudpickle", &["load", "loads", "subimport", "dynamic_subimport", "_lookup_module_and_qualname"], "unpickles or imports its argument"),
    unpickles(Critical, "cloudpickle.cloudpickle_fast", &["load", "loads"], BYTES),
    unpickles(Critical, "joblib", &["load"], FILE),
    unpickles(Critical, "joblib.numpy_pickle", &["NumpyUnpickler", "_unpickle", "load", "load_temporary_memmap"], FILE),
    unpickles(Critical, "joblib.numpy_pickle_compat", &["ZipNumpyUnpickler", "load_compatibility", "read_zfile"], FILE),
    unpickles(High, "joblib.memory", &[ALL], "reads and writes a cache of pickles"),
    unpickles(High, "joblib", &["Memory", "Parallel", "delayed", "dump", "register_store_backend", "register_parallel_backend"], "runs given functions, or writes files"),
    unpickles(High, "joblib.parallel", &[ALL], "runs given functions"),
    unpickles(High, "joblib.externals.loky", &[ALL], "starts worker processes"),
    unpickles(Critical, "torch", &["load"], FILE),
    unpickles(Critical, "torch.serialization", &["load", "_legacy_load", "_load", "UnpicklerWrapper", "StorageType", "_open_file", "_open_zipfile_reader", "_open_zipfile_writer_file"], FILE),
    unpickles(Medium, "torch.storage", &["_load_from_bytes"], "unpickles the tensor bytes in its argument").referenced(Low),
    unpickles(High, "torch.jit", &["load", "jit_module_from_flatbuffer"], "loads the program in the file its argument names"),
    unpickles(High, "torch.jit._serialization", &[ALL], "loads the program in the file its argument names"),
    unpickles(Critical, "torch.distributed", &[ALL], "exchanges pickles between processes over the network"),
    unpickles(Critical, "torch.multiprocessing.reductions", &["rebuild_storage_fd", "rebuild_storage_filename", "rebuild_typed_storage_child", "rebuild_cuda_tensor", "rebuild_event"], "opens shared memory another process named"),
    unpickles(Critical, "torch.utils._config_module", &["ConfigModule.load_config"], BYTES),
    unpickles(Critical, "torch.utils.serialization", &[ALL], FILE),
    unpickles(Critical, "torchvision.datasets", &[ALL], "downloads or unpickles data sets"),
    unpickles(Critical, "torchaudio.datasets", &[ALL], "downloads or unpickles data sets"),
    unpickles(Critical, "torchtext", &[ALL], "downloads or unpickles data sets"),
    unpickles(Critical, "numpy", &["load"], FILE),
    unpickles(Critical, "numpy.lib.npyio", &["load", "NpzFile", "BagObj"], FILE),
    unpickles(Critical, "numpy.lib._npyio_impl", &["load", "NpzFile"], FILE),
    unpickles(Critical, "numpy.lib.format", &["read_array", "open_memmap"], FILE),
    unpickles(Critical, "numpy.lib._format_impl", &["read_array", "open_memmap"], FILE),
    unpickles(Critical, "numpy.core.numeric", &["load", "loads"], BYTES),
    unpickles(High, "numpy.core._internal", &["_makenames_list", "_usefields", "_newnames"], "parses a data type by evaluating it").referenced(Low),
    unpickles(Critical, "pandas", &["read_pickle", "read_hdf", "HDFStore"], FILE),
    unpickles(Critical, "pandas.io", &[ALL], "reads or writes files, some of them pickles"),
    unpickles(Critical, "pandas.compat.pickle_compat", &["load", "loads", "Unpickler"], BYTES),
    unpickles(Critical, "sklearn.datasets", &[ALL], "downloads or unpickles data sets"),
    unpickles(Critical, "scipy.io", &[ALL], "reads or writes files"),
    unpickles(Critical, "yaml", &[
        "FullLoader", "Loader", "UnsafeLoader", "full_load", "full_load_all", "load", "load_all", "unsafe_load", "unsafe_load_all",
    ], "builds the Python objects a YAML text names"),
    unpickles(High, "yaml", &[ALL], "builds the Python objects a YAML text names"),
    unpickles(Critical, "ruamel.yaml", &[ALL], "builds the Python objects a YAML text names"),
    unpickles(Critical, "jsonpickle", &[ALL], "builds the Python objects a JSON text names"),
    unpickles(Critical, "dask", &["compute", "delayed"], "runs given functions"),
    unpickles(Critical, "hickle", &[ALL], FILE),
    unpickles(Critical, "klepto", &[ALL], FILE),
    unpickles(Critical, "diskcache", &[ALL], FILE),
    unpickles(Critical, "srsly", &["pickle_loads"], BYTES),
    unpickles(Critical, "srsly.cloudpickle", &["load", "loads"], BYTES),
    unpickles(Critical, "pickle5", &["Unpickler", "load", "loads"], BYTES),
    unpickles(Critical, "zodbpickle", &[ALL], BYTES),
    unpickles(Critical, "cerealizer", &[ALL], BYTES),
    unpickles(Critical, "skops.io", &["load", "loads"], FILE),
    unpickles(Critical, "nltk.data", &["load", "retrieve", "find", "FileSystemPathPointer", "GzipFileSystemPathPointer", "ZipFilePathPointer", "SeekableUnicodeStreamReader"], FILE),
    unpickles(Critical, "spacy", &["load"], "loads a model package, which imports it"),
    unpickles(Critical, "fastai.learner", &["load_learner", "load_model"], FILE),
    unpickles(Critical, "fastai.torch_core", &["rank0_first"], "calls its argument"),
    unpickles(Critical, "gensim.utils", &["SaveLoad.load", "SaveLoad._load_specials"], FILE),
    unpickles(Critical, "statsmodels.iolib.smpickle", &["load_pickle"], FILE),
    unpickles(Critical, "huggingface_hub.keras_mixin", &[ALL], "downloads and loads a model"),
    unpickles(Critical, "catboost", &["CatBoost.load_model"], FILE),
    unpickles(High, "multiprocessing.reduction", &[ALL], "passes pickles and file descriptors between processes"),
    unpickles(High, "multiprocessing.connection", &[ALL], "exchanges pickles over a connection"),
    unpickles(High, "multiprocessing.managers", &[ALL], "exchanges pickles with a server process"),
    unpickles(High, "concurrent.futures.process", &[ALL], "runs given functions in worker processes"),
];
