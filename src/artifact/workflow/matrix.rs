//! `strategy.matrix` of a job: the values that its steps see, one set per run of the job.
//!
//! The source is <https://docs.github.com/actions/reference/workflow-syntax-for-github-actions#jobsjob_idstrategymatrix>: the
//! lists are multiplied, `exclude` takes sets away, and an entry of `include` extends every set whose own values it does
//! not change, or else is a set of its own.

use std::collections::BTreeMap;

use super::super::yaml::Node;

/// More sets are not followed; what depends on them is unknown then.
const MAX_SETS: usize = 64;

/// One set of values: by the name behind `matrix.`, with dots for what lies within a value.
pub(super) type Set = BTreeMap<String, String>;

/// The sets of a job; a single empty one where it has no matrix, and where the matrix is an expression, too large, or
/// anything else that is not known.
pub(super) fn sets(job: &Node) -> Vec<Set> {
    let matrix = job.get("strategy").and_then(|strategy| strategy.get("matrix"));
    let found = matrix.and_then(|matrix| read(matrix)).unwrap_or_default();
    if found.is_empty() { vec![Set::new()] } else { found }
}

fn read(matrix: &Node) -> Option<Vec<Set>> {
    let mut sets = vec![Set::new()];
    let mut axes = 0;
    for pair in matrix.pairs() {
        let name = pair.key.as_str()?;
        if matches!(name, "include" | "exclude") {
            continue;
        }
        axes += 1;
        let values = pair.value.as_sequence()?;
        if values.is_empty() || sets.len().saturating_mul(values.len()) > MAX_SETS {
            return None;
        }
        let extended = |set: &Set, value: &Node| {
            let mut set = set.clone();
            insert(&mut set, name, value, 0);
            set
        };
        sets = sets.iter().flat_map(|set| values.iter().map(move |value| extended(set, value))).collect();
    }
    let list =
        |name: &str| matrix.get(name).map(|list| list.as_sequence().map(|items| items.iter().map(|item| flat(item))));
    if let Some(excluded) = list("exclude") {
        for without in excluded? {
            sets.retain(|set| !without.iter().all(|(name, value)| set.get(name) == Some(value)));
        }
    }
    if axes == 0 {
        sets.clear();
    }
    let own = sets.clone();
    if let Some(included) = list("include") {
        for more in included? {
            let fits = |set: &Set| more.iter().all(|(name, value)| set.get(name).is_none_or(|own| own == value));
            let mut extended = false;
            for (set, own) in sets.iter_mut().zip(&own) {
                if axes > 0 && fits(own) {
                    set.extend(more.clone());
                    extended = true;
                }
            }
            if !extended {
                sets.push(more);
            }
            if sets.len() > MAX_SETS {
                return None;
            }
        }
    }
    Some(sets)
}

fn flat(node: &Node) -> Set {
    let mut set = Set::new();
    for pair in node.pairs() {
        if let Some(name) = pair.key.as_str() {
            insert(&mut set, name, &pair.value, 0);
        }
    }
    set
}

/// Adds a value, and what lies within it.
fn insert(set: &mut Set, name: &str, value: &Node, depth: usize) {
    if let Some(text) = value.as_str() {
        // What an expression gives is not known.
        if !text.contains("${{") {
            set.insert(name.to_owned(), text.to_owned());
        }
        return;
    }
    if depth < 3 {
        for pair in value.pairs() {
            if let Some(inner) = pair.key.as_str() {
                insert(set, &format!("{name}.{inner}"), &pair.value, depth + 1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::yaml;
    use super::*;
    use crate::span::FileId;

    fn check(matrix: &str, expected: &[&str]) {
        let yaml = yaml::parse(FileId(0), &format!("strategy: {{matrix: {matrix}}}\n"));
        let shown = |set: &Set| set.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ");
        let found: Vec<String> = sets(yaml.root().unwrap()).iter().map(shown).collect();
        assert_eq!(found, expected, "{matrix}");
    }

    #[test]
    fn sets_are_multiplied_extended_and_excluded() {
        check("{a: [1, 2], b: [x, y]}", &["a=1 b=x", "a=1 b=y", "a=2 b=x", "a=2 b=y"]);
        check("{a: [1, 2], exclude: [{a: 1}]}", &["a=2"]);
        check("{include: [{a: 1, c: x}, {a: 2}]}", &["a=1 c=x", "a=2"]);
        check("{a: [1, 2], include: [{a: 1, c: x}, {d: z}, {a: 3}]}", &["a=1 c=x d=z", "a=2 d=z", "a=3"]);
        check("{i: [{name: api, dir: ./api}]}", &["i.dir=./api i.name=api"]);
        check("{a: ['${{ x }}']}", &[""]);
        check("'${{ fromJSON(x) }}'", &[""]);
        check("{a: '${{ fromJSON(x) }}'}", &[""]);
        check("[]", &[""]);
        let many: String = (0..9).map(|n| format!("{n},")).collect();
        check(&format!("{{a: [{many}], b: [{many}]}}"), &[""]);
    }
}
