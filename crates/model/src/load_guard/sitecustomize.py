"""Bartizan's load guard: asks before an unpickler takes a name, in every Python process below `bartizan load-guard`.

Python imports this file at start-up because its folder stands first on PYTHONPATH. It adds an audit hook (PEP 578),
which nothing can take away again, and then lets the next `sitecustomize` run as if this one were not there.
What may be taken is decided by the process at the other end of the socket, not here.
"""


def _install():
    import os
    import sys

    path = os.environ.get("BARTIZAN_LOAD_GUARD")
    if not path:
        return
    import _socket

    # Packages that rebuild Python functions out of model files with marshal.
    loaders = frozenset(("keras", "tf_keras", "tensorflow", "tensorflow_core", "joblib", "dill", "cloudpickle", "torch"))
    # Modules that unpickle what another process of the same program has sent.
    between_processes = (
        "multiprocessing.",
        "concurrent.futures.process",
        "joblib.externals.loky.",
        "torch.multiprocessing.",
    )
    most_frames = 12
    allowed = set()
    sockets = (_socket.socket, _socket.AF_UNIX, _socket.SOCK_STREAM, _socket.SHUT_WR)
    current_frame = sys._getframe
    process = os.getpid

    def ask(*fields):
        make, family, kind, half = sockets
        connection = make(family, kind)
        try:
            connection.settimeout(30)
            connection.connect(path)
            text = "\0".join(field.replace("\0", "\\0") for field in fields)
            connection.sendall(text.encode("utf-8", "backslashreplace"))
            connection.shutdown(half)
            answer = b""
            while True:
                part = connection.recv(4096)
                if not part:
                    return answer.decode("utf-8", "replace")
                answer += part
        finally:
            connection.close()

    def decide(module, name, frame):
        stack = []
        while frame is not None and len(stack) < most_frames:
            code = frame.f_code
            stack.append("%s:%d in %s" % (code.co_filename, frame.f_lineno, code.co_name))
            frame = frame.f_back
        try:
            answer = ask("name", str(process()), module, name, "\n".join(stack))
        except OSError as error:
            answer = "no: the load guard cannot be asked about %s.%s: %s" % (module, name, error)
        if answer == "yes":
            allowed.add((module, name))
            return
        if answer == "noted":
            return
        from _pickle import UnpicklingError

        raise UnpicklingError("bartizan load-guard: " + (answer[4:] if answer[:4] == "no: " else "no answer"))

    def owner(frame):
        if frame is None:
            return ""
        name = frame.f_globals.get("__name__", "")
        if name == "__main__":
            # A module run with `python -m`, as loky runs its workers.
            name = getattr(frame.f_globals.get("__spec__"), "name", name)
        return str(name)

    def hook(event, arguments):
        if event == "pickle.find_class":
            if arguments in allowed:
                return
            frame = current_frame(1)
            reader = frame
            while reader is not None and owner(reader) == "pickle":
                reader = reader.f_back
            if owner(reader).startswith(between_processes):
                return
            decide(str(arguments[0]), str(arguments[1]), frame)
        elif event == "marshal.loads":
            frame = current_frame(1)
            if owner(frame).partition(".")[0] in loaders and ("marshal", "loads") not in allowed:
                decide("marshal", "loads", frame)

    sys.addaudithook(hook)
    try:
        ask("hello", str(process()), "%d.%d.%d" % sys.version_info[:3])
    except OSError:
        # Whoever started us is gone. The hook stays, and refuses what it cannot ask about.
        pass


def _next_sitecustomize():
    import os
    import sys

    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [folder for folder in sys.path if os.path.abspath(folder or ".") != here]
    ours = sys.modules.pop("sitecustomize", None)
    try:
        import sitecustomize  # noqa: F401  the one that would have been found without us
    except ImportError as error:
        if error.name != "sitecustomize":
            raise
    finally:
        if "sitecustomize" not in sys.modules and ours is not None:
            sys.modules["sitecustomize"] = ours


_install()
_next_sitecustomize()
