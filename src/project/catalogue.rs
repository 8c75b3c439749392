//! What is known of base images: the user that they set, the accounts that they bring, and whether their entrypoint gives
//! up root by itself.
//!
//! It is data, in `catalogue.tsv`, each line with its source.

use std::collections::BTreeMap;
use std::sync::{LazyLock, OnceLock};

use crate::artifact::image_reference::ImageReference;

/// The rows of each repository, read when somebody asks for it: a run asks for a handful of hundreds.
static ROWS: LazyLock<BTreeMap<&'static str, Rows>> = LazyLock::new(|| {
    let mut rows: BTreeMap<&'static str, Rows> = BTreeMap::new();
    let lines = include_str!("catalogue.tsv").lines().filter(|line| !line.starts_with('#'));
    for line in lines {
        let repository = line.split('\t').next().unwrap_or_default();
        rows.entry(repository).or_default().lines.push(line);
    }
    rows
});

#[derive(Default)]
struct Rows {
    lines: Vec<&'static str>,
    entries: OnceLock<Vec<Entry>>,
}

impl Rows {
    fn entries(&self) -> &Vec<Entry> {
        self.entries.get_or_init(|| self.lines.iter().filter_map(|line| Entry::parse(line)).collect())
    }
}

/// What is known of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name as people write it, without the tag: `python`, `ghcr.io/org/app`.
    pub repository: &'static str,
    /// Globs of the tags that this holds for.
    tags: &'static str,
    /// The user that the image sets; `root` also where it sets none.
    pub user: &'static str,
    /// Which distribution it is made from: decides which accounts there are and how one makes another.
    pub family: Family,
    /// Accounts that it brings beside those of the family.
    accounts: Vec<BaseAccount>,
    /// Whom the entrypoint becomes, and for which first words of CMD: `postgres`, `postgres|mysqld`.
    pub steps_down: Option<(&'static str, &'static str)>,
    /// Variables of its environment that people name in USER.
    pub env: Vec<(&'static str, &'static str)>,
    /// Where all this is written.
    pub source: &'static str,
}

/// Where an image's files come from.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Family {
    /// Debian and Ubuntu.
    Debian,
    /// Alpine, whose tools are BusyBox's.
    Alpine,
    /// BusyBox alone.
    Busybox,
    /// Fedora, Red Hat, and what is made from them.
    RedHat,
    /// openSUSE.
    Suse,
    /// Arch Linux.
    Arch,
    /// Wolfi, Chainguard's, whose tools are BusyBox's.
    Wolfi,
    /// No shell, no tools.
    Distroless,
    /// Windows: its accounts have no uid.
    Windows,
    /// Anything else.
    Other,
}

/// An account of a base image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseAccount {
    /// Its name; its group has the same one unless the family says otherwise.
    pub name: &'static str,
    /// Its uid, where it is the same in all versions.
    pub uid: Option<u32>,
    /// Its gid, where it is the same in all versions.
    pub gid: Option<u32>,
    /// Its home.
    pub home: Option<&'static str>,
}

/// What is known of the image that `reference` names. Without a tag, and with a digest, the tag is taken for `latest`.
pub fn find(reference: &str) -> Option<&'static Entry> {
    let reference = ImageReference::parse(reference).ok()?;
    let tag = reference.tag.as_deref().unwrap_or("latest");
    of_repository(&reference.familiar_name())?.iter().find(|entry| entry.fits(tag)).filter(|entry| entry.user != "?")
}

/// What is known of an image whose tag is not: only what all its tags have in common, the user first of all.
pub fn find_any_tag(repository: &str) -> Option<&'static Entry> {
    let reference = ImageReference::parse(repository).ok()?;
    let entries = of_repository(&reference.familiar_name())?;
    let last = entries.last()?;
    entries.iter().all(|entry| entry.user == last.user && entry.user != "?").then_some(last)
}

/// Whether the catalogue has the repository at all, by its familiar name.
pub fn is_known(repository: &str) -> bool {
    of_repository(repository).is_some()
}

