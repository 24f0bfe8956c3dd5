//! Which requests are calls of models.

use crate::providers::Endpoint;

/// Which requests are calls of models: those that [`Endpoint::recognise`] knows, unless something else is said here for the
/// base URL that they go to.
///
/// # Example
///
/// ```
/// use tracing_llmobs::clients::Calls;
/// use tracing_llmobs::providers::{Api, Endpoint};
///
/// let calls = Calls::new()
///     .at("http://models.internal/generate", Endpoint::new(Api::OpenAiChat, "vllm"))
///     .ignore("https://api.openai.com/v1/embeddings");
/// # let _ = calls;
/// ```
#[derive(Debug, Clone, Default)]
pub struct Calls {
    /// Base URLs in lower case, without a slash at the end, and what is there.
    rules: Vec<(String, Option<Endpoint>)>,
}

impl Calls {
    /// All calls that are known.
    pub const fn new() -> Self {
        Self { rules: Vec::new() }
    }

    /// `POST` requests to this URL, or below it, are calls of this API, whatever their path. Of several rules the longest URL
    /// counts.
    pub fn at(mut self, base_url: &str, endpoint: Endpoint) -> Self {
        self.rules.push((normal(base_url), Some(endpoint)));
        self
    }

    /// Requests to this URL, or below it, are not looked at.
    pub fn ignore(mut self, base_url: &str) -> Self {
        self.rules.push((normal(base_url), None));
        self
    }

    /// What a request is, or `None` when it is to be left alone.
    pub(super) fn endpoint(&self, method: &str, url: &str) -> Option<Endpoint> {
        if self.rules.is_empty() {
            return Endpoint::recognise(method, url);
        }
        let lower = url.to_ascii_lowercase();
        let matching = self.rules.iter().filter(|(base, _)| is_below(&lower, base));
        match matching.max_by_key(|(base, _)| base.len()) {
            Some((_, endpoint)) => endpoint.clone().filter(|_| method.eq_ignore_ascii_case("POST")),
            None => Endpoint::recognise(method, url),
        }
    }
}

fn normal(base_url: &str) -> String {
    base_url.trim().trim_end_matches('/').to_ascii_lowercase()
}

fn is_below(url: &str, base: &str) -> bool {
    let rest = url.strip_prefix(base).map(|rest| rest.chars().next());
    matches!(rest, Some(None | Some('/' | '?' | '#')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::Api;

    #[test]
    fn the_longest_base_url_decides() {
        let own = Endpoint::new(Api::OpenAiChat, "vllm");
        let calls = Calls::new()
            .ignore("http://Models.test/")
            .at("http://models.test/v1", own.clone())
            .ignore("http://models.test/v1/private");
        for (method, url, expected) in [
            ("POST", "http://models.test/v1", Some(&own)),
            ("post", "http://models.test/v1?key=a", Some(&own)),
            ("POST", "http://MODELS.test/v1/anything", Some(&own)),
            ("GET", "http://models.test/v1/anything", None),
            ("POST", "http://models.test/v10/chat/completions", None),
            ("POST", "http://models.test/v1/private/chat/completions", None),
            ("POST", "http://models.test/chat/completions", None),
        ] {
            assert_eq!(calls.endpoint(method, url).as_ref(), expected, "{method} {url}");
        }
    }
}
