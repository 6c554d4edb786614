//! Safe callables of TensorFlow, Keras, JAX, Flax and Optree.

use super::{CLASSES, Safe, safe};

const fn keras(module: &'static str, names: &'static [&'static str]) -> Safe {
    safe("keras", module, names)
}

#[rustfmt::skip] // one name per line would be pages of scrolling
pub(super) static SAFE: &[Safe] = &[
    safe("tensorflow", "tensorflow.python.framework.dtypes", &["DType", "as_dtype"]),
    safe("tensorflow", "tensorflow.python.framework.ops", &["EagerTensor", "Tensor", "convert_to_tensor"]),
    safe("tensorflow", "tensorflow.python.framework.tensor_shape", &["Dimension", "TensorShape"]),
    safe("tensorflow", "tensorflow.python.framework.tensor_spec", &["TensorSpec"]),
    safe("tensorflow", "tensorflow.python.framework.tensor", &["TensorSpec"]),
    safe("tensorflow", "tensorflow.python.trackable.data_structures", &["ListWrapper", "List", "Mapping", "_DictWrapper", "_TupleWrapper", "wrap_or_unwrap"]),
    safe("tensorflow", "tensorflow.python.training.tracking.data_structures", &["ListWrapper", "List", "Mapping", "_DictWrapper", "_TupleWrapper"]),
    safe("tensorflow", "tensorflow", &["DType", "TensorShape", "TensorSpec"]),
    keras("keras.callbacks", &["History"]),
    keras("keras.engine.sequential", &["Sequential"]),
    keras("keras.engine.training", &["Model"]),
    keras("keras.engine.functional", &["Functional"]),
    keras("keras.engine.input_layer", &["InputLayer"]),
    keras("keras.engine.input_spec", &["InputSpec"]),
    keras("keras.layers", &[CLASSES]),
    keras("keras.models", &["Model", "Sequential"]),
    keras("keras.optimizers", &[CLASSES]),
    keras("keras.losses", &[CLASSES]),
    keras("keras.metrics", &[CLASSES]),
    keras("keras.initializers", &[CLASSES]),
    keras("keras.regularizers", &[CLASSES]),
    keras("keras.preprocessing.text", &["Tokenizer"]),
    keras("keras_preprocessing.text", &["Tokenizer"]),
    keras("keras.preprocessing.image", &["ImageDataGenerator"]),
    keras("keras.legacy.preprocessing.text", &["Tokenizer"]),
    safe("jax", "jax._src.array", &["_reconstruct_array"]),
    safe("jax", "jax.interpreters.xla", &["DeviceArray", "_DeviceArray"]),
    safe("jax", "jax._src.device_array", &["reconstruct_device_array"]),
    safe("jax", "jax._src.numpy.lax_numpy", &["array", "asarray"]),
    safe("jax", "jax.numpy", &["array", "asarray", "bfloat16", "float32", "int32"]),
    safe("jax", "jaxlib.xla_extension", &["ArrayImpl", "PyTreeDef"]),
    safe("jax", "jaxlib.xla_extension.pytree", &["PyTreeDef"]),
    safe("jax", "jaxlib._jax.pytree", &["PyTreeDef"]),
    safe("optree", "optree", &["PyTreeSpec"]),
    safe("optree", "optree._C", &["PyTreeSpec"]),
    safe("flax", "flax.core.frozen_dict", &["FrozenDict"]),
    safe("flax", "flax.linen", &[CLASSES]),
    safe("flax", "flax.training.train_state", &["TrainState"]),
    safe("optax", "optax", &[CLASSES]),
    safe("haiku", "haiku._src.data_structures", &["FlatMap", "FlatMapping"]),
];
