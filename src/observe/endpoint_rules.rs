//! Rules that decide which requests are model calls.

use llmobs_providers::Endpoint;

/// Decides which requests are model calls: those that [`Endpoint::recognise`] knows, unless a rule for their base URL says
/// otherwise. Of several matching rules, the one with the longest URL wins.
///
/// # Example
///
/// ```
/// use tracing_llmobs::observe::{Api, Endpoint, EndpointRules};
///
/// let rules = EndpointRules::new()
///     .provider("http://gpu-7:8000", "our-vllm")
///     .at("http://models.internal/generate", Endpoint::new(Api::OpenAiChat, "our-gateway"))
///     .ignore("https://api.openai.com/v1/embeddings");
/// # let _ = rules;
/// ```
#[derive(Debug, Clone, Default)]
pub struct EndpointRules {
    /// Base URLs in lower case without a trailing slash, each with its rule.
    rules: Vec<(String, Rule)>,
}

#[derive(Debug, Clone)]
enum Rule {
    Provider(String),
    At(Endpoint),
    Ignore,
}

impl EndpointRules {
    /// Creates the default rules: every known API is observed.
    pub const fn new() -> Self {
        Self { rules: Vec::new() }
    }

    /// Names the provider behind this URL and all URLs below it. Paths are read as this provider's: with `ollama` and
    /// `cohere`, the APIs that only they have are recognised too.
    pub fn provider(self, base_url: &str, provider: impl Into<String>) -> Self {
        self.rule(base_url, Rule::Provider(provider.into()))
    }

    /// Observes `POST` requests to this URL and below it as calls of this API, whatever their path.
    pub fn at(self, base_url: &str, endpoint: Endpoint) -> Self {
        self.rule(base_url, Rule::At(endpoint))
    }

    /// Leaves requests to this URL and below it unobserved.
    pub fn ignore(self, base_url: &str) -> Self {
        self.rule(base_url, Rule::Ignore)
    }

    fn rule(mut self, base_url: &str, rule: Rule) -> Self {
        self.rules.push((normalize(base_url), rule));
        self
    }

    /// Returns the endpoint that a request goes to, or `None` if it is not to be observed.
    pub fn endpoint(&self, method: &str, url: &str) -> Option<Endpoint> {
        match self.rule_for(url) {
            None => Endpoint::recognise(method, url),
            // The provider's own paths first; a host that speaks a common API under another provider's name second.
            Some(Rule::Provider(name)) => Endpoint::recognise_for(name, method, url)
                .or_else(|| Some(Endpoint::recognise(method, url)?.with_provider(name.clone()))),
            Some(Rule::At(endpoint)) => method.eq_ignore_ascii_case("POST").then(|| endpoint.clone()),
            Some(Rule::Ignore) => None,
        }
    }

    fn rule_for(&self, url: &str) -> Option<&Rule> {
        if self.rules.is_empty() {
            return None;
        }
        let url = url.to_ascii_lowercase();
        let matching = self.rules.iter().filter(|(base, _)| is_below(&url, base));
        matching.max_by_key(|(base, _)| base.len()).map(|(_, rule)| rule)
    }
}

fn normalize(base_url: &str) -> String {
    base_url.trim().trim_end_matches('/').to_ascii_lowercase()
}

fn is_below(url: &str, base: &str) -> bool {
    let rest = url.strip_prefix(base).map(|rest| rest.chars().next());
    matches!(rest, Some(None | Some('/' | '?' | '#')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use llmobs_providers::Api;

    #[test]
    fn the_rule_with_the_longest_base_url_wins() {
        let own = Endpoint::new(Api::OpenAiChat, "vllm");
        let rules = EndpointRules::new()
            .ignore("http://Models.test/")
            .at("http://models.test/v1", own.clone())
            .ignore("http://models.test/v1/private")
            .provider("http://models.test/v2", "own")
            .provider("http://gpu-7:8000", "ollama")
            .provider("https://api.cohere.com", "named");
        let named = Endpoint::new(Api::OpenAiChat, "own");
        let (ollama, cohere) = (Endpoint::new(Api::OllamaChat, "ollama"), Endpoint::new(Api::CohereChat, "named"));
        for (method, url, expected) in [
            ("POST", "http://models.test/v1", Some(&own)),
            ("post", "http://models.test/v1?key=a", Some(&own)),
            ("POST", "http://MODELS.test/v1/anything", Some(&own)),
            ("GET", "http://models.test/v1/anything", None),
            ("POST", "http://models.test/v10/chat/completions", None),
            ("POST", "http://models.test/v1/private/chat/completions", None),
            ("POST", "http://models.test/chat/completions", None),
            ("POST", "http://models.test/v2/chat/completions", Some(&named)),
            ("POST", "http://models.test/v2/files", None),
            ("POST", "http://models.test/v2/api/chat", None),
            ("POST", "http://gpu-7:8000/api/chat", Some(&ollama)),
            ("POST", "https://api.cohere.com/v2/chat", Some(&cohere)),
        ] {
            assert_eq!(rules.endpoint(method, url).as_ref(), expected, "{method} {url}");
        }
    }
}
