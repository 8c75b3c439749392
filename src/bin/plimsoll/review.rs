//! `plimsoll review`: from an event to a review.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use plimsoll::finding::Fingerprint;
use plimsoll::hunks::Change;
use plimsoll::judge::judge;
use plimsoll::plan::{Plan, Standing, Step};
use plimsoll::render::check_run::{Annotation, CheckRun, check_run};
use plimsoll::render::escape::{log_line, log_text};
use plimsoll::render::review::review as render_review;
use plimsoll::render::summary::summary;
use plimsoll::render::words::{self, Counts};
use plimsoll::render::{Target, annotations, json};
use plimsoll::report::{Conclusion, PlacedGap, Report};
use plimsoll::settings::TrustIgnores;
use plimsoll::{baseline, settings};
use tokio::time::Instant;

use crate::check;
use crate::cli::{Review, SettingsFlags};
use crate::event::{Environment, Request, Subject};
use crate::github::{Answer, Failure, GitHub, Token};
use crate::issues::Issues;
use crate::mistake::{Mistake, Result};
use crate::output::Output;
use crate::policy::{self, Policy, Written};
use crate::publish::{self, Published, Wishes};
use crate::remote::{self, Blobs, Tree};
use crate::runner;
use crate::source::Place;

/// How long a run may take. A job's own limit is six hours, which nobody wants to wait for.
const DEFAULT_TIMEOUT: u64 = 600;

/// Reviews what the runner's event, or the two folders, say.
pub(crate) fn review(arguments: &Review, output: &Output) -> Result<ExitCode> {
    if let (Some(base), Some(head)) = (&arguments.base, &arguments.head) {
        return offline(arguments, base, head, output);
    }
    let environment = Environment::of_process();
    let wanted = Wanted::new(arguments, &environment)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Mistake::new(format!("the runtime does not start: {error}"), "try again"))?;
    runtime.block_on(async {
        tokio::select! {
            outcome = online(&wanted, &environment, output) => outcome,
            () = cancelled() => Err(Mistake::new("the run was cancelled", "run it again")),
        }
    })
}

/// The flags and inputs together; flags win.
struct Wanted {
    dry_run: bool,
    comment: Option<bool>,
    check_name: Option<String>,
    timeout: Duration,
    settings: SettingsFlags,
}

impl Wanted {
    fn new(arguments: &Review, environment: &Environment) -> Result<Self> {
        let mut settings = arguments.settings.clone();
        settings.fail_on = settings.fail_on.or_else(|| environment.input("fail-on").map(str::to_owned));
        settings.date = settings.date.or_else(|| environment.input("date").map(str::to_owned));
        settings.config = settings.config.or_else(|| environment.input("config").map(PathBuf::from));
        if settings.rules.is_empty() {
            let rules = environment.input("rule").unwrap_or_default();
            settings.rules = rules.split_whitespace().map(str::to_owned).collect();
        }
        let boolean = |name: &str| match environment.input(name) {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(other) => Err(Mistake::new(format!("the input {name} is {other:?}"), "give true or false")),
        };
        let seconds = match environment.input("timeout").map(str::parse::<u64>) {
            None => None,
            Some(Ok(seconds)) => Some(seconds),
            Some(Err(_)) => return Err(Mistake::new("the input timeout is no number", "give seconds, such as 600")),
        };
        Ok(Self {
            dry_run: arguments.dry_run || boolean("dry-run")?.unwrap_or(false),
            comment: arguments.comment.map_or_else(|| boolean("comment"), |comment| Ok(Some(comment)))?,
            check_name: arguments.check_name.clone().or_else(|| environment.input("check-name").map(str::to_owned)),
            timeout: Duration::from_secs(arguments.timeout.or(seconds).unwrap_or(DEFAULT_TIMEOUT)),
            settings,
        })
    }

    /// The settings say how, the flags and inputs have the last word.
    fn apply(&self, policy: &mut Policy) {
        if let Some(comment) = self.comment {
            policy.settings.comment = comment;
        }
        if let Some(name) = &self.check_name {
            policy.settings.check_name.clone_from(name);
        }
    }
}

