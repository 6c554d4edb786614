//! The protocols that carry what is said to a model and by it.
//!
//! A body is read once into an [`Exchange`]: its texts with who speaks, where each stands, and the tool calls in it. Whatever is
//! changed is spliced into the body in place, so that the rest stays byte for byte as it came.

mod anthropic;
mod binary;
mod calls;
mod closing;
mod deltas;
mod events;
mod files;
mod gather;
mod json;
mod length;
mod mcp;
mod names;
mod openai;
mod refusal;
mod responses;
mod speakers;
mod splice;
mod tensors;
mod usage;

#[cfg(feature = "gateway")]
pub(crate) use binary::shown;
pub use binary::{BinaryError, Tensors};
pub use closing::{closing, closing_line};
#[cfg(feature = "gateway")]
pub(crate) use deltas::AGAIN;
pub use deltas::{Delta, Deltas, Mark, Of, deltas};
pub use events::{Event, Events, Framing};
#[cfg(feature = "gateway")]
pub(crate) use json::quoted;
pub(crate) use json::unquoted;
#[cfg(feature = "gateway")]
pub(crate) use names::is_short_word;
pub use json::{Json, JsonError, JsonLimits, Node, Value};
pub use refusal::{Refusal, RefusalKind};
pub use speakers::{PointerError, Speaker, Speakers};
pub use splice::spliced;
pub use usage::Usage;

use crate::exchange::{Exchange, Role};
use gather::Gather;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A protocol, as far as bodies differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// OpenAI's chat completions, also as vLLM, Ollama and LiteLLM speak them.
    OpenaiChat,
    /// OpenAI's completions.
    OpenaiCompletions,
    /// OpenAI's embeddings.
    OpenaiEmbeddings,
    /// Anthropic's messages.
    AnthropicMessages,
    /// OpenAI's responses.
    OpenaiResponses,
    /// The Model Context Protocol over streamable HTTP.
    Mcp,
    /// KServe's inference, version 2, as Triton speaks it.
    Kserve,
    /// TorchServe's predictions.
    Torchserve,
    /// Any JSON: every string is judged.
    Json,
    /// Nothing is read; bodies pass as they are.
    Opaque,
}

impl Protocol {
    /// The protocol that is spoken at a path, by how the path ends, in whichever case.
    pub fn of_path(path: &str) -> Option<Self> {
        const ENDS: [(&str, Protocol); 13] = [
            ("/responses", Protocol::OpenaiResponses),
            ("/mcp", Protocol::Mcp),
            ("/infer", Protocol::Kserve),
            ("/generate", Protocol::Kserve),
            ("/generate_stream", Protocol::Kserve),
            ("/chat/completions", Protocol::OpenaiChat),
            ("/api/chat", Protocol::OpenaiChat),
            ("/messages", Protocol::AnthropicMessages),
            ("/messages/count_tokens", Protocol::AnthropicMessages),
            ("/messages/batches", Protocol::AnthropicMessages),
            ("/completions", Protocol::OpenaiCompletions),
            ("/api/generate", Protocol::OpenaiCompletions),
            ("/embeddings", Protocol::OpenaiEmbeddings),
        ];
        let path = path.trim_end_matches('/').to_ascii_lowercase();
        if path.contains("/predictions/") {
            return Some(Self::Torchserve);
        }
        let ends = ENDS.iter().filter(|(end, _)| path.ends_with(end));
        ends.max_by_key(|(end, _)| end.len()).map(|(_, protocol)| *protocol)
    }

    /// The protocol of a request by its shape, where its path is that of another or of none: messages of tools (JSON-RPC) are posted to
    /// any path, `/messages` among them. What else such a request says is judged as a user's.
    #[must_use]
    pub fn of_request(self, json: &Json<'_>) -> Self {
        match self {
            Self::Json | Self::AnthropicMessages if mcp::has_message(json.root()) => Self::Mcp,
            other => other,
        }
    }

    /// The protocol of an answer to a request that was taken for this one by its shape alone: what is no message of tools is not given
    /// to a model as one.
    #[must_use]
    pub fn of_answer(self, json: &Json<'_>) -> Self {
        if self == Self::Mcp && !mcp::is_message(json.root()) { Self::Json } else { self }
    }

    /// Its name in configuration, logs and receipts.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpenaiChat => "openai-chat",
            Self::OpenaiCompletions => "openai-completions",
            Self::OpenaiEmbeddings => "openai-embeddings",
            Self::AnthropicMessages => "anthropic-messages",
            Self::OpenaiResponses => "openai-responses",
            Self::Mcp => "mcp",
            Self::Kserve => "kserve",
            Self::Torchserve => "torchserve",
            Self::Json => "json",
            Self::Opaque => "opaque",
        }
    }

    /// Whether its answers are given to a model, and not by one.
    pub const fn answers_a_model(self) -> bool {
        matches!(self, Self::Mcp)
    }

    /// Reads a request.
    pub fn request<'b>(self, body: &'b [u8], json: &Json<'b>) -> Exchange<'b> {
        let mut all = Gather::new(body, json);
        match self {
            Self::OpenaiChat => openai::chat_request(&mut all),
            Self::OpenaiCompletions => openai::completion_request(&mut all),
            Self::OpenaiEmbeddings => openai::embedding_request(&mut all),
            Self::AnthropicMessages => anthropic::request(&mut all),
            Self::OpenaiResponses => responses::request(&mut all),
            Self::Mcp => mcp::request(&mut all),
            Self::Kserve | Self::Torchserve => tensors::request(&mut all),
            Self::Json => {
                openai::offers(&mut all);
                all.numbers_as_text(Role::User);
                everything(&mut all, Role::User);
            }
            Self::Opaque => {}
        }
        all.done()
    }

    /// Reads an answer that is no stream.
    pub fn response<'b>(self, body: &'b [u8], json: &Json<'b>) -> Exchange<'b> {
        let mut all = Gather::new(body, json);
        match self {
            Self::OpenaiChat | Self::OpenaiCompletions => openai::chat_response(&mut all),
            Self::AnthropicMessages => anthropic::response(&mut all),
            Self::OpenaiResponses => responses::response(&mut all),
            Self::Mcp => mcp::response(&mut all),
            Self::Kserve | Self::Torchserve => tensors::response(&mut all),
            Self::Json => everything(&mut all, Role::Assistant),
            Self::OpenaiEmbeddings => openai::embedding_response(&mut all),
            Self::Opaque => {}
        }
        all.done()
    }
}

/// The `id` of a JSON-RPC message as it is written, or `null`.
#[cfg(feature = "gateway")]
pub(crate) fn message_id(body: &[u8]) -> String {
    mcp::id(body)
}

/// Every string of a document.
fn everything(all: &mut Gather<'_, '_>, speaker: Role) {
    all.head(speaker == Role::User);
    all.of_any_form();
    all.numbers_say();
    let root = all.root();
    all.strings(speaker, root, "");
}

#[cfg(test)]
mod tests;
