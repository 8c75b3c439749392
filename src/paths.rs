//! Paths inside the repository, as text: relative to its root, with `/`, without `.` and `..`; the root is `""`.

use crate::snapshot::{Kind, Snapshot};

/// `path` as seen from the folder `base`. `None` where it is absolute, or leaves the repository.
pub(crate) fn join(base: &str, path: &str) -> Option<String> {
    if path.starts_with(['/', '~', '\\']) || path.as_bytes().get(1) == Some(&b':') {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in base.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            _ => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The folder that a file lies in.
pub(crate) fn folder(path: &str) -> &str {
    split(path).0
}

/// The last part of a path.
pub(crate) fn name(path: &str) -> &str {
    split(path).1
}

/// Folder and name. Over bytes: it is asked of every path of a listing, several times.
fn split(path: &str) -> (&str, &str) {
    let slash = path.bytes().rposition(|byte| byte == b'/');
    slash.and_then(|at| Some((path.get(..at)?, path.get(at + 1..)?))).unwrap_or(("", path))
}

/// `path` as seen from within `folder`; `None` where it is not below it. A folder is seen from itself as `""`.
pub(crate) fn below<'p>(folder: &str, path: &'p str) -> Option<&'p str> {
    if folder.is_empty() || folder == path {
        return path.get(folder.len()..);
    }
    path.strip_prefix(folder)?.strip_prefix('/')
}

/// Whether the path, or a folder on the way to it, is a link or another repository: nothing is read through these.
pub(crate) fn is_out_of_sight(snapshot: &Snapshot, path: &str) -> bool {
    let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
    ends.into_iter().any(|end| {
        let entry = path.get(..end).and_then(|prefix| snapshot.find(prefix)).and_then(|file| snapshot.entry(file));
        entry.is_some_and(|entry| matches!(entry.kind, Kind::Symlink | Kind::Submodule))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_cleaned_and_stay_inside() {
        let cases = [
            ("", ".", Some("")),
            ("a/b", "../c", Some("a/c")),
            ("a", "./b//c/", Some("a/b/c")),
            ("", "..", None),
            ("a", "../../b", None),
            ("a", "/etc", None),
            ("a", "~/x", None),
            ("a", "C:/x", None),
        ];
        for (base, path, expected) in cases {
            assert_eq!(join(base, path).as_deref(), expected, "{base} + {path}");
        }
    }
}
