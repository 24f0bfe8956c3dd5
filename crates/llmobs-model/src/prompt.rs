//! Prompts: templates and variables that a model was called with.

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};

use super::json_size::{retained_members_bytes, sum_bytes, text_bytes, texts_bytes};
use super::message::{Message, Role};
use super::tags::Tags;
use super::wire;

/// The prompt of an `llm` span: a template with its version, and the variables that were inserted.
///
/// On the wire it is `meta.input.prompt`, beside the messages. Repeated annotation merges variables and tags key by key; of
/// everything else the later value wins. An `llm` span without a prompt gets the prompt of its parent.
///
/// # Example
///
/// ```
/// use llmobs_model::{Annotation, Prompt};
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
    /// The id of the prompt; default is the name of the application with `_unnamed-prompt` appended.
    pub id: Option<String>,
    /// The application that the prompt belongs to; default is the application of the span.
    pub ml_app: Option<String>,
    /// The version; the intake derives one from the template if there is none.
    pub version: Option<String>,
    /// A label, for example `production`.
    pub label: Option<String>,
    /// The text before variables were inserted.
    pub template: Option<Template>,
    /// The inserted values by name.
    pub variables: Map<String, Value>,
    /// Tags of the prompt, not of the span.
    pub tags: Tags,
    /// The variables that hold retrieved text, for the detection of hallucinations; default is `context`.
    pub rag_context_variables: Vec<String>,
    /// The variables that hold the question; default is `question`.
    pub rag_query_variables: Vec<String>,
    /// The id of a prompt that Datadog manages.
    pub prompt_uuid: Option<String>,
    /// The id of its version.
    pub prompt_version_uuid: Option<String>,
    /// True for a prompt from the attributes of another convention, which gets no defaults.
    #[doc(hidden)]
    pub without_defaults: bool,
}

/// The text of a prompt before variables were inserted.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Template {
    /// A text. On the wire `template`.
    Text(String),
    /// A conversation. On the wire `chat_template`.
    Chat(Vec<TemplatePart>),
}

/// A turn of a [`Template::Chat`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum TemplatePart {
    /// A message. On the wire `{"role":"…","content":"…"}`.
    Message {
        /// The role of the speaker.
        role: Role,
        /// The text, with variables.
        content: String,
    },
    /// A place where messages are inserted. On the wire `{"type":"placeholder","name":"…"}`.
    Placeholder(String),
}

impl Prompt {
    /// Creates the prompt with this id.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: Some(id.into()), ..Self::default() }
    }

    /// Creates a prompt without an id, which gets the default, or keeps the id of the prompt that it merges into.
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

    /// Sets the template, instead of a conversation.
    pub fn template(mut self, template: impl Into<String>) -> Self {
        self.template = Some(Template::Text(template.into()));
        self
    }

    /// Sets the template of a conversation, instead of a text.
    pub fn chat_template<P: Into<TemplatePart>>(mut self, parts: impl IntoIterator<Item = P>) -> Self {
        self.template = Some(Template::Chat(parts.into_iter().map(Into::into).collect()));
        self
    }

    /// Sets a variable.
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// Sets a tag of the prompt.
    pub fn tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.insert(key.into(), value.into());
        self
    }

    /// Names the variables that hold retrieved text; default is `context`.
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

    /// Merges `later` over this prompt.
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

    /// Sets the defaults of members that are missing.
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

    /// Returns the bytes that the prompt retains, about.
    /// Returns the bytes that the prompt retains, near enough to bound memory with.
    #[doc(hidden)]
    pub fn text_bytes(&self) -> usize {
        let texts = [&self.id, &self.version, &self.label, &self.prompt_uuid, &self.prompt_version_uuid];
        let texts = texts_bytes(texts);
        let template = match &self.template {
            None => 0,
            Some(Template::Text(text)) => text_bytes(text),
            Some(Template::Chat(parts)) => sum_bytes(parts, TemplatePart::text_bytes),
        };
        texts
            .saturating_add(template)
            .saturating_add(retained_members_bytes(&self.variables))
            .saturating_add(self.tags.text_bytes())
    }
}

impl TemplatePart {
    /// Creates a place where messages are inserted.
    pub fn placeholder(name: impl Into<String>) -> Self {
        Self::Placeholder(name.into())
    }

    fn text_bytes(&self) -> usize {
        match self {
            Self::Message { role, content } => role.as_str().len().saturating_add(text_bytes(content)),
            Self::Placeholder(name) => text_bytes(name),
        }
    }
}

impl From<Message> for TemplatePart {
    /// Keeps the role and the content.
    fn from(message: Message) -> Self {
        Self::Message { role: message.role, content: message.content }
    }
}

