//! Search texts: words and `key:value` terms ─▶ a condition on traces.

use rusqlite::types::Value;

use crate::number::whole;

/// A search, as the user wrote it and as terms.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Filter {
    pub(crate) terms: Vec<Term>,
    /// Start of the time span, in nanoseconds since 1970.
    pub(crate) from_ns: Option<i64>,
    pub(crate) to_ns: Option<i64>,
}

/// A word, or a `key:value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Term {
    pub(crate) key: String,
    pub(crate) value: String,
    pub(crate) is_negated: bool,
}

impl Term {
    /// Returns the term as it is written in a search.
    pub(crate) fn text(&self) -> String {
        let quoted = |text: &str| {
            let is_plain = !text.is_empty() && !text.contains([' ', '"', '\t', '\n']);
            if is_plain { text.to_owned() } else { format!("\"{}\"", text.replace('"', "'")) }
        };
        let minus = if self.is_negated { "-" } else { "" };
        if self.key.is_empty() {
            format!("{minus}{}", quoted(&self.value))
        } else {
            format!("{minus}{}:{}", self.key, quoted(&self.value))
        }
    }

    pub(crate) fn new(key: &str, value: &str) -> Self {
        Self { key: key.to_owned(), value: value.to_owned(), is_negated: false }
    }
}

impl Filter {
    /// Parses a search. Every text is one: what is no term is a word.
    pub(crate) fn parse(text: &str) -> Self {
        let terms = pieces(text).into_iter().take(MAX_TERMS).filter_map(|piece| term(&piece)).collect();
        Self { terms, ..Self::default() }
    }

    /// Returns the search as text, the form that links carry.
    pub(crate) fn text(&self) -> String {
        self.terms.iter().map(Term::text).collect::<Vec<_>>().join(" ")
    }

    /// Returns the search with this term added, or removed when it has it.
    pub(crate) fn toggled(&self, term: &Term) -> Self {
        let mut filter = self.clone();
        filter.terms.retain(|own| own != term);
        if filter.terms.len() == self.terms.len() {
            filter.terms.push(term.clone());
        }
        filter
    }

    /// Returns the condition on the table `traces` under the name `t`, and its parameters.
    pub(crate) fn condition(&self) -> (String, Vec<Value>) {
        let mut sql = String::from("1");
        let mut values = Vec::new();
        for (column, bound) in [("t.start_ns >= ?", self.from_ns), ("t.start_ns < ?", self.to_ns)] {
            if let Some(bound) = bound {
                sql.push_str(" AND ");
                sql.push_str(column);
                values.push(Value::Integer(bound));
            }
        }
        let words: Vec<&str> = self
            .terms
            .iter()
            .filter(|term| term.key.is_empty() && !term.is_negated)
            .map(|term| term.value.as_str())
            .collect();
        if !words.is_empty() {
            sql.push_str(
                " AND t.id IN (SELECT s.trace FROM texts JOIN spans s ON s.id = texts.rowid WHERE texts MATCH ?)",
            );
            values.push(Value::Text(match_of(&words)));
        }
        for term in self.terms.iter().filter(|term| !term.key.is_empty() || term.is_negated) {
            let own = condition_of(term, &mut values);
            sql.push_str(if term.is_negated { " AND NOT (" } else { " AND (" });
            sql.push_str(&own);
            sql.push(')');
        }
        (sql, values)
    }
}

/// Splits at spaces outside of quotes.
fn pieces(text: &str) -> Vec<String> {
    let (mut pieces, mut piece, mut quoted) = (Vec::new(), String::new(), false);
    for letter in text.chars() {
        match letter {
            '"' => quoted = !quoted,
            space if space.is_whitespace() && !quoted => pieces.push(std::mem::take(&mut piece)),
            other => piece.push(other),
        }
    }
    pieces.push(piece);
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

fn term(piece: &str) -> Option<Term> {
    let (piece, is_negated) = piece.strip_prefix('-').map_or((piece, false), |rest| (rest, true));
    let (key, value) = match piece.split_once(':') {
        Some((key, value)) if !value.is_empty() && is_key(key) => (key, value),
        _ => ("", piece),
    };
    let value = value.trim();
    (!value.is_empty()).then(|| Term { key: key.to_owned(), value: value.to_owned(), is_negated })
}

fn is_key(key: &str) -> bool {
    key.starts_with(|first: char| first.is_ascii_alphabetic())
        && key.chars().all(|letter| letter.is_ascii_alphanumeric() || "._-/".contains(letter))
}

/// Returns a search of the text index in which all words are literal; the last may be a beginning.
fn match_of(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("\"{}\"", word.replace('"', "\"\""))).collect();
    format!("{}*", quoted.join(" "))
}

