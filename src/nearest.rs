//! The known name that a misspelled one probably means.

/// Returns the candidate with the fewest edits from `name`, if those are few enough to be a slip.
pub(crate) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let most = name.chars().count().div_ceil(4).clamp(1, MAX_EDITS);
    let measured = candidates.into_iter().map(|candidate| (edits(name, candidate), candidate));
    measured.filter(|(edits, _)| *edits <= most).min_by_key(|(edits, _)| *edits).map(|(_, candidate)| candidate)
}

/// Counts insertions, deletions and replacements of letters (Levenshtein), case aside.
pub(crate) fn edits(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.to_ascii_lowercase().chars().collect();
    // `row[i]` is the distance from the letters of `from` seen so far to the first `i` letters of `to`.
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (at, letter) in from.to_ascii_lowercase().chars().enumerate() {
        let mut diagonal = at;
        let mut left = at.saturating_add(1);
        let mut next = vec![left];
        for (other, &above) in to.iter().zip(row.iter().skip(1)) {
            let replaced = diagonal.saturating_add(usize::from(*other != letter));
            left = replaced.min(above.saturating_add(1)).min(left.saturating_add(1));
            diagonal = above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

/// More edits than this are another word.
const MAX_EDITS: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_levenshtein() {
        let table =
            [("", "", 0), ("a", "", 1), ("", "ab", 2), ("kitten", "sitting", 3), ("ABC", "abc", 0), ("ab", "ba", 2)];
        for (from, to, expected) in table {
            assert_eq!((edits(from, to), edits(to, from)), (expected, expected), "{from} {to}");
        }
    }

    #[test]
    fn a_slip_finds_its_name_and_another_word_finds_none() {
        let names = ["DD_LLMOBS_ML_APP", "DD_LLMOBS_ENABLED", "DD_LLMOBS_SAMPLE_RATE"];
        let table = [
            ("DD_LLMOBS_MLAPP", Some("DD_LLMOBS_ML_APP")),
            ("DD_LLMOBS_ENABLE", Some("DD_LLMOBS_ENABLED")),
            ("DD_LLMOBS_SAMPLERATE", Some("DD_LLMOBS_SAMPLE_RATE")),
            ("DD_LLMOBS_PROJECT_NAME", None),
            ("x", None),
        ];
        for (name, expected) in table {
            assert_eq!(nearest(name, names), expected, "{name}");
        }
    }
}
