//! Differences from the Python SDK that are intended.
//!
//! Every row names its reason in `docs/decisions/0001-differences-from-the-python-sdk.md`.
//! A row that a scenario does not show any more fails that scenario.

use super::compare::Gap;

/// A kind of difference.
pub(super) struct Difference {
    /// The row of the decision record that gives the reason.
    pub(super) row: &'static str,
    /// Every one of them shows it, in both modes.
    pub(super) scenarios: &'static [&'static str],
    /// The path of the member; `*` stands for anything.
    pub(super) path: &'static str,
    /// The Python SDK's value, as JSON; `*` stands for anything.
    pub(super) expected: &'static str,
    /// The crate's value.
    pub(super) ours: &'static str,
}

impl Difference {
    fn explains(&self, gap: &Gap) -> bool {
        matches(self.path, &gap.path) && matches(self.expected, &gap.expected) && matches(self.ours, &gap.got)
    }
}

/// A line for every gap without a row and for every row without a gap.
pub(super) fn unexplained(scenario: &str, gaps: Vec<Gap>) -> impl Iterator<Item = String> {
    let rows: Vec<_> = DIFFERENCES.iter().filter(|row| row.scenarios.contains(&scenario)).collect();
    let idle = rows.iter().filter(|row| !gaps.iter().any(|gap| row.explains(gap)));
    let idle: Vec<_> = idle.map(|row| format!("{}: no longer differs at {}", row.row, row.path)).collect();
    let open = gaps.into_iter().filter(move |gap| !rows.iter().any(|row| row.explains(gap)));
    open.map(|gap| gap.to_string()).chain(idle)
}

/// Matches a text against a pattern with `*`.
fn matches(form: &str, text: &str) -> bool {
    let Some((before, after)) = form.split_once('*') else { return form == text };
    let Some(rest) = text.strip_prefix(before) else { return false };
    (0..=rest.len()).filter_map(|at| rest.get(at..)).any(|rest| matches(after, rest))
}