/// Other places of Docker Hub's images: mirrors, and the organisations of the official images for one architecture each.
const MIRRORS: &[&str] = &[
    "public.ecr.aws/docker/library/",
    "mirror.gcr.io/library/",
    "mirror.gcr.io/",
    "amd64/",
    "arm32v7/",
    "arm64v8/",
    "i386/",
    "ppc64le/",
    "riscv64/",
    "s390x/",
];

fn of_repository(name: &str) -> Option<&'static Vec<Entry>> {
    let name = MIRRORS.iter().find_map(|mirror| name.strip_prefix(mirror)).unwrap_or(name);
    let exact = ROWS.get(name);
    // A row for all that lies below a path: `bitnami/*`.
    let below = || {
        let mut parts = name.rmatch_indices('/').map(|(at, _)| format!("{}*", name.get(..=at).unwrap_or_default()));
        parts.find_map(|pattern| ROWS.get(&*pattern))
    };
    exact.or_else(below).map(Rows::entries)
}

impl Entry {
    fn parse(line: &'static str) -> Option<Self> {
        let mut columns = line.split('\t').map(|column| if column == "-" { "" } else { column });
        let mut next = || columns.next();
        let (repository, tags, user, family) = (next()?, next()?, next()?, Family::parse(next()?));
        let accounts = next()?.split_whitespace().filter_map(BaseAccount::parse).collect();
        let steps_down = next()?.split_once(':');
        let env = next()?.split_whitespace().filter_map(|pair| pair.split_once('=')).collect();
        Some(Self { repository, tags, user, family, accounts, steps_down, env, source: next()? })
    }

    fn fits(&self, tag: &str) -> bool {
        self.tags.split(',').any(|pattern| glob(pattern, tag))
    }

    /// The accounts of the image, those of its family included.
    pub fn accounts(&self) -> impl Iterator<Item = &BaseAccount> {
        self.family.accounts().iter().chain(&self.accounts)
    }

    /// The accounts that are the image's own: what it offers to run as.
    pub fn own_accounts(&self) -> &[BaseAccount] {
        &self.accounts
    }

    /// Whether the entrypoint steps down when the first word of CMD is this; `None` stands for the image's own CMD.
    pub fn steps_down_for(&self, word: Option<&str>) -> bool {
        self.steps_down.is_some_and(|(_, programs)| {
            word.is_none_or(|word| word.starts_with('-') || programs.split('|').any(|program| glob(program, word)))
        })
    }
}

impl BaseAccount {
    fn parse(text: &'static str) -> Option<Self> {
        let (name, ids) = text.split_once('=')?;
        let mut ids = ids.split(':');
        let (uid, gid) = (ids.next()?.parse().ok(), ids.next()?.parse().ok());
        Some(Self { name, uid, gid, home: ids.next().filter(|home| *home != "-") })
    }
}

impl Family {
    fn parse(name: &str) -> Self {
        match name {
            "debian" => Self::Debian,
            "alpine" => Self::Alpine,
            "busybox" => Self::Busybox,
            "redhat" => Self::RedHat,
            "suse" => Self::Suse,
            "arch" => Self::Arch,
            "wolfi" => Self::Wolfi,
            "distroless" => Self::Distroless,
            "windows" => Self::Windows,
            _ => Self::Other,
        }
    }

    /// Whether `adduser` and `addgroup` are BusyBox's.
    pub fn is_busybox(self) -> bool {
        matches!(self, Self::Alpine | Self::Busybox | Self::Wolfi)
    }

