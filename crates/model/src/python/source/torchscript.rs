//! What TorchScript code may call: its own operators, functions of the archive, and the built-ins of the language.
//!
//! Source: PyTorch `torch/csrc/jit/serialization/python_print.cpp` and `torch/csrc/jit/frontend/builtin_functions.cpp`.

use bartizan_core::Severity;

/// How bad a call of `path` is in TorchScript code, and what it is; `None` for what belongs there.
pub(super) fn judge(path: &str) -> Option<(Severity, &'static str)> {
    let mut parts = path.split('.');
    let root = parts.next().unwrap_or_default();
    let name = path.rsplit('.').next().unwrap_or_default();
    match root {
        "ops" => {
            let namespace = parts.next().unwrap_or_default();
            match namespace {
                _ if touches_files(name) => Some((Severity::High, "an operator that reads or writes files")),
                "aten"
                | "prim"
                | "prims"
                | "quantized"
                | "torchvision"
                | "torchaudio"
                | "prepacked"
                | "static_runtime"
                | "mkldnn"
                | "mkldnn_prepacked"
                | "xnnpack"
                | "quantized_decomposed"
                | "onednn"
                | "cuda"
                | "inductor"
                | "metal"
                | "vulkan_prepack"
                | "sparse"
                | "profiler"
                | "c10d_functional"
                | "_quantized"
                | "fb"
                | "torchtext" => None,
                _ => Some((Severity::Medium, "an operator of another library")),
            }
        }
        "torch" => {
            let second = parts.next().unwrap_or_default();
            let leaves = matches!(
                second,
                "save"
                    | "load"
                    | "hub"
                    | "package"
                    | "serialization"
                    | "classes"
                    | "utils"
                    | "multiprocessing"
                    | "distributed"
                    | "from_file"
            );
            let leaves = leaves && second != "classes";
            (leaves || touches_files(name)).then_some((Severity::High, "a function that leaves TorchScript"))
        }
        "os" | "sys" | "subprocess" | "builtins" | "socket" | "shutil" | "ctypes" | "importlib" | "posix"
        | "pty" | "io" | "pathlib" | "requests" | "urllib" | "pickle" | "marshal" | "http" | "runpy"
        | "code" | "pdb" => {
            let own = matches!(
                name,
                "print"
                    | "len"
                    | "range"
                    | "int"
                    | "float"
                    | "bool"
                    | "str"
                    | "getattr"
                    | "hasattr"
                    | "isinstance"
                    | "list"
                    | "tuple"
                    | "dict"
                    | "min"
                    | "max"
                    | "abs"
                    | "round"
                    | "sorted"
                    | "enumerate"
                    | "zip"
                    | "ord"
                    | "chr"
                    | "complex"
                    | "divmod"
                    | "hash"
                    | "hex"
                    | "oct"
                    | "bin"
                    | "pow"
                    | "any"
                    | "all"
                    | "sum"
                    | "super"
                    | "type"
                    | "id"
                    | "reversed"
                    | "bytes"
                    | "iter"
                    | "slice"
                    | "Exception"
                    | "RuntimeError"
                    | "ValueError"
                    | "set"
                    | "object"
                    | "NotImplementedError"
                    | "AssertionError"
                    | "property"
                    | "format"
            );
            let builtin = root == "builtins" && own;
            (!builtin).then_some((Severity::Critical, "Python, not TorchScript"))
        }
        "__import__" | "eval" | "exec" | "compile" | "open" => {
            Some((Severity::Critical, "Python, not TorchScript"))
        }
        _ => None,
    }
}

fn touches_files(name: &str) -> bool {
    matches!(name, "save" | "from_file" | "_from_file" | "load" | "dlopen" | "save_tensor" | "load_library")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_operators_pass_and_files_do_not() {
        assert_eq!(judge("ops.aten.add"), None);
        assert_eq!(judge("torch._convolution"), None);
        assert_eq!(judge("ops.aten.save").map(|(severity, _)| severity), Some(Severity::High));
        assert_eq!(judge("ops.mylib.run").map(|(severity, _)| severity), Some(Severity::Medium));
        assert_eq!(judge("builtins.eval").map(|(severity, _)| severity), Some(Severity::Critical));
    }
}