pub(super) const DIFFERENCES: &[Difference] = &[
    Difference {
        row: "P1",
        scenarios: &[
            "agent_manifest",
            "annotate_invalid",
            "annotate_llm_dict",
            "annotate_llm_string",
            "annotate_llm_tool_calls",
            "annotate_metadata_types",
            "annotation_context_prompt_cost",
            "apm_between",
            "asyncio_tasks",
            "cost_tags",
            "decorators_async_generator",
            "decorators_defaults",
            "distributed_no_llmobs_parent",
            "distributed_other_ml_app",
            "distributed_three_hops",
            "distributed_w3c_only",
            "eval_and_spans_together",
            "huge_input_truncated",
            "kind_model_provider_case",
            "processor_drop",
            "processor_empty_and_errors",
            "processor_redact",
            "prompt_chat_template",
            "prompt_defaults",
            "prompt_full",
            "prompt_invalid",
            "prompt_merge_and_kinds",
            "session_root_inherited",
            "tool_definitions",
        ],
        path: "spans.*.meta.model_provider",
        expected: r#""unknown""#,
        ours: r#""custom""#,
    },
    Difference {
        row: "P1",
        scenarios: &["decorators_defaults", "kind_model_provider_case"],
        path: "spans.*.meta.model_name",
        expected: r#""unknown""#,
        ours: r#""custom""#,
    },
    Difference {
        row: "P2",
        scenarios: &["apm_parent"],
        path: "spans.root_2._dd.apm_trace_id",
        expected: r#""<apm#1>""#,
        ours: r#""<apm#2>""#,
    },
    Difference {
        row: "P3",
        scenarios: &["decorator_error", "error_exception", "error_kinds"],
        path: "spans.*.meta.error.stack",
        expected: r#""<stack>""#,
        ours: "<absent>",
    },
    Difference {
        row: "P4",
        scenarios: &["error_kinds"],
        path: "spans.by_hand.meta.error",
        expected: "<absent>",
        ours: r#"{"type":"<error type>"}"#,
    },
    Difference {
        row: "P4",
        scenarios: &["error_kinds"],
        path: "spans.by_hand.tags.error_type",
        expected: "<absent>",
        ours: r#""<error type>""#,
    },
    Difference {
        row: "P5",
        scenarios: &["decorator_error", "decorators_async_generator", "decorators_defaults"],
        path: "spans.*.tags.decorator",
        expected: r#""1""#,
        ours: "<absent>",
    },
    Difference {
        row: "P6",
        scenarios: &["annotate_invalid"],
        path: "spans.bad_messages.meta.output",
        expected: "<absent>",
        ours: r#"{"messages":[{"tool_calls":[{"name":"n"}]}]}"#,
    },
    Difference {
        row: "P42",
        scenarios: &["annotate_invalid"],
        path: "spans.bad_documents.meta.input",
        expected: "<absent>",
        ours: r#"{"documents":*"#,
    },
    Difference {
        row: "P42",
        scenarios: &["annotate_invalid"],
        path: "spans.bad_messages.meta.input",
        expected: "<absent>",
        ours: r#"{"messages":*"#,
    },
    Difference {
        row: "P42",
        scenarios: &["annotate_invalid"],
        path: "spans.bad_retrieval.meta.output",
        expected: "<absent>",
        ours: r#"{"documents":[{"text":"7"}]}"#,
    },
    Difference {
        row: "P7",
        scenarios: &["annotate_retrieval_outputs"],
        path: "spans.list.meta.output.documents[1].score",
        expected: "<absent>",
        ours: "0",
    },
    Difference {
        row: "P8",
        scenarios: &["annotate_tags_characters"],
        path: "spans.chars.tags.",
        expected: r#""empty key""#,
        ours: "<absent>",
    },
    Difference { row: "P9", scenarios: &["buffer_limit"], path: "spans.<count>", expected: "1000", ours: "1010" },
    Difference {
        row: "P10",
        scenarios: &["huge_metadata"],
        path: "spans.huge_meta.meta.metadata",
        expected: r#"{"big":"<5100000 bytes of 'z'>"}"#,
        ours: "<absent>",
    },
    Difference {
        row: "P11",
        scenarios: &["ml_app_default_unnamed"],
        path: "spans.t.tags.ml_app",
        expected: r#""tmp""#,
        ours: r#""it-*""#,
    },
    Difference {
        row: "P11",
        scenarios: &["ml_app_default_unnamed"],
        path: "spans.t.tags.service",
        expected: r#""tmp""#,
        ours: "<absent>",
    },
    Difference {
        row: "P21",
        scenarios: &["prompt_defaults"],
        path: "spans.empty.meta.input.prompt.id",
        expected: r#""golden-app_unnamed-prompt""#,
        ours: r#""span-app_unnamed-prompt""#,
    },
    Difference {
        row: "P21",
        scenarios: &["prompt_defaults"],
        path: "spans.empty.meta.input.prompt.ml_app",
        expected: r#""golden-app""#,
        ours: r#""span-app""#,
    },
    Difference {
        row: "P22",
        scenarios: &["prompt_merge_and_kinds"],
        path: "spans.merge.meta.input.prompt.id",
        expected: r#""golden-app_unnamed-prompt""#,
        ours: r#""a""#,
    },
    Difference {
        row: "P23",
        scenarios: &["annotation_context_prompt_cost", "prompt_merge_and_kinds"],
        path: "spans.w*.tags.prompt_tracking_instrumentation_method",
        expected: r#""annotated""#,
        ours: "<absent>",
    },
    Difference {
        row: "P24",
        scenarios: &["cost_tags"],
        path: "spans.cost_task.meta.metadata._dd.spoof",
        expected: "1",
        ours: "<absent>",
    },
    Difference {
        row: "P25",
        scenarios: &["agent_manifest"],
        path: "spans.planner.meta.metadata._dd.agent_manifest.model_settings.banana",
        expected: "<absent>",
        ours: "1",
    },
    Difference {
        row: "P30",
        scenarios: &["processor_drop", "processor_empty_and_errors", "processor_redact"],
        path: "spans.*.tags.span.kind",
        expected: r#""*""#,
        ours: "<absent>",
    },
    Difference {
        row: "P31",
        scenarios: &["processor_empty_and_errors"],
        path: "spans.*_raise",
        expected: "{*}",
        ours: "<absent>",
    },
    Difference {
        row: "P31",
        scenarios: &["processor_empty_and_errors"],
        path: "spans.*_wrong",
        expected: "{*}",
        ours: "<absent>",
    },
    Difference {
        row: "P40",
        scenarios: &["distributed_three_hops"],
        path: "spans.client_send_request/process_request*tags.ml_app",
        expected: r#""golden-app""#,
        ours: r#""client-app""#,
    },
    Difference {
        row: "P41",
        scenarios: &["distributed_invalid"],
        path: "spans.t.tags.ml-proxy",
        expected: "<absent>",
        ours: r#""custom""#,
    },
    // Ids are numbered by their place.
    Difference {
        row: "P31",
        scenarios: &["processor_empty_and_errors"],
        path: "spans.t_empty.*",
        expected: r#""<*#4>""#,
        ours: r#""<*#2>""#,
    },
];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::compare::compare;
    use super::*;

    #[test]
    fn what_no_row_explains_and_what_no_gap_shows_is_told() {
        let sent = |provider: &str, extra: bool| {
            let mut meta = json!({"model_provider": provider, "model_name": "m"});
            if extra {
                meta["extra"] = json!([1]);
            }
            json!({"spans": {"s": {"meta": meta}}})
        };
        let lines = |got| unexplained("annotate_llm_dict", compare(&sent("unknown", false), &got)).collect::<Vec<_>>();
        assert_eq!(lines(sent("custom", false)), Vec::<String>::new());
        assert_eq!(lines(sent("unknown", false)), ["P1: no longer differs at spans.*.meta.model_provider"]);
        assert_eq!(lines(sent("custom", true)), ["spans.s.meta.extra: expected <absent>, got [1]"]);
        assert_eq!(
            lines(sent("other", false)),
            [
                r#"spans.s.meta.model_provider: expected "unknown", got "other""#,
                "P1: no longer differs at spans.*.meta.model_provider",
            ],
        );
    }
}
