//! The rule for secrets, applied to everything that leaves: after the capture policy, before processors.
//!
//! The part of the rule that a text meets depends on who wrote it. Texts that people write to a model is judged by shapes of values
//! only; errors, arguments, results of tools and `Debug` output also by names.

use std::borrow::Cow;

use super::encode::{Body, MetadataValue, SpanEventRef};
use llmobs_model::secrets::{MARK, NameVerdict, TextRule, hide_in_members, hide_in_text, hide_in_value, judge_name};
use llmobs_model::{
    Content, Document, MediaSource, Message, Prompt, Role, SpanError, SpanKind, Submission, SubmissionKind, TagList,
    Template, TemplatePart, ToolDefinition,
};

/// Replaces the secrets of a span; returns how many there were.
pub(super) fn hide(event: &mut SpanEventRef<'_>) -> u32 {
    let mut hider = Hider(0);
    let kind = event.kind;
    hider.cow(&mut event.name, TextRule::Shapes);
    if let Some(SpanError { message, stack, .. }) = &mut event.error {
        hider.text(message, TextRule::ShapesAndNames);
        hider.text(stack, TextRule::ShapesAndNames);
    }
    for body in [&mut event.input, &mut event.output].into_iter().flatten() {
        hider.body(body, kind);
    }
    if let Some(prompt) = &mut event.prompt {
        hider.prompt(prompt);
    }
    for ToolDefinition { description, schema, .. } in &mut event.tool_definitions {
        hider.option(description, TextRule::Shapes);
        if let Some(schema) = schema {
            hider.count(hide_in_members(schema));
        }
    }
    hider.option(&mut event.intent, TextRule::Shapes);
    if let Some(manifest) = &mut event.agent_manifest {
        hider.count(hide_in_members(manifest.members_mut()));
    }
    hider.metadata(event);
    hider.tags(&mut event.tags);
    hider.0
}

/// Replaces the secrets of an evaluation or feedback; returns how many there were.
pub(super) fn hide_in_submission(submission: &mut Submission) -> u32 {
    let mut hider = Hider(0);
    submission.rewrite_texts(&mut |text| hider.text(text, TextRule::Shapes));
    if let SubmissionKind::Evaluation { metadata, .. } = &mut submission.kind {
        hider.count(hide_in_members(metadata));
    }
    hider.0
}

/// The number of secrets that were replaced.
struct Hider(u32);

impl Hider {
    const fn count(&mut self, hidden: u32) {
        self.0 = self.0.saturating_add(hidden);
    }

    fn text(&mut self, text: &mut String, rule: TextRule) {
        if let Some((hidden, count)) = hide_in_text(text, rule) {
            *text = hidden;
            self.count(count);
        }
    }

    fn option(&mut self, text: &mut Option<String>, rule: TextRule) {
        if let Some(text) = text {
            self.text(text, rule);
        }
    }

    fn cow(&mut self, text: &mut Cow<'_, str>, rule: TextRule) {
        if let Some((hidden, count)) = hide_in_text(text, rule) {
            *text = Cow::Owned(hidden);
            self.count(count);
        }
    }

    fn body(&mut self, body: &mut Body<'_>, kind: SpanKind) {
        match body {
            Body::Text(text) => self.cow(text, rule_of(kind, text)),
            Body::Message(text) | Body::Document(text) => self.cow(text, TextRule::Shapes),
            Body::Content(Content::Text(text)) => {
                let rule = rule_of(kind, text);
                self.text(text, rule);
            }
            Body::Content(Content::Messages(messages)) => messages.iter_mut().for_each(|message| self.message(message)),
            Body::Content(Content::Documents(documents)) => {
                for Document { text, metadata, .. } in documents {
                    self.text(text, TextRule::Shapes);
                    self.count(hide_in_members(metadata));
                }
            }
            Body::Content(Content::Json(value)) => self.count(hide_in_value(value)),
            Body::Content(_) => {}
        }
    }

    fn message(&mut self, message: &mut Message) {
        let rule = if message.role == Role::Tool { TextRule::ShapesAndNames } else { TextRule::Shapes };
        self.text(&mut message.content, rule);
        for call in &mut message.tool_calls {
            self.count(hide_in_members(&mut call.arguments));
        }
        for result in &mut message.tool_results {
            self.text(&mut result.result, TextRule::ShapesAndNames);
        }
        for media in message.image_parts.iter_mut().chain(&mut message.audio_parts) {
            if let MediaSource::Attachment(address) = &mut media.source {
                self.text(address, TextRule::Shapes);
            }
        }
    }

    fn prompt(&mut self, prompt: &mut Prompt) {
        match &mut prompt.template {
            Some(Template::Text(text)) => self.text(text, TextRule::Shapes),
            Some(Template::Chat(parts)) => {
                let texts = parts.iter_mut().filter_map(|part| match part {
                    TemplatePart::Message { content, .. } => Some(content),
                    TemplatePart::Placeholder(_) | _ => None,
                });
                texts.for_each(|text| self.text(text, TextRule::Shapes));
            }
            None | Some(_) => {}
        }
        self.count(hide_in_members(&mut prompt.variables));
    }

    fn metadata(&mut self, event: &mut SpanEventRef<'_>) {
        for (name, value) in event.metadata.iter_mut() {
            let is_secret = match (judge_name(name), &*value) {
                (NameVerdict::Harmless, _) => false,
                (NameVerdict::Secret, MetadataValue::Text(text)) => !text.is_empty(),
                (_, MetadataValue::Json(_) | MetadataValue::Text(_)) => true,
            };
            if !is_secret && let MetadataValue::Text(text) = value {
                let hidden = hide_in_text(text, TextRule::ShapesAndNames);
                self.count(hidden.as_ref().map_or(0, |(_, count)| *count));
                *value = hidden.map_or(MetadataValue::Text(text), |(hidden, _)| MetadataValue::Json(hidden.into()));
                continue;
            }
            // One member as an object, so that its name is judged as any other.
            let json = std::mem::replace(value, MetadataValue::Text("")).into();
            let mut member = serde_json::Map::from_iter([(name.to_owned(), json)]);
            self.count(hide_in_members(&mut member));
            *value = MetadataValue::Json(member.into_iter().next().map(|(_, value)| value).unwrap_or_default());
        }
    }

    fn tags(&mut self, tags: &mut TagList<'_>) {
        let mut count = 0_u32;
        tags.rewrite_own(|key, value| {
            let hidden = match key.map(judge_name) {
                Some(NameVerdict::Secret) if !value.is_empty() && value != MARK => Some((MARK.to_owned(), 1)),
                Some(NameVerdict::Secret | NameVerdict::ByValue | NameVerdict::Harmless) | None => {
                    hide_in_text(value, TextRule::Shapes)
                }
            };
            let (hidden, more) = hidden?;
            count = count.saturating_add(more);
            Some(hidden)
        });
        self.count(count);
    }
}

/// Returns the rule for the text of a span that has no messages: JSON, `Debug` output and whatever tools say have names.
fn rule_of(kind: SpanKind, text: &str) -> TextRule {
    let text = text.trim_start();
    let is_name = |char: char| char.is_ascii_alphanumeric() || matches!(char, '_' | ':');
    let behind_name = text.trim_start_matches(is_name).trim_start_matches(' ');
    let is_debug = text.starts_with(|char: char| char.is_ascii_uppercase()) && behind_name.starts_with(['{', '(']);
    if kind == SpanKind::Tool || is_debug || text.starts_with(['{', '[']) {
        TextRule::ShapesAndNames
    } else {
        TextRule::Shapes
    }
}
