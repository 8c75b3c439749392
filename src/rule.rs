//! What a rule is, and what it writes into.

use std::collections::BTreeSet;

use crate::finding::{Edit, Finding, Fix, Identity, Label, SentPath, Severity, folded};
use crate::fix;
use crate::hunks::Change;
use crate::project::{Build, DockerfileFacts, Gap, IgnoreFile, Project};
use crate::span::{FileId, Span};
use crate::suppress::Ignores;

/// What a rule is there for. Decides which findings speak inline on a pull request.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum Group {
    /// It could be attacked.
    Hardening,
    /// It does not do what it says.
    Correctness,
    /// It will not be the same tomorrow.
    Reproducibility,
    /// It is larger or slower than it need be.
    Efficiency,
    /// It is about the judging itself.
    Governance,
}

impl Group {
    /// The word for it in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hardening => "hardening",
            Self::Correctness => "correctness",
            Self::Reproducibility => "reproducibility",
            Self::Efficiency => "efficiency",
            Self::Governance => "governance",
        }
    }
}

/// One check that we wrote: plain data with a function in it.
#[derive(Debug)]
pub struct Rule {
    /// Kebab case, names the pattern found: "allow ‹id›" reads well.
    pub id: &'static str,
    /// What it is there for.
    pub group: Group,
    /// How grave its findings are unless a finding says otherwise.
    pub severity: Severity,
    /// The ids of the same check in other tools, as `tool:id`.
    pub aliases: &'static [&'static str],
    /// Its page: the Markdown file beside it. The first line is `# id`, the first paragraph says what it finds.
    pub doc: &'static str,
    /// What it looks at.
    pub check: Check,
}

impl Rule {
    /// The first paragraph of the doc: one sentence for lists.
    pub fn summary(&self) -> String {
        let body = self.doc.split_once('\n').map_or("", |(_, rest)| rest).trim_start();
        folded(body.split("\n\n").next().unwrap_or_default())
    }

    /// Where its page can be read.
    pub fn url(&self) -> String {
        format!("{}/blob/main/src/rules/{}.md", env!("CARGO_PKG_REPOSITORY"), self.id.replace('-', "_"))
    }
}

/// What a rule looks at. A rule takes the lowest rung that serves.
#[derive(Copy, Clone, Debug)]
pub enum Check {
    /// One Dockerfile, whoever builds it.
    Dockerfile(fn(&Project<'_>, &DockerfileFacts, &mut Findings<'_>)),
    /// One build: Dockerfile × context × target × args.
    Build(fn(&Project<'_>, &Build, &mut Findings<'_>)),
    /// One ignore file, whether or not a build reads it.
    IgnoreFile(fn(&Project<'_>, &IgnoreFile, &mut Findings<'_>)),
    /// Everything at once.
    Project(fn(&Project<'_>, &mut Findings<'_>)),
    /// The change itself: base, head, and what differs. What it finds is introduced; without a base it is not asked.
    Change(fn(&Project<'_>, &Project<'_>, &Change, &mut Findings<'_>)),
    /// What the other rules found.
    Findings(fn(&Project<'_>, &[Finding], &mut Findings<'_>)),
    /// What a change does to its own judgement: base, head, and the ignore comments of head; nothing without a base.
    Policy(fn(&Project<'_>, &Project<'_>, &Ignores<'_>, &mut Findings<'_>)),
}

/// What the rules write into. It knows whose turn it is.
#[derive(Debug)]
pub struct Findings<'p> {
    project: &'p Project<'p>,
    rule: &'static Rule,
    /// What the settings say the severity is, whatever the rule would grade.
    set: Option<Severity>,
    list: Vec<Finding>,
    /// How many more there were than the [`MAX_FINDINGS_PER_RULE`] that are kept.
    more: usize,
    /// The places that [`Findings::is_first`] was asked for.
    seen: BTreeSet<Span>,
    gaps: Vec<Gap>,
}

/// How many findings of one rule are told. Nobody reads more, and a file of megabytes would make millions.
pub const MAX_FINDINGS_PER_RULE: usize = 10_000;

impl<'p> Findings<'p> {
    /// An empty list for the findings of `rule`, all of severity `set` where the settings say one.
    pub(crate) fn new(project: &'p Project<'p>, rule: &'static Rule, set: Option<Severity>) -> Self {
        Self { project, rule, set, list: Vec::new(), more: 0, seen: BTreeSet::new(), gaps: Vec::new() }
    }

