//! The tables in `docs/` say what the code says.

use std::collections::BTreeSet;

use tracing_llmobs::fields;

#[test]
fn every_field_is_in_the_table_and_nothing_else() {
    let page = std::fs::read_to_string("docs/fields.md").unwrap();
    let sections = [
        ("## Names", fields::ALL, fields::PREFIXES),
        ("## Evaluations", fields::EVALUATION, fields::EVALUATION_PREFIXES),
    ];
    for (title, names, prefixes) in sections {
        let section = page.split(title).nth(1).unwrap().split("\n## ").next().unwrap();
        let written: BTreeSet<String> =
            section.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).map(str::to_owned).collect();
        let prefixes = prefixes.iter().map(|prefix| format!("{prefix}<key>"));
        let known: BTreeSet<String> = names.iter().map(|&name| name.to_owned()).chain(prefixes).collect();
        assert_eq!(written, known, "{title}");
    }
}
