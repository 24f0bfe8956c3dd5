//! Recognises the API and the provider of a request by its method and URL.

use std::borrow::Cow;

use super::bedrock;
use super::confirmation::{self, Doubt};
use super::gateways;
use super::routes::{Route, provider_at};
use super::url::Url;
use llmobs_model::SpanKind;

/// An API: the shape of its requests and responses, on whatever host.
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
    /// Returns the kind of the span of a call.
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

    /// The value of the tag `integration`: the name of the client library in Datadog's SDKs.
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

    /// Tells whether its path is also in use by services that have nothing to do with models.
    const fn has_common_path(self) -> bool {
        matches!(
            self,
            Self::OpenAiCompletions
                | Self::OpenAiResponses
                | Self::OpenAiEmbeddings
                | Self::AnthropicMessages
                | Self::BedrockInvoke
                | Self::BedrockEmbeddings
                | Self::BedrockConverse
                | Self::BedrockAgent
        )
    }

    /// The provider of an API that only one has, whatever the host.
    fn only_provider(self) -> Option<&'static str> {
        match self.integration() {
            "google_genai" | "vertexai" => Some("google"),
            "bedrock" | "bedrock_agents" => Some("amazon_bedrock"),
            "ollama" => Some("ollama"),
            _ => None,
        }
    }
}

/// An [`Api`] at a provider, recognised by the method and the URL of a request.
///
/// # Example
///
/// ```
/// use llmobs_providers::{Api, Endpoint};
///
/// let endpoint = Endpoint::recognise("POST", "https://api.groq.com/openai/v1/chat/completions").unwrap();
/// assert_eq!((endpoint.api(), endpoint.provider()), (Api::OpenAiChat, "groq"));
/// // A host that is not known: name the provider.
/// let own = Endpoint::recognise("POST", "http://gpu-7:8000/v1/chat/completions").unwrap();
/// assert_eq!(own.provider(), "unknown");
/// assert_eq!(own.with_provider("our-vllm").provider(), "our-vllm");
/// assert!(Endpoint::recognise("POST", "https://api.openai.com/v1/files").is_none());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    pub(super) api: Api,
    pub(super) provider: Cow<'static, str>,
    /// The model, where the URL and not the body names it.
    pub(super) model: Option<String>,
    pub(super) is_streamed: bool,
    pub(super) is_proxy: bool,
    /// The weight that the body has where the URL alone is no proof.
    doubt: Doubt,
}

impl Endpoint {
    /// Creates the endpoint of an API at a provider of this name.
    pub fn new(api: Api, provider: impl Into<Cow<'static, str>>) -> Self {
        Self { api, provider: provider.into(), model: None, is_streamed: false, is_proxy: false, doubt: Doubt::None }
    }

    /// Recognises a request; `None` when it is not a call of a model.
    ///
    /// Only host and path are looked at. The provider is known by its domain; any other host that speaks one of the APIs is
    /// `unknown`, and paths there need a look at the body: see [`is_confirmed_by`](Self::is_confirmed_by).
    pub fn recognise(method: &str, url: &str) -> Option<Self> {
        Self::find(method, &Url::parse(url), None)
    }

