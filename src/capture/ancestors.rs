//! The one way from a span to the spans around it.

use tracing_core::span::Id;
use tracing_core::{Dispatch, Event, Metadata, Subscriber};
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::{LookupSpan, SpanData as _, SpanRef};

/// A span of the registry and its callsite.
#[derive(Debug, Clone)]
pub(super) struct SpanSite {
    pub(super) id: Id,
    pub(super) metadata: &'static Metadata<'static>,
}

/// Finds a span and the id of its parent in the registry.
type FindSite = fn(&Dispatch, &Id) -> Option<(SpanSite, Option<Id>)>;

/// The registry below the layer, its type erased.
///
/// A plain function that knows the type stands in for `Layer::downcast_raw`, which is unsafe to implement.
#[derive(Debug, Clone, Copy)]
pub(super) struct RegistryAccess {
    span: FindSite,
    address: fn(&Dispatch) -> Option<usize>,
    attach: fn(&Dispatch, &Id, CloseNotice) -> bool,
}

impl RegistryAccess {
    pub(super) const fn of<S: Subscriber + for<'a> LookupSpan<'a>>() -> Self {
        Self { span: span::<S>, address: address::<S>, attach: attach::<S> }
    }

    /// Returns a span that is open; `None` when the dispatch is of another subscriber.
    pub(super) fn site(&self, dispatch: &Dispatch, id: &Id) -> Option<SpanSite> {
        (self.span)(dispatch, id).map(|(site, _)| site)
    }

    /// Returns whether two dispatches lead to one subscriber.
    pub(super) fn are_same(&self, one: &Dispatch, other: &Dispatch) -> bool {
        (self.address)(one).is_some_and(|address| (self.address)(other) == Some(address))
    }

    /// Leaves a notice with a span that runs when the span closes. Locks the span's extensions.
    pub(super) fn attach(&self, dispatch: &Dispatch, id: &Id, notice: CloseNotice) -> bool {
        (self.attach)(dispatch, id, notice)
    }

    /// Yields a span and the spans around it, nearest first, also those that a filter hides from the layer.
    pub(super) const fn ancestors<'a, S: LookupSpan<'a>>(self, dispatch: Dispatch, id: Id) -> Ancestors<'a, S> {
        Ancestors::All { access: self, dispatch, next: Some(id) }
    }
}

/// An action at the close of a span that the layer's filter hides, so that its `on_close` is not called.
#[derive(Debug)]
pub(super) struct CloseNotice {
    pub(super) spans: std::sync::Arc<dyn CloseSpan>,
    pub(super) id: Id,
}

/// Spans that can be closed from a notice.
pub(super) trait CloseSpan: std::fmt::Debug + Send + Sync {
    /// Ends the span with this id, which has closed.
    fn close_span(&self, id: &Id);
}

impl Drop for CloseNotice {
    fn drop(&mut self) {
        self.spans.close_span(&self.id);
    }
}

/// A span and the spans around it, nearest first.
pub(super) enum Ancestors<'a, S: LookupSpan<'a>> {
    /// Ancestors that the filter of the layer lets through, which are all that it has records of in most programs.
    Visible { registry: Option<&'a Context<'a, S>>, next: Option<SpanRef<'a, S>> },
    /// Hidden ones too, since one of them became an LLM span by an annotation.
    All { access: RegistryAccess, dispatch: Dispatch, next: Option<Id> },
}

impl<'a, S: LookupSpan<'a>> Ancestors<'a, S> {
    /// Returns whether spans are among them that the layer may know nothing of.
    pub(super) const fn has_hidden(&self) -> bool {
        matches!(self, Self::All { .. })
    }
}

impl<S: Subscriber + for<'b> LookupSpan<'b>> Ancestors<'_, S> {
    /// Goes on with this span, or ends.
    #[cold]
    pub(super) fn jump_to(&mut self, id: Option<Id>) {
        match self {
            Self::Visible { registry, next } => *next = registry.zip(id).and_then(|(registry, id)| registry.span(&id)),
            Self::All { next, .. } => *next = id,
        }
    }
}

impl<'a, S: LookupSpan<'a>> Iterator for Ancestors<'a, S> {
    type Item = SpanSite;

    #[inline]
    fn next(&mut self) -> Option<SpanSite> {
        match self {
            Self::Visible { next, .. } => {
                let span = next.take()?;
                *next = span.parent();
                Some(SpanSite { id: span.id(), metadata: span.metadata() })
            }
            Self::All { access, dispatch, next } => {
                let (site, parent) = (access.span)(dispatch, &next.take()?)?;
                *next = parent;
                Some(site)
            }
        }
    }
}

/// Returns the span that an event is inside of, whether a filter hides it or not.
pub(super) fn span_of_event<S: Subscriber>(event: &Event<'_>, ctx: &Context<'_, S>) -> Option<Id> {
    let current = || ctx.current_span().id().cloned().filter(|_| event.is_contextual());
    event.parent().cloned().or_else(current)
}

fn span<S: Subscriber + for<'a> LookupSpan<'a>>(dispatch: &Dispatch, id: &Id) -> Option<(SpanSite, Option<Id>)> {
    let data = dispatch.downcast_ref::<S>()?.span_data(id)?;
    Some((SpanSite { id: data.id(), metadata: data.metadata() }, data.parent().cloned()))
}

fn address<S: Subscriber>(dispatch: &Dispatch) -> Option<usize> {
    dispatch.downcast_ref::<S>().map(|subscriber| std::ptr::from_ref(subscriber).addr())
}

fn attach<S: Subscriber + for<'a> LookupSpan<'a>>(dispatch: &Dispatch, id: &Id, notice: CloseNotice) -> bool {
    let Some(span) = dispatch.downcast_ref::<S>().and_then(|registry| registry.span(id)) else { return false };
    let mut extensions = span.extensions_mut();
    // Several layers may each have one.
    let mut notices = extensions.remove::<Vec<CloseNotice>>().unwrap_or_default();
    notices.push(notice);
    extensions.replace(notices);
    true
}
