//! Jinja templates as files: `chat_template.jinja` and its kin, recognised by what a chat template looks like.

use crate::text::chat_template::{self, Rendered};
use crate::{Format, Input, Recognition, Scan};
use bartizan_core::{Kind, Location, Rule};

/// Jinja template files.
#[derive(Debug)]
pub struct Jinja;

/// Bytes looked at to recognise one.
const HEAD: usize = 64 << 10;

impl Format for Jinja {
    fn id(&self) -> &'static str {
        "jinja"
    }

    fn name(&self) -> &'static str {
        "Jinja template"
    }

    fn kind(&self) -> Kind {
        Kind::Config
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["jinja", "jinja2", "j2", "tmpl", "template"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        chat_template::RULES
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        let extension = input.extension();
        let named = self.extensions().contains(&extension.as_ref());
        // Other languages quote templates; they have readers of their own.
        let free = named || matches!(extension.as_ref(), "" | "txt" | "chat_template" | "prompt");
        let head = input.head(HEAD);
        if !free || head.contains(&0) {
            return Recognition::No;
        }
        let text = String::from_utf8_lossy(head);
        let tagged = ["{{", "{%", "{#"].iter().any(|mark| text.contains(mark));
        match (tagged, named, has_shape(&text)) {
            (true, _, true) => Recognition::Certain,
            (_, true, _) => Recognition::Weak,
            _ => Recognition::No,
        }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        let text = String::from_utf8_lossy(input.bytes);
        let by_loader = input.file_name().contains("chat_template") || text.contains("messages");
        let rendered = if by_loader { Rendered::ByLoader } else { Rendered::Perhaps };
        chat_template::inspect_as(&text, rendered, &Location::default(), scan);
    }
}

/// Whether `text` walks a conversation, or tries to leave the template.
fn has_shape(text: &str) -> bool {
    let converses = text.contains("messages") && (text.contains("role") || text.contains("content"));
    converses
        || ["__class__", "__globals__", "__builtins__", "__subclasses__", "__import__", "attr("]
            .iter()
            .any(|name| text.contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bartizan_core::{Limits, MonotonicClock, Severity};

    fn worst(name: &str, text: &str) -> (Option<&'static str>, Option<Severity>) {
        let input = Input::new(name, text.as_bytes());
        let outcome = crate::scan(&input, &Limits::default(), &MonotonicClock::start());
        (outcome.format, outcome.findings.iter().map(|finding| finding.severity).max())
    }

    #[test]
    fn a_template_file_is_judged_whatever_it_is_called() {
        let escape = "{{ self.__init__.__globals__['os'].popen('id') }}";
        assert_eq!(worst("prompt.txt", escape), (Some("jinja"), Some(Severity::Critical)));
        assert_eq!(worst("x.j2", "{{ app.__class__ }}").1, Some(Severity::Medium));
    }

    #[test]
    fn deployment_templates_are_silent() {
        assert_eq!(worst("nginx.conf.j2", "server { listen {{ port }}; }"), (Some("jinja"), None));
    }
}
