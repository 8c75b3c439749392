//! The accounts of a stage: those that its base brings, and those that its commands make, change and remove.
//!
//! The tools are shadow's `useradd`, `groupadd`, `usermod`, …, Debian's `adduser` and `addgroup`, BusyBox's of the same
//! names, and lines that are written into `/etc/passwd`. The source of their behaviour are their manual pages.

mod options;

use std::collections::{BTreeMap, BTreeSet};

use options::{ADDGROUP, BUSYBOX_ADDUSER, DEBIAN_ADDUSER, GROUPADD, GROUPMOD, Options, USERADD, USERMOD};

use crate::artifact::shell::{Command, RedirectKind, Word};
use crate::span::Span;

use super::super::catalogue::{Entry, Family};
use super::super::image::Step;

/// How many accounts, groups and memberships of one stage are kept; more are a gap.
pub const MAX_ACCOUNTS: usize = 256;

/// A uid or gid.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Id {
    /// This one.
    Fixed(u32),
    /// Whichever is free when the command runs.
    Free,
    /// It depends on something out of sight.
    Unknown,
}

impl Id {
    /// The number, where it is known.
    pub fn number(self) -> Option<u32> {
        match self {
            Self::Fixed(id) => Some(id),
            Self::Free | Self::Unknown => None,
        }
    }
}

/// With what an account was made.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Tool {
    /// `useradd`, `groupadd` and `usermod`.
    Shadow,
    /// Debian's `adduser` and `addgroup`.
    Debian,
    /// BusyBox's `adduser` and `addgroup`.
    Busybox,
    /// A line for `/etc/passwd` or `/etc/group`.
    Line,
}

/// Where an account or a group was made.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// The name of the program, or the redirection's target.
    pub word: Span,
    /// The whole command.
    pub command: Span,
    /// With what.
    pub tool: Tool,
    /// The stage: an index into [`Dockerfile::stages`](crate::artifact::dockerfile::Dockerfile::stages).
    pub stage: usize,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: Id,
    /// The gid of its primary group.
    pub gid: Id,
    /// The name of its primary group, where that is known.
    pub group: Option<String>,
    /// Its home, where it is said.
    pub home: Option<String>,
    /// Where it was made; `None` for those of the base image.
    pub made: Option<Made>,
}

/// A group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its gid.
    pub gid: Id,
    /// Where it was made; `None` for those of the base image.
    pub made: Option<Made>,
}

/// Who there is at some point of a stage.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accounts {
    /// By name.
    pub users: BTreeMap<String, Account>,
    /// By name.
    pub groups: BTreeMap<String, Group>,
    /// The groups that an account is in beside its primary one, by the name of the account.
    pub memberships: BTreeMap<String, BTreeSet<String>>,
    /// Names of accounts that were removed.
    pub removed: BTreeSet<String>,
    /// Whether there may be accounts that were not seen: a passwd file from elsewhere, a name that is not literal, or more
    /// than are kept.
    pub incomplete: bool,
    /// Whether there were more than [`MAX_ACCOUNTS`].
    pub too_many: bool,
    /// Whether all accounts of the base image are known.
    pub base_known: bool,
    /// Whose `adduser` and `addgroup` there are, where that is known.
    adduser: Option<Tool>,
}

impl Accounts {
    /// Those of a base image; `None` for one that is not known.
    pub(in crate::project) fn of_base(entry: Option<&Entry>) -> Self {
        let Some(entry) = entry else {
            return Self::default();
        };
        let id = |id: Option<u32>| id.map_or(Id::Unknown, Id::Fixed);
        let mut accounts = Self {
            base_known: !matches!(entry.family, Family::Other | Family::Suse | Family::Arch | Family::Windows),
            adduser: match entry.family {
                Family::Debian => Some(Tool::Debian),
                Family::Alpine | Family::Busybox | Family::Wolfi => Some(Tool::Busybox),
                // There `adduser` is a link to `useradd`.
                Family::RedHat | Family::Suse | Family::Arch => Some(Tool::Shadow),
                Family::Distroless | Family::Windows | Family::Other => None,
            },
            ..Self::default()
        };
        for (name, gid) in entry.family.groups() {
            accounts.groups.insert((*name).to_owned(), Group { gid: Id::Fixed(*gid), made: None });
        }
        for account in entry.accounts() {
            let name = account.name.to_owned();
            // Accounts that share another's group have none of their own name.
            if account.gid.is_some() && account.gid == account.uid || account.uid.is_none() {
                accounts.groups.insert(name.clone(), Group { gid: id(account.gid), made: None });
            }
            accounts.users.insert(
                name.clone(),
                Account {
                    name,
                    uid: id(account.uid),
                    gid: id(account.gid),
                    group: None,
                    home: account.home.map(str::to_owned),
                    made: None,
                },
            );
        }
        accounts
    }

