//! The set of semantic conventions that are recognised.

/// A set of semantic conventions.
///
/// ```
/// use llmobs_conventions::Conventions;
///
/// let both = Conventions::GEN_AI.with(Conventions::LANGFUSE);
/// assert!(both.contains(Conventions::GEN_AI) && !both.contains(Conventions::ALL));
/// assert_eq!(Conventions::named("Gen-AI"), Some(Conventions::GEN_AI));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conventions(u32);

impl Conventions {
    /// No convention.
    pub const NONE: Self = Self(0);
    /// `OpenTelemetry` `GenAI` in all versions, with its events and evaluations.
    pub const GEN_AI: Self = Self(1);
    /// `OpenInference` of Arize Phoenix.
    pub const OPENINFERENCE: Self = Self(1 << 1);
    /// Traceloop's `OpenLLMetry`.
    pub const TRACELOOP: Self = Self(1 << 2);
    /// Langfuse.
    pub const LANGFUSE: Self = Self(1 << 3);
    /// Vercel's AI SDK.
    pub const VERCEL: Self = Self(1 << 4);
    /// `OpenTelemetry`'s general attributes of status and origin: `otel.*`, `error*`, `exception.*`, `session.id`, `user.id`.
    pub const OTEL: Self = Self(1 << 5);
    /// The Model Context Protocol.
    pub const MCP: Self = Self(1 << 6);
    /// Spans of the crate `langchain_rust`.
    pub const LANGCHAIN_RUST: Self = Self(1 << 7);
    /// Spans of the crate `gemini_rust`.
    pub const GEMINI_RUST: Self = Self(1 << 8);
    /// Spans of the `adk_*` crates.
    pub const ADK_RUST: Self = Self(1 << 9);
    /// Spans of the crates `swiftide_agents` and `swiftide_integrations`.
    pub const SWIFTIDE: Self = Self(1 << 10);
    /// Every convention.
    pub const ALL: Self = Self((1 << 11) - 1);

    /// Each convention with its name in configuration.
    pub const NAMES: &'static [(&'static str, Self)] = &[
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
        ("swiftide", Self::SWIFTIDE),
    ];

    /// Returns the convention with this name in configuration; case does not matter, and `-` is `_`.
    pub fn named(name: &str) -> Option<Self> {
        let name = name.trim().to_ascii_lowercase().replace('-', "_");
        Self::NAMES.iter().find(|(own, _)| *own == name).map(|(_, convention)| *convention)
    }

    /// Returns the union of two sets.
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Returns whether all of `other` are in the set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Returns whether any of `other` is in the set.
    pub const fn has_any(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Returns whether the set is empty.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}