fn condition_of(term: &Term, values: &mut Vec<Value>) -> String {
    let (key, value) = (term.key.as_str(), term.value.as_str());
    let column = match key {
        "" => {
            values.push(Value::Text(match_of(&[value])));
            return "t.id IN (SELECT s.trace FROM texts JOIN spans s ON s.id = texts.rowid WHERE texts MATCH ?)"
                .to_owned();
        }
        "has" | "status" => match value {
            "error" => return "t.errors > 0".to_owned(),
            "ok" => return "t.errors = 0".to_owned(),
            "feedback" => return format!("EXISTS ({OF_TRACE} AND e.feedback = 1)"),
            "evaluation" => return format!("EXISTS ({OF_TRACE} AND e.feedback = 0)"),
            _ => return "0".to_owned(),
        },
        "eval" => {
            values.push(Value::Text(value.to_owned()));
            return format!("EXISTS ({OF_TRACE} AND e.assessment = ?)");
        }
        "ml_app" | "app" => "t.ml_app = ?",
        "session" => "t.session = ?",
        "trace" => "t.trace = ?",
        "name" => "t.name = ?",
        "kind" => "t.kind = ?",
        "model" => return contains("t.models", value, values),
        "duration" => return compare("(t.end_ns - t.start_ns)", value, duration_ns, values),
        "ttft" => return compare("t.ttft_ns", value, duration_ns, values),
        "cost" => {
            return compare(
                "t.cost",
                value,
                |text| number(text.trim_start_matches('$')).map(|cost| cost * 1e9),
                values,
            );
        }
        "tokens" => {
            return compare("(coalesce(t.tokens_in, 0) + coalesce(t.tokens_out, 0))", value, number, values);
        }
        "spans" => return compare("t.spans", value, number, values),
        "errors" => return compare("t.errors", value, number, values),
        "tag" => return contains("t.tags", value, values),
        other => return contains("t.tags", &format!("{other}:{value}"), values),
    };
    values.push(Value::Text(value.to_owned()));
    column.to_owned()
}

/// Evaluations of a trace, by any of its spans or by itself.
const OF_TRACE: &str = "SELECT 1 FROM evaluations e WHERE (e.trace = t.trace OR e.span IN \
    (SELECT s.span FROM spans s WHERE s.trace = t.id))";

fn contains(column: &str, value: &str, values: &mut Vec<Value>) -> String {
    values.push(Value::Text(format!("\n{value}\n")));
    format!("instr({column}, ?) > 0")
}

/// Reads `>5s`, `<5s`, `1s-5s` and `5s`; what is no number matches nothing.
fn compare(column: &str, text: &str, read: impl Fn(&str) -> Option<f64>, values: &mut Vec<Value>) -> String {
    let mut bound = |text: &str| read(text).map(|number| values.push(Value::Integer(whole(number))));
    let sql = if let Some(rest) = text.strip_prefix(">=") {
        bound(rest).map(|()| ">= ?")
    } else if let Some(rest) = text.strip_prefix("<=") {
        bound(rest).map(|()| "<= ?")
    } else if let Some(rest) = text.strip_prefix('>') {
        bound(rest).map(|()| "> ?")
    } else if let Some(rest) = text.strip_prefix('<') {
        bound(rest).map(|()| "< ?")
    } else if let Some((low, high)) = text.split_once('-') {
        if read(high).is_some() { bound(low).and_then(|()| bound(high)).map(|()| "BETWEEN ? AND ?") } else { None }
    } else {
        bound(text).map(|()| "= ?")
    };
    sql.map_or_else(|| "0".to_owned(), |sql| format!("{column} {sql}"))
}

fn number(text: &str) -> Option<f64> {
    let (digits, factor) = match text.strip_suffix(['k', 'K']) {
        Some(digits) => (digits, 1e3),
        None => text.strip_suffix(['m', 'M']).map_or((text, 1.0), |digits| (digits, 1e6)),
    };
    digits.trim().parse::<f64>().ok().filter(|number| number.is_finite()).map(|number| number * factor)
}

/// Reads `250ms`, `5s`, `2m`, `1h`; without a unit, seconds.
pub(crate) fn duration_ns(text: &str) -> Option<f64> {
    let units =
        [("ms", 1e6), ("us", 1e3), ("µs", 1e3), ("ns", 1.0), ("s", 1e9), ("m", 6e10), ("h", 3.6e12), ("d", 8.64e13)];
    let found = units.iter().find_map(|(unit, factor)| text.strip_suffix(unit).map(|digits| (digits, *factor)));
    let (digits, factor) = found.unwrap_or((text, 1e9));
    digits.trim().parse::<f64>().ok().filter(|number| number.is_finite()).map(|number| number * factor)
}

const MAX_TERMS: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_keeps_its_text() {
        for (text, back) in [
            ("", ""),
            ("helmet  return", "helmet return"),
            ("has:error model:gpt-4o", "has:error model:gpt-4o"),
            ("-env:dev \"two words\"", "-env:dev \"two words\""),
            ("session:\"a b\"", "session:\"a b\""),
            ("http://x", "http://x"),
            ("12:30", "12:30"),
        ] {
            assert_eq!(Filter::parse(text).text(), back, "{text}");
        }
    }

    #[test]
    fn a_term_that_is_toggled_twice_is_gone() {
        let filter = Filter::parse("a has:error");
        let term = Term::new("has", "error");
        assert_eq!(filter.toggled(&term).text(), "a");
        assert_eq!(filter.toggled(&term).toggled(&term), Filter::parse("a has:error"));
    }

    #[test]
    fn comparisons_have_units() {
        for (text, sql, numbers) in [
            ("duration:>5s", "(t.end_ns - t.start_ns) > ?", vec![5_000_000_000]),
            ("duration:1s-2m", "(t.end_ns - t.start_ns) BETWEEN ? AND ?", vec![1_000_000_000, 120_000_000_000]),
            ("cost:>0.01", "t.cost > ?", vec![10_000_000]),
            ("tokens:>=2k", "(coalesce(t.tokens_in, 0) + coalesce(t.tokens_out, 0)) >= ?", vec![2000]),
            ("duration:soon", "0", vec![]),
        ] {
            let (condition, values) = Filter::parse(text).condition();
            let numbers: Vec<Value> = numbers.into_iter().map(Value::Integer).collect();
            assert_eq!((condition, values), (format!("1 AND ({sql})"), numbers), "{text}");
        }
    }
}
