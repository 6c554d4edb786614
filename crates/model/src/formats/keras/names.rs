//! What Keras names: modules that are its own, classes it ships, and functions of its own that reach files, the network
//! or further code.
//!
//! Source: the exported symbols of Keras 3.15 (`keras.api`), of TensorFlow 2.21 (`tensorflow.keras`, `tf.io`) and the
//! class names that Keras 1 and 2 wrote; `NON_MODELING_APIS` of `keras/src/saving/serialization_lib.py`.

use bartizan_core::Severity;

/// What kind of module a configuration refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Module {
    /// Keras itself, or one of the sibling projects that its loader trusts.
    Keras,
    /// TensorFlow outside Keras, or another framework that Keras runs on.
    Backend,
    /// The program that saved the model.
    Main,
    /// Python's built-ins, which is also where Keras files functions it knows by name only.
    Builtins,
    /// The standard library: no layer lives there.
    Stdlib,
    /// Anything else: imported if installed.
    ThirdParty,
}

/// What kind of module `name` is.
pub(super) fn module(name: &str) -> Module {
    let mut parts = name.split('.');
    let root = parts.next().unwrap_or_default();
    match root {
        "keras"
        | "tf_keras"
        | "keras_core"
        | "keras_nlp"
        | "keras_hub"
        | "keras_cv"
        | "keras_rs"
        | "keras_tuner"
        | "keras_preprocessing"
        | "keras_applications"
        | "keras_contrib" => Module::Keras,
        "tensorflow" | "tf" => match (parts.next(), parts.next()) {
            (Some("keras"), _) | (Some("python" | "contrib" | "_api"), Some("keras")) => Module::Keras,
            _ => Module::Backend,
        },
        "tensorflow_addons"
        | "tensorflow_probability"
        | "tensorflow_hub"
        | "tensorflow_text"
        | "jax"
        | "flax"
        | "torch"
        | "numpy"
        | "tensorflow_model_optimization"
        | "official" => Module::Backend,
        "" | "__main__" => Module::Main,
        "builtins" | "__builtin__" => Module::Builtins,
        _ if crate::pickle::knowledge::is_stdlib(name) => Module::Stdlib,
        _ => Module::ThirdParty,
    }
}

/// Whether Keras ships a class called `name`, in any version.
pub(super) fn is_builtin_class(name: &str) -> bool {
    // Keras 2 registers some of its own under `Custom`.
    let name = name.strip_prefix("Custom>").unwrap_or(name);
    BUILTIN_CLASSES.split_ascii_whitespace().any(|known| known == name)
}

/// A builtin class name that `name` imitates by case or by invisible or look-alike characters.
pub(super) fn imitated_class(name: &str) -> Option<&'static str> {
    let fold = |text: &str| -> String { text.chars().filter_map(plain_letter).collect() };
    let folded = fold(name);
    ["Lambda", "TorchModuleWrapper", "__lambda__", "TFSMLayer", "TFOpLambda"]
        .into_iter()
        .find(|known| *known != name && fold(known) == folded)
}

/// The lower-case ASCII letter that a character shows or nearly shows; `None` for what is not shown at all.
fn plain_letter(character: char) -> Option<char> {
    if bartizan_core::is_invisible(character) || character.is_whitespace() {
        return None;
    }
    Some(match character {
        'а' | 'Α' | 'А' | 'α' => 'a',
        'е' | 'Ε' | 'Е' => 'e',
        'о' | 'Ο' | 'О' | 'ο' => 'o',
        'с' | 'С' => 'c',
        'р' | 'Ρ' | 'Р' => 'p',
        'т' | 'Τ' | 'Т' => 't',
        'м' | 'Μ' | 'М' => 'm',
        'в' | 'Β' | 'В' => 'b',
        'ӏ' | 'І' | 'Ι' => 'l',
        // Fullwidth forms stand 0xFEE0 above ASCII.
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(character).wrapping_sub(0xfee0))
            .unwrap_or(character)
            .to_ascii_lowercase(),
        _ => character.to_ascii_lowercase(),
    })
}

