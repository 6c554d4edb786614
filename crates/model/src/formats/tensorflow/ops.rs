//! TensorFlow operations: which ones the released library registers, and which of them reach beyond the graph.
//!
//! Source: the operations that `tensorflow.raw_ops` of TensorFlow 2.21 exports (`registered_ops.txt`, one a line), and
//! `tensorflow/core/ops/*.cc` for what each touches.

use bartizan_core::Severity;
use std::collections::HashSet;
use std::sync::LazyLock;

/// Names of the operations registered by TensorFlow 2.21, sorted, one a line.
const REGISTERED: &str = include_str!("registered_ops.txt");

/// [`REGISTERED`] and [`OLDER`], ready to be asked for every node of a graph.
static KNOWN: LazyLock<HashSet<&str>> =
    LazyLock::new(|| REGISTERED.lines().chain(OLDER.iter().copied()).collect());

/// Whether TensorFlow ships an operation called `name`.
pub(crate) fn is_registered(name: &str) -> bool {
    // Operations with a leading underscore are the runtime's own (`_Arg`, `_Retval`, `_FusedConv2D`).
    name.starts_with('_') || KNOWN.contains(name)
}

/// Operations of earlier releases, and those without a Python wrapper.
const OLDER: &[&str] = &[
    "Assign",
    "AssignAdd",
    "AssignSub",
    "Const",
    "NoOp",
    "Placeholder",
    "VarHandleOp",
    "Variable",
    "VariableV2",
    "TemporaryVariable",
    "DestroyTemporaryVariable",
    "IsVariableInitialized",
    "ScatterUpdate",
    "RefSwitch",
    "RefMerge",
    "RefEnter",
    "RefExit",
    "RefIdentity",
    "RefNextIteration",
    "RefSelect",
    "HostConst",
    "SymbolicGradient",
    "ApplyAdam",
    "BatchFunction",
    "Skipgram",
    "NegTrain",
    "LookupTableFind",
    "HashTable",
    "MutableHashTable",
    "InitializeTable",
    "InitializeTableFromTextFile",
    "XlaLaunch",
    "XlaCallModule",
    "XlaDynamicSlice",
    "XlaDot",
    "XlaPad",
    "XlaReduce",
    "XlaSort",
    "XlaGather",
    "XlaScatter",
    "XlaConv",
    "XlaConvV2",
    "XlaDotV2",
    "XlaSharding",
    "XlaWhile",
    "XlaIf",
    "XlaCustomCall",
    "XlaCustomCallV2",
    "XlaHostCompute",
    "TRTEngineOp",
    "TPUReplicate",
    "TPUReplicateMetadata",
    "TPUReplicatedInput",
    "TPUReplicatedOutput",
    "TPUCompilationResult",
    "Bucketize",
    "CudnnRNN",
    "CudnnRNNBackprop",
    "CudnnRNNCanonicalToParams",
    "CudnnRNNParamsSize",
    "LegacyPadV2",
    "AdjustContrastv2",
    "FFT",
    "MlirPassthroughOp",
    "InfeedEnqueueTuple",
];

