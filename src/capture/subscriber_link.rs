//! The subscriber that the layer is part of.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use tracing_core::dispatcher::WeakDispatch;
use tracing_core::span::Id;
use tracing_core::{Dispatch, Event, Subscriber};
use tracing_subscriber::Registry;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::{LookupSpan, SpanRef};

use super::ancestors::{Ancestors, RegistryAccess, span_of_event};

/// The subscriber of a layer, and the ways to the spans there.
#[derive(Debug, Default)]
pub(super) struct SubscriberLink {
    /// The registry, known once the layer is part of a subscriber.
    registry: OnceLock<RegistryAccess>,
    /// The dispatch that the subscriber became, known once an LLM span is entered or annotated. `on_register_dispatch`
    /// would tell it earlier, but `Option` and `Vec` do not pass that on (tracing-subscriber 0.3.23).
    dispatch: OnceLock<WeakDispatch>,
    /// A span became an LLM span that the filter hides, so that ancestors must be looked for behind the filter too.
    has_promoted: AtomicBool,
}

impl SubscriberLink {
    /// Learns the type of the subscriber, and returns whether it was not known.
    pub(super) fn attach<S: Subscriber + for<'a> LookupSpan<'a>>(&self) -> bool {
        self.registry.set(RegistryAccess::of::<S>()).is_ok()
    }

    pub(super) fn registry(&self) -> Option<&RegistryAccess> {
        self.registry.get()
    }

    pub(super) fn dispatch(&self) -> Option<Dispatch> {
        self.dispatch.get()?.upgrade()
    }

    #[inline]
    pub(super) fn is_known(&self) -> bool {
        self.dispatch.get().is_some()
    }

    pub(super) fn learn(&self, dispatch: &Dispatch) {
        let _ = self.dispatch.set(dispatch.downgrade());
    }

    /// Returns whether a dispatch leads to this subscriber; `None` when that is not known yet.
    pub(super) fn is(&self, dispatch: &Dispatch) -> Option<bool> {
        let Some(registry) = self.registry() else { return Some(false) };
        let own = self.dispatch.get()?.upgrade();
        Some(own.is_some_and(|own| registry.are_same(&own, dispatch)))
    }

    /// Looks for ancestors behind the filter of the layer from now on.
    pub(super) fn look_behind_filter(&self) {
        self.has_promoted.store(true, Ordering::Release);
    }

    /// Yields the spans around a new span, nearest first.
    #[inline]
    pub(super) fn ancestors_of_new_span<'a, S>(&self, id: &Id, ctx: &'a Context<'_, S>) -> Ancestors<'a, S>
    where
        S: Subscriber + for<'b> LookupSpan<'b>,
    {
        // These begin with the new span itself, which has no entry yet.
        if self.has_promoted.load(Ordering::Acquire)
            && let Some(all) = self.known_ancestors(id)
        {
            return all;
        }
        Ancestors::Visible { registry: Some(ctx), next: ctx.span(id).and_then(|span| span.parent()) }
    }

    /// Yields the spans that an event is inside of, nearest first.
    pub(super) fn ancestors_of_event<'a, S>(&self, event: &Event<'_>, ctx: &'a Context<'_, S>) -> Ancestors<'a, S>
    where
        S: Subscriber + for<'b> LookupSpan<'b>,
    {
        let (inside, visible) = (span_of_event(event, ctx), ctx.event_span(event));
        // `event_span` finds the nearest visible span on this thread's stack, but no ancestor of a hidden parent.
        let is_direct = !self.has_promoted.load(Ordering::Acquire) && visible.as_ref().map(SpanRef::id) == inside;
        let all = inside.filter(|_| !is_direct).and_then(|id| self.known_ancestors(&id));
        all.unwrap_or(Ancestors::Visible { registry: Some(ctx), next: visible })
    }

    fn known_ancestors<'a, S: LookupSpan<'a>>(&self, id: &Id) -> Option<Ancestors<'a, S>> {
        let (access, dispatch) = (*self.registry()?, self.dispatch.get()?.upgrade()?);
        Some(access.ancestors(dispatch, id.clone()))
    }

    /// Yields a span and the spans around it, nearest first.
    pub(super) fn all_ancestors(&self, dispatch: &Dispatch, id: &Id) -> Ancestors<'static, Registry> {
        match self.registry.get() {
            Some(access) => access.ancestors(dispatch.clone(), id.clone()),
            None => Ancestors::Visible { registry: None, next: None },
        }
    }
}
