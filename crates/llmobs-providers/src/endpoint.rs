//! Which API of which provider a URL is.

use std::borrow::Cow;

use super::bedrock;
use super::routes::{Route, provider_at};
use super::url::Url;
use llmobs_model::SpanKind;

/// An API: the shape of its requests and answers, whoever serves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Api {
    /// `POST …/chat/completions`, of OpenAI and of many others.
    OpenAiChat,
    /// `POST …/completions`.
    OpenAiCompletions,
    /// `POST …/responses`.
    OpenAiResponses,
    /// `POST …/embeddings`.
    OpenAiEmbeddings,
    /// `POST …/v1/messages` of Anthropic; `:rawPredict` and `:streamRawPredict` of its models on Vertex AI.
    AnthropicMessages,
    /// `POST /v1/complete` of Anthropic, which came before messages.
    AnthropicComplete,
    /// `POST /model/{id}/invoke` and `/invoke-with-response-stream` of Amazon Bedrock.
    BedrockInvoke,
    /// `POST /model/{id}/invoke` of an embedding model.
    BedrockEmbeddings,
    /// `POST /model/{id}/converse` and `/converse-stream`.
    BedrockConverse,
    /// `POST /agents/{id}/agentAliases/{alias}/sessions/{session}/text` of Agents for Amazon Bedrock.
    BedrockAgent,
    /// `POST …/models/{model}:generateContent` and `:streamGenerateContent`.
    GeminiGenerate,
    /// `POST …/models/{model}:embedContent` and `:batchEmbedContents`.
    GeminiEmbed,
    /// `POST …/interactions`.
    GeminiInteractions,
    /// `POST …/publishers/google/models/{model}:generateContent` and `:streamGenerateContent`.
    VertexGenerate,
    /// `POST …/publishers/google/models/{model}:predict` of an embedding model, and `:embedContent`.
    VertexEmbed,
    /// `POST /v1/chat/completions` at Mistral.
    MistralChat,
    /// `POST /v1/embeddings` at Mistral.
    MistralEmbeddings,
    /// `POST /v1/chat` and `/v2/chat` at Cohere.
    CohereChat,
    /// `POST /v1/embed` and `/v2/embed` at Cohere.
    CohereEmbed,
    /// `POST /api/chat` at Ollama.
    OllamaChat,
    /// `POST /api/generate` at Ollama.
    OllamaGenerate,
    /// `POST /api/embed` and `/api/embeddings` at Ollama.
    OllamaEmbed,
}

impl Api {
    /// The kind of span that a call is.
    pub const fn kind(self) -> SpanKind {
        match self {
            Self::OpenAiChat
            | Self::OpenAiCompletions
            | Self::OpenAiResponses
            | Self::AnthropicMessages
            | Self::AnthropicComplete
            | Self::BedrockInvoke
            | Self::BedrockConverse
            | Self::GeminiGenerate
            | Self::GeminiInteractions
            | Self::VertexGenerate
            | Self::MistralChat
            | Self::CohereChat
            | Self::OllamaChat
            | Self::OllamaGenerate => SpanKind::Llm,
            Self::BedrockAgent => SpanKind::Agent,
            Self::OpenAiEmbeddings
            | Self::BedrockEmbeddings
            | Self::GeminiEmbed
            | Self::VertexEmbed
            | Self::MistralEmbeddings
            | Self::CohereEmbed
            | Self::OllamaEmbed => SpanKind::Embedding,
        }
    }

    /// Which client library of other languages a call would go through; the value of the tag `integration`.
    pub(super) const fn integration(self) -> &'static str {
        match self {
            Self::OpenAiChat | Self::OpenAiCompletions | Self::OpenAiResponses | Self::OpenAiEmbeddings => "openai",
            Self::AnthropicMessages | Self::AnthropicComplete => "anthropic",
            Self::BedrockInvoke | Self::BedrockEmbeddings | Self::BedrockConverse => "bedrock",
            Self::BedrockAgent => "bedrock_agents",
            Self::GeminiGenerate | Self::GeminiEmbed | Self::GeminiInteractions => "google_genai",
            Self::VertexGenerate | Self::VertexEmbed => "vertexai",
            Self::MistralChat | Self::MistralEmbeddings => "mistralai",
            Self::CohereChat | Self::CohereEmbed => "cohere",
            Self::OllamaChat | Self::OllamaGenerate | Self::OllamaEmbed => "ollama",
        }
    }

    /// Who serves it, whatever the host: an API that only one has.
    fn only_provider(self) -> Option<&'static str> {
        match self.integration() {
            "google_genai" | "vertexai" => Some("google"),
            "bedrock" | "bedrock_agents" => Some("amazon_bedrock"),
            "ollama" => Some("ollama"),
            _ => None,
        }
    }
}

