//! Secrets inside one word: userinfo and parameters of URLs, and the shapes of keys.

use std::ops::Range;

use super::found::Found;
use super::name::{NameVerdict, judge_name};
use super::shapes::{is_key, looks_random};

/// Adds the ranges of the secrets in one word of a text.
pub(super) fn examine(text: &str, word: Range<usize>, found: &mut Found) {
    let Some(part) = text.get(word.clone()) else { return };
    let has_scheme = find_userinfo(text, part, word.start, found);
    if !has_scheme && part.contains('@') {
        find_bare_userinfo(text, part, word.start, found);
    }
    if part.contains('=') || part.contains("\\u003d") {
        find_parameters(text, part, word.start, found);
    }
    find_keys(text, part, word.start, found);
}

/// Adds user and password behind each `://`; returns whether there is any scheme.
fn find_userinfo(text: &str, word: &str, start: usize, found: &mut Found) -> bool {
    let (mut rest, mut at, mut has_scheme) = (word, start, false);
    while let Some((scheme, behind)) = split_scheme(rest) {
        has_scheme = true;
        let begin = at.saturating_add(rest.len().saturating_sub(behind.len()));
        let authority = behind.split(['/', '\\']).next().unwrap_or_default();
        let bytes = userinfo_bytes(behind, authority);
        let userinfo = behind.get(..bytes.saturating_sub(1)).unwrap_or_default();
        if userinfo.contains(':') || (is_web(scheme) && userinfo != "git") {
            found.add(text, begin..begin.saturating_add(userinfo.len()));
        }
        (rest, at) = (behind.get(bytes..).unwrap_or_default(), begin.saturating_add(bytes));
    }
    has_scheme
}

/// Splits behind the next `://`, also where JSON escapes the slashes.
fn split_scheme(text: &str) -> Option<(&str, &str)> {
    let mut at = 0_usize;
    loop {
        let colon = at.saturating_add(text.get(at..)?.find(':')?);
        let behind = text.get(colon.saturating_add(1)..)?;
        if let Some(behind) = behind.strip_prefix("//").or_else(|| behind.strip_prefix(r"\/\/")) {
            return Some((text.get(..colon)?, behind));
        }
        at = colon.saturating_add(1);
    }
}

fn is_web(scheme: &str) -> bool {
    ["http", "https", "ws", "wss"].iter().any(|web| scheme.ends_with(web))
}

/// Returns the length of `user:password@`; 0 when there is none. A password that nobody has encoded may contain `/` and
/// `?`: then what stands behind the colon is no port.
fn userinfo_bytes(behind: &str, authority: &str) -> usize {
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    let before_query = authority.split(['?', '#']).next().unwrap_or_default();
    let is_host = before_query.split_once(':').is_none_or(|(_, port)| is_port(port.trim_end_matches(is_closing)));
    match authority.rfind('@') {
        Some(at) if before_query.len() < at && is_host => 0,
        Some(at) => at.saturating_add(1),
        None if is_host => 0,
        None => behind.find('@').map_or(0, |at| at.saturating_add(1)),
    }
}

/// Adds `user:password` before `@host:port` or `@host/path` in a word without a scheme; mail addresses stay.
fn find_bare_userinfo(text: &str, word: &str, start: usize, found: &mut Found) {
    let Some((userinfo, host)) = word.rsplit_once('@') else { return };
    let Some((user, password)) = userinfo.split_once(':') else { return };
    let opening = user.rfind(['(', '[', '{', '=', ',', '\'']).map_or(0, |at| at.saturating_add(1));
    let has_name = user.get(opening..).is_some_and(|user| !user.is_empty());
    let host_end =
        host.find(|char: char| !(char.is_ascii_alphanumeric() || matches!(char, '.' | '-'))).unwrap_or(host.len());
    let behind = host.get(host_end..).unwrap_or_default();
    let has_port = behind.strip_prefix(':').is_some_and(|port| port.starts_with(|char: char| char.is_ascii_digit()));
    let is_host = host_end > 0 && (has_port || behind.starts_with('/') || looks_random(password));
    if has_name && is_host && !password.is_empty() {
        found.add(text, start.saturating_add(opening)..start.saturating_add(userinfo.len()));
    }
}

/// Adds values of keyed and signed parameters: of a query, a fragment, a form, or a connection string.
fn find_parameters(text: &str, word: &str, start: usize, found: &mut Found) {
    let is_query =
        word.contains(['?', '&']) || word.contains("\\u003f") || word.contains("://") || word.contains(r":\/\/");
    if !is_query && !word.contains(';') {
        return;
    }
    let mut at = start;
    for piece in word.split_inclusive(['?', '&', '#', ';']).flat_map(|piece| piece.split_inclusive("\\u0026")) {
        let begin = at;
        at = at.saturating_add(piece.len());
        let piece = piece.strip_suffix(['?', '&', '#', ';']).or_else(|| piece.strip_suffix("\\u0026")).unwrap_or(piece);
        let Some((name, value)) = piece.split_once('=').or_else(|| piece.split_once("\\u003d")) else { continue };
        let own_name = name.rsplit(|char: char| !is_of_name(char)).next().unwrap_or_default();
        // Of `\u003fkey` the name is `key`.
        let own_name = own_name.strip_prefix("u003f").unwrap_or(own_name);
        let is_secret = match judge_name(own_name) {
            NameVerdict::Harmless => false,
            NameVerdict::ByValue if own_name.eq_ignore_ascii_case("code") || !is_query => looks_random(value),
            NameVerdict::ByValue | NameVerdict::Secret => true,
        };
        if is_secret && !is_reference(value) {
            let value = value.trim_end_matches(is_closing);
            let from =
                begin.saturating_add(piece.find('=').map_or(name.len().saturating_add(6), |at| at.saturating_add(1)));
            found.add(text, from..from.saturating_add(value.len()));
        }
    }
}

/// Returns whether a value only names where the secret is: `$KEY`, `{key}`, `<key>`, `os.environ[…]`.
pub(super) fn is_reference(value: &str) -> bool {
    value.is_empty() || value.starts_with(['$', '{', '<', '%', '*', '…'])
}

/// Adds the pieces of a word that have the shape of a known key.
fn find_keys(text: &str, word: &str, start: usize, found: &mut Found) {
    let mut at = start;
    for piece in word.split_inclusive(|char: char| !is_of_key(char)) {
        let begin = at;
        at = at.saturating_add(piece.len());
        let piece = piece.trim_end_matches(|char| !is_of_key(char)).trim_end_matches(['.', '-']);
        if is_key(piece) {
            found.add(text, begin..begin.saturating_add(piece.len()));
        }
    }
}

const fn is_of_key(char: char) -> bool {
    char.is_ascii_alphanumeric() || matches!(char, '_' | '-' | '.')
}

pub(super) const fn is_of_name(char: char) -> bool {
    char.is_ascii_alphanumeric() || matches!(char, '_' | '-' | '.' | '$')
}

/// Punctuation that a sentence puts behind a URL.
pub(super) const fn is_closing(char: char) -> bool {
    matches!(char, ')' | ']' | '}' | '\u{27}' | ',' | ';' | ':' | '.' | '!' | '?' | '\\')
}
