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
mod multipart;
mod names;
mod openai;
mod refusal;
mod responses;
mod runs;
mod speakers;
mod splice;
mod tensors;
mod usage;

#[cfg(feature = "gateway")]
pub(crate) use binary::shown;
pub use binary::{BinaryError, Tensors};
pub use closing::{added, closing, closing_line};
#[cfg(feature = "gateway")]
pub(crate) use deltas::{AGAIN, deltas_of};
pub use deltas::{Delta, Deltas, Lone, Mark, Of, deltas};
pub use events::{Event, Events, Framing};
#[cfg(feature = "gateway")]
pub(crate) use json::quoted;
pub(crate) use json::unquoted;
pub use json::{Json, JsonError, JsonLimits, Node, Value};
pub use multipart::{FormData, FormDataError};
#[cfg(feature = "gateway")]
pub(crate) use names::is_short_word;
pub use refusal::{Refusal, RefusalKind};
pub use responses::Echoes;
pub(crate) use runs::of_pointer as run_of;
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

    /// Whether what comes to a path may be a message of tools by its shape: where the path is that of no protocol, and at a bare
    /// `/messages`, to which clients of tools post theirs as well. Anthropic's own clients post to `/v1/messages`.
    pub fn goes_by_shape(path: &str) -> bool {
        let path = path.trim_end_matches('/').to_ascii_lowercase();
        match Self::of_path(&path) {
            None => true,
            Some(Self::AnthropicMessages) => path.ends_with("/messages") && !path.ends_with("/v1/messages"),
            Some(_) => false,
        }
    }

    /// Whether a request has the shape of messages of tools (JSON-RPC), or holds one.
    pub fn has_message(json: &Json<'_>) -> bool {
        mcp::has_message(json.root())
    }

    /// Whether an answer is nothing but messages of tools (JSON-RPC): what else answers a request of that shape is not given to a model as
    /// one.
    pub fn is_message(json: &Json<'_>) -> bool {
        mcp::is_message(json.root())
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
