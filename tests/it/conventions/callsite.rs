//! Callsites that are made at run time, so that a case can name its fields.

use std::fmt;
use std::sync::OnceLock;

use serde_json::{Map, Value};
use tracing::field::{self, Field, FieldSet, Value as Recorded};
use tracing::metadata::Kind;
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Span};
use tracing_core::callsite::{self, Callsite, Identifier};

/// A callsite made at run time; it lives for ever, as every callsite does.
pub(super) struct Made {
    metadata: OnceLock<Metadata<'static>>,
}

impl Callsite for Made {
    fn set_interest(&self, _: Interest) {}

    fn metadata(&self) -> &Metadata<'_> {
        self.metadata.get().unwrap()
    }
}

/// The metadata of the callsite.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) name: &'a str,
    pub(super) target: &'a str,
    pub(super) level: Level,
    pub(super) is_span: bool,
}

impl Made {
    pub(super) fn leaked<'a>(place: Place<'_>, fields: impl Iterator<Item = &'a str>) -> &'static Metadata<'static> {
        let made: &'static Self = Box::leak(Box::new(Self { metadata: OnceLock::new() }));
        let names: Vec<&'static str> = fields.map(leak).collect();
        let fields = FieldSet::new(Vec::leak(names), Identifier(made));
        let kind = if place.is_span { Kind::SPAN } else { Kind::EVENT };
        let metadata = Metadata::new(leak(place.name), leak(place.target), place.level, None, None, None, fields, kind);
        assert!(made.metadata.set(metadata).is_ok());
        callsite::register(made);
        made.metadata.get().unwrap()
    }
}

fn leak(text: &str) -> &'static str {
    Box::leak(text.to_owned().into_boxed_str())
}

/// A span with these values at its start, inside the current one; disabled when nobody wants it, as by a macro.
pub(super) fn span(metadata: &'static Metadata<'static>, fields: &Map<String, Value>) -> Span {
    if !is_enabled(metadata) {
        return Span::none();
    }
    with_values(metadata, fields, |values| Span::new(metadata, values))
}

pub(super) fn record(metadata: &'static Metadata<'static>, span: &Span, fields: &Map<String, Value>) {
    with_values(metadata, fields, |values| drop(span.record_all(values)));
}

pub(super) fn event(metadata: &'static Metadata<'static>, fields: &Map<String, Value>) {
    if is_enabled(metadata) {
        with_values(metadata, fields, |values| Event::dispatch(metadata, values));
    }
}

fn is_enabled(metadata: &'static Metadata<'static>) -> bool {
    tracing::dispatcher::get_default(|dispatch| dispatch.enabled(metadata))
}

/// Arrays are of this length; the rest stays empty.
const MOST_FIELDS: usize = 64;

fn with_values<T>(
    metadata: &'static Metadata<'static>,
    fields: &Map<String, Value>,
    then: impl FnOnce(&field::ValueSet<'_>) -> T,
) -> T {
    let set = metadata.fields();
    let values: Vec<(Field, Box<dyn Recorded>)> =
        fields.iter().map(|(name, value)| (set.field(name.as_str()).unwrap(), recorded(value))).collect();
    assert!(values.len() <= MOST_FIELDS);
    let nothing = Metadata::fields(metadata).iter().next();
    let Some(nothing) = nothing else { return then(&set.value_set(&[] as &[(&Field, Option<&dyn Recorded>); 0])) };
    let array: [(&Field, Option<&dyn Recorded>); MOST_FIELDS] = std::array::from_fn(|at| match values.get(at) {
        Some((field, value)) => (field, Some(&**value)),
        None => (&nothing, None),
    });
    then(&set.value_set(&array))
}

/// A value in the form in which the case says that it arrives.
fn recorded(value: &Value) -> Box<dyn Recorded> {
    match value {
        Value::String(text) => Box::new(text.clone()),
        Value::Bool(flag) => Box::new(*flag),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => Box::new(number),
            (None, Some(number)) => Box::new(number),
            (None, None) => Box::new(number.as_f64().unwrap()),
        },
        Value::Object(form) => match (form.get("$debug"), form.get("$error")) {
            (Some(Value::String(text)), None) => Box::new(field::debug(Printed(text.clone()))),
            (None, Some(Value::String(text))) => {
                let error: Box<dyn std::error::Error + Send + Sync + 'static> = Box::from(text.as_str());
                Box::new(error)
            }
            _ => panic!("no such form: {value}"),
        },
        Value::Null | Value::Array(_) => panic!("no such form: {value}"),
    }
}

/// Prints itself as the text that `Debug` has printed.
struct Printed(String);

impl fmt::Debug for Printed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
