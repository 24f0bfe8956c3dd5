//! Token counts, costs, and time to first token.

use std::borrow::Cow;

use serde_json::{Map, Number, Value};

use crate::attributes::ResolvedAttributes;
use crate::convention::destination::Destination;
use crate::convention::precedence::{FIRST_TOKEN, FIRST_TOKEN_MS, LANGFUSE_COST, LANGFUSE_USAGE, METRICS};
use crate::format::decode;
use crate::mapping::langfuse_usage;
use llmobs_model::{Annotation, SpanKind, metric};

/// Returns whether the span counts tokens.
pub(crate) fn has_tokens(attributes: &ResolvedAttributes<'_>) -> bool {
    named(attributes).chain(in_objects(attributes)).any(|(metric, _)| metric.ends_with("_tokens"))
}

/// Adds the numbers to an annotation: as metrics of spans that call a model, as metadata of others, whose numbers sum
/// up the spans below and would count twice.
pub(crate) fn add(attributes: &ResolvedAttributes<'_>, kind: SpanKind, annotation: &mut Annotation) {
    let mut counted = counted(attributes);
    include_cached(attributes, &mut counted);
    include_thoughts(attributes, &mut counted);
    let counted = counted.into_iter().map(|(name, number)| (Cow::Borrowed(name), number)).chain(unknown(attributes));
    let counted: Vec<(Cow<'static, str>, Number)> = counted.collect();
    if kind.has_model() {
        for (name, number) in counted {
            annotation.metrics.put(name, number);
        }
    } else if !counted.is_empty() {
        let usage: Map<String, Value> =
            counted.into_iter().map(|(name, number)| (name.into_owned(), Value::Number(number))).collect();
        annotation.metadata.insert(USAGE.to_owned(), Value::Object(usage));
    }
    let Some(seconds) = first_token(attributes) else { return };
    match kind {
        SpanKind::Llm | SpanKind::Embedding | SpanKind::Agent | SpanKind::Workflow => {
            annotation.metrics.put(metric::TIME_TO_FIRST_TOKEN, seconds);
        }
        SpanKind::Tool | SpanKind::Task | SpanKind::Retrieval | _ => {}
    }
}

/// Returns each metric from the first attribute with a usable number. Langfuse's objects fill gaps.
fn counted(attributes: &ResolvedAttributes<'_>) -> Vec<(&'static str, Number)> {
    let mut counted: Vec<(&'static str, Number)> = named(attributes).collect();
    for (metric, number) in in_objects(attributes) {
        if counted.iter().all(|(own, _)| *own != metric) {
            counted.push((metric, number));
        }
    }
    counted
}

/// Returns counts that no table knows, by the rest of their names: providers invent new ones faster than conventions do.
fn unknown(attributes: &ResolvedAttributes<'_>) -> Vec<(Cow<'static, str>, Number)> {
    // A span has a few; a bound keeps generated names from becoming thousands of metrics.
    const MOST: usize = 16;
    let counts = attributes.all().filter_map(|(name, value)| match attributes.plan.destination(name) {
        Destination::Metric(prefix) => Some((name.get(prefix..)?, decode::number(value)?)),
        Destination::Mapped | Destination::Tag(_) | Destination::Metadata(_) => None,
    });
    let counts: Vec<_> = counts.take(MOST).collect();
    // The intake drops a batch for one dot in the name of a metric.
    counts.into_iter().map(|(rest, number)| (Cow::Owned(rest.replace('.', "_")), number)).collect()
}

fn named(attributes: &ResolvedAttributes<'_>) -> impl Iterator<Item = (&'static str, Number)> {
    METRICS.iter().filter_map(|(metric, names)| Some((*metric, names.iter().find_map(|name| attributes.number(name))?)))
}

fn in_objects(attributes: &ResolvedAttributes<'_>) -> impl Iterator<Item = (&'static str, Number)> {
    let objects =
        [(langfuse_usage::usage(attributes), LANGFUSE_USAGE), (langfuse_usage::cost(attributes), LANGFUSE_COST)];
    objects.into_iter().flat_map(|(object, table)| {
        let count = move |names| langfuse_usage::count(object.as_ref()?, names);
        table.iter().filter_map(move |(metric, names)| Some((*metric, count(names)?)))
    })
}

fn first_token(attributes: &ResolvedAttributes<'_>) -> Option<Number> {
    FIRST_TOKEN.iter().find_map(|name| attributes.number(name)).or_else(|| {
        let milliseconds = attributes.number(FIRST_TOKEN_MS)?.as_f64()?;
        Number::from_f64(milliseconds / 1000.0)
    })
}

/// Adds cached tokens to the input tokens, which must include them. Anthropic, and what passes its counts on, leaves
/// them out.
fn include_cached(attributes: &ResolvedAttributes<'_>, counted: &mut [(&'static str, Number)]) {
    let count = |name: &str, all: &[(&'static str, Number)]| {
        all.iter().find(|(own, _)| *own == name).and_then(|(_, number)| number.as_u64())
    };
    let Some(input) = count(metric::INPUT_TOKENS, counted) else { return };
    let read = count(metric::CACHE_READ_INPUT_TOKENS, counted).unwrap_or_default();
    let written = count(metric::CACHE_WRITE_INPUT_TOKENS, counted).unwrap_or_default();
    let cached = read.saturating_add(written);
    if cached == 0 || (input >= cached && !excludes_cached(attributes)) {
        return;
    }
    let input = input.saturating_add(cached);
    let output = count(metric::OUTPUT_TOKENS, counted).unwrap_or_default();
    let least = input.saturating_add(output);
    for (name, number) in counted {
        match *name {
            metric::INPUT_TOKENS => *number = input.into(),
            metric::TOTAL_TOKENS if number.as_u64().is_none_or(|total| total < least) => *number = least.into(),
            _ => {}
        }
    }
}

/// Adds reasoning tokens to the output tokens, which must include them, where a framework leaves them out.
fn include_thoughts(attributes: &ResolvedAttributes<'_>, counted: &mut Vec<(&'static str, Number)>) {
    let thoughts = attributes
        .plan
        .framework
        .and_then(|framework| framework.thoughts)
        .and_then(|name| attributes.number(name)?.as_u64());
    let Some(thoughts) = thoughts else { return };
    match counted.iter_mut().find(|(name, _)| *name == metric::OUTPUT_TOKENS) {
        Some((_, output)) => {
            if let Some(answer) = output.as_u64() {
                *output = answer.saturating_add(thoughts).into();
            }
        }
        None => counted.push((metric::OUTPUT_TOKENS, thoughts.into())),
    }
}

/// Returns whether input tokens leave out the cache: rig 0.36 to 0.42 passes on what Anthropic counts. Its version
/// shows in the attributes that its spans declare.
fn excludes_cached(attributes: &ResolvedAttributes<'_>) -> bool {
    let declares = |name: &str| attributes.plan.names().contains(&name);
    let provider = attributes.text(crate::convention::precedence::PROVIDER);
    let provider = provider.as_deref().map(str::to_ascii_lowercase).unwrap_or_default();
    attributes.plan.is_of_rig
        && matches!(provider.as_str(), "anthropic" | "aws_bedrock")
        && declares("gen_ai.usage.cache_creation.input_tokens")
        && !declares("gen_ai.request.stream")
}

/// Member of the metadata.
const USAGE: &str = "usage";
