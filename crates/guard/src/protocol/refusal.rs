//! Saying no in the protocol's own words: [`Refusal`].

use super::Protocol;
use serde_json::json;

/// Why a request is not served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalKind {
    /// It cannot be read, or is not what the protocol asks for.
    Malformed,
    /// Nobody known sent it.
    Unauthenticated,
    /// Whoever sent it may not.
    Forbidden,
    /// There is nothing at the path.
    NotFound,
    /// It is larger than is read.
    TooLarge,
    /// Its coding cannot be read.
    Unsupported,
    /// It took too long to come.
    Timeout,
    /// A check stopped it.
    Policy,
    /// More than is allowed for now.
    RateLimited,
    /// The guard itself cannot serve.
    Unavailable,
    /// The upstream serves a model that was not admitted, or nobody knows which.
    NotAdmitted,
    /// The upstream did not answer, or not in a form that can be passed on.
    Upstream,
    /// The upstream took too long.
    UpstreamTimeout,
}

/// An answer in place of the upstream's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub kind: RefusalKind,
    /// One sentence for people, in words of ours.
    pub message: String,
    /// Name of the decision, to ask about it.
    pub decision: String,
    /// The `id` of the request as it is written, where the protocol has one; of a batch a list of them.
    pub id: Option<String>,
}

/// The code of a JSON-RPC error that says a check stopped a message: from the range left to servers (JSON-RPC 2.0, section 5.1).
const MCP_REFUSED: i32 = -32001;

impl RefusalKind {
    /// The HTTP status.
    pub const fn status(self) -> u16 {
        match self {
            Self::Malformed => 400,
            Self::Unauthenticated => 401,
            Self::Forbidden | Self::Policy => 403,
            Self::NotFound => 404,
            Self::Timeout => 408,
            Self::TooLarge => 413,
            Self::Unsupported => 415,
            Self::RateLimited => 429,
            Self::Upstream => 502,
            Self::Unavailable | Self::NotAdmitted => 503,
            Self::UpstreamTimeout => 504,
        }
    }

    /// Its name in logs and metrics, and the code of OpenAI's errors.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::TooLarge => "too_large",
            Self::Unsupported => "unsupported",
            Self::Timeout => "timeout",
            Self::Policy => "content_policy_violation",
            Self::RateLimited => "rate_limited",
            Self::Unavailable => "unavailable",
            Self::NotAdmitted => "model_not_admitted",
            Self::Upstream => "upstream",
            Self::UpstreamTimeout => "upstream_timeout",
        }
    }
}

impl Refusal {
    /// The body, as a client of the protocol reads errors: OpenAI's error object, Anthropic's, JSON-RPC's or KServe's.
    pub fn body(&self, protocol: Protocol) -> String {
        let message = format!("{} (decision {})", self.message, self.decision);
        let value = match protocol {
            Protocol::AnthropicMessages => {
                let kind = match self.kind.status() {
                    401 => "authentication_error",
                    403 => "permission_error",
                    404 => "not_found_error",
                    413 => "request_too_large",
                    429 => "rate_limit_error",
                    503 => "overloaded_error",
                    500.. => "api_error",
                    _ => "invalid_request_error",
                };
                json!({"type": "error", "error": {"type": kind, "message": message}, "request_id": self.decision})
            }
            Protocol::Mcp => {
                let id = self.id.as_deref().and_then(|id| serde_json::from_str(id).ok());
                let id: serde_json::Value = id.unwrap_or_default();
                let error = |id: &serde_json::Value| {
                    json!({"jsonrpc": "2.0", "id": id, "error": {"code": MCP_REFUSED, "message": message,
                        "data": {"reason": self.kind.name()}}})
                };
                // Each request of a batch has an answer of its own (JSON-RPC 2.0, section 6).
                match &id {
                    serde_json::Value::Array(ids) => ids.iter().map(error).collect(),
                    one => error(one),
                }
            }
            // Its clients read a text (Open Inference Protocol 2.0, inference response error).
            Protocol::Kserve => json!({"error": message}),
            _ => {
                let kind = match self.kind.status() {
                    401 => "authentication_error",
                    403 if self.kind == RefusalKind::Forbidden => "permission_error",
                    429 => "rate_limit_error",
                    500.. => "server_error",
                    _ => "invalid_request_error",
                };
                json!({"error": {"message": message, "type": kind, "param": null, "code": self.kind.name()}})
            }
        };
        value.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_protocol_reads_its_own_errors() {
        let refusal = Refusal {
            kind: RefusalKind::Policy,
            message: "no".to_owned(),
            decision: "d1".to_owned(),
            id: Some("7".to_owned()),
        };
        assert_eq!(
            refusal.body(Protocol::Mcp),
            r#"{"jsonrpc":"2.0","id":7,"error":{"code":-32001,"message":"no (decision d1)","data":{"reason":"content_policy_violation"}}}"#
        );
        let batch = Refusal { id: Some(r#"["a",2]"#.to_owned()), ..refusal.clone() };
        let batch: serde_json::Value = serde_json::from_str(&batch.body(Protocol::Mcp)).unwrap();
        assert_eq!((&batch[0]["id"], &batch[1]["id"]), (&json!("a"), &json!(2)));
        assert_eq!(batch[1]["error"]["code"], json!(MCP_REFUSED));
        assert_eq!(
            refusal.body(Protocol::OpenaiChat),
            r#"{"error":{"message":"no (decision d1)","type":"invalid_request_error","param":null,"code":"content_policy_violation"}}"#
        );
        assert_eq!(refusal.body(Protocol::Kserve), r#"{"error":"no (decision d1)"}"#);
        assert_eq!(
            refusal.body(Protocol::AnthropicMessages),
            r#"{"type":"error","error":{"type":"permission_error","message":"no (decision d1)"},"request_id":"d1"}"#
        );
    }
}
