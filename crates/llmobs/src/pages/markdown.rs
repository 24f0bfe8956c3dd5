//! Markdown, the harmless part: no HTML, no images, links only to http and https, with their host beside them.

use maud::{Markup, PreEscaped};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::text::{STEP, head, visible};

/// Writes a text that may be Markdown. HTML in it is shown as text. What is behind the first 64 kB is left out, and said so.
pub(crate) fn markdown(text: &str) -> Markup {
    let shown = head(text, STEP);
    let mut writer = Writer::default();
    for event in Parser::new_ext(shown, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH) {
        writer.event(event);
    }
    writer.close_all();
    let mut html = format!("<div class=\"md\" dir=\"auto\">{}</div>", writer.html);
    if shown.len() < text.len() {
        html.push_str("<p class=\"faint\">Cut after 64 kB; the whole is in “Raw” and “Save file”.</p>");
    }
    PreEscaped(html)
}

/// Writes events as HTML. The tags it opens are closed from its own stack, whatever the parser does.
#[derive(Debug, Default)]
struct Writer {
    html: String,
    open: Vec<&'static str>,
    /// Text to put behind the next closing tag of a link.
    behind: Vec<String>,
    in_head: bool,
}

impl Writer {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text)
            | Event::Html(text)
            | Event::InlineHtml(text)
            | Event::FootnoteReference(text)
            | Event::InlineMath(text)
            | Event::DisplayMath(text) => self.text(&text),
            Event::Code(code) => {
                self.html.push_str("<code>");
                self.text(&code);
                self.html.push_str("</code>");
            }
            Event::SoftBreak | Event::HardBreak => self.html.push_str("<br>"),
            Event::Rule => self.html.push_str("<hr>"),
            Event::TaskListMarker(done) => self.html.push_str(if done { "☑ " } else { "☐ " }),
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        let name = match tag {
            Tag::Paragraph => "p",
            Tag::Heading { .. } => "h4",
            Tag::BlockQuote(_) => "blockquote",
            Tag::CodeBlock(_) => "pre",
            Tag::List(None) => "ul",
            Tag::List(Some(_)) => "ol",
            Tag::Item => "li",
            Tag::Table(_) => "table",
            Tag::TableHead => {
                self.in_head = true;
                "tr"
            }
            Tag::TableRow => "tr",
            Tag::TableCell => {
                if self.in_head {
                    "th"
                } else {
                    "td"
                }
            }
            Tag::Emphasis => "i",
            Tag::Strong => "b",
            Tag::Strikethrough => "s",
            Tag::Link { dest_url, .. } => return self.link(&dest_url),
            Tag::Image { dest_url, .. } => {
                self.html.push_str("<span class=\"media\">image, ");
                self.text(host(&dest_url).unwrap_or("not loaded"));
                self.html.push(' ');
                return self.open.push("span");
            }
            // HTML blocks and what the parser was not asked for: their text only.
            Tag::HtmlBlock
            | Tag::FootnoteDefinition(_)
            | Tag::DefinitionList
            | Tag::DefinitionListTitle
            | Tag::DefinitionListDefinition
            | Tag::Superscript
            | Tag::Subscript
            | Tag::MetadataBlock(_) => return self.open.push(""),
        };
        // Text nested too deep to lay out is shown flat.
        let is_shown = self.open.len() < MAX_DEPTH;
        if is_shown {
            self.html.extend(["<", name, ">"]);
        }
        self.open.push(if is_shown { name } else { "" });
    }

    fn link(&mut self, to: &str) {
        let Some(host) = host(to) else {
            self.behind.push(format!(" ({to})"));
            self.html.push_str("<span class=\"u\">");
            return self.open.push("span class");
        };
        self.behind.push(
            host.chars()
                .flat_map(|letter| {
                    if letter.is_ascii() { letter.to_string() } else { letter.escape_unicode().to_string() }
                        .chars()
                        .collect::<Vec<_>>()
                })
                .collect(),
        );
        self.html.push_str(
            "<a class=\"u\" rel=\"noreferrer noopener\" referrerpolicy=\"no-referrer\" target=\"_blank\" href=\"",
        );
        self.text(to);
        self.html.push_str("\">");
        self.open.push("a");
    }

    fn end(&mut self, tag: TagEnd) {
        if tag == TagEnd::TableHead {
            self.in_head = false;
        }
        self.close();
    }

    fn close(&mut self) {
        match self.open.pop() {
            Some("") | None => {}
            Some(name @ ("a" | "span class")) => {
                let name = if name == "a" { "a" } else { "span" };
                self.html.extend(["</", name, "> <span class=\"host\" dir=\"ltr\">"]);
                let behind = self.behind.pop().unwrap_or_default();
                self.text(&behind);
                self.html.push_str("</span>");
            }
            Some(name) => self.html.extend(["</", name, ">"]),
        }
    }

    fn close_all(&mut self) {
        while !self.open.is_empty() {
            self.close();
        }
    }

    fn text(&mut self, text: &str) {
        self.html.push_str(&visible(text).0);
    }
}

/// Returns the host of an address of the web; `None` for any other address.
fn host(address: &str) -> Option<&str> {
    let rest = strip(address, "https://").or_else(|| strip(address, "http://"))?;
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    // What stands before an @ only looks like a host.
    let host = authority.rsplit('@').next().unwrap_or_default();
    (!host.is_empty()).then_some(host)
}

fn strip<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let start = text.get(..prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then(|| text.get(prefix.len()..)).flatten()
}

const MAX_DEPTH: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn inner(text: &str) -> String {
        let html = markdown(text).into_string();
        html.trim_start_matches("<div class=\"md\" dir=\"auto\">").trim_end_matches("</div>").to_owned()
    }

    #[test]
    fn only_the_harmless_part_is_rendered() {
        for (text, html) in [
            ("a **b**", "<p>a <b>b</b></p>"),
            ("# big", "<h4>big</h4>"),
            ("<script>x</script>", "&lt;script&gt;x&lt;/script&gt;"),
            ("a <img src=x onerror=y>", "<p>a &lt;img src=x onerror=y&gt;</p>"),
            (
                "[x](javascript:y)",
                "<p><span class=\"u\">x</span> <span class=\"host\" dir=\"ltr\"> (javascript:y)</span></p>",
            ),
            ("![x](https://e.vil/a.png)", "<p><span class=\"media\">image, e.vil x</span></p>"),
        ] {
            assert_eq!(inner(text), html);
        }
        let link = inner("[a.good](https://a.good@e.vil/p)");
        assert!(link.contains("<span class=\"host\" dir=\"ltr\">e.vil</span>"), "{link}");
    }

    #[test]
    fn text_that_is_nested_deep_ends() {
        let html = inner(&"> ".repeat(10_000));
        assert!(html.len() < 100_000);
        assert_eq!(html.matches('<').count(), html.matches('>').count());
    }
}
