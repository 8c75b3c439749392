//! The command lines of the tools that make accounts, read by tables of their options.

/// One option: all its names, the first one is asked for, and whether it takes a value.
pub(super) type Spelling = (&'static [&'static str], bool);

pub(super) const USERADD: &[Spelling] = &[
    (&["-u", "--uid"], true),
    (&["-g", "--gid"], true),
    (&["-d", "--home-dir", "--home"], true),
    (&["-N", "--no-user-group", "-n"], false),
    (&["-D", "--defaults"], false),
    (&["-b", "--base-dir"], true),
    (&["-c", "--comment"], true),
    (&["-e", "--expiredate"], true),
    (&["-f", "--inactive"], true),
    (&["-G", "--groups"], true),
    (&["-k", "--skel"], true),
    (&["-K", "--key"], true),
    (&["-p", "--password"], true),
    (&["-R", "--root"], true),
    (&["-P", "--prefix"], true),
    (&["-s", "--shell"], true),
    (&["-Z", "--selinux-user"], true),
    (&["--selinux-range"], true),
];

pub(super) const GROUPADD: &[Spelling] = &[
    (&["-g", "--gid"], true),
    (&["-K", "--key"], true),
    (&["-p", "--password"], true),
    (&["-R", "--root"], true),
    (&["-P", "--prefix"], true),
    (&["-U", "--users"], true),
];

pub(super) const USERMOD: &[Spelling] = &[
    (&["-u", "--uid"], true),
    (&["-g", "--gid"], true),
    (&["-d", "--home"], true),
    (&["-l", "--login"], true),
    (&["-c", "--comment"], true),
    (&["-e", "--expiredate"], true),
    (&["-f", "--inactive"], true),
    (&["-G", "--groups"], true),
    (&["-a", "--append"], false),
    (&["-p", "--password"], true),
    (&["-R", "--root"], true),
    (&["-P", "--prefix"], true),
    (&["-s", "--shell"], true),
    (&["-v", "--add-subuids"], true),
    (&["-V", "--del-subuids"], true),
    (&["-w", "--add-subgids"], true),
    (&["-W", "--del-subgids"], true),
    (&["-Z", "--selinux-user"], true),
];

pub(super) const GROUPMOD: &[Spelling] = &[
    (&["-g", "--gid"], true),
    (&["-n", "--new-name"], true),
    (&["-p", "--password"], true),
    (&["-R", "--root"], true),
    (&["-P", "--prefix"], true),
    (&["-U", "--users"], true),
];

pub(super) const DEBIAN_ADDUSER: &[Spelling] = &[
    (&["--uid"], true),
    (&["--gid"], true),
    (&["--ingroup"], true),
    (&["--home"], true),
    (&["--system"], false),
    (&["--group"], false),
    (&["--gecos", "--comment"], true),
    (&["--shell"], true),
    (&["--conf"], true),
    (&["--firstuid"], true),
    (&["--lastuid"], true),
    (&["--firstgid"], true),
    (&["--lastgid"], true),
    (&["--add-extra-groups", "--add_extra_groups"], false),
];

pub(super) const BUSYBOX_ADDUSER: &[Spelling] = &[
    (&["--uid", "-u"], true),
    (&["--ingroup", "-G"], true),
    (&["--home", "-h"], true),
    (&["--system", "-S"], false),
    (&["--gecos", "-g"], true),
    (&["--shell", "-s"], true),
    (&["--skel", "-k"], true),
];

pub(super) const ADDGROUP: &[Spelling] =
    &[(&["-g", "--gid"], true), (&["--conf"], true), (&["--firstgid"], true), (&["--lastgid"], true)];

/// The options and operands of a command line, read by a table.
pub(super) struct Options {
    /// By the first name of each. Options that the table does not have are taken for flags.
    given: Vec<(&'static str, Option<Option<String>>)>,
    pub(super) operands: Vec<Option<String>>,
}

impl Options {
    /// Reads the words behind the program; an unknown word is `None`. Nothing is known where such a word stands in a place
    /// in which it could be several or an option.
    pub(super) fn read(args: &[Option<String>], table: &[Spelling]) -> Option<Self> {
        let find = |name: &str| table.iter().find(|(names, _)| names.contains(&name));
        // `--home-d` and `--disabled-p` are enough where only one option begins so.
        let abbreviated = |name: &str| {
            let mut fits = table.iter().filter(|(names, _)| names.iter().any(|long| long.starts_with(name)));
            fits.next().filter(|_| name.len() > 3 && fits.next().is_none())
        };
        let mut options = Self { given: Vec::new(), operands: Vec::new() };
        let mut words = args.iter();
        let mut only_operands = false;
        while let Some(word) = words.next() {
            let Some(text) = word else {
                options.operands.push(None);
                continue;
            };
            if only_operands || !text.starts_with('-') || text == "-" {
                options.operands.push(Some(text.clone()));
            } else if text == "--" {
                only_operands = true;
            } else if let Some(long) = text.strip_prefix("--") {
                let (name, value) = long.split_once('=').map_or((long, None), |(name, value)| (name, Some(value)));
                let name = format!("--{name}");
                match find(&name).or_else(|| abbreviated(&name)) {
                    Some((names, true)) => {
                        let value = match value {
                            Some(value) => Some(value.to_owned()),
                            None => words.next()?.clone(),
                        };
                        options.given.push((names.first()?, Some(value)));
                    }
                    Some((names, false)) => options.given.push((names.first()?, None)),
                    None => {}
                }
            } else {
                // `-rmu 1000` and `-rmu1000` are `-r -m -u 1000`.
                let flags = text.get(1..).unwrap_or_default();
                for (at, flag) in flags.char_indices() {
                    match find(&format!("-{flag}")) {
                        Some((names, true)) => {
                            let rest = flags.get(at + flag.len_utf8()..).unwrap_or_default();
                            let value = if rest.is_empty() { words.next()?.clone() } else { Some(rest.to_owned()) };
                            options.given.push((names.first()?, Some(value)));
                            break;
                        }
                        Some((names, false)) => options.given.push((names.first()?, None)),
                        None => {}
                    }
                }
            }
        }
        Some(options)
    }

    /// The value of an option, `None` where it is not given; the last one counts.
    pub(super) fn value(&self, name: &str) -> Option<Option<String>> {
        self.given.iter().rev().find(|(given, _)| *given == name)?.1.clone()
    }

    pub(super) fn has_value(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    /// Whether nothing but these options is given.
    pub(super) fn given_only(&self, names: &[&str]) -> bool {
        self.given.iter().all(|(given, _)| names.contains(given))
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.given.iter().any(|(given, _)| *given == name)
    }
}
