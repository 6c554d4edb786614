//! Gadgets that load native code or touch raw memory.

use super::{ALL, Gadgets};
use crate::pickle::knowledge::GadgetClass::Native;
use bartizan_core::Severity::{self, Critical, High};

const fn native(
    severity: Severity,
    module: &'static str,
    names: &'static [&'static str],
    why: &'static str,
) -> Gadgets {
    Gadgets::new(Native, severity, module, names, why)
}

const LIBRARY: &str = "loads a native library, which runs its initialisers";

#[rustfmt::skip] // one name per line would be pages of scrolling
pub(super) static GADGETS: &[Gadgets] = &[
    native(Critical, "ctypes", &[ALL], "loads native libraries, calls them and writes raw memory"),
    native(Critical, "cffi", &[ALL], "loads native libraries, calls them and writes raw memory"),
    native(Critical, "_cffi_backend", &[ALL], "loads native libraries, calls them and writes raw memory"),
    native(Critical, "dl", &[ALL], LIBRARY),
    native(High, "mmap", &[ALL], "maps files or memory"),
    native(High, "msvcrt", &[ALL], "calls the Windows runtime"),
    native(High, "fcntl", &[ALL], "controls file descriptors"),
    native(High, "_xxtestfuzz", &[ALL], "is the interpreter's own test module"),
    native(High, "_ctypes_test", &[ALL], "is the interpreter's own test module"),
    native(High, "_testbuffer", &[ALL], "is the interpreter's own test module"),
    native(Critical, "numpy.ctypeslib", &[ALL], LIBRARY),
    native(Critical, "numpy.core._multiarray_umath", &["_load_from_filelike", "_set_madvise_hugepage"], "reads files through native code"),
    native(High, "numpy.core.multiarray", &["set_typeDict", "_set_madvise_hugepage", "set_datetimeparse_function"], "changes the library's global state"),
    native(Critical, "torch._ops", &["_Ops.load_library", "_Classes.load_library"], LIBRARY),
    native(Critical, "torch.ops", &["load_library"], LIBRARY),
    native(Critical, "torch.classes", &["load_library"], LIBRARY),
    native(Critical, "torch._classes", &[ALL], LIBRARY),
    native(Critical, "torch.utils.dlpack", &[ALL], "wraps raw memory"),
    native(Critical, "torch.cuda._utils", &["_load_library"], LIBRARY),
    native(High, "torch._C", &["_from_dlpack", "_load_for_lite_interpreter", "_load_jit_module_from_bytes", "_cuda_cudart", "_set_default_mobile_cpu_allocator"], "loads programs or wraps raw memory"),
    native(Critical, "torch", &["_load_dll_libraries", "_load_global_deps", "_preload_cuda_deps", "_preload_cuda_lib"], LIBRARY),
    native(Critical, "tensorflow", &["load_op_library", "load_library"], LIBRARY),
    native(Critical, "llvmlite.binding", &[ALL], LIBRARY),
    native(Critical, "lightgbm.libpath", &[ALL], "finds a native library"),
    native(Critical, "xgboost.libpath", &[ALL], "finds a native library"),
    native(Critical, "win32api", &[ALL], "calls the Windows interface"),
    native(Critical, "win32process", &[ALL], "calls the Windows process interface"),
    native(Critical, "comtypes.client", &["CreateObject", "CoGetObject", "GetActiveObject", "GetModule"], "controls other programs"),
    native(Critical, "win32com", &[ALL], "controls other programs"),
    native(Critical, "onnxruntime", &["InferenceSession", "SessionOptions.register_custom_ops_library"], "loads a model, or a native library"),
    native(Critical, "sqlite3", &["Connection.load_extension", "Connection.enable_load_extension"], LIBRARY),
];
