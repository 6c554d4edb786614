//! Gadgets that import modules: the top level of what they import runs.

use super::{ALL, Gadgets};
use crate::pickle::knowledge::GadgetClass::Import;
use bartizan_core::Severity::{self, Critical, High};

const fn import(
    severity: Severity,
    module: &'static str,
    names: &'static [&'static str],
    why: &'static str,
) -> Gadgets {
    Gadgets::new(Import, severity, module, names, why)
}

const MODULE: &str = "imports the module its argument names, which runs it";

#[rustfmt::skip] // one name per line would be pages of scrolling
pub(super) static GADGETS: &[Gadgets] = &[
    import(Critical, "builtins", &["__import__"], MODULE),
    import(Critical, "importlib", &[ALL], MODULE),
    import(Critical, "imp", &[ALL], MODULE),
    import(Critical, "_bootlocale", &[ALL], "is internal to the interpreter"),
    import(Critical, "zipimport", &[ALL], "imports code out of an archive"),
    import(Critical, "pkgutil", &[ALL], "finds and imports what its argument names"),
    import(High, "unittest.mock", &[ALL], "imports and replaces what its argument names"),
    import(High, "mock", &[ALL], "imports and replaces what its argument names"),
    import(High, "pyclbr", &[ALL], "reads and parses modules"),
    import(High, "encodings", &[ALL], "imports a codec module"),
    import(High, "xml.sax", &["make_parser"], MODULE),
    import(High, "xml.dom", &["registerDOMImplementation", "getDOMImplementation"], MODULE),
    import(High, "xml.dom.domreg", &[ALL], MODULE),
    import(High, "wsgiref.simple_server", &[ALL], "starts a server"),
    import(High, "six", &["_import_module", "add_move", "MovedModule", "MovedAttribute"], MODULE),
    import(High, "numpy.core", &["_ufunc_reconstruct"], "imports the module its argument names and takes a name from it").referenced(Severity::Low),
    import(High, "django.utils.module_loading", &[ALL], MODULE),
    import(High, "werkzeug.utils", &["import_string"], MODULE),
    import(High, "celery.utils.imports", &[ALL], MODULE),
    import(High, "omegaconf._utils", &["import_module"], MODULE),
    import(High, "torch._utils_internal", &[ALL], "is internal to the framework and reads files"),
    import(High, "torch.hub", &["_import_module"], "imports a Python file"),
    import(High, "torch.ao.quantization.utils", &["getattr_from_fqn", "get_fqn_to_example_inputs"], "fetches attributes by name"),
    import(High, "tensorflow.python.util.lazy_loader", &[ALL], MODULE),
    import(High, "scipy._lib._public_api", &[ALL], MODULE),
    import(High, "sklearn.utils._testing", &[ALL], "is a part of the test support"),
    import(High, "sklearn.utils.discovery", &[ALL], "imports every submodule"),
    import(High, "pandas.compat._optional", &[ALL], MODULE),
    import(High, "joblib._store_backends", &[ALL], "reads and writes a cache folder"),
    import(High, "lightning.pytorch.cli", &[ALL], "imports and builds what its argument names"),
    import(High, "pytorch_lightning.cli", &[ALL], "imports and builds what its argument names"),
    import(High, "jsonargparse", &[ALL], "imports and builds what its argument names"),
];