/// Two folders, nothing posted.
fn offline(arguments: &Review, base: &std::path::Path, head: &std::path::Path, output: &Output) -> Result<ExitCode> {
    let wanted = Wanted::new(arguments, &Environment::default())?;
    let mut before = Place::find(base)?.folder()?;
    before.snapshot.revision = base.display().to_string();
    let mut after = Place::find(head)?.folder()?;
    after.snapshot.revision = head.display().to_string();
    let mut policy = check::policy_of(&mut before, &wanted.settings, output)?;
    wanted.apply(&mut policy);
    before.fill(&policy.settings);
    after.fill(&policy.settings);
    let change = Change::between(&before.snapshot, &after.snapshot);
    let report = judge(Some(&before.snapshot), &after.snapshot, &change, &policy.settings, &policy.baseline.accepted);
    let target = Target { head: after.snapshot.revision.clone(), repository_url: None };
    let voice = Voice { report: &report, change: &change, target: &target, policy: &policy };
    let mut standing = Standing::default();
    standing.pull_request.get_or_insert_default().open = true;
    standing.pull_request.get_or_insert_default().head.clone_from(&target.head);
    let plan = publish::planned(&voice.wishes(Some(0), false, &|commented| voice.check_run(commented)), &standing);
    let written = output.document(&log_text(&described(&plan)));
    Ok(verdict(&report, written))
}

/// Asks GitHub, judges, and posts.
async fn online(wanted: &Wanted, environment: &Environment, output: &Output) -> Result<ExitCode> {
    let request = Request::read(environment)?;
    let Some(head_commit) = request.subject.head().cloned() else {
        output.complain("The branch was deleted: there is nothing to judge.\n");
        return Ok(ExitCode::SUCCESS);
    };
    let token = environment.input("token").or_else(|| environment.get("GITHUB_TOKEN"));
    let Some(token) = token else {
        return Err(Mistake::new(
            "there is no token to read the pull request with",
            "leave the input `token` at its default, or set GITHUB_TOKEN",
        ));
    };
    let token = Token::parse(token).ok_or_else(|| {
        Mistake::new("the token holds characters that no token has", "check the secret for line breaks and blanks")
    })?;
    let github = GitHub::new(&request, &token, Instant::now() + wanted.timeout)?;

    let material = Material::read(&github, &request, wanted, output).await?;
    let base = material.base.as_ref().map(|tree| &tree.snapshot);
    let (head, change, policy) = (&material.head.snapshot, &material.change, &material.policy);
    let mut report = judge(base, head, change, &policy.settings, &policy.baseline.accepted);
    report.gaps.extend(material.unread.iter().cloned());
    let target = Target {
        head: head_commit.as_str().to_owned(),
        repository_url: Some(format!("{}/{}", request.server_url, request.repository.as_str())),
    };
    let voice = Voice { report: &report, change, target: &target, policy };
    let pull_request = match &request.subject {
        Subject::PullRequest { number, .. } => Some(*number),
        Subject::Change { .. } | Subject::Audit { .. } | Subject::Nothing => None,
    };
    let make = |commented: &BTreeSet<Fingerprint>| voice.check_run(commented);
    let wishes = voice.wishes(pull_request, request.subject.is_fork(), &make);
    if wanted.dry_run {
        let standing = publish::standing(&github, &wishes).await.map_err(|failure| unreachable(&request, &failure))?;
        let written = output.document(&log_text(&described(&publish::planned(&wishes, &standing))));
        return Ok(verdict(&report, written));
    }
    let published = publish::publish(&github, &wishes).await;
    Ok(verdict(&report, tell(&report, &target, &published, environment, output)))
}

/// What is judged, and by what.
struct Material {
    base: Option<Tree>,
    head: Tree,
    change: Change,
    policy: Policy,
    /// What of the issues could not be read.
    unread: Vec<PlacedGap>,
}