/// Why a function of Keras or TensorFlow called `name` is dangerous to name in a configuration, and how much.
pub(super) fn dangerous_function(name: &str) -> Option<(Severity, &'static str)> {
    Some(match name {
        "enable_unsafe_deserialization" => {
            (Severity::High, "switches the loader's safe mode off, so that what follows may run code")
        }
        "get_file" => (Severity::High, "downloads a file, and may unpack it over other files"),
        "extract_archive" | "_extract_archive" | "extract_open_archive" => {
            (Severity::High, "unpacks an archive, over other files if its members say so")
        }
        "py_function" | "py_func" | "numpy_function" | "eager_py_func" => {
            (Severity::High, "calls a Python function from the graph")
        }
        "load_op_library" | "load_library" | "load_file_system_library" | "register_filesystem_plugin" => {
            (Severity::Critical, "loads a native library")
        }
        "load_model"
        | "model_from_json"
        | "model_from_yaml"
        | "model_from_config"
        | "load_pytree"
        | "load_model_from_hdf5" => (Severity::High, "loads a further model, with its own settings"),
        "load_weights"
        | "load_weights_only"
        | "load_img"
        | "load_image"
        | "load_audio"
        | "load_data"
        | "get_word_index"
        | "image_dataset_from_directory"
        | "text_dataset_from_directory"
        | "audio_dataset_from_directory"
        | "read_file"
        | "ReadFile"
        | "gfile"
        | "GFile"
        | "FastGFile"
        | "Open"
        | "matching_files"
        | "MatchingFiles"
        | "listdir"
        | "ListDirectory"
        | "walk"
        | "glob"
        | "Glob"
        | "TFRecordDataset"
        | "TextLineDataset"
        | "FixedLengthRecordDataset"
        | "load_checkpoint"
        | "load_variable" => (Severity::High, "reads files"),
        "write_file" | "WriteFile" | "save_img" | "save_model" | "save_weights" | "save_weights_only"
        | "export_saved_model" | "export_onnx" | "export_openvino" | "plot_model" | "model_to_dot"
        | "TFRecordWriter" | "create_file_writer" | "write_graph" | "copy" | "rename" | "remove"
        | "rmtree" | "deltree" | "DeleteRecursively" | "makedirs" | "mkdir" | "Copy" | "Rename"
        | "Remove" | "MakeDirs" | "MkDir" => (Severity::High, "writes or deletes files"),
        "func_load" => (Severity::High, "builds a function from bytecode that it is given"),
        "deserialize_keras_object" => {
            (Severity::High, "builds any object that its argument describes, outside the loader's safe mode")
        }
        "set_global_attribute" => {
            (Severity::High, "changes settings of the process, the loader's safe mode among them")
        }
        "LazyModule" => (Severity::High, "imports the module its argument names"),
        // What Keras's own modules import, and so hand out by attribute.
        "urlretrieve" | "subprocess" | "shutil" | "importlib" | "marshal" | "__import__" | "__builtins__"
        | "os" => (Severity::High, "leads out of Keras into Python's own modules"),
        _ => return None,
    })
}

/// Whether the functions of `module` are not parts of a model: saving, configuration, data sets, files.
///
/// A string in the configuration of an object from such a module names one of them.
pub(super) fn is_non_modelling_module(module: &str) -> bool {
    let last = module.rsplit('.').next().unwrap_or_default();
    matches!(
        last,
        "config"
            | "utils"
            | "saving"
            | "models"
            | "file_utils"
            | "io_utils"
            | "serialization_lib"
            | "saving_lib"
            | "saving_api"
            | "datasets"
            | "image_utils"
            | "preprocessing"
            | "model_visualization"
            | "export"
            | "io"
            | "gfile"
            | "raw_ops"
    )
}

/// Classes whose constructor reads a file or an address that their configuration names, with the keys that name it.
pub(super) fn path_keys(class_name: &str) -> Option<&'static [&'static str]> {
    Some(match class_name {
        "StringLookup"
        | "IntegerLookup"
        | "TextVectorization"
        | "IndexLookup"
        | "Hashing"
        | "CategoryEncoding"
        | "StaticVocabularyTable" => &["vocabulary", "vocabulary_file", "idf_weights", "filename"],
        "TFSMLayer" => &["filepath"],
        "KerasFileEditor" | "DirectoryIterator" | "CSVLogger" | "ModelCheckpoint" | "TensorBoard"
        | "BackupAndRestore" | "RemoteMonitor" | "OrbaxCheckpoint" => {
            &["filepath", "filename", "directory", "log_dir", "backup_dir", "root", "path"]
        }
        _ => return None,
    })
}

/// Keys that hold paths in classes of sibling projects: tokenisers above all.
pub(super) const PATH_KEYS: &[&str] = &[
    "vocabulary",
    "vocabulary_file",
    "vocab_file",
    "merges",
    "merges_file",
    "proto",
    "filepath",
    "file_path",
    "filename",
    "checkpoint_path",
    "model_path",
    "weights_path",
    "saved_model_path",
];