    /// Those of `scratch`: none.
    pub(in crate::project) fn none() -> Self {
        Self { base_known: true, ..Self::default() }
    }

    /// Takes over what another stage's passwd and group files say.
    pub(in crate::project) fn take(&mut self, other: &Self) {
        self.users.clone_from(&other.users);
        self.groups.clone_from(&other.groups);
        self.memberships.clone_from(&other.memberships);
        self.too_many |= other.too_many;
        self.incomplete = other.incomplete;
        self.base_known = other.base_known;
    }

    /// Whether [`Accounts::run`] has to look at a command.
    pub(in crate::project) fn may_change(command: &Command) -> bool {
        let names_file = |word: &Word| matches!(word.raw.trim_matches(['"', '\'']), "/etc/passwd" | "/etc/group");
        let program = command.program();
        program.contains("user") || program.contains("group") || program == "gpasswd" || {
            let targets = command.redirects.iter().map(|redirect| &redirect.target);
            targets.chain(&command.words).any(names_file)
        }
    }

    /// What a command of a RUN does to the accounts.
    pub(in crate::project) fn run(&mut self, command: &Command, step: &Step) {
        let argv = command.argv();
        let Some(program) = argv.first() else { return };
        let made = |tool| Made { word: program.span, command: command.span, tool, stage: step.stage };
        let args = || argv.iter().skip(1).map(|word| step.text(word)).collect::<Vec<_>>();
        match &*command.program() {
            "useradd" | "luseradd" => self.useradd(&args(), made(Tool::Shadow)),
            "groupadd" | "lgroupadd" => self.groupadd(&args(), made(Tool::Shadow)),
            "usermod" => self.usermod(&args(), made(Tool::Shadow)),
            "groupmod" => self.groupmod(&args(), made(Tool::Shadow)),
            "adduser" => self.adduser(&args(), &made),
            "addgroup" => self.addgroup(&args(), &made),
            "userdel" | "deluser" => {
                if let [.., Some(name)] = args().as_slice() {
                    self.remove_user(name);
                }
            }
            "groupdel" | "delgroup" => {
                if let [.., Some(name)] = args().as_slice() {
                    self.groups.remove(name.as_str());
                }
            }
            "gpasswd" => {
                if let [Some(option), Some(name), Some(group)] = args().as_slice()
                    && matches!(option.as_str(), "-a" | "--add")
                {
                    self.join(name, group);
                }
            }
            "newusers" => self.incomplete = true,
            _ => self.lines(command, argv, step),
        }
    }

