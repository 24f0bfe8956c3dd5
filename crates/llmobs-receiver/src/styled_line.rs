//! Lines of styled text with a maximal width.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};

use super::visible_text as text;

/// The style of a trace as text.
///
/// # Example
///
/// ```
/// use llmobs_receiver::TreeStyle;
///
/// let style = TreeStyle::new().width(120).color(true);
/// # let _ = style;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a style changes nothing until a trace is shown in it"]
pub struct TreeStyle {
    pub(super) width: usize,
    pub(super) color: bool,
}

impl TreeStyle {
    /// Creates a style that is 100 characters wide and has no colours.
    pub const fn new() -> Self {
        Self { width: DEFAULT_WIDTH, color: false }
    }

    /// Sets the width of a line in characters; default 100, at least 40.
    pub fn width(mut self, characters: usize) -> Self {
        self.width = characters.max(MIN_WIDTH);
        self
    }

    /// Switches ANSI colours on or off; default off.
    pub const fn color(mut self, color: bool) -> Self {
        self.color = color;
        self
    }
}

impl Default for TreeStyle {
    fn default() -> Self {
        Self::new()
    }
}

/// A line, in pieces of one style each.
#[derive(Debug, Clone, Default)]
pub(super) struct Line {
    pieces: Vec<(Style, String)>,
}

impl Line {
    /// Adds text of this crate, or text that was made visible before.
    pub(super) fn with(mut self, style: Style, text: &str) -> Self {
        self.pieces.push((style, text.to_owned()));
        self
    }

    /// Adds text from outside, with control characters made visible.
    pub(super) fn with_foreign(self, style: Style, text: &str) -> Self {
        self.with(style, &text::visible(text, MAX_NAME))
    }

    pub(super) fn add(mut self, other: Self) -> Self {
        self.pieces.extend(other.pieces);
        self
    }

    pub(super) fn width(&self) -> usize {
        self.pieces.iter().fold(0, |sum, (_, text)| sum.saturating_add(text.chars().count()))
    }

    pub(super) fn cut(mut self, max: usize) -> Self {
        let mut room = max;
        let mut kept = Vec::new();
        let too_long = self.width() > max;
        for (style, text) in self.pieces.drain(..) {
            let length = text.chars().count();
            if length >= room && too_long {
                kept.push((style, text::cut(&(text + "…"), room)));
                break;
            }
            room = room.saturating_sub(length);
            kept.push((style, text));
        }
        Self { pieces: kept }
    }

    pub(super) fn pad(self, width: usize) -> Self {
        let gap = width.saturating_sub(self.width());
        self.with(PLAIN, &" ".repeat(gap))
    }
}

/// A text of lines that share a style.
pub(super) struct Page {
    text: String,
    style: TreeStyle,
}

impl Page {
    pub(super) const fn new(style: TreeStyle) -> Self {
        Self { text: String::new(), style }
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    pub(super) fn add(&mut self, line: Line) {
        let mut plain = String::new();
        for (style, text) in line.cut(self.style.width).pieces {
            let style = if self.style.color { style } else { PLAIN };
            // Writing to a string does not fail.
            let _ = write!(plain, "{style}{text}{style:#}");
        }
        self.text.push_str(plain.trim_end());
        self.text.push('\n');
    }
}

pub(super) const PLAIN: Style = Style::new();
pub(super) const STRONG: Style = Style::new().bold();
pub(super) const DIM: Style = Style::new().dimmed();
pub(super) const GOOD: Style = AnsiColor::Green.on_default();
pub(super) const BAD: Style = AnsiColor::Red.on_default();
pub(super) const WARN: Style = AnsiColor::Yellow.on_default();
pub(super) const TOKENS: Style = AnsiColor::BrightYellow.on_default();

pub(super) const DEFAULT_WIDTH: usize = 100;
const MIN_WIDTH: usize = 40;
/// Characters that are shown of a name, a model, a session.
const MAX_NAME: usize = 80;
