//! Gateways that report the model calls which go through them.

/// URLs of gateways; a URL goes to one of them when scheme, host and port are the same and the path goes on from its path.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Gateways {
    places: Vec<Place>,
}

/// What a URL says of the place that it goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    /// In lower case.
    scheme: String,
    /// In lower case, with its port: `gateway:4000`.
    host: String,
    /// Without slashes at the end.
    path: String,
}

impl Gateways {
    /// URLs with commas between them; what is no URL is no gateway.
    pub(crate) fn parse(urls: &str) -> Self {
        Self { places: urls.split(',').filter_map(|url| Place::parse(url.trim())).collect() }
    }

    /// Returns whether no gateway is named.
    pub(crate) const fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Whether a request to this URL goes to one of them.
    pub(crate) fn contain(&self, url: &str) -> bool {
        if self.places.is_empty() {
            return false;
        }
        Place::parse(url).is_some_and(|place| self.places.iter().any(|gateway| gateway.is_above(&place)))
    }
}

impl Place {
    fn parse(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let scheme = scheme.to_ascii_lowercase();
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        let (authority, path) = rest.find('/').and_then(|at| rest.split_at_checked(at)).unwrap_or((rest, ""));
        let host = authority.rsplit('@').next().unwrap_or_default().to_ascii_lowercase();
        if host.is_empty() {
            return None;
        }
        let port = if scheme == "https" { ":443" } else { ":80" };
        // The default port need not be said, and a colon without a number says nothing.
        let host = host.trim_end_matches(':');
        let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
        let host = if has_port { host.to_owned() } else { format!("{host}{port}") };
        Some(Self { scheme, host, path: path.trim_end_matches('/').to_owned() })
    }

    /// Whether another place is this one, or below it.
    fn is_above(&self, other: &Self) -> bool {
        let rest = other.path.strip_prefix(self.path.as_str());
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
            Gateways::parse(" http://Gateway:4000/v1/ ,https://proxy.example.com,http://[::1]:80, nonsense,");
        for (url, is_gateway) in [
            ("http://gateway:4000/v1/chat/completions", true),
            ("HTTP://user:pass@GATEWAY:4000/v1?key=x", true),
            ("http://gateway:4000/v1", true),
            ("http://gateway:4000/v10/chat/completions", false),
            ("http://gateway:4000/chat/completions", false),
            ("https://gateway:4000/v1/chat/completions", false),
            ("http://gateway:4001/v1/chat/completions", false),
            ("http://gateway/v1/chat/completions", false),
            // The port that goes without saying.
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
        assert!(!Gateways::default().contain("http://gateway:4000"));
    }
}
