//! Text of spans, made safe to read: escaped, and with invisible characters shown. The only place that writes it as HTML.

use maud::{Markup, PreEscaped};

/// Returns a text as HTML. Controls, direction marks and zero-width characters become boxes with their code, so that what is
/// read is what was sent.
pub(crate) fn visible(text: &str) -> Markup {
    let mut html = String::with_capacity(text.len().saturating_add(text.len() / 8));
    let mut before = ' ';
    for letter in text.chars() {
        match letter {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            '\n' | '\t' => html.push(letter),
            '\r' => {}
            hidden if is_hidden(hidden, before) => {
                html.push_str("<span class=\"ctl\" dir=\"ltr\">");
                html.push_str(&code(hidden));
                html.push_str("</span>");
            }
            other => html.push(other),
        }
        before = letter;
    }
    PreEscaped(html)
}

/// Returns a text for an attribute, such as a tooltip: invisible characters become `<U+202E>`. It is still to be escaped.
pub(crate) fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut before = ' ';
    for letter in text.chars() {
        if is_hidden(letter, before) {
            shown.push('<');
            shown.push_str(&code(letter));
            shown.push('>');
        } else {
            shown.push(letter);
        }
        before = letter;
    }
    shown
}

fn code(letter: char) -> String {
    match letter {
        '\u{1b}' => "ESC".to_owned(),
        '\0' => "NUL".to_owned(),
        '\u{7}' => "BEL".to_owned(),
        '\u{8}' => "BS".to_owned(),
        other => format!("U+{:04X}", u32::from(other)),
    }
}

/// Returns whether a character has no look of its own, or changes that of others. Joiners have a meaning between letters of
/// scripts that use them and in emoji.
fn is_hidden(letter: char, before: char) -> bool {
    match letter {
        '\n' | '\t' | '\r' => false,
        '\u{200c}' | '\u{200d}' => before.is_ascii(),
        '\u{ad}'
        | '\u{61c}'
        | '\u{180e}'
        | '\u{200b}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{3164}'
        | '\u{ffa0}' => true,
        other => other.is_control(),
    }
}

/// Returns the first `max` bytes of a text, or up to 3 fewer so that no character is cut.
pub(crate) fn head(text: &str, max: usize) -> &str {
    let mut end = max.min(text.len());
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    text.get(..end).unwrap_or_default()
}

/// Bytes of a text that a page shows at once.
pub(crate) const STEP: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_shown() {
        for (text, html) in [
            ("<b>&\"'", "&lt;b&gt;&amp;&quot;&#39;"),
            ("a\nb\tc\r\n", "a\nb\tc\n"),
            ("\u{1b}[2J", "<span class=\"ctl\" dir=\"ltr\">ESC</span>[2J"),
            ("a\u{202e}b", "a<span class=\"ctl\" dir=\"ltr\">U+202E</span>b"),
            ("a\u{200d}b", "a<span class=\"ctl\" dir=\"ltr\">U+200D</span>b"),
            ("👩\u{200d}💻", "👩\u{200d}💻"),
        ] {
            assert_eq!(visible(text).into_string(), html);
        }
        assert_eq!(plain("a\u{202e}"), "a<U+202E>");
    }

    #[test]
    fn no_character_is_cut() {
        for (max, text) in [(0, ""), (1, "a"), (2, "a"), (3, "a"), (4, "a€"), (9, "a€")] {
            assert_eq!(head("a€", max), text);
        }
    }
}
