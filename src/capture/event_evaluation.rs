//! Evaluations that arrive as events.

use tracing_core::{Event, Subscriber};
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::capture::Capture;
use super::evaluable::{EvaluableSpan, join_or_refer};
use super::plan::{Plan, ThirdPartyPlan};
use super::scratch::with_scratch;
use super::visitor::Visitor;
use crate::fields;
use crate::stats::Problem;
use llmobs_conventions::Classification;

/// Submits the evaluation that an event carries, joined to the nearest LLM span around it. An invalid one is counted as a
/// problem.
pub(super) fn evaluate<S>(capture: &Capture, event: &Event<'_>, plan: &Plan, ctx: &Context<'_, S>)
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let (services, span_name) = (&capture.services, event.metadata().name());
    let Some(span) = evaluable(capture, event, ctx) else { return services.count(Problem::Evaluation, span_name) };
    if span.is_off {
        return;
    }
    with_scratch(&services.queue, |log| {
        event.record(&mut Visitor { plan, log, queue: &services.queue, span_name });
        match fields::evaluation(log) {
            Ok(evaluation) => services.submit_or_count(span.join(evaluation), span_name),
            Err(_) => services.count(Problem::Evaluation, span_name),
        }
    });
}

/// Submits the evaluations that an event carries as third-party attributes, and returns whether there are any.
pub(super) fn evaluate_third_party<S>(capture: &Capture, event: &Event<'_>, plan: &Plan, ctx: &Context<'_, S>) -> bool
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let Some(ThirdPartyPlan { attributes: attribute_plan, may_evaluate: true, .. }) = &plan.third_party else {
        return false;
    };
    let (services, span_name) = (&capture.services, event.metadata().name());
    let mut is_evaluation = false;
    with_scratch(&services.queue, |log| {
        Visitor { plan, log, queue: &services.queue, span_name }.visit_event(event);
        let attributes = fields::event_as_attributes(attribute_plan, log);
        is_evaluation = attributes.classify() == Classification::Evaluation;
        if !is_evaluation {
            return;
        }
        let span = evaluable(capture, event, ctx);
        if span.as_ref().is_some_and(|span| span.is_off) {
            return;
        }
        let policy = span.as_ref().map_or_else(|| services.policies.strictest(), |span| span.policy);
        let (ml_app, context) =
            (span.as_ref().and_then(|span| span.ml_app.as_deref()), span.as_ref().map(|span| &span.context));
        for draft in attributes.evaluations() {
            let evaluation = match services.span_of_response(&draft, (event.metadata().target(), span_name)) {
                Some(reported) if reported.is_off => continue,
                Some(reported) => reported.join_draft(draft, policy),
                None => join_or_refer(draft, context.cloned()).or_ml_app(ml_app).restricted_to(policy),
            };
            services.submit_or_count(evaluation, span_name);
        }
    });
    is_evaluation
}

/// Returns the nearest LLM span around an event, also one that was finished and is still entered.
fn evaluable<S>(capture: &Capture, event: &Event<'_>, ctx: &Context<'_, S>) -> Option<EvaluableSpan>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let mut ancestors = capture.subscriber.ancestors_of_event(event, ctx);
    ancestors.find_map(|site| capture.evaluable(&site.id))
}