    /// The accounts that every image of the family has. Sources: `base-passwd` of Debian, `setup` of Fedora,
    /// `alpine-baselayout` of Alpine, the image `busybox`, and `passwd` of distroless.
    fn accounts(self) -> &'static [BaseAccount] {
        match self {
            Self::Debian => DEBIAN,
            Self::Alpine | Self::Wolfi => ALPINE,
            Self::Busybox => BUSYBOX,
            Self::RedHat => RED_HAT,
            Self::Distroless => DISTROLESS,
            Self::Suse | Self::Arch | Self::Windows | Self::Other => &[],
        }
    }

    /// The groups that every image of the family has beside those named like an account.
    pub fn groups(self) -> &'static [(&'static str, u32)] {
        match self {
            Self::Debian => &[
                ("adm", 4),
                ("tty", 5),
                ("disk", 6),
                ("dialout", 20),
                ("sudo", 27),
                ("audio", 29),
                ("dip", 30),
                ("video", 44),
                ("plugdev", 46),
                ("staff", 50),
                ("users", 100),
                ("nogroup", 65534),
            ],
            Self::Alpine | Self::Wolfi => &[
                ("adm", 4),
                ("tty", 5),
                ("disk", 6),
                ("wheel", 10),
                ("audio", 18),
                ("dialout", 20),
                ("video", 27),
                ("www-data", 82),
                ("users", 100),
                ("nogroup", 65533),
            ],
            Self::RedHat => &[("adm", 4), ("tty", 5), ("disk", 6), ("wheel", 10), ("users", 100)],
            _ => &[],
        }
    }
}

const fn account(name: &'static str, uid: u32, gid: u32, home: &'static str) -> BaseAccount {
    BaseAccount { name, uid: Some(uid), gid: Some(gid), home: Some(home) }
}

const DEBIAN: &[BaseAccount] = &[
    account("root", 0, 0, "/root"),
    account("daemon", 1, 1, "/usr/sbin"),
    account("bin", 2, 2, "/bin"),
    account("sys", 3, 3, "/dev"),
    account("sync", 4, 65534, "/bin"),
    account("games", 5, 60, "/usr/games"),
    account("man", 6, 12, "/var/cache/man"),
    account("lp", 7, 7, "/var/spool/lpd"),
    account("mail", 8, 8, "/var/mail"),
    account("news", 9, 9, "/var/spool/news"),
    account("uucp", 10, 10, "/var/spool/uucp"),
    account("proxy", 13, 13, "/bin"),
    account("www-data", 33, 33, "/var/www"),
    account("backup", 34, 34, "/var/backups"),
    account("list", 38, 38, "/var/list"),
    account("irc", 39, 39, "/run/ircd"),
    BaseAccount { name: "_apt", uid: None, gid: Some(65534), home: Some("/nonexistent") },
    account("nobody", 65534, 65534, "/nonexistent"),
];

const ALPINE: &[BaseAccount] = &[
    account("root", 0, 0, "/root"),
    account("bin", 1, 1, "/bin"),
    account("daemon", 2, 2, "/sbin"),
    account("lp", 4, 7, "/var/spool/lpd"),
    account("sync", 5, 0, "/sbin"),
    account("shutdown", 6, 0, "/sbin"),
    account("halt", 7, 0, "/sbin"),
    account("mail", 8, 12, "/var/mail"),
    account("news", 9, 13, "/usr/lib/news"),
    account("uucp", 10, 14, "/var/spool/uucppublic"),
    account("cron", 16, 16, "/var/spool/cron"),
    account("ftp", 21, 21, "/var/lib/ftp"),
    account("sshd", 22, 22, "/dev/null"),
    account("games", 35, 35, "/usr/games"),
    account("ntp", 123, 123, "/var/empty"),
    account("guest", 405, 100, "/dev/null"),
    account("nobody", 65534, 65534, "/"),
];

const BUSYBOX: &[BaseAccount] = &[
    account("root", 0, 0, "/root"),
    account("daemon", 1, 1, "/usr/sbin"),
    account("bin", 2, 2, "/bin"),
    account("sys", 3, 3, "/dev"),
    account("sync", 4, 100, "/bin"),
    account("mail", 8, 8, "/var/spool/mail"),
    account("www-data", 33, 33, "/var/www"),
    account("operator", 37, 37, "/var"),
    account("nobody", 65534, 65534, "/home"),
];

