//! JSON, indented and coloured, up to a number of bytes and a depth.

use maud::{Markup, html};
use serde_json::Value;

use super::text::{STEP, head, visible};

/// Writes a JSON value. What is behind the first 64 kB is left out, and said so.
pub(crate) fn json(value: &Value) -> Markup {
    let mut writer = Writer { lines: Vec::new(), budget: STEP };
    writer.write(value, None, 0, "");
    html! {
        pre class="json mono" dir="ltr" tabindex="0" {
            @for line in &writer.lines { (line) "\n" }
        }
        @if writer.budget == 0 { p class="faint" { "Cut after 64 kB; the whole is in “Save file”." } }
    }
}

#[derive(Debug)]
struct Writer {
    lines: Vec<Markup>,
    /// Bytes that may still be shown.
    budget: usize,
}

impl Writer {
    /// Writes a value as lines; recursion ends at [`MAX_DEPTH`].
    fn write(&mut self, value: &Value, name: Option<&str>, depth: usize, comma: &str) {
        if self.budget == 0 {
            return;
        }
        let margin = "  ".repeat(depth);
        self.budget = self.budget.saturating_sub(margin.len().saturating_add(8));
        let label = html! {
            (margin)
            @if let Some(name) = name { span class="kname" { "\"" (visible(head(name, 1000))) "\"" } span class="p" { ": " } }
        };
        let inner = depth.saturating_add(1);
        match value {
            Value::Object(members) if !members.is_empty() && depth < MAX_DEPTH => {
                self.lines.push(html! { (label) "{" });
                let members = members.iter().map(|(name, value)| (Some(name.as_str()), value));
                self.write_all(members, inner);
                self.lines.push(html! { (margin) "}" (comma) });
            }
            Value::Array(items) if !items.is_empty() && depth < MAX_DEPTH => {
                self.lines.push(html! { (label) "[" });
                self.write_all(items.iter().map(|value| (None, value)), inner);
                self.lines.push(html! { (margin) "]" (comma) });
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
                let text = value.to_string();
                let shown = head(&text, self.budget);
                self.budget = self.budget.saturating_sub(text.len());
                self.lines.push(html! { (label) (visible(shown)) (comma) });
            }
        }
    }

    fn write_all<'a>(&mut self, items: impl Iterator<Item = (Option<&'a str>, &'a Value)>, depth: usize) {
        let mut items = items.peekable();
        while let Some((name, value)) = items.next() {
            self.write(value, name, depth, items.peek().map_or("", |_| ","));
        }
    }
}

const MAX_DEPTH: usize = 32;
