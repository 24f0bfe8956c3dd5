//! The prompt that a call of a model was made with.

use serde_json::{Map, Value};

use super::content::{Message, Role, retained_json_bytes};
use super::tags::Tags;

/// The prompt of an `llm` span: which template in which version, and what was put into it.
///
/// On the wire it is `meta.input.prompt`, beside the messages. Repeated annotation merges: variables and tags
/// key by key, of everything else the later one wins. An `llm` span without a prompt gets that of the LLM span
/// directly above it; other kinds only pass it on.
///
/// # Example
///
/// ```
/// use tracing_llmobs::{Annotation, Prompt};
///
/// let prompt = Prompt::new("rag-answer")
///     .version("3")
///     .template("Answer {{question}} from {{context}}")
///     .variable("question", "Do I need a jacket?")
///     .variable("context", "Below 15 degrees wear a jacket.");
/// let annotation = Annotation::new().prompt(prompt);
/// # let _ = annotation;
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Prompt {
    /// What it is called; default is the application's name with `_unnamed-prompt` behind it.
    pub id: Option<String>,
    /// The application it belongs to; default is the span's.
    pub ml_app: Option<String>,
    /// Its version; without one the intake makes one of the template.
    pub version: Option<String>,
    /// For example `production`.
    pub label: Option<String>,
    /// The text before the variables were put in.
    pub template: Option<Template>,
    /// What was put in, by name.
    pub variables: Map<String, Value>,
    /// Tags of the prompt, not of the span.
    pub tags: Tags,
    /// The variables that hold what was retrieved, for the detection of hallucinations; default is `context`.
    pub rag_context_variables: Vec<String>,
    /// The variables that hold the question; default is `question`.
    pub rag_query_variables: Vec<String>,
    /// The id of a prompt that Datadog manages.
    pub prompt_uuid: Option<String>,
    /// The id of its version.
    pub prompt_version_uuid: Option<String>,
    /// It was said in the words of another vocabulary, which has no defaults: it goes out as it is.
    pub without_defaults: bool,
}

/// The text of a prompt before the variables were put in.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Template {
    /// One text. On the wire `template`.
    Text(String),
    /// A conversation. On the wire `chat_template`.
    Chat(Vec<TemplatePart>),
}

/// One turn of a [`Template::Chat`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum TemplatePart {
    /// On the wire `{"role":"…","content":"…"}`.
    Message {
        /// Whose turn it is.
        role: Role,
        /// The text, with variables.
        content: String,
    },
    /// Where messages are put in. On the wire `{"type":"placeholder","name":"…"}`.
    Placeholder(String),
}

