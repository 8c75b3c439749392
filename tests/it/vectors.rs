//! The test data with known answers that lies outside of the repository.

use serde_json::Value;

/// The text of a file of the folder that `PLIMSOLL_VECTORS` names; `None`, said on stderr, where it names none.
pub(crate) fn read(name: &str) -> Option<String> {
    let Ok(folder) = std::env::var("PLIMSOLL_VECTORS") else {
        eprintln!("PLIMSOLL_VECTORS is not set: {name} is not looked at");
        return None;
    };
    Some(std::fs::read_to_string(format!("{folder}/{name}")).unwrap())
}

/// The objects of a file that holds one per line.
pub(crate) fn lines(name: &str) -> Vec<Value> {
    let text = read(name).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The objects of a file that holds one array.
pub(crate) fn array(name: &str) -> Vec<Value> {
    read(name).map(|text| serde_json::from_str(&text).unwrap()).unwrap_or_default()
}

/// A file that holds one object.
pub(crate) fn object(name: &str) -> Option<Value> {
    read(name).map(|text| serde_json::from_str(&text).unwrap())
}
