//! Text from outside for one line of a terminal: escaped, on one line, cut.

use std::fmt::Write;

use llmobs_model::{Content, Document, Media, Message, ToolCall, ToolResult};

/// Returns a text on one line of at most `max` characters, with control and invisible characters escaped. A text that was cut
/// ends in `…`; the end of a huge text is not read.
pub(super) fn visible(text: &str, max: usize) -> String {
    let mut shown = String::new();
    let mut length = 0_usize;
    let mut rest = text.trim().chars().peekable();
    while let Some(next) = rest.next() {
        if length > max {
            break;
        }
        let before = shown.len();
        if next.is_whitespace() {
            let mut breaks = next == '\n';
            while let Some(space) = rest.next_if(|next| next.is_whitespace()) {
                breaks |= space == '\n';
            }
            shown.push_str(if breaks { " ⏎ " } else { " " });
        } else if is_command(next) {
            shown.extend(next.escape_unicode());
        } else {
            shown.push(next);
        }
        length = length.saturating_add(shown.get(before..).map_or(0, |piece| piece.chars().count()));
    }
    cut(&shown, max)
}

/// Cuts a text to at most `max` characters; a text that was cut ends in `…`.
pub(super) fn cut(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(max.saturating_sub(1)).collect();
    if max > 0 {
        short.push('…');
    }
    short
}

/// Returns content on one line: the last message of a conversation, after the roles of the messages before; the beginning of
/// each document.
pub(super) fn preview(content: &Content, max: usize) -> String {
    match content {
        Content::Text(text) => visible(text, max),
        Content::Json(json) => visible(&json.to_string(), max),
        Content::Messages(messages) => visible(&conversation(messages, max), max),
        Content::Documents(documents) => beginnings(documents, max),
        _ => String::new(),
    }
}

/// Returns a duration with three digits and a unit.
pub(super) fn duration(ns: u64) -> String {
    const MINUTE: u64 = 60_000_000_000;
    if ns >= MINUTE {
        return format!("{} min {} s", ns / MINUTE, ns % MINUTE / 1_000_000_000);
    }
    let (thousandths, unit) = match ns {
        1_000_000_000.. => (ns / 1_000_000, "s"),
        1_000_000.. => (ns / 1_000, "ms"),
        1_000.. => (ns, "µs"),
        _ => return format!("{ns} ns"),
    };
    let (whole, rest) = (thousandths / 1_000, thousandths % 1_000);
    match whole {
        100.. => format!("{whole} {unit}"),
        10.. => format!("{whole}.{} {unit}", rest / 100),
        _ => format!("{whole}.{:02} {unit}", rest / 10),
    }
}

/// Returns tokens in and out; empty when neither is known.
pub(super) fn tokens(input: Option<u64>, output: Option<u64>) -> String {
    match (input, output) {
        (Some(input), Some(output)) => format!("{input}→{output} tok"),
        (Some(input), None) => format!("{input} tok"),
        (None, Some(output)) => format!("→{output} tok"),
        (None, None) => String::new(),
    }
}

fn conversation(messages: &[Message], max: usize) -> String {
    let Some((last, before)) = messages.split_last() else { return "(no messages)".to_owned() };
    let role =
        |message: &Message| if message.role.as_str().is_empty() { "–" } else { message.role.as_str() }.to_owned();
    let roles = match before {
        [] => String::new(),
        [.., _] if before.len() > 4 => format!("{} messages › ", before.len()),
        few => few.iter().map(|message| role(message) + " › ").collect(),
    };
    let speaker = match last.role.as_str() {
        "" => String::new(),
        role => format!("{role}: "),
    };
    format!("{roles}{speaker}{}", spoken(last, max))
}

fn spoken(message: &Message, max: usize) -> String {
    let mut parts = Vec::new();
    if !message.content.is_empty() {
        parts.push(visible(&message.content, max));
    }
    parts.extend(message.tool_calls.iter().map(call));
    parts.extend(message.tool_results.iter().map(result));
    parts.extend(message.image_parts.iter().chain(&message.audio_parts).map(media));
    parts.join(" ")
}

fn call(call: &ToolCall) -> String {
    let arguments: Vec<_> = call.arguments.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    format!("{}({})", call.name, arguments.join(", "))
}

