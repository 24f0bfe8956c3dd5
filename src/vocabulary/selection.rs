//! Which vocabularies of other crates are heard.

/// A set of vocabularies; our own is always heard and not among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Vocabularies(u32);

impl Vocabularies {
    pub(crate) const NONE: Self = Self(0);
    /// `OpenTelemetry` `GenAI`, all generations, evaluations too.
    pub(crate) const GEN_AI: Self = Self(1);
    pub(crate) const OPENINFERENCE: Self = Self(1 << 1);
    /// Traceloop and `OpenLLMetry`.
    pub(crate) const TRACELOOP: Self = Self(1 << 2);
    pub(crate) const LANGFUSE: Self = Self(1 << 3);
    pub(crate) const VERCEL: Self = Self(1 << 4);
    /// What says how a span went and who called: `otel.*`, `error*`, `exception.*`, `session.id`, `user.id`.
    pub(crate) const OTEL: Self = Self(1 << 5);
    pub(crate) const MCP: Self = Self(1 << 6);
    pub(crate) const LANGCHAIN_RUST: Self = Self(1 << 7);
    pub(crate) const GEMINI_RUST: Self = Self(1 << 8);
    pub(crate) const ADK_RUST: Self = Self(1 << 9);
    pub(crate) const ALL: Self = Self((1 << 10) - 1);

    /// The word for each in configuration.
    pub(crate) const NAMES: [(&'static str, Self); 10] = [
        ("gen_ai", Self::GEN_AI),
        ("openinference", Self::OPENINFERENCE),
        ("traceloop", Self::TRACELOOP),
        ("langfuse", Self::LANGFUSE),
        ("vercel", Self::VERCEL),
        ("otel", Self::OTEL),
        ("mcp", Self::MCP),
        ("langchain_rust", Self::LANGCHAIN_RUST),
        ("gemini_rust", Self::GEMINI_RUST),
        ("adk_rust", Self::ADK_RUST),
    ];

    /// The one that configuration calls by this name; `-` and `_` are the same, and so is upper case.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let name = name.trim().to_ascii_lowercase().replace('-', "_");
        Self::NAMES.iter().find(|(own, _)| *own == name).map(|(_, vocabulary)| *vocabulary)
    }

    pub(crate) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `other` are in here.
    pub(crate) const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether any of `other` is in here.
    pub(crate) const fn has_any(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.0 == 0
    }
}
