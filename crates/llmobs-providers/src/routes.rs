//! The table of URLs and their APIs, read from the top; the first row that fits counts.

use super::endpoint::Api;
use super::url::Url;

/// A row of the table.
#[derive(Debug)]
pub(super) struct Route {
    /// The hosts that it is for.
    pub(super) at: At,
    /// The end of the path. `{model}` in it stands for the name of the model; with `^` before it, it is the whole path.
    pub(super) path: &'static str,
    /// The API; `None` for a path that only looks like one.
    pub(super) api: Option<Api>,
    /// The path alone shows that the response is a stream.
    pub(super) is_streamed: bool,
}

/// Hosts of a row.
#[derive(Debug)]
pub(super) enum At {
    /// Any: the path is unmistakable.
    Anywhere,
    /// Hosts of [`PROVIDERS`]: others use such a path for something else.
    AnyProvider,
    /// A domain and all below it.
    Domain(&'static str),
    /// Ollama's own domain, its port, or a host that is called so.
    Ollama,
}

impl Route {
    /// Finds the row of a URL, and the model that the path names.
    pub(super) fn find<'a>(url: &'a Url, provider: Option<&str>) -> Option<(&'static Self, Option<&'a str>)> {
        ROUTES.iter().find_map(|route| Some((route, route.fits(url, provider)?)))
    }

    #[expect(clippy::option_option, reason = "whether it fits, and whether there is a model in it")]
    fn fits<'a>(&self, url: &'a Url, provider: Option<&str>) -> Option<Option<&'a str>> {
        if !self.at.is_at(url, provider) {
            return None;
        }
        if let Some(whole) = self.path.strip_prefix('^') {
            return (url.path == whole).then_some(None);
        }
        let Some((before, behind)) = self.path.split_once("{model}") else {
            return url.path.ends_with(self.path).then_some(None);
        };
        let (_, model) = url.path.strip_suffix(behind)?.split_once(before)?;
        (!model.is_empty()).then_some(Some(model))
    }
}

impl At {
    /// Tells whether a URL is there; a provider that the caller has named counts for more than the host.
    fn is_at(&self, url: &Url, provider: Option<&str>) -> bool {
        match (self, provider) {
            (Self::Anywhere, _) | (Self::AnyProvider, Some(_)) => true,
            (Self::AnyProvider, None) => provider_at(url).is_some(),
            (Self::Domain(domain), Some(provider)) => PROVIDERS.contains(&(domain, provider)),
            (Self::Domain(domain), None) => url.is_at(domain) && has_models(url, domain),
            (Self::Ollama, Some(provider)) => provider == "ollama",
            (Self::Ollama, None) => url.port == "11434" || url.host.split(['.', '-']).any(|part| part == "ollama"),
        }
    }
}

/// Returns the provider of a host, if it is known.
pub(super) fn provider_at(url: &Url) -> Option<&'static str> {
    PROVIDERS.iter().find(|(domain, _)| url.is_at(domain) && has_models(url, domain)).map(|(_, name)| *name)
}

/// Tells whether a host of a cloud is one of its model services. Applications of customers have hosts below the same domain.
fn has_models(url: &Url, domain: &str) -> bool {
    let is_named = |part: &str| url.host.split('.').any(|label| label.contains(part));
    match domain {
        "amazonaws.com" | "amazonaws.com.cn" | "api.aws" => is_named("bedrock"),
        "googleapis.com" => is_named("aiplatform") || is_named("generativelanguage"),
        _ => true,
    }
}

const fn route(at: At, path: &'static str, api: Api) -> Route {
    Route { at, path, api: Some(api), is_streamed: false }
}

const fn not_a_call(path: &'static str) -> Route {
    Route { at: At::Anywhere, path, api: None, is_streamed: false }
}

const fn streamed(path: &'static str, api: Api) -> Route {
    Route { at: At::Anywhere, path, api: Some(api), is_streamed: true }
}

