//! The tables in `docs/` say what the code says.

use std::collections::BTreeSet;

use tracing_llmobs::fields;

#[test]
fn every_field_is_in_the_table_and_nothing_else() {
    let page = std::fs::read_to_string("docs/fields.md").unwrap();
    let section = page.split("## Names").nth(1).unwrap().split("\n## ").next().unwrap();
    let written: BTreeSet<String> =
        section.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).map(str::to_owned).collect();
    let prefixes = fields::PREFIXES.iter().map(|prefix| format!("{prefix}<key>"));
    let known: BTreeSet<String> = fields::ALL.iter().map(|&name| name.to_owned()).chain(prefixes).collect();
    assert_eq!(written, known);
}