    /// Recognises a request to a host that does not tell its provider, such as a gateway or a server of your own: the path is
    /// read as one of this provider. The names are those of `model_provider`.
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
        let in_path = gateways::provider_in_path(url);
        let (route, model) = Route::find(url, provider.or(in_path))?;
        let api = bedrock::narrow_api(route.api?, model.unwrap_or_default())?;
        // Vertex AI predicts pictures and much else at the same path.
        let embeds = |model: &str| ["embed", "gecko"].iter().any(|part| model.contains(part));
        if url.path.ends_with(":predict") && !model.is_some_and(embeds) {
            return None;
        }
        let of_host = in_path.or_else(|| provider_at(url));
        let doubt = match (provider, of_host) {
            (None, None) if api.has_common_path() => Doubt::UntilProven,
            (None, None) => Doubt::UnlessRefuted,
            // Databricks serves models of every sort behind one path.
            (None, Some(_)) if url.path.ends_with("/invocations") => Doubt::UnlessRefuted,
            (Some(_), _) | (None, Some(_)) => Doubt::None,
        };
        let endpoint = Self { doubt, ..Self::new(api, of_host.or(api.only_provider()).unwrap_or(UNKNOWN)) };
        Some(Self { model: model.map(str::to_owned), is_streamed: route.is_streamed, ..endpoint })
    }

    /// Returns the id of the conversation, where the URL names one (Bedrock agents).
    pub fn session_id(&self) -> Option<&str> {
        let place = self.model.as_deref().filter(|_| self.api == Api::BedrockAgent);
        place.and_then(bedrock::AgentUrl::read).map(|place| place.session)
    }

    /// Tells whether a request with this body is a call of a model.
    ///
    /// On the host of a provider the URL is proof enough. On a host that is not known, a path such as `/v1/messages`,
    /// `/v1/responses` or `/model/{id}/invoke` may belong to any service; there the body has to name a model, unless the path
    /// does, and carry messages, an input or a prompt. Paths that hardly any other service has, such as `/chat/completions`, ask
    /// for the same signs, but messages with roles are enough, and so is a body that cannot be seen.
    ///
    /// # Example
    ///
    /// ```
    /// use llmobs_providers::Endpoint;
    ///
    /// let endpoint = Endpoint::recognise("POST", "https://sms.example.com/v1/messages").unwrap();
    /// assert!(!endpoint.is_confirmed_by(br#"{"to": "447700900000", "text": "Hello."}"#));
    /// assert!(endpoint.is_confirmed_by(br#"{"model": "claude-sonnet-4-5", "messages": []}"#));
    /// ```
    pub fn is_confirmed_by(&self, body: &[u8]) -> bool {
        match self.doubt {
            Doubt::None => true,
            Doubt::UnlessRefuted => confirmation::is_plausible(self.api.integration(), self.model.is_some(), body),
            Doubt::UntilProven => confirmation::is_proof(self.api.integration(), self.model.is_some(), body),
        }
    }

    /// Tells whether the body has to be looked at; see [`is_confirmed_by`](Self::is_confirmed_by).
    pub const fn is_ambiguous(&self) -> bool {
        !matches!(self.doubt, Doubt::None)
    }

    /// Tells whether only the body can show a model call, because any service may use such a path.
    pub const fn needs_proof(&self) -> bool {
        matches!(self.doubt, Doubt::UntilProven)
    }

    /// Returns the API.
    pub const fn api(&self) -> Api {
        self.api
    }

    /// Returns the name of the provider.
    pub fn provider(&self) -> &str {
        &self.provider
    }

    /// Sets the provider, for hosts that are not known. It also confirms that the endpoint is one.
    pub fn with_provider(self, provider: impl Into<Cow<'static, str>>) -> Self {
        Self { provider: provider.into(), doubt: Doubt::None, ..self }
    }

    /// Sets the model, where the URL names it and was not at hand. The model that the response names wins.
    pub fn with_model(self, model: impl Into<String>) -> Self {
        Self { model: Some(model.into()), ..self }
    }

    /// Marks the response as a stream, where neither its content type nor the request shows it.
    pub const fn streaming(mut self) -> Self {
        self.is_streamed = true;
        self
    }

    /// Marks the host as a proxy that reports its calls itself: the span is a `workflow` without token counts.
    pub const fn behind_instrumented_proxy(mut self) -> Self {
        self.is_proxy = true;
        self
    }
}