const ROUTES: &[Route] = &[
    // Mistral, which nearly speaks like OpenAI.
    not_a_call("/fim/completions"),
    route(At::Domain("mistral.ai"), "/chat/completions", Api::MistralChat),
    route(At::Domain("mistral.ai"), "/agents/completions", Api::MistralChat),
    route(At::Domain("mistral.ai"), "/embeddings", Api::MistralEmbeddings),
    // Vertex AI passes on to it.
    route(At::Anywhere, "/publishers/mistralai/models/{model}:rawPredict", Api::MistralChat),
    streamed("/publishers/mistralai/models/{model}:streamRawPredict", Api::MistralChat),
    // OpenAI, and hosts with its dialect. Azure has the deployment in the path.
    route(At::Anywhere, "/deployments/{model}/chat/completions", Api::OpenAiChat),
    route(At::Anywhere, "/deployments/{model}/completions", Api::OpenAiCompletions),
    route(At::Anywhere, "/deployments/{model}/embeddings", Api::OpenAiEmbeddings),
    // Databricks has OpenAI's dialect behind a path of its own.
    route(At::Domain("databricks.com"), "/serving-endpoints/{model}/invocations", Api::OpenAiChat),
    route(At::Domain("azuredatabricks.net"), "/serving-endpoints/{model}/invocations", Api::OpenAiChat),
    route(At::Anywhere, "/chat/completions", Api::OpenAiChat),
    route(At::Anywhere, "/v1/completions", Api::OpenAiCompletions),
    route(At::Anywhere, "^/completions", Api::OpenAiCompletions),
    route(At::AnyProvider, "/engines/{model}/completions", Api::OpenAiCompletions),
    route(At::AnyProvider, "/completions", Api::OpenAiCompletions),
    route(At::Anywhere, "/v1/responses", Api::OpenAiResponses),
    route(At::Anywhere, "^/responses", Api::OpenAiResponses),
    route(At::AnyProvider, "/responses", Api::OpenAiResponses),
    route(At::Anywhere, "/v1/embeddings", Api::OpenAiEmbeddings),
    route(At::Anywhere, "^/embeddings", Api::OpenAiEmbeddings),
    route(At::AnyProvider, "/embeddings", Api::OpenAiEmbeddings),
    // Anthropic; on Vertex AI the path names the model, and counting tokens looks like one.
    route(At::Anywhere, "/v1/messages", Api::AnthropicMessages),
    route(At::Domain("anthropic.com"), "/v1/complete", Api::AnthropicComplete),
    not_a_call("/models/count-tokens:rawPredict"),
    route(At::Anywhere, "/publishers/anthropic/models/{model}:rawPredict", Api::AnthropicMessages),
    streamed("/publishers/anthropic/models/{model}:streamRawPredict", Api::AnthropicMessages),
    // Bedrock; an ARN in the place of the model has slashes.
    route(At::Anywhere, "/model/{model}/invoke", Api::BedrockInvoke),
    streamed("/model/{model}/invoke-with-response-stream", Api::BedrockInvoke),
    route(At::Anywhere, "/model/{model}/converse", Api::BedrockConverse),
    streamed("/model/{model}/converse-stream", Api::BedrockConverse),
    route(At::Anywhere, "/agents/{model}/text", Api::BedrockAgent),
    // Vertex AI, then Gemini, whose paths are the end of its.
    route(At::Anywhere, "/publishers/google/models/{model}:generateContent", Api::VertexGenerate),
    streamed("/publishers/google/models/{model}:streamGenerateContent", Api::VertexGenerate),
    route(At::Anywhere, "/publishers/google/models/{model}:embedContent", Api::VertexEmbed),
    route(At::Anywhere, "/publishers/google/models/{model}:predict", Api::VertexEmbed),
    route(At::Domain("googleapis.com"), "/endpoints/{model}:generateContent", Api::VertexGenerate),
    Route {
        at: At::Domain("googleapis.com"),
        ..streamed("/endpoints/{model}:streamGenerateContent", Api::VertexGenerate)
    },
    route(At::Anywhere, "/models/{model}:generateContent", Api::GeminiGenerate),
    streamed("/models/{model}:streamGenerateContent", Api::GeminiGenerate),
    route(At::Anywhere, "/tunedModels/{model}:generateContent", Api::GeminiGenerate),
    streamed("/tunedModels/{model}:streamGenerateContent", Api::GeminiGenerate),
    route(At::Anywhere, "/models/{model}:embedContent", Api::GeminiEmbed),
    route(At::Anywhere, "/models/{model}:batchEmbedContents", Api::GeminiEmbed),
    route(At::Domain("googleapis.com"), "/interactions", Api::GeminiInteractions),
    // Cohere.
    route(At::Domain("cohere.com"), "/v1/chat", Api::CohereChat),
    route(At::Domain("cohere.com"), "/v2/chat", Api::CohereChat),
    route(At::Domain("cohere.com"), "/v1/embed", Api::CohereEmbed),
    route(At::Domain("cohere.com"), "/v2/embed", Api::CohereEmbed),
    route(At::Domain("cohere.ai"), "/v1/chat", Api::CohereChat),
    route(At::Domain("cohere.ai"), "/v2/chat", Api::CohereChat),
    route(At::Domain("cohere.ai"), "/v1/embed", Api::CohereEmbed),
    route(At::Domain("cohere.ai"), "/v2/embed", Api::CohereEmbed),
    // Ollama; anybody may have an `/api/chat`.
    route(At::Ollama, "/api/chat", Api::OllamaChat),
    route(At::Ollama, "/api/generate", Api::OllamaGenerate),
    route(At::Ollama, "/api/embed", Api::OllamaEmbed),
    route(At::Ollama, "/api/embeddings", Api::OllamaEmbed),
];