/// An [`Api`] at a provider: what a request's method and URL say.
///
/// # Example
///
/// ```
/// use llmobs_providers::{Api, Endpoint};
///
/// let endpoint = Endpoint::recognise("POST", "https://api.groq.com/openai/v1/chat/completions").unwrap();
/// assert_eq!((endpoint.api(), endpoint.provider()), (Api::OpenAiChat, "groq"));
/// // A host that nobody knows; say who it is.
/// let own = Endpoint::recognise("POST", "http://gpu-7:8000/v1/chat/completions").unwrap();
/// assert_eq!(own.provider(), "unknown");
/// assert_eq!(own.with_provider("our-vllm").provider(), "our-vllm");
/// assert!(Endpoint::recognise("POST", "https://api.openai.com/v1/files").is_none());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    pub(super) api: Api,
    pub(super) provider: Cow<'static, str>,
    /// Where the URL and not the body names the model.
    pub(super) model: Option<String>,
    pub(super) is_streamed: bool,
    pub(super) is_proxy: bool,
}

impl Endpoint {
    /// An API at a provider of this name.
    pub fn new(api: Api, provider: impl Into<Cow<'static, str>>) -> Self {
        Self { api, provider: provider.into(), model: None, is_streamed: false, is_proxy: false }
    }

    /// What a request with this method to this URL is, or `None` when it is no call of a model.
    ///
    /// Only host and path are looked at. The provider is known by its host (a domain or what is below it, never a part of
    /// the text); any other host that speaks one of the APIs is `unknown`.
    pub fn recognise(method: &str, url: &str) -> Option<Self> {
        Self::find(method, &Url::parse(url), None)
    }

    /// The same where the host does not tell who serves it, a gateway or a server of one's own: the path is read as one of
    /// this provider's, in the names of `model_provider`.
    ///
    /// # Example
    ///
    /// ```
    /// use llmobs_providers::{Api, Endpoint};
    ///
    /// let url = "http://gpu-7:8000/api/chat";
    /// assert_eq!(Endpoint::recognise("POST", url), None);
    /// assert_eq!(Endpoint::recognise_for("ollama", "POST", url).unwrap().api(), Api::OllamaChat);
    /// ```
    pub fn recognise_for(provider: &str, method: &str, url: &str) -> Option<Self> {
        let found = Self::find(method, &Url::parse(url), Some(provider));
        found.map(|endpoint| endpoint.with_provider(provider.to_owned()))
    }

    fn find(method: &str, url: &Url, provider: Option<&str>) -> Option<Self> {
        if !method.eq_ignore_ascii_case("POST") {
            return None;
        }
        let (route, model) = Route::find(url, provider)?;
        let api = bedrock::narrow_api(route.api?, model.unwrap_or_default())?;
        // Vertex AI predicts pictures and much else at the same path.
        let embeds = |model: &str| ["embed", "gecko"].iter().any(|part| model.contains(part));
        if url.path.ends_with(":predict") && !model.is_some_and(embeds) {
            return None;
        }
        let endpoint = Self::new(api, provider_at(url).or(api.only_provider()).unwrap_or(UNKNOWN));
        Some(Self { model: model.map(str::to_owned), is_streamed: route.is_streamed, ..endpoint })
    }

    /// The conversation that the URL names.
    pub fn session_id(&self) -> Option<&str> {
        let place = self.model.as_deref().filter(|_| self.api == Api::BedrockAgent);
        place.and_then(bedrock::AgentUrl::read).map(|place| place.session)
    }

    /// The API.
    pub const fn api(&self) -> Api {
        self.api
    }

    /// Who serves it.
    pub fn provider(&self) -> &str {
        &self.provider
    }

    /// Says who serves it, for hosts that are not known.
    pub fn with_provider(self, provider: impl Into<Cow<'static, str>>) -> Self {
        Self { provider: provider.into(), ..self }
    }

    /// Says which model is called where the URL names it and was not at hand. What the answer says wins.
    pub fn with_model(self, model: impl Into<String>) -> Self {
        Self { model: Some(model.into()), ..self }
    }

