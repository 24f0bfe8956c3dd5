//! The corpus of names and values, and what must hold for any text.

use serde_json::json;

use super::*;

const TRUE_NAMES: &str = include_str!("corpus/true_names.txt");
const FALSE_NAMES: &str = include_str!("corpus/false_names.txt");

/// A key that no provider has made: put together when the test runs.
fn fake(prefix: &str) -> String {
    format!("{prefix}{}", "fake0Fake1".repeat(4))
}

fn shapes(text: &str) -> String {
    hide_in_text(text, TextRule::Shapes).map_or_else(|| text.to_owned(), |(hidden, _)| hidden)
}

fn names(text: &str) -> String {
    hide_in_text(text, TextRule::ShapesAndNames).map_or_else(|| text.to_owned(), |(hidden, _)| hidden)
}

#[test]
fn names_of_the_corpus_are_told_apart() {
    let wrong = |corpus: &'static str, verdict: fn(NameVerdict) -> bool| -> Vec<_> {
        corpus.lines().filter(|name| !name.is_empty() && !verdict(judge_name(name))).collect()
    };
    let (missed, taken) = (
        wrong(TRUE_NAMES, |verdict| verdict == NameVerdict::Secret),
        wrong(FALSE_NAMES, |verdict| verdict != NameVerdict::Secret),
    );
    assert!(missed.is_empty() && taken.is_empty(), "missed: {missed:?}\ntaken: {taken:?}");
}

#[test]
fn bare_names_count_by_their_value() {
    for name in ["key", "token", "session", "sig", "signature", "stripe_key"] {
        assert_eq!(judge_name(name), NameVerdict::ByValue, "{name}");
        let mut secret = json!({ name: fake("") });
        let mut plain = json!({ name: "user:profile" });
        assert_eq!((hide_in_value(&mut secret), hide_in_value(&mut plain)), (1, 0), "{name}");
        assert_eq!((secret, plain), (json!({ name: MARK }), json!({ name: "user:profile" })));
    }
}

#[test]
fn values_are_found_by_their_shape_wherever_they_stand() {
    let key = fake("sk-");
    let jwt = format!("eyJ{}.eyJ{}.sig0sig0", "hbGciOiJub25l", "zdWIiOiJmYWtl");
    let pem = format!("-----BEGIN RSA {0} KEY-----\nAAAAfake\nBBBB==\n-----END RSA {0} KEY-----", "PRIVATE");
    for (text, expected) in [
        (format!("my key is {key}."), "my key is [secret].".to_owned()),
        (format!("'{key}'"), "'[secret]'".to_owned()),
        (format!("the token {jwt}, thanks"), "the token [secret], thanks".to_owned()),
        (format!("here:\n{pem}\nend"), "here:\n[secret]\nend".to_owned()),
        (
            format!("curl -H 'Authorization: Bearer {}'", fake("")),
            "curl -H 'Authorization: Bearer [secret]'".to_owned(),
        ),
        (format!("bearer {} and on", fake("t-")), "bearer [secret] and on".to_owned()),
        ("Basic dXNlcjpwYXNz in clear".to_owned(), "Basic [secret] in clear".to_owned()),
        ("https://h/v1?key=a'SECRET".to_owned(), "https://h/v1?key=[secret]".to_owned()),
        ("(https://h/v1?key=a)SECRET).".to_owned(), "(https://h/v1?key=[secret]).".to_owned()),
        ("https://h/v1?page=2&sig=SECRET&x=1".to_owned(), "https://h/v1?page=2&sig=[secret]&x=1".to_owned()),
        ("'https://u:SEC'RET@h/v1'".to_owned(), "'https://[secret]@h/v1'".to_owned()),
        ("https://u:SEC/RET@h/v1".to_owned(), "https://[secret]@h/v1".to_owned()),
        ("https://u:SEC?RET@h/v1".to_owned(), "https://[secret]@h/v1".to_owned()),
        ("connect u:SECRET@host:443 failed".to_owned(), "connect [secret]@host:443 failed".to_owned()),
        ("POST /v1/models?key=SECRET: 400".to_owned(), "POST /v1/models?key=[secret]: 400".to_owned()),
        (
            r#"{"u":"https:\/\/u:SECRET@h\/v1?key=SECRET"}"#.to_owned(),
            r#"{"u":"https:\/\/[secret]@h\/v1?key=[secret]"}"#.to_owned(),
        ),
        (r"https://h/v1\u003fkey=SECRET\u0026a=b".to_owned(), r"https://h/v1\u003fkey=[secret]\u0026a=b".to_owned()),
        (
            "https://u:SECRET@a/x,https://v:SECRET@b/y".to_owned(),
            "https://[secret]@a/x,https://[secret]@b/y".to_owned(),
        ),
        ("postgres://app:hunter2@db:5432/x".to_owned(), "postgres://[secret]@db:5432/x".to_owned()),
        ("https://h/cb#access_token=SECRET".to_owned(), "https://h/cb#access_token=[secret]".to_owned()),
        (
            "AccountName=x;AccountKey=SECRET==;Suffix=y".to_owned(),
            "AccountName=x;AccountKey=[secret];Suffix=y".to_owned(),
        ),
    ] {
        // At every offset, because the search looks at aligned words.
        for pad in 0..10 {
            let text = format!("{}{text}", " ".repeat(pad));
            let hidden = shapes(&text);
            assert_eq!(hidden.trim_start(), expected.trim_start(), "{text}");
            assert_eq!(shapes(&hidden), hidden, "hiding twice changes nothing");
        }
    }
}

