//! Keys of model providers, model hubs and the tools around them.

use super::format::{Format, Part, UUID, format};
use crate::bytes::{ALNUM, ALPHA, BASE64_URL, DIGITS, HEX, LOWER_NUM, WORD};

/// The formats of this family.
pub(super) static FORMATS: &[Format] = &[
    format(
        "openai-api-key",
        "an OpenAI API key",
        &["sk-"],
        &[Part::Run(BASE64_URL, 20, 120), Part::Text("T3BlbkFJ"), Part::Run(BASE64_URL, 20, 120)],
    ),
    format("openai-api-key", "an OpenAI API key", &["T3BlbkFJ"], &[Part::Run(BASE64_URL, 20, 120)])
        .after(BASE64_URL, 20, 140),
    format(
        "openai-project-key",
        "an OpenAI project key",
        &["sk-proj-", "sk-svcacct-", "sk-admin-", "sk-None-"],
        &[Part::Run(BASE64_URL, 40, 200)],
    ),
    format("openai-style-key", "a key in the style of OpenAI", &["sk-"], &[Part::Run(ALNUM, 32, 64)])
        .scored(0.8),
    format(
        "anthropic-api-key",
        "an Anthropic API key",
        &["sk-ant-api03-", "sk-ant-api04-"],
        &[Part::Run(BASE64_URL, 93, 93), Part::Text("AA")],
    ),
    format(
        "anthropic-admin-key",
        "an Anthropic admin key",
        &["sk-ant-admin01-"],
        &[Part::Run(BASE64_URL, 93, 93), Part::Text("AA")],
    ),
    format(
        "anthropic-oauth-token",
        "an Anthropic OAuth token",
        &["sk-ant-oat01-", "sk-ant-ort01-", "sk-ant-sid01-"],
        &[Part::Run(BASE64_URL, 80, 120)],
    ),
    format(
        "anthropic-api-key",
        "an Anthropic API key",
        &["sk-ant-api", "sk-ant-admin"],
        &[Part::Run(DIGITS, 2, 4), Part::Text("-"), Part::Run(BASE64_URL, 80, 120)],
    )
    .checked(super::proof::anthropic),
    format("hugging-face-token", "a Hugging Face user token", &["hf_"], &[Part::Run(ALPHA, 34, 39)]),
    format(
        "hugging-face-organization-token",
        "a Hugging Face organisation token",
        &["api_org_"],
        &[Part::Run(ALPHA, 34, 34)],
    ),
    format("groq-api-key", "a Groq API key", &["gsk_"], &[Part::Run(ALNUM, 52, 52)]),
    format("replicate-api-token", "a Replicate API token", &["r8_"], &[Part::Run(ALNUM, 37, 46)]),
    format("xai-api-key", "an xAI API key", &["xai-"], &[Part::Run(WORD, 70, 100)]),
    format("perplexity-api-key", "a Perplexity API key", &["pplx-"], &[Part::Run(ALNUM, 48, 56)]),
    format("nvidia-api-key", "an NVIDIA API key", &["nvapi-"], &[Part::Run(BASE64_URL, 60, 70)]),
    format("together-api-key", "a Together API key", &["tgp_v1_"], &[Part::Run(BASE64_URL, 40, 48)]),
    format("fireworks-api-key", "a Fireworks API key", &["fw_"], &[Part::Run(ALNUM, 22, 24)]),
    format(
        "openrouter-api-key",
        "an OpenRouter API key",
        &["sk-or-v1-", "sk-or-"],
        &[Part::Run(HEX, 64, 64)],
    ),
    format("elevenlabs-api-key", "an ElevenLabs API key", &["sk_"], &[Part::Run(HEX, 48, 48)]),
    format("langfuse-secret-key", "a Langfuse key", &["sk-lf-", "pk-lf-"], UUID),
    format(
        "langsmith-api-key",
        "a LangSmith API key",
        &["lsv2_pt_", "lsv2_sk_"],
        &[Part::Run(HEX, 32, 32), Part::Text("_"), Part::Run(HEX, 10, 10)],
    ),
    format("pinecone-api-key", "a Pinecone API key", &["pcsk_"], &[Part::Run(WORD, 60, 80)]),
    format(
        "weights-and-biases-api-key",
        "a Weights and Biases API key",
        &["wandb_v1_"],
        &[Part::Run(WORD, 40, 100)],
    ),
    format("voyage-api-key", "a Voyage AI key", &["pa-"], &[Part::Run(BASE64_URL, 43, 43)]),
    format("jina-api-key", "a Jina API key", &["jina_"], &[Part::Run(BASE64_URL, 50, 70)]),
    format("tavily-api-key", "a Tavily API key", &["tvly-"], &[Part::Run(BASE64_URL, 30, 60)]),
    format("e2b-api-key", "an E2B key", &["e2b_"], &[Part::Run(HEX, 40, 40)]),
    format("cerebras-api-key", "a Cerebras key", &["csk-"], &[Part::Run(LOWER_NUM, 48, 48)]),
    format("firecrawl-api-key", "a Firecrawl key", &["fc-"], &[Part::Run(HEX, 32, 32)]),
    format("apify-api-token", "an Apify token", &["apify_api_"], &[Part::Run(ALNUM, 34, 40)]),
    format("roboflow-api-key", "a Roboflow key", &["rf_"], &[Part::Run(ALNUM, 20, 32)]),
    format(
        "sourcegraph-access-token",
        "a Sourcegraph access token",
        &["sgp_"],
        &[Part::Maybe("local_", HEX, 40, 40), Part::Maybe("", HEX, 40, 40), Part::Maybe("_", HEX, 40, 40)],
    ),
    format(
        "sourcegraph-access-token",
        "a Sourcegraph access token",
        &["sgp_"],
        &[Part::Run(HEX, 16, 16), Part::Text("_"), Part::Run(HEX, 40, 40)],
    ),
    format(
        "sourcegraph-access-token",
        "a Sourcegraph access token",
        &["sgp_local_"],
        &[Part::Run(HEX, 40, 40)],
    ),
    format("sourcegraph-access-token", "a Sourcegraph access token", &["sgp_"], &[Part::Run(HEX, 40, 40)]),
    format(
        "sourcegraph-cody-key",
        "a Sourcegraph Cody gateway key",
        &["slk_", "sgd_"],
        &[Part::Run(HEX, 64, 64)],
    ),
    format("kagi-api-key", "a Kagi key", &["KAGI_"], &[Part::Run(BASE64_URL, 20, 60)]),
    format("zhipu-api-key", "a Zhipu AI key", &["."], &[Part::Run(ALNUM, 16, 16)])
        .after(HEX, 32, 32)
        .scored(0.7),
];
