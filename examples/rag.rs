//! A workflow with retrieval: a question is answered from documents. Every model call carries its prompt and version, and
//! names the variables with the question and the documents, by which Datadog detects hallucinations. All spans of the
//! request have the tags of an experiment. The model is a stub; a receiver on loopback takes the place of Datadog.
//!
//! ```sh
//! cargo run --example rag
//! ```

use std::time::Duration;

use llmobs_receiver::Receiver;
use tracing_llmobs::{
    Annotation, Document, LlmObsSpanExt, Message, Prompt, annotation_context, llm_span, metric, retrieval_span,
    workflow_span,
};
use tracing_subscriber::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let receiver = Receiver::bind("127.0.0.1:0")?;
    let settings = tracing_llmobs::builder().ml_app("bike-shop").service("support").env("example");
    let (layer, guard) = settings.agentless(false).agent_url(receiver.url()).start()?;
    tracing_subscriber::registry().with(layer).init();

    // Every span that starts inside gets these tags; Datadog groups costs by experiment.
    let experiment = annotation_context().tag("experiment", "short-answers").cost_tags(["experiment"]);
    experiment.scope(|| answer("May I return a helmet that I wore?"));

    guard.shutdown(Duration::from_secs(5))?;
    receiver.print_all()?;
    Ok(())
}

fn answer(question: &str) -> String {
    let span = workflow_span!("answer_question", llmobs.session_id = "visit-7");
    let _entered = span.enter();
    let found = search(question);
    let answer = ask(question, &found);
    span.annotate(Annotation::new().input(question).output(&answer));
    answer
}

fn search(question: &str) -> Vec<Document> {
    let span = retrieval_span!("search_rules");
    let words: Vec<String> = question.to_lowercase().split(' ').map(str::to_owned).collect();
    let score = |text: &str| words.iter().filter(|word| text.to_lowercase().contains(word.as_str())).count();
    let mut found: Vec<_> = RULES.iter().map(|(name, text)| (score(text), *name, *text)).collect();
    found.sort_by_key(|(score, ..)| std::cmp::Reverse(*score));
    let best = found.into_iter().take(2);
    let documents: Vec<_> = best
        .map(|(score, name, text)| {
            Document::new(text).name(name).id(name).score(f64::from(u8::try_from(score).unwrap_or(u8::MAX)))
        })
        .collect();
    span.annotate(Annotation::new().input(question).output(documents.clone()).metadata("top_k", 2));
    documents
}

fn ask(question: &str, found: &[Document]) -> String {
    let span = llm_span!("answer", llmobs.model_name = "gpt-4o-mini", llmobs.model_provider = "openai");
    let rules = found.iter().map(|document| document.text.as_str()).collect::<Vec<_>>().join("\n");
    let prompt = Prompt::new("answer-from-rules")
        .version("3")
        .chat_template([Message::system("Answer from these rules only:\n{{rules}}"), Message::user("{{question}}")])
        .variable("rules", rules.as_str())
        .variable("question", question)
        .rag_context_variables(["rules"])
        .rag_query_variables(["question"])
        .tag("owner", "support");
    let messages = [Message::system(format!("Answer from these rules only:\n{rules}")), Message::user(question)];
    let answer = "No: you may return a helmet within 30 days, if you did not wear it.";
    span.annotate(
        Annotation::new()
            .prompt(prompt)
            .input(messages)
            .output(Message::assistant(answer))
            .metadata("temperature", 0)
            .metric(metric::INPUT_TOKENS, 74)
            .metric(metric::OUTPUT_TOKENS, 19),
    );
    answer.to_owned()
}

const RULES: [(&str, &str); 3] = [
    ("returns", "You may return a helmet within 30 days, if you did not wear it."),
    ("orders", "We tell where an order is by its number, for example A-1000."),
    ("workshop", "A repair takes two days; brakes are done at once."),
];
