//! The layers that ncnn itself brings, in the order of their numbers, and how many weights each reads.
//!
//! Source: `src/CMakeLists.txt` (`ncnn_add_layer`) and `load_model` of the classes under `src/layer` of Tencent/ncnn.

use super::Parameters;

/// Names of the layers by number, as the binary form refers to them. Numbers beyond belong to newer releases.
pub(super) const LAYERS: &[&str] = &[
    "AbsVal",
    "ArgMax",
    "BatchNorm",
    "Bias",
    "BNLL",
    "Concat",
    "Convolution",
    "Crop",
    "Deconvolution",
    "Dropout",
    "Eltwise",
    "ELU",
    "Embed",
    "Exp",
    "Flatten",
    "InnerProduct",
    "Input",
    "Log",
    "LRN",
    "MemoryData",
    "MVN",
    "Pooling",
    "Power",
    "PReLU",
    "Proposal",
    "Reduction",
    "ReLU",
    "Reshape",
    "ROIPooling",
    "Scale",
    "Sigmoid",
    "Slice",
    "Softmax",
    "Split",
    "SPP",
    "TanH",
    "Threshold",
    "Tile",
    "RNN",
    "LSTM",
    "BinaryOp",
    "UnaryOp",
    "ConvolutionDepthWise",
    "Padding",
    "Squeeze",
    "ExpandDims",
    "Normalize",
    "Permute",
    "PriorBox",
    "DetectionOutput",
    "Interp",
    "DeconvolutionDepthWise",
    "ShuffleChannel",
    "InstanceNorm",
    "Clip",
    "Reorg",
    "YoloDetectionOutput",
    "Quantize",
    "Dequantize",
    "Yolov3DetectionOutput",
    "PSROIPooling",
    "ROIAlign",
    "Packing",
    "Requantize",
    "Cast",
    "HardSigmoid",
    "SELU",
    "HardSwish",
    "Noop",
    "PixelShuffle",
    "DeepCopy",
    "Mish",
    "StatisticsPooling",
    "Swish",
    "Gemm",
    "GroupNorm",
    "LayerNorm",
    "Softplus",
    "GRU",
    "MultiHeadAttention",
    "GELU",
    "Convolution1D",
    "Pooling1D",
    "ConvolutionDepthWise1D",
    "Convolution3D",
    "ConvolutionDepthWise3D",
    "Pooling3D",
    "MatMul",
    "Deconvolution1D",
    "DeconvolutionDepthWise1D",
    "Deconvolution3D",
    "DeconvolutionDepthWise3D",
    "Einsum",
    "DeformableConv2D",
    "GLU",
    "Fold",
    "Unfold",
    "GridSample",
    "CumulativeSum",
    "CopyTo",
    "Erf",
    "Diag",
    "CELU",
    "Shrink",
    "RMSNorm",
    "Spectrogram",
    "InverseSpectrogram",
    "Flip",
    "SDPA",
    "RotaryEmbed",
];

/// Other names under which releases have shipped a layer of their own.
pub(super) const FURTHER: &[&str] = &["ArgMin", "Moment", "ReduceMean"];

/// Bit of a layer's number that says the program registered it (`LayerType::CustomBit`).
pub(super) const CUSTOM_BIT: i32 = 1 << 8;

/// How many elements a layer reads from the file of weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Weights {
    /// Elements behind a tag, which take one to four bytes each.
    pub(super) tagged: u64,
    /// Elements of four bytes.
    pub(super) raw: u64,
    /// Elements of four bytes that depend on how the weights are quantised.
    pub(super) perhaps: u64,
}

/// What a layer of type `kind` reads; `None` when that depends on more than its own parameters.
pub(super) fn weights(kind: &str, parameters: &Parameters) -> Option<Weights> {
    let of = |id: i32| parameters.count(id);
    let if_set = |id: i32, count: u64| if of(id) == 0 { 0 } else { count };
    let unless_cleared = |id: i32, count: u64| if parameters.or(id, 1) == 0 { 0 } else { count };
    let raw = |raw: u64| Weights { raw, ..Weights::default() };
    Some(match kind {
        "Convolution"
        | "ConvolutionDepthWise"
        | "Deconvolution"
        | "DeconvolutionDepthWise"
        | "Convolution1D"
        | "ConvolutionDepthWise1D"
        | "Convolution3D"
        | "ConvolutionDepthWise3D"
        | "Deconvolution1D"
        | "DeconvolutionDepthWise1D"
        | "Deconvolution3D"
        | "DeconvolutionDepthWise3D" => {
            // Weights that come as an input are in no file.
            if of(19) != 0 || of(28) != 0 {
                Weights::default()
            } else {
                Weights {
                    tagged: of(6),
                    raw: if_set(5, of(0)),
                    perhaps: of(0).saturating_mul(3).saturating_add(8),
                }
            }
        }
        "InnerProduct" => Weights {
            tagged: of(2),
            raw: if_set(1, of(0)),
            perhaps: of(0).saturating_mul(3).saturating_add(8),
        },
        "Embed" => Weights { tagged: of(3), raw: if_set(2, of(0)), perhaps: 8 },
        "BatchNorm" => raw(of(0).saturating_mul(4)),
        // The scale may be an input, written as -233.
        "Scale" if parameters.or(0, 0) < 0 => Weights::default(),
        "Scale" => raw(of(0).saturating_add(if_set(1, of(0)))),
        "Bias" | "PReLU" => raw(of(0)),
        "LayerNorm" | "InstanceNorm" => raw(unless_cleared(2, of(0).saturating_mul(2))),
        "RMSNorm" => raw(unless_cleared(2, of(0))),
        "GroupNorm" => raw(unless_cleared(3, of(1).saturating_mul(2))),
        "Normalize" => raw(of(3)),
        "MemoryData" => {
            let extents = [0, 1, 11, 2].map(of);
            let elements = extents.iter().filter(|&&extent| extent != 0);
            let elements = elements.fold(1u64, |product, extent| product.saturating_mul(*extent));
            if parameters.or(21, 1) == 1 {
                raw(elements)
            } else {
                Weights { tagged: elements, raw: 0, perhaps: 8 }
            }
        }
        "RNN" | "LSTM" | "GRU" | "MultiHeadAttention" | "Gemm" | "DeformableConv2D" | "Quantize"
        | "Dequantize" | "Requantize" | "SDPA" => return None,
        _ => Weights::default(),
    })
}