    /// `echo 'app:x:10001:10001::/app:/bin/sh' >> /etc/passwd`, and `cat <<EOF` and `printf` likewise; `tee` at the end of
    /// a pipe writes what is not followed.
    fn lines(&mut self, command: &Command, argv: &[Word], step: &Step) {
        let writes = |redirect: &&crate::artifact::shell::Redirect| {
            matches!(redirect.kind, RedirectKind::Output | RedirectKind::Append)
        };
        let program = command.program();
        for redirect in command.redirects.iter().filter(writes) {
            let (passwd, group) = (redirect.target.is("/etc/passwd"), redirect.target.is("/etc/group"));
            if !passwd && !group {
                continue;
            }
            if redirect.kind == RedirectKind::Output && passwd {
                self.users.clear();
                self.base_known = true;
            }
            let texts: Vec<Option<String>> = match &*program {
                "echo" | "printf" => argv.iter().skip(1).map(|word| step.text(word)).collect(),
                "cat" => {
                    let here = command.redirects.iter().filter(|redirect| redirect.kind == RedirectKind::Here);
                    here.map(|redirect| step.text(&redirect.target)).collect()
                }
                _ => vec![None],
            };
            if texts.is_empty() {
                self.incomplete = true;
            }
            let word = argv.first().map_or(redirect.target.span, |word| word.span);
            let made = Made { word, command: command.span, tool: Tool::Line, stage: step.stage };
            for text in texts {
                match text {
                    Some(text) if passwd => self.passwd(&text, made),
                    Some(text) => self.group_file(&text, made),
                    None => self.incomplete = true,
                }
            }
        }
        let names_passwd = || argv.iter().skip(1).any(|word| word.is("/etc/passwd"));
        if matches!(&*program, "tee" | "sed" | "cp" | "mv" | "install") && names_passwd() {
            self.incomplete = true;
        }
    }

    /// Takes the lines of a passwd file for all there are.
    pub(in crate::project) fn replace(&mut self, text: &str, made: Made) {
        self.users.clear();
        self.base_known = true;
        self.passwd(text, made);
    }

    /// The lines of a passwd file, line feeds written as `\n` included.
    pub(in crate::project) fn passwd(&mut self, text: &str, made: Made) {
        for line in text.split('\n').flat_map(|line| line.split("\\n")) {
            let fields: Vec<&str> = line.trim().split(':').collect();
            if let [name, _, uid, gid, _, home, ..] = fields.as_slice() {
                let id = |text: &str| text.parse().map_or(Id::Unknown, Id::Fixed);
                let home = Some((*home).to_owned());
                let (uid, gid) = (id(uid), id(gid));
                self.add(Account { name: (*name).to_owned(), uid, gid, group: None, home, made: Some(made) });
            }
        }
    }

    /// The lines of a group file.
    pub(in crate::project) fn group_file(&mut self, text: &str, made: Made) {
        for line in text.split('\n').flat_map(|line| line.split("\\n")) {
            if let [name, _, gid, rest @ ..] = line.trim().split(':').collect::<Vec<_>>().as_slice() {
                let gid = gid.parse().map_or(Id::Unknown, Id::Fixed);
                self.add_group((*name).to_owned(), Group { gid, made: Some(made) });
                for member in rest.first().into_iter().flat_map(|members| members.split(',')) {
                    self.join(member, name);
                }
            }
        }
    }

    fn useradd(&mut self, args: &[Option<String>], made: Made) {
        let Some(options) = Options::read(args, USERADD) else {
            self.incomplete = true;
            return;
        };
        // `useradd -D` changes the defaults and makes nobody.
        let Some(name) = options.operands.first().filter(|_| !options.has("-D")) else { return };
        let Some(name) = name.clone() else {
            self.incomplete = true;
            return;
        };
        let uid = id(options.value("-u"));
        let (gid, group) = match options.value("-g") {
            Some(group) => self.named_group(group.as_deref()),
            // The group `users` of /etc/default/useradd.
            None if options.has("-N") => (Id::Fixed(100), None),
            None => self.own_group(&name, uid, made),
        };
        let home = options.value("-d").flatten();
        for group in options.value("-G").flatten().iter().flat_map(|groups| groups.split(',')) {
            self.join(&name, group);
        }
        self.add(Account { name, uid, gid, group, home, made: Some(made) });
    }

    fn groupadd(&mut self, args: &[Option<String>], made: Made) {
        match Options::read(args, GROUPADD) {
            Some(options) => match options.operands.first() {
                Some(Some(name)) => {
                    self.add_group(name.clone(), Group { gid: id(options.value("-g")), made: Some(made) })
                }
                Some(None) => self.incomplete = true,
                None => {}
            },
            None => self.incomplete = true,
        }
    }

