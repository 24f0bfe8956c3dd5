//! The parts of a URL that say what is called. Its query is never looked at: keys stand there.

use percent_encoding::percent_decode_str;

/// Host and path.
#[derive(Debug)]
pub(super) struct Url {
    /// In lower case, without a port.
    pub(super) host: String,
    /// The port as it is written; empty where there is none.
    pub(super) port: String,
    /// Percent-decoded, without slashes at the end.
    pub(super) path: String,
}

impl Url {
    /// Reads a URL, or a path alone: then there is no host.
    pub(super) fn parse(url: &str) -> Self {
        let url = url.split(['?', '#']).next().unwrap_or_default();
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        let (authority, path) = rest.find('/').and_then(|at| rest.split_at_checked(at)).unwrap_or((rest, ""));
        let host = authority.rsplit('@').next().unwrap_or_default();
        let (host, port) = host.rsplit_once(':').filter(|(_, port)| is_port(port)).unwrap_or((host, ""));
        let path = percent_decode_str(path).decode_utf8_lossy();
        Self { host: host.to_ascii_lowercase(), port: port.to_owned(), path: path.trim_end_matches('/').to_owned() }
    }

    /// Tells whether the host is this domain or below it.
    pub(super) fn is_at(&self, domain: &str) -> bool {
        self.host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_and_path_are_read_of_any_url() {
        for (url, host, path) in [
            ("https://API.openai.com/v1/chat/completions?key=k#f", "api.openai.com", "/v1/chat/completions"),
            ("http://user:pass@localhost:8080/v1/", "localhost", "/v1"),
            ("http://[::1]:4000/a", "[::1]", "/a"),
            ("http://[::1]/a", "[::1]", "/a"),
            ("https://h/model/a%3Ab%2Fc/invoke", "h", "/model/a:b/c/invoke"),
            ("/model/x/converse", "", "/model/x/converse"),
            ("https://h", "h", ""),
            ("", "", ""),
        ] {
            let parsed = Url::parse(url);
            assert_eq!((parsed.host.as_str(), parsed.path.as_str()), (host, path), "{url}");
        }
    }

    #[test]
    fn a_domain_is_itself_and_what_is_below_it() {
        let is_at = |url: &str, domain: &str| Url::parse(url).is_at(domain);
        assert!(is_at("https://x.ai/", "x.ai") && is_at("https://api.x.ai/", "x.ai"));
        assert!(!is_at("https://max.ai/", "x.ai") && !is_at("https://x.ai.example.com/", "x.ai"));
    }
}