impl Material {
    async fn read(github: &GitHub, request: &Request, wanted: &Wanted, output: &Output) -> Result<Self> {
        let failed = |failure: Failure| unreachable(request, &failure);
        let (mut base, mut head, number) = match &request.subject {
            Subject::PullRequest { number, head, base, .. } => {
                let fork_point = remote::merge_base(github, base, head).await.map_err(failed)?;
                let base = Tree::read(github, fork_point.as_str()).await.map_err(failed)?;
                (Some(base), Tree::read(github, head.as_str()).await.map_err(failed)?, Some(*number))
            }
            Subject::Change { base, head } => {
                // After a forced push GitHub may not have the old commit any more: then everything is new.
                let base = match Tree::read(github, base.as_str()).await {
                    Err(failure) if failure.is_not_found() => None,
                    other => Some(other.map_err(failed)?),
                };
                (base, Tree::read(github, head.as_str()).await.map_err(failed)?, None)
            }
            Subject::Audit { head } => (None, Tree::read(github, head.as_str()).await.map_err(failed)?, None),
            Subject::Nothing => return Err(Mistake::new("there is nothing to judge", "run it on another event")),
        };
        let mut change = base.as_ref().map(|base| remote::change(base, &head)).unwrap_or_default();
        if let Some(number) = number {
            change = remote::shown(github, number, change).await.map_err(failed)?;
        }
        let mut blobs = Blobs::new(github);
        // The base's, where there is one: a change does not loosen its own judgement.
        let side = base.as_mut().unwrap_or(&mut head);
        let mut settings_file = None;
        if let Some(path) = &wanted.settings.config {
            // Never from the workspace: what lies there may come from the pull request.
            let path = path.to_string_lossy();
            settings_file = own_file(side, path.trim_start_matches("./"), &mut blobs).await.map_err(failed)?;
            if settings_file.is_none() {
                let what = format!("the settings file {path:?} is not in {}", side.snapshot.revision);
                return Err(Mistake::new(
                    what,
                    "give its path from the root of the repository, as it is at the base revision",
                ));
            }
        }
        for path in settings::PATHS {
            if settings_file.is_none() {
                settings_file = own_file(side, path, &mut blobs).await.map_err(failed)?;
            }
        }
        let baseline_file = own_file(side, baseline::PATH, &mut blobs).await.map_err(failed)?;
        let mut policy = policy::read(settings_file, baseline_file, &wanted.settings, output)?;
        wanted.apply(&mut policy);
        if request.subject.is_fork() {
            // Whoever is not of the team explains to nobody why something does not count.
            policy.settings.trust_ignores.get_or_insert(TrustIgnores::Base);
        }
        let issues = Issues::read(github, &request.subject, policy.settings.criteria_label.as_deref()).await;
        issues.add_to(base.as_mut().map(|tree| &mut tree.snapshot), &mut head.snapshot);
        for tree in base.iter_mut().chain([&mut head]) {
            tree.fill(&policy.settings, &mut blobs).await.map_err(failed)?;
        }
        Ok(Self { base, head, change, policy, unread: issues.gaps })
    }
}

/// A file that somebody wrote for us, with its path.
async fn own_file(tree: &mut Tree, path: &str, blobs: &mut Blobs<'_>) -> Answer<Option<Written>> {
    Ok(tree.text(path, blobs).await?.map(|text| (path.to_owned(), text)))
}

/// The report, ready to be said anywhere.
struct Voice<'a> {
    report: &'a Report<'a>,
    change: &'a Change,
    target: &'a Target,
    policy: &'a Policy,
}

impl Voice<'_> {
    fn check_run(&self, commented: &BTreeSet<Fingerprint>) -> CheckRun {
        check_run(self.report, &self.policy.settings.check_name, self.target, commented)
    }

    fn wishes<'w>(
        &'w self,
        pull_request: Option<u64>,
        fork: bool,
        check_run: &'w dyn Fn(&BTreeSet<Fingerprint>) -> CheckRun,
    ) -> Wishes<'w> {
        let speaks = pull_request.is_some() && self.policy.settings.comment && self.report.affected;
        Wishes {
            pull_request,
            head: &self.target.head,
            fork,
            review: speaks.then(|| render_review(self.report, self.change, self.target)),
            check_name: &self.policy.settings.check_name,
            check_run,
        }
    }
}