/// Writes a prompt as `meta.input.prompt`.
///
/// Source: dd-trace-py 4.16 `ddtrace/llmobs/_utils.py` (`_validate_prompt`), August 2026.
impl Serialize for Prompt {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", self.id.as_deref().unwrap_or_default())?;
        for (name, text) in [("ml_app", &self.ml_app), ("version", &self.version), ("label", &self.label)] {
            if let Some(text) = text {
                map.serialize_entry(name, text)?;
            }
        }
        match &self.template {
            Some(Template::Text(text)) => map.serialize_entry("template", text)?,
            Some(Template::Chat(parts)) => map.serialize_entry("chat_template", parts)?,
            None => {}
        }
        if !self.variables.is_empty() {
            map.serialize_entry("variables", &Variables(&self.variables))?;
        }
        if !self.tags.is_empty() {
            map.serialize_entry("tags", &TagsByKey(&self.tags))?;
        }
        for (name, variables) in
            [(CONTEXT_VARIABLES, &self.rag_context_variables), (QUERY_VARIABLES, &self.rag_query_variables)]
        {
            if !variables.is_empty() {
                map.serialize_entry(name, variables)?;
            }
        }
        for (name, text) in [("prompt_uuid", &self.prompt_uuid), ("prompt_version_uuid", &self.prompt_version_uuid)] {
            if let Some(text) = text {
                map.serialize_entry(name, text)?;
            }
        }
        map.end()
    }
}

struct Variables<'a>(&'a Map<String, Value>);

impl Serialize for Variables<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // `meta` is level 0, then `input`, `prompt`, `variables`.
        wire::object_at::<3, S>(self.0, serializer)
    }
}

/// Tags of a prompt, which are an object; those of a span are an array.
struct TagsByKey<'a>(&'a Tags);

impl Serialize for TagsByKey<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter())
    }
}

/// Reads a prompt; members of an unknown form are left out.
impl<'de> Deserialize<'de> for Prompt {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let members = PromptMembers::deserialize(deserializer)?;
        let template = members.template.map(Template::Text).or(members.chat_template.map(Template::Chat));
        Ok(Self {
            id: members.id,
            ml_app: members.ml_app,
            version: members.version,
            label: members.label,
            template,
            variables: members.variables,
            tags: members.tags,
            rag_context_variables: members.rag_context_variables,
            rag_query_variables: members.rag_query_variables,
            prompt_uuid: members.prompt_uuid,
            prompt_version_uuid: members.prompt_version_uuid,
            without_defaults: false,
        })
    }
}

#[derive(serde::Deserialize, Default)]
#[serde(default)]
struct PromptMembers {
    #[serde(deserialize_with = "wire::word")]
    id: Option<String>,
    #[serde(deserialize_with = "wire::word")]
    ml_app: Option<String>,
    #[serde(deserialize_with = "wire::word")]
    version: Option<String>,
    #[serde(deserialize_with = "wire::word")]
    label: Option<String>,
    #[serde(deserialize_with = "wire::word")]
    template: Option<String>,
    #[serde(deserialize_with = "wire::optional_list")]
    chat_template: Option<Vec<TemplatePart>>,
    #[serde(deserialize_with = "wire::object")]
    variables: Map<String, Value>,
    tags: Tags,
    #[serde(rename = "_dd_context_variable_keys", deserialize_with = "wire::words")]
    rag_context_variables: Vec<String>,
    #[serde(rename = "_dd_query_variable_keys", deserialize_with = "wire::words")]
    rag_query_variables: Vec<String>,
    #[serde(deserialize_with = "wire::word")]
    prompt_uuid: Option<String>,
    #[serde(deserialize_with = "wire::word")]
    prompt_version_uuid: Option<String>,
}

impl Serialize for TemplatePart {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        match self {
            Self::Message { role, content } => {
                map.serialize_entry("role", role)?;
                map.serialize_entry("content", content)?;
            }
            Self::Placeholder(name) => {
                map.serialize_entry("type", PLACEHOLDER)?;
                map.serialize_entry("name", name)?;
            }
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for TemplatePart {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let PartMembers { part_type, name, role, content } = PartMembers::deserialize(deserializer)?;
        Ok(if part_type.as_deref() == Some(PLACEHOLDER) {
            Self::Placeholder(name)
        } else {
            Self::Message { role, content }
        })
    }
}

#[derive(serde::Deserialize, Default)]
#[serde(default)]
struct PartMembers {
    #[serde(rename = "type", deserialize_with = "wire::word")]
    part_type: Option<String>,
    #[serde(deserialize_with = "wire::text")]
    name: String,
    role: Role,
    #[serde(deserialize_with = "wire::text")]
    content: String,
}

const PLACEHOLDER: &str = "placeholder";
const CONTEXT_VARIABLES: &str = "_dd_context_variable_keys";
const QUERY_VARIABLES: &str = "_dd_query_variable_keys";

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
    fn a_value_that_is_set_is_not_replaced_by_a_default() {
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
