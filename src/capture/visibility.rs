//! Finds what keeps LLM spans from the layer: levels and filters in front of it.
//!
//! The layer cannot notice by itself that it is not asked. So the thread that logs asks the subscriber of the process, once
//! for each callsite: that costs a disabled callsite nothing.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tracing_core::callsite::Identifier;
use tracing_core::field::FieldSet;
use tracing_core::metadata::LevelFilter;
use tracing_core::subscriber::Interest;
use tracing_core::{Callsite, Dispatch, Kind, Level, Metadata};

use super::mistakes::{Mistakes, place, shown, what};
use crate::fields;

/// The findings so far.
#[derive(Debug)]
pub(super) struct Visibility {
    /// The crate of the executable.
    application: Option<&'static str>,
    has_looked_at_levels: AtomicBool,
    /// Callsites that were found to be hidden; few are named.
    hidden: AtomicUsize,
}

impl Visibility {
    pub(super) fn new(executable: Option<&str>) -> Self {
        let application = executable.map(crate_of);
        Self { application, has_looked_at_levels: AtomicBool::new(false), hidden: AtomicUsize::new(0) }
    }

    /// Looks for levels and filters in the subscriber that hide LLM spans, and notes each once.
    pub(super) fn inspect(&self, dispatch: &Dispatch, mistakes: &Mistakes, max_level: LevelFilter) {
        if !self.has_looked_at_levels.swap(true, Ordering::Relaxed)
            && let Some(sentence) = hidden_in_general(dispatch, max_level, self.application)
        {
            self.hidden.store(MOST_HIDDEN, Ordering::Relaxed);
            mistakes.note(sentence);
        }
        for metadata in mistakes.take_unchecked() {
            if is_hidden(dispatch, metadata) && self.hidden.fetch_add(1, Ordering::Relaxed) < MOST_HIDDEN {
                let (place, what, target) = (place(metadata), what(metadata), metadata.target());
                mistakes.note(format!(
                    "{place}: {what} is an LLM span, but a filter in front of the layer disables its target {target} at {}, \
                     so it is not sent; {ADVICE}",
                    metadata.level()
                ));
            }
        }
    }
}

/// Explains a filter that hides all spans of the layer's level, as far as probes can tell.
fn hidden_in_general(dispatch: &Dispatch, max_level: LevelFilter, application: Option<&'static str>) -> Option<String> {
    let built = tracing::level_filters::STATIC_MAX_LEVEL;
    let captured = shown(max_level);
    if built < max_level {
        let built = shown(built);
        return Some(format!(
            "LLM spans more verbose than {built} are not sent, although the layer captures {captured}: tracing is built \
             with a feature max_level_… or release_max_level_…; see Builder::max_level"
        ));
    }
    if max_level < LevelFilter::INFO {
        return None;
    }
    let application = application.unwrap_or(ADAPTERS);
    if let Some(level) = hidden_level(dispatch, application).map(shown) {
        return Some(format!(
            "LLM spans more verbose than {level} of the target {application} are not sent, although the layer captures \
             {captured}: a filter in front of it hides them (RUST_LOG, or the default of EnvFilter, which is ERROR); {ADVICE}"
        ));
    }
    let hides_adapters = cfg!(feature = "observe") && hidden_level(dispatch, ADAPTERS).is_some();
    hides_adapters.then(|| {
        format!(
            "a filter in front of the layer disables the target {ADAPTERS}, so calls that this crate's client adapters \
             observe are not sent; {ADVICE}, or add {ADAPTERS}=info to it"
        )
    })
}

/// Returns the most verbose level that passes for a target, if INFO does not.
fn hidden_level(dispatch: &Dispatch, target: &'static str) -> Option<LevelFilter> {
    let passes = |level: Level| !is_hidden(dispatch, probe(target, level));
    if passes(Level::INFO) {
        return None;
    }
    Some([Level::WARN, Level::ERROR].into_iter().find(|level| passes(*level)).map_or(LevelFilter::OFF, Into::into))
}

/// Returns whether a subscriber disables a callsite that the layer enables.
fn is_hidden(dispatch: &Dispatch, metadata: &'static Metadata<'static>) -> bool {
    // A layer above a filter turns its `never` into `sometimes`; then only `enabled` knows.
    dispatch.register_callsite(metadata).is_never() || !dispatch.enabled(metadata)
}

/// Returns the crate of an executable of this name, whose spans are the most likely ones.
fn crate_of(executable: &str) -> &'static str {
    // A test's executable is called `name-0123456789abcdef`.
    let is_hash = |hash: &str| hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    let name = executable.rsplit_once('-').filter(|(_, hash)| is_hash(hash)).map_or(executable, |(name, _)| name);
    // Once for each layer; the callsites that name it live for ever.
    String::leak(name.replace('-', "_"))
}

/// Returns whether a callsite is a probe.
pub(super) fn is_probe(metadata: &Metadata<'_>) -> bool {
    metadata.callsite() == Identifier(&CALLSITE)
}

/// Creates a span's callsite that stands for all of this target and level. Subscribers may keep it, so it lives for ever.
fn probe(target: &'static str, level: Level) -> &'static Metadata<'static> {
    let fields = FieldSet::new(&[fields::KIND], Identifier(&CALLSITE));
    Box::leak(Box::new(Metadata::new("probe", target, level, None, None, None, fields, Kind::SPAN)))
}

/// A callsite that is never used. It has a size, so that its address is its own.
struct Probe(#[expect(dead_code, reason = "see above")] u8);

impl Callsite for Probe {
    fn set_interest(&self, _: Interest) {}

    fn metadata(&self) -> &Metadata<'_> {
        static METADATA: Metadata<'static> = Metadata::new(
            "probe",
            ADAPTERS,
            Level::INFO,
            None,
            None,
            None,
            FieldSet::new(&[fields::KIND], Identifier(&CALLSITE)),
            Kind::SPAN,
        );
        &METADATA
    }
}

static CALLSITE: Probe = Probe(0);
/// The target of the spans of client adapters.
const ADAPTERS: &str = "tracing_llmobs";
const ADVICE: &str =
    "put the filter on the other layers, as in fmt::layer().with_filter(EnvFilter::from_default_env())";
/// More hidden callsites than this are not named: they have one cause.
const MOST_HIDDEN: usize = 4;
