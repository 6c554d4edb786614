//! One request or answer, whatever protocol it came in: what was said by whom, and where in the body it stands.
//!
//! Protocol readers fill an [`Exchange`], [checks](crate::check) judge it. Everything borrows from the body where it can; a
//! body in which nothing is changed is passed on byte for byte, and [`Edit`](crate::check::Edit)s name spans of it.

use std::borrow::Cow;
use std::ops::Range;

/// A body as the checks see it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Exchange<'b> {
    /// The body itself, JSON text; spans are into it.
    pub body: &'b [u8],
    /// What was said, in the order of the conversation.
    pub parts: Vec<Part<'b>>,
    /// Calls of tools, in the order of the conversation. Their arguments are not also parts.
    pub calls: Vec<ToolCall<'b>>,
    /// Tools offered to the model. Their descriptions are also parts, of [`Role::ToolDescription`].
    pub tools: Vec<ToolSpec<'b>>,
    /// Places that say again what the parts say, such as the probabilities of their tokens: where a part is changed they are left out.
    pub repeats: Vec<Range<usize>>,
    /// What of it speaks to a model and cannot be read, for people.
    pub unread: Option<&'static str>,
    /// Numbers of tokens that stand for all that was said before, as a server gave them to its client (Ollama's `context`), where they stand.
    pub context: Vec<Range<usize>>,
    /// What of it a model may be given that is no text: each kind where it stands first.
    pub media: Vec<Media>,
    /// The model asked for.
    pub model: Option<Cow<'b, str>>,
    /// The most tokens each answer may have, as the request asks.
    pub max_output_tokens: Option<u64>,
    /// How many answers the request asks for, where that is more than one.
    pub answers: Option<u64>,
    /// The schema that the request asks the answer to keep to, as JSON text.
    pub answer_schema: Option<Cow<'b, str>>,
}

/// Who says a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The operator.
    System,
    /// The person in front of the model.
    User,
    /// The model.
    Assistant,
    /// The model, to a tool.
    ToolCall,
    /// A tool, to the model.
    ToolResult,
    /// A document that was retrieved for the model.
    Document,
    /// Whoever described a tool.
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

    /// Whether what it says comes from outside the conversation's own parties, so that nobody vouches for it.
    pub const fn is_untrusted(self) -> bool {
        matches!(self, Self::ToolResult | Self::Document)
    }
}

/// A picture, a sound, a film, a file or numbers of tokens, which nobody here reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Media {
    /// What it is.
    pub kind: MediaKind,
    /// Where it stands, or what refers to it: a JSON pointer (RFC 6901).
    pub pointer: String,
    /// How many of the kind there are.
    pub count: usize,
}

/// Kinds of what is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MediaKind {
    /// A picture.
    Image,
    /// A sound.
    Audio,
    /// A film.
    Video,
    /// Another file.
    File,
    /// Numbers of tokens.
    Tokens,
}

impl MediaKind {
    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Audio => "audio",
            Self::Video => "video",
            Self::File => "file",
            Self::Tokens => "tokens",
        }
    }

    /// The kind that a media type, or the type of a block, names.
    pub(crate) fn of(name: &str) -> Self {
        let is = |word: &str| name.contains(word);
        if is("image") {
            Self::Image
        } else if is("audio") || matches!(name, "wav" | "mp3") {
            Self::Audio
        } else if is("video") {
            Self::Video
        } else {
            Self::File
        }
    }
}

/// One text of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part<'b> {
    /// Who says it.
    pub role: Role,
    /// Where it stands: a JSON pointer (RFC 6901).
    pub pointer: String,
    /// The bytes of its JSON string in the body, quotes included; a key's where a key says it, a number's where a number does.
    pub span: Range<usize>,
    /// The text, unescaped.
    pub text: Cow<'b, str>,
}

/// A call of a tool that the model makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolCall<'b> {
    /// The tool.
    pub name: Cow<'b, str>,
    /// Its arguments as JSON text.
    pub arguments: Cow<'b, str>,
    /// Where the arguments stand: a JSON pointer (RFC 6901).
    pub pointer: String,
    /// The bytes of the arguments in the body: of a JSON string with its quotes if `encoded`, else of the value itself.
    pub span: Range<usize>,
    /// Whether the body holds the arguments as JSON inside a JSON string, as chat completions do.
    pub encoded: bool,
    /// How many parts of the exchange were said before the call.
    pub after: usize,
}

/// A tool offered to the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolSpec<'b> {
    /// Its name.
    pub name: Cow<'b, str>,
    /// The schema of its arguments as JSON text.
    pub schema: Option<Cow<'b, str>>,
    /// Where it stands: a JSON pointer (RFC 6901).
    pub pointer: String,
    /// Its bytes in the body.
    pub span: Range<usize>,
}
