//! Every format and every rule this crate knows. A new format is one file and one line here.

use crate::engine::EverywhereCheck;
use crate::{Format, Rule};

/// Formats in the order their names are reported when several claim one input.
#[rustfmt::skip] // one line each, so that additions merge
pub static FORMATS: &[&dyn Format] = &[
    &crate::formats::safetensors::Safetensors,
    &crate::formats::gguf::Gguf,
    &crate::formats::ggml::Ggml,
    &crate::formats::onnx::Onnx,
    &crate::formats::onnx::ort::ORT,
    &crate::formats::caffe::CAFFE,
    &crate::formats::caffe::CAFFE_TEXT,
    &crate::formats::sentencepiece::SENTENCEPIECE,
    &crate::formats::lfs_pointer::LFS_POINTER,
    &crate::formats::torchserve::TORCHSERVE,
    &crate::formats::torch_zip::TORCH_ZIP,
    &crate::formats::torch_legacy::TORCH_LEGACY,
    &crate::formats::torch_tar::TORCH_TAR,
    &crate::formats::nemo::NEMO,
    &crate::formats::executorch::EXECUTORCH,
    &crate::pickle::Pickle,
    &crate::formats::coreml::CoreMl,
    &crate::formats::coreml::CoreMlManifest,
    &crate::formats::openvino::OpenVino,
    &crate::formats::llamafile::Llamafile,
    &crate::formats::llamafile::LlamafileArguments,
    &crate::formats::shard_index::ShardIndex,
    &crate::formats::zarr::ZARR,
    &crate::archive::zip::ZIP,
    &crate::binary::executable::ExecutableFile,
    &crate::formats::npy::NPY,
    &crate::formats::r_data::R_DATA,
    &crate::formats::java_serialized::JAVA_SERIALIZED,
    &crate::formats::pmml::PMML,
    &crate::formats::skops::SKOPS,
    &crate::formats::flax::FLAX,
    &crate::formats::xgboost::XGBOOST,
    &crate::formats::lightgbm::LIGHTGBM,
    &crate::formats::catboost::CATBOOST,
    &crate::formats::mxnet::MXNET_SYMBOL,
    &crate::formats::mxnet::MXNET_PARAMS,
    &crate::formats::paddle::PADDLE_PROGRAM,
    &crate::formats::paddle::PADDLE_WEIGHTS,
    &crate::formats::paddle_pir::PADDLE_PIR,
    &crate::formats::tensorrt::TENSORRT,
    &crate::formats::cntk::CNTK,
    &crate::formats::rknn::RKNN,
    &crate::formats::torch7::TORCH7,
    &crate::formats::oci::OCI,
    &crate::formats::dependencies::DEPENDENCIES,
    &crate::formats::dependencies::MLMODEL,
    &crate::formats::columnar::PARQUET,
    &crate::formats::columnar::ARROW,
    &crate::formats::xml::XML,
    &crate::text::notebook::Notebook,
    &crate::text::comfyui::ComfyUi,
    &crate::text::script::PythonFile,
    &crate::text::script::Script,
    &crate::formats::hf_config::HfConfig,
    &crate::formats::jinja::Jinja,
    &crate::formats::hdf5::HDF5,
    &crate::formats::keras::KERAS_CONFIG,
    &crate::formats::pyc::PYC,
    &crate::archive::tar::TAR,
    &crate::archive::sevenz::SEVENZ,
    &crate::archive::rar::RAR,
    &crate::archive::cabinet::CABINET,
    &crate::archive::compress::GZIP,
    &crate::archive::compress::BZIP2,
    &crate::archive::compress::XZ,
    &crate::archive::compress::ZSTD,
    &crate::archive::compress::LZ4,
    &crate::archive::compress::LZIP,
    &crate::archive::compress::JOBLIB_ZFILE,
    &crate::archive::compress::ZLIB,
    &crate::archive::compress::LZMA,
    &crate::text::yaml::Yaml,
    &crate::formats::plain_text::JSON_TEXT,
    &crate::formats::plain_text::TABLE,
    &crate::formats::plain_text::PLAIN_TEXT,
    &crate::formats::tensorflow::TENSORFLOW,
    &crate::formats::tensorflow::TENSORFLOW_TEXT,
    &crate::formats::tensorflow::TENSORFLOW_CHECKPOINT,
    &crate::formats::tflite::TFLITE,
    &crate::formats::ncnn::NCNN_PARAM,
    &crate::formats::ncnn::NCNN_PARAM_BINARY,
    &crate::formats::ncnn::NCNN_WEIGHTS,
    &crate::formats::mnn::MNN,
];

/// Checks that run on every input after its formats: extension against content, hidden executables.
#[rustfmt::skip] // one line each, so that additions merge
pub(crate) static EVERYWHERE: &[EverywhereCheck] = &[
    crate::binary::embedded::check,
    crate::extension::check,
    crate::formats::oci::check_blob,
    crate::text::printable::check_unknown,
    crate::names::check_path,
];

/// Rules of the checks in [`EVERYWHERE`] and of the shared inspectors that formats call.
#[rustfmt::skip] // one line each, so that additions merge
static SHARED_RULES: &[&[&Rule]] = &[
    crate::text::indicators::RULES,
    bartizan_text::RULES,
    crate::weights::RULES,
    crate::binary::embedded::RULES,
    crate::extension::RULES,
    crate::formats::oci::RULES,
    crate::text::chat_template::RULES,
    crate::python::source::RULES,
    crate::python::marshal::RULES,
    crate::load_guard::RULES,
];

/// Every rule of this crate, sorted by id, each once.
pub fn rules() -> Vec<&'static Rule> {
    let shared = SHARED_RULES.iter().chain(crate::names::RULES).flat_map(|rules| rules.iter().copied());
    let mut rules: Vec<&'static Rule> =
        FORMATS.iter().flat_map(|format| format.rules().iter().copied()).chain(shared).collect();
    rules.sort_by_key(|rule| rule.id);
    rules.dedup_by_key(|rule| rule.id);
    rules
}