#[test]
fn text_that_is_no_secret_stays() {
    for text in [
        "and/or?",
        "issue #12, really?",
        "joe@example.com",
        "mailto:joe@example.com",
        "to:anna@example.com",
        "git@github.com:a/b.git",
        "ssh://git@github.com/a/b.git",
        "https://h:8080/v1?page=2&max_tokens=10#top",
        "https://example.com/a?next_page_token=abcdef0123456789",
        "The key points of the session: tokens are counted.",
        "Bearer tokens are opaque; Basic Understanding of JavaScript",
        "0123456789abcdef0123456789abcdef is a hash",
        "sk-learn-based-pipelines-for-everyone",
        "550e8400-e29b-41d4-a716-446655440000",
        "Was kostet ein Brot? Zürich, 東京はどこですか",
        "password: hunter2",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
        "",
    ] {
        assert_eq!(shapes(text), text);
    }
    for text in [
        "fn login(password: String, token: Option<String>)",
        "password: must be at least 8 characters",
        "max_tokens=10, key: value, session_id: 9f8a7b6c5d4e3f2a1b0c",
        "apiKey: process.env.KEY()",
        "password={password}",
        "std::auth::token",
    ] {
        assert_eq!(names(text), text);
    }
}

#[test]
fn names_in_a_text_hide_their_values() {
    for (text, expected) in [
        (
            r#"Login { user: "a", password: "hunter \"2\"", n: 1 }"#,
            r#"Login { user: "a", password: "[secret]", n: 1 }"#,
        ),
        (r#"{"api_key":"abc","max_tokens":5}"#, r#"{"api_key":"[secret]","max_tokens":5}"#),
        (r#"{\"api_key\":\"abc\",\"a\":5}"#, r#"{\"api_key\":\"[secret]\",\"a\":5}"#),
        (
            r#"{"headers":{"X-Own":"abc"},"pin":1,"api_key":[1, 2]}"#,
            r#"{"headers":"[secret]","pin":1,"api_key":"[secret]"}"#,
        ),
        (r#"{\"credentials\":{\"user\":\"a\"}}"#, r#"{\"credentials\":\"[secret]\"}"#),
        (r#"{"password":{"type":"string"}}"#, r#"{"password":{"type":"string"}}"#),
        (r#"{"password":1234}"#, r#"{"password":"[secret]"}"#),
        ("Received API Key = abcd1234.", "Received API Key = [secret]"),
        ("Authorization: Bearer abc", "Authorization: Bearer [secret]"),
        ("PASSWORD=hunter2 HOST=x", "PASSWORD=[secret] HOST=x"),
        ("token: Some(\"abcdef0123456789\")", "token: Some(\"[secret]\")"),
    ] {
        assert_eq!(names(text), expected, "{text}");
        assert_eq!(names(expected), expected, "hiding twice changes nothing");
    }
}

#[test]
fn members_are_hidden_at_every_depth() {
    let mut value = json!({
        "user": "a", "password": "p", "max_tokens": 5, "session_id": "s-1",
        "nested": [{ "headers": { "X-Custom": "abc" }, "dsn": "d" }],
        "url": "https://u:p@h/?sig=x", "has_password": true, "auth": null,
    });
    assert_eq!(hide_in_value(&mut value), 5);
    let expected = json!({
        "user": "a", "password": MARK, "max_tokens": 5, "session_id": "s-1",
        "nested": [{ "headers": { "X-Custom": MARK }, "dsn": MARK }],
        "url": "https://[secret]@h/?sig=[secret]", "has_password": true, "auth": null,
    });
    assert_eq!(value, expected);
    assert_eq!(hide_in_value(&mut value), 0);
}

/// Pieces that secrets and their surroundings are made of, put together at random.
fn random_text(seed: &mut u64) -> String {
    const PIECES: [&str; 36] = [
        "password",
        "key",
        "token",
        "=",
        ":",
        " ",
        "\"",
        "'",
        "\\",
        "\\\"",
        "?",
        "&",
        "#",
        ";",
        "@",
        "://",
        ":\\/\\/",
        "/",
        "http",
        "Bearer ",
        "Basic ",
        "fake0Fake1fake0Fake1",
        "sk-",
        "[secret]",
        "[secret",
        "-----BEGIN PRIVATE KEY-----",
        "-----END PRIVATE KEY-----",
        "é",
        "東",
        "\n",
        "a",
        "1",
        "\\u0026",
        "\\u003f",
        "(",
        ")",
    ];
    let mut next = |below: u64| {
        *seed ^= *seed << 13;
        *seed ^= *seed >> 7;
        *seed ^= *seed << 17;
        usize::try_from(*seed % below).unwrap()
    };
    let count = next(14);
    (0..count).map(|_| PIECES[next(36)]).collect()
}

#[test]
fn any_text_is_hidden_without_a_panic_and_only_once() {
    let mut seed = 0x5eed_0000_0001;
    for _ in 0..60_000 {
        let text = random_text(&mut seed);
        for rule in [TextRule::Shapes, TextRule::ShapesAndNames] {
            let Some((once, count)) = hide_in_text(&text, rule) else { continue };
            assert!(count > 0 && once.contains(MARK), "{text:?}");
            let again = hide_in_text(&once, rule);
            assert!(again.is_none(), "{rule:?}\n{text:?}\n{once:?}\n{again:?}");
        }
    }
}

#[test]
fn what_only_begins_like_the_mark_is_hidden_with_it() {
    for (text, expected) in [
        ("https://h/?key=[secret]REAL&a=1", "https://h/?key=[secret]&a=1"),
        ("https://[secret]REAL:x@h/", "https://[secret]@h/"),
    ] {
        assert_eq!(shapes(text), expected, "{text}");
        assert_eq!(shapes(expected), expected);
    }
    assert_eq!(names("password=[secret]REAL"), "password=[secret]");
    assert_eq!(names(r#"{"password":"[secret] REAL"}"#), r#"{"password":"[secret]"}"#);
}

#[test]
fn the_time_is_linear_in_the_text() {
    let pieces = [
        "://",
        "u:p@",
        "key=",
        "?key=",
        "Bearer ",
        "sk-",
        "-eyJ",
        "eyJa.",
        "-----BEGIN PRIVATE KEY-----",
        "\"password\":",
        "\"password\":[",
        "password: ",
        "key='",
        "a",
        "\\\"",
        "\\",
        "token:",
        "@",
        "?",
        "B",
        "https://a?",
        "{\"headers\":{",
    ];
    for piece in pieces {
        let text = piece.repeat(300_000 / piece.len());
        let began = std::time::Instant::now();
        let _ = names(&text);
        // Something quadratic takes minutes; a busy machine takes a fraction of this.
        assert!(began.elapsed() < std::time::Duration::from_secs(15), "{piece}: {:?}", began.elapsed());
    }
}
