//! Recordings: what capture keeps of a span until the worker reads it.
//!
//! In: values of fields, annotations. Out: [`Recording`]. Never: `tracing`, I/O, clocks, threads.

mod annotation;
mod captured_item;
mod child_defaults;
#[cfg_attr(not(feature = "observe"), allow(dead_code, reason = "only clients leave something to be read"))]
mod deferred;
mod field_key;
mod field_log;
mod field_value;
mod gateway;
mod id_source;
mod kind_policies;
mod span_recording;

pub(crate) use annotation::{Precedence, RecordedAnnotation};
pub(crate) use captured_item::CapturedItem;
pub(crate) use child_defaults::ChildDefaults;
pub(crate) use deferred::{Deferred, Unreadable};
pub(crate) use field_key::{EvaluationField, FieldKey, FieldSlot};
pub(crate) use field_log::{DrainedEntry, Extent, FieldLog, Identity, LogEntry, Pack};
pub(crate) use field_value::FieldValue;
pub(crate) use gateway::Gateways;
pub(crate) use id_source::IdSource;
pub(crate) use kind_policies::KindPolicies;
pub(crate) use span_recording::{Head, KindSource, Origin, Recording};
