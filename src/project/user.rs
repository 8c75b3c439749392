//! Who a container of an image runs as: the last USER of the chain of stages, else what the base image sets.
//!
//! The source of the behaviour is moby's `user.GetExecUser`, which turns the text of USER into a uid when a container
//! starts (<https://github.com/moby/sys/blob/main/user/user.go>).

pub mod accounts;
mod missing;
pub(in crate::project) mod stages;
mod steps_down;
mod unpinned;

use std::collections::BTreeSet;

use accounts::{Account, Accounts, Id, Made};
pub use missing::Missing;
pub use steps_down::StepsDown;
pub use unpinned::Unpinned;

use super::catalogue::{self, Entry, Family};
use super::image::{Base, Cause, Image, Setting, Value};
use super::process;
use super::script::Scripts;
use crate::artifact::dockerfile::{Dockerfile, InstructionKind};
use crate::artifact::shell;
use crate::finding::Label;
use crate::settings::Settings;
use crate::snapshot::Snapshot;
use crate::span::Span;

/// How many links a chain may have before its middle is left out of the words.
const MAX_TOLD_STAGES: usize = 6;

/// The id that is proposed for an account: above those that distributions give away by themselves.
const FIRST_ID: u32 = 10_001;

/// Whether somebody is root.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// uid 0.
    Root,
    /// Any other.
    NotRoot,
    /// It depends on something out of sight.
    Unknown,
}

/// Who a container of an image runs as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Root, not root, or unknown.
    pub answer: Answer,
    /// What made the answer.
    pub reason: Reason,
    /// The text of the USER that counts, its variables replaced; for a base image what it sets.
    pub text: Option<String>,
    /// The uid, where it is known.
    pub uid: Option<u32>,
    /// The account, where it was made in the chain.
    pub account: Option<Account>,
    /// The word that settles it: of the last USER, else the base word of the target stage.
    pub span: Span,
    /// How the answer came about: "final stage `runtime` ← `base` ← python:3.13-slim, no USER".
    pub chain: String,
    /// The stages of the chain and other places that explain the answer.
    pub labels: Vec<Label>,
    /// Where the process stops being root by itself, if it starts as root.
    pub steps_down: Option<StepsDown>,
    /// What its USER names although nothing makes it, where that is sure.
    pub missing: Option<Missing>,
    /// Who there is in the target stage.
    pub accounts: Accounts,
    /// What is known of the base image.
    pub base: Option<&'static Entry>,
}

/// Why somebody is, or is not, root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// USER says so: a name, or a number.
    User,
    /// USER names an account that has uid 0 under another name.
    Uid0(Made),
    /// USER is empty once its variables are replaced.
    Empty,
    /// USER names a variable whose value is out of sight.
    Variable {
        /// Its name.
        name: String,
        /// Whether it is a build argument; else the base image may set it.
        argument: bool,
    },
    /// No USER, and the base image is known.
    Base,
    /// No USER, and `FROM scratch`.
    Scratch,
    /// No USER, and the base image is an image that this repository builds too.
    Built,
    /// No USER, and nothing is known of the base image.
    UnknownBase,
    /// The account has a uid that a build argument decides.
    UnknownUid,
    /// Windows, where there is no uid.
    Windows,
    /// The build has no stage to run.
    NoStage,
}

/// What the images that the same repository builds run as: the answer for a reference, where one of them has that name.
pub(super) type Built<'b> = &'b dyn Fn(&str) -> Option<(Answer, Option<String>)>;

/// Resolves the user of one build.
///
/// `text` is the Dockerfile's, `context` the folder whose files COPY finds (for entrypoint scripts), `is_context` says of a
/// name that it is a context that the build is given under this name instead of an image.
#[allow(clippy::too_many_arguments, reason = "what a build is made of, and what is known beside it")]
pub(super) fn resolve(
    snapshot: &Snapshot,
    settings: &Settings,
    dockerfile: &Dockerfile,
    scripts: &Scripts,
    image: &Image,
    context: Option<&str>,
    is_context: &dyn Fn(&str) -> bool,
    built: Built<'_>,
) -> User {
    let Some(target) = image.target.and_then(|target| dockerfile.stages.get(target)) else {
        return User::nobody(Span::file_start(dockerfile.file));
    };
    let reference = reference(dockerfile, image).filter(|reference| !is_context(reference));
    let base = entry(dockerfile, image).filter(|_| reference.is_some());
    let is_windows = base.is_some_and(|entry| entry.family == Family::Windows)
        || dockerfile.escape == '`'
        || image.base().is_some_and(process::is_windows);
    let accounts = stages::Origins { snapshot, dockerfile, scripts, image, context }.accounts();
    let mut user = User { span: target.base.span, accounts, base, ..User::nobody(target.base.span) };
    match &image.config.user {
        Some(setting) => user.set(setting, is_windows),
        None if is_windows => user.reason = Reason::Windows,
        None => user.inherit(image, reference.as_deref(), settings, built),
    }
    if user.answer != Answer::Unknown {
        user.missing = missing::find(&user, dockerfile, image, scripts);
    }
    user.tell_chain(dockerfile, image);
    if user.answer == Answer::Root || matches!(user.reason, Reason::UnknownBase) {
        user.step_down(snapshot, dockerfile, scripts, image, context);
    }
    user
}

