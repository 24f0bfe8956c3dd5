//! Recordings: what capture keeps of a span until the worker reads it.
//!
//! In: values of fields, annotations. Out: [`Recording`]. Never: `tracing`, I/O, clocks, threads.

mod field_key;
mod field_value;

mod annotation;
#[cfg_attr(not(feature = "observe"), allow(dead_code, reason = "only clients leave something to be read"))]
mod deferred;

mod stored_value;

mod field_log;
mod identity_fields;
mod packed_logs;

mod child_defaults;
mod span_recording;

mod captured_item;
mod gateway_urls;
mod id_source;
mod kind_policies;

pub(crate) use annotation::{Precedence, RecordedAnnotation};
pub(crate) use captured_item::CapturedItem;
pub(crate) use child_defaults::ChildDefaults;
pub(crate) use deferred::{Deferred, Unreadable};
pub(crate) use field_key::{EvaluationField, FieldKey, FieldSlot};
pub(crate) use field_log::{DrainedEntry, FieldLog, LogEntry};
pub(crate) use field_value::FieldValue;
pub(crate) use gateway_urls::GatewayUrls;
pub(crate) use id_source::IdSource;
pub(crate) use identity_fields::IdentityFields;
pub(crate) use kind_policies::KindPolicies;
pub(crate) use packed_logs::{LogExtent, PackedLogs};
pub(crate) use span_recording::{Head, KindSource, Origin, Recording};