impl Prompt {
    /// The prompt of this name.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: Some(id.into()), ..Self::default() }
    }

    /// A prompt that has the default name, or keeps the one it has when it is merged.
    pub fn unnamed() -> Self {
        Self::default()
    }

    /// Sets the version.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = Some(version.into());
        self
    }

    /// Sets the label, for example `production`.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Sets the template; it takes the place of a conversation.
    pub fn template(mut self, template: impl Into<String>) -> Self {
        self.template = Some(Template::Text(template.into()));
        self
    }

    /// Sets the template of a conversation; it takes the place of a text.
    pub fn chat_template<P: Into<TemplatePart>>(mut self, parts: impl IntoIterator<Item = P>) -> Self {
        self.template = Some(Template::Chat(parts.into_iter().map(Into::into).collect()));
        self
    }

    /// Sets one variable.
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// Sets a tag of the prompt.
    pub fn tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.insert(key.into(), value.into());
        self
    }

    /// Names the variables that hold what was retrieved; default is `context`.
    pub fn rag_context_variables<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.rag_context_variables = names.into_iter().map(Into::into).collect();
        self
    }

    /// Names the variables that hold the question; default is `question`.
    pub fn rag_query_variables<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.rag_query_variables = names.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the ids of a prompt that Datadog manages, and of its version.
    pub fn managed(mut self, prompt_uuid: impl Into<String>, prompt_version_uuid: impl Into<String>) -> Self {
        self.prompt_uuid = Some(prompt_uuid.into());
        self.prompt_version_uuid = Some(prompt_version_uuid.into());
        self
    }

    /// Lays `later` over this.
    pub fn merge(&mut self, later: Self) {
        let pairs = [
            (&mut self.id, later.id),
            (&mut self.ml_app, later.ml_app),
            (&mut self.version, later.version),
            (&mut self.label, later.label),
            (&mut self.prompt_uuid, later.prompt_uuid),
            (&mut self.prompt_version_uuid, later.prompt_version_uuid),
        ];
        for (slot, later) in pairs {
            if later.is_some() {
                *slot = later;
            }
        }
        if later.template.is_some() {
            self.template = later.template;
        }
        self.without_defaults &= later.without_defaults;
        self.variables.extend(later.variables);
        self.tags.extend(&later.tags);
        if !later.rag_context_variables.is_empty() {
            self.rag_context_variables = later.rag_context_variables;
        }
        if !later.rag_query_variables.is_empty() {
            self.rag_query_variables = later.rag_query_variables;
        }
    }

    /// Fills in what nobody said.
    pub fn complete(&mut self, ml_app: &str) {
        if self.without_defaults {
            return;
        }
        let name = || format!("{ml_app}_unnamed-prompt");
        self.id.get_or_insert_with(name);
        self.ml_app.get_or_insert_with(|| ml_app.to_owned());
        for (names, default) in
            [(&mut self.rag_context_variables, "context"), (&mut self.rag_query_variables, "question")]
        {
            if names.is_empty() {
                names.push(default.to_owned());
            }
        }
    }

    /// Bytes of text in here, about.
    pub fn text_bytes(&self) -> usize {
        let texts = [&self.id, &self.version, &self.label, &self.prompt_uuid, &self.prompt_version_uuid];
        let texts = texts.into_iter().flatten().fold(0_usize, |sum, text| sum.saturating_add(text.len()));
        let template = match &self.template {
            None => 0,
            Some(Template::Text(text)) => text.len(),
            Some(Template::Chat(parts)) => {
                parts.iter().fold(0_usize, |sum, part| sum.saturating_add(part.text_bytes()))
            }
        };
        let variables = self.variables.iter().fold(0_usize, |sum, (name, value)| {
            sum.saturating_add(name.len()).saturating_add(retained_json_bytes(value))
        });
        texts.saturating_add(template).saturating_add(variables).saturating_add(self.tags.text_bytes())
    }
}

impl TemplatePart {
    /// Where messages are put in.
    pub fn placeholder(name: impl Into<String>) -> Self {
        Self::Placeholder(name.into())
    }

    fn text_bytes(&self) -> usize {
        match self {
            Self::Message { role, content } => role.as_str().len().saturating_add(content.len()),
            Self::Placeholder(name) => name.len(),
        }
    }
}

impl From<Message> for TemplatePart {
    /// Takes the role and the content.
    fn from(message: Message) -> Self {
        Self::Message { role: message.role, content: message.content }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_wins_and_maps_merge() {
        let mut prompt = Prompt::new("a").version("1").template("t").variable("x", 1).variable("y", 1).tag("k", "v");
        prompt.merge(Prompt::unnamed().version("2").variable("x", 2).tag("l", "w"));
        let expected = Prompt::new("a").version("2").template("t").variable("x", 2).variable("y", 1);
        assert_eq!(prompt, expected.tag("k", "v").tag("l", "w"));
        prompt.merge(Prompt::new("b").chat_template([Message::user("{{x}}")]));
        assert_eq!((prompt.id.as_deref(), matches!(prompt.template, Some(Template::Chat(_)))), (Some("b"), true));
    }

    #[test]
    fn what_is_said_is_not_replaced_by_a_default() {
        let mut bare = Prompt::unnamed();
        bare.complete("app");
        assert_eq!((bare.id.as_deref(), bare.ml_app.as_deref()), (Some("app_unnamed-prompt"), Some("app")));
        assert_eq!(
            (bare.rag_context_variables, bare.rag_query_variables),
            (vec!["context".to_owned()], vec!["question".to_owned()])
        );
        let mut said = Prompt::new("p").rag_context_variables(["c"]).rag_query_variables(["q"]);
        said.complete("app");
        assert_eq!(
            (said.id.as_deref(), said.rag_context_variables, said.rag_query_variables),
            (Some("p"), vec!["c".to_owned()], vec!["q".to_owned()])
        );
    }
}