/// The provider of a host that is not known.
pub(super) const UNKNOWN: &str = "unknown";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_tells_api_provider_and_model() {
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
            ("https://e.eastus.inference.ml.azure.com/v1/chat/completions", Chat, "azure_openai", None),
            ("https://r.services.ai.azure.com/anthropic/v1/messages", Api::AnthropicMessages, "azure_openai", None),
            ("https://bedrock-mantle.us-east-1.api.aws/v1/chat/completions", Chat, "amazon_bedrock", None),
            ("https://x1.execute-api.us-east-1.amazonaws.com/v1/chat/completions", Chat, "unknown", None),
            ("https://vm.eastus.cloudapp.azure.com/v1/chat/completions", Chat, "unknown", None),
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
            ("https://w.cloud.databricks.com/serving-endpoints/m/invocations", Chat, "databricks", Some("m")),
        ] {
            let found = Endpoint::recognise("post", url).unwrap_or_else(|| panic!("{url}"));
            assert_eq!((found.api, found.provider(), found.model.as_deref()), (api, provider, model), "{url}");
        }
    }

    #[test]
    fn a_gateway_names_the_provider_in_its_path() {
        use Api::OpenAiChat as Chat;
        let cloudflare = "https://gateway.ai.cloudflare.com/v1/account/gateway";
        for (url, api, provider, model) in [
            (&format!("{cloudflare}/openai/chat/completions"), Chat, "openai", None),
            (&format!("{cloudflare}/openai/responses"), Api::OpenAiResponses, "openai", None),
            (&format!("{cloudflare}/groq/chat/completions"), Chat, "groq", None),
            (&format!("{cloudflare}/anthropic/v1/messages"), Api::AnthropicMessages, "anthropic", None),
            (&format!("{cloudflare}/mistral/v1/chat/completions"), Api::MistralChat, "mistral", None),
            (&format!("{cloudflare}/cohere/v2/chat"), Api::CohereChat, "cohere", None),
            (
                &format!("{cloudflare}/google-ai-studio/v1/models/gemini-2.5-flash:generateContent"),
                Api::GeminiGenerate,
                "google",
                Some("gemini-2.5-flash"),
            ),
            (
                &format!("{cloudflare}/aws-bedrock/bedrock-runtime/us-east-1/model/amazon.nova-lite-v1:0/converse"),
                Api::BedrockConverse,
                "amazon_bedrock",
                Some("amazon.nova-lite-v1:0"),
            ),
            (&format!("{cloudflare}/compat/chat/completions"), Chat, "cloudflare", None),
            (
                &"https://api.cloudflare.com/client/v4/accounts/a/ai/v1/chat/completions".to_owned(),
                Chat,
                "cloudflare",
                None,
            ),
        ] {
            let found = Endpoint::recognise("POST", url).unwrap_or_else(|| panic!("{url}"));
            assert_eq!((found.api, found.provider(), found.model.as_deref()), (api, provider, model), "{url}");
        }
    }

    #[test]
    fn a_common_path_on_an_unknown_host_needs_a_body_of_a_model_call() {
        for (url, body, is_call) in [
            ("https://sms.example.com/v1/messages", r#"{"from":"A","to":"1","text":"Hi"}"#, false),
            ("https://sms.example.com/v1/messages", r#"{"model":"m","text":"Hi"}"#, false),
            ("https://forms.example.com/v1/responses", r#"{"form":7,"answers":[]}"#, false),
            ("https://ci.example.com/deployments/7/completions", r#"{"state":"done"}"#, false),
            ("https://cars.example.com/model/7/invoke", r#"{"colour":"red"}"#, false),
            ("https://cars.example.com/model/7/converse", r#"{"text":"Hi"}"#, false),
            ("https://crm.example.com/agents/7/agentAliases/1/sessions/2/text", r#"{"body":"Hi"}"#, false),
            ("https://proxy.example.com/model/amazon.nova-lite-v1:0/converse", r#"{"messages":[]}"#, true),
            ("https://proxy.example.com/model/amazon.titan-embed-text-v2:0/invoke", r#"{"inputText":"Hi"}"#, true),
            ("https://vpce-1.bedrock-runtime.eu-west-1.vpce.amazonaws.com/model/m/converse", "", true),
            ("https://llm.example.com/v1/messages", r#"{"model":"m","messages":[]}"#, true),
            ("https://llm.example.com/v1/responses", r#"{"prompt":{"id":"p"}}"#, true),
            ("https://llm.example.com/openai/deployments/d/completions", r#"{"prompt":"Hi"}"#, true),
            ("https://llm.example.com/v1/chat/completions", "", true),
            ("https://api.anthropic.com/v1/messages", "", true),
        ] {
            let endpoint = Endpoint::recognise("POST", url).unwrap();
            assert_eq!(endpoint.is_confirmed_by(body.as_bytes()), is_call, "{url} {body}");
            assert!(endpoint.with_provider("own").is_confirmed_by(b""), "{url}");
        }
    }

    #[test]
    fn other_requests_are_not_recognised() {
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
