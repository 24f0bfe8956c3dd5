//! Texts like prompts: words, some line breaks, a few quotes, the same in every run.

/// The texts that the workloads record.
#[derive(Debug)]
pub struct Texts {
    /// The input text.
    pub input: String,
    /// The output text.
    pub output: String,
}

impl Texts {
    /// Texts of so many bytes.
    pub fn new(input_bytes: usize, output_bytes: usize) -> Self {
        Self { input: prose(input_bytes, 1), output: prose(output_bytes, 2) }
    }
}

fn prose(bytes: usize, seed: u64) -> String {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut text = String::with_capacity(bytes + 16);
    while text.len() < bytes {
        let word = WORDS[random.usize(..WORDS.len())];
        match random.u32(..40) {
            0 => text.extend(["\"", word, "\""]),
            1 => text.extend([word, ".\n"]),
            2 => text.extend([word, ","]),
            _ => text.push_str(word),
        }
        text.push(' ');
    }
    text.truncate(bytes);
    text
}

const WORDS: [&str; 32] = [
    "the",
    "of",
    "and",
    "to",
    "a",
    "in",
    "is",
    "that",
    "for",
    "model",
    "answer",
    "question",
    "context",
    "document",
    "customer",
    "please",
    "summarise",
    "following",
    "weather",
    "invoice",
    "with",
    "which",
    "should",
    "because",
    "language",
    "result",
    "tool",
    "search",
    "between",
    "without",
    "explain",
    "number",
];