const RED_HAT: &[BaseAccount] = &[
    account("root", 0, 0, "/root"),
    account("bin", 1, 1, "/bin"),
    account("daemon", 2, 2, "/sbin"),
    account("adm", 3, 4, "/var/adm"),
    account("lp", 4, 7, "/var/spool/lpd"),
    account("sync", 5, 0, "/sbin"),
    account("shutdown", 6, 0, "/sbin"),
    account("halt", 7, 0, "/sbin"),
    account("mail", 8, 12, "/var/spool/mail"),
    account("operator", 11, 0, "/root"),
    account("games", 12, 100, "/usr/games"),
    account("ftp", 14, 50, "/var/ftp"),
    BaseAccount { name: "nobody", uid: None, gid: None, home: Some("/") },
];

const DISTROLESS: &[BaseAccount] = &[account("root", 0, 0, "/root"), account("nobody", 65534, 65534, "/nonexistent")];

/// Whether `text` fits a pattern in which `*` stands for anything. Linear in the text for each `*`.
fn glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let Some(last) = pattern.rsplit('*').next().filter(|_| pattern.contains('*')) else {
        return rest.is_empty();
    };
    let middle: Vec<&str> = parts.collect();
    for part in middle.iter().take(middle.len().saturating_sub(1)) {
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_read_and_has_its_source() {
        let lines = include_str!("catalogue.tsv").lines().filter(|line| !line.starts_with('#'));
        for line in lines {
            let entry = Entry::parse(line).unwrap_or_else(|| panic!("{line:?}"));
            assert!(entry.source.starts_with("https://"), "{line}");
            assert_eq!(line.split('\t').count(), 8, "{line}");
            assert!(!matches!(entry.user, "" | "0"), "{line}");
        }
        assert!(ROWS.len() >= 80, "{}", ROWS.len());
    }

    #[test]
    fn a_row_that_no_tag_can_reach_is_a_mistake() {
        for (repository, rows) in ROWS.iter() {
            let (last, others) = rows.entries().split_last().unwrap();
            assert!(others.iter().all(|entry| entry.tags != "*"), "{repository}");
            let partial = ["elasticsearch", "kibana", "logstash"];
            assert!(last.tags == "*" || partial.iter().any(|name| repository.ends_with(name)), "{repository}");
        }
    }

    #[test]
    fn images_are_found_by_name_and_tag() {
        for (reference, user, family) in [
            ("python", "root", Family::Debian),
            ("public.ecr.aws/docker/library/python:3.13-slim", "root", Family::Debian),
            ("arm64v8/alpine:3.21", "root", Family::Alpine),
            ("python:3.13-slim", "root", Family::Debian),
            ("docker.io/library/python:3.13-alpine3.21", "root", Family::Alpine),
            ("gcr.io/distroless/static-debian12", "root", Family::Distroless),
            ("gcr.io/distroless/static-debian12:nonroot", "65532", Family::Distroless),
            ("gcr.io/distroless/base:debug-nonroot", "65532", Family::Distroless),
            ("nginxinc/nginx-unprivileged:1.27-alpine", "101", Family::Alpine),
            ("bitnami/redis:7", "1001", Family::Debian),
            ("bitnami/minideb:bookworm", "root", Family::Debian),
            ("mcr.microsoft.com/dotnet/aspnet:8.0-noble-chiseled", "1654", Family::Distroless),
            ("mcr.microsoft.com/dotnet/aspnet:8.0", "root", Family::Debian),
            ("public.ecr.aws/lambda/python:3.12", "root", Family::RedHat),
        ] {
            let entry = find(reference).unwrap_or_else(|| panic!("{reference}"));
            assert_eq!((entry.user, entry.family), (user, family), "{reference}");
        }
        assert_eq!(find("example.com/own/base"), None);
        assert_eq!(find("elasticsearch:6.8"), None);
        assert_eq!(find("bitnami/python:3.13"), None);
        assert_eq!(find_any_tag("python").map(|entry| entry.user), Some("root"));
        assert_eq!(find_any_tag("gcr.io/distroless/static"), None);
    }

    #[test]
    fn entrypoints_step_down_for_their_own_program() {
        let entry = find("postgres:16").unwrap();
        assert!(
            entry.steps_down_for(None) && entry.steps_down_for(Some("-c")) && entry.steps_down_for(Some("postgres"))
        );
        assert!(!entry.steps_down_for(Some("bash")));
    }
}
