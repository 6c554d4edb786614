//! One body, as far as it is judged: [`Exchange`].

use super::json::quoted;
use std::borrow::Cow;
use std::ops::Range;

/// Who speaks in a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The operator, whose instructions are meant to be followed.
    System,
    /// The person in front of the model, or nobody known.
    User,
    /// The model.
    Assistant,
    /// What the model gives a tool.
    ToolCall,
    /// What a tool gave back.
    ToolResult,
    /// A document that was retrieved or attached.
    Document,
    /// What a tool says of itself.
    ToolDescription,
}

impl Role {
    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::ToolCall => "tool-call",
            Self::ToolResult => "tool-result",
            Self::Document => "document",
            Self::ToolDescription => "tool-description",
        }
    }
}

/// One text of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part<'b> {
    /// Who speaks.
    pub role: Role,
    /// Where it stands, as a JSON pointer (RFC 6901). In a stream it names the text that the deltas add up to.
    pub pointer: String,
    /// The bytes of its JSON string in the body, quotes included; empty when it is no single string of the body.
    pub span: Range<usize>,
    /// What it says, with its escapes read.
    pub text: Cow<'b, str>,
}

/// A call of a tool, made by the model or told to it as made before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolCall<'b> {
    /// The tool.
    pub name: Cow<'b, str>,
    /// Its arguments as JSON; as the model wrote them, so perhaps none.
    pub arguments: Cow<'b, str>,
    /// Where the call stands, as a JSON pointer.
    pub pointer: String,
}

/// A body, as far as it is judged.
///
/// Where a key occurs twice, both values are parts: which one a reader takes is its own choice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exchange<'b> {
    /// The model that is asked or that answers.
    pub model: Option<Cow<'b, str>>,
    /// Whether the answer is to come as a stream.
    pub stream: bool,
    /// Most tokens the answer may have, when the request says.
    pub max_tokens: Option<u64>,
    /// Its texts, in the order they stand in the body.
    pub parts: Vec<Part<'b>>,
    /// Its tool calls, in the order they stand in the body.
    pub calls: Vec<ToolCall<'b>>,
    /// Bytes of the tools offered to the model: name and JSON Schema of the arguments.
    pub tools: Vec<(Cow<'b, str>, Range<usize>)>,
    /// Bytes of the JSON Schema that the answer is to have, when the request names one.
    pub schema: Option<Range<usize>>,
}

/// A new text for one part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// [`Part::span`] of the part.
    pub span: Range<usize>,
    /// What it says from now on, without quotes and escapes.
    pub text: String,
}

/// Bodies with other texts in them.
pub trait Splice {
    /// The body with every edit in its place, byte for byte the same elsewhere. Edits outside the body or over one another are
    /// left out, which [`Splice::fits`] tells beforehand.
    fn spliced(&self, edits: &[Edit]) -> Vec<u8>;
    /// Whether all edits lie in the body, apart from one another, each over a JSON string.
    fn fits(&self, edits: &[Edit]) -> bool;
}

impl Splice for [u8] {
    fn spliced(&self, edits: &[Edit]) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.len());
        let mut at = 0;
        for edit in ordered(edits) {
            if edit.span.start < at || !is_string(self, &edit.span) {
                continue;
            }
            out.extend_from_slice(self.get(at..edit.span.start).unwrap_or_default());
            quoted(&edit.text, &mut out);
            at = edit.span.end;
        }
        out.extend_from_slice(self.get(at..).unwrap_or_default());
        out
    }

    fn fits(&self, edits: &[Edit]) -> bool {
        let mut at = 0;
        ordered(edits).into_iter().all(|edit| {
            let fits = edit.span.start >= at && is_string(self, &edit.span);
            at = edit.span.end;
            fits
        })
    }
}

fn ordered(edits: &[Edit]) -> Vec<&Edit> {
    let mut ordered: Vec<&Edit> = edits.iter().collect();
    ordered.sort_by_key(|edit| (edit.span.start, edit.span.end));
    ordered
}

fn is_string(body: &[u8], span: &Range<usize>) -> bool {
    body.get(span.clone())
        .is_some_and(|token| token.len() >= 2 && token.first() == Some(&b'"') && token.last() == Some(&b'"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(span: Range<usize>, text: &str) -> Edit {
        Edit { span, text: text.to_owned() }
    }

    #[test]
    fn only_the_edited_string_changes() {
        let body = br#"{ "a" : "x\u00e9", "b":1.50, "c":"y" }"#;
        let edits = [edit(33..36, "z\"\n\u{1}"), edit(8..17, "[GONE]")];
        assert!(body[..].fits(&edits));
        assert_eq!(
            String::from_utf8(body.spliced(&edits)).unwrap(),
            r#"{ "a" : "[GONE]", "b":1.50, "c":"z\"\n\u0001" }"#
        );
        assert_eq!(body.spliced(&[]), body);
    }

    #[test]
    fn edits_that_do_not_fit_are_told_and_left_out() {
        let body = br#"{"a":"x"}"#;
        for bad in [edit(4..8, ""), edit(5..90, ""), edit(7..5, "")] {
            assert!(!body[..].fits(std::slice::from_ref(&bad)));
            assert_eq!(body.spliced(&[bad]), body);
        }
        assert!(!body[..].fits(&[edit(5..8, "y"), edit(5..8, "z")]));
        assert_eq!(body.spliced(&[edit(5..8, "y"), edit(5..8, "z")]), br#"{"a":"y"}"#);
    }
}
