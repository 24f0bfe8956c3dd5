//! URLs of gateways that report the model calls which go through them.

/// The gateways. A request goes to one of them if its scheme, host and port are the gateway's and its path begins with the
/// gateway's path.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct GatewayUrls {
    urls: Vec<GatewayUrl>,
}

/// The parts of a URL that are compared.
#[derive(Debug, Clone, PartialEq, Eq)]
struct GatewayUrl {
    /// In lower case.
    scheme: String,
    /// In lower case, with the port: `gateway:4000`.
    host: String,
    /// Without slashes at the end.
    path: String,
}

impl GatewayUrls {
    /// Parses URLs that are separated by commas, and skips what is not a URL.
    pub(crate) fn parse(urls: &str) -> Self {
        Self { urls: urls.split(',').filter_map(|url| GatewayUrl::parse(url.trim())).collect() }
    }

    /// Returns whether no gateway is named.
    pub(crate) const fn is_empty(&self) -> bool {
        self.urls.is_empty()
    }

    /// Returns whether a request to `url` goes to a gateway.
    pub(crate) fn contain(&self, url: &str) -> bool {
        if self.urls.is_empty() {
            return false;
        }
        GatewayUrl::parse(url).is_some_and(|url| self.urls.iter().any(|gateway| gateway.is_prefix_of(&url)))
    }
}

impl GatewayUrl {
    fn parse(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let scheme = scheme.to_ascii_lowercase();
        // Before the authority is cut off: a query may hold a slash or an `@`.
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        let (authority, path) = rest.find('/').and_then(|at| rest.split_at_checked(at)).unwrap_or((rest, ""));
        // Credentials are not part of the address.
        let host = authority.rsplit('@').next().unwrap_or_default().to_ascii_lowercase();
        if host.is_empty() {
            return None;
        }
        let port = if scheme == "https" { ":443" } else { ":80" };
        // `host`, `host:` and `host:443` are the same address.
        let host = host.trim_end_matches(':');
        // Digits only, because `[::1]` has colons and no port.
        let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
        let host = if has_port { host.to_owned() } else { format!("{host}{port}") };
        Some(Self { scheme, host, path: path.trim_end_matches('/').to_owned() })
    }

    /// Returns whether `other` is this URL or one below it.
    fn is_prefix_of(&self, other: &Self) -> bool {
        let rest = other.path.strip_prefix(self.path.as_str());
        // Whole path segments: `/v1` is no prefix of `/v10`.
        let is_below = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        is_below && self.scheme == other.scheme && self.host == other.host
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_goes_to_a_gateway_when_place_and_path_are_the_same() {
        let gateways =
            GatewayUrls::parse(" http://Gateway:4000/v1/ ,https://proxy.example.com,http://[::1]:80, nonsense,");
        for (url, is_gateway) in [
            ("http://gateway:4000/v1/chat/completions", true),
            ("HTTP://user:pass@GATEWAY:4000/v1?key=x", true),
            ("http://gateway:4000/v1", true),
            ("http://gateway:4000/v10/chat/completions", false),
            ("http://gateway:4000/chat/completions", false),
            ("https://gateway:4000/v1/chat/completions", false),
            ("http://gateway:4001/v1/chat/completions", false),
            ("http://gateway/v1/chat/completions", false),
            // The default port.
            ("https://proxy.example.com:443/anything", true),
            ("https://proxy.example.com", true),
            ("https://proxy.example.com:/", true),
            ("https://proxy.example.com.evil/anything", false),
            ("http://[::1]/v1", true),
            ("http://[::1]:8080/v1", false),
            ("nonsense", false),
            ("", false),
        ] {
            assert_eq!(gateways.contain(url), is_gateway, "{url}");
        }
        assert!(!GatewayUrls::default().contain("http://gateway:4000"));
    }
}