/// Says it in the log, the job summary and the outputs.
fn tell(
    report: &Report<'_>,
    target: &Target,
    published: &Published,
    environment: &Environment,
    output: &Output,
) -> ExitCode {
    let mut document = format!("{}\n", log_line(&words::title(report)));
    let (commands, left_out) = annotations::workflow_commands(&published.unsaid);
    let mut notes = published.notes.clone();
    if left_out > 0 {
        notes.push(words::annotations_cut(left_out));
    }
    document.extend(notes.iter().map(|note| format!("{}\n", log_line(note))));
    document.push_str(&commands);

    let budget = runner::MAX_SUMMARY_BYTES - 10_000;
    let mut markdown = summary(report, target, budget);
    markdown.extend(notes.iter().map(|note| format!("\n> {}\n", plimsoll::render::escape::prose(note))));
    let counts = Counts::of(report);
    let mut outputs = vec![
        ("conclusion", report.conclusion.name().to_owned()),
        ("introduced", counts.new.to_string()),
        ("resolved", counts.resolved.to_string()),
        ("standing", counts.standing.to_string()),
    ];
    // None of these may change the verdict: see the module `runner`.
    let complain = |what: &str, error: std::io::Error| {
        output.complain(&format!("{what} cannot be written: {}\n", log_line(&error.to_string())));
    };
    match runner::write_report(environment, &json::json(report)) {
        Ok(Some(path)) => outputs.push(("report", path)),
        Ok(None) => {}
        Err(error) => complain("the report", error),
    }
    if let Err(error) = runner::write_outputs(environment, &outputs) {
        complain("the outputs", error);
    }
    if let Err(error) = runner::write_summary(environment, &markdown) {
        complain("the job summary", error);
    }
    output.document(&document)
}

fn verdict(report: &Report<'_>, written: ExitCode) -> ExitCode {
    match report.conclusion {
        Conclusion::Failure if written == ExitCode::SUCCESS => ExitCode::from(1),
        Conclusion::Failure | Conclusion::Success => written,
    }
}

/// A plan with everything that it would post.
fn described(plan: &Plan) -> String {
    let mut text = plan.to_string();
    for step in &plan.steps {
        match step {
            Step::DeletePending { .. } => {}
            Step::PostReview(post) => {
                text.push_str(&format!("\n=== review\n\n{}", post.body));
                for comment in &post.comments {
                    let start = comment.start_line.map_or_else(String::new, |line| format!("{line}-"));
                    let place = format!("{}:{start}{} ({})", log_line(&comment.path), comment.line, comment.side);
                    text.push_str(&format!("\n=== comment on {place}\n\n{}\n", comment.body));
                }
            }
            Step::CreateCheckRun(run) | Step::UpdateCheckRun { run, .. } => {
                text.push_str(&format!("\n=== check run: {}\n\n{}", run.title, run.summary));
                text.extend(run.annotations.iter().map(described_annotation));
            }
        }
    }
    text
}

fn described_annotation(annotation: &Annotation) -> String {
    let place = format!("{}:{}-{}", log_line(&annotation.path), annotation.start_line, annotation.end_line);
    format!("\n=== annotation on {place} ({}, {})\n\n{}\n", annotation.level(), annotation.title, annotation.message)
}

fn unreachable(request: &Request, failure: &Failure) -> Mistake {
    let repository = request.repository.as_str();
    let help = match failure {
        Failure::Refused { status: 401, .. } => "the token is not valid (any more): check the input `token`",
        Failure::Refused { status: 403 | 404, wait: None, .. } => {
            "check that the repository exists and the token may read it: permissions: contents: read, pull-requests: read"
        }
        Failure::Refused { wait: Some(_), .. } => "the limit of requests is reached: run it again later",
        Failure::Refused { .. } | Failure::Malformed(_) => "see https://www.githubstatus.com, and run it again",
        Failure::Lost(_) => "check the network, the proxy and https://www.githubstatus.com, and run it again",
    };
    Mistake::new(format!("{repository} cannot be read. {failure}"), help)
}

/// Ends when the runner wants the run to end. A container's first process gets no signal that it does not ask for.
async fn cancelled() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let (Ok(mut interrupt), Ok(mut terminate)) =
            (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
        {
            tokio::select! {
                _ = interrupt.recv() => return,
                _ = terminate.recv() => return,
            }
        }
    }
    #[cfg(not(unix))]
    if tokio::signal::ctrl_c().await.is_ok() {
        return;
    }
    // Without a handler only the deadline ends the run.
    std::future::pending::<()>().await;
}
