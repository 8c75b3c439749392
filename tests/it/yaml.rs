//! The YAML tree, held against the parser of Docker Compose.

use plimsoll::artifact::{Problem, yaml};
use plimsoll::span::FileId;

use crate::vectors;

#[test]
fn real_compose_files_are_read_node_for_node() {
    let mut wrong = Vec::new();
    for case in vectors::lines("compose.jsonl") {
        let yaml = yaml::parse(FileId(0), case["text"].as_str().unwrap());
        // The node parser lets duplicate keys pass; Compose itself refuses them one step later.
        let duplicate = |problem: &&Problem| problem.message.contains("already defined at line");
        let ok = yaml.problems.iter().all(|problem| duplicate(&problem));
        if ok && !yaml.problems.is_empty() && case["compose_ok"].as_bool() == Some(true) {
            wrong.push(format!("{}: Compose accepts {:?}", case["source"], yaml.problems));
        }
        let counts = (yaml.documents.len() as u64, yaml.nodes as u64);
        let expected = (case["docs"].as_u64().unwrap(), case["nodes"].as_u64().unwrap());
        if case["yaml_ok"].as_bool() != Some(ok) || ok && counts != expected {
            wrong.push(format!("{}: {counts:?}, expected {expected:?}: {:?}", case["source"], yaml.problems));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