    /// Whether the rule asks for this place for the first time: several builds of a Dockerfile, and several services of a
    /// definition that they share, lead to the same words, which are told once.
    pub fn is_first(&mut self, place: Span) -> bool {
        self.seen.insert(place)
    }

    /// Says what the rule did not judge, and why: a bound was reached.
    pub fn gap(&mut self, span: Span, message: impl Into<String>) {
        self.gaps.push(Gap { span, message: message.into() });
    }

    /// Adds a finding at `span` with the rule's severity. Its identity is the file of the span and the text that the span
    /// covers, white space folded, until [`Reported::identity`] says better.
    pub fn report(&mut self, span: Span, message: impl Into<String>) -> Reported<'_> {
        let snapshot = self.project.snapshot;
        let identity = Identity { path: snapshot.path(span.file).to_owned(), key: folded(snapshot.slice(span)) };
        if self.list.len() > MAX_FINDINGS_PER_RULE {
            // The one that is one too many is written over.
            self.list.pop();
            self.more += 1;
        }
        self.list.push(Finding {
            rule: self.rule.id,
            severity: self.set.unwrap_or(self.rule.severity),
            message: message.into(),
            help: None,
            span,
            labels: Vec::new(),
            fix: None,
            offer: None,
            identity,
            sent: None,
            quiet: false,
            foreign: None,
        });
        let at = self.list.len() - 1;
        Reported { finding: &mut self.list[at], set: self.set }
    }

    /// What was reported, and what was not judged; findings that were too many to be told are among that.
    pub(crate) fn into_list(mut self) -> (Vec<Finding>, Vec<Gap>) {
        let more = self.more + self.list.len().saturating_sub(MAX_FINDINGS_PER_RULE);
        self.list.truncate(MAX_FINDINGS_PER_RULE);
        if let Some(last) = self.list.last().filter(|_| more > 0) {
            let message =
                format!("{} has {more} findings more than the {MAX_FINDINGS_PER_RULE} that are told", self.rule.id);
            self.gaps.push(Gap { span: Span::file_start(last.span.file), message });
        }
        for finding in &mut self.list {
            // What is written for a Dockerfile would break the lines of the compose file that one stands in.
            let fix = finding.fix.take().filter(|_| !self.project.is_inline(finding.span));
            finding.fix = fix.map(|fix| fix::fitted(self.project.snapshot, fix));
        }
        (self.list, self.gaps)
    }
}

/// The finding just reported, to say more about it.
#[derive(Debug)]
pub struct Reported<'f> {
    finding: &'f mut Finding,
    set: Option<Severity>,
}

impl Reported<'_> {
    /// What to type to mend it.
    pub fn help(self, help: impl Into<String>) -> Self {
        self.finding.help = Some(help.into());
        self
    }

    /// A further place that explains it.
    pub fn label(self, span: Span, message: impl Into<String>) -> Self {
        self.finding.labels.push(Label { span, message: message.into() });
        self
    }

    /// That it has no inline comment of its own while it is a notice: an absence that most files share.
    pub fn quietly(self) -> Self {
        self.finding.quiet = self.finding.severity == Severity::Notice;
        self
    }

    /// An exact mending.
    pub fn fix(self, fix: Fix) -> Self {
        self.finding.fix = Some(fix);
        self
    }

    /// Text to add that mends nothing, but that somebody may want to commit.
    pub fn offer(self, edit: Edit) -> Self {
        self.finding.offer = Some(edit);
        self
    }

    /// The severity in this case, where the rule grades. Settings that changed the rule's severity win.
    pub fn severity(self, severity: Severity) -> Self {
        self.finding.severity = self.set.unwrap_or(severity);
        self
    }

    /// That it is about a path of a build context, which the ignore file lets pass. Where a change of that file alone
    /// brings the finding in, it is shown there.
    pub fn sent(self, ignore_file: Option<FileId>, path: &str) -> Self {
        self.finding.sent = ignore_file.map(|ignore_file| SentPath { ignore_file, path: path.to_owned() });
        self
    }

    /// What it is about, where the text pointed at would change although the finding is the same: a stage's or service's
    /// name, a context, the path that is sent.
    pub fn identity(self, path: impl Into<String>, key: impl Into<String>) -> Self {
        self.finding.identity = Identity { path: path.into(), key: key.into() };
        self
    }
}
