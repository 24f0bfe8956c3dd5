//! The frame of every page: head, navigation, help.

use maud::{DOCTYPE, Markup, html};

use super::figures;

/// The content of the frame on every page.
#[derive(Debug, Clone, Default)]
pub(crate) struct Frame {
    /// `dark`, `light` or empty: the theme that the reader chose.
    pub(crate) theme: String,
    pub(crate) address: String,
    pub(crate) database: String,
    pub(crate) bytes: i64,
    /// Spans that a search does not find yet.
    pub(crate) unindexed: i64,
    pub(crate) refused: i64,
}

/// Writes a page. `page` is the name that the script acts by: `traces`, `trace`, …
pub(crate) fn page(frame: &Frame, title: &str, page: &str, main: &Markup) -> Markup {
    let theme = ["dark", "light"].into_iter().find(|theme| *theme == frame.theme);
    html! {
        (DOCTYPE)
        html lang="en" data-theme=[theme] {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width";
                title { (super::text::plain(title)) " · llmobs" }
                link rel="stylesheet" href="/assets/viewer.css";
                script src="/assets/viewer.js" defer {}
            }
            body data-page=(page) {
                a class="skip" href="#main" { "Skip to content" }
                (header(frame, page))
                main id="main" { (main) }
                (help())
            }
        }
    }
}

fn header(frame: &Frame, page: &str) -> Markup {
    let pages =
        [("Traces", "/traces", "trace"), ("Sessions", "/sessions", "session"), ("Overview", "/overview", "overview")];
    html! {
        header class="top" {
            a class="mark" href="/traces" { "llmobs" }
            nav aria-label="Pages" {
                @for (name, link, start) in pages {
                    a href=(link) aria-current=[page.starts_with(start).then_some("page")] { (name) }
                }
                a href="/start" aria-current=[(page == "start").then_some("page")] { "Send" }
            }
            div class="end" {
                span class="live" data-live { "live" }
                @if frame.unindexed > 0 {
                    span title="Spans that are stored and not yet found by a search for words" {
                        (figures::exact(frame.unindexed)) " not searchable yet"
                    }
                }
                @if frame.refused > 0 {
                    span title="Requests that were refused because too much was waiting; senders try again" {
                        (figures::exact(frame.refused)) " refused"
                    }
                }
                span class="wide" { (frame.address) }
                span class="wide" { (frame.database) " · " (figures::bytes(frame.bytes)) }
                button class="btn bare" data-do="theme" { "Theme" }
                button class="btn bare" data-do="help" aria-label="Keyboard help" { "Keys " kbd { "?" } }
            }
        }
    }
}

fn help() -> Markup {
    let keys = [
        ("j k", "next and previous row"),
        ("Enter", "open"),
        ("h l", "collapse and expand"),
        ("e E", "next and previous error"),
        ("[ ]", "previous and next trace of the search"),
        ("1 – 5", "part of the span"),
        ("/", "search, find in the trace"),
        (".", "show what is new"),
        ("c", "copy the link"),
        ("Esc", "leave a field, close, up"),
    ];
    html! {
        dialog id="help" aria-label="Keys" {
            h2 { "Keys" }
            dl {
                @for (key, what) in keys {
                    dt { @for one in key.split(' ') { kbd { (one) } " " } }
                    dd { (what) }
                }
            }
            form method="dialog" { button class="btn" { "Close" } }
        }
    }
}

/// Writes a page that consists of a sentence and what to do next.
pub(crate) fn notice(frame: &Frame, title: &str, sentence: &str) -> Markup {
    let main = html! {
        div class="first" {
            h1 { (title) }
            p class="lead" { (super::text::visible(sentence)) }
            p { a class="btn" href="/traces" { "All traces" } }
        }
    };
    page(frame, title, "notice", &main)
}
