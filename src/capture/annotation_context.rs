//! Annotations for every LLM span that starts inside a scope.

use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::context_stack;
use super::span_ext::traces_around;
use super::trace::TraceState;
use llmobs_model::{AgentManifest, Annotation, Prompt, Tags};

/// Begins an [`AnnotationContext`].
pub fn annotation_context() -> AnnotationContext {
    AnnotationContext::default()
}

/// Values for LLM spans that start inside a scope: tags, a prompt, a name, cost tags, an agent's version and manifest.
///
/// A prompt reaches `llm` spans only, an agent's version and manifest `agent` spans only. A field or an annotation of the
/// span itself wins; of nested contexts the inner one does, and tags merge. Spans that started before the scope, or start
/// after it, are not touched.
///
/// A scope is a [closure](Self::scope), a [future](Self::instrument), which takes it along from thread to thread and
/// shares it with no other task, or a [guard](Self::enter). Tasks and threads that start inside begin without it.
///
/// # Example
///
/// ```
/// use tracing_llmobs::{Prompt, annotation_context};
///
/// let context = annotation_context().tag("experiment", "b").prompt(Prompt::new("greeting").version("2"));
/// context.scope(|| {
///     // Has the tag and the prompt.
///     let _span = tracing::info_span!("chat", llmobs.kind = "llm").entered();
/// });
/// # async fn answer() {}
/// # async fn example() {
/// annotation_context().tag("experiment", "b").instrument(answer()).await;
/// # }
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "a context does nothing until it is entered"]
pub struct AnnotationContext {
    annotation: Annotation,
}

impl AnnotationContext {
    /// Sets a tag; an empty key is refused.
    pub fn tag(self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.with(|annotation| annotation.tag(key, value))
    }

    /// Sets many tags.
    pub fn tags(self, tags: &Tags) -> Self {
        self.with(|annotation| annotation.tags(tags))
    }

    /// Sets the name of the spans.
    pub fn name(self, name: impl Into<String>) -> Self {
        self.with(|annotation| annotation.name(name))
    }

    /// Sets the prompt of `llm` spans.
    pub fn prompt(self, prompt: Prompt) -> Self {
        self.with(|annotation| annotation.prompt(prompt))
    }

    /// Adds keys of tags by whose values costs and tokens are shown.
    pub fn cost_tags<K: Into<String>>(self, keys: impl IntoIterator<Item = K>) -> Self {
        self.with(|annotation| annotation.cost_tags(keys))
    }

    /// Sets the version of `agent` spans.
    pub fn agent_version(self, version: impl Into<String>) -> Self {
        self.with(|annotation| annotation.agent_version(version))
    }

    /// Sets the declaration of the agent, on `agent` spans.
    pub fn agent_manifest(self, manifest: AgentManifest) -> Self {
        self.with(|annotation| annotation.agent_manifest(manifest))
    }

    /// Puts the context in force on this thread until the guard is dropped.
    ///
    /// A context that is entered inside an LLM span is in force for that span's trace only. Do not hold the guard over an
    /// `await`: other tasks of the thread would be inside too. It is not `Send`, so most runtimes do not let you;
    /// [`instrument`](Self::instrument) is for futures.
    pub fn enter(self) -> ContextGuard {
        ContextGuard::new(Arc::new(self.annotation), traces_around())
    }

    /// Puts the context in force while the closure runs.
    pub fn scope<T>(self, inside: impl FnOnce() -> T) -> T {
        let _guard = self.enter();
        inside()
    }

    /// Puts the context in force whenever the future is polled, and only then.
    pub fn instrument<F: Future>(self, future: F) -> InContext<F> {
        InContext { future: Box::pin(future), annotation: Arc::new(self.annotation) }
    }

    fn with(mut self, change: impl FnOnce(Annotation) -> Annotation) -> Self {
        self.annotation = change(self.annotation);
        self
    }
}

/// A guard that ends an [`AnnotationContext`] when it is dropped.
#[derive(Debug)]
#[must_use = "the context ends when this is dropped"]
pub struct ContextGuard {
    number: u64,
    /// The context is in force on the thread that entered it.
    _not_send: PhantomData<*const ()>,
}

impl ContextGuard {
    fn new(annotation: Arc<Annotation>, traces: Vec<Arc<TraceState>>) -> Self {
        Self { number: context_stack::enter(annotation, traces), _not_send: PhantomData }
    }
}

impl Drop for ContextGuard {
    fn drop(&mut self) {
        context_stack::exit(self.number);
    }
}

/// A future inside an [`AnnotationContext`], from [`AnnotationContext::instrument`].
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct InContext<F> {
    future: Pin<Box<F>>,
    annotation: Arc<Annotation>,
}

impl<F: Future> Future for InContext<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        // For all traces: a task may be polled inside of any span, and all that starts meanwhile belongs to the future.
        let _guard = ContextGuard::new(Arc::clone(&self.annotation), Vec::new());
        self.future.as_mut().poll(cx)
    }
}