/// Why the operation `name` reaches beyond the graph, and how bad that is in a model; `None` for one that only computes.
///
/// Saving and restoring of variables is part of every saved model and no risk of its own; operations whose danger lies
/// in an argument (`PrintV2`, table initialisers) are judged where the argument is known.
pub(crate) fn risky_op(name: &str) -> Option<(Severity, &'static str)> {
    Some(match name {
        "WriteFile" => (Severity::High, "writes a file of the graph's choosing"),
        "ReadFile" => (Severity::High, "reads a file of the graph's choosing"),
        "MatchingFiles" | "ExperimentalMatchingFilesDataset" | "MatchingFilesDataset" => {
            (Severity::Medium, "lists files")
        }
        "ImmutableConst" => (Severity::Medium, "maps a file into memory"),
        "PyFunc" | "PyFuncStateless" | "EagerPyFunc" | "NumpyFunction" => {
            (Severity::High, "calls a Python function of the process")
        }
        "Rpc" | "TryRpc" | "RpcCall" | "RpcClient" | "RpcServer" | "RpcServerRegister" | "RpcServerStart"
        | "RpcCheckStatus" | "RpcGetValue" => (Severity::High, "talks to another machine"),
        "LoadLibrary" | "LoadOpLibrary" | "ExecuteTask" | "SystemCall" | "Subprocess" => {
            (Severity::Critical, "runs native code")
        }
        "TFRecordReader"
        | "TFRecordReaderV2"
        | "TextLineReader"
        | "TextLineReaderV2"
        | "FixedLengthRecordReader"
        | "FixedLengthRecordReaderV2"
        | "WholeFileReader"
        | "WholeFileReaderV2"
        | "LMDBReader"
        | "TFRecordDataset"
        | "TFRecordDatasetV2"
        | "TextLineDataset"
        | "FixedLengthRecordDataset"
        | "FixedLengthRecordDatasetV2"
        | "LMDBDataset"
        | "ExperimentalLMDBDataset"
        | "SqlDataset"
        | "ExperimentalSqlDataset"
        | "CSVDataset"
        | "CSVDatasetV2"
        | "ExperimentalCSVDataset"
        | "LoadDataset"
        | "SnapshotDatasetReader" => (Severity::Medium, "reads data files"),
        "SaveDataset"
        | "SaveDatasetV2"
        | "SnapshotDataset"
        | "SnapshotDatasetV2"
        | "DatasetToTFRecord"
        | "ExperimentalDatasetToTFRecord"
        | "WriteAudioSummary"
        | "WriteGraphSummary"
        | "WriteHistogramSummary"
        | "WriteImageSummary"
        | "WriteRawProtoSummary"
        | "WriteScalarSummary"
        | "WriteSummary"
        | "CreateSummaryFileWriter"
        | "CreateSummaryDbWriter"
        | "ImportEvent" => (Severity::Medium, "writes files"),
        "DataServiceDataset"
        | "DataServiceDatasetV2"
        | "DataServiceDatasetV3"
        | "DataServiceDatasetV4"
        | "RegisterDataset"
        | "RegisterDatasetV2"
        | "BigQueryReader"
        | "GenerateBigQueryReaderPartitions"
        | "BigtableClient"
        | "GcsConfigureCredentials"
        | "GcsConfigureBlockCache" => (Severity::Medium, "talks to a data service"),
        "FileSystemSetConfiguration" => (Severity::Medium, "changes how the process reaches files"),
        "TRTEngineOp" => (Severity::Low, "carries a serialised TensorRT engine"),
        "XlaCustomCall" | "XlaCustomCallV2" => (Severity::Medium, "calls a native function by name"),
        "Abort" => (Severity::Medium, "ends the process"),
        _ => return None,
    })
}

/// What the operation `name` does to files, and which of its inputs (counted from 0) name them; `None` for one that
/// touches none, or that [`risky_op`] already judges whatever its path.
///
/// These operations are ordinary in a saved model as long as the path is the loader's: a placeholder, or a name beside
/// the model. A constant that leads elsewhere is the graph's own choice.
pub(crate) fn path_inputs(name: &str) -> Option<(&'static str, &'static [usize])> {
    Some(match name {
        "Save" | "SaveSlices" | "SaveV2" => ("writes tensors to", &[0]),
        "MergeV2Checkpoints" => ("moves checkpoints between", &[0, 1]),
        "CacheDataset" | "CacheDatasetV2" => ("keeps a cache in", &[1]),
        "DistributedSave" => ("writes a dataset to", &[1]),
        "Restore" | "RestoreSlice" | "RestoreV2" | "LoadAndRemapMatrix" => ("reads tensors from", &[0]),
        "GenerateVocabRemapping" => ("reads a vocabulary from", &[0, 1]),
        "ListSnapshotChunksDataset" | "SnapshotChunkDataset" => ("reads a snapshot from", &[0]),
        _ => return None,
    })
}