/// What is known of the base image, also where its tag is not known.
fn entry(dockerfile: &Dockerfile, image: &Image) -> Option<&'static Entry> {
    let first = *image.shipped.first()?;
    match image.bases.get(first)? {
        Base::Image(value) => match value.as_str() {
            Some(reference) => catalogue::find(reference),
            None => {
                let written = &dockerfile.stages.get(first)?.base.text;
                let repository = written.split_once(':').map_or(written.as_str(), |(repository, _)| repository);
                catalogue::find_any_tag(repository)
            }
        },
        Base::Scratch | Base::Stage(_) => None,
    }
}

/// The reference of the base image, as far as it is known.
fn reference(dockerfile: &Dockerfile, image: &Image) -> Option<String> {
    let first = *image.shipped.first()?;
    match image.bases.get(first)? {
        Base::Image(value) => {
            let written = || dockerfile.stages.get(first).map(|stage| stage.base.text.clone());
            value.as_str().map(str::to_owned).or_else(written)
        }
        Base::Scratch | Base::Stage(_) => Some("scratch".to_owned()),
    }
}

impl User {
    fn nobody(span: Span) -> Self {
        Self {
            answer: Answer::Unknown,
            reason: Reason::NoStage,
            text: None,
            uid: None,
            account: None,
            span,
            chain: String::new(),
            labels: Vec::new(),
            steps_down: None,
            missing: None,
            accounts: Accounts::default(),
            base: None,
        }
    }

    /// The answer of a USER.
    fn set(&mut self, setting: &Setting, is_windows: bool) {
        self.span = setting.span;
        let text = match &setting.value {
            Value::Known(text) => text.to_string(),
            // Of an image that is known, the variables that people name in USER are known too.
            Value::Unknown(why) if why.cause == Cause::Base && self.base.is_some() => {
                why.unset.as_deref().unwrap_or_default().to_owned()
            }
            Value::Unknown(why) => {
                let argument = why.cause != Cause::Base;
                self.reason = Reason::Variable { name: why.variable.clone(), argument };
                return;
            }
        };
        if is_windows {
            self.text = Some(text);
            self.reason = Reason::Windows;
            return;
        }
        self.judge(&text, Reason::User);
        if text.trim().is_empty() {
            self.reason = Reason::Empty;
        }
    }

    /// The answer of the text of a USER, as moby reads it: numbers first, then names.
    fn judge(&mut self, text: &str, reason: Reason) {
        self.text = Some(text.to_owned());
        self.reason = reason;
        let name = text.trim().split(':').next().unwrap_or_default();
        if name.is_empty() {
            (self.answer, self.uid) = (Answer::Root, Some(0));
            return;
        }
        if let Ok(uid) = name.parse::<i64>() {
            self.uid = u32::try_from(uid).ok();
            self.answer = if uid == 0 { Answer::Root } else { Answer::NotRoot };
            return;
        }
        let account = self.accounts.users.get(name);
        self.uid = account.and_then(|account| account.uid.number()).or((name == "root").then_some(0));
        self.account = account.filter(|account| account.made.is_some()).cloned();
        let made = self.account.as_ref().and_then(|account| account.made);
        (self.answer, self.reason) = match (self.uid, account.map(|account| account.uid), made) {
            (Some(0), _, Some(made)) if name != "root" => (Answer::Root, Reason::Uid0(made)),
            (Some(0), ..) => (Answer::Root, self.reason.clone()),
            (None, Some(Id::Unknown), Some(_)) => (Answer::Unknown, Reason::UnknownUid),
            // A name that nobody has keeps the container from starting; it is not root in any case.
            _ => (Answer::NotRoot, self.reason.clone()),
        };
    }