    /// Says that the answer is a stream where neither its content type nor the request says so.
    pub const fn streaming(mut self) -> Self {
        self.is_streamed = true;
        self
    }

    /// Says that the URL is that of a proxy which reports its calls itself: the span is a `workflow`, without token counts.
    pub const fn behind_instrumented_proxy(mut self) -> Self {
        self.is_proxy = true;
        self
    }
}

/// What the provider of a host is called that is not known.
const UNKNOWN: &str = "unknown";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_say_api_provider_and_model() {
        use Api::{OpenAiChat as Chat, OpenAiCompletions as Completions, OpenAiEmbeddings as Embeddings};
        let azure = "https://r.openai.azure.com/openai/deployments/d-1";
        for (url, api, provider, model) in [
            ("https://api.openai.com/v1/chat/completions", Chat, "openai", None),
            ("https://api.openai.com/v1/completions", Completions, "openai", None),
            ("https://api.openai.com/v1/engines/davinci/completions", Completions, "openai", Some("davinci")),
            ("https://api.openai.com/v1/responses", Api::OpenAiResponses, "openai", None),
            ("https://api.openai.com/v1/embeddings", Embeddings, "openai", None),
            ("https://eu.api.openai.com/v1/embeddings/", Embeddings, "openai", None),
            ("https://chatgpt.com/backend-api/codex/responses", Api::OpenAiResponses, "openai", None),
            (&format!("{azure}/chat/completions?api-version=2024-05-01-preview"), Chat, "azure_openai", Some("d-1")),
            (&format!("{azure}/completions"), Completions, "azure_openai", Some("d-1")),
            (&format!("{azure}/embeddings"), Embeddings, "azure_openai", Some("d-1")),
            ("https://r.openai.azure.com//openai/deployments/d/chat/completions", Chat, "azure_openai", Some("d")),
            ("https://r.openai.azure.com/openai/v1/responses", Api::OpenAiResponses, "azure_openai", None),
            ("https://r.services.ai.azure.com/models/chat/completions", Chat, "azure_openai", None),
            ("https://api.deepseek.com/chat/completions", Chat, "deepseek", None),
            ("https://openrouter.ai/api/v1/responses", Api::OpenAiResponses, "openrouter", None),
            ("https://api.groq.com/openai/v1/chat/completions", Chat, "groq", None),
            ("https://api.x.ai/v1/chat/completions", Chat, "xai", None),
            ("https://generativelanguage.googleapis.com/v1beta/openai/chat/completions", Chat, "google", None),
            ("https://api.githubcopilot.com/embeddings", Embeddings, "github_copilot", None),
            ("http://0.0.0.0:4000/chat/completions", Chat, "unknown", None),
            ("http://0.0.0.0:4000/responses", Api::OpenAiResponses, "unknown", None),
            ("http://localhost:8080/v1/embeddings", Embeddings, "unknown", None),
            ("https://openai.com.evil.example/v1/chat/completions", Chat, "unknown", None),
            ("https://example.com/azure/openai/chat/completions", Chat, "unknown", None),
        ] {
            let found = Endpoint::recognise("post", url).unwrap_or_else(|| panic!("{url}"));
            assert_eq!((found.api, found.provider(), found.model.as_deref()), (api, provider, model), "{url}");
        }
    }

    #[test]
    fn what_is_no_generation_and_no_embedding_is_left_alone() {
        let openai = ["models", "files", "images/generations", "audio/transcriptions", "moderations", "batches"];
        let openai = openai.map(|path| format!("https://api.openai.com/v1/{path}"));
        let below =
            ["responses/resp_1", "responses/resp_1/cancel", "responses/compact", "responses/resp_1/input_items"];
        let below = below.map(|path| format!("https://api.openai.com/v1/{path}"));
        let others = [
            "https://api.mistral.ai/v1/fim/completions",
            "https://example.com/forms/7/responses",
            "https://example.com/search/completions",
            "https://example.com/chat/completions/history",
            "",
        ];
        for url in openai.iter().chain(&below).map(String::as_str).chain(others) {
            assert_eq!(Endpoint::recognise("POST", url), None, "{url}");
        }
        for method in ["GET", "DELETE", "OPTIONS", ""] {
            assert_eq!(Endpoint::recognise(method, "https://api.openai.com/v1/chat/completions"), None, "{method}");
        }
    }
}
