//! Compose files, held against Compose.

use plimsoll::artifact::compose::{self, Environment, interpolate::interpolate};
use plimsoll::span::FileId;

use crate::vectors;

#[test]
fn variables_are_replaced_as_compose_replaces_them() {
    let mut wrong = Vec::new();
    for case in vectors::array("compose_interpolation.json") {
        let lookup = |name: &str| case["env"].get(name).and_then(|value| value.as_str()).map(str::to_owned);
        let found = interpolate(case["template"].as_str().unwrap(), &lookup);
        let agrees = match &found {
            Ok(value) => case["result"].as_str() == Some(&value.text),
            Err(error) => case["error"].as_str() == Some(&error.to_string()),
        };
        if !agrees {
            wrong.push(format!("{case}: {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn what_compose_accepts_has_no_problem() {
    let mut wrong = Vec::new();
    for case in vectors::lines("compose.jsonl").iter().filter(|case| case["compose_ok"].as_bool() == Some(true)) {
        let compose = compose::parse(FileId(0), case["text"].as_str().unwrap(), &Environment::new());
        if !compose.problems.is_empty() && case["compose_interp_ok"].as_bool() == Some(true) {
            wrong.push(format!("{}: {:?}", case["source"], compose.problems));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
