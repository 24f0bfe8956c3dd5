//! Compares an event with a case; expectations are partial and have a few signs of their own.

use serde_json::{Map, Value};

/// All differences, each with where it is; none when the value is what is expected.
///
/// `{"$absent": true}` stands for a member that must not be there, `"$exact": true` in an object forbids further members,
/// `{"$contains": [..], "$excludes": [..]}` is about the elements of a list. Numbers are equal when their values are.
pub(super) fn differences(expected: &Value, got: Option<&Value>) -> Vec<String> {
    let mut found = Vec::new();
    compare("", expected, got, &mut found);
    found
}

fn compare(at: &str, expected: &Value, got: Option<&Value>, found: &mut Vec<String>) {
    if let Value::Object(members) = expected {
        if members.get("$absent") == Some(&Value::Bool(true)) {
            found.extend(got.map(|got| format!("{at}: must not be there: {got}")));
            return;
        }
        if members.contains_key("$contains") || members.contains_key("$excludes") {
            return compare_elements(at, members, got, found);
        }
    }
    let Some(got) = got else { return found.push(format!("{at}: is not there, but should be {expected}")) };
    match (expected, got) {
        (Value::Object(expected), Value::Object(got)) => compare_members(at, expected, got, found),
        (Value::Array(expected), Value::Array(got)) => {
            if expected.len() != got.len() {
                found.push(format!("{at}: has {} elements, should have {}: {got:?}", got.len(), expected.len()));
            }
            for (index, (expected, got)) in expected.iter().zip(got).enumerate() {
                compare(&format!("{at}[{index}]"), expected, Some(got), found);
            }
        }
        (Value::Number(expected), Value::Number(got)) if expected.as_f64() == got.as_f64() => {}
        (expected, got) if expected == got => {}
        (expected, got) => found.push(format!("{at}: is {got}, should be {expected}")),
    }
}

fn compare_members(at: &str, expected: &Map<String, Value>, got: &Map<String, Value>, found: &mut Vec<String>) {
    let is_exact = expected.get("$exact") == Some(&Value::Bool(true));
    for (name, expected) in expected.iter().filter(|(name, _)| *name != "$exact") {
        compare(&format!("{at}/{name}"), expected, got.get(name), found);
    }
    for (name, got) in got.iter().filter(|(name, _)| is_exact && !expected.contains_key(*name)) {
        found.push(format!("{at}/{name}: must not be there: {got}"));
    }
}

fn compare_elements(at: &str, signs: &Map<String, Value>, got: Option<&Value>, found: &mut Vec<String>) {
    let elements = got.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let signed = |sign: &str| signs.get(sign).and_then(Value::as_array).cloned().unwrap_or_default();
    for wanted in signed("$contains").iter().filter(|wanted| !elements.contains(wanted)) {
        found.push(format!("{at}: {wanted} is not among {elements:?}"));
    }
    for unwanted in signed("$excludes").iter().filter(|unwanted| elements.contains(unwanted)) {
        found.push(format!("{at}: {unwanted} must not be among {elements:?}"));
    }
}

/// Every expectation that differs from this one in a single leaf, with where that is.
pub(super) fn mutations(expected: &Value) -> Vec<(String, Value)> {
    match expected {
        Value::Object(members) => members.iter().flat_map(|(name, value)| in_member(members, name, value)).collect(),
        Value::Array(items) => {
            let mut changed: Vec<_> = items
                .iter()
                .enumerate()
                .flat_map(|(index, item)| {
                    mutations(item).into_iter().map(move |(at, value)| {
                        let mut items = items.clone();
                        items[index] = value;
                        (format!("[{index}]{at}"), Value::Array(items))
                    })
                })
                .collect();
            let longer = items.iter().cloned().chain([Value::from("one more")]).collect();
            changed.push(("[+]".to_owned(), Value::Array(longer)));
            changed
        }
        Value::Null => vec![(String::new(), Value::Bool(true))],
        Value::Bool(flag) => vec![(String::new(), Value::Bool(!flag))],
        Value::Number(number) => vec![(String::new(), Value::from(number.as_f64().unwrap() + 1.0))],
        Value::String(text) => vec![(String::new(), Value::from(format!("{text}?")))],
    }
}

/// The mutations of one member of an expectation; a sign is turned into its opposite.
fn in_member(members: &Map<String, Value>, name: &str, value: &Value) -> Vec<(String, Value)> {
    let with = |value: Option<Value>| {
        let mut members = members.clone();
        match value {
            Some(value) => drop(members.insert(name.to_owned(), value)),
            None => drop(members.remove(name)),
        }
        Value::Object(members)
    };
    match name {
        // To forbid less is a weaker expectation, which is still met.
        "$exact" => Vec::new(),
        "$absent" => vec![("/$absent".to_owned(), Value::from("must be there"))],
        "$contains" => vec![("/$contains".to_owned(), with(Some(vec!["no such element"].into())))],
        "$excludes" => {
            // What is contained is excluded; where nothing is, there is nothing to turn round.
            let contained = members.get("$contains").cloned();
            let turned = contained.map(|contained| {
                let turned: Map<_, _> = [("$excludes".to_owned(), contained)].into_iter().collect();
                ("/$excludes".to_owned(), Value::Object(turned))
            });
            turned.into_iter().collect()
        }
        _ => mutations(value).into_iter().map(|(at, value)| (format!("/{name}{at}"), with(Some(value)))).collect(),
    }
}

#[test]
fn what_is_expected_is_found_and_every_change_of_it_is_not() {
    let got = serde_json::json!({
        "name": "chat", "duration": 5,
        "metrics": {"input_tokens": 4.0},
        "tags": ["a:1", "b:2"],
        "meta": {"span": {"kind": "llm"}, "input": {"messages": [{"role": "user", "content": "hi"}]}},
    });
    let expected = serde_json::json!({
        "name": "chat",
        "metrics": {"$exact": true, "input_tokens": 4},
        "tags": {"$contains": ["b:2"], "$excludes": ["c:3"]},
        "session_id": {"$absent": true},
        "meta": {"span": {"kind": "llm"}, "input": {"messages": [{"$exact": true, "role": "user", "content": "hi"}]}},
    });
    assert_eq!(differences(&expected, Some(&got)), Vec::<String>::new());
    let mutations = mutations(&expected);
    assert!(mutations.len() >= 9, "{mutations:?}");
    for (at, mutation) in &mutations {
        assert_ne!(differences(mutation, Some(&got)), Vec::<String>::new(), "{at}");
    }
    // What the expectation does not name, it does not look at, unless it is exact.
    for (change, is_seen) in [("/duration", false), ("/metrics/more", true), ("/meta/input/messages/0/more", true)] {
        let mut changed = got.clone();
        let (parent, name) = change.rsplit_once('/').unwrap();
        changed.pointer_mut(parent).unwrap()[name] = 7.into();
        assert_eq!(!differences(&expected, Some(&changed)).is_empty(), is_seen, "{change}");
    }
    assert_eq!(differences(&expected, None).len(), 1);
}