    fn usermod(&mut self, args: &[Option<String>], made: Made) {
        let Some(options) = Options::read(args, USERMOD) else {
            self.incomplete = true;
            return;
        };
        let Some(Some(name)) = options.operands.first() else {
            self.incomplete |= options.has_value("-u") || options.has_value("-l");
            return;
        };
        let group = options.value("-g").map(|group| self.named_group(group.as_deref()));
        if let Some(Some(groups)) = options.value("-G") {
            // Without `-a` they replace those that there were.
            if !options.has("-a") {
                self.memberships.remove(name.as_str());
            }
            groups.split(',').for_each(|group| self.join(name, group));
            if options.given_only(&["-G", "-a"]) {
                return;
            }
        }
        // An account that the base brings without our knowledge is known from here on.
        let known = self.users.remove(name.as_str());
        let unknown =
            Account { name: name.clone(), uid: Id::Unknown, gid: Id::Unknown, group: None, home: None, made: None };
        let mut account = known.unwrap_or(unknown);
        if let Some(uid) = options.value("-u") {
            account.uid = id(Some(uid));
            account.made = Some(made);
        }
        if let Some((gid, group)) = group {
            account.gid = gid;
            account.group = group;
        }
        if let Some(home) = options.value("-d") {
            account.home = home;
        }
        match options.value("-l") {
            Some(Some(new)) => {
                self.removed.insert(name.clone());
                account.name = new;
            }
            Some(None) => self.incomplete = true,
            None => {}
        }
        self.add(account);
    }

    fn groupmod(&mut self, args: &[Option<String>], made: Made) {
        let Some(options) = Options::read(args, GROUPMOD) else { return };
        let Some(Some(name)) = options.operands.first() else { return };
        let mut group = self.groups.remove(name.as_str()).unwrap_or(Group { gid: Id::Unknown, made: None });
        if let Some(gid) = options.value("-g") {
            group = Group { gid: id(Some(gid)), made: Some(made) };
            for account in self.users.values_mut().filter(|account| account.group.as_ref() == Some(name)) {
                account.gid = group.gid;
            }
        }
        let new = options.value("-n").flatten();
        for account in self.users.values_mut().filter(|account| account.group.as_ref() == Some(name)) {
            account.group = new.clone().or(account.group.take());
        }
        self.groups.insert(new.unwrap_or_else(|| name.clone()), group);
    }

    fn adduser(&mut self, args: &[Option<String>], made: &dyn Fn(Tool) -> Made) {
        let tool = self.adduser_tool(args);
        let busybox = tool == Tool::Busybox;
        if tool == Tool::Shadow {
            self.useradd(args, made(tool));
            return;
        }
        let table = if busybox { BUSYBOX_ADDUSER } else { DEBIAN_ADDUSER };
        let Some(options) = Options::read(args, table) else {
            self.incomplete = true;
            return;
        };
        let made = made(tool);
        let name = match options.operands.as_slice() {
            [Some(name)] => name.clone(),
            // `adduser app group` adds an account that is there to a group.
            [Some(name), Some(group)] => {
                self.join(name, group);
                return;
            }
            [_, _] | [] => return,
            _ => {
                self.incomplete = true;
                return;
            }
        };
        let uid = id(options.value("--uid"));
        let system = options.has("--system");
        if !busybox && options.has("--group") && !system {
            self.add_group(name, Group { gid: id(options.value("--gid")), made: Some(made) });
            return;
        }
        // Of system accounts the group is `nogroup`, unless a group is asked for.
        let (gid, group) = match (options.value("--ingroup"), options.value("--gid")) {
            (Some(group), _) => self.named_group(group.as_deref()),
            (None, Some(gid)) => (id(Some(gid)), None),
            (None, None) if system && !options.has("--group") => {
                (Id::Fixed(if busybox { 65533 } else { 65534 }), Some("nogroup".to_owned()))
            }
            (None, None) => self.own_group(&name, uid, made),
        };
        let home = options.value("--home").flatten();
        self.add(Account { name, uid, gid, group, home, made: Some(made) });
    }

