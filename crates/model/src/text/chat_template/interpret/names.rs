//! What the names in a template say: which lead into the interpreter, which hold what people wrote.

use crate::text::chat_template::value::{Reach, Value};

/// A comparison of `left` with `right`: which words of the conversation, or that the date, decide it.
pub(super) fn compare(left: &Value, right: &Value) -> Value {
    let mut value = left.sources();
    value.depend_on(right);
    for (content, literal) in [(left, right), (right, left)] {
        if !content.from_content {
            continue;
        }
        let listed = literal.items.iter().flatten().flat_map(|item| item.texts.iter());
        for word in literal.texts.iter().chain(listed) {
            if is_wording(word) && value.triggers.len() < 16 && !value.triggers.contains(word) {
                value.triggers.push(word.clone());
            }
        }
    }
    value.from_content = false;
    value
}

/// Whether `text` is something a person would write, rather than markup such as `</think>`, `/no_think` or `[TOOL]`.
fn is_wording(text: &str) -> bool {
    let text = text.trim();
    let marked = text.starts_with(['<', '[', '{', '/', '|', '`', '#', '*', '\u{ff5c}', '\u{2581}', '(', '"'])
        || text.contains("<|");
    let count = |is: fn(char) -> bool| text.chars().filter(|&c| is(c)).count();
    !marked && (count(char::is_alphabetic) >= 2 || count(char::is_alphanumeric) >= 4)
}

pub(super) fn spell(base: &str, suffix: &str) -> String {
    let mut path = base.to_owned();
    if path.len() < 200 {
        path.push_str(suffix);
    }
    path
}

/// A name that no statement of the template binds.
pub(super) fn free_name(name: &str) -> Value {
    let reach = match name {
        "__builtins__" | "__import__" => Reach::Code,
        _ if is_internal(name) => Reach::Internals,
        "lipsum"
        | "cycler"
        | "joiner"
        | "namespace"
        | "self"
        | "request"
        | "config"
        | "url_for"
        | "app"
        | "session"
        | "get_flashed_messages"
        | "current_app"
        | "dict"
        | "range" => Reach::Entry,
        _ => Reach::Data,
    };
    Value { reach, path: name.to_owned(), ..named(name) }
}

/// What the name of a variable or parameter says of its origin.
pub(super) fn named(name: &str) -> Value {
    let lower = name.to_ascii_lowercase();
    let from_content = matches!(
        lower.as_str(),
        "content"
            | "text"
            | "prompt"
            | "query"
            | "user_message"
            | "system_message"
            | "system_prompt"
            | "instruction"
            | "input"
            | "message_content"
            | "user_input"
            | "question"
    );
    let from_date = matches!(
        lower.as_str(),
        "date" | "date_string" | "today" | "datetime" | "now" | "current_date" | "time"
    );
    Value { from_content, from_date, path: name.to_owned(), ..Value::default() }
}

/// `base.name` or `base['name']`.
pub(super) fn member(base: &Value, name: &str) -> Value {
    if let Some(entry) = base.entry(name) {
        return entry.clone();
    }
    let mut value = base.sources();
    let reached = if matches!(
        name,
        "__builtins__"
            | "__import__"
            | "__subclasses__"
            | "f_builtins"
            | "__loader__"
            | "__reduce__"
            | "__reduce_ex__"
    ) || (base.reach >= Reach::Entry && leads_to_code(name))
    {
        Reach::Code
    } else if is_internal(name) {
        Reach::Internals
    } else {
        Reach::Data
    };
    value.reach = value.reach.max(reached);
    value.path = spell(&base.path, &format!(".{name}"));
    // Roles, types and names are structure; contents are what people wrote.
    match name {
        "role" | "type" | "name" | "id" | "function" | "tool_calls" | "tool_call_id" | "parameters"
        | "properties" | "required" | "tools" | "channel" | "recipient" | "thinking_mode" => {
            value.from_content = false;
            value.triggers.clear();
        }
        "content" | "text" | "reasoning_content" | "thinking" | "arguments" | "value" => {
            value.from_content = true;
        }
        _ => {}
    }
    value
}

/// Names that only lead into the interpreter.
pub(in crate::text::chat_template) fn is_internal(name: &str) -> bool {
    let dunder = name.len() > 4 && name.starts_with("__") && name.ends_with("__");
    let hidden = name.starts_with('_')
        && name.len() > 1
        && !name.starts_with("__")
        && name.get(1..2).is_some_and(|c| c != "_");
    dunder
        || matches!(name, "_module" | "_TemplateReference__context" | "_get_frame" | "_getframe")
        || (hidden && name.contains("__"))
        || matches!(
            name,
            "mro"
                | "func_globals"
                | "func_code"
                | "func_closure"
                | "im_func"
                | "im_self"
                | "im_class"
                | "gi_frame"
                | "gi_code"
                | "gi_yieldfrom"
                | "cr_frame"
                | "cr_code"
                | "ag_frame"
                | "ag_code"
                | "f_globals"
                | "f_locals"
                | "f_back"
                | "f_code"
                | "f_builtins"
                | "tb_frame"
                | "tb_next"
                | "co_code"
                | "co_consts"
        )
}

/// Names that are dangerous once they hang on an object that leads into the interpreter.
pub(super) fn leads_to_code(name: &str) -> bool {
    names_code(name)
        || matches!(
            name,
            "os" | "sys"
                | "subprocess"
                | "builtins"
                | "importlib"
                | "import_module"
                | "modules"
                | "environ"
                | "getenv"
                | "pty"
                | "socket"
                | "urllib"
                | "requests"
                | "ctypes"
                | "pickle"
                | "shutil"
                | "check_output"
                | "check_call"
                | "getoutput"
                | "getstatusoutput"
                | "load_module"
                | "linecache"
                | "codecs"
                | "platform"
                | "application"
                | "spawn"
                | "fork"
                | "remove"
                | "unlink"
                | "listdir"
                | "fdopen"
                | "request"
                | "urlopen"
                | "SECRET_KEY"
                | "from_object"
                | "from_pyfile"
        )
}

/// Names whose call runs code, starts a process or opens a file.
pub(super) fn names_code(name: &str) -> bool {
    matches!(
        name,
        "eval"
            | "exec"
            | "compile"
            | "__import__"
            | "open"
            | "popen"
            | "system"
            | "execfile"
            | "globals"
            | "locals"
            | "vars"
            | "breakpoint"
            | "setattr"
            | "delattr"
            | "memoryview"
            | "Popen"
            | "check_output"
            | "getoutput"
            | "import_module"
            | "subprocess"
            | "spawn"
    )
}

/// Whether a `str.format` template looks up attributes of its arguments that lead into the interpreter.
pub(super) fn format_reaches_internals(template: &str) -> bool {
    template.split('{').skip(1).any(|field| {
        let field = field.split('}').next().unwrap_or_default();
        field.split(['.', '[', ']']).skip(1).any(is_internal)
    })
}
