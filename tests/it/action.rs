//! `action.yml` says what the program takes.

use std::collections::BTreeSet;
use std::process::Command;

use crate::tree;

#[test]
fn every_input_is_a_flag_and_every_flag_an_input() {
    let text = std::fs::read_to_string(tree::root().join("action.yml")).unwrap();
    let action: serde_yaml::Value = serde_yaml::from_str(&text).unwrap();
    let inputs = action["inputs"].as_mapping().unwrap().keys().map(|key| key.as_str().unwrap().to_owned());
    let inputs: BTreeSet<String> = inputs.collect();
    let help = Command::new(env!("CARGO_BIN_EXE_plimsoll")).args(["review", "--help"]).env_clear().output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let words = help.lines().map(str::trim_start).filter(|line| line.starts_with("--"));
    let flags = words.map(|line| line[2..].split([' ', '\n']).next().unwrap().to_owned());
    // The folders are for use by hand; the token never stands on a command line; colours are for terminals.
    let mut flags: BTreeSet<String> =
        flags.filter(|flag| !["base", "head", "color"].contains(&flag.as_str())).collect();
    flags.insert("token".to_owned());
    assert_eq!(inputs, flags);
}
