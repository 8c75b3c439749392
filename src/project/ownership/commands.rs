//! What the commands of a RUN do to owners and modes.

use std::sync::Arc;

use super::follow::{Follower, Runner, Stage, anything};
use super::tree::{Below, Found, Held, Kind, Told};
use super::{Owner, group, owner, primary_group, told};
use crate::artifact::shell::mode::ModeChange;
use crate::artifact::shell::{Body, Command, RedirectKind, Word, base_name};
use crate::project::commands::BUILDERS;
use crate::project::image::Step;
use crate::project::layout::{self, absolute, known};
use crate::project::user::accounts::Accounts;
use crate::span::Span;

/// Paths that a word of a command means.
enum Path {
    /// This one.
    At(String),
    /// All that lies in a folder.
    In(String),
    /// Something in a folder.
    Near(String),
}

/// Where the commands of a body are.
struct Place {
    cwd: Option<String>,
    /// Inside of `( … )`.
    inner: Option<Option<String>>,
    /// How deep the shell is nested that somebody else runs.
    foreign: Option<u8>,
}

impl Follower<'_> {
    pub(super) fn commands(&mut self, stage: &mut Stage, body: &Body, step: &Step) {
        let mut place = Place { cwd: known(&step.workdir), inner: None, foreign: None };
        for command in &body.commands {
            let made_by = Accounts::may_change(command);
            if made_by {
                Arc::make_mut(&mut stage.accounts).run(command, step);
            }
            if !command.place.subshell {
                place.inner = None;
            } else if place.inner.is_none() {
                place.inner = Some(place.cwd.clone());
            }
            if place.foreign.is_some_and(|nesting| command.place.nesting <= nesting) {
                place.foreign = None;
            }
            let runner = self.runner_of(stage, step, command, &place);
            self.command(stage, command, step, &mut place, &runner);
            for redirect in &command.redirects {
                if matches!(redirect.kind, RedirectKind::Output | RedirectKind::Append) {
                    self.make_file(stage, &redirect.target, step, &place, &runner);
                }
            }
        }
        if !body.gaps.is_empty() {
            Arc::make_mut(&mut stage.accounts).incomplete = true;
            self.doubt(stage, "/");
        }
    }

    fn runner_of(&self, stage: &Stage, step: &Step, command: &Command, place: &Place) -> Runner {
        let first = command.words.first().and_then(Word::literal).unwrap_or_default();
        let options = || command.words.iter().take(4).any(|word| word.is("-u") || word.raw.starts_with("--user"));
        if place.foreign.is_some() || (matches!(base_name(&first), "sudo" | "doas") && options()) {
            return Runner { owner: Owner::Unknown, group: Owner::Unknown };
        }
        if matches!(base_name(&first), "sudo" | "doas") {
            return Runner { owner: Owner::Number(0), group: Owner::Number(0) };
        }
        self.runner(stage, step)
    }

    fn command(&mut self, stage: &mut Stage, command: &Command, step: &Step, place: &mut Place, runner: &Runner) {
        let program = command.program();
        let args = command.args();
        let span = command.argv().first().map_or(command.span, |word| word.span);
        match &*program {
            "cd" | "pushd" => {
                let to = match args.iter().find(|word| !word.raw.starts_with('-')) {
                    Some(word) => match self.path(word, step, place).as_slice() {
                        [Path::At(path)] => Some(path.clone()),
                        _ => None,
                    },
                    None => None,
                };
                let to = to.filter(|_| !command.place.conditional);
                match &mut place.inner {
                    Some(inner) => *inner = to,
                    None => place.cwd = to,
                }
            }
            "popd" => place.cwd = None,
            "su" | "gosu" | "su-exec" | "runuser" | "setpriv" | "chroot" | "s6-setuidgid" => {
                place.foreign = Some(command.place.nesting);
                self.tree(stage).fill("/", anything(None));
            }
            "chown" | "chgrp" => self.chown(stage, args, step, place, program == "chgrp", span),
            "chmod" => self.chmod(stage, args, step, place, span),
            "mkdir" => self.mkdir(stage, args, step, place, runner, span),
            "install" => self.install(stage, args, step, place, runner, span),
            "touch" | "tee" | "truncate" => {
                for word in args.iter().filter(|word| !word.raw.starts_with('-')) {
                    self.make_file(stage, word, step, place, runner);
                }
            }
            "rm" | "rmdir" | "unlink" => {
                for word in args.iter().filter(|word| !word.raw.starts_with('-')) {
                    self.remove(stage, word, step, place);
                }
            }
            "cp" | "rsync" | "mv" => {
                let keeps = program != "cp"
                    || args.iter().any(|word| {
                        word.raw.starts_with("--preserve")
                            || word.raw.starts_with("--archive")
                            || (word.raw.starts_with('-')
                                && !word.raw.starts_with("--")
                                && word.raw.contains(['a', 'p']))
                    });
                let unknown = Runner { owner: Owner::Unknown, group: Owner::Unknown };
                let operands: Vec<&Word> = args.iter().filter(|word| !word.raw.starts_with('-')).collect();
                let given = args.iter().position(|word| word.is("-t")).and_then(|at| args.get(at + 1));
                let Some(to) = given.or(operands.last().copied()) else { return };
                self.land(stage, to, step, place, if keeps { &unknown } else { runner }, span);
                if program == "mv" {
                    for word in operands.iter().filter(|word| word.span != to.span) {
                        self.remove(stage, word, step, place);
                    }
                }
            }
            "ln" => {
                let unknown = Runner { owner: Owner::Unknown, group: Owner::Unknown };
                if let Some(to) = args.iter().rfind(|word| !word.raw.starts_with('-')) {
                    self.land(stage, to, step, place, &unknown, span);
                }
            }
            "useradd" | "adduser" => self.home(stage, args, command, span),
            "usermod" => self.moved_home(stage, args),
            "git" if args.first().is_some_and(|word| word.is("clone")) => {
                let operands: Vec<&Word> = args.iter().skip(1).filter(|word| !word.raw.starts_with('-')).collect();
                match operands.as_slice() {
                    [.., url, to] if url.raw.contains([':', '/']) && !to.raw.contains("://") => {
                        self.land(stage, to, step, place, runner, span);
                    }
                    _ => self.near(stage, place, runner, span),
                }
            }
            "tar" => {
                // Root keeps the owners that the archive names.
                let unknown = Runner { owner: Owner::Unknown, group: Owner::Unknown };
                let to = args.iter().position(|word| word.is("-C") || word.is("--directory"));
                match to.and_then(|at| args.get(at + 1)) {
                    Some(to) => self.land(stage, to, step, place, &unknown, span),
                    None => self.near(stage, place, &unknown, span),
                }
            }
            "find" => {
                let acts = args.iter().any(|word| word.raw.starts_with("-exec") || word.raw.starts_with("-ok"));
                let harmless = args.iter().any(|word| matches!(base_name(&word.raw), "rm" | "gzip" | "strip" | "sed"));
                if acts && !harmless {
                    for word in args.iter().take_while(|word| !word.raw.starts_with(['-', '(', '\\'])) {
                        for path in self.path(word, step, place) {
                            let (Path::At(area) | Path::In(area) | Path::Near(area)) = path;
                            self.doubt(stage, &area);
                        }
                    }
                }
            }
            "" if command.words.is_empty() => {}
            _ if layout::is_harmless(&program) => {}
            _ if BUILDERS.contains(&&*program) || program.starts_with("python3.") => {
                self.near(stage, place, runner, span);
                for word in args.iter().filter(|word| word.raw.trim_start_matches(['"', '\'']).starts_with('/')) {
                    for path in self.path(word, step, place) {
                        let (Path::At(path) | Path::In(path) | Path::Near(path)) = path;
                        let folder = super::tree::parent(&path).unwrap_or("/").to_owned();
                        let area = if folder == "/" { path } else { folder };
                        self.tree(stage).fill(&area, anything(Some((runner, span))));
                    }
                }
            }
            _ if self.is_shell_without_script(&program, args) => {}
            // A program by its path, or a shell with a script, may do anything; others make things, but give nothing away.
            _ if is_script(command, &program) => self.doubt(stage, "/"),
            _ => self.tree(stage).fill("/", anything(None)),
        }
    }

    /// `sh -c '…'` and heredocs for a shell: what they run follows.
    fn is_shell_without_script(&self, program: &str, args: &[Word]) -> bool {
        crate::artifact::shell::is_shell(program)
            && args
                .iter()
                .any(|word| word.raw.starts_with('-') && !word.raw.starts_with("--") && word.raw.contains('c'))
    }

    /// The paths that a word means.
    fn path(&self, word: &Word, step: &Step, place: &Place) -> Vec<Path> {
        let cwd = place.inner.as_ref().unwrap_or(&place.cwd).as_deref();
        let texts = match step.text(word) {
            Some(text) => vec![text],
            None => braces(word.raw.trim_matches(['"', '\''])),
        };
        texts.iter().map(|text| one_path(text, cwd)).collect()
    }

    fn chown(&mut self, stage: &mut Stage, args: &[Word], step: &Step, place: &Place, groups: bool, span: Span) {
        let mut recursive = false;
        let mut operands = Vec::new();
        for word in args {
            let text = step.text(word).unwrap_or_else(|| word.raw.clone());
            if text.starts_with("--reference") || text.starts_with("--from") {
                return self.doubt(stage, "/");
            }
            if text.starts_with('-') && text.len() > 1 {
                recursive |= text == "--recursive" || (!text.starts_with("--") && text.contains('R'));
            } else {
                operands.push(word);
            }
        }
        let Some((spec, paths)) = operands.split_first() else { return };
        let spec = step.text(spec);
        let (to, to_group) = match spec.as_deref() {
            None => (Some(Owner::Unknown), Some(Owner::Unknown)),
            Some(spec) if groups => (None, Some(group(&stage.accounts, spec))),
            Some(spec) => {
                let accounts = &stage.accounts;
                let (name, of_group) = match spec.split_once(':').or_else(|| spec.split_once('.')) {
                    Some((name, of_group)) => (name, Some(of_group)),
                    None => (spec, None),
                };
                let to_group = match of_group {
                    Some("") => Some(primary_group(accounts, name)),
                    Some(of_group) => Some(group(accounts, of_group)),
                    None => None,
                };
                (Some(name).filter(|name| !name.is_empty()).map(|name| owner(accounts, name)), to_group)
            }
        };
        let said = told(span, if groups { "chgrp changes its group here" } else { "chown gives it away here" });
        let change = |held: &mut Held| {
            if let Some(to) = &to {
                held.owner = to.clone();
            }
            if let Some(to) = &to_group {
                held.group = to.clone();
            }
            held.changed = Some(said);
        };
        self.change(stage, paths, step, place, recursive, &change, &|held| {
            (held.owner, held.group) = (Owner::Unknown, Owner::Unknown);
        });
    }

    fn chmod(&mut self, stage: &mut Stage, args: &[Word], step: &Step, place: &Place, span: Span) {
        let mut recursive = false;
        let mut operands = Vec::new();
        for word in args {
            let text = step.text(word).unwrap_or_else(|| word.raw.clone());
            let is_mode = text.strip_prefix('-').is_some_and(|rest| {
                !rest.is_empty() && rest.chars().all(|letter| matches!(letter, 'r' | 'w' | 'x' | 'X' | 's' | 't'))
            });
            if text.starts_with('-') && !is_mode {
                recursive |= text == "--recursive" || (!text.starts_with("--") && text.contains('R'));
            } else {
                operands.push(word);
            }
        }
        let Some((spec, paths)) = operands.split_first() else { return };
        let mode = step.text(spec).and_then(|text| ModeChange::parse(&text));
        let said = told(span, "chmod sets its mode here");
        let change = |held: &mut Held| {
            held.change_mode(mode.as_ref());
            held.changed = Some(said);
        };
        self.change(stage, paths, step, place, recursive, &change, &|held| held.mode = None);
    }

    /// Changes what words mean; where that is not known, `doubt` is done to all that it may be.
    #[allow(clippy::too_many_arguments, reason = "two changes to the same paths")]
    fn change(
        &mut self,
        stage: &mut Stage,
        paths: &[&Word],
        step: &Step,
        place: &Place,
        recursive: bool,
        change: &dyn Fn(&mut Held),
        doubt: &dyn Fn(&mut Held),
    ) {
        for word in paths {
            for path in self.path(word, step, place) {
                let (path, below, change) = match path {
                    Path::At(path) => (path, if recursive { Below::Too } else { Below::Not }, change),
                    Path::In(path) => (path, Below::Only, if recursive { change } else { doubt }),
                    Path::Near(path) => (path, Below::Too, doubt),
                };
                // What was there without anybody having said so.
                if below != Below::Only {
                    self.settle(stage, &path);
                }
                let changed = self.tree(stage).change(&path, below, change);
                self.work(changed);
            }
        }
    }

    /// Makes a path known of which somebody speaks: it is there.
    fn settle(&mut self, stage: &mut Stage, path: &str) {
        let held = match self.find(stage, path) {
            Found::There(held) | Found::Maybe(Some(held)) => held,
            Found::Maybe(None) | Found::Absent => Held {
                owner: Owner::Unknown,
                group: Owner::Unknown,
                mode: None,
                kind: Kind::Unknown,
                made: None,
                changed: None,
            },
        };
        self.tree(stage).put(path, held);
    }

    fn mkdir(&mut self, stage: &mut Stage, args: &[Word], step: &Step, place: &Place, runner: &Runner, span: Span) {
        let options = options(args, step, &["-m", "--mode"]);
        let mode = options.value("-m").or_else(|| options.value("--mode"));
        let mode =
            mode.map(|text| text.as_deref().and_then(ModeChange::parse).map_or(0o755, |mode| mode.of(0o777, true)));
        for word in options.operands {
            self.folder(stage, word, step, place, runner, told(span, "made here"), mode);
        }
    }

    #[allow(clippy::too_many_arguments, reason = "the word, its surroundings, and what becomes of it")]
    fn folder(
        &mut self,
        stage: &mut Stage,
        word: &Word,
        step: &Step,
        place: &Place,
        runner: &Runner,
        told: Told,
        mode: Option<u32>,
    ) {
        for path in self.path(word, step, place) {
            match path {
                Path::At(path) => self.make_folders(stage, &path, runner, told, mode),
                Path::In(area) | Path::Near(area) => {
                    self.tree(stage).fill(&area, anything(Some((runner, told.span))));
                }
            }
        }
    }

    /// `install -d` makes folders and gives them away, also where they are there; else it copies files.
    fn install(&mut self, stage: &mut Stage, args: &[Word], step: &Step, place: &Place, runner: &Runner, span: Span) {
        let read =
            options(args, step, &["-o", "--owner", "-g", "--group", "-m", "--mode", "-t", "--target-directory", "-S"]);
        let value = |short: &str, long: &str| read.value(short).or_else(|| read.value(long));
        let unknown = || Owner::Unknown;
        let to = Runner {
            owner: value("-o", "--owner").map_or_else(
                || runner.owner.clone(),
                |name| name.map_or_else(unknown, |name| owner(&stage.accounts, &name)),
            ),
            group: value("-g", "--group").map_or_else(
                || runner.group.clone(),
                |name| name.map_or_else(unknown, |name| group(&stage.accounts, &name)),
            ),
        };
        let mode = match value("-m", "--mode") {
            Some(text) => text.as_deref().and_then(ModeChange::parse).map(|mode| mode.of(0, true)),
            None => Some(0o755),
        };
        let said = told(span, "install makes it here");
        if read.flags.contains('d') || args.iter().any(|word| word.is("--directory")) {
            for word in &read.operands {
                // The folders above it are the runner's.
                self.folder(stage, word, step, place, runner, said, None);
                self.change(
                    stage,
                    &[word],
                    step,
                    place,
                    false,
                    &|held| {
                        (held.owner, held.group) = (to.owner.clone(), to.group.clone());
                        held.mode = mode;
                        held.changed = Some(said);
                    },
                    &|held| (held.owner, held.group, held.mode) = (Owner::Unknown, Owner::Unknown, None),
                );
            }
            return;
        }
        let word = args.iter().position(|word| word.is("-t")).and_then(|at| args.get(at + 1));
        if let Some(word) = word.or(read.operands.last().copied()) {
            self.land(stage, word, step, place, &to, span);
        }
    }

    /// Something is put at a path, or into the folder that it is.
    fn land(&mut self, stage: &mut Stage, word: &Word, step: &Step, place: &Place, runner: &Runner, span: Span) {
        for path in self.path(word, step, place) {
            match path {
                Path::At(path) => {
                    if !matches!(self.find(stage, &path), Found::There(_)) {
                        self.tree(stage).put(
                            &path,
                            Held {
                                owner: runner.owner.clone(),
                                group: runner.group.clone(),
                                mode: Some(0o755),
                                kind: Kind::Unknown,
                                made: Some(told(span, "made here")),
                                changed: None,
                            },
                        );
                    }
                    self.tree(stage).fill(&path, anything(Some((runner, span))));
                }
                Path::In(area) | Path::Near(area) => self.tree(stage).fill(&area, anything(Some((runner, span)))),
            }
        }
    }

    /// A file is made where none is.
    fn make_file(&mut self, stage: &mut Stage, word: &Word, step: &Step, place: &Place, runner: &Runner) {
        for path in self.path(word, step, place) {
            match path {
                Path::At(path) if path.starts_with("/dev/") => {}
                Path::At(path) => {
                    if !matches!(self.find(stage, &path), Found::There(_)) {
                        let made = Some(told(word.span, "made here"));
                        let (owner, group) = (runner.owner.clone(), runner.group.clone());
                        let held = Held { owner, group, mode: Some(0o644), kind: Kind::File, made, changed: None };
                        self.tree(stage).put(&path, held);
                    }
                }
                Path::In(area) | Path::Near(area) => {
                    self.tree(stage).fill(&area, anything(Some((runner, word.span))));
                }
            }
        }
    }

    fn remove(&mut self, stage: &mut Stage, word: &Word, step: &Step, place: &Place) {
        for path in self.path(word, step, place) {
            match path {
                Path::At(path) if path != "/" => {
                    let removed = self.tree(stage).remove(&path);
                    self.work(removed);
                    // The folder that it was copied with still says that it is there.
                    if !matches!(self.find(stage, &path), Found::Absent) {
                        self.settle(stage, &path);
                        self.doubt(stage, &path);
                    }
                }
                Path::At(area) | Path::In(area) | Path::Near(area) => {
                    self.tree(stage).fill(&area, anything(None));
                }
            }
        }
    }

    /// Whatever is made where the commands are.
    fn near(&mut self, stage: &mut Stage, place: &Place, runner: &Runner, span: Span) {
        let cwd = place.inner.as_ref().unwrap_or(&place.cwd).clone();
        match cwd {
            Some(cwd) => self.tree(stage).fill(&cwd, anything(Some((runner, span)))),
            None => self.tree(stage).fill("/", anything(None)),
        }
    }

    /// The home of an account that was just made.
    fn home(&mut self, stage: &mut Stage, args: &[Word], command: &Command, span: Span) {
        let has = |names: &[&str], letters: &[char]| {
            args.iter().any(|word| {
                names.iter().any(|name| word.raw.starts_with(name))
                    || (word.raw.starts_with('-') && !word.raw.starts_with("--") && word.raw.contains(letters))
            })
        };
        let adduser = command.program() == "adduser";
        let made = if adduser {
            !has(&["--no-create-home", "--system"], &['H', 'M', 'S'])
        } else {
            has(&["--create-home"], &['m']) && !has(&["--no-create-home"], &['M'])
        };
        let accounts = Arc::clone(&stage.accounts);
        let new = accounts.users.values().find(|account| account.made.is_some_and(|made| made.word == span));
        let Some(account) = new else { return };
        let home = account.home.clone().unwrap_or_else(|| format!("/home/{}", account.name));
        if !home.starts_with('/') || home == "/" || home.starts_with("/nonexistent") {
            return;
        }
        let home = absolute("/", &home);
        let runner = Runner { owner: owner(&accounts, &account.name), group: primary_group(&accounts, &account.name) };
        if made {
            let root = Runner { owner: Owner::Number(0), group: Owner::Number(0) };
            let said = told(span, "made here as a home");
            if let Some(above) = super::tree::parent(&home).filter(|above| *above != "/").map(str::to_owned) {
                self.make_folders(stage, &above, &root, said, None);
            }
            match self.find(stage, &home) {
                // BusyBox gives a home away that is there; the others leave it as it is.
                Found::There(_) if adduser => self.doubt(stage, &home),
                Found::There(_) => {}
                _ => {
                    self.make_folders(stage, &home, &runner, said, None);
                    self.tree(stage).fill(&home, anything(Some((&runner, span))));
                }
            }
        } else if !matches!(self.find(stage, &home), Found::There(_)) {
            // Whether it is made, a file of settings decides.
            let above = super::tree::parent(&home).unwrap_or("/").to_owned();
            if above != "/" || adduser {
                self.tree(stage).fill(&above, anything(Some((&runner, span))));
            }
        }
    }

    /// `usermod -u` changes the owner of the files of the home; `-d -m` moves it.
    fn moved_home(&mut self, stage: &mut Stage, args: &[Word]) {
        if args.iter().any(|word| word.raw.starts_with("-m") || word.raw.contains("move") || word.raw.starts_with("-u"))
        {
            self.doubt(stage, "/home");
        }
    }
}