    /// Who a container runs as when somebody else than the image says it: `user:` of a compose service, or `--user`.
    #[must_use]
    pub fn overridden(&self, text: &str) -> Self {
        let mut user = Self { steps_down: None, missing: None, uid: None, account: None, ..self.clone() };
        user.judge(text, Reason::User);
        user
    }

    /// The answer of the base image.
    fn inherit(&mut self, image: &Image, reference: Option<&str>, settings: &Settings, built: Built<'_>) {
        if image.base() == Some(&Base::Scratch) {
            (self.answer, self.reason, self.uid) = (Answer::Root, Reason::Scratch, Some(0));
            self.text = Some("root".to_owned());
            return;
        }
        if let Some(text) = reference.and_then(|reference| settings.base_user(reference)) {
            self.judge(text, Reason::Base);
            self.reason = Reason::Base;
            return;
        }
        let Some(entry) = self.base else {
            self.reason = Reason::UnknownBase;
            if let Some((answer, text)) = reference.and_then(built) {
                (self.answer, self.text, self.reason) = (answer, text, Reason::Built);
            }
            return;
        };
        self.judge(entry.user, Reason::Base);
        self.reason = Reason::Base;
    }

    /// Says the chain in words and in labels.
    fn tell_chain(&mut self, dockerfile: &Dockerfile, image: &Image) {
        let name = |stage: usize| {
            let name = dockerfile.stages.get(stage).and_then(|stage| stage.name.as_ref());
            name.map_or_else(|| format!("stage {stage}"), |name| format!("`{}`", name.text))
        };
        let last = image.target == dockerfile.stages.len().checked_sub(1);
        // What lies below the stage of the USER plays no part.
        let user = image.config.user.as_ref();
        let below = |stage: &usize| user.is_none_or(|user| *stage >= user.stage);
        let mut links: Vec<String> = Vec::new();
        for (at, &stage) in image.shipped.iter().rev().take_while(|stage| below(stage)).enumerate() {
            links.push(match (at, last) {
                (0, true) if dockerfile.stages.get(stage).is_some_and(|stage| stage.name.is_none()) => {
                    "final stage".to_owned()
                }
                (0, true) => format!("final stage {}", name(stage)),
                (0, false) => format!("target stage {}", name(stage)),
                _ => name(stage),
            });
        }
        if user.is_none() {
            let first = image.shipped.first().and_then(|stage| dockerfile.stages.get(*stage));
            links.push(match image.base() {
                Some(Base::Image(Value::Known(reference))) => reference.to_string(),
                Some(Base::Scratch) => "scratch".to_owned(),
                _ => first.map_or_else(String::new, |stage| stage.base.text.clone()),
            });
        }
        if links.len() > MAX_TOLD_STAGES {
            links.splice(MAX_TOLD_STAGES - 1..links.len() - 1, ["…".to_owned()]);
        }
        self.chain = links.join(" ← ");
        match user.and_then(|user| user.instruction(dockerfile)).map(|instruction| &instruction.kind) {
            Some(InstructionKind::User(word)) => self.chain.push_str(&format!(", USER {}", word.text)),
            _ => self.chain.push_str(", no USER"),
        }
        for &stage in image.shipped.iter().rev().take_while(|stage| below(stage)) {
            let Some(stage) = dockerfile.stages.get(stage).filter(|stage| stage.base.span != self.span) else {
                continue;
            };
            if self.labels.len() < MAX_TOLD_STAGES {
                let words = stage
                    .name
                    .as_ref()
                    .map_or_else(|| "the stage begins here".to_owned(), |name| format!("stage `{}`", name.text));
                self.labels.push(Label { span: stage.base.span, message: words });
            }
        }
        if let Reason::Uid0(made) = &self.reason {
            self.labels.push(Label { span: made.command, message: "gets uid 0 here".to_owned() });
        }
    }