/// Names of every class that a Keras release has shipped, and of the marks its serialisers write in their place.
#[rustfmt::skip]
const BUILTIN_CLASSES: &str = "\
    AUC AWQConfig AWQDTypePolicy AbsMaxQuantizer AbstractRNNCell Accuracy Activation ActivityRegularization Adadelta \
    Adafactor Adagrad Adam AdamW AdamWeightDecay Adamax AdaptiveAveragePooling1D AdaptiveAveragePooling2D \
    AdaptiveAveragePooling3D AdaptiveMaxPooling1D AdaptiveMaxPooling2D AdaptiveMaxPooling3D Add AddLoss AddLossLayer \
    AddMetric AdditiveAttention AlphaDropout AtrousConvolution1D AtrousConvolution2D Attention AugMix AutoContrast \
    Average AveragePooling1D AveragePooling2D AveragePooling3D AvgPool1D AvgPool2D AvgPool3D BackupAndRestore \
    BatchNormalization BatchNormalizationV1 BatchNormalizationV2 Bidirectional BinaryAccuracy BinaryCrossentropy \
    BinaryFocalCrossentropy BinaryIoU CLASS CSVLogger CTC Callback CallbackList Cast CategoricalAccuracy \
    CategoricalCrossentropy CategoricalDtype CategoricalFocalCrossentropy CategoricalGeneralizedCrossEntropy \
    CategoricalHinge CategoryCrossing CategoryEncoding CenterCrop Circle ClassMethod CombinerPreprocessingLayer \
    CompositeTensor Concatenate ConcordanceCorrelation Config Constant Constraint \
    ContrastLimitedAdaptiveHistogramEqualization Conv1D Conv1DTranspose Conv2D Conv2DLSTM Conv2DTranspose Conv3D \
    Conv3DTranspose ConvLSTM1D ConvLSTM2D ConvLSTM2DCell ConvLSTM3D ConvRNN2D ConvRecurrent2D Convolution1D \
    Convolution1DTranspose Convolution2D Convolution2DTranspose Convolution3D Convolution3DTranspose CosineDecay \
    CosineDecayRestarts CosineSimilarity Cropping1D Cropping2D Cropping3D CuDNNGRU CuDNNLSTM CustomObjectScope \
    CutMix DType DTypePolicy DTypePolicyMap DataParallel Deconvolution2D Dense DenseFeatures DepthwiseConv1D \
    DepthwiseConv2D DeviceMesh Dice DirectoryIterator Discretization DistillationLoss Distiller Dot Dropout \
    DynamicLossScale ELU EarlyStopping EinsumDense Embedding Equalization ExponentialDecay ExportArchive \
    ExtensionType F1Score FBetaScore FalseNegatives FalsePositives FeatureDistillation FeatureSpace FixedLossScale \
    Flatten FlaxLayer Float8QuantizationConfig FloatDTypePolicy Ftrl Function Functional \
    FunctionalPreprocessingStage GELU GPTQConfig GPTQDTypePolicy GRU GRUCell GRUV2 GaussianDropout GaussianNoise \
    GetItem GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D GlobalAvgPool1D GlobalAvgPool2D \
    GlobalAvgPool3D GlobalMaxPool1D GlobalMaxPool2D GlobalMaxPool3D GlobalMaxPooling1D GlobalMaxPooling2D \
    GlobalMaxPooling3D GlorotNormal GlorotUniform GlorotUniformV2 GradientClipping GroupNormalization \
    GroupQueryAttention GroupedQueryAttention HashedCrossing Hashing HeNormal HeUniform Highway Hinge History Huber \
    Identity IdentityInitializer ImageDataGenerator IndexLookup Initializer InputLayer InputSpec InstanceMethod \
    InstanceProperty Int4DTypePolicy Int4QuantizationConfig Int8QuantizationConfig IntegerLookup InverseTimeDecay \
    IoU Iterator JaxLayer KLDivergence KerasFileEditor KerasTensor L1 L1L2 L2 LSTM LSTMCell LSTMV2 Lamb Lambda \
    LambdaCallback Layer LayerNormalization LayerNormalizationV2 LayoutMap LeakyReLU LeakyRelu LearningRateSchedule \
    LearningRateScheduler LecunNormal LecunUniform LegacyOptimizerWarning LinearCosineDecay LinearModel Lion \
    LocallyConnected1D LocallyConnected2D LogCosh LogCoshError LogcoshLoss LogitsDistillation Loss \
    LossFunctionWrapper LossScale LossScaleOptimizer MAP_TO_NONE Masking MaxNorm MaxNumBoundingBoxes MaxPool1D \
    MaxPool2D MaxPool3D MaxPooling1D MaxPooling2D MaxPooling3D Maximum MaxoutDense Mean MeanAbsoluteError \
    MeanAbsolutePercentageError MeanIoU MeanMetricWrapper MeanRelativeError MeanSquaredError \
    MeanSquaredLogarithmicError MeanTensor MelSpectrogram Merge Metric MinMaxNorm Minimum MixUp Model \
    ModelCheckpoint ModelParallel MultiHeadAttention MultiOptimizer Multiply Muon Nadam Node NoisyLinearCosineDecay \
    NonNeg NoneType Normalization NumericalMetric NumpyArrayIterator OneHotIoU OneHotMeanIoU Ones Operation \
    Optimizer OptimizerMap OrbaxCheckpoint Orthogonal OrthogonalInitializer OrthogonalRegularizer PReLU \
    PearsonCorrelation PeepholeLSTMCell Permute PiecewiseConstantDecay Pipeline Poisson Policy PolicyV1 \
    PolynomialDecay Precision PrecisionAtRecall PreprocessingLayer PreprocessingStage Progbar ProgbarLogger \
    PyDataset QuantizationConfig QuantizedDTypePolicy QuantizedFloat8DTypePolicy Quantizer R2Score RMSNormalization \
    RMSprop RNN RaggedTensorSpec RandAugment RandomBrightness RandomColorDegeneration RandomColorJitter \
    RandomContrast RandomCrop RandomElasticTransform RandomErasing RandomFlip RandomGaussianBlur RandomGrayscale \
    RandomHeight RandomHue RandomInvert RandomNormal RandomNormalV2 RandomPerspective RandomPosterization \
    RandomRotation RandomSaturation RandomSharpness RandomShear RandomTranslation RandomUniform RandomUniformV2 \
    RandomWidth RandomZoom ReLU ReLU6 Recall RecallAtPrecision ReduceLROnPlateau Reduction Regularizer Relu \
    RematScope RemoteMonitor RepeatVector Rescaling Reshape Resizing ReversibleEmbedding RootMeanSquaredError SGD \
    SGDW SKLearnClassifier SKLearnRegressor SKLearnTransformer STFT STFTInitializer STFTSpectrogram \
    ScheduleFreeAdamW SeedGenerator SensitivityAtSpecificity SeparableConv1D SeparableConv2D SeparableConvolution1D \
    SeparableConvolution2D Sequence SequenceFeatures Sequential SiLU Sigmoid SimpleRNN SimpleRNNCell Slice \
    SlicingOpLambda Softmax Softplus Softsign Solarization SparseCategoricalAccuracy SparseCategoricalCrossentropy \
    SparseTensorSpec SparseTopKCategoricalAccuracy SpatialDropout1D SpatialDropout2D SpatialDropout3D \
    SpecificityAtSensitivity SpectralNormalization SquaredHinge Stack StackedRNNCells StatelessScope StringLookup \
    Subtract Sum SumOverBatchSize SwapEMAWeights Swish SymbolicScope SyncBatchNormalization TFOpLambda TFSMLayer \
    TaggedDict Tanh TensorBoard TensorFlowOpLayer TensorLayout TensorShape TensorSpec TerminateOnNaN \
    TextVectorization ThresholdedReLU TimeDistributed TimeDistributedDense TimeseriesGenerator Tokenizer \
    TopKCategoricalAccuracy TorchModuleWrapper TrueNegatives TruePositives TruncatedNormal TruncatedNormalV2 Tversky \
    TypeSpec UnitNorm UnitNormalization UpSampling1D UpSampling2D UpSampling3D Variable VariableSpec VarianceScaling \
    WarmUp WideDeepModel Wrapper ZeroPadding1D ZeroPadding2D ZeroPadding3D Zeros __bytes__ __dict__ __ellipsis__ \
    __keras_tensor__ __lambda__ __numpy__ __set__ __slice__ __tensor__ __tuple__ __typespec__ bool bytes constant \
    custom_object_scope dict float function glorot_normal glorot_uniform he_normal he_uniform identity int l1 l1_l2 \
    l2 lecun_normal lecun_uniform list max_norm min_max_norm name_scope non_neg ones orthogonal \
    orthogonal_regularizer random_normal random_uniform set stft str truncated_normal tuple type unit_norm \
    variance_scaling zeros \
    ";