/// Whether a command runs a script that is out of sight.
fn is_script(command: &Command, program: &str) -> bool {
    let first = command.argv().first().map_or("", |word| word.raw.trim_matches(['"', '\'']));
    program.is_empty()
        || first.contains('/')
        || first.contains('$')
        || crate::artifact::shell::is_shell(program)
        || matches!(
            program,
            "." | "source" | "eval" | "xargs" | "parallel" | "make" | "ansible-playbook" | "dpkg" | "rpm"
        )
}

/// A path, as far as its wildcards let it be known.
fn one_path(text: &str, cwd: Option<&str>) -> Path {
    let start = text.find(['*', '?', '[', '$', '`', '{', '~']);
    let text = match start {
        None => text,
        Some(at) => {
            let (before, rest) = text.split_at(at);
            let folder = before.rsplit_once('/').map(|(folder, _)| folder);
            let folder = match folder {
                Some("") => Some("/"),
                Some(folder) => Some(folder),
                None => (!matches!(rest.chars().next(), Some('$' | '`' | '~'))).then_some("."),
            };
            let area = match (folder, cwd) {
                (Some(folder), _) if folder.starts_with('/') => absolute("/", folder),
                (Some(folder), Some(cwd)) => absolute(cwd, folder),
                _ => "/".to_owned(),
            };
            return if rest == "*" && before.ends_with('/') { Path::In(area) } else { Path::Near(area) };
        }
    };
    match cwd {
        _ if text.starts_with('/') => Path::At(absolute("/", text)),
        Some(cwd) => Path::At(absolute(cwd, text)),
        None => Path::Near("/".to_owned()),
    }
}

