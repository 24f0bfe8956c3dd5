//! The scenarios, one test each.

use std::collections::BTreeSet;

use super::differences::DIFFERENCES;
use super::intake::Answer;
use super::play::{Scenario, Settings, all_expected, play};
use super::programs::{
    annotation, config, content, delivery, distributed, errors, evaluations, instrument, kinds, processing, prompts,
    sessions, structure, tools,
};

/// Makes a test of every scenario: its name, its program, and what is not as usual.
macro_rules! scenarios {
    ($($name:ident: $program:path $(, $member:ident: $value:expr)*;)*) => {
        $(
            #[test]
            fn $name() {
                let usual = Scenario {
                    name: stringify!($name),
                    program: $program,
                    settings: Settings::Code,
                    answers: &[],
                    sends_by_itself: false,
                };
                play(&Scenario { $($member: $value,)* ..usual });
            }
        )*

        const PLAYED: &[&str] = &[$(stringify!($name)),*];
    };
}

scenarios! {
    agent_manifest: tools::agent_manifest;
    annotate_explicit_span: content::explicit_span;
    annotate_invalid: annotation::invalid;
    annotate_llm_dict: content::one_message;
    annotate_llm_messages: content::messages;
    annotate_llm_string: content::text;
    annotate_llm_tool_calls: content::tool_calls;
    annotate_metadata_merge: annotation::merge;
    annotate_metadata_types: annotation::metadata_types;
    annotate_retrieval_outputs: content::retrieval;
    annotate_tags_characters: annotation::tag_characters;
    annotate_text_kinds_json: content::json_for_text_kinds;
    annotation_context_nested: prompts::nested_contexts;
    annotation_context_prompt_cost: prompts::context_with_prompt;
    apm_between: structure::foreign_spans_between;
    apm_parent: structure::foreign_parent;
    asyncio_tasks: structure::tasks;
    buffer_limit: delivery::many_spans;
    config_default_is_agent: structure::one_task, settings: Settings::Environment(config::DEFAULT);
    config_disabled: config::disabled, settings: Settings::Environment(config::DISABLED);
    config_global_tags: structure::one_task, settings: Settings::Environment(config::TAGS);
    cost_tags: tools::cost_tags;
    decorator_error: instrument::error;
    decorators_async_generator: instrument::asynchronous;
    decorators_defaults: instrument::defaults;
    distributed_invalid: distributed::invalid;
    distributed_no_llmobs_parent: distributed::no_llmobs_parent;
    distributed_other_ml_app: distributed::client_and_server, settings: Settings::Environment(config::NO_ML_APP);
    distributed_three_hops: distributed::three_hops;
    distributed_w3c_only: distributed::w3c_only;
    error_exception: errors::returned;
    error_kinds: errors::of_many_forms;
    eval_all_options: evaluations::all_options;
    eval_and_spans_together: evaluations::with_spans;
    eval_invalid: evaluations::invalid;
    eval_json: evaluations::json;
    eval_score: evaluations::scores;
    eval_seed_signature: evaluations::context_first;
    export_span: evaluations::contexts;
    export_span_invalid: evaluations::no_contexts;
    feedback_all: evaluations::feedback;
    flush_periodic: delivery::without_flush, sends_by_itself: true;
    huge_input_truncated: delivery::huge_input;
    huge_metadata: delivery::huge_metadata;
    kind_embedding_all_args: kinds::embedding;
    kind_llm_all_args: kinds::llm;
    kind_model_provider_case: kinds::provider_case;
    kind_retrieval_all_args: kinds::retrieval;
    kind_tool_all_args: kinds::tool;
    kind_workflow_all_args: kinds::workflow;
    manual_start_finish: structure::by_hand;
    ml_app_default_service: structure::one_task, settings: Settings::Environment(config::NO_ML_APP);
    ml_app_default_unnamed: structure::one_task, settings: Settings::Environment(config::NO_NAMES);
    ml_app_odd_names: sessions::odd_ml_apps;
    processor_drop: processing::drops, settings: Settings::Adjusted(processing::with_dropping);
    processor_empty_and_errors: processing::failing, settings: Settings::Adjusted(processing::with_failing);
    processor_redact: processing::rewritten, settings: Settings::Adjusted(processing::with_rewriting);
    prompt_chat_template: prompts::chat_template;
    prompt_defaults: prompts::defaults;
    prompt_full: prompts::full;
    prompt_invalid: prompts::invalid;
    prompt_merge_and_kinds: prompts::merge_and_kinds;
    retry_429_408: structure::one_task, answers: &[Answer::Status(429), Answer::Status(408)];
    retry_500: structure::one_task, answers: &[Answer::Status(500), Answer::Status(500)];
    retry_connection_closed: structure::one_task, answers: &[Answer::Close, Answer::Close];
    sampling_rate_half: processing::many_tasks, settings: Settings::Environment(processing::HALF);
    sampling_rate_zero: processing::task_in_workflow, settings: Settings::Environment(processing::ZERO);
    session_child_first: sessions::child_first;
    session_root_inherited: sessions::root;
    siblings_and_roots: structure::siblings_and_roots;
    tool_definitions: tools::definitions;
}

#[test]
fn every_expectation_has_a_program() {
    assert_eq!(all_expected(), PLAYED);
}

#[test]
fn every_difference_has_a_reason_and_every_reason_a_difference() {
    let record = include_str!("../../../docs/decisions/0001-differences-from-the-python-sdk.md");
    let reasons = record.lines().filter_map(|line| line.strip_prefix("| P")?.split_whitespace().next());
    let reasons: BTreeSet<_> = reasons.map(|number| format!("P{number}")).collect();
    let shown: BTreeSet<_> = DIFFERENCES.iter().map(|row| row.row.to_owned()).collect();
    assert_eq!(shown, reasons);
    let unknown = DIFFERENCES.iter().flat_map(|row| row.scenarios).filter(|name| !PLAYED.contains(name));
    assert_eq!(unknown.collect::<Vec<_>>(), Vec::<&&str>::new());
}
