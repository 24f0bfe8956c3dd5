//! `docs/configuration.md` is what the code does.

use std::fmt::Write as _;

use tracing_llmobs::VARIABLES;

#[test]
fn the_table_of_the_document_is_the_table_of_the_code() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/configuration.md");
    let document = std::fs::read_to_string(path).unwrap();
    let mut expected = String::from("| Variable | Builder | Value | Default | Meaning |\n|---|---|---|---|---|\n");
    for variable in VARIABLES {
        let setter = if variable.setter.is_empty() { String::new() } else { format!("`{}`", variable.setter) };
        let (name, unit, default, meaning) = (variable.name, variable.unit, variable.default, variable.meaning);
        writeln!(expected, "| `{name}` | {setter} | {unit} | {default} | {meaning} |").unwrap();
    }
    let start = document.find("| Variable |").expect("the document has the table");
    let length = document[start..].find("\n\n").map_or(document.len() - start, |end| end + 1);
    let actual = &document[start..start + length];
    assert_eq!(actual, expected, "the table should be\n{expected}");
}

#[test]
fn every_variable_of_the_document_exists_and_every_method_is_the_builders() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/configuration.md");
    let document = std::fs::read_to_string(path).unwrap();
    let is_part = |letter: char| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_';
    let words =
        document.split(|letter| !is_part(letter)).filter(|word| word.trim_start_matches('_').starts_with("DD_"));
    for word in words {
        assert!(VARIABLES.iter().any(|variable| variable.name == word), "{word}");
    }
    let read = |file| std::fs::read_to_string(format!("{}/src/{file}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let methods = ["builder/setup.rs", "builder/integrations.rs"].map(read).concat();
    let table = read("config/table.rs");
    for variable in VARIABLES.iter().filter(|variable| !variable.setter.is_empty()) {
        let is_generated = table.contains(&format!("\n                {}: ", variable.setter));
        let is_written = methods.contains(&format!("pub fn {}(mut self", variable.setter));
        assert!(is_generated || is_written, "{variable:?}");
    }
}
