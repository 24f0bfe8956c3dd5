//! The site of the intake, and the API key.

use std::fmt;
use std::str::FromStr;

use crate::error::ConfigError;

/// A Datadog site: the domain of the region that an organisation lives in.
///
/// Accepted are Datadog's own domains and whatever is below them, so a region that is new or private needs no new
/// version of this crate, and a slip of the pen cannot send the API key to a stranger. Space around the name is
/// removed, and letters are made small.
///
/// # Example
///
/// ```
/// use tracing_llmobs::Site;
///
/// assert_eq!(Site::default().as_str(), "datadoghq.com");
/// assert_eq!(Site::new("US5.datadoghq.com")?.as_str(), "us5.datadoghq.com");
/// assert!(Site::new("datadog.eu").is_err() && Site::new("https://datadoghq.eu").is_err());
/// # Ok::<(), tracing_llmobs::ConfigError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Site(String);

impl Site {
    /// The site with this name.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Site`] if it is not one of Datadog's domains, or is the address of a page or an API on one
    /// (`app.datadoghq.com`), or has a scheme, port or path.
    pub fn new(name: impl Into<String>) -> Result<Self, ConfigError> {
        Self::given("site", &name.into())
    }

    /// The site with this name, from the setting of that name.
    pub(super) fn given(setting: &'static str, name: &str) -> Result<Self, ConfigError> {
        let site = name.trim_matches([' ', '\t']).to_ascii_lowercase();
        if is_host(&site) && is_datadog(&site) {
            return Ok(Self(site));
        }
        Err(ConfigError::Site { setting, value: name.chars().take(MAX_HOST_BYTES).collect() })
    }

    /// The name, for example `datadoghq.eu`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host of one of the site's intakes.
    pub(crate) fn host(&self, subdomain: &str) -> String {
        format!("{subdomain}.{}", self.0)
    }
}

impl Default for Site {
    fn default() -> Self {
        Self(DEFAULT_SITE.to_owned())
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Site {
    type Err = ConfigError;

    fn from_str(name: &str) -> Result<Self, ConfigError> {
        Self::new(name)
    }
}

impl From<Site> for String {
    fn from(site: Site) -> Self {
        site.0
    }
}

/// A Datadog API key: it cannot be printed, compared or serialised.
///
/// Space and line ends around the key are removed, because keys come from files. It is checked when the exporter is
/// started.
///
/// # Example
///
/// ```
/// use tracing_llmobs::ApiKey;
///
/// assert_eq!(format!("{:?}", ApiKey::from("test-key")), "ApiKey(<redacted>)");
/// ```
#[derive(Clone)]
pub struct ApiKey(String);

impl ApiKey {
    /// The key, to be put into a header that is marked as sensitive and nowhere else.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// Returns whether this key can be sent in a header: visible ASCII only, and not without end.
    pub(super) fn check(&self, setting: &'static str) -> Result<(), ConfigError> {
        let problem = match self.0.as_str() {
            "" => "it is empty",
            key if key.len() > MAX_KEY_BYTES => "it is too long",
            key if !key.bytes().all(|byte| byte.is_ascii_graphic()) => "it has characters other than visible ASCII",
            _ => return Ok(()),
        };
        Err(ConfigError::ApiKey { setting, problem })
    }
}

impl From<&str> for ApiKey {
    fn from(key: &str) -> Self {
        Self(key.trim_ascii().to_owned())
    }
}

impl From<String> for ApiKey {
    fn from(key: String) -> Self {
        Self::from(key.as_str())
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(<redacted>)")
    }
}

/// Returns whether this is a DNS name in small letters: labels of letters, digits and inner hyphens.
pub(super) fn is_host(name: &str) -> bool {
    let is_label = |label: &str| {
        let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        (1..=MAX_LABEL_BYTES).contains(&label.len())
            && label.bytes().all(inner)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= MAX_HOST_BYTES && name.split('.').all(is_label)
}

fn is_datadog(site: &str) -> bool {
    let below = |domain: &str| site.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    let first = site.split('.').next().unwrap_or_default();
    DATADOG_DOMAINS.into_iter().any(below) && !NO_SITES.contains(&first)
}

/// The site when none is set: see [`Builder::site`](crate::Builder::site).
const DEFAULT_SITE: &str = "datadoghq.com";
/// The public sites of Datadog, in alphabetical order.
const DATADOG_DOMAINS: [&str; 4] = ["datad0g.com", "datadoghq.com", "datadoghq.eu", "ddog-gov.com"];
/// Hosts that people copy from the browser or the API reference, and the intakes' own hosts.
const NO_SITES: [&str; 4] = ["api", "app", "llmobs-intake", "www"];
const MAX_HOST_BYTES: usize = 253;
const MAX_LABEL_BYTES: usize = 63;
const MAX_KEY_BYTES: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_is_datadogs() {
        for name in ["datadoghq.com", " us3.datadoghq.com ", "US5.DatadogHQ.com", "datadoghq.eu", "ap1.datadoghq.com"] {
            assert_eq!(Site::new(name).unwrap().as_str(), name.trim().to_lowercase());
        }
        for name in ["us2.ddog-gov.com", "ddog-gov.com", "datad0g.com", "uk1.datadoghq.com", "a.new.datadoghq.com"] {
            assert_eq!(Site::new(name).unwrap().host("api"), format!("api.{name}"));
        }
    }

    #[test]
    fn what_would_send_the_key_elsewhere_is_no_site() {
        let long = format!("{}.datadoghq.com", "a.".repeat(200));
        let table = [
            "",
            "datadog.eu",
            "datadoghq.org",
            "evil.com",
            "@evil.com",
            "x@evil.com",
            "evil.com/",
            "evil.com#",
            "a b",
            "evil.com#.datadoghq.com",
            "evil.com/.datadoghq.com",
            "evildatadoghq.com",
            "evil-datadoghq.com",
            "datadoghq.com.evil.com",
            "datadoghq.com\r\n",
            "datadoghq.com\n",
            "datadoghq.com.",
            ".datadoghq.com",
            "-.datadoghq.com",
            "a..datadoghq.com",
            "https://datadoghq.com",
            "datadoghq.com:443",
            "datadoghq.com/api",
            "app.datadoghq.com",
            "api.datadoghq.eu",
            "www.datadoghq.com",
            "llmobs-intake.datadoghq.com",
            "169.254.169.254/",
            "169.254.169.254",
            "ﬁ.com",
            "datadoghq.com\u{0}",
            "ｄatadoghq.com",
            "com",
            &long,
        ];
        for name in table {
            let error = Site::new(name).expect_err(name);
            assert!(error.to_string().starts_with("site is not a known Datadog site: "), "{error}");
        }
    }

    #[test]
    fn a_key_is_visible_ascii_and_is_never_shown() {
        let table = [
            ("test-key", true),
            (" test-key\r\n", true),
            ("", false),
            ("  ", false),
            ("test key", false),
            ("test-key\nx", false),
            ("test-\u{0}key", false),
            ("ключ", false),
            ("test-key\u{7f}", false),
            (&"k".repeat(1_025), false),
            (&"k".repeat(1_024), true),
        ];
        for (text, is_good) in table {
            let key = ApiKey::from(text);
            let result = key.check("DD_API_KEY");
            assert_eq!(result.is_ok(), is_good, "{text:?}");
            let shown =
                format!("{key:?} {:?} {}", result, result.as_ref().err().map(ToString::to_string).unwrap_or_default());
            assert!(text.trim().is_empty() || !shown.contains(text.trim()), "{shown}");
        }
    }
}