/// Domains, each with all below it, and the names of their providers as `model_provider` has them.
const PROVIDERS: &[(&str, &str)] = &[
    ("openai.com", "openai"),
    ("chatgpt.com", "openai"),
    ("api.cloudflare.com", "cloudflare"),
    ("databricks.com", "databricks"),
    ("azuredatabricks.net", "databricks"),
    ("openai.azure.com", "azure_openai"),
    ("ai.azure.com", "azure_openai"),
    ("cognitiveservices.azure.com", "azure_openai"),
    ("inference.ml.azure.com", "azure_openai"),
    ("openai.azure.us", "azure_openai"),
    ("ai.azure.us", "azure_openai"),
    ("cognitiveservices.azure.us", "azure_openai"),
    ("openai.azure.cn", "azure_openai"),
    ("ai.azure.cn", "azure_openai"),
    ("cognitiveservices.azure.cn", "azure_openai"),
    ("deepseek.com", "deepseek"),
    ("openrouter.ai", "openrouter"),
    ("groq.com", "groq"),
    ("x.ai", "xai"),
    ("mistral.ai", "mistral"),
    ("anthropic.com", "anthropic"),
    ("cohere.com", "cohere"),
    ("cohere.ai", "cohere"),
    ("googleapis.com", "google"),
    ("amazonaws.com", "amazon_bedrock"),
    ("amazonaws.com.cn", "amazon_bedrock"),
    ("api.aws", "amazon_bedrock"),
    ("perplexity.ai", "perplexity"),
    ("together.ai", "together"),
    ("together.xyz", "together"),
    ("fireworks.ai", "fireworks"),
    ("cerebras.ai", "cerebras"),
    ("sambanova.ai", "sambanova"),
    ("deepinfra.com", "deepinfra"),
    ("hyperbolic.xyz", "hyperbolic"),
    ("githubcopilot.com", "github_copilot"),
    ("models.github.ai", "github"),
    ("huggingface.co", "huggingface"),
    ("integrate.api.nvidia.com", "nvidia"),
    ("moonshot.ai", "moonshot"),
    ("moonshot.cn", "moonshot"),
    ("dashscope.aliyuncs.com", "alibaba"),
    ("z.ai", "zai"),
    ("bigmodel.cn", "zai"),
    ("venice.ai", "venice"),
    ("doubleword.ai", "doubleword"),
    ("ollama.com", "ollama"),
    ("voyageai.com", "voyage"),
    ("jina.ai", "jina"),
];
