//! One spelling per callable: Python-2 module names, accelerator modules and vendored copies are mapped to the module
//! the tables use. Source: CPython's `_compat_pickle`, and the `_module` imports of its Python modules.

/// Renames of a module path, longest first where one is the head of another; `to` may be empty to drop the head.
pub(super) static RENAMED: &[(&str, &str)] = &[
    ("BaseHTTPServer", "http.server"),
    ("CGIHTTPServer", "http.server"),
    ("ConfigParser", "configparser"),
    ("Cookie", "http.cookies"),
    ("DocXMLRPCServer", "xmlrpc.server"),
    ("HTMLParser", "html.parser"),
    ("Queue", "queue"),
    ("SimpleHTTPServer", "http.server"),
    ("SimpleXMLRPCServer", "xmlrpc.server"),
    ("SocketServer", "socketserver"),
    ("StringIO", "io"),
    ("Tkinter", "tkinter"),
    ("UserDict", "collections"),
    ("UserList", "collections"),
    ("UserString", "collections"),
    ("__builtin__", "builtins"),
    ("__builtins__", "builtins"),
    ("_asyncio", "asyncio"),
    ("_collections", "collections"),
    ("_ctypes", "ctypes"),
    ("_datetime", "datetime"),
    ("_decimal", "decimal"),
    ("_frozen_importlib", "importlib"),
    ("_frozen_importlib_external", "importlib"),
    ("_functools", "functools"),
    ("_imp", "imp"),
    ("_io", "io"),
    ("_operator", "operator"),
    ("_pickle", "pickle"),
    ("_posixshmem", "multiprocessing.shared_memory"),
    ("_pydatetime", "datetime"),
    ("_pydecimal", "decimal"),
    ("_pyio", "io"),
    ("_random", "random"),
    ("_signal", "signal"),
    ("_socket", "socket"),
    ("_sqlite3", "sqlite3"),
    ("_ssl", "ssl"),
    ("_struct", "struct"),
    ("_uuid", "uuid"),
    ("_weakref", "weakref"),
    ("_winreg", "winreg"),
    ("anydbm", "dbm"),
    ("cPickle", "pickle"),
    ("cStringIO", "io"),
    ("cookielib", "http.cookiejar"),
    ("copy_reg", "copyreg"),
    ("dbhash", "dbm"),
    ("dumbdbm", "dbm.dumb"),
    ("eventlet.green", ""),
    ("exceptions", "builtins"),
    ("fractions._py", "fractions"),
    ("future.backports", ""),
    ("future.moves", ""),
    ("httplib", "http.client"),
    ("joblib.externals.cloudpickle", "cloudpickle"),
    ("joblib.externals.loky.backend.popen_loky_posix", "multiprocessing.popen_fork"),
    ("keras.src", "keras"),
    ("nt", "os"),
    ("ntpath", "os.path"),
    ("numpy._core", "numpy.core"),
    ("numpy.compat", "numpy.core"),
    ("pathlib._abc", "pathlib"),
    ("pathlib._local", "pathlib"),
    ("pip._vendor", ""),
    ("pip._vendor.requests.compat", ""),
    ("pkg_resources._vendor", ""),
    ("posix", "os"),
    ("posixpath", "os.path"),
    ("re._compiler", "re"),
    ("robotparser", "urllib.robotparser"),
    ("setuptools._distutils", "distutils"),
    ("setuptools._vendor", ""),
    ("six.moves", ""),
    ("sklearn.externals.joblib", "joblib"),
    ("sklearn.externals.six.moves", ""),
    ("sqlite3.dbapi2", "sqlite3"),
    ("sre_compile", "re"),
    ("tensorflow.keras", "keras"),
    ("tensorflow.python.keras", "keras"),
    ("tensorflow_core", "tensorflow"),
    ("tf_keras.src", "keras"),
    ("thread", "_thread"),
    ("torch._six", "builtins"),
    ("urllib2", "urllib.request"),
    ("urlparse", "urllib.parse"),
    ("whichdb", "dbm"),
    ("xmlrpclib", "xmlrpc.client"),
];

/// `path` (module and name joined by dots) in the spelling of the tables.
pub(super) fn canonical(path: &str) -> String {
    let mut path = path.to_owned();
    // A rename may uncover another (`six.moves.cPickle`); no chain is longer than this.
    for _ in 0..4 {
        let Some((from, to)) = heads(&path).find_map(|head| {
            RENAMED.binary_search_by_key(&head, |row| row.0).ok().and_then(|index| RENAMED.get(index))
        }) else {
            break;
        };
        let rest = path.get(from.len()..).unwrap_or_default();
        path = if to.is_empty() { rest.trim_start_matches('.').to_owned() } else { format!("{to}{rest}") };
    }
    path
}

/// Every proper head of a dotted path, longest first: `a.b`, then `a`, of `a.b.c`.
pub(super) fn heads(path: &str) -> impl Iterator<Item = &str> {
    path.rmatch_indices('.').filter_map(|(dot, _)| path.get(..dot))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_accelerator_and_vendored_names_become_one() {
        for (given, wanted) in [
            ("posix.system", "os.system"),
            ("__builtin__.eval", "builtins.eval"),
            ("six.moves.cPickle.loads", "pickle.loads"),
            ("numpy._core.multiarray.scalar", "numpy.core.multiarray.scalar"),
            ("pip._vendor.requests.get", "requests.get"),
            ("torch.nn.Linear", "torch.nn.Linear"),
        ] {
            assert_eq!(canonical(given), wanted);
        }
    }

    #[test]
    fn a_name_that_only_begins_alike_is_left_alone() {
        assert_eq!(canonical("posixly.system"), "posixly.system");
        assert_eq!(canonical("nt"), "nt");
    }

    #[test]
    fn the_table_is_sorted_and_unique() {
        assert!(RENAMED.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
}
