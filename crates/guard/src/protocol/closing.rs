//! How a stream ends that is stopped: [`closing`], [`closing_line`].
//!
//! Source: as each protocol ends a stream whose content was filtered.

use super::Protocol;
use super::json::quoted;

/// The value that ends a stream of lines which is stopped, as Ollama ends its own: `head` has the members that its values share.
pub fn closing_line(protocol: Protocol, head: &str, message: &str) -> String {
    let comma = if head.is_empty() { "" } else { "," };
    let text = match protocol {
        Protocol::OpenaiChat => "\"message\":{\"role\":\"assistant\",\"content\":\"\"}",
        Protocol::OpenaiCompletions => "\"response\":\"\"",
        _ => {
            let mut text = Vec::new();
            quoted(message, &mut text);
            return format!("{{\"error\":{}}}\n", String::from_utf8_lossy(&text));
        }
    };
    format!("{{{head}{comma}{text},\"done\":true,\"done_reason\":\"content_filter\"}}\n")
}

/// The events that end a stream which is stopped, in the protocol's own way: `head` has the members that its events share, `open` what
/// was begun and not ended.
pub fn closing(protocol: Protocol, head: &str, open: &[u64], message: &str) -> String {
    let comma = if head.is_empty() { "" } else { "," };
    let mut text = Vec::new();
    quoted(message, &mut text);
    let message = String::from_utf8_lossy(&text).into_owned();
    let mut out = String::new();
    match protocol {
        Protocol::OpenaiChat | Protocol::OpenaiCompletions => {
            let delta = if protocol == Protocol::OpenaiChat { "\"delta\":{}" } else { "\"text\":\"\"" };
            let choices: Vec<String> = open
                .iter()
                .map(|index| format!("{{\"index\":{index},{delta},\"finish_reason\":\"content_filter\"}}"))
                .collect();
            out.push_str(&format!(
                "data: {{{head}{comma}\"choices\":[{}]}}\n\ndata: [DONE]\n\n",
                choices.join(",")
            ));
        }
        Protocol::AnthropicMessages => {
            for index in open {
                out.push_str(&format!(
                    "event: content_block_stop\ndata: {{\"type\":\"content_block_stop\",\"index\":{index}}}\n\n"
                ));
            }
            out.push_str("event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"refusal\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":0}}\n\n");
            out.push_str("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n");
        }
        Protocol::OpenaiResponses => out.push_str(&format!(
            "event: response.incomplete\ndata: {{\"type\":\"response.incomplete\",\"sequence_number\":0,\"response\":{{{head}{comma}\"status\":\"incomplete\",\"incomplete_details\":{{\"reason\":\"content_filter\"}},\"output\":[]}}}}\n\n"
        )),
        _ => out.push_str(&format!("event: error\ndata: {{\"error\":{{\"message\":{message}}}}}\n\n")),
    }
    out
}

/// The event of Anthropic's messages that adds a text, given as JSON, to a block: of which member of it, as streams name them.
pub fn added(index: &str, member: &str, text: &str) -> String {
    format!(
        "event: content_block_delta\ndata: {{\"type\":\"content_block_delta\",\"index\":{index},\"delta\":{{\"type\":\"{member}_delta\",\"{member}\":{text}}}}}\n\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closings_are_what_clients_read_as_an_end() {
        let openai = closing(Protocol::OpenaiChat, "\"id\":\"c\"", &[0], "no");
        assert_eq!(
            openai,
            "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"content_filter\"}]}\n\ndata: [DONE]\n\n"
        );
        assert!(closing(Protocol::AnthropicMessages, "", &[2], "no").contains("\"stop_reason\":\"refusal\""));
    }

    #[test]
    fn a_stream_of_lines_ends_as_ollama_ends_its_own() {
        assert_eq!(
            closing_line(Protocol::OpenaiCompletions, "\"model\":\"m\"", "no"),
            "{\"model\":\"m\",\"response\":\"\",\"done\":true,\"done_reason\":\"content_filter\"}\n"
        );
        assert_eq!(closing_line(Protocol::Json, "", "no"), "{\"error\":\"no\"}\n");
    }
}
