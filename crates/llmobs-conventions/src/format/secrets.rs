//! Names of attributes and members that must not leave the process.

/// Returns whether a name says that its value is a secret.
///
/// Letters are compared without case and punctuation, so `api_key`, `apiKey` and `API-Key` are alike.
pub(crate) fn is_secret(name: &str) -> bool {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    // `max_tokens` and `time_to_first_token` are about models.
    let is_token = plain.ends_with("token") && !plain.ends_with("firsttoken");
    is_token || SECRETS.iter().any(|word| plain.contains(word))
}

const SECRETS: [&str; 12] = [
    "apikey",
    "accesskey",
    "cookie",
    "authorization",
    "bearer",
    "secret",
    "password",
    "passwd",
    "header",
    "credential",
    "accesstoken",
    "privatekey",
];