    fn addgroup(&mut self, args: &[Option<String>], made: &dyn Fn(Tool) -> Made) {
        let Some(options) = Options::read(args, ADDGROUP) else {
            self.incomplete = true;
            return;
        };
        match options.operands.as_slice() {
            [Some(name)] => {
                let made = made(self.adduser_tool(args));
                self.add_group(name.clone(), Group { gid: id(options.value("-g")), made: Some(made) });
            }
            [None] => self.incomplete = true,
            // `addgroup app group` adds an account that is there to a group.
            [Some(name), Some(group)] => self.join(name, group),
            _ => {}
        }
    }

    /// Whose `adduser` this is. Debian's has no options of one letter but `-q` and `-v`; the others share only some.
    fn adduser_tool(&self, args: &[Option<String>]) -> Tool {
        let short = args.iter().flatten().filter(|text| text.starts_with('-') && !text.starts_with("--"));
        let letters: String = short.flat_map(|text| text.chars().skip(1)).filter(char::is_ascii_alphabetic).collect();
        self.adduser.unwrap_or_else(|| match letters.trim_matches(['q', 'v']) {
            "" => Tool::Debian,
            letters if letters.contains(['D', 'S', 'G', 'H', 'h']) => Tool::Busybox,
            letters if letters.contains(['r', 'm', 'M', 'd', 'c', 'l']) => Tool::Shadow,
            _ => Tool::Busybox,
        })
    }

    /// The group that is made together with an account: its gid is the uid where that is given.
    fn own_group(&mut self, name: &str, uid: Id, made: Made) -> (Id, Option<String>) {
        if !self.groups.contains_key(name) {
            self.add_group(name.to_owned(), Group { gid: uid, made: Some(made) });
        }
        (self.groups.get(name).map_or(uid, |group| group.gid), Some(name.to_owned()))
    }

    fn named_group(&self, group: Option<&str>) -> (Id, Option<String>) {
        match group.map(|group| (group, group.parse())) {
            Some((_, Ok(gid))) => (Id::Fixed(gid), None),
            Some((name, Err(_))) => {
                let root = Group { gid: Id::Fixed(0), made: None };
                let known = self.groups.get(name).or((name == "root").then_some(&root));
                (known.map_or(Id::Unknown, |group| group.gid), Some(name.to_owned()))
            }
            None => (Id::Unknown, None),
        }
    }

    fn add(&mut self, account: Account) {
        if account.name.is_empty() {
            self.incomplete = true;
            return;
        }
        if self.users.len() < MAX_ACCOUNTS || self.users.contains_key(&account.name) {
            self.removed.remove(&account.name);
            // `useradd app` where the name exists fails, `|| true` or not: the first one stays.
            let made_again = account.made.map(|made| made.tool) != Some(Tool::Line)
                && self.users.get(&account.name).is_some_and(|known| known.made.is_some());
            if !made_again || account.uid.number().is_some() {
                self.users.insert(account.name.clone(), account);
            }
        } else {
            (self.incomplete, self.too_many) = (true, true);
        }
    }

    /// Adds an account to a group.
    fn join(&mut self, name: &str, group: &str) {
        let (name, group) = (name.trim(), group.trim());
        if name.is_empty() || group.is_empty() {
            return;
        }
        let all: usize = self.memberships.values().map(BTreeSet::len).sum();
        if all < MAX_ACCOUNTS {
            self.memberships.entry(name.to_owned()).or_default().insert(group.to_owned());
        } else {
            self.too_many = true;
        }
    }

    fn add_group(&mut self, name: String, group: Group) {
        if self.groups.len() < MAX_ACCOUNTS {
            self.groups.entry(name).or_insert(group);
        } else {
            (self.incomplete, self.too_many) = (true, true);
        }
    }

    fn remove_user(&mut self, name: &str) {
        if let Some(account) = self.users.remove(name)
            && account.group.as_deref().is_none_or(|group| group == name)
        {
            self.groups.remove(name);
        }
        self.removed.insert(name.to_owned());
    }
}

/// The id that an option gives: not given, given and known, or given and not known.
fn id(value: Option<Option<String>>) -> Id {
    match value {
        None => Id::Free,
        Some(text) => text.and_then(|text| text.trim().parse().ok()).map_or(Id::Unknown, Id::Fixed),
    }
}