/// How many words braces may become.
const MAX_BRACES: usize = 64;

/// `/app/{a,b}` is `/app/a` and `/app/b`, to bash at least.
fn braces(text: &str) -> Vec<String> {
    let mut done = Vec::new();
    let mut todo = vec![text.to_owned()];
    while let Some(text) = todo.pop() {
        let parts = text.find('}').and_then(|close| {
            let open =
                text.get(..close)?.rfind('{').filter(|open| !text.get(..*open).is_some_and(|it| it.ends_with('$')))?;
            Some((text.get(..open)?, text.get(open + 1..close)?, text.get(close + 1..)?))
        });
        match parts {
            Some((before, inner, after)) if inner.contains(',') && done.len() + todo.len() < MAX_BRACES => {
                todo.extend(inner.split(',').map(|part| format!("{before}{part}{after}")));
            }
            _ => done.push(text),
        }
    }
    done
}

/// Options that take a value, the letters of all others, and what is neither.
struct Options<'w> {
    values: Vec<(String, Option<String>)>,
    flags: String,
    operands: Vec<&'w Word>,
}

fn options<'w>(args: &'w [Word], step: &Step, with_value: &[&str]) -> Options<'w> {
    let mut read = Options { values: Vec::new(), flags: String::new(), operands: Vec::new() };
    let mut words = args.iter();
    while let Some(word) = words.next() {
        let text = step.text(word).unwrap_or_else(|| word.raw.clone());
        if !text.starts_with('-') || text.len() < 2 {
            read.operands.push(word);
        } else if let Some(long) = text.strip_prefix("--") {
            match long.split_once('=') {
                Some((name, value)) => read.values.push((format!("--{name}"), Some(value.to_owned()))),
                None if with_value.contains(&text.as_str()) => {
                    read.values.push((text, words.next().and_then(|word| step.text(word))));
                }
                None => {}
            }
        } else {
            for (at, letter) in text.char_indices().skip(1) {
                let name = format!("-{letter}");
                if with_value.contains(&name.as_str()) {
                    let rest = text.get(at + letter.len_utf8()..).unwrap_or_default();
                    let value = if rest.is_empty() {
                        words.next().and_then(|word| step.text(word))
                    } else {
                        Some(rest.to_owned())
                    };
                    read.values.push((name, value));
                    break;
                }
                read.flags.push(letter);
            }
        }
    }
    read
}

impl Options<'_> {
    fn value(&self, name: &str) -> Option<Option<String>> {
        self.values.iter().rev().find(|(given, _)| given == name).map(|(_, value)| value.clone())
    }
}
