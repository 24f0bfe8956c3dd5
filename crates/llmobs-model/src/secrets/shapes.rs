//! Shapes of values: keys of known providers, tokens behind `Bearer` and `Basic`, private keys.

use std::ops::Range;

use super::found::Found;
use super::separators::end_of_word;

/// Returns whether a piece of text is a key of a known provider, or a JSON web token.
pub(super) fn is_key(piece: &str) -> bool {
    let is_known = |(prefix, least): &(&str, usize)| {
        piece.strip_prefix(prefix).is_some_and(|rest| {
            rest.len() >= *least && rest.bytes().any(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
        })
    };
    piece.len() >= SHORTEST_KEY && (KEYS.iter().any(is_known) || is_aws_key(piece) || is_jwt(piece))
}

fn is_aws_key(piece: &str) -> bool {
    let rest = ["AKIA", "ASIA"].iter().find_map(|prefix| piece.strip_prefix(prefix));
    rest.is_some_and(|rest| {
        rest.len() == 16 && rest.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
    })
}

fn is_jwt(piece: &str) -> bool {
    let Some((head, rest)) = piece.strip_prefix("eyJ").and_then(|rest| rest.split_once('.')) else { return false };
    head.len() >= 8 && rest.len() >= 8 && (rest.starts_with("eyJ") || rest.contains('.'))
}

/// Returns whether a value looks random: a run of 12 letters and digits or more that has both, and is no hexadecimal id with
/// hyphens (a UUID names things more often than it opens them).
pub(super) fn looks_random(value: &str) -> bool {
    let is_uuid = value.len() == 36
        && value.split('-').map(str::len).eq([8, 4, 4, 4, 12])
        && value.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    if is_uuid || value.bytes().any(|byte| byte <= b' ') {
        return is_key(value);
    }
    let is_random = |run: &str| {
        run.len() >= 12
            && run.bytes().any(|byte| byte.is_ascii_digit())
            && run.bytes().filter(u8::is_ascii_alphabetic).count() >= 2
    };
    is_key(value)
        || value.split(|char: char| !(char.is_ascii_alphanumeric() || char == '+' || char == '=')).any(is_random)
}

/// Adds the token behind `Bearer` or `Basic`, where either is this word or the one before; returns the end of the token.
pub(super) fn find_authorization(text: &str, word: Range<usize>, found: &mut Found) -> Option<usize> {
    let scheme = |word: &str| AUTHORIZATIONS.iter().find(|name| ends_with_word(word, name)).copied();
    if let Some(name) = text.get(word.clone()).and_then(scheme) {
        let bytes = text.as_bytes();
        let spaces = bytes.get(word.end..)?.iter().take_while(|byte| **byte == b' ').count();
        let start = word.end.saturating_add(spaces);
        let end = end_of_word(bytes, start);
        return (spaces > 0 && find_token(text, name, start..end, found)).then_some(end);
    }
    let before = text.get(..word.start)?;
    let before = before.get(before.len().saturating_sub(MAX_BEFORE)..).or_else(|| before.get(before.len()..))?;
    let trimmed = before.trim_end_matches(' ');
    let name = scheme(trimmed).filter(|_| trimmed.len() < before.len())?;
    find_token(text, name, word, found).then_some(0)
}

fn find_token(text: &str, scheme: &str, word: Range<usize>, found: &mut Found) -> bool {
    let Some(part) = text.get(word.clone()) else { return false };
    let token = part.split(|char: char| !is_of_token(char)).next().unwrap_or_default().trim_end_matches(['.', ':']);
    let inner = token.get(1..).unwrap_or_default();
    let has_digit = token.bytes().any(|byte| byte.is_ascii_digit());
    let has_capital = inner.bytes().any(|byte| byte.is_ascii_uppercase());
    let is_token = match scheme {
        "basic" => is_basic(token) || (has_digit && token.len() >= 16),
        _ => token.len() >= 8 && (has_digit || has_capital || token.len() >= 20),
    };
    if is_token {
        found.add(text, word.start..word.start.saturating_add(token.len()));
    }
    is_token
}

fn ends_with_word(text: &str, word: &str) -> bool {
    let Some((before, last)) = text.len().checked_sub(word.len()).and_then(|at| text.split_at_checked(at)) else {
        return false;
    };
    last.eq_ignore_ascii_case(word) && !before.ends_with(|char: char| char.is_ascii_alphanumeric())
}

const fn is_of_token(char: char) -> bool {
    char.is_ascii_alphanumeric() || matches!(char, '-' | '.' | '_' | '~' | '+' | '/' | '=' | ':' | '*' | '|')
}

/// Returns whether a text is base64 of `user:password`.
fn is_basic(token: &str) -> bool {
    let (mut bits, mut held, mut has_colon) = (0_u32, 0_u32, false);
    let digits = token.trim_end_matches('=');
    if digits.len() < 6 {
        return false;
    }
    for byte in digits.bytes() {
        let Some(value) = BASE64.iter().position(|digit| *digit == byte).and_then(|at| u32::try_from(at).ok()) else {
            return false;
        };
        bits = (bits << 6 | value) & 0xfff;
        held = held.saturating_add(6);
        if held >= 8 {
            held = held.saturating_sub(8);
            let plain = bits >> held & 0xff;
            has_colon |= plain == u32::from(b':');
            if plain < 0x20 || plain == 0x7f {
                return false;
            }
        }
    }
    has_colon
}

/// Adds a private key from `-----BEGIN` to `-----END … -----`, or to the end of its lines; returns the end.
pub(super) fn find_private_key(text: &str, word: Range<usize>, found: &mut Found) -> Option<usize> {
    let begin = text.get(word.clone())?.rfind("-----BEGIN")?;
    let begin = word.start.saturating_add(begin);
    let rest = text.get(begin..)?;
    let label = rest.get("-----BEGIN".len()..)?.split("-----").next()?;
    if label.len() > 40 || !label.ends_with("PRIVATE KEY") && !label.ends_with("PRIVATE KEY BLOCK") {
        return None;
    }
    let body = "-----BEGIN".len().saturating_add(label.len()).saturating_add("-----".len());
    let is_of_body = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=\r\n\t \\:,-".contains(byte);
    let body_bytes = rest.as_bytes().get(body..)?.iter().take_while(|byte| is_of_body(byte)).count();
    let all = rest.get(..body.saturating_add(body_bytes))?;
    let end = all.find("-----END").and_then(|at| {
        let closing = all.get(at.saturating_add("-----END".len())..)?.find("-----")?;
        Some(at.saturating_add("-----END".len()).saturating_add(closing).saturating_add("-----".len()))
    });
    let end = begin.saturating_add(end.unwrap_or(all.len()));
    found.add(text, begin..end);
    Some(end)
}

const SHORTEST_KEY: usize = 16;
const MAX_BEFORE: usize = 32;
const AUTHORIZATIONS: [&str; 2] = ["bearer", "basic"];
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// Beginnings of keys, and the bytes that follow at least.
const KEYS: &[(&str, usize)] = &[
    ("sk-", 13),
    ("sk_live_", 10),
    ("sk_test_", 10),
    ("rk_live_", 10),
    ("rk_test_", 10),
    ("whsec_", 16),
    ("xoxb-", 16),
    ("xoxp-", 16),
    ("xoxa-", 16),
    ("xoxr-", 16),
    ("xoxs-", 16),
    ("xapp-", 16),
    ("ghp_", 16),
    ("gho_", 16),
    ("ghu_", 16),
    ("ghs_", 16),
    ("ghr_", 16),
    ("github_pat_", 16),
    ("glpat-", 12),
    ("AIza", 30),
    ("ya29.", 16),
    ("hf_", 16),
    ("r8_", 16),
    ("gsk_", 16),
    ("xai-", 16),
    ("pplx-", 16),
    ("nvapi-", 16),
    ("lsv2_pt_", 16),
    ("lsv2_sk_", 16),
    ("dckr_pat_", 12),
    ("npm_", 30),
    ("pypi-", 30),
    ("SG.", 30),
    ("shpat_", 16),
    ("fw_", 20),
    ("tvly-", 16),
    ("pcsk_", 16),
    ("dop_v1_", 16),
];
