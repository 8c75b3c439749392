//! The settings, their page and their schema say the same.

use std::collections::BTreeSet;

use plimsoll::artifact::yaml;
use plimsoll::settings::{KnownRule, Settings, read};
use plimsoll::span::FileId;
use serde_json::Value;

use crate::tree;

const RULES: &[KnownRule<'_>] = &[
    KnownRule { id: "root-user", aliases: &[] },
    KnownRule { id: "unpinned-uid", aliases: &[] },
    KnownRule { id: "writable-root", aliases: &[] },
];

fn schema() -> Value {
    let text = std::fs::read_to_string(tree::root().join("docs/settings.schema.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn page() -> String {
    std::fs::read_to_string(tree::root().join("docs/settings.md")).unwrap()
}

/// The YAML examples of the page.
fn examples() -> Vec<String> {
    let page = page();
    let blocks = page.split("```yaml\n").skip(1);
    blocks.map(|block| block.split("```").next().unwrap().to_owned()).collect()
}

/// The keys that the program knows, as its own help lists them.
fn known_keys(wrong: &str) -> BTreeSet<String> {
    let (_, problems) = read(FileId(0), wrong, RULES);
    let list = problems[0].help.strip_prefix("known here: ").unwrap();
    list.split(", ").map(str::to_owned).collect()
}

#[test]
fn the_schema_knows_the_keys_that_the_program_knows() {
    let schema = schema();
    let keys = |place: &Value| place["properties"].as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(keys(&schema), known_keys("zzzzzzzz: 1"));
    assert_eq!(keys(&schema["properties"]["builds"]["items"]), known_keys("builds: [{zzzzzzzz: 1, dockerfile: a}]"));
    let rule = &schema["properties"]["rules"]["additionalProperties"]["anyOf"][1];
    assert_eq!(keys(rule), known_keys("rules: {root-user: {zzzzzzzz: 1}}"));
}

#[test]
fn the_words_of_the_schema_are_accepted() {
    let schema = schema();
    for word in schema["properties"]["fail-on"]["enum"].as_array().unwrap() {
        assert_eq!(read(FileId(0), &format!("fail-on: {word}"), RULES).1, []);
    }
    for word in schema["$defs"]["rule"]["enum"].as_array().unwrap() {
        assert_eq!(read(FileId(0), &format!("rules: {{root-user: {word}}}"), RULES).1, []);
    }
}

#[test]
fn the_defaults_of_the_schema_are_the_programs() {
    let schema = schema();
    let default = |key: &str| schema["properties"][key]["default"].clone();
    let text = format!(
        "fail-on: {}\ncomment: {}\ncheck-name: {}\n",
        default("fail-on"),
        default("comment"),
        default("check-name")
    );
    let (layer, problems) = read(FileId(0), &text, RULES);
    assert_eq!(problems, []);
    let (said, defaults) = (layer.settings().unwrap(), Settings::default());
    assert_eq!(
        (said.fail_on, said.comment, said.check_name),
        (defaults.fail_on, defaults.comment, defaults.check_name)
    );
}

#[test]
fn the_page_has_a_section_for_every_key_and_its_examples_are_right() {
    let page = page();
    let sections: BTreeSet<String> =
        page.lines().filter_map(|line| Some(line.strip_prefix("## `")?.trim_end_matches('`').to_owned())).collect();
    assert_eq!(sections, known_keys("zzzzzzzz: 1"));
    let mut shown = BTreeSet::new();
    for example in examples() {
        let (_, problems) = read(FileId(0), &example, RULES);
        assert_eq!(problems, [], "{example}");
        let tree = yaml::parse(FileId(0), &example);
        let keys = tree.root().map(|root| root.pairs()).unwrap_or_default();
        shown.extend(keys.into_iter().filter_map(|pair| pair.key.as_str().map(str::to_owned)));
    }
    assert_eq!(shown, sections);
}
