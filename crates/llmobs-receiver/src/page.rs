//! Lines of styled text, as wide as they may be.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};

use super::text;

/// How a trace is shown.
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
    /// 100 characters wide, without colours.
    pub const fn new() -> Self {
        Self { width: DEFAULT_WIDTH, color: false }
    }

    /// Sets how many characters a line may have; default 100, at least 40.
    pub fn width(mut self, characters: usize) -> Self {
        self.width = characters.max(MIN_WIDTH);
        self
    }

    /// Sets whether to use ANSI colours; default is not to.
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

/// One line, in pieces of one style each.
#[derive(Debug, Clone, Default)]
pub(super) struct Line {
    pieces: Vec<(Style, String)>,
}

impl Line {
    /// Adds text of ours, or that was made visible before.
    pub(super) fn with(mut self, style: Style, text: &str) -> Self {
        self.pieces.push((style, text.to_owned()));
        self
    }

    /// Adds text from elsewhere.
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

/// The text so far.
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
/// What is shown of a name, a model, a session.
const MAX_NAME: usize = 80;