fn result(result: &ToolResult) -> String {
    match &result.name {
        Some(name) => format!("{name} = {}", result.result),
        None => result.result.clone(),
    }
}

fn media(part: &Media) -> String {
    format!("[{}]", part.mime_type)
}

/// Returns all documents in full if they fit together, otherwise the same share of each.
fn beginnings(documents: &[Document], max: usize) -> String {
    let shown = |share: usize| {
        let some = documents.iter().take(max);
        some.map(|one| visible(&document(one, share), share)).collect::<Vec<_>>().join(" · ")
    };
    let all = shown(max);
    if all.chars().count() <= max {
        return all;
    }
    cut(&shown(max.checked_div(documents.len()).unwrap_or(max).saturating_sub(3).max(24)), max)
}

fn document(document: &Document, max: usize) -> String {
    let mut shown = String::new();
    if let Some(score) = document.score {
        // Writing to a string does not fail.
        let _ = write!(shown, "{score:.2} ");
    }
    if let Some(name) = document.name.as_ref().or(document.id.as_ref()) {
        let _ = write!(shown, "{name}: ");
    }
    shown + &visible(&document.text, max)
}

/// Returns whether a character controls a terminal, turns the direction of writing, or shows nothing.
fn is_command(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180b}'..='\u{180f}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0e}' | '\u{ffa0}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e01ef}')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn control_and_invisible_characters_are_escaped() {
        for (given, shown) in [
            ("plain ü 日本 👩‍🚀", "plain ü 日本 👩‍🚀"),
            ("  a\tb  c\r\n   d\n", "a b c ⏎ d"),
            ("\u{1b}[31mred\u{7}", "\\u{1b}[31mred\\u{7}"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("right\u{202e}left\u{2066}", "right\\u{202e}left\\u{2066}"),
            ("a\u{0}b\u{7f}", "a\\u{0}b\\u{7f}"),
            ("a\u{2800}\u{3164}\u{180e}b", "a\\u{2800}\\u{3164}\\u{180e}b"),
        ] {
            assert_eq!(visible(given, 100), shown);
        }
    }

    #[test]
    fn long_text_is_cut_by_characters() {
        for (given, max, shown) in [("ääää", 4, "ääää"), ("äääää", 4, "äää…"), ("abc", 0, ""), ("ab", 1, "…")]
        {
            assert_eq!(visible(given, max), shown);
        }
        assert_eq!(visible(&"\u{1b}".repeat(1 << 20), 7), "\\u{1b}…");
    }

    #[test]
    fn durations_have_three_digits() {
        for (ns, shown) in [
            (0, "0 ns"),
            (999, "999 ns"),
            (1_500, "1.50 µs"),
            (42_049_999, "42.0 ms"),
            (310_000_000, "310 ms"),
            (5_200_000_000, "5.20 s"),
            (59_999_999_999, "59.9 s"),
            (185_000_000_000, "3 min 5 s"),
        ] {
            assert_eq!(duration(ns), shown);
        }
    }

    #[test]
    fn a_preview_shows_what_matters_most() {
        let call = Message::assistant("").tool_call(ToolCall::new("get_weather", json!({"city": "Paris"})));
        let answer = Message::tool(ToolResult::new("27").name("get_weather"));
        let long = vec![Message::user("a"); 6];
        for (content, shown) in [
            (Content::from("a\nb"), "a ⏎ b"),
            (Content::from(Message::new("", "hi")), "hi"),
            (Content::from([Message::system("s"), Message::user("hi")]), "system › user: hi"),
            (Content::from(call), r#"assistant: get_weather(city: "Paris")"#),
            (Content::from(answer), "tool: get_weather = 27"),
            (Content::from(long), "5 messages › user: a"),
            (Content::from(Message::user("see").image(Media::base64("image/png", "x"))), "user: see [image/png]"),
            (Content::from(Vec::<Message>::new()), "(no messages)"),
            (
                Content::from([Document::new("Below 15.").name("guide").score(0.91), Document::new("b").id("doc-3")]),
                "0.91 guide: Below 15. · doc-3: b",
            ),
            (Content::Json(json!({"a": 1})), r#"{"a":1}"#),
        ] {
            assert_eq!(preview(&content, 80), shown);
        }
    }
}