    /// Looks for what makes a process that starts as root somebody else.
    fn step_down(
        &mut self,
        snapshot: &Snapshot,
        dockerfile: &Dockerfile,
        scripts: &Scripts,
        image: &Image,
        context: Option<&str>,
    ) {
        let config = &image.config;
        let process = image.process(dockerfile);
        let argv: Vec<&str> =
            process.iter().flat_map(|process| &process.argv).map(|argument| argument.text.as_str()).collect();
        let kept = config.entrypoint.set().is_none();
        let found = if kept && self.base.is_some_and(|entry| entry.steps_down_for(argv.first().copied())) {
            let first = image.shipped.first().and_then(|stage| dockerfile.stages.get(*stage));
            self.base.and_then(|entry| entry.steps_down).zip(first).map(|((account, _), stage)| StepsDown {
                span: stage.base.span,
                program: None,
                account: Some(account.to_owned()),
            })
        } else {
            let parts = [config.entrypoint.set(), config.cmd.set()];
            let bodies = parts.into_iter().flatten().filter_map(|setting| scripts.at(setting.instruction));
            let own = bodies.into_iter().find_map(|body| steps_down::find(body, false));
            own.or_else(|| script_steps_down(snapshot, image, dockerfile, context?, &argv))
        };
        if let Some(found) = found {
            let account = found.account.as_deref().map_or_else(String::new, |account| format!(" to `{account}`"));
            let by = found.program.as_deref().unwrap_or("the entrypoint of the base image");
            self.chain.push_str(&format!("; {by} steps down{account}"));
            if found.span != self.span {
                self.labels.push(Label { span: found.span, message: format!("{by} steps down{account}") });
            }
            self.answer = Answer::Unknown;
            self.steps_down = Some(found);
        }
    }

    /// What to call the user in a report: `appuser (10001)`, `1000:1000`, `root`.
    pub fn shown(&self) -> Option<String> {
        if self.steps_down.is_some() {
            return None;
        }
        match (self.text.as_deref().map(str::trim), self.uid) {
            (Some(""), _) => Some("root".to_owned()),
            (Some(text), Some(uid)) if !text.starts_with(|first: char| first.is_ascii_digit() || first == '+') => {
                Some(if text == "root" { text.to_owned() } else { format!("{text} ({uid})") })
            }
            (Some(text), _) => Some(text.to_owned()),
            (None, _) => None,
        }
    }

    /// An id that no account or group of the stage is known to have.
    pub fn free_id(&self) -> u32 {
        let users = self.accounts.users.values().filter_map(|account| account.uid.number());
        let groups = self.accounts.groups.values().filter_map(|group| group.gid.number());
        let taken: BTreeSet<u32> = users.chain(groups).collect();
        (FIRST_ID..).find(|id| !taken.contains(id)).unwrap_or(FIRST_ID)
    }

    /// Whether it is root; `None` where that is unknown.
    pub fn is_root(&self) -> Option<bool> {
        match self.answer {
            Answer::Root => Some(true),
            Answer::NotRoot => Some(false),
            Answer::Unknown => None,
        }
    }
}

/// A script of the repository that the process runs and that steps down. It counts when some COPY from the context of a
/// stage that reaches the image could bring it.
fn script_steps_down(
    snapshot: &Snapshot,
    image: &Image,
    dockerfile: &Dockerfile,
    context: &str,
    argv: &[&str],
) -> Option<StepsDown> {
    // `tini -- /entrypoint.sh postgres`: the script is among the first words.
    let names = argv.iter().take(4).flat_map(|word| word.split_whitespace().take(2));
    let names: Vec<&str> = names.filter(|word| !word.starts_with('-')).map(shell::base_name).collect();
    snapshot.below(context).filter(|(_, entry)| names.contains(&shell::base_name(&entry.path))).find_map(
        |(file, entry)| {
            let text = snapshot.text(file)?.as_str();
            let path = entry.path.strip_prefix(context).unwrap_or(&entry.path).trim_start_matches('/');
            let brings = image.steps.iter().filter(|step| image.reaches(step.stage)).any(|step| {
                let Some(instruction) = step.instruction(dockerfile) else { return false };
                let transfer = match &instruction.kind {
                    InstructionKind::Copy(transfer) if instruction.flag("from").is_none() => transfer,
                    InstructionKind::Add(transfer) => transfer,
                    _ => return false,
                };
                transfer.sources.iter().any(|source| {
                    let source = step.value(source);
                    source.as_str().is_some_and(|source| covers(source, path))
                })
            });
            if !brings || text.len() > shell::MAX_SCRIPT {
                return None;
            }
            let body = shell::parse_file(text, Span::new(file, 0..text.len()));
            steps_down::find(&body, true)
        },
    )
}

/// Whether the source of a COPY holds a path of the context.
fn covers(source: &str, path: &str) -> bool {
    let source = source.trim_start_matches("./").trim_matches('/');
    let source = if source == "." { "" } else { source };
    let star = source.split_once('*').map(|(before, _)| before);
    match star {
        Some(before) => path.starts_with(before),
        None => {
            source.is_empty() || path == source || path.strip_prefix(source).is_some_and(|rest| rest.starts_with('/'))
        }
    }
}
